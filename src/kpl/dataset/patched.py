"""A column under corrections: some rows of it stand in a later, smaller column."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.columns import ColumnReader, Getter, Ragged


class PatchedColumn:
    """A column of which the given rows are replaced.

    Args:
        rows: [k] rising rows of the column.
        patch: their values, k rows.
    """

    def __init__(self, column: ColumnReader, rows: NDArray[np.int64], patch: ColumnReader) -> None:
        self.column, self._rows, self._patch = column, rows, patch

    def slice(self, start: int, stop: int) -> "PatchedColumn":
        first, last = np.searchsorted(self._rows, (start, stop)).tolist()
        patch = self._patch.slice(first, last)
        return PatchedColumn(self.column.slice(start, stop), self._rows[first:last] - start, patch)

    def getter(self) -> Getter:
        get, get_patch = self.column.getter(), self._patch.getter()
        place = {row: number for number, row in enumerate(self._rows.tolist())}

        def patched(row: int) -> Any:
            number = place.get(row)
            return get(row) if number is None else get_patch(number)

        return patched

    def values(self) -> Iterator[Any]:
        replaced = dict(zip(self._rows.tolist(), self._patch.values(), strict=True))
        for row, value in enumerate(self.column.values()):
            yield replaced.get(row, value) if row in replaced else value

    def take(self, rows: NDArray[np.int64]) -> list[Any]:
        return list(map(self.getter(), rows.tolist()))

    def array(self) -> NDArray[Any] | Ragged:
        column, patch = self.column.array(), self._patch.array()
        if isinstance(column, Ragged) and isinstance(patch, Ragged):
            return self._merge(column, patch)
        if isinstance(column, np.ndarray) and isinstance(patch, np.ndarray) and column.dtype == patch.dtype:
            merged = column.copy()
            merged[self._rows] = patch
            return merged
        values = list(self.values())
        result = np.empty(len(values), dtype=object)
        for row, value in enumerate(values):
            result[row] = value
        return result

    def _merge(self, column: Ragged, patch: Ragged) -> Ragged:
        begins, lengths = column.offsets[:-1].copy(), column.lengths.copy()
        begins[self._rows] = len(column.values) + patch.offsets[:-1]
        lengths[self._rows] = patch.lengths
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        source = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], lengths)
        return Ragged(offsets, np.concatenate((column.values, patch.values))[source])
