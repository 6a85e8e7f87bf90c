"""The figures of a classification against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.evaluation import class_figures, confusion_matrix, curve_of, top_k_accuracy
from kpl.evaluation.classification import MOST_POINTS

reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 7), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_class_figures_equal_the_reference(num_classes: int, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=count)
    predicted = generator.integers(num_classes, size=count)
    confusion = confusion_matrix(labels, predicted, num_classes)
    classes = range(num_classes)
    assert (confusion == reference.confusion_matrix(labels, predicted, labels=classes)).all()
    found = class_figures(np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
    expected = reference.precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    for number, row in enumerate(zip(*expected, strict=True)):
        one = found[number]
        assert (one.precision, one.recall, one.f1, one.support) == pytest.approx(row)
        assert one.num_predicted == (predicted == number).sum()


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 7), st.integers(1, 60), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_top_k_accuracy_equals_the_reference(num_classes: int, count: int, k: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=count)
    scores = generator.permuted(
        np.tile(np.arange(num_classes, dtype=np.float32), (count, 1)), axis=1
    )  # no equal scores: which of them come first is free
    found = top_k_accuracy(scores, labels, min(k, num_classes - 1))
    expected = reference.top_k_accuracy_score(
        labels, scores, k=min(k, num_classes - 1), labels=range(num_classes)
    )
    assert found == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 300), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_curves_equal_the_reference(count: int, num_scores: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.random(count) < 0.4
    truth[:2] = [True, False]
    scores = (generator.integers(num_scores, size=count) / num_scores).astype(np.float32)
    curve = curve_of(scores, truth)
    assert curve.average_precision == pytest.approx(reference.average_precision_score(truth, scores))
    assert curve.roc_auc == pytest.approx(reference.roc_auc_score(truth, scores))
    for threshold, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        answered = scores >= np.float32(threshold)
        assert precision == pytest.approx((truth & answered).sum() / answered.sum())
        assert recall == pytest.approx((truth & answered).sum() / truth.sum())


def test_a_long_curve_keeps_its_ends_and_its_shape() -> None:
    generator = np.random.default_rng(0)
    scores = generator.random(100_000)
    truth = generator.random(100_000) < scores
    curve = curve_of(scores, truth)
    assert len(curve.thresholds) <= MOST_POINTS
    assert curve.thresholds[0] == scores.max()
    assert (curve.recall[-1], curve.false_positive_rate[-1]) == (1.0, 1.0)
    # What is left out lies on the lines between what is kept.
    assert np.trapezoid(curve.recall, curve.false_positive_rate) == pytest.approx(curve.roc_auc, abs=1e-3)


def test_a_class_without_samples_has_no_areas() -> None:
    curve = curve_of(np.array([0.3, 0.9], np.float32), np.array([False, False]))
    assert curve.average_precision is None
    assert curve.roc_auc is None
    assert curve.num_positive == 0
