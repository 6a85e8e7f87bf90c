"""Reading a dataset over the network: one request for the index, then ranges of shards.

What is read one after another is read ahead, in ranges that grow from one record to 4 MiB, several at a time. What
is asked for at once is fetched at once, neighbours in one range. Every record is checked; one that arrives damaged
is fetched again before it is called damaged.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest, xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.columns import BlobColumn, ColumnReader, Getter, OptionalColumn, blob_buffers
from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged, NotADataset
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.manifest import IndexDirectory, Layer, Manifest, check
from kpl.dataset.patched import PatchedColumn
from kpl.dataset.prefetch import Prefetch
from kpl.dataset.ranges import (
    NUM_TRIES,
    Announced,
    Extents,
    Held,
    Range,
    Ranges,
    RemoteFile,
    RemotePath,
    coalesce,
    growing,
    results,
)
from kpl.dataset.shard import Shard, Verify
from kpl.dataset.snapshot import Follow, Snapshot
from kpl.errors import NotFound
from kpl.sentence import Sentence
from kpl.storage.base import Storage
from kpl.storage.cache import BlockCache
from kpl.storage.url import open_storage

_NUM_AHEAD = 16
_MAX_GROUPS = 8


class RemoteBlobColumn(BlobColumn):
    """Blobs that are fetched when asked for.

    Args:
        first_row: row of the dataset at which the column begins.
    """

    def __init__(
        self,
        file: RemoteFile,
        ranges: Ranges,
        groups: "Groups",
        arrays: tuple[memoryview, ...],
        *,
        first_row: int,
        is_checked: bool,
        damaged: Callable[[int], DatasetDamaged],
    ) -> None:
        position, length, check = arrays
        super().__init__(
            memoryview(b""), position, length, check, seen=None, is_checked=is_checked, damaged=damaged
        )
        self._remote, self._ranges, self._groups, self._first_row = file, ranges, groups, first_row

    def slice(self, start: int, stop: int) -> "RemoteBlobColumn":
        damaged = self._damaged
        return RemoteBlobColumn(
            self._remote,
            self._ranges,
            self._groups,
            (self._position[start:stop], self._length[start:stop], self._check[start:stop]),
            first_row=self._first_row + start,
            is_checked=self._is_checked,
            damaged=lambda row: damaged(row + start),
        )

    def getter(self) -> Getter:
        return _ReadAhead(self).get

    def values(self) -> Iterator[memoryview]:
        return self.stream(0)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> list[memoryview]:
        begins, ends = self._bounds(np.fromiter(rows, np.int64, len(rows)))
        blobs: list[memoryview] = [memoryview(b"")] * len(rows)
        held = self._ranges.held.get(self._remote.digest)
        missing = list(range(len(rows)))
        if held:
            missing = self._take_held(held, rows, begins.tolist(), ends.tolist(), blobs)
            begins, ends = begins[missing], ends[missing]
        jobs = coalesce(begins, ends)
        if len(jobs) == 1:  # without a detour through a thread
            parts = [self._ranges.fetch(self._remote, jobs[0].begin, jobs[0].end)]
        else:
            futures = [self._ranges.submit(self._ranges.fetch, self._remote, *job[:2]) for job in jobs]
            parts = results(futures)
        for job, part in zip(jobs, parts, strict=True):
            for place in job.places:
                begin, end = int(begins[place]) - job.begin, int(ends[place]) - job.begin
                blobs[missing[place]] = self._whole(int(rows[missing[place]]), part[begin:end])
        return blobs

    def _take_held(
        self,
        held: dict[int, Held],
        rows: Sequence[int] | NDArray[np.int64],
        begins: list[int],
        ends: list[int],
        blobs: list[memoryview],
    ) -> list[int]:
        """Take the blobs that were fetched ahead; the places of those that were not."""
        missing = []
        for place, begin in enumerate(begins):
            found = held.pop(begin, None)
            if found is None:
                missing.append(place)
                continue
            part = found.data.result()[begin - found.begin : ends[place] - found.begin]
            blobs[place] = self._whole(int(rows[place]), part)
        return missing

    def stream(self, start: int) -> Iterator[memoryview]:
        """The blobs from a row on, read ahead."""
        begins, ends = self._bounds(np.arange(start, len(self._position)))
        jobs = growing(begins, ends)
        waiting: deque[tuple[Range, Future[memoryview]]] = deque()
        try:
            while True:
                while len(waiting) < _NUM_AHEAD and (job := next(jobs, None)) is not None:
                    waiting.append((job, self._ranges.submit(self._ranges.fetch, self._remote, *job[:2])))
                if not waiting:
                    return
                job, future = waiting.popleft()
                part = future.result()
                for place in job.places:
                    begin, end = int(begins[place]) - job.begin, int(ends[place]) - job.begin
                    yield self._whole(start + place, part[begin:end])
        finally:
            for _, future in waiting:
                future.cancel()

    def extents_of(self, rows: NDArray[np.int64]) -> tuple[RemoteFile, NDArray[np.int64], NDArray[np.int64]]:
        """The file, and [begin, end) in it of the blobs of these rows, without empty ones."""
        begins, ends = self._bounds(rows)
        is_there = ends > begins
        return self._remote, begins[is_there], ends[is_there]

    def expected(self, row: int) -> memoryview | None:
        """The blob of a row that was announced together with others, which come along with it."""
        return self._groups.get(self, self._first_row, len(self._position), row)

    def _bounds(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        begins = np.asarray(self._position)[rows].astype(np.int64)
        ends = begins + np.asarray(self._length)[rows]
        is_inside = (begins >= codec.HEADER_BYTES) & (ends <= self._remote.size) & (begins <= ends)
        if not bool(is_inside.all()):
            raise self._damaged(int(rows[np.flatnonzero(~is_inside)[0]]))
        return begins, ends

    def _whole(self, row: int, blob: memoryview) -> memoryview:
        check = self._check[row]
        if not self._is_checked or xxh3_64_intdigest(blob) == check:
            return blob
        begin = self._position[row]
        again = self._ranges.fetch_checked(self._remote, begin, begin + len(blob), check)
        if again is None:
            raise self._damaged(row)
        return again


class _ReadAhead:
    """Gives blobs row by row; once rows follow each other it reads ahead."""

    def __init__(self, column: RemoteBlobColumn) -> None:
        self._column = column
        self._lock = threading.Lock()
        self._stream: Iterator[memoryview] = iter(())
        self._next = -1  # row that the stream gives next
        self._last = (-1, memoryview(b""))

    def get(self, row: int) -> memoryview:
        with self._lock:
            last, blob = self._last
            if row == last:
                return blob
            if row != self._next:
                known = self._column.expected(row)
                if known is not None:
                    self._last = (row, known)
                    return known
            if row == last + 1 and row > 0:
                return self._follow(row)
        blob = self._column.take([row])[0]
        with self._lock:
            self._last = (row, blob)
        return blob

    def _follow(self, row: int) -> memoryview:
        stream = self._stream if row == self._next else self._column.stream(row)
        self._next = -1  # a stream that fails is over
        self._last = (row, next(stream))
        self._stream, self._next = stream, row + 1
        return self._last[1]


class Groups:
    """Rows that are going to be read together, as `ds[[3, 1, 8]]` and loaders announce them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self._group_of: dict[int, _Group] = {}
        self._count = 0

    def expect(self, rows: Sequence[int]) -> None:
        """Announce rows of the dataset; the oldest announcement is forgotten when there are many."""
        group = _Group(tuple(dict.fromkeys(rows)))
        with self._lock:
            self._groups[self._count] = group
            self._count += 1
            self._group_of.update(dict.fromkeys(group.rows, group))
            if len(self._groups) > _MAX_GROUPS:
                _, oldest = self._groups.popitem(last=False)
                for row in oldest.rows:
                    if self._group_of.get(row) is oldest:
                        del self._group_of[row]

    def get(self, column: RemoteBlobColumn, first_row: int, num_rows: int, row: int) -> memoryview | None:
        """A blob of an announced row; the first one asked for fetches all of its group in this column."""
        group = self._group_of.get(first_row + row)
        if group is None:
            return None
        with group.lock:
            blobs = group.blobs.get(column)
            if blobs is None:
                inside = [each - first_row for each in group.rows if 0 <= each - first_row < num_rows]
                try:
                    blobs = dict(zip(inside, column.take(inside), strict=True))
                except DatasetDamaged:  # each is then read by itself, so that only the damaged one fails
                    blobs = {}
                group.blobs[column] = blobs
        return blobs.get(row)


class _Group:
    def __init__(self, rows: tuple[int, ...]) -> None:
        self.rows = rows
        self.lock = threading.Lock()
        self.blobs: dict[RemoteBlobColumn, dict[int, memoryview]] = {}


class RemoteShard(Shard):
    """A shard of which only what is asked for is fetched."""

    def __init__(
        self, file: RemoteFile, ranges: Ranges, groups: Groups, tail: memoryview, **about: Any
    ) -> None:
        super().__init__(cast(Path, file.path), tail, size=file.size, shard_id=file.digest, **about)
        self._remote, self._ranges, self._groups = file, ranges, groups

    def _read(self, field: Field, buffer: codec.Buffer) -> memoryview:
        end = buffer.position + buffer.length
        data = self._ranges.fetch_checked(self._remote, buffer.position, end, buffer.check)
        if data is None:
            raise self._damaged(
                Sentence(
                    f"column '{field.name}' ({buffer.role}, rows {self._rows()}) is damaged",
                    f"列“{field.name}”（{buffer.role}，行 {self._rows()}）已损坏",
                )
            )
        return data

    def _blob_column(self, field: Field, buffers: dict[str, memoryview]) -> BlobColumn:
        return RemoteBlobColumn(
            self._remote,
            self._ranges,
            self._groups,
            blob_buffers(field, buffers, self.num_rows, where=str(self.path)),
            first_row=self.first_row,
            is_checked=self._verify != "never",
            damaged=self._blob_damaged(field.name),
        )


class RemoteSnapshot(Snapshot):
    """One version of a dataset at an address.

    Attributes:
        ranges: through which bytes come.
    """

    def __init__(
        self,
        root: RemotePath,
        manifest: Manifest,
        verify: Verify,
        ranges: Ranges,
        *,
        found: dict[int, memoryview],
    ) -> None:
        super().__init__(cast(Path, root), manifest, verify)
        self._remote_root, self.ranges, self._found = root, ranges, found
        self._groups = Groups()
        self._announced: deque[Announced] = deque()
        self._opened: set[str] = set()

    @property
    def is_remote(self) -> bool:
        return True

    @property
    def address(self) -> str:
        return self._remote_root.url

    @property
    def cache(self) -> BlockCache | None:
        return self.ranges.cache

    def expect(self, rows: Sequence[int]) -> None:
        self._groups.expect(rows)

    def expect_fields(self, names: Sequence[str], rows: NDArray[np.int64]) -> None:
        blobs = [name for name in names if self.field(name)[1].layout == BLOB]
        if blobs and len(rows) > 1:
            self._announced.append(self.ranges.announce(self._extents(blobs, rows)))
            if len(self._announced) > _MAX_GROUPS:
                self.ranges.forget(self._announced.popleft())

    def ahead(
        self, names: Sequence[str] | None, windows: Iterator[NDArray[np.int64]]
    ) -> AbstractContextManager[Follow]:
        return self._prefetch(names, windows)

    @contextmanager
    def _prefetch(
        self, names: Sequence[str] | None, windows: Iterator[NDArray[np.int64]]
    ) -> Iterator[Follow]:
        blobs = {name for name, (_, field) in self.fields.items() if field.layout == BLOB}
        wanted = blobs if names is None else blobs & set(names)
        with Prefetch(
            self.ranges,
            self._extents,
            lambda: sorted(wanted & self._opened if names is None else wanted),
            windows,
        ) as prefetch:
            yield prefetch.follow

    def column(self, name: str, segment: int) -> ColumnReader:
        self._opened.add(name)
        return super().column(name, segment)

    def _extents(self, names: Sequence[str], rows: NDArray[np.int64]) -> Iterator[Extents]:
        """Where the blobs of these rows lie, the fields of a record together."""
        segments = np.searchsorted(np.asarray(self.starts), rows, "right") - 1
        for segment in np.unique(segments).tolist():
            inside = rows[segments == segment] - self.starts[segment]
            files: dict[RemoteFile, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {}
            for name in names:
                column = self.column(name, segment)
                while isinstance(column, (OptionalColumn, PatchedColumn)):
                    column = column.column
                if isinstance(column, RemoteBlobColumn):
                    file, begins, ends = column.extents_of(inside)
                    files.setdefault(file, []).append((begins, ends))
            for file, found in files.items():
                yield (
                    file,
                    np.concatenate([each[0] for each in found]),
                    np.concatenate([each[1] for each in found]),
                )

    def shard(self, layer: Layer, number: int) -> Shard:
        shard = self._shards.get((layer.name, number))
        if shard is None:
            ref = layer.shards[number]
            path = cast(RemotePath, layout.shard_path(self.root, layer.name, ref.id))
            shard = RemoteShard(
                RemoteFile(path, ref.id, ref.size), self.ranges, self._groups, self._tail(ref),
                tail_start=ref.tail_start, num_rows=ref.rows, verify=self.verify,
                first_row=self._shard_starts[layer.name][number],
            )  # fmt: skip
            self._shards[layer.name, number] = shard
        return shard

    def index(self, number: int) -> memoryview:
        known = self._indexes.get(number)
        if known is None:
            ref = next((each for each in self.manifest.indexes if each.number == number), None)
            path = cast(RemotePath, layout.index_path(self.root, number))
            if ref is None:
                raise DatasetDamaged(
                    Sentence(
                        f"{self.root}: the manifest lacks index {number}.",
                        f"{self.root}：清单缺少索引 {number}。",
                    ),
                    hint=RESTORE_HINT,
                )
            known = self._found.pop(number, None)
            if known is None or known[16:32].hex() != ref.id:
                known, _ = _fetch_sealed(self.ranges.storage, path, codec.INDEX, IndexDirectory)
            if known[16:32].hex() != ref.id or len(known) != ref.size:
                raise DatasetDamaged(
                    Sentence(
                        f"{path}: this is not the index that the manifest names.",
                        f"{path}：不是清单所指的索引。",
                    ),
                    hint=RESTORE_HINT,
                )
            self._indexes[number] = known
        return known


def open_snapshot(
    url: str, version: int | None, verify: Verify, *, cache: BlockCache | None = None
) -> RemoteSnapshot:
    """Open a version of the dataset at an address, the one that HEAD names unless told.

    HEAD, manifest and index are asked for at once where their numbers can be guessed: a published dataset has, as a
    rule, one version.

    Raises:
        NotADataset: there is no such version.
        DatasetDamaged, UnsupportedFormat: it cannot be trusted or understood.
        Unavailable: the server does not answer.
    """
    root = RemotePath(url)
    ranges = Ranges(open_storage(url), cache)
    storage = ranges.storage
    guess = version or 1
    manifest_job = ranges.submit(_fetch_manifest, storage, root, guess)
    index_job = ranges.submit(_fetch_index, storage, root, guess)
    number = version or newest_version(storage, str(root))
    if number != guess:
        manifest_job = ranges.submit(_fetch_manifest, storage, root, number)
        index_job = ranges.submit(_fetch_index, storage, root, number)
    manifest, index = manifest_job.result(), index_job.result()
    found = {} if index is None else {number: index}
    if manifest is None:
        raise NotADataset(
            Sentence(f"{root} has no version {number}.", f"{root} 没有版本 {number}。"),
            hint=Sentence("Is it the address of the folder with HEAD?", "请确认地址是 HEAD 所在的文件夹。"),
        )
    return RemoteSnapshot(root, manifest, verify, ranges, found=found)


def newest_version(storage: Storage, root: str) -> int:
    """The version that HEAD names.

    Raises:
        NotADataset: there is no HEAD.
    """
    for num_left in reversed(range(NUM_TRIES)):
        try:
            return layout.parse_pointer(storage.read("HEAD"), f"{root}/HEAD")
        except NotFound as err:
            raise NotADataset(
                Sentence(
                    f"{root} is not a KPL Dataset: it has no HEAD.", f"{root} 不是 KPL 数据集：没有 HEAD。"
                ),
                hint=Sentence(
                    "Give the address of the folder that holds HEAD, or the number of a version.",
                    "请指定 HEAD 所在文件夹的地址，或版本号。",
                ),
            ) from err
        except DatasetDamaged:
            if not num_left:
                raise
    raise AssertionError("the loop returns or raises")


def _fetch_manifest(storage: Storage, root: RemotePath, number: int) -> Manifest | None:
    path = cast(RemotePath, layout.manifest_path(cast(Path, root), number))
    try:
        _, manifest = _fetch_sealed(storage, path, codec.MANIFEST, Manifest)
    except NotFound:
        return None
    check(manifest, number, str(path))
    return manifest


def _fetch_index(storage: Storage, root: RemotePath, number: int) -> memoryview | None:
    path = cast(RemotePath, layout.index_path(cast(Path, root), number))
    try:
        return _fetch_sealed(storage, path, codec.INDEX, IndexDirectory)[0]
    except (NotFound, DatasetDamaged):  # asked for on a guess; if it is needed it is asked for again
        return None


def _fetch_sealed(
    storage: Storage, path: RemotePath, kind: int, struct_type: type[codec.StructT]
) -> tuple[memoryview, codec.StructT]:
    """A whole small file, every byte of it checked; asked for again while it arrives damaged."""
    for tries_left in reversed(range(NUM_TRIES)):
        data = memoryview(storage.read(path.relative))
        try:
            found, directory = codec.unseal(data, kind, struct_type, where=str(path))
            if xxh3_128(data[codec.HEADER_BYTES :]).hexdigest() != found:
                raise DatasetDamaged(
                    Sentence(
                        f"{path}: its bytes are not the ones that were written.",
                        f"{path}：内容与写入时不同。",
                    ),
                    hint=RESTORE_HINT,
                )
        except DatasetDamaged:
            if not tries_left:
                raise
            continue
        return data, directory
    raise AssertionError("the loop returns or raises")
