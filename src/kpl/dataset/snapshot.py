"""The files of one version, opened: which shard holds a row, and the readers of its fields.

Shards of different layers may begin at different rows. A segment is a run of rows that lies in one shard of
every layer; inside it a field is one function from position to value, made at first use.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset import codec, layout
from kpl.dataset.columns import ColumnReader, MissingColumn, Ragged
from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.kinds import LABELS, SAMPLES
from kpl.dataset.manifest import IndexDirectory, Layer, Manifest, ShardRef, SplitRef, decode_rows
from kpl.dataset.patched import PatchedColumn
from kpl.dataset.shard import Shard, Verify, map_file
from kpl.errors import Invalid, NotFound, nearest
from kpl.sentence import Sentence
from kpl.storage.cache import BlockCache

_BLOCK_BYTES = 1 << 20  # with 16 requests at a time enough to fill 300 MB/s at 30 ms a request

Follow = Callable[[Iterator[NDArray[np.int64]]], Iterator[NDArray[np.int64]]]


class FieldGetters(dict[str, Callable[[int], Any]]):
    """Functions from position in a segment to value, by field; filled when a field is first asked for."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[str], Callable[[int], Any]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Callable[[int], Any]:
        getter = self[name] = self._make(name)
        return getter


class Snapshot:
    """One version of a dataset in a folder, files opened as they are needed.

    Attributes:
        fields: by the name under which samples have them: those of `samples` and `labels` as they are called,
            those of any other layer as `layer.field`.
        starts: first row of each segment.
    """

    def __init__(self, root: Path, manifest: Manifest, verify: Verify) -> None:
        self.root, self.manifest, self.verify = root, manifest, verify
        self.fields: dict[str, tuple[Layer, Field]] = {}
        shown = [layer for layer in manifest.layers if layer.name not in manifest.hidden_layers]
        for layer in shown:
            for field in layer.fields:
                self.fields[qualified_name(layer.name, field.name)] = (layer, field)
        self._indexes: dict[int, memoryview] = {}
        self._shards: dict[tuple[str, int], Shard] = {}
        self._shard_starts = {layer.name: _starts(layer) for layer in manifest.layers}
        bounds = sorted(
            {row for layer in shown for row in self._shard_starts[layer.name] if row < manifest.rows} | {0}
        )
        self.starts = bounds
        self.stops = [*bounds[1:], manifest.rows]
        self._getters: list[FieldGetters | None] = [None] * len(bounds)

    @property
    def address(self) -> str:
        """What `Dataset.open` opens it by."""
        return str(self.root)

    @property
    def cache(self) -> BlockCache | None:
        """Where bytes from the network are kept."""
        return None

    @property
    def is_remote(self) -> bool:
        """Whether its bytes come over a network."""
        return False

    @property
    def block_rows(self) -> int:
        """How many rows of this version, on average, take a MiB; the same wherever the version lies."""
        samples = next(layer for layer in self.manifest.layers if layer.name == SAMPLES)
        size = sum(shard.size for shard in samples.shards)
        return max(1, _BLOCK_BYTES * self.manifest.rows // max(size, 1))

    def segment_of(self, row: int) -> int:
        """Number of the segment that holds a row."""
        return bisect_right(self.starts, row) - 1

    def getters(self, segment: int) -> FieldGetters:
        """The functions that read a segment's fields."""
        getters = self._getters[segment]
        if getters is None:
            getters = FieldGetters(lambda name: self.column(name, segment).getter())
            self._getters[segment] = getters
        return getters

    def field(self, name: str) -> tuple[Layer, Field]:
        """Layer and field of that name.

        Raises:
            NotFound: there is none.
        """
        found = self.fields.get(name)
        if found is None:
            raise NotFound(
                Sentence(f"{self.root} has no field '{name}'.", f"{self.root} 没有字段“{name}”。"),
                hint=nearest(name, self.fields),
            )
        return found

    def column(self, name: str, segment: int) -> ColumnReader:
        """The reader of a field over the rows of a segment."""
        layer, field = self.field(name)
        start, stop = self.starts[segment], self.stops[segment]
        shard_starts = self._shard_starts[layer.name]
        number = bisect_right(shard_starts, start) - 1 if self.manifest.rows else 0
        if number >= len(layer.shards):
            return self._patched(MissingColumn(stop - start), layer, field, start, stop)
        shard = self.shard(layer, number)
        first = shard_starts[number]
        column = shard.column(field)
        if start != first or stop - first != shard.num_rows:
            column = column.slice(start - first, stop - first)
        return self._patched(column, layer, field, start, stop)

    def _patched(
        self, column: ColumnReader, layer: Layer, field: Field, start: int, stop: int
    ) -> ColumnReader:
        """The column of the rows from `start` to `stop` under the corrections of its layer."""
        for delta in self.manifest.deltas:
            if delta.layer == layer.name:
                rows = self.split_rows(delta.rows)
                first, last = np.searchsorted(rows, (start, stop)).tolist()
                if last > first:
                    by = next(each for each in self.manifest.layers if each.name == delta.by)
                    patch = self.shard(by, 0).column(field).slice(first, last)
                    column = PatchedColumn(column, rows[first:last] - start, patch)
        return column

    def shard(self, layer: Layer, number: int) -> Shard:
        """The n-th shard of a layer, opened."""
        shard = self._shards.get((layer.name, number))
        if shard is None:
            ref = layer.shards[number]
            shard = Shard(
                layout.shard_path(self.root, layer.name, ref.id),
                self._tail(ref),
                tail_start=ref.tail_start,
                size=ref.size,
                shard_id=ref.id,
                num_rows=ref.rows,
                first_row=self._shard_starts[layer.name][number],
                verify=self.verify,
            )
            self._shards[layer.name, number] = shard
        return shard

    def _tail(self, ref: ShardRef) -> memoryview:
        index = self.index(ref.index)
        end = ref.offset + ref.size - ref.tail_start
        if not codec.HEADER_BYTES <= ref.offset <= end <= len(index) or ref.offset % 8:
            raise DatasetDamaged(
                Sentence(
                    f"{self.root}: shard {ref.id} is not where the manifest says.",
                    f"{self.root}：分片 {ref.id} 不在清单所指的位置。",
                ),
                hint=RESTORE_HINT,
            )
        return index[ref.offset : end]

    def index(self, number: int) -> memoryview:
        """An index, mapped and checked to be the one that the manifest names."""
        mapped = self._indexes.get(number)
        if mapped is None:
            path = layout.index_path(self.root, number)
            ref = next((each for each in self.manifest.indexes if each.number == number), None)
            if ref is None:
                raise DatasetDamaged(
                    Sentence(
                        f"{self.root}: the manifest lacks index {number}.",
                        f"{self.root}：清单缺少索引 {number}。",
                    ),
                    hint=RESTORE_HINT,
                )
            mapped = map_file(path)
            found, _ = codec.unseal(mapped, codec.INDEX, IndexDirectory, where=str(path))
            if found != ref.id or len(mapped) != ref.size:
                raise DatasetDamaged(
                    Sentence(
                        f"{path}: this is not the index that the manifest names.",
                        f"{path}：不是清单所指的索引。",
                    ),
                    hint=RESTORE_HINT,
                )
            self._indexes[number] = mapped
        return mapped

    def split_rows(self, split: SplitRef) -> NDArray[np.int64]:
        """Rising numbers of the rows of a split.

        Raises:
            DatasetDamaged: its buffer is not what was written.
        """
        buffer, index = split.buffer, self.index(split.index)
        data = index[buffer.position : buffer.position + buffer.length]
        where = f"{layout.index_path(self.root, split.index)}: split '{split.name}'"
        if xxh3_64_intdigest(data) != buffer.check:
            raise DatasetDamaged(Sentence(f"{where} is damaged.", f"{where} 已损坏。"), hint=RESTORE_HINT)
        try:
            rows = decode_rows(buffer.role, data, buffer.dtype, count=split.count)
        except ValueError as err:
            raise DatasetDamaged(
                Sentence(f"{where} cannot be read: {err}.", f"无法读取 {where}（{err}）。"), hint=RESTORE_HINT
            ) from err
        is_rising = not bool((rows[1:] <= rows[:-1]).any())
        if (
            len(rows) != split.count
            or not is_rising
            or (len(rows) and not 0 <= rows[0] <= rows[-1] < self.manifest.rows)
        ):
            raise DatasetDamaged(
                Sentence(f"{where} names rows that there are not.", f"{where} 指向不存在的行。"),
                hint=RESTORE_HINT,
            )
        return rows

    def expect(self, rows: Sequence[int]) -> None:
        """Hear that these rows are going to be read together; files that lie here need no preparation."""

    def expect_fields(self, names: Sequence[str], rows: NDArray[np.int64]) -> None:
        """Hear that these fields of these rows are going to be read at once."""

    def ahead(
        self, names: Sequence[str] | None, windows: Iterator[NDArray[np.int64]]
    ) -> AbstractContextManager["Follow"]:
        """Batches of rows as they come, with their blobs fetched before where that helps; files here need no help.

        Args:
            names: the fields that are going to be read; None if that is not known.
            windows: what the batches bring, in larger parts.
        """
        del names, windows
        return nullcontext(iter)

    def arrays(self, name: str) -> Iterator[NDArray[Any] | Ragged]:
        """A field's values, one array a segment."""
        _, field = self.field(name)
        if field.layout == BLOB:
            raise Invalid(
                f"Field '{name}' of {self.root} holds blobs, not a column.", hint="Read it sample by sample."
            )
        for segment in range(len(self.starts)):
            yield self.column(name, segment).array()

    def blob_sizes(self, name: str) -> NDArray[np.int64]:
        """[rows] size in bytes of a blob field, without touching the blobs."""
        return _joined([column.sizes() for column in self._blob_columns(name)], np.int64)

    def blob_checks(self, name: str) -> NDArray[np.uint64]:
        """[rows] xxh3-64 of each blob; equal content has equal numbers."""
        return _joined([column.checks() for column in self._blob_columns(name)], np.uint64)

    def _blob_columns(self, name: str) -> Iterator[Any]:
        layer, field = self.field(name)
        if field.layout != BLOB or field.is_optional:
            raise Invalid(f"Field '{name}' of {self.root} does not hold a blob in every row.")
        for number in range(len(layer.shards)):
            yield self.shard(layer, number).column(field)


def qualified_name(layer: str, field: str) -> str:
    """The name of a layer's field in samples."""
    return field if layer in (SAMPLES, LABELS) else f"{layer}.{field}"


def _starts(layer: Layer) -> list[int]:
    """First row of each shard with rows, and the row after the last."""
    starts = [0]
    for shard in layer.shards:
        starts.append(starts[-1] + shard.rows)
    return starts


def _joined(parts: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
