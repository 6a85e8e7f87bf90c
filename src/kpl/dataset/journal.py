"""What a writer remembers on disk, so that an interrupted conversion goes on where it stopped.

A file of frames: u32 length, u32 zero, u64 xxh3-64 of the payload, then the payload in msgpack. Frames follow
the heap bytes they speak of, so whatever the journal claims is there to be checked; a torn last frame is
simply not there.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
from xxhash import xxh3_64_intdigest

from kpl.dataset.fields import Field
from kpl.dataset.manifest import ShardRef

_FRAME = struct.Struct("<IIQ")


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """What is being written; a conversion resumes only one that began alike.

    Attributes:
        source: what is being converted; empty where the caller says nothing about it.
    """

    kind: str
    class_names: tuple[str, ...]
    layers: dict[str, tuple[Field, ...]]
    attributes: dict[str, str]
    parent: int
    source: str = ""


class Block(msgspec.Struct, frozen=True):
    """What rows brought to one layer: the end of its heap, and column parts, with the check of each blob."""

    heap_end: int
    columns: dict[str, dict[str, bytes]]


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Whole rows, all layers alike."""

    num_rows: int
    layers: dict[str, Block]
    splits: dict[str, list[int]]


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """All rows so far stand in finished shards."""

    shards: dict[str, ShardRef]


Frame = Begin | Rows | Closed


def encode_frame(frame: Frame) -> bytes:
    """One frame as bytes."""
    payload = msgspec.msgpack.encode(frame)
    return _FRAME.pack(len(payload), 0, xxh3_64_intdigest(payload)) + payload


def read_frames(path: Path) -> Iterator[tuple[Frame, int]]:
    """The whole frames of a journal in order, each with the byte at which it ends.

    Stops at the first torn one.
    """
    data = path.read_bytes()
    position = 0
    while position + _FRAME.size <= len(data):
        length, _, check = _FRAME.unpack_from(data, position)
        begin = position + _FRAME.size
        payload = data[begin : begin + length]
        if len(payload) != length or xxh3_64_intdigest(payload) != check:
            return
        try:
            frame = msgspec.msgpack.decode(payload, type=Frame)
        except msgspec.DecodeError:  # of another version of KPL: begin anew
            return
        position = begin + length
        yield frame, position
