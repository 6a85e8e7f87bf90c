"""Samples of each kind as answers show them: objects, masks, landmarks, groups, predictions, tables and texts."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.fields import field
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.errors import Invalid, NotFound
from kpl.schemas.dataset import GroupsOut, SampleOut
from kpl.server.services import datasets
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.services.sample_answers import MOST_BOXES, MOST_TEXT
from kpl.server.services.sample_filters import SampleFilter
from kpl.testing.published import image_bytes, publish_dataset

SIDE = 20
BOX = [[2.0, 3.0, 12.0, 9.0]]


def write(
    folder: Path, kind: str, samples: list[dict[str, Any]], names: tuple[str, ...] = ("a", "b")
) -> Path:
    """A dataset of such samples; each has an image unless its kind has none."""
    has_image = kind not in ("tabular", "text")
    fields = (field("size", "float64"), field("colour", "string")) if kind == "tabular" else ()
    with DatasetWriter(folder, kind=kind, class_names=list(names), fields=fields) as writer:
        for number, sample in enumerate(samples):
            image: dict[str, Any] = {"image": image_bytes(number, size=SIDE)} if has_image else {}
            writer.add(f"{number}", **image, **sample)
    return folder


def publish(platform: Platform, folder: Path) -> str:
    publish_dataset(platform, folder, "made")
    return "made"


def sample(platform: Platform, name: str, row: int, predictions: str | None = None) -> SampleOut:
    return datasets.get_sample(platform, SERVER, "default", name, 1, row, predictions=predictions)


def listed(platform: Platform, name: str, predictions: str | None = None) -> list[SampleOut]:
    page = datasets.list_samples(
        platform,
        SERVER,
        "default",
        name,
        1,
        SampleFilter(),
        predictions=predictions,
        cursor=None,
        limit=200,
    )
    return page.items


def mask(
    platform: Platform, name: str, row: int, layer: str = "labels", size: int = 160
) -> NDArray[np.uint8]:
    data = datasets.get_sample_mask(platform, SERVER, "default", name, 1, row, layer=layer, size=size)
    return np.asarray(Image.open(io.BytesIO(data)))


def test_classes_of_pixels_come_as_a_small_picture(platform: Platform, tmp_path: Path) -> None:
    ids = np.zeros((SIDE, SIDE), np.uint8)
    ids[:, 10:] = 1
    ids[0] = 255
    folder = write(tmp_path / "set", "semantic_segmentation", [{"mask": encode_class_mask(ids)}])
    name = publish(platform, folder)
    assert listed(platform, name)[0].has_mask
    picture = mask(platform, name, 0)
    assert picture.shape == (SIDE, SIDE, 3)
    assert (picture[1:, :, 0] == ids[1:]).all()
    assert (picture[..., 2] == (ids != 255)).all()
    with pytest.raises(Invalid, match="Ask for one of 160, 400, 1200"):
        mask(platform, name, 0, size=161)
    with pytest.raises(NotFound, match="no layer 'other' of predictions"):
        mask(platform, name, 0, layer="other")


def test_large_mask_is_made_small_without_mixing_classes(platform: Platform, tmp_path: Path) -> None:
    ids = (np.indices((SIDE * 50, SIDE * 50)).sum(axis=0) % 2).astype(np.uint8) * 4
    with DatasetWriter(tmp_path / "set", kind="semantic_segmentation", class_names=list("abcde")) as writer:
        writer.add("0", image=image_bytes(1, size=SIDE * 50), mask=encode_class_mask(ids))
    name = publish(platform, tmp_path / "set")
    picture = mask(platform, name, 0)
    assert picture.shape == (160, 160, 3)
    assert set(np.unique(picture[..., 0])) <= {0, 4}


def test_class_ids_above_255_survive(platform: Platform, tmp_path: Path) -> None:
    names = tuple(f"c{number}" for number in range(600))
    ids = np.full((SIDE, SIDE), 599, np.uint16)
    folder = write(tmp_path / "set", "semantic_segmentation", [{"mask": encode_class_mask(ids)}], names)
    picture = mask(platform, publish(platform, folder), 0).astype(int)
    assert (picture[..., 0] + 256 * picture[..., 1] == 599).all()


def test_masks_of_objects_are_painted_smallest_on_top(platform: Platform, tmp_path: Path) -> None:
    runs = np.zeros((SIDE, SIDE), np.bool_)
    runs[5:8, 5:8] = True
    objects = {
        "boxes": [[5, 5, 8, 8], [1, 1, 15, 15]],
        "labels": [1, 0],
        "masks": [runs_segmentation(runs), [[1, 1, 15, 1, 15, 15, 1, 15]]],
    }
    name = publish(platform, write(tmp_path / "set", "instance_segmentation", [objects]))
    picture = mask(platform, name, 0)
    assert picture[6, 6].tolist() == [1, 0, 1]
    assert picture[2, 2].tolist() == [0, 0, 2]
    assert picture[18, 18].tolist() == [0, 0, 0]
    whole = sample(platform, name, 0)
    assert [box.outline for box in whole.boxes] == [
        [[5.0, 5.0, 8.0, 5.0, 8.0, 8.0, 5.0, 8.0]],
        [[1.0, 1.0, 15.0, 1.0, 15.0, 15.0, 1.0, 15.0]],
    ]
    assert listed(platform, name)[0].boxes[0].outline is None


def test_landmarks_go_with_their_face_and_gaps_stay_gaps(platform: Platform, tmp_path: Path) -> None:
    nan = float("nan")
    points = [[[3, 4], [6, 4], [5, 5], [nan, nan], [6, 7]], [[nan, nan]] * 5]
    faces = {"boxes": [*BOX, [0, 0, 3, 3]], "labels": [0, 0], "landmarks": points}
    name = publish(platform, write(tmp_path / "set", "face_detection", [faces], ("face",)))
    first, second = listed(platform, name)[0].boxes
    assert first.landmarks == [[3.0, 4.0], [6.0, 4.0], [5.0, 5.0], None, [6.0, 7.0]]
    assert second.landmarks is None


def test_list_shows_the_largest_boxes_and_counts_all(platform: Platform, tmp_path: Path) -> None:
    boxes = [[0, 0, 1 + number / 10, 2] for number in range(MOST_BOXES + 30)]
    name = publish(
        platform, write(tmp_path / "set", "detection", [{"boxes": boxes, "labels": [1] * len(boxes)}])
    )
    short = listed(platform, name)[0]
    assert (len(short.boxes), short.num_boxes) == (MOST_BOXES, MOST_BOXES + 30)
    assert short.boxes[0].x1 == 4.0
    assert len(sample(platform, name, 0).boxes) == MOST_BOXES + 30


def test_predictions_stand_beside_the_labels(platform: Platform, tmp_path: Path) -> None:
    made = write(tmp_path / "set", "detection", [{"boxes": BOX, "labels": [0]}, {"boxes": [], "labels": []}])
    layer = {
        "boxes": [np.array([[2, 3, 11, 9]], np.float32), np.zeros((0, 4), np.float32)],
        "labels": [np.array([1], np.int32), np.zeros(0, np.int32)],
        "scores": [np.array([0.75], np.float32), np.zeros(0, np.float32)],
    }
    Dataset.open(made).derive(tmp_path / "answered", layers={"yolo": layer})
    name = publish(platform, tmp_path / "answered")
    layers = datasets.list_layers(platform, SERVER, "default", name, 1).items
    assert {each.name: (each.role, each.answers) for each in layers} == {
        "samples": ("samples", []),
        "labels": ("labels", []),
        "yolo": ("predictions", ["boxes"]),
    }
    assert listed(platform, name)[0].predicted is None
    predicted = listed(platform, name, "yolo")[0].predicted
    assert predicted is not None
    assert predicted.boxes is not None
    assert [(box.label, box.score, box.x1) for box in predicted.boxes] == [("b", 0.75, 11.0)]
    with pytest.raises(NotFound, match="Did you mean 'yolo'"):
        listed(platform, name, "yol")


def test_masks_of_predictions_have_pictures_of_their_own(platform: Platform, tmp_path: Path) -> None:
    truth = encode_class_mask(np.zeros((SIDE, SIDE), np.uint8))
    answer = encode_class_mask(np.ones((SIDE, SIDE), np.uint8))
    made = write(tmp_path / "set", "semantic_segmentation", [{"mask": truth}])
    Dataset.open(made).derive(tmp_path / "answered", layers={"predictions": {"mask": [answer]}})
    name = publish(platform, tmp_path / "answered")
    predicted = sample(platform, name, 0).predicted
    assert predicted is not None
    assert predicted.has_mask
    assert (mask(platform, name, 0)[..., 0] == 0).all()
    assert (mask(platform, name, 0, layer="predictions")[..., 0] == 1).all()


def groups(platform: Platform, name: str, *, split: str | None = None, search: str = "") -> GroupsOut:
    pages: list[GroupsOut] = []
    cursor = None
    while not pages or cursor is not None:
        page = datasets.list_groups(
            platform, SERVER, "default", name, 1, split=split, search=search, cursor=cursor, limit=2
        )
        pages.append(page)
        cursor = page.next_cursor
    return pages[0].model_copy(update={"items": [item for page in pages for item in page.items]})


def test_groups_are_counted_paged_and_found_by_name(platform: Platform, tmp_path: Path) -> None:
    people = ("Ann", "Bo", "Cy", "Nobody")
    labels = [2, 0, 2, 1, 2, 0, -1]
    rows = [{"label": label, "split": "train" if row < 4 else "val"} for row, label in enumerate(labels)]
    name = publish(platform, write(tmp_path / "set", "face_recognition", rows, people))
    found = groups(platform, name)
    assert [(each.label, each.num_samples, each.rows) for each in found.items] == [
        ("Cy", 3, [0, 2, 4]),
        ("Ann", 2, [1, 5]),
        ("Bo", 1, [3]),
    ]
    assert (found.num_groups, found.num_samples) == (3, 6)
    assert [each.label for each in groups(platform, name, split="val").items] == ["Ann", "Cy"]
    assert [each.label for each in groups(platform, name, search="NN").items] == ["Ann"]
    assert groups(platform, name, search="nobody").num_groups == 0


def test_kinds_without_a_class_are_not_grouped(platform: Platform, tmp_path: Path) -> None:
    name = publish(platform, write(tmp_path / "set", "unlabelled", [{}]))
    with pytest.raises(Invalid, match="no class to group by"):
        groups(platform, name)


def test_long_text_is_cut_in_lists_alone(platform: Platform, tmp_path: Path) -> None:
    text = "word " * 500
    name = publish(platform, write(tmp_path / "set", "text", [{"text": text, "label": 0}]))
    short = listed(platform, name)[0]
    assert (short.text, short.has_image, short.label) == (text[:MOST_TEXT], False, "a")
    assert sample(platform, name, 0).text == text
    with pytest.raises(NotFound, match="have no image"):
        datasets.get_sample_image(platform, SERVER, "default", name, 1, 0, size=160)


def test_rows_of_a_table_are_values_that_json_can_hold(platform: Platform, tmp_path: Path) -> None:
    rows = [{"size": 1.5, "colour": "red", "label": 1}, {"size": float("nan"), "colour": "", "label": 0}]
    name = publish(platform, write(tmp_path / "set", "tabular", rows))
    first, second = listed(platform, name)
    assert (first.values, first.label) == ({"size": 1.5, "colour": "red"}, "b")
    assert second.values == {"size": None, "colour": ""}


def test_class_of_pixels_filters_samples(platform: Platform, tmp_path: Path) -> None:
    masks = [encode_class_mask(np.full((SIDE, SIDE), value, np.uint8)) for value in (0, 1, 0)]
    folder = write(tmp_path / "set", "semantic_segmentation", [{"mask": each} for each in masks])
    name = publish(platform, folder)
    page = datasets.list_samples(
        platform, SERVER, "default", name, 1, SampleFilter(label="a"), cursor=None, limit=10
    )
    assert [each.row for each in page.items] == [0, 2]
