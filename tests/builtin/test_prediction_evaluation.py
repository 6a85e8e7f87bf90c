"""The built-in evaluation of predictions, run as the platform runs it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import kpl
from kpl import evaluation
from kpl.algorithm.check import check_algorithm
from kpl.dataset import Dataset, DatasetWriter
from kpl.runtime.foreground import ForegroundRunner

if TYPE_CHECKING:
    from tests.builtin.conftest import EncodePng, MakeTask

NAME = "prediction_evaluation"
CLASSES = ["cat", "dog"]
CAT, DOG = [0, 0, 10, 10], [20, 20, 40, 40]


@pytest.fixture
def boxes(tmp_path: Path, encode_png: "EncodePng") -> Path:
    """Six pictures with a cat and a dog, the last two in split `test`; answers miss the dog of each odd one."""
    image = encode_png(np.full((40, 40), 90, np.uint8))
    with DatasetWriter(tmp_path / "plain", kind="detection", class_names=CLASSES) as writer:
        for number in range(6):
            split = "test" if number >= 4 else "train"
            writer.add(f"{number}.png", image=image, boxes=[CAT, DOG], labels=[0, 1], split=split)
    found: dict[str, list[Any]] = {
        "boxes": [[CAT] if number % 2 else [CAT, DOG] for number in range(6)],
        "labels": [[0] if number % 2 else [0, 1] for number in range(6)],
        "scores": [[0.9] if number % 2 else [0.9, 0.4] for number in range(6)],
    }
    Dataset.open(tmp_path / "plain").derive(tmp_path / "answered", layers={"predictions": found})
    return tmp_path / "answered"


def test_boxes_are_compared_with_those_of_the_labels(make_task: "MakeTask", boxes: Path) -> None:
    finished = make_task(NAME, "test", inputs={"dataset": boxes}, split="all").run()
    report = evaluation.open_detection(finished.outputs["report"])
    assert report.classes == CLASSES
    assert report.rows.tolist() == list(range(6))
    figures = report.at(0.0)
    assert (figures.num_right, figures.num_missed, figures.num_false_alarms) == (9, 3, 0)
    assert report.manifest.dataset.digest == Dataset.open(boxes).digest
    assert finished.metrics()["map"] == pytest.approx((1 + 51 / 101) / 2)


def test_difficult_objects_do_not_count_unless_told(
    make_task: "MakeTask", tmp_path: Path, encode_png: "EncodePng"
) -> None:
    image = encode_png(np.full((40, 40), 90, np.uint8))
    with DatasetWriter(tmp_path / "plain", kind="detection", class_names=CLASSES) as writer:
        writer.add("0.png", image=image, boxes=[CAT, DOG], labels=[0, 1], difficult=[False, True])
        writer.add("1.png", image=image, boxes=[DOG], labels=[1], difficult=[True])
    found = {"boxes": [[CAT], [DOG]], "labels": [[0], [1]], "scores": [[0.9], [0.9]]}
    Dataset.open(tmp_path / "plain").derive(tmp_path / "answered", layers={"predictions": found})
    counts = {}
    for leave_out in (True, False):
        finished = make_task(
            NAME, "test", inputs={"dataset": tmp_path / "answered"}, leave_out_difficult=leave_out
        ).run()
        assert ("2 difficult objects" in finished.notes()) == leave_out
        figures = evaluation.open_detection(finished.outputs["report"]).at(0.0)
        counts[leave_out] = (figures.num_right, figures.num_missed, figures.num_false_alarms)
    assert counts == {True: (1, 0, 0), False: (2, 1, 0)}


def test_the_test_split_is_chosen_where_there_is_one(make_task: "MakeTask", boxes: Path) -> None:
    finished = make_task(NAME, "test", inputs={"dataset": boxes}).run()
    report = evaluation.open_detection(finished.outputs["report"])
    assert report.rows.tolist() == [4, 5]
    assert report.manifest.dataset.split == "test"
    assert (
        make_task(NAME, "test", inputs={"dataset": boxes}, split="val").run(fails=True).log.count("it has")
        == 1
    )


def test_answers_without_scores_are_certain_and_faces_are_boxes(
    make_task: "MakeTask", tmp_path: Path, encode_png: "EncodePng"
) -> None:
    image = encode_png(np.full((40, 40), 90, np.uint8))
    with DatasetWriter(tmp_path / "faces", kind="face_detection", class_names=["face"]) as writer:
        writer.add("a.png", image=image, boxes=[CAT], labels=[0])
    found: dict[str, list[Any]] = {"boxes": [[CAT, DOG]], "labels": [[0, 0]]}
    Dataset.open(tmp_path / "faces").derive(tmp_path / "answered", layers={"found": found})
    finished = make_task(NAME, "test", inputs={"dataset": tmp_path / "answered"}, layer="found").run()
    report = evaluation.open_detection(finished.outputs["report"])
    assert report.answers.scores.tolist() == [1, 1]
    assert (report.at(1.0).num_right, report.at(1.0).num_false_alarms) == (1, 1)


def test_classes_are_compared_where_there_is_a_label_and_a_prediction(
    make_task: "MakeTask", tmp_path: Path, encode_png: "EncodePng"
) -> None:
    image = encode_png(np.full((4, 4), 90, np.uint8))
    with DatasetWriter(tmp_path / "plain", kind="classification", class_names=CLASSES) as writer:
        for number, label in enumerate((0, 1, -1, 1)):
            writer.add(f"{number}.png", image=image, label=label)
    said = {"label": [0, 0, 0, -1], "score": [0.9, 0.6, 0.7, 0.0]}
    Dataset.open(tmp_path / "plain").derive(tmp_path / "answered", layers={"predictions": said})
    finished = make_task(NAME, "test", inputs={"dataset": tmp_path / "answered"}).run()
    figures = evaluation.open_classification(finished.outputs["report"]).at(0.0)
    assert figures.pairs.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert finished.metrics()["accuracy"] == 0.5
    assert "1 samples without a prediction" in finished.notes()
    assert finished.metrics()["f1"] == pytest.approx(1 / 3)


def test_a_dataset_without_such_a_layer_is_named(make_task: "MakeTask", boxes: Path) -> None:
    finished = make_task(NAME, "test", inputs={"dataset": boxes}, layer="guesses").run(fails=True)
    assert "layer 'guesses'" in finished.log
    assert "predictions.boxes" in finished.log


def test_it_passes_the_check_of_algorithms() -> None:
    folder = Path(kpl.__file__).parent / "builtin" / "algorithms" / NAME
    report = check_algorithm(folder, ForegroundRunner())
    assert report.is_valid, [str(finding) for finding in report.findings]
