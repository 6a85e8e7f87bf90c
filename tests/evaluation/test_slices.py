"""Parts of a report count what the whole counts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.evaluation import Tally, slice_figures


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_parts_add_up_to_the_whole(num_parts: int, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    parts = generator.integers(0, num_parts, count)
    tallies = generator.integers(0, len(Tally), count)
    found = slice_figures(parts, tallies, num_parts)
    (whole,) = slice_figures(np.zeros(count, int), tallies, 1)
    assert len(found) == num_parts
    assert sum(one.num_right for one in found) == whole.num_right == (tallies == Tally.RIGHT).sum()
    assert sum(one.num_false_alarms for one in found) == whole.num_false_alarms
    assert sum(one.overall.support for one in found) == (tallies != Tally.FALSE_ALARM).sum()
    assert sum(one.overall.num_predicted for one in found) == (tallies != Tally.MISSED).sum()
