"""One layer of a dataset being written.

Blobs go to a temporary heap file, values to builders, both to a shard.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64, xxh3_64_intdigest, xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.builders import ColumnBuilder, Values, builder_of, pending
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field
from kpl.dataset.journal import Block
from kpl.dataset.manifest import ShardRef
from kpl.dataset.shard import is_wide

_MAX_BLOB_BYTES = (1 << 32) - 1
_PADS = tuple(bytes(count) for count in range(codec.BLOB_ALIGNMENT))
_PIECE_BYTES = 1 << 18  # joined and hashed while still in the processor's cache
_MAX_PARTS = 512  # of one writev(2); the system allows 1024


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
        self._root = root
        self._heap_path = folder / f"{name}.heap"
        self._heap: FileIO | None = None
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
        parts[0::2] = map(_PADS.__getitem__, pads[:-1].tolist())
        parts[1::2] = blobs
        if count:
            self.position = int(positions[-1] + lengths[-1])
            step = 2 * max(1, _PIECE_BYTES // (1 + int(lengths.max())))
            # joined here, since walking through a million small parts costs more than writing them
            joined = (b"".join(parts[start : start + step]) for start in range(0, len(parts), step))
            self._block += joined if step > 32 else parts
        checks = np.fromiter(map(xxh3_64_intdigest, blobs), np.uint64, count)
        return positions.astype(np.uint64), lengths.astype(np.uint32), checks

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
        check = xxh3_64()
        pieces: list[bytes | memoryview] = []
        for piece in _pieces(self._block):
            self._hash.update(piece)
            check.update(piece)
            pieces.append(piece)
            if len(pieces) == _MAX_PARTS or len(piece) >= _PIECE_BYTES:
                _write_all(self._open_heap(), pieces)
                pieces = []
        if pieces:
            _write_all(self._open_heap(), pieces)
        self._block.clear()
        columns = {}
        for name, builder in self.builders.items():
            columns[name] = pending(builder.arrays, self._marks.get(name, {}))
            self._marks[name] = {role: len(part) for role, part in builder.arrays.items()}
        self._num_rows = num_rows
        return Block(self.position, check.intdigest(), columns)

    def _open_heap(self) -> FileIO:
        if self._heap is None:
            self._heap = self._heap_path.open("w+b", buffering=0)
            self._heap.write(bytes(codec.HEADER_BYTES))
        return self._heap

    def restore(self, blocks: list[tuple[int, Block]]) -> int:
        """Take back journaled blocks as far as the heap still holds their bytes; how many of them it does.

        Args:
            blocks: (rows, block) in the order of the journal, since the last finished shard.
        """
        if any(block.heap_end > codec.HEADER_BYTES for _, block in blocks) and not self._heap_path.exists():
            return 0
        if self._heap_path.exists():
            self._heap = self._heap_path.open("r+b", buffering=0)
            self._heap.seek(codec.HEADER_BYTES)
        for number, (num_rows, block) in enumerate(blocks):
            length = block.heap_end - self.position
            data = self._heap.read(length) if self._heap is not None and length > 0 else b""
            if len(data) != length or xxh3_64_intdigest(data) != block.check:
                self._cut()
                return number
            self._hash.update(data)
            self.position = block.heap_end
            self._num_rows += num_rows
            for name, parts in block.columns.items():
                builder = self.builders[name]
                for role, part in parts.items():
                    builder.arrays[role].frombytes(part)
                self._marks[name] = {role: len(each) for role, each in builder.arrays.items()}
        self._cut()
        return len(blocks)

    def _cut(self) -> None:
        if self._heap is not None:
            self._heap.truncate(max(self.position, codec.HEADER_BYTES))
            self._heap.seek(self.position)

    def restart(self, blocks: list[tuple[int, Block]]) -> None:
        """Restore anew with fewer blocks, since another layer has lost some."""
        self.close()
        self._begin_shard()
        self.restore(blocks)

    def finish(self) -> ShardRef:
        """Turn the flushed rows into a shard at its final place, synced; the next row begins another one."""
        num_rows = self._num_rows
        num_files = sum(len(builder.arrays.get("file_sizes", ())) for builder in self.builders.values())
        heap = self._open_heap()
        directory_position, tail_start, columns = self._write_columns(heap, num_rows)
        directory = codec.ShardDirectory(self.name, columns)
        self._write(heap, codec.encode_directory(directory, directory_position, num_rows))
        content_id, size = self._hash.digest(), self.position
        heap.seek(0)
        heap.write(codec.encode_header(codec.SHARD, content_id, size))
        os.fsync(heap.fileno())
        self.close()
        path = layout.shard_path(self._root, self.name, content_id.hex())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._heap_path.replace(path)
        layout.fsync_folder(path.parent)
        self._begin_shard()
        return ShardRef(content_id.hex(), num_rows, size, tail_start, files=num_files)

    def _write_columns(self, heap: FileIO, num_rows: int) -> tuple[int, int, tuple[codec.Column, ...]]:
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
                self._write(heap, codec.padding(self.position))
                tail_start = self.position
            buffers = tuple(self._write_buffer(heap, *part) for part in parts)
            columns[field.name] = codec.Column(field, buffers)
        self._write(heap, codec.padding(self.position))
        return self.position, tail_start or self.position, tuple(columns[field.name] for field in self.fields)

    def _write_buffer(self, heap: FileIO, role: str, dtype: str, data: bytes) -> codec.Buffer:
        self._write(heap, codec.padding(self.position))
        position = self.position
        self._write(heap, data)
        return codec.Buffer(role, dtype, position, len(data), xxh3_64_intdigest(data))

    def _write(self, heap: FileIO, data: bytes) -> None:
        if data:
            _write_all(heap, [data])
        self._hash.update(data)
        self.position += len(data)

    def close(self) -> None:
        """Let go of the temporary heap, leaving it where it is."""
        if self._heap is not None:
            self._heap.close()
            self._heap = None


def _pieces(parts: list[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The same bytes in fewer parts: small ones joined, large ones as they are, so that they are never copied."""
    run: list[bytes | memoryview] = []
    size = 0
    for part in parts:
        length = len(part)
        if length >= _PIECE_BYTES >> 4:
            if run:
                yield b"".join(run)
                run, size = [], 0
            yield part
            continue
        run.append(part)
        size += length
        if size >= _PIECE_BYTES:
            yield b"".join(run)
            run, size = [], 0
    if run:
        yield b"".join(run)


def _write_all(file: FileIO, parts: list[bytes | memoryview]) -> None:
    """Write all bytes; the system may take fewer at a time."""
    handle = file.fileno()
    rest = sum(map(len, parts))
    while rest:
        written = os.writev(handle, parts)
        rest -= written
        while rest and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if rest and written:
            parts[0] = memoryview(parts[0])[written:]


def _as_bytes(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise BadSample(f"{type(value).__name__} is not bytes")
    data = bytes(value)
    if len(data) > _MAX_BLOB_BYTES:
        raise BadSample(f"{len(data)} bytes are more than a blob can have, {_MAX_BLOB_BYTES}")
    return data
