"""Durations counted by size, so that quantiles of any stretch of time can be told from the counts of its minutes.

Each step is a tenth longer than the one before: a quantile is off by at most five per cent, and one minute of one
endpoint never has more than some 170 numbers.
"""

from collections.abc import Iterable, Mapping
from math import ceil, log

SHORTEST_S = 1e-4
LONGEST_S = 1e3
_RATIO = 1.1


def step_of(duration_s: float) -> int:
    """The step that a duration falls into, from 0 on."""
    return max(0, ceil(log(max(SHORTEST_S, min(LONGEST_S, duration_s)) / SHORTEST_S, _RATIO)))


def merged(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Several counts as one."""
    total: dict[int, int] = {}
    for each in counts:
        for step, number in each.items():
            total[step] = total.get(step, 0) + number
    return total


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """About the smallest duration that at least this share of them does not exceed; None when there are none."""
    wanted = share * sum(counts.values())
    for step in sorted(counts):
        wanted -= counts[step]
        if wanted <= 1e-9:
            return float(SHORTEST_S * _RATIO ** (step - 0.5))
    return None
