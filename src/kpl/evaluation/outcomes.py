"""What became of objects and answers at a threshold, and the figures that follow from it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kpl.evaluation.classification import ClassFigures, class_figures
from kpl.evaluation.slices import Tally

DetectionOutcome = Literal["right", "wrong", "missed", "false_alarm", "error"]


class Fate(IntEnum):
    """What became of an object or an answer.

    `RIGHT`: the two are given to one another and of one class. `WRONG`: of two classes. `ALONE`: an object that was
    missed, an answer that is a false alarm. `IGNORED`: an object that does not count, an answer given to it.
    `BELOW`: an answer below the threshold.
    """

    RIGHT = 0
    WRONG = 1
    ALONE = 2
    IGNORED = 3
    BELOW = 4


@dataclass(frozen=True, slots=True)
class Events:
    """What there is to count at a threshold: pairs of object and answer, missed objects, false alarms; arrays [E].

    Args:
        labels: true classes; the number of classes, which stands for the background, of a false alarm.
        predicted: classes answered; the background of an object that was missed.
        scores: of the answers; 0 of an object that was missed.
        objects, answers: their numbers; NO_PARTNER where there is none.
    """

    samples: NDArray[np.int64]
    objects: NDArray[np.int64]
    answers: NDArray[np.int64]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    fates: NDArray[np.int8]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DetectionFigures:
    """Everything that follows from the boxes once answers below a threshold count as none.

    Args:
        object_fates: [T], `answer_fates` [D]: as in `Fate`.
        partners: [D] the object that an answer was given to, of its class or of another; NO_PARTNER for none.
        pairs: [C+1,C+1] counts: row = true class, column = answer; the last ones stand for the background.
    """

    threshold: float
    num_samples: int
    object_fates: NDArray[np.int8]
    answer_fates: NDArray[np.int8]
    partners: NDArray[np.int64]
    events: Events
    pairs: NDArray[np.int64]
    per_class: list[ClassFigures]

    @property
    def num_right(self) -> int:
        return int(np.diagonal(self.pairs).sum())

    @property
    def num_wrong(self) -> int:
        """Objects given to an answer of another class."""
        return int(self.pairs[:-1, :-1].sum()) - self.num_right

    @property
    def num_missed(self) -> int:
        return int(self.pairs[:, -1].sum())

    @property
    def num_false_alarms(self) -> int:
        return int(self.pairs[-1].sum())

    @property
    def num_objects(self) -> int:
        return int(self.pairs[:-1].sum())

    @property
    def num_answers(self) -> int:
        return int(self.pairs[:, :-1].sum())

    @property
    def num_answered(self) -> int:
        return self.num_answers

    @property
    def accuracy(self) -> float:
        """Share of right ones among the answers."""
        return self.overall.precision

    @property
    def coverage(self) -> float:
        """Share of the objects that were not missed."""
        return 1 - self.num_missed / self.num_objects if self.num_objects else 0.0

    @property
    def overall(self) -> ClassFigures:
        """Precision, recall and F1 of all objects together."""
        counts = np.array([[self.num_right], [self.num_objects], [self.num_answers]])
        return class_figures(*counts)[0]

    def find(
        self,
        *,
        label: int | None = None,
        predicted: int | None = None,
        outcome: DetectionOutcome | None = None,
    ) -> NDArray[np.intp]:
        """Indices of the events that a figure counts, ascending.

        Args:
            label: the class of the object; false alarms have none.
            predicted: the class answered; missed objects have none.
            outcome: `wrong` is the right place with the wrong class, `error` is all that is not right.
        """
        chosen = np.ones(len(self.events.labels), bool)
        if label is not None:
            chosen &= self.events.labels == label
        if predicted is not None:
            chosen &= self.events.predicted == predicted
        if outcome is not None:
            chosen &= self._has_outcome(outcome)
        return np.flatnonzero(chosen)

    def tallies(self) -> NDArray[np.int64]:
        """[E] how each event came out, as in `Tally`."""
        is_alone = self.events.fates == Fate.ALONE
        is_alarm = self.events.labels == len(self.pairs) - 1
        return np.where(
            is_alone, np.where(is_alarm, Tally.FALSE_ALARM, Tally.MISSED), self.events.fates
        ).astype(np.int64)

    def _has_outcome(self, outcome: DetectionOutcome) -> NDArray[np.bool_]:
        fates, background = self.events.fates, len(self.pairs) - 1
        has: dict[DetectionOutcome, NDArray[np.bool_]] = {
            "right": fates == Fate.RIGHT,
            "wrong": fates == Fate.WRONG,
            "missed": self.events.predicted == background,
            "false_alarm": self.events.labels == background,
            "error": fates != Fate.RIGHT,
        }
        return has[outcome]
