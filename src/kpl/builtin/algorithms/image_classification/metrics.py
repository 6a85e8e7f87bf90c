"""Figures of merit for classification, in NumPy; equal to scikit-learn's (a test compares them)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class's precision, recall and F1; zero where there is nothing to divide by. `support` is its sample count."""

    precision: float
    recall: float
    f1: float
    support: int


def top_k_accuracy(scores: NDArray[np.float32], labels: NDArray[np.int64], k: int) -> float:
    """Share of samples whose label is among the k best of scores [N,C]; equal scores count for the lower class."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == labels[:, None]).any(axis=1).mean())


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int
) -> NDArray[np.int64]:
    """[C,C] counts: row = true class, column = predicted class."""
    pairs = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return pairs.reshape(num_classes, num_classes).astype(np.int64)


def class_scores(confusion: NDArray[np.int64]) -> list[ClassScores]:
    hits = np.diag(confusion)
    num_predicted, num_true = confusion.sum(axis=0), confusion.sum(axis=1)
    return [
        ClassScores(
            precision=_ratio(hit, predicted),
            recall=_ratio(hit, true),
            f1=_ratio(2 * hit, predicted + true),
            support=int(true),
        )
        for hit, predicted, true in zip(hits, num_predicted, num_true, strict=True)
    ]


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0
