"""Batches field by field: numbers gathered at once, images decoded straight into their place.

A batch is a dictionary. What a field becomes follows from its layout, or from what is asked for it:

number, tensor         array [batch, ...]
list                   Ragged(offsets, values)
text, JSON             list
blob                   list of memoryviews
blob with `Head(n)`    uint8 [batch, n], the first n bytes, zeros behind shorter ones
image with `Pixels`    uint8 [batch, height, width, channels]
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.columns import BlobColumn, ColumnReader, Ragged, joined_heads
from kpl.dataset.errors import BadSample, DatasetDamaged
from kpl.dataset.fields import BLOB, BYTES, LIST
from kpl.dataset.pixels import Decoder, decode_into
from kpl.dataset.reader import Damage, Dataset
from kpl.errors import Invalid

Batch = dict[str, Any]
_MIN_CHUNK = 8  # images that one thread decodes in a row


class Pixels(NamedTuple):
    """Decode an image to this size."""

    height: int
    width: int
    channels: int = 3
    decoder: Decoder = "auto"


class Head(NamedTuple):
    """Take the first bytes of a blob."""

    num_bytes: int


Part = Pixels | Head | None
Fields = Sequence[str] | Mapping[str, Part]


class BatchBuilder:
    """Makes batches of a dataset's fields.

    Safe to call from many threads.

    Args:
        dataset: the samples, or a view of them.
        fields: names, or what each field becomes; None stands for what its layout says.
    Raises:
        NotFound: no such field.
        Invalid: what is asked for does not fit the field.
    """

    def __init__(self, dataset: Dataset, fields: Fields) -> None:
        self._dataset, self._snapshot = dataset, dataset.snapshot
        self._parts: dict[str, Part] = (
            dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, None)
        )
        self._rows = dataset.rows if dataset.is_view else None
        self._starts = np.asarray(self._snapshot.starts)
        self._fields = dataset.fields
        self._columns: dict[tuple[str, int], ColumnReader] = {}
        for name, part in self._parts.items():
            _, field = self._snapshot.field(name)
            if part is not None and field.layout != BLOB:
                raise Invalid(f"Field '{name}' of {dataset!r} holds no blobs, but {part} was asked for it.")
        self._images = {name: part for name, part in self._parts.items() if isinstance(part, Pixels)}

    def num_chunks(self, batch_size: int, num_threads: int) -> int:
        """Into how many parts, to be filled by different threads, a batch is best divided."""
        return max(1, min(num_threads, batch_size // _MIN_CHUNK)) if self._images else 1

    def begin(self, positions: NDArray[np.int64]) -> Batch:
        """A batch of these samples with room for its images, which `fill` puts there."""
        rows = positions if self._rows is None else self._rows[positions]
        batch: Batch = {}
        self._snapshot.expect_fields(list(self._parts), rows)
        for name, part in self._parts.items():
            if isinstance(part, Pixels):
                shape = (len(rows), part.height, part.width, part.channels)
                batch[name] = np.empty(shape, np.uint8)
            else:
                batch[name] = self._gather(name, part, rows)
        return batch

    def fill(self, batch: Batch, positions: NDArray[np.int64], start: int, stop: int) -> None:
        """Decode the images of the samples from `start` to before `stop` of the batch.

        Raises:
            BadSample: an image cannot be decoded.
        """
        rows = (positions if self._rows is None else self._rows[positions])[start:stop]
        for name, part in self._images.items():
            out = batch[name]
            for place, blob in enumerate(self._values(name, rows), start):
                try:
                    decode_into(blob, out[place], decoder=part.decoder)
                except BadSample as err:
                    row = int(rows[place - start])
                    raise BadSample(
                        f"{self._dataset.path}: field '{name}' of row {row}: {err.message}"
                    ) from err

    def damage(self, position: int) -> Damage | None:
        """What is wrong with the blobs of a sample that `begin` or `fill` could not read."""
        sample = self._dataset[position]
        for name in self._parts:
            if self._fields[name].layout == BLOB:
                try:
                    sample[name]
                except DatasetDamaged as err:
                    return Damage(sample.row, str(err))
        return None

    def _gather(self, name: str, part: Part, rows: NDArray[np.int64]) -> Any:
        field = self._fields[name]
        if field.layout == BLOB:
            return (
                self._heads(name, part.num_bytes, rows)
                if isinstance(part, Head)
                else self._values(name, rows)
            )
        if field.layout == BYTES:
            return self._values(name, rows)
        if field.layout == LIST:
            return _ragged(self._values(name, rows), field.dtype, field.shape)
        return self._numbers(name, rows)

    def _values(self, name: str, rows: NDArray[np.int64]) -> list[Any]:
        """The values of a field at these rows, in their order, read shard by shard."""
        values: list[Any] = [None] * len(rows)
        for places, column, inside in self._by_segment(name, rows):
            taken = column.take(inside)
            if len(taken) == len(rows):
                return taken
            for place, value in zip(places.tolist(), taken, strict=True):
                values[place] = value
        return values

    def _heads(self, name: str, num_bytes: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[rows, num_bytes] the first bytes of a field's blobs."""
        parts = [
            (places, _heads_of(column, inside, num_bytes))
            for places, column, inside in self._by_segment(name, rows)
        ]
        if len(parts) == 1:
            return parts[0][1]
        heads = np.empty((len(rows), num_bytes), np.uint8)
        for places, found in parts:
            heads[places] = found
        return heads

    def _numbers(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        result: NDArray[Any] | None = None
        dtype = self._fields[name].dtype
        for places, column, inside in self._by_segment(name, rows):
            array = column.array()
            assert not isinstance(array, Ragged)
            taken = array[inside]
            if len(taken) == len(rows):
                return taken if taken.dtype == object else taken.astype(dtype, copy=False)
            if result is None or (taken.dtype == object and result.dtype != object):
                blank = np.empty((len(rows), *taken.shape[1:]), object if taken.dtype == object else dtype)
                if result is not None:
                    blank[...] = result
                result = blank
            result[places] = taken
        return np.empty(0, dtype) if result is None else result

    def _by_segment(
        self, name: str, rows: NDArray[np.int64]
    ) -> "list[tuple[NDArray[np.int64], ColumnReader, NDArray[np.int64]]]":
        """(places in `rows`, column, rows inside the column) for each segment that some rows lie in."""
        if len(self._starts) == 1:
            return [(rows, self._column(name, 0), rows)] if len(rows) else []
        segments = np.searchsorted(self._starts, rows, "right") - 1
        found = []
        for segment in np.unique(segments).tolist():
            places = np.flatnonzero(segments == segment)
            inside = rows[places] - self._starts[segment]
            found.append((places, self._column(name, segment), inside))
        return found

    def _column(self, name: str, segment: int) -> ColumnReader:
        column = self._columns.get((name, segment))
        if column is None:
            column = self._columns[name, segment] = self._snapshot.column(name, segment)
        return column


def _heads_of(column: ColumnReader, rows: NDArray[np.int64], num_bytes: int) -> NDArray[np.uint8]:
    if isinstance(column, BlobColumn) and column.is_here:
        return column.heads(rows, num_bytes)
    return joined_heads(column.take(rows), num_bytes)


def _ragged(found: list[NDArray[Any] | None], dtype: str, shape: tuple[int, ...]) -> Ragged:
    values = [np.empty((0, *shape), dtype) if each is None else each for each in found]
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum([len(each) for each in values], out=offsets[1:])
    return Ragged(offsets, np.concatenate(values).astype(dtype) if values else np.empty((0, *shape), dtype))
