"""Between the values of original KPL records and those of fields here.

A value that no field type fits becomes JSON: bytes in base64, and numbers that are none, which JSON lacks, as text.
"""

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from kpl.dataset.convert.kpl_record import StoredFile
from kpl.dataset.convert.kpl_schema import RecordType
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, BYTES, FIXED, LIST, Field, field

_TYPES = {"string": "string", "bytes": "blob", "float64": "float64", "int64": "int64", "file": "blob"}
_INT64 = 1 << 63

SCHEMA = "kpl_original"  # attribute of an imported dataset: its `Schema` as JSON
EXTRAS = "kpl"  # property of an exported dataset: its `Extras` as JSON


class Schema(msgspec.Struct, omit_defaults=True):
    """What an exporter must know to write what was imported.

    Attributes:
        name: of the files.
        meta: text of the schema.
        fields: name of the field that each key of a record has become.
        key: of a record that has become the key of the sample; empty for none.
        class_ids: number that each class had.
        properties: values of the key-value store that are no texts, in base64.
    """

    name: str
    meta: str
    fields: dict[str, str] = {}
    key: str = ""
    class_ids: dict[str, int] = {}
    properties: dict[str, bytes] = {}


class Extras(msgspec.Struct, omit_defaults=True):
    """What a dataset has that original records have no place for.

    Attributes:
        fields: each key of a record that has not the usual field for its type.
        splits: runs of positions, first and behind the last, of each split.
    """

    kind: str
    class_names: list[str] = []
    fields: dict[str, Field] = {}
    splits: dict[str, list[tuple[int, int]]] = {}


def field_for(name: str, record_type: RecordType) -> Field:
    """The field that a value of this type becomes."""
    item = record_type.item
    if item is not None and item.basic in ("float64", "int64"):
        return field(name, "numbers", dtype=item.basic, is_optional=True)
    return field(name, _TYPES.get(record_type.basic, "json"), is_optional=True)


def type_for(each: Field) -> RecordType:
    """The type that a field is written as."""
    is_float = each.dtype[1:2] == "f"
    number = RecordType("float64" if is_float else "int64")
    if each.layout == LIST or (each.layout == FIXED and each.shape):
        return RecordType("list", item=number)
    if each.layout == FIXED:
        return number
    return RecordType("bytes" if each.layout == BLOB or each.type == "bytes" else "string")


def fits(each: Field, record_type: RecordType) -> bool:
    """Whether values of this type can be those of the field."""
    usual = field_for(each.name, record_type)
    return (
        each.layout == BLOB if record_type.basic == "file" else usual == each or record_type == type_for(each)
    )


def to_field(
    value: Any, record_type: RecordType, each: Field, read: Callable[[StoredFile], memoryview | bytes]
) -> Any:
    """The value of a field; None for one that the record does not have.

    Raises:
        BadSample: it does not fit.
    """
    if value is None:
        return None
    if record_type.basic == "file":
        return read(value)
    if each.layout == BYTES and each.type == "json":
        if record_type.basic != "string":
            return to_json(value, record_type, read)
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError) as err:
            raise BadSample(f"not JSON: {err}") from err
    if each.layout in (FIXED, LIST) and isinstance(value, list):
        try:
            array = np.array(value, np.float64 if each.dtype[1] == "f" else np.int64)
            return array.reshape(each.shape if each.layout == FIXED else (-1, *each.shape))
        except ValueError as err:
            raise BadSample(f"{len(value)} numbers do not have the shape {each.shape}") from err
    return bytes(value) if each.type == "bytes" else value


def from_field(value: Any, record_type: RecordType, each: Field) -> Any:
    """The value of a record.

    Raises:
        BadSample: the record cannot hold it.
    """
    if record_type.basic == "file":
        return StoredFile(value, "", len(value))
    if each.layout == BYTES and each.type == "json":
        if record_type.basic == "string":
            return msgspec.json.encode(value).decode()
        return from_json(value, record_type)
    if isinstance(value, np.ndarray):
        value = value.reshape(-1).tolist()
    numbers = value if isinstance(value, list) else [value] if isinstance(value, int) else []
    if any(isinstance(number, int) and not -_INT64 <= number < _INT64 for number in numbers):
        raise BadSample("a number has more than 64 bits with its sign")
    return value


def to_json(value: Any, record_type: RecordType, read: Callable[[StoredFile], memoryview | bytes]) -> Any:
    """A value as JSON has it."""
    match record_type.basic:
        case "bytes":
            return base64.b64encode(value).decode()
        case "file":
            return base64.b64encode(read(value)).decode()
        case "float64":
            return value if math.isfinite(value) else repr(value)
        case "list":
            assert record_type.item is not None
            return [to_json(item, record_type.item, read) for item in value]
        case "map":
            types = dict(record_type.properties)
            return {key: to_json(item, types[key], read) for key, item in value.items()}
    return value


def from_json(value: Any, record_type: RecordType) -> Any:  # noqa: PLR0911 (one a type)
    """What `to_json` had been given.

    Raises:
        BadSample: JSON that somebody has put there since, and which does not fit the type.
    """
    try:
        match record_type.basic:
            case "bytes":
                return base64.b64decode(value, validate=True)
            case "file":
                content = base64.b64decode(value, validate=True)
                return StoredFile(content, "", len(content))
            case "float64":
                return float(value)
            case "int64" if isinstance(value, int) and -_INT64 <= value < _INT64:
                return int(value)
            case "string" if isinstance(value, str):
                return value
            case "list" if isinstance(value, list):
                assert record_type.item is not None
                return [from_json(item, record_type.item) for item in value]
            case "map" if isinstance(value, dict):
                types = dict(record_type.properties)
                return {key: from_json(item, types[key]) for key, item in value.items()}
    except (binascii.Error, KeyError, TypeError, ValueError, OverflowError) as err:
        raise BadSample(f"{value!r:.80} is not a {record_type.basic}") from err
    raise BadSample(f"{value!r:.80} is not a {record_type.basic}")
