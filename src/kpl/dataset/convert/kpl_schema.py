"""The schema of an original KPL dataset: what its `.meta` says, in the text form of protocol buffers.

See https://protobuf.dev/reference/protobuf/textformat-spec.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kpl.dataset.errors import BadSample

BASIC_TYPES = frozenset({"bytes", "float64", "int64", "list", "map", "string", "file"})
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[{}<>:;,\[\]])|(?P<word>[A-Za-z0-9_.+-]+)"""
    r"""|"(?P<double>(?:[^"\\\n]|\\.)*)"|'(?P<single>(?:[^'\\\n]|\\.)*)'""",
    re.S,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.S)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_OPENING = {"{": "}", "<": ">"}

Message = dict[str, list[Any]]


class RecordType(NamedTuple):
    """The type of a value.

    Attributes:
        basic: one of `BASIC_TYPES`.
        properties: of a map, in the order of its keys.
        item: of a list.
    """

    basic: str
    properties: tuple[tuple[str, "RecordType"], ...] = ()
    item: "RecordType | None" = None

    def get(self, key: str) -> "RecordType | None":
        """The type of a property."""
        return dict(self.properties).get(key)


def parse_meta(text: str) -> RecordType:
    """The type of the records.

    Raises:
        BadSample: it is not a meta file, and why.
    """
    message = _parse_message(_tokens(text), "", 0)
    found = _one(message, "record_type")
    if not isinstance(found, dict):
        raise BadSample("it has no record_type")
    record_type = _record_type(found)
    if record_type.basic != "map":
        raise BadSample(f"records are of the type {record_type.basic}, not map")
    return record_type


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of each mark, word and string."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise BadSample(f"line {line}: {text[position : position + 20]!r} is not text form")
        position = found.end()
        if found.lastgroup is not None:
            kind = "string" if found.lastgroup in ("double", "single") else found.lastgroup
            yield kind, found[found.lastgroup]


def _parse_message(tokens: Iterator[tuple[str, str]], end: str, depth: int) -> Message:
    """Fields up to the closing mark, each with all its values."""
    if depth > _MAX_DEPTH:
        raise BadSample(f"types are nested more than {_MAX_DEPTH} deep")
    message: Message = {}
    for name_kind, name in tokens:
        if name == end and name_kind == "mark":
            return message
        if name_kind == "mark" and name in ";,":
            continue
        if name_kind != "word":
            raise BadSample(f"'{name}' stands where a field's name is expected")
        kind, value = next(tokens, ("", ""))
        if (kind, value) == ("mark", ":"):
            kind, value = next(tokens, ("", ""))
        if kind == "mark" and value in _OPENING:
            message.setdefault(name, []).append(_parse_message(tokens, _OPENING[value], depth + 1))
        elif kind == "string":
            message.setdefault(name, []).append(_unescape(value))
        elif kind == "word":
            message.setdefault(name, []).append(value)
        else:
            raise BadSample(f"the field {name} has no value")
    if end:
        raise BadSample("it is cut short")
    return message


def _unescape(text: str) -> str:
    def replace(match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, letter = match.groups()
        if octal is not None:
            return bytes([int(octal, 8) & 0xFF])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        return _LETTERS.get(letter, letter)

    try:
        return _ESCAPE.sub(replace, text.encode()).decode()
    except UnicodeDecodeError as err:
        raise BadSample(f"the text {text!r} is not UTF-8") from err


def _one(message: Message, name: str) -> Any:
    return message.get(name, [None])[-1]


def _record_type(message: Message) -> RecordType:
    basic = _one(message, "basicType")
    if basic not in BASIC_TYPES:
        raise BadSample(f"the type {basic!r} is unknown")
    item, properties = _one(message, "item"), {}
    for entry in message.get("properties", []):
        key, value = (_one(entry, name) for name in ("key", "value")) if isinstance(entry, dict) else (0, 0)
        if not isinstance(key, str) or not isinstance(value, dict):
            raise BadSample("a property has no key or no value")
        properties[key] = _record_type(value)
    if basic == "list" and not isinstance(item, dict):
        raise BadSample("a list has no type of its items")
    order = [key for key in message.get("keys", []) if isinstance(key, str) and key in properties]
    return RecordType(
        basic,
        tuple((key, properties[key]) for key in dict.fromkeys([*order, *properties])),
        _record_type(item) if basic == "list" else None,
    )


def format_meta(name: str, record_type: RecordType) -> str:
    """The meta file of a dataset, as the original writes it."""
    lines = ["version: 1", f"id: {_quoted(name)}", "record_type {", *_lines(record_type, "  "), "}"]
    return "".join(f"{line}\n" for line in lines)


def _lines(record_type: RecordType, indent: str) -> Iterator[str]:
    yield f"{indent}basicType: {record_type.basic}"
    for key, value in sorted(record_type.properties):
        yield f"{indent}properties {{"
        yield f"{indent}  key: {_quoted(key)}"
        yield f"{indent}  value {{"
        yield from _lines(value, f"{indent}    ")
        yield f"{indent}  }}"
        yield f"{indent}}}"
    for key, _ in record_type.properties:
        yield f"{indent}keys: {_quoted(key)}"
    if record_type.item is not None:
        yield f"{indent}item {{"
        yield from _lines(record_type.item, f"{indent}  ")
        yield f"{indent}}}"


def _quoted(text: str) -> str:
    """A string in the text form, in ASCII alone."""
    return '"' + "".join(_escaped(byte) for byte in text.encode()) + '"'


def _escaped(byte: int) -> str:
    letter = chr(byte)
    if letter in "\"\\'\n\r\t":
        return letter.translate(_ESCAPES)
    return letter if 32 <= byte < 127 else f"\\{byte:03o}"
