"""Figures of merit for object detection, in NumPy; equal to pycocotools' (a test compares them)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kpl.evaluation.classification import Curve, evenly_along
from kpl.evaluation.matching import (
    NO_PARTNER,
    Pairs,
    areas_of,
    match,
    overlapping_pairs,
    rank_within,
    samples_of,
)

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MOST_ANSWERS = 100
ObjectSize = Literal["small", "medium", "large"]
# Areas in square pixels.
SIZES: dict[ObjectSize, tuple[float, float]] = {
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}


@dataclass(frozen=True, slots=True)
class Objects:
    """What is there, of all samples one after another.

    Args:
        offsets: [N+1] where the objects of each sample begin and end.
        boxes: [T,4] xyxy in pixels.
        class_ids: [T].
        is_ignored: [T] objects that count neither when found nor when missed, and that any number of answers may be
            given to, as COCO's crowds.
        is_difficult: [T] those among them that are single objects, as VOC's difficult ones; None for none. Their
            overlap is that of any object, while that of a crowd is over the answer alone.
    """

    offsets: NDArray[np.int64]
    boxes: NDArray[np.floating]
    class_ids: NDArray[np.int64]
    is_ignored: NDArray[np.bool_]
    is_difficult: NDArray[np.bool_] | None = None

    @property
    def is_crowd(self) -> NDArray[np.bool_]:
        """[T] whether an object is ignored as many in one box."""
        return self.is_ignored if self.is_difficult is None else self.is_ignored & ~self.is_difficult


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says is there, of all samples one after another; arrays as in `Objects`, `scores` [D]."""

    offsets: NDArray[np.int64]
    boxes: NDArray[np.floating]
    class_ids: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AveragePrecisions:
    """Arrays [C,10]: of each class at each of OVERLAPS; NaN for a class without objects.

    Args:
        precision: area below precision over recall, by 101 points.
        recall: share of the objects that the MOST_ANSWERS surest answers of a sample and class find.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]


def pairs_of(objects: Objects, answers: Answers, *, least: float) -> Pairs:
    """Answers and objects of any class that overlap at least so much."""
    return overlapping_pairs(
        objects.boxes, objects.offsets, objects.is_crowd, answers.boxes, answers.offsets, least=least
    )


def match_classes(
    objects: Objects,
    answers: Answers,
    pairs: Pairs,
    *,
    thresholds: NDArray[np.float64],
    is_ignored: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """[D,K] the object of its own class that each answer gets; `is_ignored` adds to the objects that are."""
    is_same = objects.class_ids[pairs.objects] == answers.class_ids[pairs.answers]
    return match(
        pairs.where(is_same),
        groups=_groups(answers),
        scores=answers.scores,
        is_ignored=objects.is_ignored if is_ignored is None else is_ignored,
        is_shared=objects.is_ignored,
        thresholds=thresholds,
    )


def average_precisions(
    objects: Objects, answers: Answers, pairs: Pairs, num_classes: int, *, size: ObjectSize | None = None
) -> AveragePrecisions:
    """COCO's areas of each class; with a size, of objects of that size alone, the others being ignored."""
    is_ignored, is_outside = objects.is_ignored, np.zeros(len(answers.scores), bool)
    if size is not None:
        is_ignored = is_ignored | _is_outside(objects.boxes, size)
        is_outside = _is_outside(answers.boxes, size)
    is_used = rank_within(_groups(answers), answers.scores) < MOST_ANSWERS
    partners = match_classes(
        objects, answers, pairs.where(is_used[pairs.answers]), thresholds=OVERLAPS, is_ignored=is_ignored
    )
    is_matched = partners != NO_PARTNER
    is_hit = is_matched & ~np.append(is_ignored, False)[partners]
    is_alarm = ~is_matched & (is_used & ~is_outside)[:, None]
    order = np.lexsort((-answers.scores, answers.class_ids))
    bounds = np.searchsorted(answers.class_ids[order], np.arange(num_classes + 1))
    num_objects = np.bincount(objects.class_ids[~is_ignored], minlength=num_classes)
    found = AveragePrecisions(
        np.full((num_classes, len(OVERLAPS)), np.nan), np.full((num_classes, len(OVERLAPS)), np.nan)
    )
    for class_id in np.flatnonzero(num_objects):
        ranked = order[bounds[class_id] : bounds[class_id + 1]]
        recall, precision = _steps(is_hit[ranked], is_alarm[ranked], int(num_objects[class_id]))
        found.recall[class_id] = recall[-1] if len(ranked) else 0.0
        for column in range(len(OVERLAPS)):
            found.precision[class_id, column] = interpolated(recall[:, column], precision[:, column])
    return found


def interpolated(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """COCO's area: at each of 101 recalls the best precision that it or a higher one is reached with."""
    if not len(recall):
        return 0.0
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, RECALLS, side="left")].mean())


def detection_curve(
    scores: NDArray[np.float32], is_hit: NDArray[np.bool_], num_objects: int, area: float | None
) -> Curve:
    """The curve of answers [D] that are right or false alarms; there are no negatives, and so no rate of them."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order].astype(np.float64), np.cumsum(is_hit[order])
    last_of_run = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.empty(0, int)
    precision = hits[last_of_run] / (last_of_run + 1)
    recall = hits[last_of_run] / max(num_objects, 1)
    kept = evenly_along(recall, precision)
    return Curve(
        thresholds=ranked[last_of_run][kept],
        precision=precision[kept],
        recall=recall[kept],
        false_positive_rate=np.empty(0),
        num_positive=num_objects,
        num_negative=0,
        average_precision=area,
        roc_auc=None,
    )


def _steps(
    is_hit: NDArray[np.bool_], is_alarm: NDArray[np.bool_], num_objects: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[D,K] recall and precision after each of the answers [D,K], the surest first."""
    hits, alarms = np.cumsum(is_hit, axis=0), np.cumsum(is_alarm, axis=0)
    return hits / num_objects, hits / np.maximum(hits + alarms, 1)


def _groups(answers: Answers) -> NDArray[np.int64]:
    """[D] numbers that answers of one sample and class share."""
    num_classes = int(answers.class_ids.max(initial=0)) + 1
    return samples_of(answers.offsets) * num_classes + answers.class_ids


def _is_outside(boxes: NDArray[np.floating], size: ObjectSize) -> NDArray[np.bool_]:
    least, most = SIZES[size]
    areas = areas_of(boxes)
    return (areas < least) | (areas > most)
