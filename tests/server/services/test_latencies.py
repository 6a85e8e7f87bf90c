from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.server.services.latencies import LONGEST_S, SHORTEST_S, merged, quantile, step_of


@given(st.lists(st.floats(SHORTEST_S, LONGEST_S), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_off_by_five_per_cent_at_most(durations: list[float], share: float) -> None:
    found = quantile(Counter(map(step_of, durations)), share)
    exact = sorted(durations)[max(0, -int(-share * len(durations) // 1) - 1)]
    assert found == pytest.approx(exact, rel=0.055)


def test_counts_of_several_minutes_are_those_of_all_their_requests() -> None:
    assert merged([{3: 1}, {3: 2, 7: 1}]) == {3: 3, 7: 1}
    assert quantile(merged([]), 0.5) is None


def test_what_is_shorter_or_longer_than_can_be_told_has_a_place() -> None:
    assert step_of(0.0) == 0
    assert step_of(1e9) == step_of(LONGEST_S) < 180
