"""Columns being written: many rows at once leave what rows one by one leave."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kpl.dataset import field
from kpl.dataset.builders import ListBuilder
from kpl.dataset.errors import BadSample

_DTYPES = ["<i2", "<i8", "<u8", "<f4", "<f8", ">f8", "|b1", "<U2"]


@st.composite
def _rows(draw: st.DrawFn) -> list[Any]:
    """Arrays that are as a rule alike, and now and then of another dtype or shape, or a list."""
    usual = draw(st.sampled_from(_DTYPES))
    rows: list[Any] = []
    for count in draw(st.lists(st.integers(0, 4), max_size=5)):
        dtype = draw(st.sampled_from([usual] * 8 + _DTYPES))
        shape = draw(st.sampled_from([(count, 2)] * 12 + [(count,), (count, 3), ()]))
        array: NDArray[Any] = np.full(shape, draw(st.integers(0, 3))).astype(dtype)
        rows.append(array.tolist() if draw(st.integers(0, 20)) == 0 else array)
    return rows


@given(_rows(), st.sampled_from(["int64", "float32", "float64", "bool"]))
def test_lists_added_at_once_are_those_added_one_by_one(rows: list[Any], dtype: str) -> None:
    kind = field("items", "numbers", dtype=dtype, shape=(2,))
    single, together = ListBuilder(kind), ListBuilder(kind)
    try:
        for row in rows:
            single.append(row)
    except (BadSample, TypeError, ValueError):
        try:
            together.extend(rows)
        except (BadSample, TypeError, ValueError):
            return
        raise AssertionError("rows that are refused one by one are taken together") from None
    together.extend(rows)
    assert together.arrays == single.arrays
