"""Polygons around masks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kpl.dataset.masks import fill_polygons
from kpl.dataset.outlines import outlines

MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def filled(polygons: list[list[float]], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels inside an odd number of the polygons."""
    pixels = np.zeros(mask.shape, np.bool_)
    for polygon in polygons:
        pixels ^= fill_polygons([polygon], *mask.shape)
    return pixels


@given(MASKS)
def test_outlines_hold_exactly_the_pixels(mask: NDArray[np.bool_]) -> None:
    assert (filled(outlines(mask), mask) == mask).all()


def test_rectangle_has_four_corners() -> None:
    mask = np.zeros((9, 9), np.bool_)
    mask[2:5, 3:8] = True
    assert outlines(mask) == [[3.0, 2.0, 8.0, 2.0, 8.0, 5.0, 3.0, 5.0]]


def test_disc_is_told_in_few_corners_and_hardly_changed() -> None:
    y, x = np.mgrid[:120, :120]
    mask = (x - 60) ** 2 + (y - 60) ** 2 < 50**2
    exact, near = outlines(mask), outlines(mask, tolerance=1.0)
    assert len(near[0]) < len(exact[0]) / 4
    assert (filled(near, mask) != mask).sum() < 0.03 * mask.sum()


def test_empty_mask_has_no_outline() -> None:
    assert outlines(np.zeros((3, 4), np.bool_)) == []
