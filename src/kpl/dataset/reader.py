"""Reading a dataset: by position, by slice, by split, by column; and views of it.

A dataset and its views are safe to read from many threads, in forked processes and, pickled, in spawned ones.
"""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpl.dataset import layout
from kpl.dataset import manifest as manifests
from kpl.dataset.columns import BlobColumn, ColumnReader, CopiedColumn, FixedColumn, Ragged
from kpl.dataset.errors import DatasetDamaged
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.kinds import Kind
from kpl.dataset.sample import Sample
from kpl.dataset.shard import Verify
from kpl.dataset.snapshot import Snapshot
from kpl.errors import Invalid, NotFound, nearest
from kpl.sentence import Sentence

if TYPE_CHECKING:
    from kpl.dataset.batch import Fields
    from kpl.dataset.loader import Loader
    from kpl.dataset.splits import SplitRule
    from kpl.storage.cache import BlockCache

OnDamage = Literal["raise", "skip"]


class Damage(NamedTuple):
    """A row that was left out because its bytes are not what was written."""

    row: int
    reason: str


class Dataset:
    """A version of a dataset, or a view of some of its rows. Open one with `Dataset.open`.

    `len(ds)`, `ds[i]`, `ds[-1]`, `ds[a:b]`, `ds[[i, j]]` and iteration work as for a sequence of samples.

    Attributes:
        path: its folder.
        damaged: rows left out so far by iteration with `on_damage="skip"`.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        rows: NDArray[np.int64] | None = None,
        split: str = "",
        on_damage: OnDamage = "raise",
    ) -> None:
        self._snapshot = snapshot
        # without removed rows, the whole dataset needs no list of its rows
        self._is_whole = rows is None
        removed = snapshot.manifest.removed
        if rows is None and removed is not None:
            rows = np.setdiff1d(
                np.arange(snapshot.manifest.rows), snapshot.split_rows(removed), assume_unique=True
            )
        self._rows = rows
        self._row_view = None if rows is None else np.ascontiguousarray(rows).data
        self._split = split
        self._on_damage = on_damage
        self._split_codes: NDArray[np.uint8] | None = None
        self._row_of_key: dict[str, int] | None = None
        self._starts = snapshot.starts
        self._segments: list[dict[str, Any] | None] = [None] * len(snapshot.starts)
        self._length = snapshot.manifest.rows if rows is None else len(rows)
        self.path = snapshot.root
        self.damaged: list[Damage] = []

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        version: int | None = None,
        verify: Verify = "once",
        on_damage: OnDamage = "raise",
        cache: "BlockCache | None" = None,
    ) -> Self:
        """Open a dataset.

        Args:
            path: its folder, or its address: `https://...`, `s3://...`, `gs://...`, `az://...`.
            version: number of the version; the newest by default.
            verify: check each blob when it is first handed out, at every hand-out, or not at all.
            on_damage: what iteration does with a damaged sample; reading one by its number always raises.
            cache: where to keep what comes over the network; nothing is kept by default.
        Raises:
            NotADataset: no such version here.
            DatasetDamaged, UnsupportedFormat: it cannot be trusted or understood.
        """
        if verify not in ("once", "always", "never"):
            raise Invalid(f"verify='{verify}' is unknown.", hint=nearest(verify, ("once", "always", "never")))
        address = os.fspath(path)
        if "://" in address and not address.startswith("file://"):
            from kpl.dataset.remote import open_snapshot

            return cls(open_snapshot(address, version, verify, cache=cache), on_damage=on_damage)
        root = Path(address.removeprefix("file://"))
        return cls(Snapshot(root, manifests.load(root, version), verify), on_damage=on_damage)

    def __reduce__(self) -> tuple[Any, ...]:
        # a path and a number instead of maps, so that workers open the files themselves
        rows = None if self._is_whole or self._split else self._rows
        checks = (self._snapshot.verify, self._on_damage, self._snapshot.cache)
        return _reopen, (self._snapshot.address, self.version, checks, self._split, rows)

    @property
    def version(self) -> int:
        """Number of the version in its folder."""
        return self._snapshot.manifest.number

    @property
    def digest(self) -> str:
        """sha256 that is equal for equal content, wherever the dataset lies."""
        return self._snapshot.manifest.digest

    @property
    def kind(self) -> Kind:
        """What the dataset is for; a kind of a newer KPL reads as custom, since its fields say all that is needed."""
        name = self._snapshot.manifest.kind
        return Kind(name) if name in set(Kind) else Kind.CUSTOM

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the class ids 0, 1, ..."""
        return self._snapshot.manifest.class_names

    @property
    def attributes(self) -> Mapping[str, str]:
        """Free texts: source, licence, ..."""
        return self._snapshot.manifest.attributes

    @property
    def splits(self) -> dict[str, int]:
        """Number of samples of each split of the whole dataset."""
        return {split.name: split.count for split in self._snapshot.manifest.splits}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers."""
        hidden = self._snapshot.manifest.hidden_layers
        return tuple(layer.name for layer in self._snapshot.manifest.layers if layer.name not in hidden)

    @property
    def fields(self) -> dict[str, Field]:
        """Fields of each sample by name."""
        return {name: field for name, (_, field) in self._snapshot.fields.items()}

    @property
    def rows(self) -> NDArray[np.int64]:
        """[len] row of the whole dataset at each position of this view."""
        return np.arange(self._length) if self._rows is None else self._rows

    @property
    def snapshot(self) -> Snapshot:
        """The opened files."""
        return self._snapshot

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: "slice | Sequence[int] | NDArray[Any]") -> list[Sample]: ...
    def __getitem__(self, index: Any) -> Sample | list[Sample]:
        if index.__class__ is not int:
            return self._get_other(index)
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError(f"sample {index} of {self._length}")
        row = index if self._row_view is None else self._row_view[index]
        segment = bisect_right(self._starts, row) - 1
        getters = self._segments[segment]
        if getters is None:
            getters = self._segments[segment] = self._snapshot.getters(segment)
        return Sample(getters, row - self._starts[segment], row, self)

    def _get_other(self, index: Any) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return self._get_many(list(range(*index.indices(self._length))))
        positions = np.asarray(index)
        if positions.ndim == 0 and positions.dtype.kind in "iu":
            return self[int(positions)]
        if positions.dtype == np.bool_:
            if len(positions) != self._length:
                raise IndexError(f"a mask of {len(positions)} for {self._length} samples")
            positions = np.flatnonzero(positions)
        if positions.size and positions.dtype.kind not in "iu":
            raise TypeError(f"a dataset is indexed by numbers, not by {positions.dtype}")
        return self._get_many(positions.tolist())

    def _get_many(self, positions: list[int]) -> list[Sample]:
        samples = [self[position] for position in positions]
        self._snapshot.expect([sample.row for sample in samples])
        return samples

    def __iter__(self) -> Iterator[Sample]:
        if self._on_damage == "skip":
            return self._iterate_whole()
        return map(self.__getitem__, range(self._length)) if self._rows is not None else self._iterate()

    def _iterate(self) -> Iterator[Sample]:
        for segment, start in enumerate(self._starts):
            getters = self._snapshot.getters(segment)
            for row in range(start, self._snapshot.stops[segment]):
                yield Sample(getters, row - start, row, self)

    def _iterate_whole(self) -> Iterator[Sample]:
        blobs = [name for name, field in self.fields.items() if field.layout == BLOB]
        for position in range(self._length):
            sample = self[position]
            try:
                for name in blobs:
                    sample[name]
            except DatasetDamaged as err:
                self.damaged.append(Damage(sample.row, str(err)))
                continue
            yield sample

    def tuples(self, *names: str, as_bytes: bool = False) -> "TupleView":
        """A view that gives the named fields as tuples.

        The fastest way to read few fields of many samples.

        Args:
            as_bytes: give blobs as `bytes` instead of views of the file; the faster way for blobs of up to some KB.
        """
        return TupleView(self, names, as_bytes=as_bytes)

    def split(self, name: str) -> "Dataset":
        """A view of the samples of a split.

        Raises:
            NotFound: there is no such split.
        """
        for split in self._snapshot.manifest.splits:
            if split.name == name:
                rows = self._snapshot.split_rows(split)
                if not self._is_whole:
                    rows = self.rows[np.isin(self.rows, rows)]
                return self._view(rows, name if self._is_whole else "")
        raise NotFound(
            Sentence(f"{self.path} has no split '{name}'.", f"{self.path} 没有划分“{name}”。"),
            hint=nearest(name, self.splits),
        )

    def select(self, positions: ArrayLike) -> "Dataset":
        """A view of the samples at these positions, in this order."""
        chosen = np.asarray(positions)
        if chosen.dtype == np.bool_:
            chosen = np.flatnonzero(chosen)
        return self._view(self.rows[chosen.astype(np.int64)], "")

    def _view(self, rows: NDArray[np.int64], split: str) -> "Dataset":
        return Dataset(self._snapshot, rows=rows, split=split, on_damage=self._on_damage)

    def split_rows(self) -> dict[str, NDArray[np.int64]]:
        """Rising row numbers of each split of the whole dataset."""
        return {split.name: self._snapshot.split_rows(split) for split in self._snapshot.manifest.splits}

    def split_of(self, row: int) -> str | None:
        """The first split that a row of the whole dataset belongs to."""
        if self._split_codes is None:
            codes = np.full(self._snapshot.manifest.rows, 255, np.uint8)
            for code, split in reversed(list(enumerate(self._snapshot.manifest.splits[:255]))):
                codes[self._snapshot.split_rows(split)] = code
            self._split_codes = codes
        code = int(self._split_codes[row])
        return None if code == 255 else self._snapshot.manifest.splits[code].name

    @overload
    def columns(self, name: str) -> Any: ...
    @overload
    def columns(self, name: str, *more: str) -> dict[str, Any]: ...
    def columns(self, name: str, *more: str) -> Any:
        """One field of all samples as an array, or several as a dictionary; no image is touched.

        Returns:
            Numbers as [len, ...] arrays (in place where they lie in one shard), text and fields with gaps as
            object arrays, lists as `Ragged(offsets, values)`.
        """
        if more:
            return {each: self.columns(each) for each in (name, *more)}
        parts = list(self._snapshot.arrays(name))
        if isinstance(parts[0], Ragged):
            ragged = _join_ragged([part for part in parts if isinstance(part, Ragged)])
            return ragged if self._rows is None else _take_ragged(ragged, self._rows)
        arrays = [part for part in parts if not isinstance(part, Ragged)]
        column = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        dtype = self.fields[name].dtype
        if dtype and column.dtype.kind != "O":
            column = column.astype(dtype, copy=False)  # shards older than a widening are narrower
        return column if self._rows is None else column[self._rows]

    def numpy(self, *names: str) -> dict[str, Any]:
        """Fields of all samples as arrays, by name; by default all that are not blobs. See `columns`."""
        wanted = names or tuple(name for name, field in self.fields.items() if field.layout != BLOB)
        return {name: self.columns(name) for name in wanted}

    def arrow(self, *names: str) -> Any:
        """Fields of all samples as a `pyarrow.Table`; by default all that are not blobs.

        Numbers and lists are not copied where they lie in one shard. Needs pyarrow.
        """
        from kpl.dataset.arrow import table

        return table(self, names)

    def loader(self, fields: "Fields", *, batch_size: int, **options: Any) -> "Loader":
        """Shuffled batches of these fields, as dictionaries of arrays; `options` are those of `Loader`."""
        from kpl.dataset.loader import Loader

        return Loader(self, fields=fields, batch_size=batch_size, **options)

    def torch(self, fields: "Fields | Callable[[Sample], Any]") -> Any:
        """A map-style dataset for PyTorch's DataLoader, of some fields or of what a function makes of samples.

        Give `collate_fn=kpl.dataset.torch.whole` together with fields: batches are made at once. Needs torch.
        """
        from kpl.dataset.torch import TorchDataset

        return TorchDataset(self, fields)

    def tf(self, fields: "Fields", *, batch_size: int, **options: Any) -> Any:
        """Shuffled batches of these fields as a `tf.data.Dataset`; `options` are those of `Loader`.

        Needs tensorflow.
        """
        from kpl.dataset.tensorflow import tf_dataset

        return tf_dataset(self, fields, batch_size=batch_size, **options)

    def find(self, key: str) -> Sample:
        """The sample of that key.

        Raises:
            NotFound: there is none.
        """
        if self._row_of_key is None:
            self._row_of_key = {each: position for position, each in enumerate(self.columns("key"))}
        position = self._row_of_key.get(key)
        if position is None:
            raise NotFound(
                Sentence(f"{self.path} has no sample '{key}'.", f"{self.path} 没有样本“{key}”。"),
                hint=nearest(key, list(self._row_of_key)[:10000]),
            )
        return self[position]

    def derive(
        self,
        dest: str | os.PathLike[str],
        *,
        splits: "Mapping[str, ArrayLike] | Sequence[str | None] | NDArray[Any] | SplitRule | None" = None,
        layers: Mapping[str, Mapping[str, Any]] | None = None,
        kind: str | None = None,
        class_names: Sequence[str] | None = None,
        attributes: Mapping[str, str] | None = None,
        message: str = "",
    ) -> "Dataset":
        """Make a self-contained dataset of the same samples with other splits or labels, in a new folder.

        Shards that stay as they are get a second name there (a hard link, a copy where there can be none).

        Args:
            dest: folder to be made.
            splits: rows of each split, or the name of each row's split (None for no split), or a rule, which also
                places what is added later; replaces all splits.
            layers: values of each field of a layer, one for every row; replaces the layer of that name.
            kind: of the new dataset; the same by default.
            class_names: of the new dataset; the same by default.
            attributes: texts that replace those of the same name.
            message: what is done, in the history of versions.
        Raises:
            Invalid: a view was given, or values do not fit the rows.
            Conflict: there is a dataset in `dest` already.
        """
        from kpl.dataset.derive import derive

        return derive(
            self,
            layout.folder_of(dest),
            splits=splits,
            layers=layers,
            kind=kind,
            class_names=class_names,
            attributes=attributes,
            message=message,
        )

    @property
    def split_name(self) -> str:
        """Name of the split that this is; empty for the whole dataset and other views."""
        return self._split

    @property
    def on_damage(self) -> OnDamage:
        """What iteration does with a damaged sample."""
        return self._on_damage

    @property
    def is_view(self) -> bool:
        """Whether these are some rows only, or rows in another order."""
        return self._rows is not None

    @property
    def is_whole(self) -> bool:
        """Whether these are all samples of the version; the rows of removed ones are none."""
        return self._is_whole

    def __repr__(self) -> str:
        what = f"split {self._split!r} of " if self._split else "a view of " if not self._is_whole else ""
        return (
            f"<{what}Dataset {str(self.path)!r}: {self.kind}, {self._length} samples, version {self.version}>"
        )


_Row = Callable[[Any, int], tuple[Any, ...]]


class TupleView:
    """Some fields of each sample as tuples, by position, in order or in batches."""

    def __init__(self, dataset: Dataset, names: Sequence[str], *, as_bytes: bool = False) -> None:
        self._dataset, self._names, self._as_bytes = dataset, tuple(names), as_bytes
        self._snapshot = dataset.snapshot
        for name in names:
            self._snapshot.field(name)
        self._starts = self._snapshot.starts
        self._rows = np.ascontiguousarray(dataset.rows) if dataset.is_view else None
        self._row_view = None if self._rows is None else self._rows.data
        self._length = len(dataset)
        self._getters: list[_Row | None] = [None] * len(self._starts)
        self._columns: list[list[ColumnReader] | None] = [None] * len(self._starts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _tuples, (self._dataset, self._names, self._as_bytes)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        if not 0 <= index < self._length:
            index = self._from_start(index)
        row = index if self._row_view is None else self._row_view[index]
        segment = bisect_right(self._starts, row) - 1
        return (self._getters[segment] or self._open(segment))(self, row - self._starts[segment])

    def _from_start(self, index: int) -> int:
        if not -self._length <= index < self._length:
            raise IndexError(f"sample {index} of {self._length}")
        return index % self._length

    def _open(self, segment: int) -> _Row:
        getter = self._getters[segment] = self._row_getter(segment)
        if len(self._starts) == 1 and self._rows is None:
            # nothing to look up: `view[i]` is the getter itself, without a call of this class's method around it,
            # which would cost a tenth of a small record
            own = type("TupleView", (TupleView,), {"__getitem__": getter})
            self.__class__ = own
        return getter

    def _row_getter(self, segment: int) -> _Row:
        columns = self._segment_columns(segment)
        if len(columns) == 2 and isinstance(columns[0], BlobColumn) and columns[0].is_here:
            numbers = columns[1].numbers() if isinstance(columns[1], FixedColumn) else None
            if numbers is not None:  # the usual image and label
                return columns[0].pair_getter(numbers)
        getters = [column.getter() for column in columns]
        stop = self._snapshot.stops[segment] - self._starts[segment]

        def get(view: TupleView, row: int) -> tuple[Any, ...]:
            if not 0 <= row < stop:
                row = view._from_start(row)
            return tuple([get(row) for get in getters])

        return get

    def _segment_columns(self, segment: int) -> list[ColumnReader]:
        columns = self._columns[segment]
        if columns is None:
            columns = self._columns[segment] = [self._column(name, segment) for name in self._names]
        return columns

    def _column(self, name: str, segment: int) -> ColumnReader:
        column = self._snapshot.column(name, segment)
        if not self._as_bytes or self._snapshot.field(name)[1].layout != BLOB:
            return column
        return (
            column.as_bytes() if isinstance(column, BlobColumn) and column.is_here else CopiedColumn(column)
        )

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        if self._rows is not None:
            yield from map(self.__getitem__, range(len(self)))
            return
        for segment in range(len(self._starts)):
            yield from zip(*[column.values() for column in self._segment_columns(segment)], strict=True)

    def take(self, positions: Sequence[int] | NDArray[Any]) -> list[tuple[Any, ...]]:
        """Several samples at once, in the order asked for."""
        wanted = np.asarray(positions, np.int64)
        if wanted.size and not (wanted.min() >= 0 and wanted.max() < self._length):
            raise IndexError(f"positions {wanted.min()} to {wanted.max()} of {self._length}")
        rows = wanted if self._rows is None else self._rows[wanted]
        if len(self._starts) == 1:
            return self._take_segment(0, rows)
        segments = np.searchsorted(np.asarray(self._starts), rows, "right") - 1
        if segments.size and (segments == segments[0]).all():
            return self._take_segment(int(segments[0]), rows)
        result: list[tuple[Any, ...]] = [()] * len(rows)
        self._snapshot.expect_fields(self._names, rows)
        for segment in np.unique(segments).tolist():
            places = np.flatnonzero(segments == segment)
            for place, value in zip(places.tolist(), self._take_segment(segment, rows[places]), strict=True):
                result[place] = value
        return result

    def _take_segment(self, segment: int, rows: NDArray[np.int64]) -> list[tuple[Any, ...]]:
        inside = rows - self._starts[segment]
        columns = self._segment_columns(segment)
        return list(zip(*[column.take(inside) for column in columns], strict=True))


def _tuples(dataset: Dataset, names: Sequence[str], as_bytes: bool) -> TupleView:
    return TupleView(dataset, names, as_bytes=as_bytes)


def _reopen(
    path: str,
    version: int,
    checks: "tuple[Verify, OnDamage, BlockCache | None]",
    split: str,
    rows: NDArray[np.int64] | None,
) -> Dataset:
    verify, on_damage, cache = checks
    dataset = Dataset.open(path, version=version, verify=verify, on_damage=on_damage, cache=cache)
    if split:
        return dataset.split(split)
    return dataset if rows is None else dataset.select(rows)


def _join_ragged(parts: list[Ragged]) -> Ragged:
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([part.lengths for part in parts])
    return Ragged(np.concatenate(([0], np.cumsum(lengths))), np.concatenate([part.values for part in parts]))


def _take_ragged(ragged: Ragged, rows: NDArray[np.int64]) -> Ragged:
    begins, lengths = ragged.offsets[rows], ragged.lengths[rows]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    source = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], lengths)
    return Ragged(offsets, ragged.values[source])
