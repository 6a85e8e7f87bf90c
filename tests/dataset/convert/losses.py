"""What each layout loses of each kind: found out by exporting and importing a dataset that has everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kpl.dataset import Dataset, DatasetWriter, Kind, Sample, field
from kpl.dataset.convert import export, pack
from kpl.dataset.kinds import TEMPLATES
from kpl.dataset.masks import encode_class_mask, runs_segmentation

SIDE = 16
_NAMES = ("bird", "unused", "cat")
_DERIVED = {"width", "height", "channels", "classes", "pixels"}
_EXTRA = (field("note", "string"), field("weight", "float64"))

_BOXES = {"boxes": [[1, 2, 9.5, 10], [0, 0, 4, 4.25]], "labels": [2, 0]}
_FLAGS = {"difficult": [True, False], "truncated": [False, True]}
_ATTRIBUTES = {"attributes": [{"colour": "red", "blur": 2}, None]}
_POINTS = np.arange(20, dtype=np.float32).reshape(2, 5, 2)
_PIXELS = np.tri(SIDE, dtype=np.bool_)
_LABELS: dict[Kind, dict[str, Any]] = {
    Kind.UNLABELLED: {},
    Kind.CLASSIFICATION: {"label": 2},
    Kind.DETECTION: _BOXES | _FLAGS | _ATTRIBUTES,
    Kind.SEMANTIC_SEGMENTATION: {"mask": encode_class_mask(np.where(_PIXELS, 2, 255))},
    Kind.INSTANCE_SEGMENTATION: {
        "masks": [[[0.5, 0.0, 8.0, 0.0, 3.25, 7.0]], runs_segmentation(_PIXELS)],
        "labels": [2, 0],
        "crowd": [False, True],
    }
    | _ATTRIBUTES,
    Kind.FACE_DETECTION: _BOXES | {"labels": [0, 0], "landmarks": _POINTS} | _FLAGS | _ATTRIBUTES,
    Kind.FACE_RECOGNITION: {"label": 2},
    Kind.TABULAR: {"label": 2},
    Kind.TEXT: {"text": 'two\nlines, "quoted"', "label": 2},
    Kind.CUSTOM: {},
}


def rich(path: Path, kind: Kind) -> Dataset:
    """A dataset of a kind that has whatever it can: splits of any names, extra fields, a class that nothing is of."""
    names = () if kind in (Kind.UNLABELLED, Kind.CUSTOM) else _NAMES
    with DatasetWriter(path, kind=str(kind), class_names=names, fields=_EXTRA) as writer:
        for number, splits in enumerate((("train",), ("val", "nightly"), ())):
            image = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE))
            has_image = any(each.name == "image" for each in TEMPLATES[kind].samples)
            pixels = {"image": encode_class_mask(image)} if has_image else {}
            extra = {"note": f"note {number}", "weight": number / 3}
            writer.add(f"shelf/{number} é.png", split=splits, **pixels, **_LABELS[kind], **extra)
    answers = {"predictions": {"score": [0.5] * 3}}
    return Dataset.open(path).derive(path.with_name("answered"), layers=answers)


class Losses(NamedTuple):
    """What is not the same after an export and an import, and what the export said of it.

    Attributes:
        names: of fields, `splits` and `class_names`.
        told: as in the report of the export.
    """

    names: tuple[str, ...]
    told: dict[str, int]


def losses(folder: Path, format_name: str, kind: Kind) -> Losses:
    """Export a dataset that has everything, import it again and compare."""
    before = rich(folder / "set", kind)
    told = export(before, folder / "out", format=format_name).dropped
    report = pack(folder / "out", folder / "again", format=format_name, kind=str(kind))
    assert report.problems == (), (format_name, kind)
    after = Dataset.open(folder / "again")
    assert len(after) == len(before), (format_name, kind)
    return Losses(tuple(_differences(before, after)), told)


def _differences(before: Dataset, after: Dataset) -> Iterator[str]:
    order = _aligned(before, after)
    for name in before.fields:
        if name in _DERIVED:
            continue
        is_there = name in after.fields
        if not is_there or any(
            _said(before, one, name) != _said(after, after[place], name)
            for one, place in zip(before, order, strict=True)
        ):
            yield name
    if _splits(before, range(len(before))) != _splits(after, order):
        yield "splits"
    if before.class_names != after.class_names:
        yield "class_names"


def _aligned(before: Dataset, after: Dataset) -> list[int]:
    """Where each sample of `before` stands in `after`: found by its key or its image, else in the same place."""
    for name in ("key", "image"):
        if name in before.fields and name in after.fields:
            marks = [_plain(sample[name]) for sample in after]
            wanted = [_plain(sample[name]) for sample in before]
            if sorted(marks) == sorted(wanted):
                return [marks.index(mark) for mark in wanted]
    return list(range(len(before)))


def _splits(dataset: Dataset, order: range | list[int]) -> dict[str, list[int]]:
    places = {row: number for number, row in enumerate(order)}
    return {name: sorted(places[int(row)] for row in rows) for name, rows in dataset.split_rows().items()}


def _said(dataset: Dataset, sample: Sample, name: str) -> Any:
    """A value that can be compared: classes by name, as their numbers may change."""
    value = sample[name]
    if name == "label":
        return dataset.class_names[value]
    return [dataset.class_names[each] for each in value] if name == "labels" else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return repr(value.tolist()) if isinstance(value, np.ndarray) else value


def table(found: dict[tuple[str, Kind], Losses]) -> str:
    """A Markdown table of what each format loses of each kind, kinds with the same losses in one line."""
    lines = ["| format | kind | not the same after an export and an import |", "|---|---|---|"]
    for name in dict.fromkeys(name for name, _ in found):
        kinds: dict[str, list[str]] = {}
        for (of, kind), lost in found.items():
            if of == name:
                kinds.setdefault(_words(lost.names), []).append(str(kind).replace("_", " "))
        for words, named in kinds.items():
            lines.append(f"| `{name}` | {'all' if len(kinds) == 1 else ', '.join(named)} | {words} |")
    return "\n".join(lines) + "\n"


def _words(names: tuple[str, ...]) -> str:
    own = {each.name for each in _EXTRA}
    shown = [f"`{name}`" for name in names if name not in own and "." not in name]
    return ", ".join([*shown, *(["your own fields"] if own <= {*names} else [])]) or "nothing"
