from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.resources import Device, DeviceRequest, DeviceShare, Machine, Placement, ResourceRequest
from kpl.scheduler import Decision, Snapshot, WaitingTask, decide, never_fits
from kpl.task.ids import TaskId


def machine(
    name: str = "local", *, cpu: int = 8, memory_mib: int = 8192, gpu: int = 0, model: str = "a100"
) -> Machine:
    devices = tuple(Device("gpu", index, model=model) for index in range(gpu))
    return Machine(name, cpu * 1000, memory_mib, devices)


def gpus(count: int = 1, *, share_milli: int = 1000, models: tuple[str, ...] = ()) -> ResourceRequest:
    return ResourceRequest(1000, 512, (DeviceRequest("gpu", count, share_milli, models),))


def ask(*requests: ResourceRequest) -> tuple[WaitingTask, ...]:
    return tuple(WaitingTask(TaskId(number), request) for number, request in enumerate(requests, start=1))


def test_tasks_start_in_the_order_in_which_they_came() -> None:
    waiting = (
        WaitingTask(TaskId(7), ResourceRequest(6000, 512), since_s=2.0),
        WaitingTask(TaskId(8), ResourceRequest(6000, 512), since_s=1.0),
    )
    decision = decide(Snapshot((machine(),), waiting=waiting))
    assert list(decision.starts) == [8]
    assert decision.reasons == {7: "waits for 6 cpu: 2 of 8 are free"}


def test_a_higher_priority_goes_first() -> None:
    waiting = (
        WaitingTask(TaskId(1), ResourceRequest(6000, 512)),
        WaitingTask(TaskId(2), ResourceRequest(6000, 512), priority=5),
    )
    assert list(decide(Snapshot((machine(),), waiting=waiting)).starts) == [2]


def test_a_task_that_does_not_fit_does_not_hold_up_the_next() -> None:
    held = {
        TaskId(9): Placement(
            "local", 1000, 512, (DeviceShare("gpu", 0), DeviceShare("gpu", 2), DeviceShare("gpu", 3))
        )
    }
    decision = decide(Snapshot((machine(gpu=4),), held, ask(gpus(2), gpus(1))))
    assert decision.starts == {2: Placement("local", 1000, 512, (DeviceShare("gpu", 1),))}
    assert decision.reasons == {1: "waits for 2 gpu: 1 of 4 is free"}


def test_shares_fill_one_device_before_they_open_the_next() -> None:
    decision = decide(Snapshot((machine(gpu=2),), waiting=ask(*[gpus(share_milli=400)] * 5)))
    assert [placement.devices[0].index for placement in decision.starts.values()] == [0, 0, 1, 1]
    assert decision.reasons == {5: "waits for 40 % of a gpu: the freest of 2 has 20 % left"}


def test_a_whole_device_is_not_given_while_a_share_of_it_is_held() -> None:
    decision = decide(Snapshot((machine(gpu=1),), waiting=ask(gpus(share_milli=100), gpus())))
    assert list(decision.starts) == [1]


def test_only_allowed_models_are_given() -> None:
    machines = (machine("old", gpu=2, model="v100"), machine("new", gpu=1, model="a100"))
    decision = decide(Snapshot(machines, waiting=ask(gpus(models=("a100", "h100")))))
    assert decision.starts[TaskId(1)].machine == "new"


def test_a_choosy_request_gets_the_device_that_it_insists_on() -> None:
    mixed = Machine("local", 8000, 8192, (Device("gpu", 0, model="a100"), Device("gpu", 1, model="v100")))
    request = ResourceRequest(1000, 512, (DeviceRequest("gpu"), DeviceRequest("gpu", models=("a100",))))
    assert list(decide(Snapshot((mixed,), waiting=ask(request))).starts) == [1]


def test_the_reason_names_the_nearest_of_several_machines() -> None:
    held = {TaskId(9): Placement("b", 8000, 0)}
    decision = decide(Snapshot((machine("a", cpu=1), machine("b")), held, ask(ResourceRequest(2000, 512))))
    assert decision.reasons == {1: "waits for 2 cpu: 0 of 8 are free on 'b', the nearest of 2 machines"}


def test_without_a_machine_a_task_waits_for_one() -> None:
    decision = decide(Snapshot(waiting=ask(gpus())))
    assert decision.reasons == {1: "waits for 1 cpu, 512 MiB of memory, 1 gpu: no machine is known yet"}
    assert never_fits(gpus(), ()) is None


def test_what_can_never_fit_is_told_with_the_nearest_thing_that_does() -> None:
    assert never_fits(gpus(8), (machine(gpu=4),)) == (
        "does not fit on any machine: asks for 8 gpu, but 'local' has 4. "
        "1 cpu, 512 MiB of memory, 4 gpu would fit."
    )


def test_the_nearest_machine_is_the_one_with_most_of_what_was_asked_for() -> None:
    told = never_fits(gpus(8), (machine("small", gpu=1), machine("large", gpu=4)))
    assert told is not None
    assert "'large' has 4" in told


def test_a_model_that_no_machine_has_never_fits() -> None:
    assert never_fits(gpus(models=("h100",)), (machine("small"), machine("large", gpu=4))) == (
        "does not fit on any machine: asks for 1 gpu (h100), but 'small' has 0. "
        "1 cpu, 512 MiB of memory would fit."
    )


def test_what_fits_an_empty_machine_may_fit_some_day() -> None:
    assert never_fits(ResourceRequest(8000, 8192), (machine(),)) is None


models = st.sampled_from(["a100", "v100"])
device_requests = st.one_of(
    st.builds(
        DeviceRequest,
        st.sampled_from(["gpu", "npu"]),
        count=st.integers(1, 3),
        models=st.lists(models, max_size=1).map(tuple),
    ),
    st.builds(DeviceRequest, st.sampled_from(["gpu", "npu"]), share_milli=st.integers(1, 999)),
)
requests = st.builds(
    ResourceRequest,
    cpu_milli=st.integers(0, 9000),
    memory_mib=st.integers(0, 9000),
    devices=st.lists(device_requests, max_size=2).map(tuple),
)


@st.composite
def machines(draw: st.DrawFn) -> tuple[Machine, ...]:
    def one(name: str) -> Machine:
        devices = tuple(
            Device(kind, index, model=draw(models))
            for kind in ("gpu", "npu")
            for index in range(draw(st.integers(0, 3)))
        )
        return Machine(name, draw(st.integers(0, 8000)), draw(st.integers(0, 8000)), devices)

    return tuple(one(f"m{number}") for number in range(draw(st.integers(0, 3))))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Snapshots whose held placements were themselves given by the scheduler."""
    all_machines = draw(machines())
    earlier = decide(Snapshot(all_machines, waiting=ask(*draw(st.lists(requests, max_size=4)))))
    waiting = tuple(
        WaitingTask(TaskId(100 + number), request, draw(st.integers(0, 2)), draw(st.integers(0, 3)))
        for number, request in enumerate(draw(st.lists(requests, max_size=8)))
    )
    return Snapshot(all_machines, earlier.starts, waiting)


@given(snapshots())
@settings(max_examples=200, deadline=None)
def test_the_scheduler_never_gives_more_than_there_is(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    placements = [*snapshot.held.values(), *decision.starts.values()]
    for one in snapshot.machines:
        here = [placement for placement in placements if placement.machine == one.name]
        assert sum(placement.cpu_milli for placement in here) <= one.cpu_milli
        assert sum(placement.memory_mib for placement in here) <= one.memory_mib
        shares = [share for placement in here for share in placement.devices]
        assert {(share.kind, share.index) for share in shares} <= {(d.kind, d.index) for d in one.devices}
        for device in one.devices:
            given_milli = sum(
                s.share_milli for s in shares if (s.kind, s.index) == (device.kind, device.index)
            )
            assert given_milli <= 1000


@given(snapshots())
@settings(max_examples=200, deadline=None)
def test_every_task_starts_with_what_it_asked_for_or_gets_a_reason(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    assert decision.starts.keys() | decision.reasons.keys() == {task.id for task in snapshot.waiting}
    assert not decision.starts.keys() & decision.reasons.keys()
    assert all(decision.reasons.values())
    by_name = {one.name: one for one in snapshot.machines}
    asked = {task.id: task.request for task in snapshot.waiting}
    for task_id, placement in decision.starts.items():
        _check_placement(asked[task_id], placement, by_name[placement.machine])


def _check_placement(request: ResourceRequest, placement: Placement, on: Machine) -> None:
    assert (placement.cpu_milli, placement.memory_mib) == (request.cpu_milli, request.memory_mib)
    asked = sorted((d.kind, d.share_milli) for d in request.devices for _ in range(d.count))
    assert asked == sorted((share.kind, share.share_milli) for share in placement.devices)
    model_of = {(device.kind, device.index): device.model for device in on.devices}
    for wanted in request.devices:
        allowed = [
            s
            for s in placement.devices
            if s.kind == wanted.kind and (not wanted.models or model_of[s.kind, s.index] in wanted.models)
        ]
        assert len(allowed) >= wanted.count


@given(snapshots())
@settings(max_examples=100, deadline=None)
def test_equal_snapshots_give_equal_decisions(snapshot: Snapshot) -> None:
    shuffled = Snapshot(
        snapshot.machines, dict(reversed(list(snapshot.held.items()))), tuple(reversed(snapshot.waiting))
    )
    assert decide(snapshot) == decide(snapshot) == decide(shuffled)


@given(machines(), requests)
@settings(max_examples=200, deadline=None)
def test_never_fits_agrees_with_what_happens_on_empty_machines(
    all_machines: tuple[Machine, ...], request: ResourceRequest
) -> None:
    decision = decide(Snapshot(all_machines, waiting=ask(request)))
    if all_machines:
        assert (never_fits(request, all_machines) is None) == bool(decision.starts)


def test_a_large_queue_is_decided_quickly_since_equal_requests_are_tried_once() -> None:
    waiting = tuple(WaitingTask(TaskId(number), gpus(2)) for number in range(20_000))
    decision: Decision = decide(Snapshot((machine(gpu=4),), waiting=waiting))
    assert (len(decision.starts), len(decision.reasons)) == (2, 19_998)
