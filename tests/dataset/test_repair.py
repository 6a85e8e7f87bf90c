"""Damage of every kind of file, and what comes back of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.repair import repair
from kpl.dataset.verify import verify
from kpl.dataset.versions import correct, remove
from kpl.errors import KPLError

MakePng = Callable[..., bytes]


def _flip(file: Path, position: int) -> None:
    data = bytearray(file.read_bytes())
    data[position] ^= 255
    file.write_bytes(data)


def test_a_whole_dataset_is_left_alone(detection: Dataset) -> None:
    report = repair(detection.path)
    assert report == (1, (), ())


def test_an_interrupted_writer_is_finished(tmp_path: Path, make_png: MakePng) -> None:
    writer = DatasetWriter(tmp_path / "set", kind="classification", class_names=["a"], block_bytes=1)
    for i in range(5):
        writer.add(f"{i}", split="train", image=make_png(seed=i), label=0)
    writer.close()
    report = repair(tmp_path / "set")
    assert report.version == 1
    assert "5 samples kept" in report.actions[0]
    assert Dataset.open(tmp_path / "set").splits == {"train": 5}
    writer = DatasetWriter(tmp_path / "set", kind="classification", class_names=["a"], append=True)
    writer.add("more", image=make_png(seed=9), label=0)
    writer.close()
    assert repair(tmp_path / "set").version == 2
    assert len(Dataset.open(tmp_path / "set")) == 6


def test_a_damaged_image_costs_its_sample_alone(detection: Dataset) -> None:
    sample = detection[7]
    segment = detection.snapshot.segment_of(7)
    shard = detection.snapshot.manifest.layers[0].shards[segment]
    file = detection.path / "data" / "samples" / f"{shard.id}.kpl"
    position = file.read_bytes().find(bytes(sample["image"]))
    _flip(file, position + 20)
    report = repair(detection.path)
    assert report.lost == (sample.key,)
    assert verify(detection.path).is_whole
    left = Dataset.open(detection.path)
    assert len(left) == 11
    assert [s.key for s in left] == [s.key for s in detection if s.row != 7]
    assert all(bytes(one["image"]) for one in left)


def test_a_missing_shard_of_images_costs_its_samples(detection: Dataset) -> None:
    shards = detection.snapshot.manifest.layers[0].shards
    (detection.path / "data" / "samples" / f"{shards[1].id}.kpl").unlink()
    report = repair(detection.path)
    assert len(report.lost) == shards[1].rows
    assert verify(detection.path).is_whole
    assert len(Dataset.open(detection.path)) == 12 - shards[1].rows


def test_a_missing_shard_of_labels_comes_back_from_the_index(detection: Dataset) -> None:
    boxes = detection.columns("boxes").values.copy()
    for file in (detection.path / "data" / "labels").iterdir():
        file.unlink()
    report = repair(detection.path)
    assert report.lost == ()
    assert report.version == 1
    assert verify(detection.path).is_whole
    assert np.array_equal(Dataset.open(detection.path).columns("boxes").values, boxes)


def test_a_damaged_index_is_made_anew(detection: Dataset) -> None:
    correct(detection.path, {"folder 1/1.png": {"labels": [1]}})
    newest = remove(detection.path, ["folder 0/0.png"])
    index = sorted((detection.path / "index").iterdir())[-1]
    _flip(index, len(index.read_bytes()) - 40)
    with pytest.raises(KPLError):
        _ = Dataset.open(detection.path)[0].key
    report = repair(detection.path)
    assert report.lost == ()
    again = Dataset.open(detection.path)
    assert verify(detection.path).is_whole
    assert again.digest == newest.digest
    assert again.splits == newest.splits


def test_a_damaged_manifest_gives_way_to_the_version_before(detection: Dataset) -> None:
    remove(detection.path, ["folder 0/0.png"])
    _flip(detection.path / "manifest" / "00000002.kpm", 200)
    report = repair(detection.path)
    assert report.version == 1
    assert "version 2 is lost" in report.actions[0]
    assert len(Dataset.open(detection.path)) == 12
    _flip(detection.path / "manifest" / "00000001.kpm", 200)
    with pytest.raises(KPLError):
        repair(detection.path)
