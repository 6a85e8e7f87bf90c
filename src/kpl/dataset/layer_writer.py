"""One layer of a dataset being written.

Blobs go to a temporary heap file, values to builders, both to a shard.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_digest, xxh3_64_intdigest, xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.builders import ColumnBuilder, Values, builder_of, pending
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.journal import Block
from kpl.dataset.manifest import ShardRef
from kpl.dataset.shard import is_wide

_MAX_BLOB_BYTES = (1 << 32) - 1
_PADS = tuple(bytes(count) for count in range(codec.BLOB_ALIGNMENT))
_PIECE_BYTES = 1 << 18  # joined and hashed while still in the processor's cache
_SYNC_BYTES = 32 << 20  # that are worth a request to the disk of their own
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
        self.blob_names = [field.name for field in self.fields if field.layout == BLOB]
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
        self._synced = 0
        self._syncing: Future[None] | None = None
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="kpl-sync")

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
            step = 2 * max(1, _PIECE_BYTES // (1 + int(lengths.max())))
            # joined here, since walking through a million small parts costs more than writing them
            joined = (b"".join(parts[start : start + step]) for start in range(0, len(parts), step))
            self._block += joined if step > 32 else parts
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
        pieces = list(_pieces(self._block))
        for start in range(0, len(pieces), _MAX_PARTS):
            together = pieces[start : start + _MAX_PARTS]
            deque(map(self._hash.update, together), maxlen=0)
            _write_all(self._open_heap(), together)
        self._block.clear()
        self._sync_ahead()
        columns = {}
        for name, builder in self.builders.items():
            columns[name] = pending(builder.arrays, self._marks.get(name, {}))
            self._marks[name] = {role: len(part) for role, part in builder.arrays.items()}
        self._num_rows = num_rows
        return Block(self.position, columns)

    def _sync_ahead(self) -> None:
        """Let the disk take in what is written while more is being written, so that less is to be waited for."""
        if self.position - self._synced < _SYNC_BYTES or (self._syncing and not self._syncing.done()):
            return
        self._wait_for_sync()
        self._synced = self.position
        self._syncing = self._syncer.submit(os.fdatasync, self._open_heap().fileno())

    def _wait_for_sync(self) -> None:
        # an error of the disk is told once for each open file: it must not get lost here
        if self._syncing is not None:
            syncing, self._syncing = self._syncing, None
            syncing.result()

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
            if not _is_whole(data, self.position, block):
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
        self._wait_for_sync()
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
            columns[field.name] = codec.Column(field.as_stored, buffers)
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
            try:
                self._wait_for_sync()
            finally:
                self._syncer.shutdown()
                self._heap.close()
                self._heap = None


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


def _pieces(parts: list[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The same bytes in fewer parts: small ones joined, large ones as they are, so that they are never copied."""
    run: list[bytes | memoryview] = []
    size = 0
    for part in parts:
        length = len(part)
        if length >= _PIECE_BYTES >> 4:
            if size:
                yield run[0] if len(run) == 1 else b"".join(run)
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
