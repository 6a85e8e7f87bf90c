"""Columns being written.

Every builder only appends to plain arrays, so that a journal can hold what came since a mark.

A value is checked while it is appended; whoever catches the error truncates all builders to the last whole
row.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BYTES, FIXED, Field
from kpl.dataset.references import HEAP, Reference

_TYPECODES = {
    "|b1": "B", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I",
    "<i8": "q", "<u8": "Q", "<f4": "f", "<f8": "d",
}  # fmt: skip
_INT32_MAX = (1 << 31) - 1

Arrays = dict[str, "array[Any]"]
Values = Sequence[Any] | NDArray[Any]


class ColumnBuilder(Protocol):
    """Rows of one field, appended one by one.

    Attributes:
        arrays: everything appended so far, by role.
    """

    arrays: Arrays

    def append(self, value: Any) -> None: ...
    def extend(self, values: Values) -> None:
        """Append many rows; after an error some of them may be there."""
        ...

    def truncate(self, num_rows: int) -> None: ...
    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        """(role, dtype, bytes) of each buffer as it stands in a shard."""
        ...


class ScalarBuilder:
    """Numbers and categories; `array.append` itself checks type and range."""

    def __init__(self, field: Field) -> None:
        self._dtype = field.dtype
        self.arrays: Arrays = {"values": array(_TYPECODES[field.dtype])}
        self.append: Callable[[Any], None] = self.arrays["values"].append
        if field.dtype == "|b1":
            self.append = self._append_bool

    def _append_bool(self, value: Any) -> None:
        self.arrays["values"].append(1 if value else 0)

    def extend(self, values: Values) -> None:
        if isinstance(values, np.ndarray) and values.dtype == self._dtype and values.ndim == 1:
            self.arrays["values"].frombytes(values.tobytes())
        elif self._dtype == "|b1":
            _append_all(self, values)
        else:
            self.arrays["values"].extend(values)

    def truncate(self, num_rows: int) -> None:
        del self.arrays["values"][num_rows:]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        yield "values", self._dtype, self.arrays["values"].tobytes()


class ItemBuilder:
    """Items of one shape: tensors, embeddings, half floats."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.arrays: Arrays = {"values": array("B")}

    def append(self, value: Any) -> None:
        item = as_items(self._field, value, self._field.shape)
        self.arrays["values"].frombytes(item.tobytes())

    def extend(self, values: Values) -> None:
        if isinstance(values, np.ndarray):
            items = as_items(self._field, values, (len(values), *self._field.shape))
            self.arrays["values"].frombytes(items.tobytes())
        else:
            _append_all(self, values)

    def truncate(self, num_rows: int) -> None:
        del self.arrays["values"][num_rows * self._field.item_bytes :]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        yield "values", self._field.dtype, self.arrays["values"].tobytes()


class ListBuilder:
    """Any number of items a row."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.arrays: Arrays = {"lengths": array("I"), "values": array("B")}

    def append(self, value: Any) -> None:
        items = as_items(self._field, value, (-1, *self._field.shape))
        self.arrays["lengths"].append(len(items))
        self.arrays["values"].frombytes(items.tobytes())

    def extend(self, values: Values) -> None:
        items = self._joined(values)
        if items is None:
            _append_all(self, values)
            return
        self.arrays["lengths"].extend(map(len, values))
        self.arrays["values"].frombytes(items.tobytes())

    def _joined(self, values: Values) -> NDArray[Any] | None:
        """All items of the rows, when each row is an array of them and of nothing else."""
        if set(map(type, values)) != {np.ndarray}:
            return None
        try:
            items = np.concatenate(values)
        except (TypeError, ValueError):  # of other shapes than each other, or no numbers
            return None
        is_alike = items.dtype == self._field.dtype and items.shape[1:] == self._field.shape
        return items if is_alike else None

    def truncate(self, num_rows: int) -> None:
        del self.arrays["lengths"][num_rows:]
        del self.arrays["values"][sum(self.arrays["lengths"]) * self._field.item_bytes :]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        yield _offsets(self.arrays["lengths"])
        yield "values", self._field.dtype, self.arrays["values"].tobytes()


class BytesBuilder:
    """Text, JSON and short bytes."""

    def __init__(self, field: Field) -> None:
        self._encode = _encoder(field)
        self.arrays: Arrays = {"lengths": array("I"), "values": array("B")}

    def append(self, value: Any) -> None:
        data = self._encode(value)
        self.arrays["lengths"].append(len(data))
        self.arrays["values"].frombytes(data)

    def extend(self, values: Values) -> None:
        if self._encode is _encode_text and not isinstance(values, np.ndarray):
            try:
                text = "".join(values)
            except TypeError:
                _append_all(self, values)  # whose error says what is wrong with the value
                return
            data = text.encode()
            # of letters of one byte each, there are as many bytes as letters in every text
            parts: Iterable[Any] = values if len(data) == len(text) else map(str.encode, values)
        else:
            parts = list(map(self._encode, values))
            data = b"".join(parts)
        self.arrays["lengths"].extend(map(len, parts))
        self.arrays["values"].frombytes(data)

    def truncate(self, num_rows: int) -> None:
        del self.arrays["lengths"][num_rows:]
        del self.arrays["values"][sum(self.arrays["lengths"]) :]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        yield _offsets(self.arrays["lengths"])
        yield "values", "|u1", self.arrays["values"].tobytes()


class BlobBuilder:
    """Where blobs were put in the heap, or, given as references, where they lie in files of the user."""

    def __init__(self, heap: "Heap") -> None:
        self._put, self._put_all = heap.put, heap.put_all
        self.arrays: Arrays = {"position": array("Q"), "length": array("I"), "check": array("Q")}
        self._places = tuple(self.arrays.values())
        self._position, self._length, self._check = (each.append for each in self._places)
        # empty until there is a reference
        self._files = array("I")
        self._file_numbers: dict[str, int] = {}
        self.arrays |= {"file": self._files, "file_sizes": array("Q")}
        self.arrays |= {"path_lengths": array("I"), "paths": array("B")}

    def append(self, value: Any) -> None:
        if value.__class__ is Reference:
            self._refer(value)
            return
        position, length, check = self._put(value)
        self._position(position)
        self._length(length)
        self._check(check)
        if self._files:
            self._files.append(HEAP)

    def _refer(self, reference: Reference) -> None:
        if not 0 <= reference.length < 1 << 32:
            raise BadSample(f"{reference.length} bytes are more than a blob can have, {(1 << 32) - 1}")
        number = self._number_of(reference)
        self._files.extend([HEAP] * (len(self._places[0]) - len(self._files)))
        self._position(reference.position)
        self._length(reference.length)
        self._check(reference.check)
        self._files.append(number)

    def _number_of(self, reference: Reference) -> int:
        sizes = self.arrays["file_sizes"]
        if len(self._file_numbers) != len(sizes):  # a journal was read, or rows were taken back
            ends = np.cumsum(np.asarray(self.arrays["path_lengths"]), dtype=np.int64).tolist()
            text = self.arrays["paths"].tobytes()
            paths = [text[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)]
            self._file_numbers = {path: number for number, path in enumerate(paths)}
        number = self._file_numbers.get(reference.path)
        if number is None:
            path = reference.path.encode()
            number = self._file_numbers[reference.path] = len(sizes)
            sizes.append(reference.file_size)
            self.arrays["path_lengths"].append(len(path))
            self.arrays["paths"].frombytes(path)
        elif sizes[number] != reference.file_size:
            raise BadSample(f"the file {reference.path} changes while it is being read")
        return number

    def extend(self, values: Values) -> None:
        for each, part in zip(self._places, self._put_all(values), strict=True):
            each.frombytes(cast(NDArray[Any], part).tobytes())
        if self._files:
            self._files.extend([HEAP] * len(values))

    def truncate(self, num_rows: int) -> None:
        for each in (*self._places, self._files):
            del each[num_rows:]
        numbers = np.asarray(self._files).astype(np.int64)
        num_files = int(numbers[numbers != HEAP].max(initial=-1)) + 1 if len(self.arrays["file_sizes"]) else 0
        for role in ("file_sizes", "path_lengths"):
            del self.arrays[role][num_files:]
        del self.arrays["paths"][sum(self.arrays["path_lengths"]) :]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        for role, dtype in (("position", "<u8"), ("length", "<u4"), ("check", "<u8")):
            yield role, dtype, self.arrays[role].tobytes()
        if self._files:
            yield "file", "<u4", self._files.tobytes()
            yield "file_sizes", "<u8", self.arrays["file_sizes"].tobytes()
            _, dtype, offsets = _offsets(self.arrays["path_lengths"])
            yield "path_offsets", dtype, offsets
            yield "paths", "|u1", self.arrays["paths"].tobytes()


class OptionalBuilder:
    """Wraps another builder and remembers which rows have a value; an absent one takes a filler's place."""

    def __init__(self, builder: ColumnBuilder, filler: Any) -> None:
        self._builder, self._filler = builder, filler
        self.arrays: Arrays = {**builder.arrays, "valid": array("B")}

    def append(self, value: Any) -> None:
        self._builder.append(self._filler if value is None else value)
        self.arrays["valid"].append(value is not None)

    def extend(self, values: Values) -> None:
        _append_all(self, values)

    def truncate(self, num_rows: int) -> None:
        self._builder.truncate(num_rows)
        del self.arrays["valid"][num_rows:]

    def buffers(self) -> Iterator[tuple[str, str, bytes]]:
        yield from self._builder.buffers()
        valid = np.frombuffer(self.arrays["valid"], np.uint8)
        yield "valid", "|u1", np.packbits(valid, bitorder="little").tobytes()


class Heap(Protocol):
    """Takes blobs and says position, length and check of each."""

    def put(self, value: Any) -> tuple[int, int, int]: ...
    def put_all(
        self, values: Values
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint64]]: ...


def _append_all(builder: ColumnBuilder, values: Values) -> None:
    for value in values:
        builder.append(value)


def builder_of(field: Field, heap: Heap) -> ColumnBuilder:
    """The builder for a field; blobs go to the heap."""
    builder: ColumnBuilder
    filler: Any
    if field.layout == FIXED:
        is_scalar = not field.shape and field.dtype in _TYPECODES
        builder = ScalarBuilder(field) if is_scalar else ItemBuilder(field)
        filler = 0 if is_scalar else np.zeros(field.shape, field.dtype)
    elif field.layout == BYTES:
        builder, filler = BytesBuilder(field), "" if field.type in ("string", "text", "json") else b""
    elif field.layout == "list":
        builder, filler = ListBuilder(field), ()
    else:
        builder, filler = BlobBuilder(heap), b""
    return OptionalBuilder(builder, filler) if field.is_optional else builder


def as_items(field: Field, value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[Any]]:
    """A value as an array of the field's dtype, in row-major order, without losing digits of whole numbers.

    Raises:
        BadSample: another shape, or numbers that do not fit.
    """
    given = np.asarray(value)
    wanted = np.dtype(field.dtype)
    if given.size == 0:
        given = given.astype(wanted)
    if given.dtype.kind not in "biuf" or (wanted.kind in "biu" and given.dtype.kind == "f"):
        raise BadSample(f"a value of {given.dtype} cannot be stored as {wanted}")
    items = given.astype(wanted)
    if wanted.kind in "iu" and not np.array_equal(items, given):
        raise BadSample(f"{given.tolist()} does not fit into {wanted}")
    try:
        items = items.reshape(shape)
    except ValueError as err:
        raise BadSample(f"a value of shape {given.shape} cannot have the shape {field.shape}") from err
    if shape[0:1] != (-1,) and given.shape != shape:
        raise BadSample(f"a value of shape {given.shape} does not have the shape {field.shape}")
    return np.ascontiguousarray(items)


def _encoder(field: Field) -> Callable[[Any], bytes]:
    if field.type == "json":
        return msgspec.json.encode
    return _encode_text if field.type in ("string", "text") else bytes


def _encode_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise BadSample(f"{type(value).__name__} is not text")
    return value.encode()


def _offsets(lengths: "array[int]") -> tuple[str, str, bytes]:
    """Arrow's offsets: one more than rows, 32 bits while they suffice."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.asarray(lengths), out=offsets[1:])
    dtype = "<i4" if offsets[-1] <= _INT32_MAX else "<i8"
    return "offsets", dtype, offsets.astype(dtype).tobytes()


def pending(arrays: Mapping[str, "array[Any]"], marks: Mapping[str, int]) -> dict[str, bytes]:
    """What was appended since the marks, by role."""
    return {role: each[marks.get(role, 0) :].tobytes() for role, each in arrays.items()}
