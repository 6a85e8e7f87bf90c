"""A cache of remote bytes on the local disk, shared by all processes, that never grows over its limit.

Content is named by its digest, so what is cached can never be out of date. A file holds one block: its bytes and
their xxh3-64. A block that is torn or damaged is fetched again.
"""

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xxhash import xxh3_64_intdigest

from kpl.errors import Invalid

BLOCK_BYTES = 1 << 20
_CHECK = struct.Struct("<Q")
_ROOM = 0.9  # filled up to here after old blocks had to go, so that they do not go one at a time

Fetch = Callable[[int, int], bytes]


class BlockCache:
    """Blocks of files, the least recently used of which go when room is needed.

    Safe to share between threads and processes; one that is killed leaves at most a temporary file, which counts
    towards the limit and goes like any block.

    Args:
        folder: where the blocks lie; made when needed.
        max_bytes: that all files in it together may take.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        if max_bytes < 2 * BLOCK_BYTES:
            raise Invalid(
                f"A cache of {max_bytes} bytes is too small.", hint=f"Give it at least {2 * BLOCK_BYTES}."
            )
        self.folder, self.max_bytes = folder, max_bytes

    def read(self, digest: str, start: int, length: int, *, size: int, fetch: Fetch) -> bytes:
        """`length` bytes from `start` of the file of that digest.

        Args:
            size: of the file.
            fetch: (start, length) to bytes, for what is not here yet; neighbouring blocks in one call.
        """
        first, last = start // BLOCK_BYTES, (start + length - 1) // BLOCK_BYTES
        blocks = {number: self._load(digest, number) for number in range(first, last + 1)}
        for run_start, run_stop in _runs([number for number, block in blocks.items() if block is None]):
            begin, end = run_start * BLOCK_BYTES, min(run_stop * BLOCK_BYTES, size)
            data = fetch(begin, end - begin)
            for number in range(run_start, run_stop):
                block = data[number * BLOCK_BYTES - begin :][:BLOCK_BYTES]
                blocks[number] = block
                self._save(digest, number, block)
        joined = b"".join(blocks[number] or b"" for number in range(first, last + 1))
        return joined[start - first * BLOCK_BYTES :][:length]

    def forget(self, digest: str, start: int, length: int) -> None:
        """Drop the blocks that hold these bytes, since they turned out not to be what they should."""
        for number in range(start // BLOCK_BYTES, (start + length - 1) // BLOCK_BYTES + 1):
            self._path(digest, number).unlink(missing_ok=True)

    def _path(self, digest: str, number: int) -> Path:
        return self.folder / digest[:2] / f"{digest}.{number}"

    def _load(self, digest: str, number: int) -> bytes | None:
        path = self._path(digest, number)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        block = data[: -_CHECK.size]
        if len(data) < _CHECK.size or _CHECK.unpack(data[-_CHECK.size :])[0] != xxh3_64_intdigest(block):
            return None
        with suppress(FileNotFoundError):
            os.utime(path)  # used now: the last to go
        return block

    def _save(self, digest: str, number: int, block: bytes) -> None:
        path = self._path(digest, number)
        data = block + _CHECK.pack(xxh3_64_intdigest(block))
        with self._locked() as total:
            used = total.used
            if used + len(data) > self.max_bytes:
                used = self._make_room(len(data))
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(data)
            replaced = path.stat().st_size if path.exists() else 0
            temporary.replace(path)
            total.used = used + len(data) - replaced

    def _make_room(self, needed: int) -> int:
        """Drop the blocks longest not used; what all that is left takes."""
        found = sorted((stat.st_mtime_ns, stat.st_size, path) for path, stat in self._files())
        used = sum(size for _, size, _ in found)
        for _, size, path in found:
            if used + needed <= self.max_bytes * _ROOM:
                break
            path.unlink(missing_ok=True)
            used -= size
        return used

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                yield path, path.stat()

    @contextmanager
    def _locked(self) -> Iterator["_Total"]:
        """One writer at a time, who sees and leaves behind how much is taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "total").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            data = file.read()
            # without a total, or after a writer was killed while it wrote, the files are counted again
            used = _CHECK.unpack(data)[0] if len(data) == _CHECK.size else self._make_room(0)
            total = _Total(used)
            file.truncate(0)
            yield total
            file.write(_CHECK.pack(total.used))


class _Total:
    def __init__(self, used: int) -> None:
        self.used = used


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """[start, stop) of numbers that follow each other."""
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield numbers[start], numbers[place - 1] + 1
            start = place
