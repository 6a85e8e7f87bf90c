"""A dataset written as Parquet with the features of Hugging Face, so that `datasets` shows images, classes and splits.

What these do not say, such as the kind and the types of fields, stands in the schema's metadata, where the importer
here looks for it.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_schema import FEATURES, OBJECT_NAMES, OWN, Own
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.kinds import NO_LABEL, TEMPLATES
from kpl.dataset.sample import Sample

_GROUP_BYTES, _GROUP_ROWS = (
    32 << 20,
    10_000,
)  # what is in memory at a time, and what a reader has to take at once
_MAX_BYTES = (1 << 31) - 1  # of the values of a column in one row group
_SPLIT_NAME = re.compile(r"\w+(\.\w+)*")
_TEXTS = pa.list_(pa.string())

Values = dict[str, Any]


def export(target: TargetFolder) -> None:
    """Write one file a split, each sample in the file of the first of its splits."""
    dataset = target.dataset
    splits = target.splits_by_position()
    has_lists = any(splits) and not all(len(each) == 1 for each in splits)
    files = _files([each[0] if each else "" for each in splits])
    has_lists = has_lists or any(name is None for name in files.values())
    columns = _Columns(target, has_lists=has_lists, has_splits=any(splits))
    for number, split in enumerate(files):
        positions = [position for position, each in enumerate(splits) if (each[0] if each else "") == split]
        name = files[split] or f"part{number}"
        path = target.root / "data" / f"{name}-00000-of-00001.parquet"
        path.parent.mkdir(exist_ok=True)
        with pq.ParquetWriter(path, columns.schema, write_page_checksum=True) as writer:
            for rows in columns.groups(positions, splits):
                writer.write_table(pa.Table.from_pylist(rows, columns.schema))
    target.drop(
        "splits without samples", len(set(dataset.splits) - {name for each in splits for name in each})
    )


def _files(firsts: list[str]) -> dict[str, str | None]:
    """The name of the file for each split; none where the split's own cannot be one."""
    names: dict[str, str | None] = {}
    for split in dict.fromkeys(firsts):
        name = "validation" if split == "val" and "validation" not in firsts else split
        names[split] = name if _SPLIT_NAME.fullmatch(name) and name.isascii() else None
    if "" in names:
        names[""] = "train" if len(names) == 1 else "rest" if "rest" not in names else None
    return names


class _Columns:
    """The columns that are written, and rows of them.

    Attributes:
        schema: with the metadata for Hugging Face and for KPL.
    """

    def __init__(self, target: TargetFolder, *, has_lists: bool, has_splits: bool) -> None:
        dataset = target.dataset
        template = TEMPLATES[dataset.kind]
        told = (*template.samples, *template.labels)
        extra = tuple(each for each in target.fields.values() if each.name not in {own.name for own in told})
        self._target, self._has_lists = target, has_lists
        self._objects = [each for each in told if each.name in template.objects]
        self._fields = [each for each in (*told, *extra) if each not in self._objects]
        self._objects_name, self._splits_name = (
            schemas.free_name(name, (*told, *extra)) for name in ("objects", "splits")
        )
        own = Own(dataset.kind, dataset.class_names, extra, _attributes(target), has_splits)
        metadata = {
            FEATURES: msgspec.json.encode({"info": {"features": self._features()}}),
            OWN: msgspec.json.encode(own),
        }
        self.schema = pa.schema(list(self._types()), metadata)

    def _types(self) -> Iterator[pa.Field]:
        for each in self._fields:
            yield pa.field(each.name, schemas.arrow_type(each))
        if self._objects:
            parts = [
                pa.field(OBJECT_NAMES.get(each.name, each.name), _object_type(each)) for each in self._objects
            ]
            yield pa.field(self._objects_name, pa.struct(parts))
        if self._has_lists:
            yield pa.field(self._splits_name, _TEXTS)

    def _features(self) -> Values:
        names = self._target.dataset.class_names
        found: Values = {each.name: schemas.feature_for(each, names) for each in self._fields}
        if self._objects:
            found[self._objects_name] = {
                OBJECT_NAMES.get(each.name, each.name): _object_feature(each, names) for each in self._objects
            }
        if self._has_lists:
            found[self._splits_name] = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}
        return found

    def groups(self, positions: list[int], splits: list[list[str]]) -> Iterator[list[Values]]:
        """Rows of the samples at these positions, as many at a time as make a row group."""
        rows: list[Values] = []
        size = 0
        dataset = self._target.dataset
        for position in positions:
            sample = dataset[position]
            row = self._row(sample)
            if self._has_lists:
                row[self._splits_name] = splits[position]
            blobs = sum(len(sample[each.name] or b"") for each in self._fields if each.layout == BLOB)
            if rows and (size + blobs > _GROUP_BYTES or len(rows) >= _GROUP_ROWS):
                yield rows
                rows, size = [], 0
            rows.append(row)
            size += blobs
        if rows:
            yield rows

    def _row(self, sample: Sample) -> Values:
        row = {each.name: self._value(sample, each) for each in self._fields}
        if self._objects:
            row[self._objects_name] = {
                OBJECT_NAMES.get(each.name, each.name): _of_objects(sample[each.name], each)
                for each in self._objects
            }
        return row

    def _value(self, sample: Sample, each: Field) -> Any:
        value = sample[each.name]
        if value is None or (each.type == "category" and value == NO_LABEL and not each.is_optional):
            return None
        if each.layout == BLOB:
            if len(value) > _MAX_BYTES:
                self._target.drop(f"contents of '{each.name}' over 2 GiB")
                return None
            is_shown = each.type in ("image", "mask")
            return {"bytes": bytes(value), "path": sample.key} if is_shown else bytes(value)
        if each.type == "json":
            return msgspec.json.encode(value).decode()
        return value.tolist() if isinstance(value, np.ndarray) else value


def _attributes(target: TargetFolder) -> dict[str, str]:
    """Free texts of the dataset, without the name of the format that it came in."""
    return {name: text for name, text in target.dataset.attributes.items() if name != "format"}


def _object_type(each: Field) -> pa.DataType:
    if each.type == "json":
        return _TEXTS
    # width and height of float32 corners need the digits of float64 to give back the same corners
    return pa.list_(pa.list_(pa.float64(), 4)) if each.type == "boxes" else schemas.arrow_type(each)


def _object_feature(each: Field, names: tuple[str, ...]) -> Values:
    if each.type == "json":
        return {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}
    feature = schemas.feature_for(each, names)
    if each.type == "boxes":
        feature["feature"]["feature"]["dtype"] = "float64"
    return feature


def _of_objects(value: Any, each: Field) -> Any:
    """The entries of all objects: boxes as x, y, width and height, JSON as texts."""
    if value is None:
        return None
    if each.type == "json":
        return [None if item is None else msgspec.json.encode(item).decode() for item in value]
    if each.type == "boxes":
        boxes = value.astype(np.float64)
        boxes[:, 2:] -= boxes[:, :2]
        return boxes.tolist()
    return value.tolist()
