"""Fields of a dataset as an Arrow table.

The only file that needs pyarrow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kpl.dataset.columns import Ragged
from kpl.dataset.fields import BLOB, FIXED, LIST, Field
from kpl.dataset.reader import Dataset


def table(dataset: Dataset, names: Sequence[str]) -> Any:
    """A `pyarrow.Table` of these fields, or of all that are not blobs. JSON comes as text."""
    wanted = names or [name for name, field in dataset.fields.items() if field.layout != BLOB]
    return pa.table({name: _array(dataset, name, dataset.fields[name]) for name in wanted})


def _array(dataset: Dataset, name: str, field: Field) -> Any:
    column = dataset.columns(name)
    if isinstance(column, Ragged):
        return pa.LargeListArray.from_arrays(pa.array(column.offsets), _items(column.values, field))
    if column.dtype != object:
        return _items(column, field)
    if field.layout == FIXED and not field.shape:
        return pa.array(column.tolist(), pa.from_numpy_dtype(np.dtype(field.dtype)))
    if field.layout in (FIXED, LIST):
        return pa.array([None if each is None else each.tolist() for each in column])
    if field.type == "json":
        import msgspec

        return pa.array(
            [None if each is None else msgspec.json.encode(each).decode() for each in column], pa.string()
        )
    return pa.array(column.tolist(), pa.string() if field.type in ("string", "text") else pa.binary())


def _items(values: Any, field: Field) -> Any:
    """[n, ...] items as fixed-size lists, one in another for each dimension."""
    array = pa.array(np.ascontiguousarray(values).reshape(-1))
    for size in reversed(field.shape):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array
