"""A dataset written for the original KPL, so that `kpl-dataset` 0.0.9 reads it.

What records have no place for, such as splits and the types of fields, stands in the key-value store, where only the
importer here looks for it.
"""

from array import array
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np
from xxhash import xxh3_128_hexdigest

from kpl.dataset.convert.kpl_files import beside, format_index, format_properties
from kpl.dataset.convert.kpl_original import SIDES, default_key
from kpl.dataset.convert.kpl_record import StoredFile, encode_record
from kpl.dataset.convert.kpl_schema import RecordType, format_meta, parse_meta
from kpl.dataset.convert.kpl_values import (
    EXTRAS,
    SCHEMA,
    Extras,
    Schema,
    field_for,
    fits,
    from_field,
    from_json,
    type_for,
)
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.kinds import TEMPLATES, Kind
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample

_MAX_INSIDE = 50 << 20  # a larger file stands beside the records, as in the original
_MAX_BYTES = (1 << 31) - (1 << 20)  # protocol buffers end at 2 GiB
_STRING, _INT64, _FLOAT64 = RecordType("string"), RecordType("int64"), RecordType("float64")
_OBJECT = {"name": _STRING, **dict.fromkeys(SIDES, _FLOAT64), "difficult": _INT64, "score": _FLOAT64}


class _Columns(NamedTuple):
    """What is written of each sample.

    Attributes:
        types: of every key of a record.
        fields: of the dataset, by the key that each is written as.
        key: under which the sample's own key is written; empty for none.
        object_types: of the keys of an object.
    """

    types: dict[str, RecordType]
    fields: dict[str, Field]
    key: str
    object_types: dict[str, RecordType]


def export_kpl_original(target: TargetFolder) -> None:
    """Write `<name>.data`, `.index`, `.meta`, `.prop`, and `files/` where a file is over 50 MB."""
    dataset = target.dataset
    schema = _schema(dataset)
    columns = _columns(target, schema)
    stem = PurePosixPath(schema.name)
    offsets = array("q", [0])
    record_type = RecordType("map", tuple(columns.types.items()))
    ids = _class_ids(dataset, schema)
    with (target.root / beside(stem, ".data")).open("wb") as stream:
        for sample in dataset:
            values = dict(_values(target, sample, columns, ids))
            offsets.append(offsets[-1] + stream.write(encode_record(values, record_type)))
    target.write(beside(stem, ".index"), format_index(offsets))
    target.write(beside(stem, ".meta"), format_meta(schema.name, record_type))
    target.write(beside(stem, ".prop"), _properties(target, schema, columns))


def _schema(dataset: Dataset) -> Schema:
    """What the importer has left, or what stands for it."""
    try:
        schema = msgspec.json.decode(dataset.attributes.get(SCHEMA, "null"), type=Schema | None)
        if schema is not None:
            parse_meta(schema.meta)
            if PurePosixPath(schema.name).name == schema.name:
                return schema
    except (msgspec.DecodeError, BadSample):
        pass  # somebody else has changed it
    return Schema("root", "", key="path")


def _columns(target: TargetFolder, schema: Schema) -> _Columns:
    dataset = target.dataset
    known = dict(parse_meta(schema.meta).properties) if schema.meta else {}
    own, object_types = _own_types(target, known)
    key = "path" if schema.key or not _is_default(dataset, schema) else ""
    if key and not schema.key and "path" in known:
        target.drop("keys (the records have paths of their own)", len(dataset))
        key = ""
    names = {name: each for each, name in schema.fields.items()}
    template = TEMPLATES[dataset.kind]
    told = {each.name for each in (*template.samples, *template.labels)}
    fields: dict[str, Field] = {}
    for name, each in target.fields.items():
        if name not in told:
            written = names.get(name, name)
            while written in own or written in fields or (key and written == key):
                written += "_"
            fields[written] = each
    types = own | ({key: _STRING} if key else {})
    for written, each in fields.items():
        given = known.get(written)
        types[written] = given if given is not None and fits(each, given) else _type_for(each)
    order = [*(name for name in known if name in types), *types]
    return _Columns({name: types[name] for name in order}, fields, key, object_types)


def _type_for(each: Field) -> RecordType:
    return RecordType("file") if each.type in ("audio", "video") else type_for(each)


def _own_types(
    target: TargetFolder, known: dict[str, RecordType]
) -> tuple[dict[str, RecordType], dict[str, RecordType]]:
    """The keys that the kind itself brings, and those of its objects."""
    kind = target.dataset.kind
    if kind == Kind.CUSTOM:
        return {}, {}
    content = known.get("content", RecordType("bytes"))
    if kind == Kind.CLASSIFICATION:
        both = {"class_name": _STRING, "class_id": _INT64}
        kept = {name: each for name, each in both.items() if name in known}
        return {"content": content, **(kept if "class_name" in kept else both)}, {}
    objects = known.get("object")
    types = dict(objects.item.properties) if objects is not None and objects.item is not None else _OBJECT
    types = _object_types(target, types)
    return {
        "content": content,
        "object": RecordType("list", item=RecordType("map", tuple(types.items()))),
    }, types


def _object_types(target: TargetFolder, types: dict[str, RecordType]) -> dict[str, RecordType]:
    """The keys of an object, with those that some object needs besides."""
    dataset = target.dataset
    types = dict(types)
    if types["name"] == _INT64 and not all(_is_number(name) for name in dataset.class_names):
        types["name"] = _STRING
    flags = {"difficult", "truncated"} - set(types)
    for name in sorted(flags):
        if bool(dataset.columns(name).values.any()):
            types[name] = _INT64
    for sample in dataset:
        for attributes in sample["attributes"] or ():
            if set(attributes or ()) - set(types):
                return {**types, "attributes": _STRING}
    return types


def _is_number(name: str) -> bool:
    return name.isascii() and name.lstrip("-").isdecimal() and str(int(name)) == name and len(name) < 19


def _is_default(dataset: Dataset, schema: Schema) -> bool:
    """Whether the importer would give every sample the key that it has."""
    return all(
        key == default_key(schema.name, position) for position, key in enumerate(dataset.columns("key"))
    )


def _class_ids(dataset: Dataset, schema: Schema) -> list[int]:
    """The number of each class: the one that it came with, or the next free one."""
    known = schema.class_ids
    free = max((known.get(name, -1) for name in dataset.class_names), default=-1) + 1 if known else 0
    ids = []
    for name in dataset.class_names:
        ids.append(known.get(name, free))
        free += name not in known
    return ids


def _values(
    target: TargetFolder, sample: Sample, columns: _Columns, ids: list[int]
) -> Iterator[tuple[str, Any]]:
    """Key and value of everything that a sample has."""
    dataset = target.dataset
    if columns.key:
        yield columns.key, sample.key
    if dataset.kind != Kind.CUSTOM:
        yield from _blob(target, "content", sample["image"], columns.types["content"])
    if dataset.kind == Kind.CLASSIFICATION and sample["label"] >= 0:
        yield "class_name", dataset.class_names[sample["label"]]
        yield "class_id", ids[sample["label"]]
    if dataset.kind == Kind.DETECTION:
        yield "object", list(_objects(target, sample, columns.object_types))
    for key, each in columns.fields.items():
        value, record_type = sample[each.name], columns.types[key]
        if value is None:
            continue
        if each.layout == BLOB:
            yield from _blob(target, key, value, record_type)
            continue
        try:
            yield key, from_field(value, record_type, each)
        except BadSample as err:
            target.drop(f"values of '{each.name}' ({err.message})")


def _blob(
    target: TargetFolder, key: str, value: memoryview, record_type: RecordType
) -> Iterator[tuple[str, Any]]:
    if record_type.basic == "bytes":
        if len(value) <= _MAX_BYTES:
            yield key, value
        else:
            target.drop(f"contents of '{key}' over 2 GiB")
    elif len(value) <= _MAX_INSIDE:
        yield key, StoredFile(value, "", len(value))
    else:
        path = f"files/{xxh3_128_hexdigest(value)}"
        target.write(path, value)
        yield key, StoredFile(value, path, len(value))


def _objects(target: TargetFolder, sample: Sample, types: dict[str, RecordType]) -> Iterator[dict[str, Any]]:
    boxes = sample["boxes"].tolist()
    for box, label, is_difficult, is_truncated, attributes in zip(
        boxes,
        sample["labels"].tolist(),
        sample["difficult"].tolist(),
        sample["truncated"].tolist(),
        sample["attributes"] or [None] * len(boxes),
        strict=True,
    ):
        name = target.dataset.class_names[label]
        found: dict[str, Any] = {"name": int(name) if types["name"] == _INT64 else name}
        for side, number in zip(SIDES, box, strict=True):
            found[side] = number
            if types[side] == _INT64:
                found[side] = round(number)
                target.drop("fractions of a pixel", number != found[side])
        flags = {"difficult": int(is_difficult), "truncated": int(is_truncated)}
        found |= {flag: value for flag, value in flags.items() if flag in types}
        yield found | _attributes(target, attributes or {}, types)


def _attributes(
    target: TargetFolder, attributes: dict[str, Any], types: dict[str, RecordType]
) -> dict[str, Any]:
    """Those for which an object has a key of the type, and all others as JSON."""
    found, rest = {}, {}
    for name, value in attributes.items():
        try:
            if name not in types or name == "attributes":
                raise BadSample("there is no key of that name")
            found[name] = from_json(value, types[name])
        except BadSample:
            rest[name] = value
    if rest and "attributes" in types:
        found["attributes"] = msgspec.json.encode(rest).decode()
    elif rest:
        target.drop("attributes of another type than the key of that name has", len(rest))
    return found


def _properties(target: TargetFolder, schema: Schema, columns: _Columns) -> bytes:
    dataset = target.dataset
    noted = {
        key: each
        for key, each in columns.fields.items()
        if schema.fields.get(key) != each.name or each != field_for(each.name, columns.types[key])
    }
    splits = {name: _runs(np.array(sorted(each))) for name, each in target.split_positions().items()}
    extras = Extras(str(dataset.kind), list(dataset.class_names), noted, splits)
    texts = {
        name: text for name, text in dataset.attributes.items() if name not in (SCHEMA, EXTRAS, "format")
    }
    return format_properties({**texts, EXTRAS: msgspec.json.encode(extras).decode()}, schema.properties)


def _runs(positions: "np.ndarray[Any, np.dtype[np.int64]]") -> list[tuple[int, int]]:
    """First and behind the last of each run of rising positions."""
    if not len(positions):
        return []
    breaks = np.flatnonzero(np.diff(positions) != 1) + 1
    starts, stops = positions[[0, *breaks]], positions[[*(breaks - 1), -1]] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
