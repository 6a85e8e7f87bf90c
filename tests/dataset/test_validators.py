"""Each kind refuses labels that are none, and completes those that say enough."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import BadSample, Dataset, DatasetWriter, Kind, field
from kpl.dataset.kinds import TEMPLATES
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.dataset.stats import summary

MakePng = Callable[..., bytes]
SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]]


def _write(
    path: Path, kind: str, class_names: list[str], samples: list[dict[str, Any]], **more: Any
) -> Dataset:
    with DatasetWriter(path, kind=kind, class_names=class_names, **more) as writer:
        for number, values in enumerate(samples):
            writer.add(f"{number}", split="train", **values)
    return Dataset.open(path)


def test_every_kind_has_a_template_with_known_fields() -> None:
    assert set(TEMPLATES) == set(Kind)
    for template in TEMPLATES.values():
        names = [each.name for each in (*template.samples, *template.labels)]
        assert len(set(names)) == len(names)
        assert set(template.objects) <= {each.name for each in template.labels}


def test_instances_have_boxes_of_their_masks(tmp_path: Path, make_png: MakePng) -> None:
    pixels = np.zeros((3, 4), np.bool_)
    pixels[1:, 2] = True
    values = {"image": make_png(), "masks": [SQUARE, runs_segmentation(pixels)], "labels": [0, 1]}
    nothing: dict[str, Any] = {"image": make_png()}
    dataset = _write(tmp_path / "set", "instance_segmentation", ["a", "b"], [values, nothing])
    assert dataset[0]["boxes"].tolist() == [[1, 1, 3, 3], [2, 1, 3, 3]]
    assert dataset[0]["crowd"].tolist() == [False, False]
    assert dataset[0]["attributes"] is None
    assert dataset[1]["masks"] == []
    masks = summary(dataset)["masks"]
    assert (masks["num_masks"], masks["num_runs"], masks["area_pixels"]["max"]) == (2, 1, 4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"masks": [SQUARE], "labels": []}, "1 boxes, but 0 entries in 'labels'"),
        ({"masks": [[[1, 2]]], "labels": [0]}, "object 0: a polygon has 2 numbers"),
        ({"masks": [{"size": [3, 4], "counts": [3]}], "labels": [0]}, "add up to 3"),
        ({"masks": [{"size": [3, 4], "counts": [12]}], "labels": [0]}, "its mask has no pixels"),
        ({"masks": [SQUARE], "labels": [9]}, "class 9"),
        ({"boxes": [[0, 0, 1, 1]], "masks": [SQUARE, SQUARE], "labels": [0]}, "2 entries|entries in 'masks'"),
    ],
)
def test_wrong_instances_are_refused(
    tmp_path: Path, make_png: MakePng, values: dict[str, Any], message: str
) -> None:
    with (
        pytest.raises(BadSample, match=message),
        DatasetWriter(tmp_path / "set", kind="instance_segmentation", class_names=["a"]) as writer,
    ):
        writer.add("x", image=make_png(), **values)


def test_class_masks_are_counted(tmp_path: Path, make_png: MakePng) -> None:
    ids = np.array([[0, 0, 1, 255], [0, 0, 1, 255], [2, 2, 2, 2]])
    samples: list[dict[str, Any]] = [
        {"image": make_png(), "mask": encode_class_mask(ids)},
        {"image": make_png()},
    ]
    dataset = _write(tmp_path / "set", "semantic_segmentation", ["x", "y", "z"], samples)
    assert dataset[0]["classes"].tolist() == [0, 1, 2]
    assert dataset[0]["pixels"].tolist() == [4, 2, 4]
    assert dataset[1]["mask"] is None
    result = summary(dataset)
    assert [(each["name"], each["num_pixels"]) for each in result["classes"]] == [
        ("x", 4),
        ("y", 2),
        ("z", 4),
    ]
    assert result["num_unlabelled"] == 1


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (b"no png", "not an image"),
        (encode_class_mask(np.zeros((2, 2))), "the mask has 2 x 2 pixels, the image 4 x 3"),
        (encode_class_mask(np.full((3, 4), 7)), "class 7 in the mask"),
    ],
)
def test_wrong_class_masks_are_refused(tmp_path: Path, make_png: MakePng, mask: bytes, message: str) -> None:
    with (
        pytest.raises(BadSample, match=message),
        DatasetWriter(tmp_path / "set", kind="semantic_segmentation", class_names=["a"]) as writer,
    ):
        writer.add("x", image=make_png(), mask=mask)


def test_faces_may_have_landmarks(tmp_path: Path, make_png: MakePng) -> None:
    points = np.arange(20, dtype=np.float32).reshape(2, 5, 2)
    points[1] = np.nan
    box = [0, 0, 2, 2]
    samples: list[dict[str, Any]] = [
        {"image": make_png(), "boxes": [box, box], "labels": [0, 0], "landmarks": points},
        {"image": make_png(), "boxes": [box], "labels": [0]},
    ]
    dataset = _write(tmp_path / "set", "face_detection", ["face"], samples)
    assert np.array_equal(dataset[0]["landmarks"], points, equal_nan=True)
    assert dataset[1]["landmarks"] is None
    assert summary(dataset)["landmarks"] == {"num_faces": 1}


def test_identities_texts_and_tables_are_summed_up(tmp_path: Path, make_png: MakePng) -> None:
    faces: list[dict[str, Any]] = [{"image": make_png(seed=i), "label": i // 2} for i in range(5)]
    found = summary(_write(tmp_path / "faces", "face_recognition", ["a", "b", "c"], faces))
    assert found["identities"]["num_identities"] == 3
    assert found["identities"]["per_identity"]["max"] == 2
    texts: list[dict[str, Any]] = [{"text": "two words", "label": 0}, {"text": " ", "label": -1}]
    found = summary(_write(tmp_path / "texts", "text", ["a"], texts))
    assert found["text"]["num_empty"] == 1
    assert found["text"]["words"]["max"] == 2
    rows: list[dict[str, Any]] = [
        {"size": 1.5, "colour": "red", "label": 0},
        {"size": None, "colour": "red", "label": 0},
    ]
    fields = [field("size", "float64", is_optional=True), field("colour", "string")]
    found = summary(_write(tmp_path / "table", "tabular", ["a"], rows, fields=fields))
    assert [each["num_missing"] for each in found["columns"]] == [1, 0]
    assert found["columns"][0]["range"]["max"] == 1.5
    assert found["columns"][1]["values"] == {"red": 2}
