"""The wire format of protocol buffers, as far as importers need it: fields of a message, one after another.

Nothing is copied or unpacked before it is asked for, and every length is checked against the bytes that are there.
See https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kpl.dataset.errors import BadSample

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_UINT64 = 1 << 64
_MAX_VARINT_BYTES = 10


class Part(NamedTuple):
    """A field of a message.

    Attributes:
        value: an unsigned whole number for a varint, bytes for everything else.
        begin: of the value in the message.
    """

    number: int
    wire_type: int
    value: int | memoryview
    begin: int


def fields(message: memoryview) -> Iterator[Part]:
    """The fields of a message in their order.

    Raises:
        BadSample: it is cut short, or not a message.
    """
    position, size = 0, len(message)
    while position < size:
        tag, position = read_varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise BadSample(f"a field has the number 0 at byte {position}")
        if wire_type == VARINT:
            begin = position
            value, position = read_varint(message, position)
            yield Part(number, wire_type, value, begin)
            continue
        if wire_type == BYTES:
            length, position = read_varint(message, position)
        elif wire_type in _WIDTHS:
            length = _WIDTHS[wire_type]
        else:
            raise BadSample(f"field {number} has the unknown wire type {wire_type} at byte {position}")
        if length > size - position:
            raise BadSample(f"field {number} takes {length} bytes, but {size - position} are left")
        yield Part(number, wire_type, message[position : position + length], position)
        position += length


def read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """An unsigned number of up to 64 bits and the position behind it.

    Raises:
        BadSample: it does not end.
    """
    value = shift = 0
    for place in range(position, min(position + _MAX_VARINT_BYTES, len(message))):
        byte = message[place]
        if byte < 0x80:
            value |= byte << shift
            if value >= _UINT64:
                raise BadSample(f"a number has more than 64 bits at byte {position}")
            return value, place + 1
        value |= (byte & 0x7F) << shift
        shift += 7
    raise BadSample(f"a number does not end, from byte {position} on")


def numbers(part: Part) -> Iterator[int]:
    """The unsigned numbers of a field that is repeated: one, or several packed one behind the other.

    Raises:
        BadSample: the last one does not end.
    """
    if isinstance(part.value, int):
        yield part.value
        return
    position = 0
    while position < len(part.value):
        value, position = read_varint(part.value, position)
        yield value


def signed(value: int) -> int:
    """What an unsigned number means as int64."""
    return value - _UINT64 if value >= _UINT64 >> 1 else value


def varint(value: int) -> bytes:
    """A whole number as int64 and uint64 are written: negative ones take ten bytes."""
    value %= _UINT64
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number_field(number: int, value: int) -> bytes:
    """A field with a whole number."""
    return varint(number << 3 | VARINT) + varint(value)


def bytes_field(number: int, *parts: bytes | memoryview) -> bytes:
    """A field with bytes, text or another message."""
    length = sum(map(len, parts))
    return b"".join((varint(number << 3 | BYTES), varint(length), *parts))
