"""Samples of Parquet files as people have them, by what columns and features say."""

from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_columns import Columns
from kpl.dataset.convert.parquet_rows import ParquetRows
from kpl.dataset.convert.parquet_sample import Reader, Row, Values, split_of
from kpl.dataset.convert.parquet_schema import Objects
from kpl.dataset.convert.parquet_values import converted, present, shapes_of
from kpl.dataset.convert.report import PlaceLog, ProblemLog
from kpl.dataset.convert.shapes import Shapes
from kpl.dataset.convert.source import Item, Plan, SourceFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field
from kpl.dataset.image import image_info
from kpl.dataset.kinds import NO_LABEL, Kind
from kpl.errors import Invalid
from kpl.sentence import Sentence

_MAX_CLASSES = 100_000


def plan_usual(source: SourceFolder, opened: list[ParquetRows], columns: Columns, log: ProblemLog) -> Plan:
    """One sample a row, with the key that a column gives or the number of the row."""
    key = "key" if "key" in columns.schema.names else f"{columns.image}.path" if columns.has_paths else ""
    survey = _survey(source, opened, columns, key, log)
    keys = [each for _, _, each in survey.rows]
    has_keys = all(isinstance(each, str) and each for each in keys) and len(set(keys)) == len(keys)
    keeps_paths = columns.has_paths and not (has_keys and key != "key") and any(keys)
    fields = dict(columns.fields)
    if key == "key" and not has_keys:
        log.problem(
            str(opened[0].file),
            Sentence(
                "the column 'key' does not name every row; passed over", "“key”列没有为每一行命名，已忽略"
            ),
        )
    extra: tuple[Field, ...] = ()
    if keeps_paths:
        taken = {each.name for each in fields.values()}
        if "image_path" in taken:
            keeps_paths = False
        else:
            extra = (schemas.field_for("image_path", pa.string()),)
    names, ids = _classes(survey, columns)
    make = _Usual(Reader(source), columns, ids, keeps_paths=keeps_paths)
    items = [
        Item(
            file,
            split_of(file),
            Row(make, file, row),
            key=each if has_keys else f"{file}#{row}",
            has_image=False,
        )
        for file, row, each in survey.rows
    ]
    return Plan(names, items, (*fields.values(), *extra))


class _Survey(NamedTuple):
    """What a first look at the small columns has shown: (file, row, key) of each row, and the classes."""

    rows: list[tuple[PurePosixPath, int, Any]]
    classes: dict[Any, None]


def _survey(
    source: SourceFolder, opened: list[ParquetRows], columns: Columns, key: str, log: ProblemLog
) -> _Survey:
    classes = _class_column(columns)
    names = [*filter(None, (key, classes))]
    found = _Survey([], {})
    for closed in opened:
        rows = ParquetRows(source, closed.file)
        for row, values in rows.light(names, log):
            found.rows.append((rows.file, row, values[0] if key else None))
            if classes:
                given = values[-1]
                for each in _categories(given, columns.objects) if columns.objects else [given]:
                    if each is not None:
                        found.classes[each] = None
            if len(found.classes) > _MAX_CLASSES:
                raise Invalid(
                    f"More than {_MAX_CLASSES} different labels are too many for classes.",
                    hint=Sentence("Name another label column.", "请指定另一个标签列。"),
                )
        rows.close()
    return found


def _class_column(columns: Columns) -> str:
    """The column that has to be read to know the classes; none where the features tell them."""
    objects = columns.objects
    if objects is not None:
        return objects.column if objects.category and not objects.class_names else ""
    return columns.label if not columns.label_names else ""


def _categories(value: Any, objects: Objects) -> list[Any]:
    if isinstance(value, dict):
        found = value.get(objects.category)
        return found if isinstance(found, list) else []
    return [each.get(objects.category) for each in value or () if each is not None]


def _classes(survey: _Survey, columns: Columns) -> tuple[tuple[str, ...], dict[Any, int]]:
    """Names of the classes, and the class id of what stands in the column."""
    objects = columns.objects
    told = objects.class_names if objects is not None else columns.label_names
    if told:
        return told, {number: number for number in range(len(told))} | {
            name: number for number, name in enumerate(told)
        }
    if objects is not None and not objects.category:
        return ("object",), {0: 0}
    numbers = sorted(each for each in survey.classes if isinstance(each, int) and each != NO_LABEL)
    texts = sorted(each for each in survey.classes if isinstance(each, str) and each)
    both = [*numbers, *texts]
    return tuple(map(str, both)), {each: number for number, each in enumerate(both)}


class _Usual:
    """Samples of columns as people have them.

    Attributes:
        ids: class id by what stands in the column, a name or a number.
    """

    def __init__(self, reader: Reader, columns: Columns, ids: dict[Any, int], *, keeps_paths: bool) -> None:
        self._reader, self._columns, self._ids = reader, columns, ids
        self._keeps_paths = keeps_paths
        self._files = frozenset(reader.source.files)
        objects = columns.objects.column if columns.objects else ""
        roles = (columns.image, columns.text, columns.label, objects)
        self._names = [*filter(None, roles), *columns.fields]

    def values(self, file: PurePosixPath, row: int, log: ProblemLog) -> Values:
        """All fields but the key."""
        columns = self._columns
        found = self._reader.read(file, row, self._names)
        values: Values = {}
        for name, each in columns.fields.items():
            values[each.name] = converted(found[name], each, f"row {row}, column '{name}'")
        if columns.text:
            values["text"] = present(found[columns.text], f"row {row}, column '{columns.text}'")
        if columns.kind in (Kind.CLASSIFICATION, Kind.FACE_RECOGNITION, Kind.TABULAR, Kind.TEXT):
            values["label"] = self._class_id(found.get(columns.label), f"row {row}, column '{columns.label}'")
        if not columns.image:
            return values
        where_image = f"row {row}, column '{columns.image}'"
        image = self._image(found[columns.image], file, where_image)
        try:
            info = image_info(image)
        except BadSample as err:
            raise BadSample(f"{where_image}: {err.message}") from err
        values |= {"image": image, "width": info.width, "height": info.height, "channels": info.channels}
        if self._keeps_paths:
            values["image_path"] = found[columns.image]["path"] if found[columns.image] else None
        if columns.objects is not None:
            where = PlaceLog(log, Sentence(f"row {row}", f"第 {row} 行"))
            shapes = shapes_of(found[columns.objects.column], columns.objects, self._ids, str(file), where)
            values |= Shapes(str(file), shapes, columns.kind).values(info, where)
        return values

    def _class_id(self, value: Any, where: str) -> int:
        if value in (None, "") or (value == NO_LABEL and value not in self._ids):
            return NO_LABEL
        if value not in self._ids:
            raise BadSample(f"{where}: there is no class {value!r:.80}")
        return self._ids[value]

    def _image(self, value: Any, file: PurePosixPath, where: str) -> bytes:
        if isinstance(value, dict) and value["bytes"] is None and value["path"]:
            for path in (file.parent / value["path"], PurePosixPath(value["path"])):
                if path in self._files:
                    return self._reader.source.read(path)
            raise BadSample(f"{where}: it has no bytes, and there is no file '{value['path']:.200}'")
        data = value["bytes"] if isinstance(value, dict) else value
        return bytes(present(data, where))
