"""The newest samples in memory, and how several become one."""

from hypothesis import given
from hypothesis import strategies as st

from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.server.services.recent_samples import KEPT, RecentSamples, condense, in_steps


def sample(at_s: float, machine: str = "here", **values: object) -> MachineSample:
    known: dict[str, object] = {"cpu": 0.5, "memory_used_mib": 100, "memory_mib": 1000}
    known |= {"disk_used_mib": 5, "disk_mib": 10, **values}
    return MachineSample(machine, at_s, **known)  # type: ignore[arg-type]


def test_only_so_many_are_kept() -> None:
    recent = RecentSamples()
    for second in range(KEPT + 5):
        recent.add(sample(second))
    assert [each.at_s for each in recent.of("here")] == list(range(5, KEPT + 5))


def test_many_machines_are_kept_for_a_shorter_time_each() -> None:
    recent = RecentSamples()
    for machine in range(400):
        recent.add(sample(0, f"m{machine}"))
    for second in range(300):
        recent.add(sample(second, "m0"))
    assert len(recent.of("m0")) == 150


def test_machine_that_has_fallen_silent_is_not_the_newest_of_anything() -> None:
    recent = RecentSamples()
    recent.add(sample(100, "here"))
    recent.add(sample(10, "silent"))
    assert [each.machine for each in recent.newest(now_s=100)] == ["here"]


def test_memory_is_the_most_and_the_rest_the_mean() -> None:
    first = sample(60, cpu=None, memory_used_mib=900, devices=(DeviceSample("gpu", 0, utilisation=0.2),))
    second = sample(61, cpu=0.4, devices=(DeviceSample("gpu", 0, utilisation=0.6, is_healthy=False),))
    third = sample(62, cpu=0.8, devices=(DeviceSample("gpu", 0, utilisation=None, memory_used_mib=7),))
    made = condense([first, second, third], at_s=60)
    assert (made.at_s, made.cpu, made.memory_used_mib) == (60, 0.6, 900)
    assert made.devices == (DeviceSample("gpu", 0, utilisation=0.4, memory_used_mib=7, is_healthy=False),)


@given(st.lists(st.integers(0, 500), min_size=1, unique=True).map(sorted), st.integers(1, 120))
def test_steps_hold_all_samples_and_begin_at_multiples(seconds: list[int], step_s: int) -> None:
    samples = [sample(second, memory_used_mib=second) for second in seconds]
    steps = in_steps(samples, step_s)
    assert [step.at_s for step in steps] == sorted({second // step_s * step_s for second in seconds})
    for step in steps:
        members = [second for second in seconds if step.at_s <= second < step.at_s + step_s]
        assert step.memory_used_mib == max(members)


@given(st.lists(st.integers(0, 500), min_size=1, unique=True).map(sorted))
def test_one_sample_in_each_step_is_left_as_it_is(seconds: list[int]) -> None:
    samples = [sample(second) for second in seconds]
    assert in_steps(samples, 1) == samples
