"""Samples of Parquet files, each read when its turn comes."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

from kpl.dataset.convert.parquet_rows import ParquetRows
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import SPLIT_NAMES, SourceFolder, renumber
from kpl.dataset.image import ImageInfo

_SHARD = re.compile(r"(.+?)-[0-9]{5,}-of-[0-9]{5,}(-[0-9a-f]+)?")
Values = dict[str, Any]


class Maker(Protocol):
    """Makes the fields of a sample, all but the key, of a row of a file."""

    def values(self, file: PurePosixPath, row: int, log: ProblemLog) -> Values: ...


class Row:
    """A row to be read when its turn comes."""

    def __init__(
        self,
        maker: Maker,
        file: PurePosixPath,
        row: int,
        new_ids: Sequence[int] | None = None,
    ) -> None:
        self._maker, self._file, self._row, self._new_ids = maker, file, row, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> Values:  # noqa: ARG002
        """The fields of the sample."""
        values = self._maker.values(self._file, self._row, log)
        if self._new_ids is not None:
            renumber(values, self._new_ids)
        return values

    def renumbered(self, new_ids: Sequence[int]) -> "Row":
        """The same row with other class ids."""
        return Row(self._maker, self._file, self._row, new_ids)


class Reader:
    """Keeps the file open that is being read."""

    def __init__(self, source: SourceFolder) -> None:
        self.source = source
        self._rows: ParquetRows | None = None

    def read(self, file: PurePosixPath, row: int, names: Sequence[str]) -> Values:
        """The values of a row."""
        if self._rows is None or self._rows.file != file:
            if self._rows is not None:
                self._rows.close()
            self._rows = ParquetRows(self.source, file)
        return self._rows.read(row, names)


def split_of(file: PurePosixPath) -> tuple[str, ...]:
    """The split that a file says: train-00000-of-00001.parquet, train.parquet, train/0.parquet."""
    shard = _SHARD.fullmatch(file.stem)
    if shard is not None:
        return (SPLIT_NAMES.get(shard[1].lower(), shard[1]),)
    words = [re.split(r"[-_.]", file.stem.lower())[0], *(part.lower() for part in file.parts[-2::-1])]
    return next(((SPLIT_NAMES[word],) for word in words if word in SPLIT_NAMES), ())
