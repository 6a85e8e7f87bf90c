"""TFRecord framing and tf.train.Example, byte by byte, without protobuf.

A record is: u64 length, u32 masked crc32c of these 8 bytes, data, u32 masked crc32c of the data. An Example is a map
from name to a list of bytes, of float32 or of int64.

https://www.tensorflow.org/tutorials/load_data/tfrecord
https://protobuf.dev/programming-guides/encoding
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.convert.streams import Stream
from kpl.dataset.errors import BadSample
from kpl.errors import Invalid

MAX_RECORD_BYTES = 1 << 30
_HEAD = struct.Struct("<QI")
_TAIL = struct.Struct("<I")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Feature = list["Span"] | NDArray[np.float32] | NDArray[np.int64] | None


class Span(NamedTuple):
    """Bytes of a record: where they begin in it, and they themselves."""

    begin: int
    data: memoryview


class Frame(NamedTuple):
    """A record of a file.

    Attributes:
        number: from 1.
        position: of its data in the file.
        reason: why the data are no use; empty where they are whole.
    """

    number: int
    position: int
    data: bytes
    reason: str = ""


def masked_crc(data: bytes) -> int:
    """The check that TFRecord files carry.

    Raises:
        Invalid: google-crc32c is not installed.
    """
    try:
        import google_crc32c
    except ImportError as err:
        raise Invalid(
            "TFRecord needs the package google-crc32c.", hint="pip install 'kpl-platform[tfrecord]'"
        ) from err
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """A record as it stands in a file."""
    length = struct.pack("<Q", len(data))
    return length + _TAIL.pack(masked_crc(length)) + data + _TAIL.pack(masked_crc(data))


def read_frames(stream: Stream) -> Iterator[Frame]:
    """The records of a file, one at a time; after one whose length is damaged nothing more can be found.

    Raises:
        BadSample: a compressed file is damaged.
    """
    position, number = 0, 0
    while True:
        number += 1
        head = stream.read(_HEAD.size)
        if not head:
            return
        if len(head) < _HEAD.size:
            yield Frame(number, position, b"", "the file was cut short here")
            return
        length, check = _HEAD.unpack(head)
        if masked_crc(head[:8]) != check:
            yield Frame(
                number, position, b"", "the length is damaged (crc32c), so the rest of the file is lost"
            )
            return
        if length > MAX_RECORD_BYTES:
            yield Frame(
                number, position, b"", f"{length} bytes are too many; the rest of the file is left out"
            )
            return
        position += _HEAD.size
        data = stream.read(length)
        tail = stream.read(_TAIL.size)
        if len(data) < length or len(tail) < _TAIL.size:
            yield Frame(number, position, b"", "the file was cut short here")
            return
        is_whole = masked_crc(data) == _TAIL.unpack(tail)[0]
        yield Frame(number, position, data, "" if is_whole else "the record is damaged (crc32c)")
        position += length + _TAIL.size


def decode_example(data: bytes) -> dict[str, Feature]:
    """The features of an Example by name; None for one without values.

    Raises:
        BadSample: not an Example.
    """
    view = memoryview(data)
    features: dict[str, Feature] = {}
    try:
        for number, begin, end in _messages(view, 0, len(view)):
            if number == 2:
                raise BadSample("it is a SequenceExample, whose lists of features have no place")
            if number != 1:
                continue
            for entry_number, entry_begin, entry_end in _messages(view, begin, end):
                if entry_number == 1:
                    name, feature = _entry(view, entry_begin, entry_end)
                    features[name] = feature
    except (IndexError, ValueError, struct.error) as err:
        raise BadSample(f"not a tf.train.Example: {err}") from err
    return features


def _entry(view: memoryview, begin: int, end: int) -> tuple[str, Feature]:
    name, feature = "", None
    for number, value_begin, value_end in _messages(view, begin, end):
        if number == 1:
            name = str(view[value_begin:value_end], "utf-8")
        elif number == 2:
            feature = _feature(view, value_begin, value_end)
    return name, feature


def _feature(view: memoryview, begin: int, end: int) -> Feature:
    feature: Feature = None
    for number, list_begin, list_end in _messages(view, begin, end):
        if number == 1:
            feature = [Span(b, view[b:e]) for n, b, e in _messages(view, list_begin, list_end) if n == 1]
        elif number == 2:
            feature = _floats(view, list_begin, list_end)
        elif number == 3:
            feature = _integers(view, list_begin, list_end)
    return feature


def _floats(view: memoryview, begin: int, end: int) -> NDArray[np.float32]:
    parts = [np.frombuffer(view[b:e], "<f4") for number, b, e in _messages(view, begin, end) if number == 1]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _integers(view: memoryview, begin: int, end: int) -> NDArray[np.int64]:
    values: list[int] = []
    position = begin
    while position < end:
        key, position = _varint(view, position, end)
        if key == 1 << 3 | _VARINT:
            value, position = _varint(view, position, end)
            values.append(value)
            continue
        position, stop = _content(view, key, position, end)
        while key == 1 << 3 | _BYTES and position < stop:
            value, position = _varint(view, position, stop)
            values.append(value)
        position = stop
    return np.array(values, np.uint64).astype(np.int64)


def _messages(view: memoryview, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, begin, end) of each field with content; numbers alone are passed over."""
    position = begin
    while position < end:
        key, position = _varint(view, position, end)
        begin_content, position = _content(view, key, position, end)
        if key & 7 != _VARINT:
            yield key >> 3, begin_content, position


def _content(view: memoryview, key: int, position: int, end: int) -> tuple[int, int]:
    """Begin and end of the content of the field with that key."""
    kind = key & 7
    if kind == _VARINT:
        stop = _varint(view, position, end)[1]
    elif kind == _BYTES:
        length, position = _varint(view, position, end)
        stop = position + length
    elif kind in (_FIXED32, _FIXED64):
        stop = position + (4 if kind == _FIXED32 else 8)
    else:
        raise ValueError(f"a field of wire type {kind}")
    if stop > end:
        raise ValueError("a field reaches over its end")
    return position, stop


def _varint(view: memoryview, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= end or shift > 63:
            raise ValueError("a number reaches over its end")
        byte = view[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, position
        shift += 7


def encode_example(features: Mapping[str, Sequence[bytes] | NDArray[Any]]) -> bytes:
    """An Example: bytes, or arrays of float32 or int64, by name."""
    return _field(
        1, b"".join(_field(1, _field(1, n.encode()) + _field(2, _list(v))) for n, v in features.items())
    )


def _list(values: Sequence[bytes] | NDArray[Any]) -> bytes:
    if not isinstance(values, np.ndarray):
        return _field(1, b"".join(_field(1, each) for each in values))
    if values.dtype == np.float32:
        return _field(2, _field(1, values.astype("<f4").tobytes()) if values.size else b"")
    numbers = values.astype(np.int64).astype(np.uint64).tolist()
    return _field(3, _field(1, b"".join(map(_encoded, numbers))) if numbers else b"")


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content


def _encoded(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)
