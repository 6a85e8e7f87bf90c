"""Faults put into datasets on purpose, each found and named."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.health import HealthReport, report
from kpl.dataset.masks import encode_class_mask

MakePng = Callable[..., bytes]


def _codes(found: HealthReport) -> dict[str, int]:
    return {each.code: each.num_found for each in found.findings}


def _undecodable() -> bytes:
    """A PNG with a good header whose pixels are no data."""
    chunk = b"IDAT" + b"nonsense"
    header = b"IHDR" + struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0)
    parts = [header, chunk, b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts
    )


def test_a_sound_dataset_is_healthy(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="classification", class_names=["a", "b"]) as writer:
        for i in range(8):
            writer.add(f"{i}", split="train" if i % 4 else "val", image=make_png(seed=i), label=i % 2)
    found = report(Dataset.open(tmp_path / "set"))
    assert found.findings == ()
    assert found.is_healthy
    assert found.num_decoded == 8


def test_faults_in_boxes_and_images_are_found(tmp_path: Path, make_png: MakePng) -> None:
    good = [[0, 0, 20, 20]]
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["cat", "dog", "cow"]) as writer:
        for i in range(30):
            writer.add(f"good {i}", split="train", image=make_png(32, 32, i), boxes=good, labels=[0])
        writer.add("leak", split="val", image=make_png(32, 32, 3), boxes=good, labels=[0])
        writer.add("again", split="train", image=make_png(32, 32, 7), boxes=good, labels=[0])
        writer.add("outside", split="train", image=make_png(32, 32, 50), boxes=[[20, 20, 40, 31]], labels=[1])
        writer.add("tiny", split="train", image=make_png(32, 32, 51), boxes=[[0, 0, 3, 3]], labels=[0])
        writer.add("twice", split="train", image=make_png(32, 32, 52), boxes=good * 2, labels=[0, 0])
        writer.add("nothing", split="train", image=make_png(32, 32, 53))
        writer.add("broken", split="train", image=_undecodable(), boxes=[[0, 0, 20, 20]], labels=[0])
    found = report(Dataset.open(tmp_path / "set"))
    assert _codes(found) == {
        "duplicates_across_splits": 2,
        "boxes_outside": 2,
        "unreadable_images": 1,
        "duplicates": 2,
        "tiny_objects": 1,
        "repeated_objects": 1,
        "unused_classes": 1,
        "imbalance": 1,
        "no_objects": 1,
    }
    named = {each.code: each.keys for each in found.findings}
    assert named["duplicates_across_splits"] == ("good 3", "leak")
    assert named["duplicates"] == ("good 7", "again")
    assert named["boxes_outside"] == ("outside", "broken")
    assert named["unreadable_images"] == ("broken",)
    assert not found.is_healthy
    assert json.loads(json.dumps(found.as_json()))["findings"][0]["severity"] == "error"


def test_only_as_many_images_are_decoded_as_asked(detection: Dataset) -> None:
    assert report(detection, max_decoded=3).num_decoded == 3
    assert report(detection, max_decoded=0).num_decoded == 0


def test_empty_masks_are_found(tmp_path: Path, make_png: MakePng) -> None:
    nothing = {"size": [16, 16], "counts": [256]}
    with DatasetWriter(tmp_path / "objects", kind="instance_segmentation", class_names=["a"]) as writer:
        writer.add(
            "x",
            image=make_png(16, 16),
            boxes=[[0, 0, 9, 9], [0, 1, 9, 9]],
            labels=[0, 0],
            masks=[nothing, None],
        )
    found = report(Dataset.open(tmp_path / "objects")).finding("empty_masks")
    assert found is not None
    assert (found.num_found, found.keys) == (2, ("x",))
    with DatasetWriter(tmp_path / "classes", kind="semantic_segmentation", class_names=["a"]) as writer:
        writer.add("void", image=make_png(seed=1), mask=encode_class_mask(np.full((3, 4), 255)))
        writer.add("none", image=make_png(seed=2))
        writer.add("good", image=make_png(seed=3), mask=encode_class_mask(np.zeros((3, 4))))
    found = report(Dataset.open(tmp_path / "classes")).finding("empty_masks")
    assert found is not None
    assert found.keys == ("void", "none")


def test_missing_and_contradicting_labels_are_found(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="face_recognition", class_names=["a", "b"]) as writer:
        for i, label in enumerate((0, 0, 1, -1)):
            writer.add(f"{i}", image=make_png(seed=i % 2), label=label)
    assert _codes(report(Dataset.open(tmp_path / "set"))) == {
        "duplicates": 4,
        "contradicting_labels": 4,
        "missing_labels": 1,
        "single_images": 1,
    }


def test_texts_and_tables_have_checks_of_their_own(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "texts", kind="text", class_names=["a"]) as writer:
        for number, text in enumerate(("hello", "", "hello")):
            writer.add(f"{number}", split="train" if number else "test", text=text, label=0)
    found = _codes(report(Dataset.open(tmp_path / "texts")))
    assert found == {"empty_texts": 1, "duplicates_across_splits": 2}
    fields = [field("size", "float64", is_optional=True)]
    with DatasetWriter(tmp_path / "table", kind="tabular", class_names=["a"], fields=fields) as writer:
        for number, value in enumerate((1.0, None, None)):
            writer.add(f"{number}", size=value, label=0)
    found = _codes(report(Dataset.open(tmp_path / "table")))
    assert found == {"sparse_columns": 1, "duplicates": 2}


def test_a_split_without_samples_and_an_unlabelled_set_are_told_apart(
    classification: Dataset, tmp_path: Path, make_png: MakePng
) -> None:
    derived = classification.derive(tmp_path / "derived", splits={"train": [0], "val": []})
    assert report(derived).finding("empty_split") is not None
    with DatasetWriter(tmp_path / "plain", kind="unlabelled") as writer:
        writer.add("x", image=make_png())
    assert report(Dataset.open(tmp_path / "plain")).is_healthy
