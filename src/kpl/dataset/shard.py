"""A shard being read: its columns, checked at first touch, and the heap, mapped when a blob is asked for."""

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from xxhash import xxh3_64_intdigest

from kpl.dataset import codec
from kpl.dataset.columns import (
    BlobColumn,
    ColumnReader,
    MissingColumn,
    OptionalColumn,
    blob_buffers,
    column_of_buffers,
    validity,
)
from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged, NotADataset, UnsupportedFormat
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.references import RESTORE_HINT as SOURCE_HINT
from kpl.dataset.references import reference_column
from kpl.sentence import Sentence

Verify = Literal["once", "always", "never"]


def map_file(path: Path) -> memoryview:
    """The bytes of a file, read-only and in place; the map lives as long as any slice of it.

    Raises:
        DatasetDamaged: the file is missing or empty.
    """
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as err:
        raise DatasetDamaged(
            Sentence(f"{path}: the file is missing.", f"{path}：文件缺失。"), hint=RESTORE_HINT
        ) from err
    except (IsADirectoryError, NotADirectoryError) as err:
        raise NotADataset(Sentence(f"{path} is not a file.", f"{path} 不是文件。")) from err
    except ValueError as err:  # mmap refuses an empty file
        raise DatasetDamaged(
            Sentence(f"{path}: the file is empty.", f"{path}：文件为空。"), hint=RESTORE_HINT
        ) from err


class Shard:
    """The rows of one layer that one file holds.

    Args:
        path: the file.
        tail: its bytes from `tail_start` to the end, from the file itself or from an index.
        size, shard_id, num_rows: what the manifest says about the file.
        first_row: row of the dataset at which the shard begins, for messages.
    """

    def __init__(
        self,
        path: Path,
        tail: memoryview,
        *,
        tail_start: int,
        size: int,
        shard_id: str,
        num_rows: int,
        first_row: int = 0,
        verify: Verify = "once",
    ) -> None:
        self.path, self.num_rows, self.first_row = path, num_rows, first_row
        self.tail, self._tail_start, self._size, self._id, self._verify = (
            tail,
            tail_start,
            size,
            shard_id,
            verify,
        )
        self._file: memoryview | None = None
        self._columns: dict[str, ColumnReader] = {}
        trailer, directory = codec.decode_trailer(tail, size=size, where=str(path))
        if trailer.num_rows != num_rows:
            raise self._damaged(
                Sentence(
                    f"{trailer.num_rows} rows, but the manifest says {num_rows}",
                    f"有 {trailer.num_rows} 行，清单为 {num_rows} 行",
                )
            )
        self._directory_position = trailer.position
        self.directory = codec.decode_directory(directory, codec.ShardDirectory, where=str(path))
        self._entries = {entry.field.name: entry for entry in self.directory.columns}

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that the shard's own directory names."""
        return tuple(entry.field for entry in self.directory.columns)

    def file(self) -> memoryview:
        """The whole file, mapped; its header and size are checked the first time."""
        if self._file is None:
            mapped = map_file(self.path)
            found = codec.decode_header(
                mapped[: codec.HEADER_BYTES], codec.SHARD, size=len(mapped), where=str(self.path)
            )
            if found != self._id or len(mapped) != self._size:
                raise self._damaged(
                    Sentence(
                        f"this is shard {found} of {len(mapped)} bytes, not the one the manifest names",
                        f"这是 {len(mapped)} 字节的分片 {found}，不是清单所指的分片",
                    )
                )
            self._file = mapped
        return self._file

    def column(self, field: Field) -> ColumnReader:
        """The reader of one field.

        Raises:
            DatasetDamaged: a buffer of the column is not what was written.
        """
        reader = self._columns.get(field.name)
        if reader is None:
            reader = self._columns[field.name] = self._read_column(field)
        return reader

    def _read_column(self, field: Field) -> ColumnReader:
        entry = self._entries.get(field.stored_as or field.name)
        if entry is None:  # the field came with a later version
            return MissingColumn(self.num_rows)
        if (entry.field.layout, entry.field.shape) != (field.layout, field.shape):
            raise self._damaged(
                Sentence(
                    f"the manifest's field '{field.name}' is another one in the file",
                    f"文件中的字段“{field.name}”与清单不同",
                )
            )
        field = entry.field  # whose dtype a later version may have widened
        field.check()
        where = str(self.path)
        buffers = {buffer.role: self._buffer(field, buffer) for buffer in entry.buffers}
        reader: ColumnReader
        if field.layout == BLOB and "file" in buffers:
            reader = self._reference_column(field, buffers)
        elif field.layout == BLOB:
            reader = self._blob_column(field, buffers)
        else:
            reader = column_of_buffers(field, buffers, self.num_rows, where=where)
        if "valid" in buffers:
            return OptionalColumn(reader, validity(field, buffers["valid"], self.num_rows, where=where))
        return reader

    def _buffer(self, field: Field, buffer: codec.Buffer) -> memoryview:
        end = buffer.position + buffer.length
        if buffer.position < codec.HEADER_BYTES or buffer.length < 0 or end > self._directory_position:
            raise self._damaged(
                Sentence(f"column '{field.name}' lies outside the file", f"列“{field.name}”在文件之外")
            )
        if buffer.position >= self._tail_start:
            data = self.tail[buffer.position - self._tail_start : end - self._tail_start]
        else:
            data = self._read(field, buffer)
        if self._verify != "never" and xxh3_64_intdigest(data) != buffer.check:
            raise self._damaged(
                Sentence(
                    f"column '{field.name}' ({buffer.role}, rows {self._rows()}) is damaged",
                    f"列“{field.name}”（{buffer.role}，行 {self._rows()}）已损坏",
                )
            )
        return data

    def _read(self, field: Field, buffer: codec.Buffer) -> memoryview:
        """The bytes of a buffer that does not lie in the tail."""
        del field  # named by those that read from elsewhere
        return self.file()[buffer.position : buffer.position + buffer.length]

    def _blob_column(self, field: Field, buffers: dict[str, memoryview]) -> BlobColumn:
        position, length, check = blob_buffers(field, buffers, self.num_rows, where=str(self.path))
        return BlobColumn(
            self.file(),
            position,
            length,
            check,
            seen=memoryview(bytearray(self.num_rows)) if self._verify == "once" else None,
            is_checked=self._verify != "never",
            damaged=self._blob_damaged(field.name),
        )

    def _reference_column(self, field: Field, buffers: dict[str, memoryview]) -> BlobColumn:
        position, length, check = blob_buffers(field, buffers, self.num_rows, where=str(self.path))
        if not isinstance(self.path, Path):
            raise UnsupportedFormat(
                f"{self.path}: field '{field.name}' lies in files beside the dataset, which are read locally only.",
                hint="Pack the files instead of indexing them in place, then publish that.",
            )
        try:
            return reference_column(
                self.path.parents[2],  # above data/<layer>
                buffers,
                (position, length, check),
                heap=self.file,
                # also with "never": the files are not ours
                seen=None if self._verify == "always" else memoryview(bytearray(self.num_rows)),
                damaged_for=lambda row, reason: DatasetDamaged(
                    Sentence(
                        f"{self.path}: {self._blob_name(field.name, row)} {reason}.",
                        f"{self.path}：{self._blob_name(field.name, row).zh}{reason.zh}。",
                    ),
                    hint=SOURCE_HINT,
                ),
            )
        except ValueError as err:
            raise self._damaged(
                Sentence(
                    f"column '{field.name}' contradicts itself: {err}", f"列“{field.name}”自相矛盾（{err}）"
                )
            ) from err

    def _blob_damaged(self, name: str) -> Callable[[int], DatasetDamaged]:
        def make(row: int) -> DatasetDamaged:
            place = self._blob_name(name, row)
            return self._damaged(Sentence(f"{place} is damaged", f"{place.zh}已损坏"))

        return make

    def _blob_name(self, name: str, row: int) -> Sentence:
        number = self.first_row + row
        return Sentence(
            f"field '{name}' of row {number} (row {row} of the shard)",
            f"第 {number} 行（分片中第 {row} 行）的字段“{name}”",
        )

    def _rows(self) -> str:
        return f"{self.first_row} to {self.first_row + max(self.num_rows - 1, 0)}"

    def _damaged(self, reason: Sentence) -> DatasetDamaged:
        return DatasetDamaged(
            Sentence(f"{self.path}: {reason}.", f"{self.path}：{reason.zh}。"), hint=RESTORE_HINT
        )

    def heap_end(self) -> int:
        """The byte after the last one that a blob may occupy."""
        buffers = [buffer.position for entry in self.directory.columns for buffer in entry.buffers]
        return min(buffers, default=self._directory_position)


def is_wide(column_bytes: int, num_rows: int) -> bool:
    """Whether a column is too large for the index: more than 256 bytes a row, as embeddings are."""
    return column_bytes > 256 * max(num_rows, 1)


def open_shard_file(path: Path, *, first_row: int = 0, verify: Verify = "once") -> Shard:
    """Open a shard by itself, without manifest or index; for verification and repair."""
    mapped = map_file(path)
    size = len(mapped)
    shard_id = codec.decode_header(mapped[: codec.HEADER_BYTES], codec.SHARD, size=size, where=str(path))
    trailer, _ = codec.decode_trailer(mapped, size=size, where=str(path))
    return Shard(
        path, mapped, tail_start=0, size=size, shard_id=shard_id, num_rows=trailer.num_rows,
        first_row=first_row, verify=verify,
    )  # fmt: skip
