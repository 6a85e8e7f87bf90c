"""One layer of a dataset being written.

Blobs go to a temporary heap file, values to builders, both to a shard.
"""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_digest, xxh3_64_intdigest, xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.builders import ColumnBuilder, Values, builder_of, pending
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.heap import HeapFile
from kpl.dataset.journal import Block
from kpl.dataset.manifest import ShardRef
from kpl.dataset.shard import is_wide

_MAX_BLOB_BYTES = (1 << 32) - 1
_PADS = tuple(bytes(count) for count in range(codec.BLOB_ALIGNMENT))
_SMALL_BYTES = 1 << 13  # copying such a part costs less than handing it to the system by itself


class LayerWriter:
    """Collects rows of one layer and turns them into shards.

    Args:
        root: folder of the dataset.
        name: of the layer.
        fields: of the layer, in the order in which they stand in a shard.
        folder: where the temporary heap lies.
    """

    def __init__(self, root: Path, name: str, fields: Iterable[Field], folder: Path) -> None:
        self.name, self.fields = name, tuple(fields)
        self.blob_names = [field.name for field in self.fields if field.layout == BLOB]
        self._root = root
        self._heap_path = folder / f"{name}.heap"
        self._begin_shard()

    def _begin_shard(self) -> None:
        self.builders: dict[str, ColumnBuilder] = {
            field.name: builder_of(field, self) for field in self.fields
        }
        self.appenders: dict[str, Callable[[Any], None]] = {
            name: builder.append for name, builder in self.builders.items()
        }
        self.position = codec.HEADER_BYTES
        self._block: list[bytes | memoryview] = []
        self._marks: dict[str, dict[str, int]] = {}
        self._hash = xxh3_128()
        self._num_rows = 0
        self._flushed = codec.HEADER_BYTES
        self._heap = HeapFile(self._heap_path)

    def put(self, value: Any) -> tuple[int, int, int]:
        """Append a blob to the heap: its position, length and check."""
        data = value if type(value) is bytes else _as_bytes(value)
        length = len(data)
        position = self.position
        pad = -position % codec.BLOB_ALIGNMENT
        if pad:
            self._block.append(_PADS[pad])
            position += pad
        self._block.append(data)
        self.position = position + length
        return position, length, xxh3_64_intdigest(data)

    def put_all(self, values: Values) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint64]]:
        """Append blobs to the heap: their positions, lengths and checks."""
        blobs: Values = values
        if set(map(type, values)) != {bytes}:
            blobs = [value if type(value) is bytes else _as_bytes(value) for value in values]
        count = len(blobs)
        lengths = np.fromiter(map(len, blobs), np.int64, count)
        pads = np.zeros(count + 1, np.int64)
        pads[0] = -self.position % codec.BLOB_ALIGNMENT
        pads[1:] = -lengths % codec.BLOB_ALIGNMENT
        positions = self.position + np.cumsum(pads[:-1])
        positions[1:] += np.cumsum(lengths[:-1])
        parts: list[bytes | memoryview] = [b""] * (2 * count)
        parts[0::2] = [_PADS[pad] for pad in pads[:-1].tolist()]
        parts[1::2] = blobs
        if count:
            self.position = int(positions[-1] + lengths[-1])
            self._block += parts
        return positions.astype(np.uint64), lengths.astype(np.uint32), digests(blobs)

    def mark(self) -> tuple[int, int]:
        """Where the next row begins, for `undo`."""
        return len(self._block), self.position

    def undo(self, mark: tuple[int, int], num_rows: int) -> None:
        """Drop everything after `num_rows` rows of this shard; the row in question is still in memory."""
        del self._block[mark[0] :]
        self.position = mark[1]
        for builder in self.builders.values():
            builder.truncate(num_rows)

    def column_bytes(self) -> int:
        """Size of the columns so far."""
        return sum(
            len(part) * part.itemsize
            for builder in self.builders.values()
            for part in builder.arrays.values()
        )

    def flush(self, num_rows: int) -> Block:
        """Write the pending blobs; what the journal is to remember about the rows since the last call."""
        parts, self._block = self._block, []
        if self.position - self._flushed < len(parts) * _SMALL_BYTES:
            parts = [b"".join(parts)]
        deque(map(self._hash.update, parts), maxlen=0)
        self._heap.append(parts)
        self._flushed = self.position
        columns = {}
        for name, builder in self.builders.items():
            columns[name] = pending(builder.arrays, self._marks.get(name, {}))
            self._marks[name] = {role: len(part) for role, part in builder.arrays.items()}
        self._num_rows = num_rows
        return Block(self.position, columns)

    def restore(self, blocks: list[tuple[int, Block]]) -> int:
        """Take back journaled blocks as far as the heap still holds their bytes; how many of them it does.

        Args:
            blocks: (rows, block) in the order of the journal, since the last finished shard.
        """
        has_heap = self._heap.reopen()
        if not has_heap and any(block.heap_end > codec.HEADER_BYTES for _, block in blocks):
            return 0
        for number, (num_rows, block) in enumerate(blocks):
            data = self._heap.read(block.heap_end - self.position)
            if not _is_whole(data, self.position, block):
                self._heap.cut(self.position)
                return number
            self._hash.update(data)
            self.position = self._flushed = block.heap_end
            self._num_rows += num_rows
            for name, parts in block.columns.items():
                builder = self.builders[name]
                for role, part in parts.items():
                    builder.arrays[role].frombytes(part)
                self._marks[name] = {role: len(each) for role, each in builder.arrays.items()}
        self._heap.cut(self.position)
        return len(blocks)

    def restart(self, blocks: list[tuple[int, Block]]) -> None:
        """Restore anew with fewer blocks, since another layer has lost some."""
        self.close()
        self._begin_shard()
        self.restore(blocks)

    def finish(self) -> ShardRef:
        """Turn the flushed rows into a shard at its final place, synced; the next row begins another one."""
        num_rows = self._num_rows
        num_files = sum(len(builder.arrays.get("file_sizes", ())) for builder in self.builders.values())
        directory_position, tail_start, columns = self._write_columns(num_rows)
        directory = codec.ShardDirectory(self.name, columns)
        self._write(codec.encode_directory(directory, directory_position, num_rows))
        content_id, size = self._hash.digest(), self.position
        header = codec.encode_header(codec.SHARD, content_id, size)
        path = layout.shard_path(self._root, self.name, content_id.hex())
        self._heap.append(self._block)
        self._heap.put_in_place(header, path)
        self._begin_shard()
        return ShardRef(content_id.hex(), num_rows, size, tail_start, files=num_files)

    def _write_columns(self, num_rows: int) -> tuple[int, int, tuple[codec.Column, ...]]:
        """Write wide columns, then small ones.

        Returns:
            Where the directory goes, where the tail starts, and what was written.
        """
        ready = [(field, list(self.builders[field.name].buffers())) for field in self.fields]
        wide = [field.name for field, parts in ready if is_wide(sum(len(p[2]) for p in parts), num_rows)]
        columns: dict[str, codec.Column] = {}
        tail_start = 0
        for field, parts in sorted(ready, key=lambda each: each[0].name not in wide):
            if field.name not in wide and not tail_start:
                self._write(codec.padding(self.position))
                tail_start = self.position
            buffers = tuple(self._write_buffer(*part) for part in parts)
            columns[field.name] = codec.Column(field.as_stored, buffers)
        self._write(codec.padding(self.position))
        return self.position, tail_start or self.position, tuple(columns[field.name] for field in self.fields)

    def _write_buffer(self, role: str, dtype: str, data: bytes) -> codec.Buffer:
        self._write(codec.padding(self.position))
        position = self.position
        self._write(data)
        return codec.Buffer(role, dtype, position, len(data), xxh3_64_intdigest(data))

    def _write(self, data: bytes) -> None:
        self._block.append(data)
        self._hash.update(data)
        self.position += len(data)

    def close(self) -> None:
        """Let go of the temporary heap, leaving it where it is."""
        self._heap.close()


def digests(values: Iterable[bytes | memoryview]) -> NDArray[np.uint64]:
    """xxh3-64 of each value; a third faster than from Python's numbers."""
    return np.frombuffer(b"".join(map(xxh3_64_digest, values)), ">u8").astype("<u8")


def _is_whole(data: bytes, position: int, block: Block) -> bool:
    """Whether these are the bytes that a block brought to the heap, where they begin at `position`."""
    if len(data) != max(block.heap_end - position, 0):
        return False
    is_padding = np.ones(len(data), bool)
    for parts in block.columns.values():
        if "check" in parts:
            begins = np.frombuffer(parts["position"], np.uint64).astype(np.int64) - position
            lengths = np.frombuffer(parts["length"], np.uint32)
            checks = np.frombuffer(parts["check"], np.uint64)
            for begin, length, check in zip(begins.tolist(), lengths.tolist(), checks.tolist(), strict=True):
                if xxh3_64_intdigest(data[begin : begin + length]) != check:
                    return False
                is_padding[begin : begin + length] = False
    return not np.frombuffer(data, np.uint8)[is_padding].any()


def _as_bytes(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise BadSample(f"{type(value).__name__} is not bytes")
    data = bytes(value)
    if len(data) > _MAX_BLOB_BYTES:
        raise BadSample(f"{len(data)} bytes are more than a blob can have, {_MAX_BLOB_BYTES}")
    return data
