"""Reports lead from every figure to the samples behind it, and refuse answers that are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl import evaluation
from kpl.errors import NotFound
from kpl.evaluation import NO_ANSWER, ClassificationReport, ReportInvalid

CLASSES = ["ant", "bee", "cat"]
SCORES = np.array(
    [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.1, 0.0, 0.9]], np.float32
)
LABELS = np.array([0, 0, 1, 1, 2])


def write(folder: Path, **changes: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"rows": np.array([3, 5, 8, 13, 21]), "labels": LABELS, "scores": SCORES}
    return evaluation.write_classification(
        folder, **{"classes": CLASSES, "dataset": "d" * 64} | given_ | changes
    )


@pytest.fixture
def report(tmp_path: Path) -> ClassificationReport:
    write(tmp_path, split="test", cost={"size_bytes": 5}, hardware={"device": "cpu"})
    return evaluation.open_classification(tmp_path)


def test_a_report_gives_back_what_was_written(report: ClassificationReport) -> None:
    assert report.rows.tolist() == [3, 5, 8, 13, 21]
    assert report.predicted.tolist() == [0, 1, 1, 2, 2]
    assert (report.scores == SCORES).all()
    assert report.manifest.dataset.split == "test"
    assert report.manifest.cost == {"size_bytes": 5}
    assert report.manifest.metrics["accuracy"] == pytest.approx(0.6)


def test_below_the_threshold_there_is_no_answer(report: ClassificationReport) -> None:
    figures = report.at(0.6)
    assert report.answers_at(0.6).tolist() == [0, NO_ANSWER, 1, NO_ANSWER, 2]
    assert figures.accuracy == 1.0
    assert figures.coverage == pytest.approx(0.6)
    assert figures.pairs.tolist() == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0]]
    assert [one.recall for one in figures.per_class] == [0.5, 0.5, 1.0]
    nothing = report.at(1.0)
    assert (nothing.accuracy, nothing.coverage, nothing.num_answered) == (0.0, 0.0, 0)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 40),
    num_classes=st.integers(1, 5),
    threshold=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_figure_counts_the_samples_it_leads_to(
    tmp_path_factory: pytest.TempPathFactory, count: int, num_classes: int, threshold: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("report")
    evaluation.write_classification(
        folder,
        rows=np.arange(count),
        labels=generator.integers(num_classes, size=count),
        scores=generator.random((count, num_classes), dtype=np.float32),
        classes=[str(number) for number in range(num_classes)],
    )
    report = evaluation.open_classification(folder)
    figures = report.at(threshold)
    for label in range(num_classes):
        for predicted in range(num_classes):
            found = report.find(threshold=threshold, label=label, predicted=predicted)
            assert len(found) == figures.pairs[label, predicted]
        unanswered = report.find(threshold=threshold, label=label, outcome="unanswered")
        assert len(unanswered) == figures.pairs[label, num_classes]
        assert (
            len(report.find(threshold=threshold, predicted=label)) == figures.per_class[label].num_predicted
        )
    by_outcome = {
        outcome: len(report.find(threshold=threshold, outcome=outcome))
        for outcome in ("right", "wrong", "unanswered")
    }
    assert sum(by_outcome.values()) == count
    assert by_outcome["right"] == figures.num_right


def test_the_curve_of_all_asks_whether_answers_are_right(report: ClassificationReport) -> None:
    curve = report.curve()
    assert curve.num_positive == 3
    assert curve.precision[-1] == pytest.approx(report.at(0).accuracy)
    assert report.curve(2).average_precision == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.array([0, 0, 1, 1])}, "do not belong together"),
        ({"scores": SCORES[:, :2]}, "do not belong together"),
        ({"labels": np.array([0, 0, 1, 1, 3])}, r"labels\[4\] is 3"),
        ({"scores": np.where(SCORES == 0.8, np.nan, SCORES)}, r"scores\[2\]"),
        ({"rows": np.empty(0), "labels": np.empty(0), "scores": np.empty((0, 3))}, "N at least 1"),
    ],
)
def test_answers_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReportInvalid, match=message):
        write(tmp_path, **changes)


def test_a_changed_report_names_file_and_member(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "report.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"metrics": {"accuracy": "good"}}))
    with pytest.raises(ReportInvalid, match=r"report\.json: .*\$\.metrics"):
        evaluation.read_manifest(tmp_path)
    path.write_text(json.dumps(document | {"answers": {"scores": "../scores.npy"}}))
    with pytest.raises(ReportInvalid, match="no file of this folder"):
        evaluation.open_classification(tmp_path)
    path.write_text(json.dumps({name: document[name] for name in document if name != "answers"}))
    with pytest.raises(ReportInvalid, match="holds no answers"):
        evaluation.open_classification(tmp_path)
    path.write_text(json.dumps(document))
    (tmp_path / "scores.npy").write_bytes((tmp_path / "scores.npy").read_bytes()[:140])
    with pytest.raises(ReportInvalid, match=r"scores\.npy"):
        evaluation.open_classification(tmp_path)
    path.unlink()
    with pytest.raises(NotFound):
        evaluation.read_manifest(tmp_path)


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path)
    np.save(tmp_path / "rows.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ReportInvalid, match=r"rows\.npy"):
        evaluation.open_classification(tmp_path)
