from hypothesis import given
from hypothesis import strategies as st

from kpl.resources import DeviceRequest, ResourceRequest
from kpl.scheduler.mix import HALF_LIFE, Mix

SMALL, LARGE = ResourceRequest(1000), ResourceRequest(1000, 512, (DeviceRequest("gpu", 8),))


def test_a_mix_counts_what_it_has_seen() -> None:
    mix = Mix.of([SMALL, SMALL, LARGE])
    assert mix.num_observed == 3
    assert 1.9 < mix.weights[SMALL] / mix.weights[LARGE] < 2.1


def test_observing_leaves_the_earlier_mix_as_it_was() -> None:
    first = Mix.of([SMALL])
    second = first.observed(LARGE)
    assert LARGE not in first.weights
    assert second == Mix.of([SMALL, LARGE])


def test_an_arrival_counts_half_after_a_half_life() -> None:
    mix = Mix.of([SMALL] * HALF_LIFE)
    early = mix.weights[SMALL]
    settled_at = mix.settled_at
    for _ in range(HALF_LIFE):
        mix = mix.observed(LARGE)
    # Weights are in arrivals of the moment at which the mix settled last.
    early_now = early * 2 ** ((settled_at - mix.settled_at) / HALF_LIFE)
    assert abs(mix.weights[SMALL] / early_now - 1) < 1e-9


def test_what_no_longer_comes_is_forgotten() -> None:
    mix = Mix.of([SMALL] + [LARGE] * (6 * HALF_LIFE))
    assert set(mix.settled) == {LARGE}


@given(st.lists(st.sampled_from([SMALL, LARGE]), max_size=200))
def test_a_mix_settles_seldom_and_then_on_all_that_it_has_seen(requests: list[ResourceRequest]) -> None:
    mix = Mix()
    settled = [mix.settled]
    for request in requests:
        mix = mix.observed(request)
        if mix.settled is not settled[-1]:
            settled.append(mix.settled)
            assert mix.settled == mix.weights
            assert mix.settled_at == mix.num_observed
    assert len(settled) <= 10
    assert mix == Mix.of(requests)
