"""Samples of Parquet files: exactly as KPL wrote them, or by what columns and features say.

Boxes in a column of Hugging Face are x, y, width and height, as its guides have them.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_rows import ParquetRows
from kpl.dataset.convert.parquet_schema import OBJECT_NAMES, Objects, Own
from kpl.dataset.convert.report import PlaceLog, ProblemLog
from kpl.dataset.convert.shapes import Shape, Shapes, parse_numbers, shown
from kpl.dataset.convert.source import SPLIT_NAMES, Item, Options, Plan, SourceFolder, renumber
from kpl.dataset.convert.tables import LABEL_NAMES, TEXT_NAMES, field_names
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, BYTES, FIXED, LIST, Field
from kpl.dataset.image import ImageInfo, image_info
from kpl.dataset.kinds import NO_LABEL, TEMPLATES, Kind
from kpl.errors import Invalid, nearest

_SHARD = re.compile(r"(.+?)-[0-9]{5,}-of-[0-9]{5,}(-[0-9a-f]+)?")
_MAX_CLASSES = 100_000
Values = dict[str, Any]


class _Columns(NamedTuple):
    """What the columns are for.

    Attributes:
        schema: that all files have.
        label_names: of the classes, where the features tell them.
        fields: that the remaining columns become.
    """

    kind: Kind
    schema: pa.Schema
    image: str = ""
    text: str = ""
    label: str = ""
    label_names: tuple[str, ...] = ()
    objects: Objects | None = None
    fields: Mapping[str, Field] = {}

    @property
    def has_paths(self) -> bool:
        """Whether images come with a path."""
        return bool(self.image) and schemas.is_file(self.schema.field(self.image).type)


def kind_of(source: SourceFolder) -> Kind:
    """What the columns of the first file that can be read are for."""
    for file in _files(source):
        try:
            rows = ParquetRows(source, file)
            own = schemas.own_notes(rows.schema)
        except Invalid:
            continue
        rows.close()
        return own.kind if own is not None else _kind_of(rows.schema)
    return Kind.TABULAR


def _files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.suffix.lower() == ".parquet"]


def _kind_of(schema: pa.Schema) -> Kind:
    features = schemas.features(schema)
    if any(schemas.is_image(each, features.get(each.name)) for each in schema):
        if any(schemas.find_objects(each, features.get(each.name)) for each in schema):
            return Kind.DETECTION
        return Kind.CLASSIFICATION if _guess_label(schema, "") else Kind.UNLABELLED
    if _guess(schema, TEXT_NAMES, schemas.is_text):
        return Kind.TEXT
    types = [each.type for each in schema]
    is_table = all(
        schemas.is_number(each) or schemas.is_text(each) or schemas.is_dated(each) for each in types
    )
    return Kind.TABULAR if is_table else Kind.CUSTOM


def _guess(schema: pa.Schema, names: Iterable[str], fits: Callable[[pa.DataType], bool]) -> str:
    """The first column of one of these names that has a fitting type."""
    lowered = {each.name.lower(): each.name for each in schema if fits(each.type)}
    return str(next((lowered[name] for name in names if name in lowered), ""))


def _guess_label(schema: pa.Schema, besides: str) -> str:
    features = schemas.features(schema)
    told = [
        each.name
        for each in schema
        if schemas.class_names(features.get(each.name)) and pa.types.is_integer(each.type)
    ]
    if told:
        return str(told[0])
    others = pa.schema([each for each in schema if each.name != besides])
    return _guess(others, LABEL_NAMES, lambda each: pa.types.is_integer(each) or schemas.is_text(each))


def plan(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a row of all files that have the columns of the first."""
    opened = _open(source, log)
    if not opened:
        return Plan((), [])
    schema = opened[0].schema
    try:
        own = schemas.own_notes(schema)
    except Invalid as err:
        log.problem(str(opened[0].file), f"{err.message.rstrip('.')}; passed over")
        own = None
    if own is not None and own.kind == options.kind:
        return _plan_own(source, opened, own, log)
    columns = _columns(schema, options, opened[0].file, log)
    return _plan_usual(source, opened, columns, log)


def _open(source: SourceFolder, log: ProblemLog) -> list[ParquetRows]:
    opened: list[ParquetRows] = []
    for file in source.files:
        if file.suffix.lower() != ".parquet":
            log.ignore(str(file))
            continue
        try:
            rows = ParquetRows(source, file)
        except BadSample as err:
            log.problem(str(file), f"{err.message}; left out")
            continue
        rows.close()
        names = rows.schema.names
        if len(set(names)) != len(names):
            log.problem(str(file), "two columns have the same name; left out")
        elif opened and not rows.schema.equals(opened[0].schema):
            log.problem(str(file), f"it has other columns than {opened[0].file}; left out")
        else:
            opened.append(rows)
    return opened


class _Reader:
    """Keeps the file open that is being read."""

    def __init__(self, source: SourceFolder) -> None:
        self.source = source
        self._rows: ParquetRows | None = None

    def read(self, file: PurePosixPath, row: int, names: Sequence[str]) -> Values:
        """The values of a row."""
        if self._rows is None or self._rows.file != file:
            if self._rows is not None:
                self._rows.close()
            self._rows = ParquetRows(self.source, file)
        return self._rows.read(row, names)


class _Row:
    """A row to be read when its turn comes."""

    def __init__(
        self,
        make: "_Own | _Usual",
        file: PurePosixPath,
        row: int,
        new_ids: Sequence[int] | None = None,
    ) -> None:
        self._make, self._file, self._row, self._new_ids = make, file, row, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> Values:  # noqa: ARG002
        """The fields of the sample."""
        values = self._make.values(self._file, self._row, log)
        if self._new_ids is not None:
            renumber(values, self._new_ids)
        return values

    def renumbered(self, new_ids: Sequence[int]) -> "_Row":
        """The same row with other class ids."""
        return _Row(self._make, self._file, self._row, new_ids)


class _Own:
    """Samples as KPL wrote them."""

    def __init__(self, reader: _Reader, own: Own, schema: pa.Schema) -> None:
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


def _plan_own(source: SourceFolder, opened: list[ParquetRows], own: Own, log: ProblemLog) -> Plan:
    make = _Own(_Reader(source), own, opened[0].schema)
    has_lists = make.splits in opened[0].schema.names
    items: list[Item] = []
    for rows in opened:
        of_file = _split_of(rows.file) if own.has_splits else ()
        reopened = ParquetRows(source, rows.file)
        for row, (key, *lists) in reopened.light(["key", *([make.splits] if has_lists else [])], log):
            splits = tuple(map(str, lists[0] or ())) if has_lists else of_file
            if isinstance(key, str):
                items.append(Item(rows.file, splits, _Row(make, rows.file, row), key=key, has_image=False))
            else:
                log.problem(str(rows.file), f"row {row}, column 'key': there is none; left out")
        reopened.close()
    return Plan(own.class_names, items, own.fields, own.attributes)


def _split_of(file: PurePosixPath) -> tuple[str, ...]:
    """The split that a file says: train-00000-of-00001.parquet, train.parquet, train/0.parquet."""
    shard = _SHARD.fullmatch(file.stem)
    if shard is not None:
        return (SPLIT_NAMES.get(shard[1].lower(), shard[1]),)
    words = [re.split(r"[-_.]", file.stem.lower())[0], *(part.lower() for part in file.parts[-2::-1])]
    return next(((SPLIT_NAMES[word],) for word in words if word in SPLIT_NAMES), ())


def _columns(schema: pa.Schema, options: Options, file: PurePosixPath, log: ProblemLog) -> _Columns:
    """What each column is for in a dataset of this kind."""
    kind, features = options.kind, schemas.features(schema)
    found = _Columns(kind, schema)
    own = {each.name for each in (*TEMPLATES[kind].samples, *TEMPLATES[kind].labels)}
    if "image" in own:
        images = [each.name for each in schema if schemas.is_image(each, features.get(each.name))]
        if not images:
            raise Invalid(f"{file}: no column has images.", hint="Try kind 'tabular' or 'custom'.")
        found = found._replace(image=images[0])
    if kind == Kind.TEXT:
        text = _guess(schema, TEXT_NAMES, schemas.is_text) or _guess(
            schema, map(str.lower, schema.names), schemas.is_text
        )
        if not text:
            raise Invalid(f"{file}: no column has text.", hint="Try kind 'tabular' or 'custom'.")
        found = found._replace(text=text)
    if "label" in own:
        found = found._replace(label=_label_column(schema, options, found.text))
        found = found._replace(label_names=schemas.class_names(features.get(found.label)))
    if "boxes" in own:
        boxes = (schemas.find_objects(each, features.get(each.name)) for each in schema)
        found = found._replace(objects=next((each for each in boxes if each is not None), None))
        if kind != Kind.DETECTION or found.objects is None:
            raise Invalid(
                f"{file}: no column has boxes for {kind}.", hint="Try kind 'unlabelled' or 'custom'."
            )
    told = {found.image, found.text, found.label, "key", found.objects.column if found.objects else ""}
    kept = [each for each in schema if each.name not in told and _is_known(each, file, log)]
    names = field_names((each.name for each in kept), own)
    return found._replace(fields={each.name: schemas.field_for(names[each.name], each.type) for each in kept})


def _is_known(column: pa.Field, file: PurePosixPath, log: ProblemLog) -> bool:
    if pa.types.is_union(column.type) or pa.types.is_interval(column.type):
        log.problem(str(file), f"column '{column.name}' is of the type {column.type}; left out")
        return False
    return True


def _label_column(schema: pa.Schema, options: Options, text: str) -> str:
    given = options.label_column
    if given and given not in schema.names:
        raise Invalid(f"There is no column '{given}'.", hint=nearest(given, schema.names))
    if given and not (
        pa.types.is_integer(schema.field(given).type) or schemas.is_text(schema.field(given).type)
    ):
        raise Invalid(f"The column '{given}' is {schema.field(given).type}, not text or whole numbers.")
    return given or _guess_label(schema, text)


class _Usual:
    """Samples of columns as people have them.

    Attributes:
        ids: class id by what stands in the column, a name or a number.
    """

    def __init__(self, reader: _Reader, columns: _Columns, ids: dict[Any, int], *, keeps_paths: bool) -> None:
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
            values[each.name] = _converted(found[name], each, f"row {row}, column '{name}'")
        if columns.text:
            values["text"] = _present(found[columns.text], f"row {row}, column '{columns.text}'")
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
            where = PlaceLog(log, f"row {row}")
            shapes = _shapes(found[columns.objects.column], columns.objects, self._ids, str(file), where)
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
        return bytes(_present(data, where))


def _present(value: Any, where: str) -> Any:
    if value is None:
        raise BadSample(f"{where}: there is nothing")
    return value


def _converted(value: Any, each: Field, where: str) -> Any:
    """The value of a column as its field has it."""
    if value is None:
        return None
    if each.layout == BLOB and isinstance(value, dict):
        return value["bytes"]
    if each.type == "json":
        return _jsonable(value)
    if each.layout in (LIST, FIXED) and isinstance(value, list):
        try:
            return np.array(value, each.dtype).reshape(each.shape if each.layout == FIXED else (-1,))
        except (TypeError, ValueError) as err:
            raise BadSample(f"{where}: a number is missing in the list") from err
    return value


def _jsonable(value: Any) -> Any:
    """A nested value as JSON has it: bytes in base64, times as text, maps as lists of pairs."""
    if isinstance(value, dict):
        return {str(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)
    return value if isinstance(value, (str, int, float)) or value is None else str(value)


def _shapes(value: Any, objects: Objects, ids: dict[Any, int], file: str, log: ProblemLog) -> list[Shape]:
    shapes = []
    for number, each in enumerate(_each_object(value, objects)):
        box = parse_numbers(each["bbox"])
        category = each.get(objects.category) if objects.category else 0
        if box is None or len(box) != 4 or box[2] <= 0 or box[3] <= 0:
            given = each["bbox"]
            text = shown(given) if isinstance(given, list) and parse_numbers(given) else f"{given!r:.80}"
            log.problem(file, f"object {number}: the box {text} has no area; left out")
        elif category not in ids:
            log.problem(file, f"object {number}: there is no class {category!r:.80}; left out")
        else:
            others = {name: _jsonable(each[name]) for name in objects.others if each.get(name) is not None}
            corners = (box[0], box[1], box[0] + box[2], box[1] + box[3])
            shapes.append(Shape(ids[category], corners, attributes=others or None))
    return shapes


def _each_object(value: Any, objects: Objects) -> list[Values]:
    """The objects of a list of structures, or of a structure of lists.

    Raises:
        BadSample: the lists have different lengths.
    """
    if value is None:
        return []
    if isinstance(value, list):
        return [each for each in value if each is not None]
    names = ["bbox", *filter(None, [objects.category]), *objects.others]
    lists = {name: value.get(name) for name in names if isinstance(value.get(name), list)}
    lengths = {len(each) for each in lists.values()}
    if len(lengths) > 1:
        raise BadSample(f"column '{objects.column}': lists of {sorted(lengths)} entries for one image")
    return [{name: each[number] for name, each in lists.items()} for number in range(max(lengths, default=0))]


class _Survey(NamedTuple):
    """What a first look at the small columns has shown: (file, row, key) of each row, and the classes."""

    rows: list[tuple[PurePosixPath, int, Any]]
    classes: dict[Any, None]


def _plan_usual(source: SourceFolder, opened: list[ParquetRows], columns: _Columns, log: ProblemLog) -> Plan:
    key = "key" if "key" in columns.schema.names else f"{columns.image}.path" if columns.has_paths else ""
    survey = _survey(source, opened, columns, key, log)
    keys = [each for _, _, each in survey.rows]
    has_keys = all(isinstance(each, str) and each for each in keys) and len(set(keys)) == len(keys)
    keeps_paths = columns.has_paths and not (has_keys and key != "key") and any(keys)
    fields = dict(columns.fields)
    if key == "key" and not has_keys:
        log.problem(str(opened[0].file), "the column 'key' does not name every row; passed over")
    extra: tuple[Field, ...] = ()
    if keeps_paths:
        taken = {each.name for each in fields.values()}
        if "image_path" in taken:
            keeps_paths = False
        else:
            extra = (schemas.field_for("image_path", pa.string()),)
    names, ids = _classes(survey, columns)
    make = _Usual(_Reader(source), columns, ids, keeps_paths=keeps_paths)
    items = [
        Item(
            file,
            _split_of(file),
            _Row(make, file, row),
            key=each if has_keys else f"{file}#{row}",
            has_image=False,
        )
        for file, row, each in survey.rows
    ]
    return Plan(names, items, (*fields.values(), *extra))


def _survey(
    source: SourceFolder, opened: list[ParquetRows], columns: _Columns, key: str, log: ProblemLog
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
                    hint="Name another label column.",
                )
        rows.close()
    return found


def _class_column(columns: _Columns) -> str:
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


def _classes(survey: _Survey, columns: _Columns) -> tuple[tuple[str, ...], dict[Any, int]]:
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
