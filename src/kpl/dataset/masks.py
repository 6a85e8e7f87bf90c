"""Masks of pixels: COCO's run lengths and polygons for objects, PNGs of class ids for whole images.

A segmentation is what COCO calls so: a list of polygons `[x1, y1, x2, y2, ...]` in pixels, the corners of pixels
at whole numbers, or `{"size": [height, width], "counts": runs}` with runs as numbers or as COCO's text.
"""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpl.dataset.errors import BadSample
from kpl.dataset.image import image_info
from kpl.sentence import Sentence

VOID = 255
_MAX_PIXELS = 1 << 28
_MAX_COORDINATE = 1 << 24
_TEXT_OFFSET, _MORE, _SIGN, _DIGIT = 48, 0x20, 0x10, 0x1F

Segmentation = Sequence[Sequence[float]] | Mapping[str, Any]


def decode_mask(runs: ArrayLike, height: int, width: int) -> NDArray[np.bool_]:
    """Expand a run-length mask to pixels.

    Args:
        runs: [R] lengths of alternating background/foreground runs, column by column, starting with background.
    Returns:
        [height, width] mask.
    Raises:
        BadSample: the runs do not add up to height * width.

    Same convention as COCO: https://github.com/cocodataset/cocoapi
    """
    lengths = _checked_runs(runs, height, width)
    values = np.zeros(len(lengths), np.bool_)
    values[1::2] = True
    return np.repeat(values, lengths).reshape(width, height).T


def encode_mask(mask: NDArray[Any]) -> NDArray[np.uint32]:
    """Undo `decode_mask`; everything that is not zero is foreground."""
    pixels = np.asarray(mask).astype(np.bool_).T.ravel()
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate(([0], changes, [len(pixels)])))
    starts_set = len(pixels) > 0 and bool(pixels[0])
    return np.concatenate(([0], runs) if starts_set else (runs,)).astype(np.uint32)


def _checked_runs(runs: ArrayLike, height: int, width: int) -> NDArray[np.int64]:
    if not 0 <= height * width <= _MAX_PIXELS:
        raise BadSample(
            Sentence(
                f"a mask of {height} x {width} pixels is larger than {_MAX_PIXELS} pixels",
                f"掩码为 {height} × {width} 像素，超过 {_MAX_PIXELS} 像素的上限",
            )
        )
    try:
        lengths = np.asarray(runs, np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as err:
        raise BadSample(Sentence("the runs of the mask are not whole numbers", "掩码的游程不是整数")) from err
    total = int(lengths.sum()) if len(lengths) <= _MAX_PIXELS else -1
    if bool((lengths < 0).any()) or bool((lengths > _MAX_PIXELS).any()) or total != height * width:
        raise BadSample(
            Sentence(
                f"the runs of the mask add up to {total}, not to height {height} x width {width} = {height * width}",
                f"掩码的游程合计 {total}，应为高 {height} × 宽 {width} = {height * width}",
            )
        )
    return lengths


def parse_counts(text: str) -> list[int]:
    """Runs from COCO's text: five bits a letter, from the third run on as the difference to the last but one.

    Raises:
        BadSample: not such a text.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - _TEXT_OFFSET
        if not 0 <= code < 64 or shift > 40:
            raise BadSample(
                Sentence(
                    f"'{letter}' does not belong into the counts of a mask",
                    f"掩码的 counts 中不应有“{letter}”",
                )
            )
        value |= (code & _DIGIT) << shift
        shift += 5
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise BadSample(Sentence("the counts of a mask are cut short", "掩码的 counts 不完整"))
    return runs


def format_counts(runs: Sequence[int]) -> str:
    """Undo `parse_counts`."""
    letters = []
    for number, run in enumerate(runs):
        value = int(run) - (int(runs[number - 2]) if number > 2 else 0)
        while True:
            digit = value & _DIGIT
            value >>= 5
            is_last = value == (-1 if digit & _SIGN else 0)
            letters.append(chr((digit if is_last else digit | _MORE) + _TEXT_OFFSET))
            if is_last:
                break
    return "".join(letters)


def fill_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels whose centres lie inside a polygon, by the even-odd rule, of all polygons together.

    Args:
        polygons: each as x1, y1, x2, y2, ... in pixels; the upper left pixel covers 0 to 1.
    Returns:
        [height, width] mask.
    """
    mask = np.zeros((height, width), np.bool_)
    for polygon in polygons:
        mask |= _fill_polygon(_corners(polygon), height, width)
    return mask


def _fill_polygon(corners: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    # every edge flips all pixels to the right of it; what is flipped oddly often lies inside
    flips = np.zeros((height, width + 1), np.uint8)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in sorted((y1, y2)))
        if first == last:
            continue
        rows = np.arange(first, last)
        x = x1 + (rows + 0.5 - y1) * ((x2 - x1) / (y2 - y1))
        flips[rows, np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)] ^= 1
    return np.bitwise_xor.accumulate(flips, axis=1)[:, :width].astype(np.bool_)


def _corners(polygon: Sequence[float]) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(polygon, np.float64)
    except (TypeError, ValueError) as err:
        raise BadSample(Sentence("a polygon is not a list of numbers", "多边形不是数字列表")) from err
    if numbers.ndim != 1 or len(numbers) < 6 or len(numbers) % 2:
        raise BadSample(
            Sentence(
                f"a polygon has {numbers.size} numbers: x and y of three corners at least are expected",
                f"多边形有 {numbers.size} 个数字，至少应有三个角点的 x 和 y",
            )
        )
    if not bool((np.abs(numbers) < _MAX_COORDINATE).all()):
        raise BadSample(
            Sentence(
                "a polygon has a coordinate that is not a number, or far outside of any image",
                "多边形的坐标不是数字，或远在图像之外",
            )
        )
    return numbers.reshape(-1, 2)


def check_segmentation(segmentation: Any, height: int, width: int) -> None:
    """Refuse what is no segmentation of an image of that size.

    Raises:
        BadSample: it says why.
    """
    if is_runs(segmentation):
        _checked_runs(_runs(segmentation, height, width), height, width)
        return
    if not isinstance(segmentation, (list, tuple)) or not segmentation:
        raise BadSample(
            Sentence(
                "a mask is neither a list of polygons nor an object with size and counts",
                "掩码既不是多边形列表，也不是含 size 和 counts 的对象",
            )
        )
    for polygon in segmentation:
        _corners(polygon)


def is_runs(segmentation: Any) -> bool:
    """Whether a segmentation is of run lengths, not of polygons."""
    return isinstance(segmentation, Mapping)


def _runs(segmentation: Mapping[str, Any], height: int, width: int) -> Any:
    if list(segmentation.get("size", ())) != [height, width]:
        raise BadSample(
            Sentence(
                f"a mask is for {segmentation.get('size')}, but the image has height {height} and width {width}",
                f"掩码的尺寸为 {segmentation.get('size')}，而图像高 {height}、宽 {width}",
            )
        )
    counts = segmentation.get("counts", ())
    return parse_counts(counts) if isinstance(counts, str) else counts


def decode_segmentation(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """[height, width] pixels of an object; none where there is no segmentation (None).

    Raises:
        BadSample: it is not one of an image of that size.
    """
    if segmentation is None:
        return np.zeros((height, width), np.bool_)
    if is_runs(segmentation):
        return decode_mask(_runs(segmentation, height, width), height, width)
    check_segmentation(segmentation, height, width)
    return fill_polygons(segmentation, height, width)


def runs_segmentation(mask: NDArray[Any]) -> dict[str, Any]:
    """The segmentation of the pixels that are not zero."""
    return {"size": list(mask.shape), "counts": encode_mask(mask).tolist()}


def segmentation_box(segmentation: Any) -> tuple[float, float, float, float] | None:
    """The smallest box x1, y1, x2, y2 around a checked segmentation; None around nothing."""
    if not is_runs(segmentation):
        corners = np.concatenate([_corners(polygon) for polygon in segmentation])
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return (left, top, right, bottom) if left < right and top < bottom else None
    height, width = segmentation["size"]
    return mask_box(decode_segmentation(segmentation, height, width))


def mask_box(mask: NDArray[np.bool_]) -> tuple[float, float, float, float] | None:
    """The smallest box x1, y1, x2, y2 around the pixels of a mask; None around nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def segmentation_area(segmentation: Any) -> float:
    """Pixels of a checked segmentation; of polygons the sum of their areas."""
    if segmentation is None:
        return 0.0
    if is_runs(segmentation):
        return float(sum(_runs(segmentation, *segmentation["size"])[1::2]))
    return float(sum(_polygon_area(_corners(polygon)) for polygon in segmentation))


def _polygon_area(corners: NDArray[np.float64]) -> float:
    after = np.roll(corners, -1, axis=0)
    return abs(float((corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]).sum())) / 2


def decode_class_mask(data: bytes | bytearray | memoryview) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """[height, width] class ids of a PNG: grey values of 8 or 16 bits, or the indices of a palette.

    Raises:
        BadSample: not an image, or one with colours.
    """
    from PIL import Image, UnidentifiedImageError

    check_mask_size(data)
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode.startswith("I"):
                return np.asarray(image).astype(np.uint16)
            if image.mode not in ("L", "P", "1"):
                raise BadSample(
                    Sentence(
                        f"the mask is an image of {image.mode} values, not of class ids",
                        f"掩码图像的模式为 {image.mode}，不是类别编号",
                    )
                )
            return np.asarray(image).astype(np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as err:
        raise BadSample(Sentence(f"the mask cannot be decoded: {err}", f"无法解码掩码（{err}）")) from err


def check_mask_size(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """Height and width of a mask from its header, before any memory is spent on its pixels.

    Raises:
        BadSample: not an image, or larger than any mask here.
    """
    info = image_info(data)
    if info.width * info.height > _MAX_PIXELS // 4:
        raise BadSample(
            Sentence(
                f"a mask of {info.width} x {info.height} pixels is larger than {_MAX_PIXELS // 4} pixels",
                f"掩码为 {info.width} × {info.height} 像素，超过 {_MAX_PIXELS // 4} 像素的上限",
            )
        )
    return info.height, info.width


def encode_class_mask(mask: NDArray[Any]) -> bytes:
    """A grey PNG of [height, width] class ids, with 16 bits where 8 do not suffice; equal for equal masks."""
    is_wide = mask.size > 0 and int(mask.max()) > 255
    height, width = mask.shape
    pixels = np.ascontiguousarray(mask.astype(">u2" if is_wide else np.uint8)).view(np.uint8)
    rows = np.zeros((height, 1 + pixels.shape[1]), np.uint8)
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 16 if is_wide else 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
