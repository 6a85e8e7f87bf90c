"""The figures of detections against pycocotools', on random boxes and on those of real pictures."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpl import evaluation
from kpl.dataset import Dataset
from kpl.dataset.convert import pack
from kpl.evaluation.detection import (
    OVERLAPS,
    SIZES,
    Answers,
    Objects,
    ObjectSize,
    average_precisions,
    match_classes,
    pairs_of,
)
from kpl.evaluation.matching import NO_PARTNER, samples_of

coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is the reference")
cocoeval = pytest.importorskip("pycocotools.cocoeval", reason="pycocotools is the reference")
SIZE_NAMES: tuple[ObjectSize | None, ...] = (None, *SIZES)


def random_boxes(generator: np.random.Generator, num_samples: int, num_classes: int) -> Any:
    """Objects and answers as a middling model gives them: shaken, doubled, misnamed, made up, with equal scores.

    Corners lie on quarters of pixels, so that they are the same numbers as left, top, width and height.
    """
    truth: list[list[Any]] = [[], [], []]
    answers: list[list[Any]] = [[], [], []]
    for _ in range(num_samples):
        boxes = _boxes(generator, int(generator.integers(0, 12)), 1000, 300)
        class_ids = generator.integers(0, num_classes, len(boxes))
        for column, values in zip(
            truth, (boxes, class_ids, generator.random(len(boxes)) < 0.06), strict=True
        ):
            column.append(values)
        again = np.repeat(np.arange(len(boxes)), generator.integers(0, 4, len(boxes)))
        sides = np.tile(boxes[again, 2:] - boxes[again, :2], 2)
        shaken = boxes[again] + np.round(generator.normal(0, 0.08, sides.shape) * sides * 4) / 4
        shaken[:, 2:] = np.maximum(shaken[:, 2:], shaken[:, :2] + 1)
        found = np.concatenate((shaken, _boxes(generator, int(generator.integers(0, 4)), 1000, 300)))
        said = np.append(class_ids[again], generator.integers(0, num_classes, len(found) - len(again)))
        is_other = generator.random(len(said)) < 0.15
        said[is_other] = generator.integers(0, num_classes, is_other.sum())
        for column, values in zip(
            answers, (found, said, np.round(generator.random(len(said)), 2)), strict=True
        ):
            column.append(values)
    return evaluation.Truth(*truth), evaluation.Detections(*answers)


def _boxes(generator: np.random.Generator, count: int, side: int, most: int) -> Any:
    corners = generator.integers(0, side, (count, 2)).astype(np.float64)
    sizes = generator.integers(4, most, (count, 2)) * generator.choice([0.25, 0.5, 1], (count, 1))
    return np.concatenate((corners, corners + sizes), axis=1)


def flat(truth: Any, answers: Any) -> tuple[Objects, Answers]:
    """The same, one sample after another."""
    offsets = [np.cumsum([0, *map(len, part[0])]) for part in (truth[:3], answers)]
    columns = [[np.concatenate(column) for column in part] for part in (truth[:3], answers)]
    (boxes, class_ids, ignored), (found, said, scores) = columns
    return (
        Objects(offsets[0], boxes, class_ids.astype(np.int64), ignored.astype(bool)),
        Answers(offsets[1], found, said.astype(np.int64), scores.astype(np.float32)),
    )


def reference(objects: Objects, answers: Answers, num_classes: int) -> Any:
    """What pycocotools makes of the same boxes, accumulated."""
    shown: list[dict[str, Any]] = [
        {"image_id": int(sample), "category_id": int(class_id), "bbox": _xywh(box)}
        for sample, class_id, box in zip(
            samples_of(objects.offsets), objects.class_ids, objects.boxes, strict=True
        )
    ]
    annotations = [
        each | {"id": number, "area": each["bbox"][2] * each["bbox"][3], "iscrowd": int(is_ignored)}
        for number, (each, is_ignored) in enumerate(zip(shown, objects.is_ignored, strict=True), 1)
    ]
    said = [
        {"image_id": int(sample), "category_id": int(class_id), "bbox": _xywh(box), "score": float(score)}
        for sample, class_id, box, score in zip(
            samples_of(answers.offsets), answers.class_ids, answers.boxes, answers.scores, strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": number} for number in range(len(objects.offsets) - 1)],
            "categories": [{"id": number} for number in range(num_classes)],
            "annotations": annotations,
        }
        truth.createIndex()
        judged = cocoeval.COCOeval(truth, truth.loadRes(said), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return judged


def _xywh(box: Any) -> list[float]:
    left, top, right, bottom = map(float, box)
    return [left, top, right - left, bottom - top]


def compare(objects: Objects, answers: Answers, num_classes: int) -> Any:
    """Hold every area and recall of each class, overlap and size against the reference; gives that back."""
    judged = reference(objects, answers, num_classes)
    pairs = pairs_of(objects, answers, least=0.5)
    for number, size in enumerate(SIZE_NAMES):
        found = average_precisions(objects, answers, pairs, num_classes, size=size)
        expected = judged.eval["precision"][:, :, :, number, 2].mean(axis=1).T
        np.testing.assert_allclose(np.nan_to_num(found.precision, nan=-1), expected, atol=1e-12)
        expected = judged.eval["recall"][:, :, number, 2].T
        np.testing.assert_allclose(np.nan_to_num(found.recall, nan=-1), expected, atol=1e-12)
    return judged


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32 - 1))
@example(300, 3, 7)
def test_areas_equal_the_reference(num_samples: int, num_classes: int, seed: int) -> None:
    objects, answers = flat(*random_boxes(np.random.default_rng(seed), num_samples, num_classes))
    if len(answers.scores):  # the reference reads no empty list of answers
        compare(objects, answers, num_classes)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_matches_equal_the_reference(num_samples: int, num_classes: int, seed: int) -> None:
    objects, answers = flat(*random_boxes(np.random.default_rng(seed), num_samples, num_classes))
    if not len(answers.scores):
        return
    judged = reference(objects, answers, num_classes)
    pairs = pairs_of(objects, answers, least=0.5)
    partners = match_classes(objects, answers, pairs, thresholds=OVERLAPS)
    counted = 0
    for one in judged.evalImgs[: num_classes * 4 * num_samples]:
        if one is None or one["aRng"] != [0, 1e10]:
            continue
        numbers = np.array(one["dtIds"], int) - 1
        # The reference numbers objects from 1, and 0 stands for none.
        assert (np.asarray(one["dtMatches"]) - 1 == partners[numbers].T).all()
        counted += len(numbers)
    assert counted == len(answers.scores)
    assert partners.min(initial=NO_PARTNER) == NO_PARTNER


def test_only_the_hundred_surest_answers_of_a_sample_and_class_count_for_areas() -> None:
    generator = np.random.default_rng(3)
    boxes = _boxes(generator, 150, 4000, 60)
    truth = evaluation.Truth([boxes], [np.zeros(150, int)], [np.zeros(150, bool)])
    answers = evaluation.Detections([boxes], [np.zeros(150, int)], [generator.random(150)])
    compare(*flat(truth, answers), 1)


def test_summary_of_real_pictures_equals_the_reference(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "bccd"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there")
    pack(folder, tmp_path / "cells")
    dataset = Dataset.open(tmp_path / "cells")
    columns = dataset.columns("boxes", "labels")
    boxes, class_ids = (np.split(each.values, each.offsets[1:-1]) for each in columns.values())
    generator = np.random.default_rng(1)
    found, said, scores = [], [], []
    for sample, labels in zip(boxes, class_ids, strict=True):
        kept = generator.random(len(sample)) < 0.9
        corners = sample[kept] + np.round(generator.normal(0, 6, (kept.sum(), 4)) * 4) / 4
        corners[:, 2:] = np.maximum(corners[:, 2:], corners[:, :2] + 1)
        found.append(corners.astype(np.float32))
        said.append(np.where(generator.random(kept.sum()) < 0.1, 0, labels[kept]))
        scores.append(generator.random(kept.sum()))
    report = evaluation.write_detection(
        tmp_path / "report",
        rows=np.arange(len(dataset)),
        truth=evaluation.Truth(boxes, class_ids),
        answers=evaluation.Detections(found, said, scores),
        classes=dataset.class_names,
    )
    opened = evaluation.open_detection(tmp_path / "report")
    judged = compare(opened.objects, opened.answers, len(dataset.class_names))
    names = ("map", "map50", "map75", "map_small", "map_medium", "map_large")
    assert [report["metrics"].get(name, -1) for name in names] == pytest.approx(judged.stats[:6])
    assert report["metrics"]["mar"] == pytest.approx(judged.stats[8])
    assert len(opened.objects.boxes) > 2000
