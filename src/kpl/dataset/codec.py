"""The container that shards, indexes and manifests share: header, body, directory, trailer.

Bytes in, values out.

The byte-exact description is docs/reference/format.md; a change here is a change of the format.
"""

import struct
from typing import NamedTuple, TypeVar

import msgspec
from xxhash import xxh3_64_intdigest, xxh3_128

from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged, UnsupportedFormat
from kpl.dataset.fields import Field
from kpl.sentence import Sentence

MAGIC = b"\x89KPL\r\n\x1a\n"  # as in PNG: shows a transfer that changed line ends or cut the eighth bit
END_MAGIC = b"KPL.END\n"
FORMAT_VERSION = 1
SHARD, INDEX, MANIFEST = 1, 2, 3
HEADER_BYTES, TRAILER_BYTES = 64, 32
ALIGNMENT, BLOB_ALIGNMENT = 64, 8

_HEADER = struct.Struct("<8sHHI16sQ16sQ")
_TRAILER = struct.Struct("<QIIQ8s")
_WHAT = {SHARD: "shard", INDEX: "index", MANIFEST: "manifest"}
_CHINESE = {SHARD: "分片", INDEX: "索引", MANIFEST: "清单"}

StructT = TypeVar("StructT", bound=msgspec.Struct)


class Buffer(msgspec.Struct, frozen=True, array_like=True):
    """Where one buffer of a column lies in its file, and the xxh3-64 of its bytes."""

    role: str
    dtype: str
    position: int
    length: int
    check: int


class Column(msgspec.Struct, frozen=True):
    """A field and its buffers, in the order that the layout prescribes."""

    field: Field
    buffers: tuple[Buffer, ...]


class ShardDirectory(msgspec.Struct, frozen=True):
    """What a shard holds."""

    layer: str
    columns: tuple[Column, ...]


class Trailer(NamedTuple):
    """Where the directory of a file lies, and how many rows the file has (0 for other than shards)."""

    position: int
    length: int
    num_rows: int


def padding(position: int, alignment: int = ALIGNMENT) -> bytes:
    """Zeros that bring `position` to the next multiple of `alignment`."""
    return bytes(-position % alignment)


def encode_directory(value: msgspec.Struct, position: int, num_rows: int = 0) -> bytes:
    """The directory with its trailer, to be put at `position`, where the file ends."""
    directory = msgspec.msgpack.encode(value)
    located = struct.pack("<QII", position, len(directory), num_rows)
    return directory + located + struct.pack("<Q8s", xxh3_64_intdigest(directory + located), END_MAGIC)


def encode_header(kind: int, content_id: bytes, size: int) -> bytes:
    """The first 64 bytes of a file of `size` bytes; `content_id` is the xxh3-128 of all bytes after them."""
    head = _HEADER.pack(MAGIC, FORMAT_VERSION, kind, 0, content_id, size, bytes(16), 0)[:-8]
    return head + struct.pack("<Q", xxh3_64_intdigest(head))


def decode_header(data: memoryview, kind: int, *, size: int, where: str) -> str:
    """Check the first 64 bytes of a file and return its id in hex.

    Raises:
        DatasetDamaged: the header is not whole, or the file is longer or shorter than it was when written.
        UnsupportedFormat: not a file of KPL, or of a version or kind not known here.
    """
    what = _WHAT[kind]
    if len(data) < HEADER_BYTES:
        raise DatasetDamaged(
            Sentence(
                f"{where}: {len(data)} bytes are too few for a {what}: it was cut short.",
                f"{where}：只有 {len(data)} 字节，不足以成为{_CHINESE[kind]}，文件不完整。",
            ),
            hint=RESTORE_HINT,
        )
    magic, version, found, flags, content_id, written, _, check = _HEADER.unpack_from(data)
    if xxh3_64_intdigest(data[: HEADER_BYTES - 8]) != check:
        if magic != MAGIC:
            raise UnsupportedFormat(
                Sentence(
                    f"{where}: this is not a {what} of KPL, it begins with {magic!r}.",
                    f"{where}：不是 KPL 的{_CHINESE[kind]}，开头为 {magic!r}。",
                ),
                hint=RESTORE_HINT,
            )
        raise DatasetDamaged(
            Sentence(f"{where}: the header is damaged.", f"{where}：文件头已损坏。"), hint=RESTORE_HINT
        )
    if version != FORMAT_VERSION or flags:
        raise UnsupportedFormat(
            Sentence(
                f"{where}: format version {version} (flags {flags:#x}); this KPL reads version {FORMAT_VERSION}.",
                f"{where}：格式版本为 {version}（标志 {flags:#x}），此 KPL 只能读取版本 {FORMAT_VERSION}。",
            ),
            hint=Sentence("Update KPL.", "请更新 KPL。"),
        )
    if found != kind:
        raise DatasetDamaged(
            Sentence(
                f"{where}: a {what} is expected, this is a {_WHAT.get(found, found)}.",
                f"{where}：应为{_CHINESE[kind]}，实际是{_CHINESE.get(found, found)}。",
            ),
            hint=RESTORE_HINT,
        )
    if written != size:
        raise DatasetDamaged(
            Sentence(
                f"{where}: {size} bytes, but {written} were written.",
                f"{where}：文件有 {size} 字节，写入时为 {written} 字节。",
            ),
            hint=RESTORE_HINT,
        )
    return bytes(content_id).hex()


def decode_trailer(tail: memoryview, *, size: int, where: str) -> tuple[Trailer, memoryview]:
    """Find the directory in the last bytes of a file of `size` bytes.

    Returns:
        The trailer, and the bytes of the directory, checked.
    Raises:
        DatasetDamaged: trailer or directory is not what was written.
    """
    end = len(tail)
    if end < TRAILER_BYTES:
        raise DatasetDamaged(
            Sentence(f"{where}: no trailer: the file was cut short.", f"{where}：缺少文件尾，文件不完整。"),
            hint=RESTORE_HINT,
        )
    position, length, num_rows, check, magic = _TRAILER.unpack_from(tail, end - TRAILER_BYTES)
    begin = end - TRAILER_BYTES - length
    if magic != END_MAGIC:
        raise DatasetDamaged(
            Sentence(
                f"{where}: no trailer: the file was cut short or overwritten.",
                f"{where}：缺少文件尾，文件不完整或被覆盖。",
            ),
            hint=RESTORE_HINT,
        )
    if begin < 0 or position + length + TRAILER_BYTES != size:
        raise DatasetDamaged(
            Sentence(
                f"{where}: the trailer puts the directory outside the file.",
                f"{where}：文件尾所指的目录在文件之外。",
            ),
            hint=RESTORE_HINT,
        )
    if xxh3_64_intdigest(tail[begin : end - 16]) != check:
        raise DatasetDamaged(
            Sentence(f"{where}: the directory is damaged.", f"{where}：目录已损坏。"), hint=RESTORE_HINT
        )
    return Trailer(position, length, num_rows), tail[begin : begin + length]


def decode_directory(data: memoryview, struct_type: type[StructT], *, where: str) -> StructT:
    """Decode a directory whose check has passed."""
    try:
        return msgspec.msgpack.decode(data, type=struct_type)
    except (msgspec.DecodeError, RecursionError) as err:
        raise UnsupportedFormat(
            Sentence(f"{where}: the directory cannot be read: {err}.", f"{where}：无法读取目录（{err}）。"),
            hint=Sentence("Update KPL.", "请更新 KPL。"),
        ) from err


def seal(kind: int, body: bytes | bytearray, directory: msgspec.Struct) -> bytes:
    """A whole small file: header, body (which begins at byte 64), directory, trailer."""
    pad = padding(HEADER_BYTES + len(body))
    end = encode_directory(directory, HEADER_BYTES + len(body) + len(pad))
    content_id = xxh3_128()
    for part in (body, pad, end):
        content_id.update(part)
    size = HEADER_BYTES + len(body) + len(pad) + len(end)
    return b"".join((encode_header(kind, content_id.digest(), size), body, pad, end))


def unseal(data: memoryview, kind: int, struct_type: type[StructT], *, where: str) -> tuple[str, StructT]:
    """Undo `seal`: the file's id and its directory. The body is left to the checks of its buffers."""
    content_id = decode_header(data, kind, size=len(data), where=where)
    _, directory = decode_trailer(data, size=len(data), where=where)
    return content_id, decode_directory(directory, struct_type, where=where)
