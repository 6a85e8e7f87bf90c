"""Rows of Parquet files, one after another, with a few of them in memory at a time.

A damaged page costs the rows of its row group from there on; each is named with file, row group, row and column.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kpl.dataset.convert.parquet_schema import is_dated
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import SourceFolder
from kpl.dataset.errors import BadSample
from kpl.sentence import Sentence

_BATCH_ROWS = 64
_LIGHT_BATCH_ROWS = 4096
_BUFFER_BYTES = 1 << 20
_MAX_ROWS_PER_BYTE = 64  # what repeats can be packed almost without end
_HARMLESS_ROWS = 1 << 20
_MAX_THRIFT_BYTES = 256 << 20
_ERRORS = (pa.ArrowException, OSError, ValueError, OverflowError)


class ParquetRows:
    """The rows of one file.

    Attributes:
        schema: of the file, in Arrow's types.
        columns: names of those that are different from all others.
    Raises:
        BadSample: the file is damaged, or says that it has more rows than it can have.
    """

    def __init__(self, source: SourceFolder, file: PurePosixPath) -> None:
        self.file = file
        path = source.root / file
        try:
            self._parquet = pq.ParquetFile(
                path,
                pre_buffer=False,
                buffer_size=_BUFFER_BYTES,
                page_checksum_verification=True,
                thrift_string_size_limit=_MAX_THRIFT_BYTES,
                thrift_container_size_limit=_MAX_THRIFT_BYTES,
            )
            self.schema: pa.Schema = self._parquet.schema_arrow
        except _ERRORS as err:
            raise BadSample(f"not a Parquet file: {_reason(err)}") from err
        sizes = [self._parquet.metadata.row_group(group).num_rows for group in range(self._num_groups)]
        limit = max(_HARMLESS_ROWS, _MAX_ROWS_PER_BYTE * path.stat().st_size)
        if min(sizes, default=0) < 0 or sum(sizes) > limit:
            raise BadSample(f"it says that it has {sum(sizes)} rows, which is more than its size can hold")
        self._starts: list[int] = np.cumsum([0, *sizes]).tolist()
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._batch: pa.RecordBatch | None = None
        self._batch_start = 0
        self._group = -1
        self._damage = ""

    @property
    def _num_groups(self) -> int:
        return int(self._parquet.metadata.num_row_groups)

    def close(self) -> None:
        self._parquet.close()

    def light(self, names: Sequence[str], log: ProblemLog) -> Iterator[tuple[int, list[Any]]]:
        """(row, values) of a few small columns; rows that cannot be read are problems, those of a group as one.

        Args:
            names: of columns, or with dots of parts of structures; at least the smallest column is read, so that no row
                is believed in that is not there.
        """
        for group in range(self._num_groups):
            start, stop = self._starts[group : group + 2]
            row, wanted = start, list(names) or [self._smallest_column(group)]
            try:
                for batch in self._parquet.iter_batches(
                    _LIGHT_BATCH_ROWS, row_groups=[group], columns=wanted, use_threads=False
                ):
                    columns = [_part(batch, name).to_pylist() for name in names]
                    for offset in range(batch.num_rows):
                        yield row, [column[offset] for column in columns]
                        row += 1
            except _ERRORS as err:
                which = f"row group {group}, rows {row} to {stop - 1}, columns {', '.join(wanted)}"
                log.problem(
                    str(self.file),
                    Sentence(f"{which}: {_reason(err)}; left out", f"{which}：{_reason(err)}，已跳过"),
                )

    def _smallest_column(self, group: int) -> str:
        metadata = self._parquet.metadata.row_group(group)
        columns = [metadata.column(number) for number in range(metadata.num_columns)]
        return str(min(columns, key=lambda each: each.total_compressed_size).path_in_schema)

    def read(self, row: int, names: Sequence[str]) -> dict[str, Any]:
        """The values of a row. Rows are asked for in rising order.

        Raises:
            BadSample: they cannot be read.
        """
        batch = self._seek(row)
        values = {}
        for name in names:
            try:
                values[name] = _value(batch.column(name), row - self._batch_start)
            except (*_ERRORS, KeyError) as err:
                raise BadSample(f"row {row}, column '{name}': {_reason(err)}") from err
        return values

    def _seek(self, row: int) -> pa.RecordBatch:
        group = int(np.searchsorted(self._starts, row, "right")) - 1
        if group != self._group:
            self._group, self._damage = group, ""
            self._batch, self._batch_start = None, self._starts[group]
            self._batches = self._parquet.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False)
        while not self._damage and (self._batch is None or row >= self._batch_start + self._batch.num_rows):
            self._batch_start += 0 if self._batch is None else self._batch.num_rows
            try:
                self._batch = next(self._batches, None)
                if self._batch is None:
                    self._damage = "the row group ends before"
            except _ERRORS as err:
                self._batch, self._damage = None, _reason(err)
        if self._batch is None:
            raise BadSample(f"row {row} (row group {group}): {self._damage}")
        return self._batch


def _part(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column, or with dots a part of a structure in which rows without the structure are null."""
    if name in batch.schema.names:
        return batch.column(name)
    column, _, part = name.partition(".")
    return batch.column(column).flatten()[batch.schema.field(column).type.get_field_index(part)]


def _value(column: pa.Array, row: int) -> Any:
    """A value as Python has it; times and decimal numbers as text, which nothing rounds."""
    if not is_dated(column.type):
        return column[row].as_py()
    one = column.slice(row, 1)
    if pa.types.is_timestamp(one.type) and one.type.tz is not None:
        text = one.cast(pa.timestamp(one.type.unit)).cast(pa.string())[0].as_py()
        return None if text is None else f"{text}Z"
    if pa.types.is_duration(one.type):
        number = one.cast(pa.int64())[0].as_py()
        return None if number is None else f"{number}{one.type.unit}"
    return one.cast(pa.string())[0].as_py()


def _reason(err: BaseException) -> str:
    lines = str(err).strip().splitlines()
    return (lines[0] if lines else type(err).__name__)[:300].rstrip(".")
