"""One field of one shard, read in place: a getter for single rows, arrays for many, lists for batches.

A column is checked when it is first touched, a blob when it is handed out. Nothing is copied but scalars and
text.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import add
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged
from kpl.dataset.fields import BLOB, BYTES, FIXED, Field

Getter = Callable[[int], Any]

_CAST = {
    "|b1": "?", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I",
    "<i8": "q", "<u8": "Q", "<f4": "f", "<f8": "d",
}  # fmt: skip


class Ragged(NamedTuple):
    """A list field of many rows: row i has `values[offsets[i]:offsets[i + 1]]`."""

    offsets: NDArray[np.int64]
    values: NDArray[Any]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[rows] number of items of each row."""
        return np.diff(self.offsets)


class ColumnReader(Protocol):
    """Rows `0 .. n` of a field; `slice` gives the same over fewer rows without copying."""

    def slice(self, start: int, stop: int) -> "ColumnReader": ...
    def getter(self) -> Getter:
        """A function from row to value, made for being called very often."""
        ...

    def values(self) -> Iterator[Any]:
        """All rows in order."""
        ...

    def take(self, rows: Sequence[int]) -> list[Any]:
        """Some rows, in the order asked for."""
        ...

    def array(self) -> NDArray[Any] | Ragged:
        """All rows as one array: numbers as they are, lists as `Ragged`, text as objects."""
        ...


class BlobColumn:
    """Byte strings in the heap of a shard.

    Args:
        heap: the whole file.
        position, length, check: [n] of each blob.
        seen: [n] of 0 and 1, the blobs already found whole; None checks at every hand-out.
        is_checked: False hands out without looking.
        damaged: makes the error for a row.
    """

    def __init__(
        self,
        heap: memoryview,
        position: memoryview,
        length: memoryview,
        check: memoryview,
        *,
        seen: memoryview | None,
        is_checked: bool,
        damaged: Callable[[int], DatasetDamaged],
    ) -> None:
        self._heap, self._position, self._length, self._check = heap, position, length, check
        self._seen, self._is_checked, self._damaged = seen, is_checked, damaged

    def slice(self, start: int, stop: int) -> "BlobColumn":
        damaged = self._damaged
        return BlobColumn(
            self._heap,
            self._position[start:stop],
            self._length[start:stop],
            self._check[start:stop],
            seen=None if self._seen is None else self._seen[start:stop],
            is_checked=self._is_checked,
            damaged=lambda row: damaged(row + start),
        )

    def getter(self) -> Getter:
        if not self._is_checked:
            return self._unchecked_getter()
        if self._seen is None:
            return self._strict_getter()
        heap, position, length, check, seen = (
            self._heap,
            self._position,
            self._length,
            self._check,
            self._seen,
        )
        damaged, digest = self._damaged, xxh3_64_intdigest

        def get(row: int) -> memoryview:
            begin = position[row]
            blob = heap[begin : begin + length[row]]
            if seen[row]:
                return blob
            if digest(blob) != check[row]:
                raise damaged(row)
            seen[row] = 1
            return blob

        return get

    def _strict_getter(self) -> Getter:
        heap, position, length, check = self._heap, self._position, self._length, self._check
        damaged, digest = self._damaged, xxh3_64_intdigest

        def get(row: int) -> memoryview:
            begin = position[row]
            blob = heap[begin : begin + length[row]]
            if digest(blob) != check[row]:
                raise damaged(row)
            return blob

        return get

    def _unchecked_getter(self) -> Getter:
        heap, position, length = self._heap, self._position, self._length

        def get(row: int) -> memoryview:
            begin = position[row]
            return heap[begin : begin + length[row]]

        return get

    def pair_getter(self, other: Getter) -> Callable[[int], tuple[memoryview, Any]]:
        """A function from row to (blob, value of another field): one call where two getters would be three."""
        if not self._is_checked or self._seen is None:
            get_blob = self.getter()
            return lambda row: (get_blob(row), other(row))
        heap, position, length, seen = self._heap, self._position, self._length, self._seen
        check, damaged, digest = self._check, self._damaged, xxh3_64_intdigest

        def get(row: int) -> tuple[memoryview, Any]:
            begin = position[row]
            blob = heap[begin : begin + length[row]]
            if not seen[row]:
                if digest(blob) != check[row]:
                    raise damaged(row)
                seen[row] = 1
            return blob, other(row)

        return get

    def values(self) -> Iterator[memoryview]:
        all_seen = self._seen is not None and 0 not in self._seen.tobytes()
        if all_seen or not self._is_checked:
            ends = map(add, self._position, self._length)
            return map(self._heap.__getitem__, map(slice, self._position, ends))
        return map(self.getter(), range(len(self._position)))

    def take(self, rows: Sequence[int]) -> list[memoryview]:
        if self._is_checked and (self._seen is None or not all(map(self._seen.__getitem__, rows))):
            return list(map(self.getter(), rows))
        wanted = np.fromiter(rows, np.int64, len(rows))
        begins = np.asarray(self._position)[wanted]
        ends = begins + np.asarray(self._length)[wanted]
        return list(map(self._heap.__getitem__, map(slice, begins.tolist(), ends.tolist())))

    def array(self) -> NDArray[Any]:
        raise TypeError("blobs do not form an array: read them sample by sample")

    def sizes(self) -> NDArray[np.int64]:
        """[n] length of each blob in bytes."""
        return np.asarray(self._length).astype(np.int64)

    def checks(self) -> NDArray[np.uint64]:
        """[n] xxh3-64 of each blob: equal content has equal numbers."""
        return np.asarray(self._check)

    def extents(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[n] first byte of each blob in its file, and [n] the byte after it."""
        begin = np.asarray(self._position).astype(np.int64)
        return begin, begin + self.sizes()


class FixedColumn:
    """One item of a dtype and shape per row."""

    def __init__(self, field: Field, data: memoryview) -> None:
        self._field, self._data = field, data

    def slice(self, start: int, stop: int) -> "FixedColumn":
        size = self._field.item_bytes
        return FixedColumn(self._field, self._data[start * size : stop * size])

    def getter(self) -> Getter:
        field, data = self._field, self._data
        if not field.shape and field.dtype in _CAST:
            return data.cast(_CAST[field.dtype]).__getitem__  # type: ignore[no-any-return, call-overload, unused-ignore]
        if not field.shape:
            return self.array().item
        size, shape, dtype, array = field.item_bytes, field.shape, np.dtype(field.dtype), np.ndarray

        def get(row: int) -> NDArray[Any]:
            return array(shape, dtype, data, row * size)

        return get

    def values(self) -> Iterator[Any]:
        if not self._field.shape and self._field.dtype in _CAST:
            return iter(self._data.cast(_CAST[self._field.dtype]))  # type: ignore[call-overload, no-any-return, unused-ignore]
        return map(self.getter(), range(len(self._data) // self._field.item_bytes))

    def take(self, rows: Sequence[int]) -> list[Any]:
        return list(map(self.getter(), rows))

    def array(self) -> NDArray[Any]:
        return np.frombuffer(self._data, dtype=self._field.dtype).reshape(-1, *self._field.shape)


class ListColumn:
    """Any number of items of a dtype and shape per row. `offsets`: [n + 1], counted in items."""

    def __init__(self, field: Field, offsets: memoryview, data: memoryview) -> None:
        self._field, self._offsets, self._data = field, offsets, data

    def slice(self, start: int, stop: int) -> "ListColumn":
        return ListColumn(self._field, self._offsets[start : stop + 1], self._data)

    def getter(self) -> Getter:
        offsets, data, shape, size = self._offsets, self._data, self._field.shape, self._field.item_bytes
        dtype, array = np.dtype(self._field.dtype), np.ndarray

        def get(row: int) -> NDArray[Any]:
            begin = offsets[row]
            return array((offsets[row + 1] - begin, *shape), dtype, data, begin * size)

        return get

    def values(self) -> Iterator[NDArray[Any]]:
        return map(self.getter(), range(len(self._offsets) - 1))

    def take(self, rows: Sequence[int]) -> list[NDArray[Any]]:
        return list(map(self.getter(), rows))

    def array(self) -> Ragged:
        offsets = np.asarray(self._offsets).astype(np.int64)
        values = np.frombuffer(self._data, dtype=self._field.dtype).reshape(-1, *self._field.shape)
        return Ragged(offsets - offsets[0], values[offsets[0] : offsets[-1]])


class BytesColumn:
    """Short byte strings or text inside the column. `offsets`: [n + 1], in bytes."""

    def __init__(self, field: Field, offsets: memoryview, data: memoryview) -> None:
        self._field, self._offsets, self._data = field, offsets, data

    def slice(self, start: int, stop: int) -> "BytesColumn":
        return BytesColumn(self._field, self._offsets[start : stop + 1], self._data)

    def getter(self) -> Getter:
        offsets, data, decode = self._offsets, self._data, _decoder(self._field.type)

        def get(row: int) -> Any:
            return decode(data[offsets[row] : offsets[row + 1]])

        return get

    def values(self) -> Iterator[Any]:
        return map(self.getter(), range(len(self._offsets) - 1))

    def take(self, rows: Sequence[int]) -> list[Any]:
        return list(map(self.getter(), rows))

    def array(self) -> NDArray[Any]:
        values = np.empty(len(self._offsets) - 1, dtype=object)
        values[:] = list(self.values())
        return values


def _decoder(type_name: str) -> Callable[[memoryview], Any]:
    if type_name in ("string", "text"):
        return _decode_text
    return msgspec.json.decode if type_name == "json" else bytes


def _decode_text(data: memoryview) -> str:
    return str(data, "utf-8")


class OptionalColumn:
    """A column in which rows may be empty. `valid`: [n] of 0 and 1."""

    def __init__(self, column: ColumnReader, valid: NDArray[np.uint8]) -> None:
        self.column, self._valid = column, valid

    def slice(self, start: int, stop: int) -> "OptionalColumn":
        return OptionalColumn(self.column.slice(start, stop), self._valid[start:stop])

    def getter(self) -> Getter:
        get, valid = self.column.getter(), self._valid.data
        return lambda row: get(row) if valid[row] else None

    def values(self) -> Iterator[Any]:
        return map(self.getter(), range(len(self._valid)))

    def take(self, rows: Sequence[int]) -> list[Any]:
        return list(map(self.getter(), rows))

    def array(self) -> NDArray[Any] | Ragged:
        if self._valid.all():
            return self.column.array()
        values = np.empty(len(self._valid), dtype=object)
        get = self.getter()
        for row in range(len(values)):
            values[row] = get(row)
        return values


class MissingColumn:
    """A field of a layer that does not reach these rows: None for each."""

    def __init__(self, num_rows: int) -> None:
        self._num_rows = num_rows

    def slice(self, start: int, stop: int) -> "MissingColumn":
        return MissingColumn(stop - start)

    def getter(self) -> Getter:
        return lambda _: None

    def values(self) -> Iterator[None]:
        return iter([None] * self._num_rows)

    def take(self, rows: Sequence[int]) -> list[None]:
        return [None] * len(rows)

    def array(self) -> NDArray[Any]:
        return np.full(self._num_rows, None, dtype=object)


def column_of_buffers(
    field: Field, buffers: dict[str, memoryview], num_rows: int, *, where: str
) -> ColumnReader:
    """A reader over the checked buffers of a fixed, list or bytes column.

    Raises:
        DatasetDamaged: the buffers contradict each other or the number of rows.
    """
    values = buffers.get("values", memoryview(b""))
    if field.layout == FIXED:
        if len(values) != num_rows * field.item_bytes:
            raise _contradiction(
                where, field, f"{len(values)} bytes for {num_rows} rows of {field.item_bytes}"
            )
        return FixedColumn(field, values)
    offsets = checked_offsets(field, buffers.get("offsets"), num_rows, where=where)
    item_bytes = 1 if field.layout == BYTES else field.item_bytes
    if offsets[-1] * item_bytes != len(values):
        raise _contradiction(where, field, f"the last offset is {offsets[-1]}, for {len(values)} bytes")
    return (BytesColumn if field.layout == BYTES else ListColumn)(field, offsets, values)


def checked_offsets(field: Field, data: memoryview | None, num_rows: int, *, where: str) -> memoryview:
    """[num_rows + 1] offsets that begin at 0 and never fall."""
    width = 4 if data is not None and len(data) == 4 * (num_rows + 1) else 8
    if data is None or len(data) != width * (num_rows + 1):
        raise _contradiction(where, field, f"there must be {num_rows + 1} offsets")
    offsets = np.frombuffer(data, dtype=f"<i{width}")
    if offsets[0] != 0 or bool((offsets[1:] < offsets[:-1]).any()):
        raise _contradiction(where, field, "the offsets do not rise from 0")
    return data.cast("i" if width == 4 else "q")


def blob_buffers(
    field: Field, buffers: dict[str, memoryview], num_rows: int, *, where: str
) -> tuple[memoryview, ...]:
    """The arrays position u64, length u32 and check u64 of a blob column."""
    arrays = []
    for role, code, width in (("position", "Q", 8), ("length", "I", 4), ("check", "Q", 8)):
        data = buffers.get(role, memoryview(b""))
        if field.layout != BLOB or len(data) != num_rows * width:
            raise _contradiction(
                where, field, f"'{role}' has {len(data)} bytes for {num_rows} rows of {width}"
            )
        arrays.append(data.cast(code))  # type: ignore[call-overload, unused-ignore]
    return tuple(arrays)


def validity(field: Field, data: memoryview, num_rows: int, *, where: str) -> NDArray[np.uint8]:
    """[num_rows] of 0 and 1 from Arrow's validity bits, least significant bit first."""
    if len(data) != (num_rows + 7) // 8:
        raise _contradiction(where, field, f"{len(data)} bytes of validity bits for {num_rows} rows")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=num_rows, bitorder="little")


def _contradiction(where: str, field: Field, reason: str) -> DatasetDamaged:
    return DatasetDamaged(f"{where}: column '{field.name}' contradicts itself: {reason}.", hint=RESTORE_HINT)
