"""Public datasets as they are found, traps and all."""

import re
import shutil
from pathlib import Path

import pytest

from kpl.dataset import Dataset
from kpl.dataset.convert import export, pack
from kpl.dataset.masks import decode_class_mask, decode_segmentation
from kpl.dataset.stats import summary


def _folder(real_data: Path, name: str) -> Path:
    folder = real_data / name
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there")
    return folder


def _again(dataset: Dataset, folder: Path, format_name: str) -> Dataset:
    export(dataset, folder / format_name, format=format_name)
    report = pack(
        folder / format_name, folder / f"{format_name} set", kind=str(dataset.kind), format=format_name
    )
    assert report.problems == ()
    return Dataset.open(folder / f"{format_name} set")


def test_nuclei_in_coco_keep_every_polygon(real_data: Path, tmp_path: Path) -> None:
    report = pack(_folder(real_data, "nuclei-coco"), tmp_path / "set")
    assert (report.format, report.kind, report.num_samples) == ("coco", "instance_segmentation", 200)
    assert report.splits == {"train": 160, "val": 40}
    assert report.problems == ()
    dataset = Dataset.open(tmp_path / "set")
    statistics = summary(dataset)
    assert [each["num_objects"] for each in statistics["classes"]] == [4983]
    assert _again(dataset, tmp_path, "coco").digest == dataset.digest
    for name in (
        "labelme",
        "cvat",
    ):  # which keep no boxes beside outlines; 93 here are not the smallest around them
        told = export(dataset, tmp_path / f"{name} told", format=name)
        assert told.dropped == {"boxes that are not those around the masks": 93}
        assert told.max_box_change == 12
    sample = dataset[0]
    for box, mask in zip(sample["boxes"].tolist(), sample["masks"], strict=True):
        pixels = decode_segmentation(mask, sample["height"], sample["width"])
        assert pixels.any()
        left, top, right, bottom = box
        assert pixels[int(top) : int(bottom) + 1, int(left) : int(right) + 1].sum() == pixels.sum()


def test_nuclei_of_one_png_each_survive(real_data: Path, tmp_path: Path) -> None:
    report = pack(_folder(real_data, "nuclei-masks-sample"), tmp_path / "set")
    assert (report.format, report.num_samples, report.num_problems) == ("object_masks", 16, 0)
    dataset = Dataset.open(tmp_path / "set")
    for name in ("object_masks", "labelme"):
        assert _again(dataset, tmp_path, name).digest == dataset.digest


def test_aerial_masks_are_read_by_the_colours_that_they_use(real_data: Path, tmp_path: Path) -> None:
    tiles = _folder(real_data, "dubai-aerial") / "Semantic segmentation dataset"
    for name in ("Tile 2", "Tile 3"):  # one with palettes, one with pixels of a colour that is in no list
        shutil.copytree(tiles / name, tmp_path / "source" / name)
    shutil.copy(tiles / "classes.json", tmp_path / "source")
    report = pack(tmp_path / "source", tmp_path / "set")
    assert (report.format, report.kind, report.num_samples) == ("masks", "semantic_segmentation", 18)
    assert report.class_names == ("#3C1098", "#6EC1E4", "#8429F6", "#E2A929", "#FEDD3A")
    reasons = "\n".join(map(str, report.problems))
    assert "#50E3C2 of 'Water' is in no mask" in reasons
    assert re.search(r"#000000 is not listed \([0-9.]+% of the pixels\); void", reasons)
    dataset = Dataset.open(tmp_path / "set")
    assert all(sample["mask"] is not None for sample in dataset)
    assert decode_class_mask(dataset[0]["mask"]).shape == (dataset[0]["height"], dataset[0]["width"])
    assert _again(dataset, tmp_path, "masks").digest == dataset.digest


def test_faces_of_orl_are_identities(real_data: Path, tmp_path: Path) -> None:
    report = pack(_folder(real_data, "orl-faces"), tmp_path / "set", kind="face_recognition")
    assert (report.num_samples, len(report.class_names), report.num_problems) == (400, 40, 0)
    assert report.ignored == ("SOURCE.md", "orl_faces/README")
    dataset = Dataset.open(tmp_path / "set")
    assert (dataset[0]["width"], dataset[0]["height"], dataset[0]["channels"]) == (92, 112, 1)
    assert summary(dataset)["identities"]["per_identity"] == {"min": 10, "median": 10, "mean": 10, "max": 10}
    assert _again(dataset, tmp_path, "identities").digest == dataset.digest


def test_intents_of_banking77_keep_quoted_line_breaks(real_data: Path, tmp_path: Path) -> None:
    report = pack(_folder(real_data, "banking77"), tmp_path / "set")
    assert (report.format, report.kind, report.num_samples) == ("csv", "text", 13083)
    assert report.splits == {"train": 10003, "test": 3080}
    assert len(report.class_names) == 77
    assert report.problems == ()
    dataset = Dataset.open(tmp_path / "set")
    assert any("\n" in text for text in dataset.columns("text"))
    for name in ("csv", "jsonl"):
        assert _again(dataset, tmp_path, name).digest == dataset.digest


def test_penguins_have_missing_values_and_another_table_beside(real_data: Path, tmp_path: Path) -> None:
    report = pack(_folder(real_data, "penguins"), tmp_path / "set")
    assert (report.kind, report.num_samples, report.class_names) == (
        "tabular",
        344,
        ("Adelie", "Chinstrap", "Gentoo"),
    )
    assert [(each.file, each.reason) for each in report.problems] == [
        ("penguins_raw.csv", "it has other columns than penguins.csv; left out")
    ]
    dataset = Dataset.open(tmp_path / "set")
    columns = {each["name"]: each for each in summary(dataset)["columns"]}
    assert columns["bill_length_mm"]["num_missing"] == 2
    assert columns["sex"]["num_missing"] == 11
    assert dataset.fields["year"].type == "int64"
    assert _again(dataset, tmp_path, "csv").digest == dataset.digest


def test_masked_faces_survive_as_coco(real_data: Path, tmp_path: Path) -> None:
    pack(_folder(real_data, "face-mask-voc"), tmp_path / "set", kind="face_detection")
    dataset = Dataset.open(tmp_path / "set")
    assert _again(dataset, tmp_path, "coco").digest == dataset.digest
