"""The guide's table of what each layout keeps is what exporting and importing really do."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, Kind, field
from kpl.dataset.convert import FORMATS, ExportReport, export, pack
from kpl.dataset.masks import decode_class_mask, decode_segmentation, encode_class_mask, runs_segmentation

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "datasets.md"
SIDE = 16
CLASS_NAMES = ("zebra", "cat", "unused", "dog")  # in no order that sorting or counting would give
NUM_SAMPLES = 4
# of one object, by the word for their type
ATTRIBUTES = [[{"numbers": 2, "texts": "red", "flags": True}]]
Values = dict[str, Any]
Samples = list[Values]
Look = Callable[[Values], Any]


def _objects(**more: Any) -> Samples:
    """One object in each sample, of the classes 1 and 3."""
    return [
        {"boxes": [[1.5, 2.0, 9.25, 11.0 + number]], "labels": [(1, 3, 1, 3)[number]], **more}
        for number in range(NUM_SAMPLES)
    ]


def _with_masks(mask: Any) -> Samples:
    return [{**each, "masks": [mask], "crowd": [True]} for each in _objects()]


_FLAGS = {"difficult": [True], "truncated": [True], "attributes": ATTRIBUTES[0]}
_LABELS: Samples = [{"label": label} for label in (1, 3, 1, 3)]
_POLYGON = _with_masks([[1.0, 1.0, 9.0, 1.0, 9.0, 8.5]])
_RUNS = _with_masks(runs_segmentation(np.eye(SIDE, dtype=np.bool_)))
_CLASS_MASK = encode_class_mask(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 4)
# what is written of each kind; of one with several entries each holds what another cannot
PROBES: dict[Kind, tuple[Samples, ...]] = {
    Kind.UNLABELLED: ([{}] * NUM_SAMPLES,),
    Kind.CLASSIFICATION: (_LABELS,),
    Kind.DETECTION: (_objects(**_FLAGS),),
    Kind.SEMANTIC_SEGMENTATION: ([{"mask": _CLASS_MASK}] * NUM_SAMPLES,),
    Kind.INSTANCE_SEGMENTATION: (_POLYGON, _RUNS),
    Kind.FACE_DETECTION: (
        _objects(landmarks=np.arange(10, dtype=np.float32).reshape(1, 5, 2)),
        _objects(**_FLAGS),
    ),
    Kind.FACE_RECOGNITION: (_LABELS,),
    Kind.TABULAR: (_LABELS,),
    Kind.TEXT: ([{"text": f"text {number}", **each} for number, each in enumerate(_LABELS)],),
    Kind.CUSTOM: ([{}] * NUM_SAMPLES,),
}


class Trip(NamedTuple):
    """A dataset, and what came back of it."""

    before: Dataset
    after: Dataset
    report: ExportReport


def _write(path: Path, kind: Kind, samples: Samples) -> Dataset:
    has_image = kind not in (Kind.TEXT, Kind.TABULAR, Kind.CUSTOM)
    extra = field("weather", "string")
    with DatasetWriter(path, kind=kind, class_names=CLASS_NAMES, fields=[extra]) as writer:
        for number, values in enumerate(samples):
            image = {"image": encode_class_mask(np.full((SIDE, SIDE), number))} if has_image else {}
            split = (("train",), ("test",), ("val",), ())[number]
            writer.add(f"some folder/{number}.png", split=split, weather=f"rain {number}", **image, **values)
    answers = {"predictions": {"score": [0.5] * len(samples)}}
    return Dataset.open(path).derive(path.with_name("answered"), layers=answers)


def _trips(folder: Path, format_name: str, kind: Kind) -> Iterator[Trip]:
    for number, samples in enumerate(PROBES[kind]):
        place = folder / f"{kind} {number}"
        before = _write(place / "set", kind, samples)
        report = export(before, place / "out", format=format_name)
        imported = pack(place / "out", place / "back", format=format_name, kind=str(kind))
        assert imported.problems == ()
        yield Trip(before, Dataset.open(place / "back"), report)


def _by_number(dataset: Dataset) -> dict[int, Values]:
    """The samples by the number that they were written with, which their images show."""
    by_number = {}
    for sample in dataset:
        splits = {name for name, rows in dataset.split_rows().items() if sample.row in rows}
        values = {**sample.fields, "splits": splits, "class_names": dataset.class_names}
        has_image = "image" in values
        number = decode_class_mask(sample["image"])[0, 0] if has_image else sample.key.partition("/")[2][0]
        by_number[int(number)] = values
    return by_number


def _of_field(*names: str) -> Look:
    def look(sample: Values) -> Any:
        values = [sample[name] for name in names if sample.get(name) is not None]
        return [each.tolist() if isinstance(each, np.ndarray) else each for each in values]

    return look


def _flags(*names: str) -> Look:
    def look(sample: Values) -> Any:
        flags = [flag for name in names for flag in sample.get(name, [])]
        return flags if any(flags) else []

    return look


def _class_names(sample: Values) -> Any:
    labels: Any = [sample["label"]] if "label" in sample else sample.get("labels", sample.get("classes", []))
    return [sample["class_names"][label] for label in labels]


# the columns of the table: what is looked at in each sample, empty where it has no such thing
COLUMNS: dict[str, Look] = {
    "keys": _of_field("key"),
    "image bytes": _of_field("image"),
    "splits": lambda sample: sample["splits"],
    "class names": _class_names,
    "class ids": lambda sample: sample["class_names"] if _class_names(sample) else (),
    "boxes": lambda sample: [] if "masks" in sample else _of_field("boxes")(sample),
    "boxes beside masks": lambda sample: _of_field("boxes")(sample) if "masks" in sample else [],
    "polygons": lambda sample: sample.get("masks"),
    "runs": lambda sample: sample.get("masks"),
    "class masks": _of_field("mask"),
    "landmarks": _of_field("landmarks"),
    "difficult, truncated": _flags("difficult", "truncated"),
    "crowd": _flags("crowd"),
    "attributes": _of_field("attributes"),
    "own fields": _of_field("weather", "text"),
    "other layers": _of_field("predictions.score"),
}
MASKS = {"polygons": list, "runs": dict}


def _cell(before: Any, after: Any) -> str:
    """What became of something that there was."""
    if after == before:
        return "yes"
    if before == ATTRIBUTES:
        return " and ".join((after[0][0] or {}) if after else ()) or "no"
    if isinstance(after, list) and after and isinstance(after[0], dict):  # a mask as runs instead of polygons
        given, found = (decode_segmentation(each[0], SIDE, SIDE) for each in (before, after))
        return "pixels" if np.array_equal(given, found) else "no"
    return "no"


@cache
def _rows_of_the_guide() -> dict[str, dict[str, str]]:
    """The cells of the table, by format and column."""
    text = GUIDE.read_text(encoding="utf-8").partition("### What each layout keeps")[2]
    lines = re.findall(r"^\|(.*)\|$", text.partition("\n#")[0], re.M)
    header, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert header[1:] == list(COLUMNS)
    return {row[0].strip("`"): dict(zip(header[1:], row[1:], strict=True)) for row in rows}


def test_the_table_of_the_guide_has_every_format() -> None:
    assert _rows_of_the_guide().keys() == FORMATS.keys()


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_a_layout_keeps_what_the_guide_says(format_name: str, tmp_path: Path) -> None:
    if format_name == "parquet":
        pytest.importorskip("pyarrow")
    if format_name == "tfrecord":
        pytest.importorskip("google_crc32c")
    assert _found(format_name, tmp_path) == _rows_of_the_guide()[format_name]


def _found(format_name: str, folder: Path) -> dict[str, str]:
    """The row of the table as it follows from exports and imports."""
    cells: dict[str, set[str]] = {column: set() for column in COLUMNS}
    for kind in FORMATS[format_name].kinds:
        for trip in _trips(folder, format_name, kind):
            before, after = _by_number(trip.before), _by_number(trip.after)
            assert before.keys() == after.keys()
            for column, look in COLUMNS.items():
                for number, sample in before.items():
                    given = look(sample)
                    if given and (column not in MASKS or isinstance(given[0], MASKS[column])):
                        cells[column].add(_cell(given, look(after[number])))
            if "no" in cells["own fields"]:
                assert trip.report.dropped["fields that the kind does not have"] == 1
            assert trip.report.dropped["layers beside samples and labels"] == 1
            look = COLUMNS["boxes beside masks"]
            changed = trip.report.dropped.get("boxes that are not those around the masks", 0)
            assert changed == sum(look(each) != look(after[number]) for number, each in before.items())
    return {column: " / ".join(sorted(found)) for column, found in cells.items()}
