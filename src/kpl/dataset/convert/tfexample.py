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

from kpl.dataset.convert.protobuf import BYTES, VARINT, bytes_field, fields, numbers, varint
from kpl.dataset.convert.streams import Stream
from kpl.dataset.errors import BadSample
from kpl.errors import Invalid

MAX_RECORD_BYTES = 1 << 30
_HEAD = struct.Struct("<QI")
_TAIL = struct.Struct("<I")

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
    features: dict[str, Feature] = {}
    try:
        for number, example in _messages(Span(0, memoryview(data))):
            if number == 2:
                raise BadSample("it is a SequenceExample, whose lists of features have no place")
            if number == 1:
                features |= (_entry(entry) for number, entry in _messages(example) if number == 1)
    except (BadSample, ValueError) as err:
        raise BadSample(f"not a tf.train.Example: {err}") from err
    return features


def _messages(message: Span) -> Iterator[tuple[int, Span]]:
    """(field number, content) of each field with content; numbers alone are passed over."""
    for part in fields(message.data):
        if isinstance(part.value, memoryview):
            yield part.number, Span(message.begin + part.begin, part.value)


def _entry(entry: Span) -> tuple[str, Feature]:
    name, feature = "", None
    for number, content in _messages(entry):
        if number == 1:
            name = str(content.data, "utf-8")
        elif number == 2:
            feature = _feature(content)
    return name, feature


def _feature(content: Span) -> Feature:
    feature: Feature = None
    for number, values in _messages(content):
        if number == 1:
            feature = [each for number, each in _messages(values) if number == 1]
        elif number == 2:
            feature = _floats(values)
        elif number == 3:
            feature = _integers(values.data)
    return feature


def _floats(values: Span) -> NDArray[np.float32]:
    parts = [np.frombuffer(each.data, "<f4") for number, each in _messages(values) if number == 1]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _integers(values: memoryview) -> NDArray[np.int64]:
    found: list[int] = []
    for part in fields(values):
        if part.number == 1 and part.wire_type in (VARINT, BYTES):
            found += numbers(part)
    return np.array(found, np.uint64).astype(np.int64)


def encode_example(features: Mapping[str, Sequence[bytes] | NDArray[Any]]) -> bytes:
    """An Example: bytes, or arrays of float32 or int64, by name."""
    entries = (
        bytes_field(1, bytes_field(1, name.encode()), bytes_field(2, _list(values)))
        for name, values in features.items()
    )
    return bytes_field(1, *entries)


def _list(values: Sequence[bytes] | NDArray[Any]) -> bytes:
    if not isinstance(values, np.ndarray):
        return bytes_field(1, *(bytes_field(1, each) for each in values))
    if values.dtype == np.float32:
        return bytes_field(2, bytes_field(1, values.astype("<f4").tobytes()) if values.size else b"")
    return bytes_field(3, bytes_field(1, *map(varint, values.tolist())) if values.size else b"")
