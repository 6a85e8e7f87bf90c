import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image

from kpl.dataset import BadSample
from kpl.dataset.masks import (
    decode_class_mask,
    decode_mask,
    decode_segmentation,
    encode_class_mask,
    encode_mask,
    fill_polygons,
    format_counts,
    mask_box,
    parse_counts,
    runs_segmentation,
    segmentation_area,
    segmentation_box,
)

Masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20))


@given(Masks)
@settings(max_examples=60)
def test_decoding_a_mask_undoes_encoding_it(mask: NDArray[Any]) -> None:
    runs = encode_mask(mask)
    assert np.array_equal(decode_mask(runs, *mask.shape), mask)
    assert parse_counts(format_counts(runs.tolist())) == runs.tolist()
    segmentation = runs_segmentation(mask)
    assert segmentation_area(segmentation) == mask.sum()
    assert segmentation_box(segmentation) == mask_box(mask)
    text = {"size": list(mask.shape), "counts": format_counts(runs.tolist())}
    assert np.array_equal(decode_segmentation(text, *mask.shape), mask)


def test_runs_go_down_the_columns_as_in_coco() -> None:
    assert decode_mask([1, 2, 3], 2, 3).tolist() == [[False, True, False], [True, False, False]]
    # the text that pycocotools writes for the runs 6, 1, 40, 4, 5, 4, 5, 4, 21
    assert parse_counts("61X13mN000`0") == [6, 1, 40, 4, 5, 4, 5, 4, 21]
    assert format_counts([6, 1, 40, 4, 5, 4, 5, 4, 21]) == "61X13mN000`0"


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([1, 2], "add up to 3, not to height 2 x width 3 = 6"),
        ([7, -1], "add up to"),
        ([2**62, 2**62, 2**62, 2**62], "add up to"),
        (["x"], "not whole numbers"),
    ],
)
def test_runs_that_do_not_fit_are_refused(runs: list[int], message: str) -> None:
    with pytest.raises(BadSample, match=message):
        decode_mask(runs, 2, 3)


def test_a_mask_larger_than_memory_is_refused() -> None:
    with pytest.raises(BadSample, match="larger than"):
        decode_mask([1 << 40], 1 << 20, 1 << 20)


@given(st.text(max_size=12))
@settings(max_examples=60)
def test_any_text_is_parsed_or_refused_as_counts(text: str) -> None:
    try:
        runs = parse_counts(text)
    except BadSample:
        return
    assert all(isinstance(run, int) for run in runs)


def test_polygons_fill_the_pixels_whose_centres_they_hold() -> None:
    square = [1, 1, 3, 1, 3, 4, 1, 4]
    assert fill_polygons([square], 5, 5).tolist() == [
        [1 <= r < 4 and 1 <= c < 3 for c in range(5)] for r in range(5)
    ]
    triangle = fill_polygons([[0, 0, 4, 0, 0, 4]], 4, 4)
    assert triangle.tolist() == [[r + c < 3 for c in range(4)] for r in range(4)]
    beyond = fill_polygons([[-5, -5, 50, -5, 50, 50, -5, 50]], 3, 4)
    assert beyond.all()
    two = fill_polygons([square, [4, 0, 5, 0, 5, 1, 4, 1]], 5, 5)
    assert two.sum() == 7
    assert segmentation_area([square]) == 6


@pytest.mark.parametrize(
    "segmentation",
    [
        [],
        [[1, 2, 3]],
        [[1, 2, 3, 4, 5]],
        [["a"] * 6],
        [[float("nan")] * 6],
        {"size": [9, 9], "counts": [81]},
        7,
        "x",
    ],
)
def test_what_is_no_segmentation_is_refused(segmentation: object) -> None:
    with pytest.raises(BadSample):
        decode_segmentation(segmentation, 4, 4)


@given(arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9)))
@settings(max_examples=40)
def test_class_masks_survive_as_png(mask: NDArray[Any]) -> None:
    assert np.array_equal(decode_class_mask(encode_class_mask(mask)), mask)


def test_palette_masks_are_read_as_ids_and_coloured_ones_refused() -> None:
    ids = np.array([[0, 1], [2, 255]], np.uint8)
    image = Image.fromarray(ids)
    image.putpalette([7, 8, 9] * 256)
    file = io.BytesIO()
    image.save(file, "PNG")
    assert np.array_equal(decode_class_mask(file.getvalue()), ids)
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG")
    with pytest.raises(BadSample, match="RGB"):
        decode_class_mask(file.getvalue())
