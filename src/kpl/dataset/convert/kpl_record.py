"""One record of an original KPL dataset: a map from name to feature, decoded and encoded by the schema.

Values in Python: str, memoryview, float, int, list, dict and `StoredFile`. A key that a record does not have is not
in the dictionary; a feature without a value is what the original reads it as: 0, nothing, an empty list.
"""

import struct
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from kpl.dataset.convert.kpl_schema import RecordType
from kpl.dataset.convert.protobuf import (
    BYTES,
    FIXED64,
    VARINT,
    bytes_field,
    fields,
    number_field,
    signed,
    varint,
)
from kpl.dataset.errors import BadSample

_STRING, _BYTES, _FLOAT64, _INT64, _LIST, _MAP, _FILE = 2, 3, 4, 5, 7, 8, 9
# the number that a type is written as first; texts are written as bytes, since they may be in GBK
_KINDS = {
    "string": (_BYTES, _STRING),
    "bytes": (_BYTES,),
    "float64": (_FLOAT64,),
    "int64": (_INT64,),
    "list": (_LIST,),
    "map": (_MAP,),
    "file": (_FILE,),
}
_WIRE_TYPES = {_FLOAT64: FIXED64, _INT64: VARINT}
_MAX_VALUES = 1 << 21  # in one record: a value of two bytes becomes an object of dozens
_SHOWN_BYTES = 512


class StoredFile(NamedTuple):
    """A file: its content in the record, or the path below the dataset where it lies."""

    content: memoryview | bytes
    path: str
    size: int


class _Budget:
    """How many values a record may still have."""

    def __init__(self) -> None:
        self.left = _MAX_VALUES

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BadSample(f"it has more than {_MAX_VALUES} values")


def decode_record(
    data: memoryview, record_type: RecordType, wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """The values of a record, or those of them that are wanted.

    Raises:
        BadSample: it is damaged, or does not follow the schema.
    """
    return _decode_map(data, record_type, _Budget(), wanted)


def _decode_map(
    data: memoryview, record_type: RecordType, budget: _Budget, wanted: Collection[str] | None = None
) -> dict[str, Any]:
    types = dict(record_type.properties)
    values: dict[str, Any] = {}
    for entry in _messages(data, "a map"):
        key, feature = "", memoryview(b"")
        for number, wire_type, value, _ in fields(entry):
            if wire_type != BYTES or isinstance(value, int) or number not in (1, 2):
                raise BadSample(f"an entry of a map has the field {number} of wire type {wire_type}")
            if number == 1:
                key = _utf8(value)
            else:
                feature = value
        if key not in types:
            raise BadSample(f"it has '{key[:80]}', which is not in the schema")
        budget.take()
        if wanted is None or key in wanted:
            try:
                values[key] = _decode(feature, types[key], budget)
            except BadSample as err:
                raise BadSample(f"'{key}': {err.message}") from err
    return values


def _messages(data: memoryview, what: str) -> Iterator[memoryview]:
    """The messages that make up a map or a list."""
    for number, wire_type, value, _ in fields(data):
        if number != 1 or wire_type != BYTES or isinstance(value, int):
            raise BadSample(f"{what} has the field {number} of wire type {wire_type}")
        yield value


def _utf8(data: memoryview) -> str:
    try:
        return bytes(data).decode()
    except UnicodeDecodeError as err:
        raise BadSample(f"a name is not UTF-8: {bytes(data[:40])!r}") from err


def _decode(feature: memoryview, record_type: RecordType, budget: _Budget) -> Any:  # noqa: PLR0911 (one a type)
    parts = list(fields(feature)) if len(feature) else []
    if not parts:
        return _default(record_type)
    if len(parts) > 1:
        raise BadSample(f"it has {len(parts)} values")
    number, wire_type, value, _ = parts[0]
    if number not in _KINDS[record_type.basic] or wire_type != _WIRE_TYPES.get(number, BYTES):
        raise BadSample(
            f"it is of the kind {number}, wire type {wire_type}, and the schema says {record_type.basic}"
        )
    if isinstance(value, int):
        return signed(value)
    match record_type.basic:
        case "string":
            return _text(value)
        case "float64":
            return struct.unpack("<d", value)[0]
        case "list":
            assert record_type.item is not None
            items = []
            for item in _messages(value, "a list"):
                budget.take()
                items.append(_decode(item, record_type.item, budget))
            return items
        case "map":
            return _decode_map(value, record_type, budget)
        case "file":
            return _file(value)
    return value


def _default(record_type: RecordType) -> Any:
    defaults: dict[str, Any] = {
        "string": "", "bytes": memoryview(b""), "float64": 0.0, "int64": 0, "list": [], "map": {},
        "file": StoredFile(b"", "", 0),
    }  # fmt: skip
    return defaults[record_type.basic]


def _text(data: memoryview) -> str:
    for encoding in ("utf-8", "gbk"):
        try:
            return bytes(data).decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadSample(f"the text is neither UTF-8 nor GBK: {bytes(data[:40])!r}")


def _file(message: memoryview) -> StoredFile:
    content, path, size, is_large = memoryview(b""), "", 0, False
    for number, wire_type, value, _ in fields(message):
        if number in (2, 3) and wire_type == BYTES and not isinstance(value, int):
            content, path = (value, path) if number == 2 else (content, _utf8(value))
        elif number in (1, 4) and wire_type == VARINT and isinstance(value, int):
            size, is_large = (signed(value), is_large) if number == 4 else (size, value == 1)
        else:
            raise BadSample(f"a file has the field {number} of wire type {wire_type}")
    if is_large and not path:
        raise BadSample("a large file has no path")
    if not is_large and len(content) != size:
        raise BadSample(f"a file of {size} bytes has {len(content)}")
    return StoredFile(content, path if is_large else "", size)


def encode_record(values: Mapping[str, Any], record_type: RecordType) -> bytes:
    """The bytes of a record; keys without a value are left out."""
    return b"".join(
        bytes_field(1, bytes_field(1, key.encode()), bytes_field(2, _encode(values[key], each)))
        for key, each in record_type.properties
        if key in values
    )


def _encode(value: Any, record_type: RecordType) -> bytes:  # noqa: PLR0911 (one a type)
    match record_type.basic:
        case "string":
            return bytes_field(_BYTES, value.encode())
        case "bytes":
            return bytes_field(_BYTES, value)
        case "float64":
            return varint(_FLOAT64 << 3 | FIXED64) + struct.pack("<d", value)
        case "int64":
            return number_field(_INT64, value)
        case "list" if value:
            assert record_type.item is not None
            return bytes_field(_LIST, *(bytes_field(1, _encode(item, record_type.item)) for item in value))
        case "map" if value:
            return bytes_field(_MAP, encode_record(value, record_type))
        case "file":
            return bytes_field(_FILE, _encode_file(value))
    return b""


def _encode_file(file: StoredFile) -> bytes:
    if not file.path:
        return bytes_field(2, file.content) + number_field(4, file.size)
    return (
        number_field(1, 1)
        + bytes_field(2, file.content[:_SHOWN_BYTES])
        + bytes_field(3, file.path.encode())
        + number_field(4, file.size)
    )
