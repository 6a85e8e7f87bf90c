"""One field of one shard, read in place: a getter for single rows, arrays for many, lists for batches.

A column is checked when it is first touched, a blob when it is handed out. Nothing is copied but scalars and
text.
"""

import mmap
from collections.abc import Callable, Iterator
from itertools import chain
from operator import add
from typing import Any, NamedTuple, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged
from kpl.dataset.fields import BLOB, BYTES, FIXED, Field
from kpl.sentence import Sentence

Getter = Callable[[int], Any]
Blob = memoryview | bytes
Heap = memoryview | mmap.mmap | bytes

_CAST = {
    "|b1": "?", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I",
    "<i8": "q", "<u8": "Q", "<f4": "f", "<f8": "d",
}  # fmt: skip


_Rows = NDArray[np.int64] | slice
_ROWS_AT_ONCE, _SMALL_BYTES = 256, 4096


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

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        """Some rows from 0 on, in the order asked for."""
        ...

    def array(self) -> NDArray[Any] | Ragged:
        """All rows as one array: numbers as they are, lists as `Ragged`, text as objects."""
        ...


class BlobColumn:
    """Byte strings in the heap of a shard.

    Args:
        heap: the whole file. What its slices are is what is handed out: views of a memoryview, copies of a map.
        position, length, check: [n] of each blob.
        seen: [n] of 0 and 1, the blobs already found whole; None checks at every hand-out.
        is_checked: False hands out without looking.
        damaged: makes the error for a row.
    """

    def __init__(
        self,
        heap: Heap,
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
        # signed, so that sums with other integers do not turn into floats
        self._begins, self._lengths = np.asarray(position).view(np.int64), np.asarray(length)
        self._seen_array = None if seen is None else np.asarray(seen)

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

    @property
    def is_here(self) -> bool:
        """Whether the blobs lie in memory or a mapped file, and are not fetched one by one."""
        return len(self._heap) > 0

    def as_bytes(self) -> "BlobColumn":
        """The same column, which hands out copies instead of views.

        Copying a small blob fetches it into the processor's cache faster than whoever would walk through a view.
        """
        assert isinstance(self._heap, memoryview)
        return BlobColumn(
            cast(Heap, self._heap.obj),
            self._position,
            self._length,
            self._check,
            seen=self._seen,
            is_checked=self._is_checked,
            damaged=self._damaged,
        )

    def getter(self) -> Getter:
        if not self._must_check():
            return self._unchecked_getter()
        if self._seen is None:
            return self._strict_getter()
        heap, position, length, seen = self._heap, self._position, self._length, self._seen
        check, damaged, digest = self._check, self._damaged, xxh3_64_intdigest

        def get(row: int) -> Blob:
            begin = position[row]
            blob = heap[begin : begin + length[row]]
            if seen[row]:
                return blob
            if digest(blob) != check[row]:
                raise damaged(row)
            seen[row] = 1
            return blob

        return get

    def _must_check(self) -> bool:
        """Whether there is a blob that is to be checked before it is handed out."""
        return self._is_checked and (self._seen is None or 0 in self._seen.tobytes())

    def _strict_getter(self) -> Getter:
        heap, position, length, check = self._heap, self._position, self._length, self._check
        damaged, digest = self._damaged, xxh3_64_intdigest

        def get(row: int) -> Blob:
            begin = position[row]
            blob = heap[begin : begin + length[row]]
            if digest(blob) != check[row]:
                raise damaged(row)
            return blob

        return get

    def _unchecked_getter(self) -> Getter:
        heap, position, length = self._heap, self._position, self._length

        def get(row: int) -> Blob:
            begin = position[row]
            return heap[begin : begin + length[row]]

        return get

    def pair_getter(self, numbers: memoryview) -> "Callable[[Any, int], tuple[Blob, Any]]":
        """A method `(self, row)` that gives (blob, number of the same row).

        Rows may be counted from the end, and those that there are not raise IndexError, as `memoryview` has it: nothing
        needs to be looked at before, which counts for small records.
        """
        heap, position, length, num_rows = self._heap, self._position, self._length, len(self._position)
        if not self._must_check():

            def get_unchecked(_: Any, row: int) -> tuple[Blob, Any]:
                try:
                    begin = position[row]
                except IndexError as err:
                    raise _no_row(row, num_rows) from err
                return heap[begin : begin + length[row]], numbers[row]

            return get_unchecked
        seen = self._seen if self._seen is not None else memoryview(bytes(num_rows))
        check, damaged, digest, is_once = (
            self._check,
            self._damaged,
            xxh3_64_intdigest,
            self._seen is not None,
        )

        def get(_: Any, row: int) -> tuple[Blob, Any]:
            try:
                begin = position[row]
            except IndexError as err:
                raise _no_row(row, num_rows) from err
            blob = heap[begin : begin + length[row]]
            if not seen[row]:
                if digest(blob) != check[row]:
                    raise damaged(row % num_rows)
                if is_once:
                    seen[row] = 1
            return blob, numbers[row]

        return get

    def values(self) -> Iterator[Blob]:
        if self._must_check():
            return map(self.getter(), range(len(self._position)))
        if len(self._lengths) == 0 or self._lengths.mean() > _SMALL_BYTES:
            ends = map(add, self._position, self._length)
            return map(self._heap.__getitem__, map(slice, self._position, ends))
        # NumPy makes the bounds of many small blobs at once; what is made ahead of large ones would have left the
        # processor's cache when its turn comes
        parts = (
            slice(start, start + _ROWS_AT_ONCE) for start in range(0, len(self._position), _ROWS_AT_ONCE)
        )
        return chain.from_iterable(self._blobs(part) for part in parts)

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        blobs = self._blobs(rows)
        if self._must_check_some(rows):
            self._check_blobs(rows, blobs)
        return blobs

    def _blobs(self, rows: _Rows) -> list[Blob]:
        """The blobs of these rows, unchecked."""
        begins, heap = self._begins[rows], self._heap
        ends = begins + self._lengths[rows]
        return [heap[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def _must_check_some(self, rows: NDArray[np.int64]) -> bool:
        return self._is_checked and (self._seen_array is None or not self._seen_array[rows].all())

    def heads(self, rows: NDArray[np.int64], num_bytes: int) -> NDArray[np.uint8]:
        """[rows, num_bytes] the first bytes of some blobs, checked as a whole, with zeros behind shorter ones."""
        begins, lengths = self._begins[rows], self._lengths[rows]
        is_inside = bool(len(rows)) and begins.min() >= 0 and begins.max() <= len(self._heap) - num_bytes
        if not is_inside or num_bytes == 0:
            return joined_heads(self.take(rows), num_bytes)
        # every `num_bytes` of the file as one item, so that NumPy gathers without a Python object a row
        items = np.ndarray(len(self._heap) - num_bytes + 1, f"V{num_bytes}", self._heap, 0, (1,))
        heads = items[begins].view(np.uint8).reshape(-1, num_bytes)
        if self._must_check_some(rows):
            self._check_blobs(rows, self._blobs(rows))
        for place in np.flatnonzero(lengths < num_bytes).tolist():
            heads[place, lengths[place] :] = 0
        return heads

    def _check_blobs(self, rows: NDArray[np.int64], blobs: list[Blob]) -> None:
        found, written = list(map(xxh3_64_intdigest, blobs)), np.asarray(self._check)[rows].tolist()
        if found != written:
            place = next(
                place for place, pair in enumerate(zip(found, written, strict=True)) if pair[0] != pair[1]
            )
            raise self._damaged(int(rows[place]))
        if self._seen_array is not None:
            self._seen_array[rows] = 1

    def array(self) -> NDArray[Any]:
        raise TypeError("blobs do not form an array: read them sample by sample")

    def sizes(self) -> NDArray[np.int64]:
        """[n] length of each blob in bytes."""
        return self._lengths.astype(np.int64)

    def checks(self) -> NDArray[np.uint64]:
        """[n] xxh3-64 of each blob: equal content has equal numbers."""
        return np.asarray(self._check)

    def extents(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[n] first byte of each blob in its file, and [n] the byte after it."""
        return self._begins, self._begins + self.sizes()


def _no_row(row: int, num_rows: int) -> IndexError:
    return IndexError(f"sample {row} of {num_rows}")


def joined_heads(blobs: list[Blob], num_bytes: int) -> NDArray[np.uint8]:
    """[blobs, num_bytes] the first bytes of blobs, with zeros behind shorter ones."""
    joined = bytearray().join([bytes(blob[:num_bytes]).ljust(num_bytes, b"\0") for blob in blobs])
    return np.frombuffer(joined, np.uint8).reshape(len(blobs), num_bytes)


class CopiedColumn:
    """A column of blobs, handed out as bytes."""

    def __init__(self, column: "ColumnReader") -> None:
        self._column = column

    def slice(self, start: int, stop: int) -> "CopiedColumn":
        return CopiedColumn(self._column.slice(start, stop))

    def getter(self) -> Getter:
        get = self._column.getter()
        return lambda row: _copied(get(row))

    def values(self) -> Iterator[bytes | None]:
        return map(_copied, self._column.values())

    def take(self, rows: NDArray[np.int64]) -> list[bytes | None]:
        return list(map(_copied, self._column.take(rows)))

    def array(self) -> NDArray[Any] | Ragged:
        return self._column.array()


def _copied(blob: Blob | None) -> bytes | None:
    return None if blob is None else bytes(blob)


class FixedColumn:
    """One item of a dtype and shape per row."""

    def __init__(self, field: Field, data: memoryview) -> None:
        self._field, self._data = field, data

    def slice(self, start: int, stop: int) -> "FixedColumn":
        size = self._field.item_bytes
        return FixedColumn(self._field, self._data[start * size : stop * size])

    def numbers(self) -> memoryview | None:
        """The column as a sequence of Python's numbers; None for half floats and items with a shape."""
        code = None if self._field.shape else _CAST.get(self._field.dtype)
        return None if code is None else self._data.cast(code)  # type: ignore[call-overload, no-any-return, unused-ignore]

    def getter(self) -> Getter:
        field, data, numbers = self._field, self._data, self.numbers()
        if numbers is not None:
            return numbers.__getitem__
        if not field.shape:
            return self.array().item
        size, shape, dtype, array = field.item_bytes, field.shape, np.dtype(field.dtype), np.ndarray

        def get(row: int) -> NDArray[Any]:
            return array(shape, dtype, data, row * size)

        return get

    def values(self) -> Iterator[Any]:
        numbers = self.numbers()
        if numbers is not None:
            return iter(numbers)
        return map(self.getter(), range(len(self._data) // self._field.item_bytes))

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        if self._field.shape:
            return list(map(self.getter(), rows.tolist()))
        return self.array()[rows].tolist()  # type: ignore[no-any-return, unused-ignore]

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
        data, shape, size = self._data, self._field.shape, self._field.item_bytes
        dtype, array = np.dtype(self._field.dtype), np.ndarray
        begin = self._offsets[0]
        for end in self._offsets[1:]:
            yield array((end - begin, *shape), dtype, data, begin * size)
            begin = end

    def take(self, rows: NDArray[np.int64]) -> list[NDArray[Any]]:
        return list(map(self.getter(), rows.tolist()))

    def array(self) -> Ragged:
        offsets = np.asarray(self._offsets).astype(np.int64)
        values = np.frombuffer(self._data, dtype=self._field.dtype).reshape(-1, *self._field.shape)
        return Ragged(offsets - offsets[0], values[offsets[0] : offsets[-1]])


class BytesColumn:
    """Short byte strings or text inside the column.

    Args:
        offsets: [n + 1], in bytes.
        where, first_row: file, and row of it at which the column begins, for messages.
    """

    def __init__(
        self, field: Field, offsets: memoryview, data: memoryview, *, where: str, first_row: int = 0
    ) -> None:
        self._field, self._offsets, self._data = field, offsets, data
        self._where, self._first_row = where, first_row

    def slice(self, start: int, stop: int) -> "BytesColumn":
        return BytesColumn(
            self._field,
            self._offsets[start : stop + 1],
            self._data,
            where=self._where,
            first_row=self._first_row + start,
        )

    def getter(self) -> Getter:
        offsets, data, decode = self._offsets, self._data, _decoder(self._field.type)

        def get(row: int) -> Any:
            try:
                return decode(data[offsets[row] : offsets[row + 1]])
            except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as err:
                raise DatasetDamaged(
                    Sentence(
                        f"{self._where}: field '{self._field.name}' of row {self._first_row + row} of the shard is no "
                        f"{self._field.type}: {err}.",
                        f"{self._where}：分片中第 {self._first_row + row} 行的字段“{self._field.name}”不是 "
                        f"{self._field.type}（{err}）。",
                    ),
                    hint=RESTORE_HINT,
                ) from err

        return get

    def values(self) -> Iterator[Any]:
        return map(self.getter(), range(len(self._offsets) - 1))

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        return list(map(self.getter(), rows.tolist()))

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

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        return list(map(self.getter(), rows.tolist()))

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

    def take(self, rows: NDArray[np.int64]) -> list[None]:
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
    if field.layout == BYTES:
        return BytesColumn(field, offsets, values, where=where)
    return ListColumn(field, offsets, values)


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
