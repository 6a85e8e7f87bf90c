"""Figures of parts of a report: of a split, of a kind of sample, of small objects. Where a model errs shows there."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from kpl.evaluation.classification import ClassFigures, class_figures


class Tally(IntEnum):
    """How a thing came out, for counting: samples of a classification, objects and answers of a detection."""

    RIGHT = 0
    WRONG = 1
    MISSED = 2
    FALSE_ALARM = 3


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """What a part of a report counts.

    Args:
        overall: of everything in it: support are samples, or objects; precision is of the answers given.
        num_missed: samples without an answer, or missed objects.
    """

    overall: ClassFigures
    num_right: int
    num_wrong: int
    num_missed: int
    num_false_alarms: int


def slice_figures(
    parts: NDArray[np.integer], tallies: NDArray[np.integer], num_parts: int
) -> list[SliceFigures]:
    """The figures of each part, from the part [E] that a thing is in and how it came out [E], as in `Tally`."""
    kinds = len(Tally)
    counts = np.bincount(parts.astype(np.int64) * kinds + tallies, minlength=num_parts * kinds)
    counts = counts.reshape(num_parts, kinds)
    right, wrong, missed, alarms = counts.T
    overall = class_figures(right, right + wrong + missed, right + wrong + alarms)
    return [SliceFigures(figures, *row) for figures, row in zip(overall, counts.tolist(), strict=True)]
