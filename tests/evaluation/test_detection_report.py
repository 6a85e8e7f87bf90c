"""Reports of detections lead from every figure to what it counts, at any threshold, and refuse boxes that are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl import evaluation
from kpl.evaluation import DetectionReport, Detections, Fate, ReportInvalid, Truth

CLASSES = ["ant", "bee"]
ROWS = np.array([3, 5, 8])
# Of the first sample: an ant that is found, a bee that is taken for an ant, and one that is missed. Of the second: a
# crowd of ants with two answers. The third is empty, but for a false alarm.
TRUTH = Truth(
    boxes=[[[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], [[0, 0, 100, 100]], []],
    class_ids=[[0, 1, 1], [0], []],
    ignored=[[False, False, False], [True], []],
)
ANSWERS = Detections(
    boxes=[
        [[0, 0, 10, 9], [20, 0, 30, 10], [0, 0, 10, 10]],
        [[10, 10, 20, 20], [50, 50, 60, 60]],
        [[5, 5, 9, 9]],
    ],
    class_ids=[[0, 0, 0], [0, 0], [1]],
    scores=[[0.9, 0.8, 0.3], [0.7, 0.6], [0.5]],
)


def write(folder: Path, **changes: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"rows": ROWS, "truth": TRUTH, "answers": ANSWERS, "classes": CLASSES}
    return evaluation.write_detection(folder, **given_ | changes)


@pytest.fixture
def report(tmp_path: Path) -> DetectionReport:
    write(tmp_path, split="test", cost={"size_bytes": 5}, hardware={"device": "cpu"})
    return evaluation.open_detection(tmp_path)


def test_a_report_gives_back_what_was_written(report: DetectionReport) -> None:
    assert report.rows.tolist() == ROWS.tolist()
    assert report.objects.offsets.tolist() == [0, 3, 4, 4]
    assert report.objects.boxes[1].tolist() == [20, 0, 30, 10]
    assert report.objects.is_ignored.tolist() == [False, False, False, True]
    assert report.answers.class_ids.tolist() == [0, 0, 0, 0, 0, 1]
    assert report.answers.scores.tolist() == pytest.approx([0.9, 0.8, 0.3, 0.7, 0.6, 0.5])
    assert (report.manifest.task, report.manifest.dataset.split) == ("detection", "test")


def test_what_is_there_and_what_is_answered_come_to_one_end(report: DetectionReport) -> None:
    figures = report.at(0.4)
    assert figures.object_fates.tolist() == [Fate.RIGHT, Fate.WRONG, Fate.ALONE, Fate.IGNORED]
    assert figures.answer_fates.tolist() == [
        Fate.RIGHT, Fate.WRONG, Fate.BELOW, Fate.IGNORED, Fate.IGNORED, Fate.ALONE
    ]  # fmt: skip
    assert figures.pairs.tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
    counts = (figures.num_right, figures.num_wrong, figures.num_missed, figures.num_false_alarms)
    assert counts == (1, 1, 1, 1)
    assert (figures.num_objects, figures.num_answers) == (3, 3)
    assert (figures.overall.precision, figures.overall.recall) == pytest.approx((1 / 3, 1 / 3))
    assert [one.support for one in figures.per_class] == [1, 2]


def test_the_second_answer_to_an_object_is_a_false_alarm(report: DetectionReport) -> None:
    assert report.at(0.2).answer_fates[2] == Fate.ALONE


def test_a_difficult_object_is_left_out_like_any_other_would_be_found(tmp_path: Path) -> None:
    easy = [False, False, False]
    truth = TRUTH._replace(ignored=[easy, [False], []], difficult=[[True, False, False], [True], []])
    write(tmp_path, truth=truth)
    report = evaluation.open_detection(tmp_path)
    assert report.objects.is_ignored.tolist() == [True, False, False, True]
    assert report.objects.is_crowd.tolist() == [False] * 4
    figures = report.at(0.0)
    # both answers to the ant do not count; the answers that a crowd would take overlap too little with one object
    assert figures.answer_fates.tolist() == [
        Fate.IGNORED, Fate.WRONG, Fate.IGNORED, Fate.ALONE, Fate.ALONE, Fate.ALONE
    ]  # fmt: skip
    assert figures.object_fates.tolist() == [Fate.IGNORED, Fate.WRONG, Fate.ALONE, Fate.IGNORED]
    assert report.overlap(3, 3) == pytest.approx(0.01)
    crowd = TRUTH._replace(difficult=truth.difficult, ignored=[easy, [True], []])
    write(tmp_path / "crowd", truth=crowd)  # what is both is a crowd
    opened = evaluation.open_detection(tmp_path / "crowd")
    assert opened.at(0.0).answer_fates.tolist()[3:5] == [Fate.IGNORED] * 2


def test_without_difficult_objects_a_report_is_as_before(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain")
    assert plain == write(tmp_path / "flags", truth=TRUTH._replace(difficult=[[0, 0, 0], [0], []]))
    assert plain["answers"]["object_difficult"] == ""
    with pytest.raises(ReportInvalid, match=r"truth\.difficult"):
        write(tmp_path / "wrong", truth=TRUTH._replace(difficult=[[True], [True], []]))


def test_an_answer_left_out_frees_its_object_for_one_of_another_class(tmp_path: Path) -> None:
    write(
        tmp_path,
        rows=np.array([0]),
        truth=Truth([[[0, 0, 10, 10]]], [[0]]),
        answers=Detections([[[0, 0, 10, 10], [0, 0, 10, 9]]], [[0, 1]], [[0.4, 0.8]]),
    )
    report = evaluation.open_detection(tmp_path)
    assert report.at(0.3).pairs.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert report.at(0.5).pairs.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_figures_lead_to_what_they_count(report: DetectionReport) -> None:
    figures = report.at(0.4)

    def found(**filters: Any) -> list[int]:
        chosen: list[int] = figures.events.samples[figures.find(**filters)].tolist()
        return chosen

    assert found(label=1, outcome="missed") == [0]
    assert found(label=1, predicted=0) == [0]
    assert found(predicted=1, outcome="false_alarm") == [2]
    assert sorted(found(outcome="error")) == [0, 0, 2]


def test_figures_of_the_report_are_those_of_the_best_threshold(tmp_path: Path) -> None:
    written = write(tmp_path)["metrics"]
    report = evaluation.open_detection(tmp_path)
    figures = report.at(written["score_threshold"])
    assert written["f1"] == figures.overall.f1 == max(report.at(t / 100).overall.f1 for t in range(101))
    assert written["map50"] == pytest.approx(np.nanmean(report.areas().precision[:, 0]))
    assert "map_large" not in written  # no such object
    read = json.loads((tmp_path / "report.json").read_text())
    assert read["per_class"][0]["average_precision_50"] == 1.0
    assert read["confusion"]["classes"] == ["ant", "bee", "background"]


@settings(max_examples=60, deadline=None)
@given(
    num_samples=st.integers(1, 12),
    num_classes=st.integers(1, 4),
    threshold=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_figure_counts_what_it_leads_to(
    tmp_path_factory: pytest.TempPathFactory, num_samples: int, num_classes: int, threshold: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("report")
    truth, answers = (
        [_crowded(generator, int(generator.integers(0, 8))) for _ in range(num_samples)] for _ in range(2)
    )
    evaluation.write_detection(
        folder,
        rows=np.arange(num_samples),
        truth=Truth(
            truth,
            [generator.integers(0, num_classes, len(boxes)) for boxes in truth],
            [generator.random(len(boxes)) < 0.1 for boxes in truth],
        ),
        answers=Detections(
            answers,
            [generator.integers(0, num_classes, len(boxes)) for boxes in answers],
            [np.round(generator.random(len(boxes)), 1) for boxes in answers],
        ),
        classes=[str(number) for number in range(num_classes)],
        iou_threshold=0.3,
    )
    report = evaluation.open_detection(folder)
    figures = report.at(threshold)
    for label in range(num_classes):
        for predicted in range(num_classes):
            assert len(figures.find(label=label, predicted=predicted)) == figures.pairs[label, predicted]
        one = figures.per_class[label]
        assert len(figures.find(label=label)) == one.support
        assert len(figures.find(predicted=label)) == one.num_predicted
        assert len(figures.find(label=label, outcome="missed")) == figures.pairs[label, -1]
        assert len(figures.find(predicted=label, outcome="false_alarm")) == figures.pairs[-1, label]
        curve = report.curve(label)
        assert curve.num_positive == one.support
        at = np.flatnonzero(curve.thresholds >= np.float32(threshold))
        if len(at):  # the curve is what figures at its thresholds are
            assert curve.recall[at[-1]] == pytest.approx(one.recall)
            assert curve.precision[at[-1]] == pytest.approx(one.precision)
    assert len(figures.find(outcome="error")) == len(figures.events.labels) - figures.num_right
    assert figures.num_objects == (~report.objects.is_ignored).sum()
    given_to = figures.partners[figures.answer_fates <= Fate.WRONG]
    assert len(set(given_to.tolist())) == len(given_to)


def _crowded(generator: np.random.Generator, count: int) -> Any:
    corners = generator.integers(0, 6, (count, 2))
    return np.concatenate((corners, corners + generator.integers(2, 6, (count, 2))), axis=1).astype(float)


def test_the_area_of_a_curve_is_that_of_the_report(report: DetectionReport) -> None:
    for class_id in range(2):
        assert report.curve(class_id).average_precision == pytest.approx(
            report.areas().precision[class_id, 0]
        )


def test_a_report_of_nothing_but_false_alarms_has_no_areas(tmp_path: Path) -> None:
    written = write(tmp_path, truth=Truth([[], [], []], [[], [], []]))
    assert "map" not in written["metrics"]
    report = evaluation.open_detection(tmp_path)
    assert report.at(0).num_false_alarms == 6
    assert report.curve().average_precision is None
    assert not (tmp_path / "object_ignored.npy").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"truth": TRUTH._replace(class_ids=[[0, 1], [0], []])}, r"class_ids\[0\] has 2 entries for 3 boxes"),
        ({"truth": TRUTH._replace(class_ids=[[0, 1, 2], [0], []])}, r"object_classes\[2\] is 2"),
        ({"answers": ANSWERS._replace(boxes=[[[0, 0, 1]], [], []])}, r"boxes\[0\] is \[1, 3\]"),
        ({"truth": TRUTH._replace(boxes=[[[9, 0, 1, 10]] * 3, [[0, 0, 1, 1]], []])}, r"object_boxes\[0\]"),
        ({"answers": ANSWERS._replace(scores=[[0.9, np.nan, 0.1], [0.7, 0.6], [0.5]])}, "answer_scores"),
        ({"rows": np.array([1, 2])}, "rows holds 2"),
        ({"classes": []}, "needs samples and classes"),
        ({"iou_threshold": 0}, "iou_threshold is 0"),
    ],
)
def test_boxes_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReportInvalid, match=message):
        write(tmp_path, **changes)


def test_a_changed_report_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    np.save(tmp_path / "object_offsets.npy", np.array([0, 3, 2, 4]))
    with pytest.raises(ReportInvalid, match="object_offsets"):
        evaluation.open_detection(tmp_path)
    np.save(tmp_path / "object_offsets.npy", np.array([0, 3, 4, 4]))
    np.save(tmp_path / "object_ignored.npy", np.array([True]))
    with pytest.raises(ReportInvalid, match="object_ignored"):
        evaluation.open_detection(tmp_path)
    with pytest.raises(ReportInvalid, match="is of detection"):
        evaluation.open_classification(tmp_path)
