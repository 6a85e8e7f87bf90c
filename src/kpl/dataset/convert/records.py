"""What formats of records share: samples in sequence files, whose fields are whatever the records have.

An export writes `kpl.json` beside the records: kind, classes and fields, which records cannot say. With it an import
gives back the same samples. Without it the usual names of other tools say what is what, and all that they do not name
becomes a field.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from kpl.dataset.convert.extracts import Extracts
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape, Shapes
from kpl.dataset.convert.source import SPLIT_NAMES, Extract, Item, Options, Plan, SourceFolder
from kpl.dataset.convert.tables import COLUMNS, field_names
from kpl.dataset.convert.target import TargetFolder, check_name
from kpl.dataset.errors import BadSample, UnsupportedFormat
from kpl.dataset.fields import Field, field
from kpl.dataset.image import ImageInfo, image_info
from kpl.dataset.kinds import NO_LABEL, TEMPLATES, Kind
from kpl.errors import Invalid
from kpl.sentence import Sentence, in_chinese

SCHEMA = "kpl.json"
KINDS = (Kind.CUSTOM, *(kind for kind in Kind if kind != Kind.CUSTOM))
_MAX_CLASSES = 100_000
_BOXED = (Kind.DETECTION, Kind.FACE_DETECTION)

Values = dict[str, Any]
ClassKey = int | str


class Schema(msgspec.Struct, frozen=True):
    """What `kpl.json` says of records that KPL has written."""

    kind: str
    class_names: tuple[str, ...]
    fields: tuple[Field, ...]
    attributes: dict[str, str] = {}


class Found(NamedTuple):
    """A record of the source.

    Attributes:
        number: of the record in its file, from 1.
        read: decodes it again: what it holds by name, as `int`, `float`, `np.float32`, `str`, arrays of numbers, an
            `Extract`, or anything that JSON can hold.
    """

    file: PurePosixPath
    number: int
    key: str
    splits: tuple[str, ...]
    read: Callable[[], Values]


class Roles(Protocol):
    """What the values of a record mean by the names that they usually have."""

    def known_classes(self, kind: Kind) -> dict[ClassKey, str]:
        """Classes that are listed beside the records."""
        ...

    def image(self, values: Values) -> str:
        """Name of the value that is the image; empty for none."""
        ...

    def text(self, values: Values) -> str:
        """Name of the value that is the text; empty for none."""
        ...

    def used(self, values: Values, kind: Kind) -> set[str]:
        """Names of values that say what samples of this kind have fields for, and so become no further ones."""
        ...

    def classes(self, values: Values) -> list[tuple[ClassKey, str]]:
        """The class of the sample, or of each object: number or name, and the name where both are said."""
        ...

    def shapes(self, values: Values, ids: dict[ClassKey, int], image: ImageInfo) -> list[Shape]:
        """The objects of a sample."""
        ...


class RecordFormat(NamedTuple):
    """What tells one format of records from another.

    Attributes:
        files: of the source that hold records.
        records: all of them, one at a time; as KPL has written them if the last argument says so.
        roles: what the values of other tools' records mean.
        decode: gives the values of fields from those of a record that KPL has written.
        image_of: gives the image of such a record.
        has_objects: whether a record of another tool has boxes, perhaps none.
    """

    files: Callable[[SourceFolder], list[PurePosixPath]]
    records: Callable[[Extracts, ProblemLog, bool], Generator[tuple[Found, Values], None, None]]
    roles: Callable[[SourceFolder, ProblemLog], Roles]
    decode: Callable[[Schema, Values], Values]
    image_of: Callable[[Values], Extract | None]
    has_objects: Callable[[Values], bool]


def has_records(format: RecordFormat, source: SourceFolder) -> bool:
    """Whether there are files of records and no images."""
    return not source.images() and bool(format.files(source))


def records_kind(format: RecordFormat, source: SourceFolder) -> Kind:
    """The kind that KPL wrote down, or that the first record says."""
    schema = read_schema(source)
    if schema is not None:
        return Kind(schema.kind)
    log = ProblemLog("skip")
    with Extracts(source, None) as extracts, closing(format.records(extracts, log, False)) as records:
        values = next((values for _, values in records), {})
    roles = format.roles(source, log)
    if not roles.image(values):
        return Kind.CUSTOM
    try:
        if format.has_objects(values):
            return Kind.DETECTION
    except BadSample:  # there are some, and the import will say what is wrong with them
        return Kind.DETECTION
    return Kind.CLASSIFICATION if roles.classes(values) else Kind.UNLABELLED


def plan_records(format: RecordFormat, source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a record."""
    known = {*format.files(source), PurePosixPath(SCHEMA)}
    for file in source.files:
        if file not in known:
            log.ignore(str(file))
    schema = read_schema(source)
    with ExitStack() as files:
        extracts = files.enter_context(Extracts(source, None))
        records = format.records(extracts, log, schema is not None)
        if schema is None:
            plan = _plan_usual(records, format.roles(source, log), log, options)
        else:
            plan = _plan_exact(schema, records, format, log, options)
        return plan._replace(close=files.pop_all().close)


def split_of_name(name: str) -> tuple[str, ...]:
    """The split that the name of a file says, as in imagenet-train-00000-of-00128."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return next(((SPLIT_NAMES[word],) for word in words if word in SPLIT_NAMES), ())


def read_schema(source: SourceFolder) -> Schema | None:
    """What an export of KPL said about its records; None where there is nothing.

    Raises:
        Invalid: the file is not what an export writes.
    """
    if PurePosixPath(SCHEMA) not in source.files:
        return None
    try:
        schema = msgspec.json.decode(source.read(PurePosixPath(SCHEMA)), type=Schema)
        Kind(schema.kind)
        for each in schema.fields:
            each.check()
    except (OSError, ValueError, msgspec.DecodeError, UnsupportedFormat) as err:
        raise Invalid(
            Sentence(
                f"{source.root / SCHEMA}: not a description of records: {err}.",
                f"{source.root / SCHEMA}：不是有效的记录描述（{err}）。",
            ),
            hint=Sentence("Delete it to import the records without it.", "删除它即可不带描述导入这些记录。"),
        ) from err
    return schema


def write_schema(target: TargetFolder) -> list[Field]:
    """Write `kpl.json`; the fields that samples of the export have, the key first."""
    dataset = target.dataset
    fields = list(target.fields.values())
    schema = Schema(str(dataset.kind), dataset.class_names, tuple(fields), dict(dataset.attributes))
    target.write(SCHEMA, msgspec.json.encode(schema))
    return fields


def positions_by_split(target: TargetFolder) -> dict[str, list[int]]:
    """The samples of each file that an export writes: those whose first split it is, or `data`."""
    groups: dict[str, list[int]] = {}
    for position, splits in enumerate(target.splits_by_position()):
        groups.setdefault(splits[0] if splits else "data", []).append(position)
    for name in groups:
        check_name(name, "split")
    return groups


class Exact:
    """A record that KPL has written, given back as it was."""

    def __init__(self, found: Found, decode: Callable[[Values], Values], new_ids: Sequence[int] = ()) -> None:
        self._found, self._decode, self._new_ids = found, decode, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> Values:  # noqa: ARG002
        """All fields but the image and the key."""
        values = self._decode(self._found.read())
        return _renumbered(values, self._new_ids)

    def renumbered(self, new_ids: Sequence[int]) -> "Exact":
        """The same under other class ids."""
        return Exact(self._found, self._decode, new_ids)


def _renumbered(values: Values, new_ids: Sequence[int]) -> Values:
    if not new_ids:
        return values
    if "classes" in values and "mask" in values:
        raise Invalid("Masks of records cannot take other class ids.", hint="Import without class_names.")
    ids = {NO_LABEL: NO_LABEL, **dict(enumerate(new_ids))}
    try:
        if values.get("label") is not None:
            values["label"] = ids[values["label"]]
        if values.get("labels") is not None:
            values["labels"] = [ids[int(each)] for each in values["labels"]]
    except KeyError as err:
        raise BadSample(
            Sentence(
                f"class {err} is not one of 0 to {len(new_ids) - 1}",
                f"类别 {err} 不在 0 到 {len(new_ids) - 1} 之间",
            )
        ) from err
    return values


def _plan_exact(
    schema: Schema,
    records: Iterable[tuple[Found, Values]],
    format: RecordFormat,
    log: ProblemLog,
    options: Options,
) -> Plan:
    """What to import of records that KPL has written."""
    kind = Kind(schema.kind)
    if options.kind != kind:
        raise Invalid(
            Sentence(
                f"The records are of kind '{kind}', as {SCHEMA} says, not '{options.kind}'.",
                f"{SCHEMA} 说明这些记录的种类为“{kind}”，而不是“{options.kind}”。",
            )
        )
    template = TEMPLATES[kind]
    own = {each.name for each in (*template.samples, *template.labels)}
    has_image = any(each.name == "width" for each in template.samples)
    # what describes the image follows from it
    left_out = {"key", *(("image", "width", "height", "channels") if has_image else ())}
    read = msgspec.structs.replace(
        schema, fields=tuple(each for each in schema.fields if each.name not in left_out)
    )
    items = []
    for found, values in records:
        image = format.image_of(values) if has_image else None
        if has_image and image is None:
            log.problem(
                str(found.file),
                Sentence(f"'{found.key}' has no image; left out", f"“{found.key}”没有图像，已跳过"),
                found.number,
            )
            continue
        items.append(
            Item(
                found.file,
                found.splits,
                Exact(found, lambda raw: format.decode(read, raw)),
                key=found.key,
                has_image=has_image,
                image=image,
                line=found.number,
            )
        )
    further = tuple(each for each in schema.fields if each.name not in own)
    return Plan(schema.class_names, items, further, schema.attributes)


class _Layout:
    """How the values of records become fields; known when all records have been seen."""

    def __init__(self, kind: Kind, roles: Roles) -> None:
        self.kind, self.roles = kind, roles
        self.has_image = any(each.name == "width" for each in TEMPLATES[kind].samples)
        self.has_label = any(each.name == "label" for each in TEMPLATES[kind].labels)
        self.fields: dict[str, tuple[Field, Callable[[Any], Any]]] = {}
        self.ids: dict[ClassKey, int] = {}

    def values(self, found: Found, image: ImageInfo | None, log: ProblemLog) -> Values:
        """The fields of a sample."""
        raw = found.read()
        values: Values = {}
        for name, (described, convert) in self.fields.items():
            values[described.name] = convert(raw[name]) if raw.get(name) is not None else None
        if self.kind == Kind.TEXT:
            text = raw.get(self.roles.text(raw))
            if not isinstance(text, str):
                raise BadSample(Sentence("it has no text", "没有文本"))
            values["text"] = text
        if self.has_label:
            classes = self.roles.classes(raw)
            values["label"] = self.ids[classes[0][0]] if classes else NO_LABEL
        elif self.kind in _BOXED:
            assert image is not None
            shapes = self.roles.shapes(raw, self.ids, image)
            where = Shapes(str(found.file), [each._replace(line=found.number) for each in shapes], self.kind)
            values |= where.values(image, log)
        return values


class _Usual:
    """A record of another tool."""

    def __init__(self, found: Found, layout: _Layout, new_ids: Sequence[int] = ()) -> None:
        self._found, self._layout, self._new_ids = found, layout, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> Values:
        """All fields but the image and the key."""
        return _renumbered(self._layout.values(self._found, image, log), self._new_ids)

    def renumbered(self, new_ids: Sequence[int]) -> "_Usual":
        """The same under other class ids."""
        return _Usual(self._found, self._layout, new_ids)


def _plan_usual(
    records: Iterable[tuple[Found, Values]], roles: Roles, log: ProblemLog, options: Options
) -> Plan:
    """What to import of records of other tools, whose fields become known by reading all of them once."""
    layout = _Layout(options.kind, roles)
    if options.kind not in (
        Kind.CUSTOM, Kind.UNLABELLED, Kind.CLASSIFICATION, Kind.FACE_RECOGNITION, Kind.TEXT, Kind.TABULAR, *_BOXED,
    ):  # fmt: skip
        raise Invalid(
            Sentence(
                f"Records without {SCHEMA} cannot become '{options.kind}'.",
                f"没有 {SCHEMA} 的记录无法导入为“{options.kind}”。",
            ),
            hint=Sentence("Import them as kind 'custom'.", "请导入为“custom”种类。"),
        )
    types: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    names = roles.known_classes(options.kind)
    items = []
    has_classes = layout.has_label or options.kind in _BOXED
    for found, values in records:
        image_name = roles.image(values) if layout.has_image else ""
        image = values.get(image_name)
        if layout.has_image and not isinstance(image, Extract):
            log.problem(
                str(found.file),
                Sentence(f"'{found.key}' has no image; left out", f"“{found.key}”没有图像，已跳过"),
                found.number,
            )
            continue
        try:
            classes = roles.classes(values) if has_classes else []
        except BadSample as err:
            log.problem(
                str(found.file),
                Sentence(f"{err.message}; left out", f"{in_chinese(err.message)}，已跳过"),
                found.number,
            )
            continue
        for key, name in classes:
            names[key] = name or names.get(key, "")
        used = roles.used(values, options.kind) if options.kind != Kind.CUSTOM else set()
        used |= {image_name, roles.text(values) if options.kind == Kind.TEXT else ""}
        for name, value in values.items():
            if value is not None and name not in used:
                types.setdefault(name, set()).add(_type_of(value))
                counts[name] = counts.get(name, 0) + 1
        items.append(
            Item(
                found.file,
                found.splits,
                _Usual(found, layout),
                key=found.key,
                has_image=layout.has_image,
                image=image if isinstance(image, Extract) else None,
                line=found.number,
            )
        )
    if len(names) > _MAX_CLASSES:
        raise Invalid(f"{len(names)} different labels are too many for classes.", hint="Use kind 'custom'.")
    layout.ids, class_names = _classes(names)
    template = TEMPLATES[options.kind]
    reserved = ["key", *(each.name for each in (*template.samples, *template.labels))]
    called = field_names(types, reserved)
    for name, found_types in types.items():
        layout.fields[name] = _field(called[name], found_types, is_optional=counts[name] < len(items))
    original = {field_name: name for name, field_name in called.items()}
    attributes = {COLUMNS: msgspec.json.encode(original).decode()} if original else {}
    return Plan(
        class_names,
        _with_own_keys(items),
        tuple(each for each, _ in layout.fields.values()),
        attributes,
    )


def _with_own_keys(items: list[Item]) -> list[Item]:
    """The same under their file's name where two have the same key."""
    if len({item.key for item in items}) == len(items):
        return items
    named = [item._replace(key=f"{item.file}/{item.key}") for item in items]
    if len({item.key for item in named}) == len(items):
        return named
    return [item._replace(key=f"{item.file}#{item.line}") for item in items]


def _classes(names: dict[ClassKey, str]) -> tuple[dict[ClassKey, int], tuple[str, ...]]:
    """Class ids in the order of the numbers that the records have, then of names; each name once."""
    ordered = sorted(names, key=lambda key: (isinstance(key, str), key))
    ids: dict[ClassKey, int] = {}
    class_ids: dict[str, int] = {}
    for key in ordered:
        name = names[key] or str(key)
        if name in class_ids and isinstance(key, int):  # two numbers under one name are two classes
            name = f"{name} {key}"
        ids[key] = class_ids.setdefault(name, len(class_ids))
    return ids, tuple(class_ids)


def _type_of(value: Any) -> str:
    if isinstance(value, Extract):
        return "image" if value.is_image else "blob"
    if isinstance(value, np.ndarray):
        return "integers" if value.dtype.kind == "i" else "floats"
    if isinstance(value, int) and not isinstance(value, bool):
        return "int64" if -(1 << 63) <= value < 1 << 63 else "json"
    names = {bool: "bool", np.float32: "float32", float: "float64", str: "string"}
    if type(value) in names:
        return names[type(value)]
    return "json"


def _field(name: str, types: set[str], *, is_optional: bool) -> tuple[Field, Callable[[Any], Any]]:
    """The type that all values have without loss, and how they become values of it."""
    if len(types) == 1 and types <= {"bool", "int64", "float32", "float64", "string", "image", "blob"}:
        return field(name, next(iter(types)), is_optional=is_optional), _same
    if types <= {"int64", "integers"} or types <= {"float32", "floats"}:
        dtype = "int64" if types <= {"int64", "integers"} else "float32"
        return field(name, "numbers", dtype=dtype, is_optional=is_optional), np.atleast_1d
    if types & {"image", "blob"}:
        return field(name, "blob", is_optional=is_optional), _as_blob
    return field(name, "json", is_optional=is_optional), _as_json


def _same(value: Any) -> Any:
    return value


def _as_blob(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, Extract):
        raise BadSample("bytes in other records are something else in this one")
    return value


def _as_json(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def looks_like_image(data: bytes) -> bool:
    """Whether bytes are an image that a dataset can hold."""
    try:
        image_info(data)
    except BadSample:
        return False
    return True
