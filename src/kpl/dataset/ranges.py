"""Byte ranges of files at an address: which ones to ask for, many at a time, and asking again for damaged ones."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged
from kpl.errors import NotFound
from kpl.sentence import Sentence
from kpl.storage.base import Storage
from kpl.storage.cache import BlockCache
from kpl.storage.remote import MAX_IN_FLIGHT

NUM_TRIES = 4
_GAP_BYTES = 32 << 10  # fetched along rather than asked around
_RANGE_BYTES = 4 << 20  # with MAX_IN_FLIGHT of them on their way
_FIRST_RANGE_BYTES = 128 << 10

T = TypeVar("T")


class RemotePath:
    """A path below the address of a dataset, used as `Path` is where only parts are added."""

    def __init__(self, url: str, relative: str = "") -> None:
        self.url, self.relative = url, relative

    def __truediv__(self, part: str) -> "RemotePath":
        return RemotePath(self.url, f"{self.relative}/{part}".lstrip("/"))

    def __str__(self) -> str:
        return f"{self.url.partition('?')[0].rstrip('/')}/{self.relative}".rstrip("/")


class RemoteFile(NamedTuple):
    """A file named by its content."""

    path: RemotePath
    digest: str
    size: int


class Range(NamedTuple):
    """Bytes [begin, end) of a shard, and which of the records asked for lie in them."""

    begin: int
    end: int
    places: list[int]


class Held(NamedTuple):
    """Bytes from `begin` on that are here, or on their way, before anybody asked for them."""

    begin: int
    data: "Future[memoryview]"


Extents = tuple[RemoteFile, NDArray[np.int64], NDArray[np.int64]]
Announced = list[tuple[dict[int, Held], list[int]]]


class Ranges:
    """Fetches byte ranges of content-named files, many at a time.

    Threads and connections are those of the process that asks, so a fork does no harm.

    Attributes:
        held: by digest of the file and first byte of a blob, where that blob lies; who takes it takes it away.
    """

    def __init__(self, storage: Storage, cache: BlockCache | None) -> None:
        self.storage, self.cache = storage, cache
        self.held: dict[str, dict[int, Held]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def submit(self, work: Callable[..., T], *args: Any) -> "Future[T]":
        """Do something in one of the threads."""
        if self._pool is None or self._process != os.getpid():
            self._pool = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="kpl-remote")
            self._process = os.getpid()
        return self._pool.submit(work, *args)

    def announce(
        self, extents: "Iterable[Extents]", submit: "Callable[..., Future[Any]] | None" = None
    ) -> "Announced":
        """Ask for blobs that are going to be taken, neighbours in one request, and hold them until they are.

        Args:
            submit: to other threads than those of all requests.
        """
        announced: Announced = []
        for file, begins, ends in extents:
            held = self.held.setdefault(file.digest, {})
            is_new = np.array([begin not in held for begin in begins.tolist()], np.bool_)
            new_begins = begins[is_new]
            for job in coalesce(new_begins, ends[is_new]):
                data = (submit or self.submit)(self.fetch, file, job.begin, job.end)
                held.update(dict.fromkeys(new_begins[job.places].tolist(), Held(job.begin, data)))
            announced.append((held, new_begins.tolist()))
        return announced

    @staticmethod
    def forget(announced: "Announced") -> None:
        """Let go of what nobody took."""
        for held, begins in announced:
            for begin in begins:
                held.pop(begin, None)

    def fetch(self, file: "RemoteFile", begin: int, end: int) -> memoryview:
        """These bytes of a file.

        Raises:
            DatasetDamaged: the file is not there or too short.
        """

        def read(start: int, length: int) -> bytes:
            return self.storage.read(file.path.relative, start, length)

        try:
            if self.cache is None:
                data = read(begin, end - begin)
            else:
                data = self.cache.read(file.digest, begin, end - begin, size=file.size, fetch=read)
        except NotFound as err:
            raise DatasetDamaged(
                Sentence(f"{file.path}: the file is missing.", f"{file.path}：文件缺失。"), hint=RESTORE_HINT
            ) from err
        if len(data) != end - begin:
            raise DatasetDamaged(
                Sentence(
                    f"{file.path}: {len(data)} bytes from {begin} on, where {end - begin} should be.",
                    f"{file.path}：从 {begin} 起有 {len(data)} 字节，应有 {end - begin} 字节。",
                ),
                hint=RESTORE_HINT,
            )
        return memoryview(data)

    def fetch_checked(self, file: "RemoteFile", begin: int, end: int, check: int) -> memoryview | None:
        """These bytes, asked for again while their xxh3-64 is another; None when it stays so."""
        for _ in range(NUM_TRIES):
            data = self.fetch(file, begin, end)
            if xxh3_64_intdigest(data) == check:
                return data
            if self.cache is not None:
                self.cache.forget(file.digest, begin, end - begin)
        return None


def coalesce(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> list[Range]:
    """Ranges that cover these records, neighbours in one, of which none is large unless a record is."""
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], np.maximum.accumulate(ends[order])
    is_far = begins[1:] - ends[:-1] > _GAP_BYTES
    ranges: list[Range] = []
    for first, stop in pairwise([0, *(np.flatnonzero(is_far) + 1).tolist(), len(order)]):
        start = first
        while start < stop:
            begin = int(begins[start])
            count = max(1, int(np.searchsorted(ends[start:stop], begin + _RANGE_BYTES, "right")))
            ranges.append(Range(begin, int(ends[start + count - 1]), order[start : start + count].tolist()))
            start += count
    return ranges


def growing(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Iterator[Range]:
    """Ranges over records that follow each other: the first small, so that it is here soon, then larger."""
    place, number = 0, 0
    while place < len(begins):
        limit = min(_RANGE_BYTES, _FIRST_RANGE_BYTES << number // 2)
        begin = int(begins[place])
        stop = max(place + 1, int(np.searchsorted(ends, begin + limit, "right")))
        yield Range(begin, int(ends[stop - 1]), list(range(place, stop)))
        place, number = stop, number + 1


def results(futures: "list[Future[T]]") -> list[T]:
    """What all of them give; after the first error the rest is not waited for."""
    try:
        return [future.result() for future in futures]
    except BaseException:
        for future in futures:
            future.cancel()
        raise
