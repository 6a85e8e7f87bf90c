"""Blobs that stay in files of the user: where they lie, and how they are read and checked.

A file with several blobs is mapped and sliced. A file that is one blob is read: a map of it would cost as much, and
hold a descriptor for as long as somebody keeps the blob.
"""

import mmap
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset.columns import BlobColumn, Getter
from kpl.dataset.errors import DatasetDamaged
from kpl.errors import Invalid
from kpl.sentence import Sentence

HEAP = (1 << 32) - 1  # in place of a file's number: the blob lies in the heap of its shard
RESTORE_HINT = Sentence(
    "Bring the file back as it was and where it was, or make the index anew.",
    "请将文件恢复原样并放回原处，或重建索引。",
)
_MAX_MAPPED = 256  # files; each costs a descriptor, of which a process has 1024 as a rule
_MAX_ALIVE = 512  # maps, with those that only slices in use keep; more files are read instead
# non-blocking, so that opening a pipe does not wait for ever
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_alive: "weakref.WeakSet[mmap.mmap]" = weakref.WeakSet()


class Reference(NamedTuple):
    """A blob that stays where it is, given to a writer in place of its bytes.

    Attributes:
        path: of the file, relative to the folder of the dataset, with slashes.
        file_size: size of the file in bytes.
        position, length: of the blob in the file.
        check: xxh3-64 of the blob.
    """

    path: str
    file_size: int
    position: int
    length: int
    check: int


class SourceFiles:
    """The files that the blobs of one column lie in, opened when first touched.

    Safe to be used by many threads and in forked processes.

    Args:
        root: folder of the dataset.
        paths: of the files, relative to it.
        sizes: of the files in bytes.
        heap: gives the bytes of the shard itself.
    """

    def __init__(
        self, root: Path, paths: Sequence[str], sizes: Sequence[int], heap: Callable[[], memoryview]
    ) -> None:
        # as text: joining paths would cost as much as opening the file
        self._root, self._paths, self._sizes, self._heap = f"{root}/", paths, sizes, heap
        self._lock = threading.Lock()
        self.maps: dict[int, memoryview] = {}

    def path(self, number: int) -> str:
        """Path of a file."""
        return self._root + self._paths[number]

    def read(self, number: int, begin: int, end: int) -> memoryview:
        """Bytes of a file that is not among `maps`, which it then is if it holds more than these.

        Raises:
            OSError: it cannot be opened.
            ValueError: it is not the file that was indexed; says why.
        """
        if number == HEAP:
            mapped = self.maps[number] = self._heap()
            return mapped[begin:end]
        size = self._sizes[number]
        handle = os.open(self._root + self._paths[number], _OPEN_FLAGS)
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise ValueError("which is not a regular file")
            if found.st_size != size:
                raise ValueError(f"which has {found.st_size} bytes instead of {size}")
            if end - begin == size or len(_alive) >= _MAX_ALIVE:
                return memoryview(_pread(handle, begin, end))
            whole = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(handle)
        _alive.add(whole)
        mapped = memoryview(whole)
        with self._lock:
            if len(self.maps) >= _MAX_MAPPED:
                oldest = next(each for each in self.maps if each != HEAP)
                del self.maps[oldest]
            self.maps[number] = mapped
        return mapped[begin:end]


def _pread(handle: int, begin: int, end: int) -> bytes:
    data = os.pread(handle, end - begin, begin)
    while len(data) < end - begin:  # the system reads 2 GiB at a time
        more = os.pread(handle, end - begin - len(data), begin + len(data))
        if not more:
            raise ValueError(f"which ends at byte {begin + len(data)}")
        data += more
    return data


class ReferenceColumn(BlobColumn):
    """Byte strings in files of the user. Every one is checked at least once, since those files may change.

    Args:
        files: that the blobs lie in.
        file, position, length, check: [n] of each blob.
        seen: [n] of 0 and 1, the blobs already found whole; None checks at every hand-out.
        damaged: makes the error for a row and a reason.
    """

    def __init__(
        self,
        files: SourceFiles,
        file: memoryview,
        place: tuple[memoryview, memoryview, memoryview],
        *,
        seen: memoryview | None,
        damaged_for: Callable[[int, Sentence], DatasetDamaged],
    ) -> None:
        super().__init__(
            memoryview(b""),
            *place,
            seen=seen,
            is_checked=True,
            damaged=lambda row: damaged_for(row, self._changed(row)),
        )
        self._files, self._file, self._place, self._damaged_for = files, file, place, damaged_for

    def slice(self, start: int, stop: int) -> "ReferenceColumn":
        damaged_for = self._damaged_for
        position, length, check = (each[start:stop] for each in self._place)
        return ReferenceColumn(
            self._files,
            self._file[start:stop],
            (position, length, check),
            seen=None if self._seen is None else self._seen[start:stop],
            damaged_for=lambda row, reason: damaged_for(row + start, reason),
        )

    def getter(self) -> Getter:
        file, position, length, check, seen = (
            self._file, self._position, self._length, self._check, self._seen,
        )  # fmt: skip
        mapped_of, touch, damaged, digest = (
            self._files.maps.get,
            self._touch,
            self._damaged,
            xxh3_64_intdigest,
        )

        def get(row: int) -> memoryview:
            mapped = mapped_of(file[row])
            if mapped is None:
                blob = touch(row)
            else:
                begin = position[row]
                blob = mapped[begin : begin + length[row]]
            if seen is not None and seen[row]:
                return blob
            if digest(blob) != check[row]:
                raise damaged(row)
            if seen is not None:
                seen[row] = 1
            return blob

        return get

    def _touch(self, row: int) -> memoryview:
        begin = self._position[row]
        try:
            return self._files.read(self._file[row], begin, begin + self._length[row])
        except FileNotFoundError as err:
            raise self._damaged_for(row, self._lies_in(row, "which is missing", "该文件已缺失")) from err
        except OSError as err:
            raise self._damaged_for(
                row,
                self._lies_in(
                    row, f"which cannot be opened: {err.strerror}", f"该文件无法打开（{err.strerror}）"
                ),
            ) from err
        except ValueError as err:
            raise self._damaged_for(row, self._lies_in(row, str(err), str(err))) from err

    def _changed(self, row: int) -> Sentence:
        if self._file[row] == HEAP:
            return Sentence("is damaged", "已损坏")
        begin = self._position[row]
        end = begin + self._length[row]
        return self._lies_in(
            row, f"whose bytes {begin} to {end} have changed", f"其字节 {begin} 到 {end} 已改变"
        )

    def _lies_in(self, row: int, en: str, zh: str) -> Sentence:
        path = self._files.path(self._file[row])
        return Sentence(f"lies in {path}, {en}", f"位于 {path}，{zh}")

    def values(self) -> Iterator[memoryview]:
        return map(self.getter(), range(len(self._position)))

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        return list(map(self.getter(), rows.tolist()))

    def in_heap(self) -> NDArray[np.bool_]:
        """[n] whether the blob lies in the heap of the shard all the same."""
        in_heap: NDArray[np.bool_] = np.asarray(self._file) == HEAP
        return in_heap


def reference_column(
    root: Path,
    buffers: dict[str, memoryview],
    place: tuple[memoryview, memoryview, memoryview],
    *,
    heap: Callable[[], memoryview],
    seen: memoryview | None,
    damaged_for: Callable[[int, Sentence], DatasetDamaged],
) -> ReferenceColumn:
    """The reader over the checked buffers of a blob column that names files.

    Args:
        place: [n] position, length and check of each blob.
    Raises:
        ValueError: the buffers contradict each other; says how.
    """
    file = _cast(buffers, "file", "I")
    sizes = _cast(buffers, "file_sizes", "Q")
    paths = _paths(buffers, len(sizes))
    numbers, ends = np.asarray(file), np.asarray(place[0]) + np.asarray(place[1])
    is_outside = numbers != HEAP
    if len(numbers) != len(place[0]):
        raise ValueError(f"'file' has {len(numbers)} numbers for {len(place[0])} rows")
    if bool((numbers[is_outside] >= len(sizes)).any()):
        raise ValueError(f"a blob lies in a file that is not among the {len(sizes)} listed")
    known = np.asarray(sizes)[numbers[is_outside]] if len(sizes) else np.empty(0, np.uint64)
    begins = np.asarray(place[0])[is_outside]
    if bool((ends[is_outside] > known).any()) or bool((ends[is_outside] < begins).any()):
        raise ValueError("a blob lies outside of its file")
    files = SourceFiles(root, paths, sizes.tolist(), heap)
    return ReferenceColumn(files, file, place, seen=seen, damaged_for=damaged_for)


def _cast(buffers: dict[str, memoryview], role: str, code: str) -> memoryview:
    data = buffers.get(role, memoryview(b""))
    if len(data) % np.dtype(code).itemsize:
        raise ValueError(f"'{role}' has {len(data)} bytes")
    return data.cast(code)  # type: ignore[call-overload, no-any-return, unused-ignore]


def _paths(buffers: dict[str, memoryview], count: int) -> list[str]:
    text = buffers.get("paths", memoryview(b""))
    data = buffers.get("path_offsets", memoryview(b""))
    width = 4 if len(data) == 4 * (count + 1) else 8
    if len(data) != width * (count + 1):
        raise ValueError(f"there must be {count + 1} offsets of paths")
    offsets = np.frombuffer(data, f"<i{width}")
    if offsets[0] != 0 or offsets[-1] != len(text) or bool((offsets[1:] < offsets[:-1]).any()):
        raise ValueError("the offsets of paths do not rise from 0 to their end")
    bounds = offsets.tolist()
    paths = [str(text[begin:end], "utf-8") for begin, end in pairwise(bounds)]
    for path in paths:
        if not path or "\0" in path or path.startswith("/"):
            raise ValueError(f"{path!r} is not a path relative to the dataset")
    return paths


def check_destination(source: Path, dest: Path) -> None:
    """Refuse to take references to where their relative paths would mean other files.

    Raises:
        Invalid: the two folders do not lie side by side.
    """
    if source.resolve().parent != dest.resolve().parent:
        raise Invalid(
            f"{source} is an index over files beside it, which {dest} would not find.",
            hint=f"Make the new dataset in {source.resolve().parent}.",
        )
