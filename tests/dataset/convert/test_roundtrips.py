"""Every format gives back what it was given: a dataset exported and imported, then exported and imported again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter, Kind, field
from kpl.dataset.convert import FORMATS, export, pack
from kpl.dataset.masks import encode_class_mask, runs_segmentation

SIDE = 16
Samples = list[dict[str, Any]]
NAMES = ("cat", "<dog> & \"'", "鸟")
few = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _image(seed: int) -> bytes:
    return encode_class_mask(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE)))


@st.composite
def _boxes(draw: st.DrawFn) -> list[list[float]]:
    edge = st.integers(0, SIDE * 8 - 2)
    boxes = []
    for _ in range(draw(st.integers(0, 3))):
        left, top = draw(edge), draw(edge)
        right, bottom = draw(st.integers(left + 1, SIDE * 8)), draw(st.integers(top + 1, SIDE * 8))
        boxes.append([left / 8, top / 8, right / 8, bottom / 8])
    return boxes


@st.composite
def _detections(draw: st.DrawFn) -> Samples:
    samples: Samples = []
    for _ in range(draw(st.integers(1, 4))):
        boxes = draw(_boxes())
        flags = st.lists(st.booleans(), min_size=len(boxes), max_size=len(boxes))
        labels = draw(st.lists(st.integers(0, 2), min_size=len(boxes), max_size=len(boxes)))
        samples.append({"boxes": boxes, "labels": labels, "difficult": draw(flags), "truncated": draw(flags)})
    return samples


@st.composite
def _instances(draw: st.DrawFn, runs: bool = True) -> Samples:
    samples: Samples = []
    corner = st.integers(0, SIDE * 8).map(lambda each: each / 8)
    for seed in range(draw(st.integers(1, 3))):
        masks: list[Any] = []
        for number in range(draw(st.integers(0, 3))):
            if runs and draw(st.booleans()):
                pixels = np.random.default_rng((seed, number)).random((SIDE, SIDE)) < 0.2
                pixels[number, seed] = True
                masks.append(runs_segmentation(pixels))
            else:
                parts = draw(st.integers(1, 2)) if runs else 1
                masks.append([[0.0, 0.0, 5.5, 0.0, draw(corner), 7.25 + part] for part in range(parts)])
        samples.append({"masks": masks, "labels": [number % 3 for number in range(len(masks))]})
    return samples


def _write(
    path: Path, kind: str, samples: Samples, *, names: tuple[str, ...] = NAMES, **more: Any
) -> Dataset:
    has_image = kind not in ("text", "tabular")
    with DatasetWriter(path, kind=kind, class_names=names, **more) as writer:
        for number, values in enumerate(samples):
            split = (("train",), ("val", "extra"), ())[number % 3]
            image = {"image": _image(number)} if has_image else {}
            writer.add(f"images/some folder/{number}.png", split=split, **image, **values)
    return Dataset.open(path)


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return repr(value.tolist()) if isinstance(value, np.ndarray) else value


def _content(dataset: Dataset, *left_out: str) -> list[dict[str, Any]]:
    rows = [{name: _plain(sample[name]) for name in sample if name not in left_out} for sample in dataset]
    return sorted(rows, key=lambda row: str(row.get("key", row)))


def _round_trip(before: Dataset, folder: Path, format_name: str) -> tuple[Dataset, Dataset]:
    """The dataset after one and after two exports and imports."""
    made = []
    dataset = before
    for turn in ("once", "twice"):
        export(dataset, folder / turn, format=format_name)
        report = pack(folder / turn, folder / f"{turn} set", format=format_name, kind=str(before.kind))
        assert report.problems == ()
        dataset = Dataset.open(folder / f"{turn} set")
        made.append(dataset)
    return made[0], made[1]


@pytest.mark.parametrize("format_name", ["coco", "labelme", "cvat", "voc"])
@given(samples=_detections())
@few
def test_detections_survive(
    format_name: str, samples: Samples, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "detection", samples)
    once, twice = _round_trip(before, folder, format_name)
    assert once.digest == twice.digest
    if format_name == "voc":  # which has class names by use, and keys of its own
        assert _content(once, "key", "labels") == _content(before, "key", "labels")
    else:
        assert _content(once) == _content(before)
        assert once.class_names == before.class_names
    if format_name != "labelme":
        assert once.splits == {name: count for name, count in before.splits.items() if count}


@given(samples=_detections())
@few
def test_yolo_boxes_survive(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "detection", samples)
    once, twice = _round_trip(before, folder, "yolo")
    assert once.digest == twice.digest
    assert _content(once, "difficult", "truncated") == _content(before, "difficult", "truncated")
    assert once.splits == before.splits


@pytest.mark.parametrize("format_name", ["coco", "labelme", "cvat"])
@given(samples=_instances())
@few
def test_instances_survive(
    format_name: str, samples: Samples, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "instance_segmentation", samples)
    once, twice = _round_trip(before, folder, format_name)
    assert once.digest == twice.digest
    assert _content(once) == _content(before)


@pytest.mark.parametrize("format_name", ["coco", "labelme", "cvat", "yolo", "object_masks"])
@given(samples=_instances(), data=st.data())
@few
def test_boxes_beside_masks_survive_or_are_counted(
    format_name: str, samples: Samples, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    edge = st.integers(0, SIDE * 8 - 1).map(lambda each: each / 8)
    for values in samples:
        corners = [data.draw(st.tuples(edge, edge)) for _ in values["masks"]]
        values["boxes"] = [[left, top, SIDE, SIDE] for left, top in corners]
    before = _write(folder / "set", "instance_segmentation", samples)
    report = export(before, folder / "out", format=format_name)
    pack(folder / "out", folder / "back", format=format_name, kind="instance_segmentation")
    boxes = [
        {bytes(sample["image"]): sample["boxes"] for sample in each}
        for each in (before, Dataset.open(folder / "back"))
    ]
    changes = [np.abs(given - boxes[1][image]).max(axis=1) for image, given in boxes[0].items() if len(given)]
    changed = np.concatenate(changes) if changes else np.zeros(0)
    assert report.dropped.get("boxes that are not those around the masks", 0) == (changed > 0).sum()
    assert report.max_box_change == changed.max(initial=0)
    assert format_name != "coco" or not changed.any()


@pytest.mark.parametrize("format_name", ["labelme", "cvat", "yolo"])
def test_a_mask_without_pixels_leaves_its_box(format_name: str, tmp_path: Path) -> None:
    flat = [[1.0, 2.0, 5.0, 2.0, 9.0, 2.0]]
    samples: Samples = [{"masks": [flat], "boxes": [[1, 2, 9, 3]], "labels": [0]}]
    before = _write(tmp_path / "set", "instance_segmentation", samples)
    report = export(before, tmp_path / "out", format=format_name)
    assert report.dropped == {"masks without pixels (their boxes are kept)": 1}
    pack(tmp_path / "out", tmp_path / "back", format=format_name, kind="instance_segmentation")
    assert Dataset.open(tmp_path / "back")[0]["boxes"].tolist() == [[1, 2, 9, 3]]


@given(samples=_instances(runs=False))
@few
def test_yolo_polygons_survive(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "instance_segmentation", samples)
    once, twice = _round_trip(before, folder, "yolo")
    assert once.digest == twice.digest
    assert _content(once) == _content(before)


@given(samples=_instances())
@few
def test_pixels_of_objects_survive_as_one_png_each(
    samples: Samples, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "instance_segmentation", samples)
    once, twice = _round_trip(before, folder, "object_masks")
    assert once.digest == twice.digest
    assert once.splits == before.splits


@given(seed=st.integers(0, 1000), num_samples=st.integers(1, 4))
@few
def test_class_masks_survive(seed: int, num_samples: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("round")
    values = np.array([0, 1, 2, 255], np.uint8)
    masks = np.random.default_rng(seed).integers(0, 4, (num_samples, SIDE, SIDE))
    before = _write(
        folder / "set", "semantic_segmentation", [{"mask": encode_class_mask(values[m])} for m in masks]
    )
    once, twice = _round_trip(before, folder, "masks")
    assert once.digest == twice.digest == before.digest


@pytest.mark.parametrize("has_landmarks", [False, True])
def test_faces_survive(has_landmarks: bool, tmp_path: Path) -> None:
    samples: Samples = [{}]
    for number in range(4):
        boxes = [[k, 1.5, k + 4.25, 9] for k in range(number)]
        samples.append({"boxes": boxes, "labels": [0] * number})
        if has_landmarks:
            points = np.random.default_rng(number).random((number, 5, 2)).astype(np.float32)
            points[number // 2 :, 1] = np.nan
            samples[-1]["landmarks"] = points
        elif number:
            samples[-1]["attributes"] = [{"blur": 2, "invalid": 1}, *[None] * (number - 1)]
    before = _write(tmp_path / "set", "face_detection", samples, names=("face",))
    once, twice = _round_trip(before, tmp_path / "wider", "wider_face")
    assert once.digest == twice.digest
    left_out = ("landmarks",) if has_landmarks else ()
    assert _content(once, *left_out) == _content(before, *left_out)
    if has_landmarks:
        for one, other in zip(before, once, strict=True):
            given = one["landmarks"]
            if given is not None and np.isfinite(given).any():
                assert np.array_equal(other["landmarks"], given, equal_nan=True)
    once, twice = _round_trip(before, tmp_path / "coco", "coco")
    assert once.digest == twice.digest
    assert [sample["boxes"].tolist() for sample in once] == [sample["boxes"].tolist() for sample in before]


@pytest.mark.parametrize(
    ("kind", "format_name"),
    [
        ("classification", "imagefolder"),
        ("face_recognition", "identities"),
        ("face_recognition", "imagefolder"),
    ],
)
def test_folders_of_classes_survive(kind: str, format_name: str, tmp_path: Path) -> None:
    samples = [{"label": number % 3} for number in range(9)]
    before = _write(tmp_path / "set", kind, samples, names=("a", "b c", "鸟"))
    once, twice = _round_trip(before, tmp_path, format_name)
    assert once.digest == twice.digest
    assert _content(once, "key") == _content(before, "key")


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)


@pytest.mark.parametrize("format_name", ["csv", "jsonl"])
@given(rows=st.lists(st.tuples(texts, st.integers(-1, 2)), min_size=1, max_size=6))
@few
def test_texts_survive(
    format_name: str, rows: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    before = _write(folder / "set", "text", [{"text": text, "label": label} for text, label in rows])
    once, twice = _round_trip(before, folder, format_name)
    assert once.digest == twice.digest == before.digest


@pytest.mark.parametrize("format_name", ["csv", "jsonl"])
def test_tables_survive(format_name: str, tmp_path: Path) -> None:
    fields = [
        field("n", "int64"),
        field("x", "float64", is_optional=True),
        field("code", "string", is_optional=True),
    ]
    rows = [(1, 0.1, "007"), (-(2**62), None, 'a "b", c\nd'), (0, 1e-300, None)]
    samples = [{"n": n, "x": x, "code": code, "label": i} for i, (n, x, code) in enumerate(rows)]
    before = _write(tmp_path / "set", "tabular", samples, fields=fields)
    once, twice = _round_trip(before, tmp_path, format_name)
    assert once.digest == twice.digest == before.digest


def test_every_kind_has_a_format_and_every_format_is_tried_here() -> None:
    kinds = {kind for each in FORMATS.values() for kind in each.kinds}
    assert kinds == set(Kind)


def test_what_a_format_cannot_hold_is_counted(tmp_path: Path) -> None:
    pixels = np.eye(SIDE, dtype=np.bool_)
    samples: Samples = [{"masks": [runs_segmentation(pixels)], "labels": [1], "crowd": [True]}]
    report = export(
        _write(tmp_path / "set", "instance_segmentation", samples), tmp_path / "out", format="yolo"
    )
    assert report.dropped == {
        "masks of several polygons or of runs (their boxes are kept)": 1,
        "the flag 'crowd'": 1,
    }


def test_keys_that_cannot_be_paths_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["a"]) as writer:
        for number, key in enumerate(
            ("../../evil.png", "/etc/evil.png", "no suffix", "a.png", "a.png/b.png", ".h/x.png")
        ):
            writer.add(key, image=_image(number))
    report = export(Dataset.open(tmp_path / "set"), tmp_path / "deep" / "out", format="coco")
    assert report.num_samples == 6
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert sum(path.is_file() for path in (tmp_path / "deep" / "out").rglob("*.png")) == 6
