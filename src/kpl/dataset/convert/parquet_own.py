"""Samples of Parquet files that KPL wrote, exactly as they were."""

from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_rows import ParquetRows
from kpl.dataset.convert.parquet_sample import Reader, Row, Values, split_of
from kpl.dataset.convert.parquet_schema import OBJECT_NAMES, Own
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import Item, Plan, SourceFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, BYTES, FIXED, LIST, Field
from kpl.dataset.kinds import NO_LABEL, TEMPLATES
from kpl.errors import Invalid
from kpl.sentence import Sentence


def plan_own(source: SourceFolder, opened: list[ParquetRows], own: Own, log: ProblemLog) -> Plan:
    """One sample a row, with its own key and splits."""
    make = _Own(Reader(source), own, opened[0].schema)
    has_lists = make.splits in opened[0].schema.names
    items: list[Item] = []
    for rows in opened:
        of_file = split_of(rows.file) if own.has_splits else ()
        reopened = ParquetRows(source, rows.file)
        for row, (key, *lists) in reopened.light(["key", *([make.splits] if has_lists else [])], log):
            splits = tuple(map(str, lists[0] or ())) if has_lists else of_file
            if isinstance(key, str):
                items.append(Item(rows.file, splits, Row(make, rows.file, row), key=key, has_image=False))
            else:
                log.problem(
                    str(rows.file),
                    Sentence(
                        f"row {row}, column 'key': there is none; left out",
                        f"第 {row} 行缺少“key”列的值，已跳过",
                    ),
                )
        reopened.close()
    return Plan(own.class_names, items, own.fields, own.attributes)


class _Own:
    """Samples as KPL wrote them."""

    def __init__(self, reader: Reader, own: Own, schema: pa.Schema) -> None:
        template = TEMPLATES[own.kind]
        fields = (*template.samples, *template.labels, *own.fields)
        self._reader = reader
        self._objects = {each.name: each for each in fields if each.name in template.objects}
        self._fields = {each.name: each for each in fields if each.name not in {"key", *self._objects}}
        self._column = schemas.free_name("objects", fields) if self._objects else ""
        self.splits = schemas.free_name("splits", fields)
        self._names = [*self._fields, *filter(None, [self._column])]
        missing = [name for name in (*self._names, "key") if name not in schema.names]
        if missing:
            raise Invalid(f"There is no column {', '.join(missing)}, which 'kpl' in the metadata promises.")

    def values(self, file: PurePosixPath, row: int, log: ProblemLog) -> Values:  # noqa: ARG002
        """All fields but the key."""
        found = self._reader.read(file, row, self._names)
        objects = found.get(self._column)
        values = {}
        for name, each in self._fields.items():
            value = _restored(found[name], each, f"row {row}, column '{name}'")
            is_unknown = value is None and each.type == "category" and not each.is_optional
            values[name] = NO_LABEL if is_unknown else value
        for name, each in self._objects.items():
            if not isinstance(objects, dict):
                raise BadSample(f"row {row}, column '{self._column}': there is nothing")
            value = objects.get(OBJECT_NAMES.get(name, name))
            values[name] = self._object_field(value, each, f"row {row}, column '{self._column}.{name}'")
        return values

    def _object_field(self, value: Any, each: Field, where: str) -> Any:
        if value is None:
            return None
        if each.type == "json":
            return [None if item is None else _from_json(item, where) for item in value]
        if each.type == "boxes":
            corners = np.array(value, np.float64).reshape(-1, 4)
            corners[:, 2:] += corners[:, :2]
            return corners.astype(np.float32)
        return _restored(value, each, where)


def _restored(value: Any, each: Field, where: str) -> Any:
    """The value that a field had."""
    if value is None:
        return None
    try:
        if each.layout == BLOB:
            return value["bytes"] if isinstance(value, dict) else value
        if each.layout == BYTES:
            return _from_json(value, where) if each.type == "json" else value
        if each.layout == LIST or each.shape:
            array = np.array(value, each.dtype)
            return array.reshape(each.shape if each.layout == FIXED else (-1, *each.shape))
    except (TypeError, ValueError, OverflowError, KeyError) as err:
        raise BadSample(f"{where}: {err}") from err
    return value


def _from_json(text: Any, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, TypeError, UnicodeDecodeError) as err:
        raise BadSample(f"{where}: not JSON: {err}") from err
