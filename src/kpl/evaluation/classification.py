"""Figures of merit for classification, in NumPy; equal to scikit-learn's (a test compares them)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class's precision, recall and F1; zero where there is nothing to divide by.

    Args:
        support: samples that belong to the class.
        num_predicted: samples that were answered with it.
    """

    precision: float
    recall: float
    f1: float
    support: int
    num_predicted: int


@dataclass(frozen=True, slots=True)
class Curve:
    """What becomes of precision, recall and false alarms as the threshold on a score falls; arrays [K] of one length.

    Args:
        thresholds: descending; a score that reaches it counts as a yes.
        false_positive_rate: share of the negatives that are answered with yes.
        average_precision: area below precision over recall, as a sum of steps.
        roc_auc: area below recall over the false positive rate; None when positives or negatives are missing.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    false_positive_rate: NDArray[np.float64]
    num_positive: int
    num_negative: int
    average_precision: float | None
    roc_auc: float | None


def top_k_accuracy(scores: NDArray[np.floating], labels: NDArray[np.integer], k: int) -> float:
    """Share of samples whose label is among the k best of scores [N,C]; equal scores count for the lower class."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == labels[:, None]).any(axis=1).mean())


def confusion_matrix(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """[C,C] counts: row = true class, column = predicted class."""
    pairs = np.bincount(labels.astype(np.int64) * num_classes + predicted, minlength=num_classes**2)
    return pairs.reshape(num_classes, num_classes).astype(np.int64)


def class_figures(
    hits: NDArray[np.integer], num_true: NDArray[np.integer], num_predicted: NDArray[np.integer]
) -> list[ClassFigures]:
    """The figures of each class, from counts [C] of right answers, samples and answers."""
    return [
        ClassFigures(
            precision=_ratio(hit, predicted),
            recall=_ratio(hit, true),
            f1=_ratio(2 * hit, predicted + true),
            support=true,
            num_predicted=predicted,
        )
        for hit, true, predicted in zip(hits.tolist(), num_true.tolist(), num_predicted.tolist(), strict=True)
    ]


def curve_of(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> Curve:
    """The curve of one yes-or-no question, from scores [N] and the truth [N].

    Areas are exact; of the curve itself at most MOST_POINTS points are kept, evenly along its length.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order].astype(np.float64), is_positive[order]
    # Equal scores are told apart by no threshold: only the last of each run is a point of the curve.
    last_of_run = np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.empty(0, int)
    hits = np.cumsum(right)[last_of_run]
    answered = last_of_run + 1
    num_positive = int(right.sum())
    num_negative = len(right) - num_positive
    precision = hits / np.maximum(answered, 1)
    recall = hits / max(num_positive, 1)
    false_alarms = (answered - hits) / max(num_negative, 1)
    average_precision = float((np.diff(recall, prepend=0.0) * precision).sum()) if num_positive else None
    roc_auc = None
    if num_positive and num_negative:
        roc_auc = float(np.trapezoid(np.concatenate(([0.0], recall)), np.concatenate(([0.0], false_alarms))))
    kept = evenly_along(recall, precision, false_alarms)
    return Curve(
        thresholds=ranked[last_of_run][kept],
        precision=precision[kept],
        recall=recall[kept],
        false_positive_rate=false_alarms[kept],
        num_positive=num_positive,
        num_negative=num_negative,
        average_precision=average_precision,
        roc_auc=roc_auc,
    )


def evenly_along(*values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of at most MOST_POINTS points of a curve, first and last among them, evenly by the way it goes."""
    length = len(values[0])
    if length <= MOST_POINTS:
        return np.arange(length)
    way = np.concatenate(([0.0], np.cumsum(sum(np.abs(np.diff(each)) for each in values))))
    return np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], MOST_POINTS)).clip(0, length - 1))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
