"""The objects of an image as every format has them: a class, a box, perhaps a mask, and what else is said."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.errors import BadSample
from kpl.dataset.image import ImageInfo
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import check_segmentation, is_runs, parse_counts, runs_segmentation, segmentation_box
from kpl.sentence import Sentence, in_chinese

_EDGE_PIXELS = 1.0  # boxes that count from 1 or end one pixel outside are everywhere, and cut without a word

Box = tuple[float, float, float, float]


class PartialMask(NamedTuple):
    """Pixels of an object in a part of the image, whose upper left corner is given."""

    left: int
    top: int
    pixels: NDArray[np.bool_]

    def in_image(self, image: ImageInfo) -> dict[str, Any]:
        """The mask over the whole image, as runs.

        Raises:
            BadSample: the part reaches out of the image.
        """
        height, width = self.pixels.shape
        if (
            min(self.left, self.top) < 0
            or self.left + width > image.width
            or self.top + height > image.height
        ):
            raise BadSample(
                Sentence(
                    f"a mask of {width} x {height} pixels at {self.left}, {self.top} reaches out of the image",
                    f"位于 {self.left}, {self.top} 的 {width} × {height} 像素掩码超出图像",
                )
            )
        whole = np.zeros((image.height, image.width), np.bool_)
        whole[self.top : self.top + height, self.left : self.left + width] = self.pixels
        return runs_segmentation(whole)


class Shape(NamedTuple):
    """An object of an annotation, as written.

    Attributes:
        box: x1, y1, x2, y2 in pixels; None where it follows from the mask.
        line: of the file, for messages; 0 where lines mean nothing.
        segmentation: polygons or runs, as `kpl.dataset.masks` has them, or a `PartialMask`.
        landmarks: [5, 2] points of a face, NaN where unknown.
        attributes: whatever else is said about the object.
    """

    class_id: int
    box: Box | None
    line: int = 0
    segmentation: Any = None
    is_crowd: bool = False
    is_difficult: bool = False
    is_truncated: bool = False
    landmarks: NDArray[np.float32] | None = None
    attributes: dict[str, Any] | None = None


class Shapes:
    """The objects of an image, checked against its real size when that is known.

    Args:
        file: of the annotation, for messages.
        kind: of the dataset; says which fields come of the objects.
    """

    def __init__(self, file: str, shapes: list[Shape], kind: Kind) -> None:
        self.file, self.shapes, self.kind = file, shapes, kind

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:
        """Objects inside the image; those that do not fit are left out and noted."""
        assert image is not None
        kept = [each for shape in self.shapes if (each := self._fitted(shape, image, log)) is not None]
        attributes = [self._attributes_of(each) for each in kept]
        values: dict[str, Any] = {
            "boxes": np.array([each.box for each in kept], np.float32).reshape(-1, 4),
            "labels": [each.class_id for each in kept],
            "attributes": attributes if any(attributes) else None,
        }
        if self.kind == Kind.INSTANCE_SEGMENTATION:
            values["crowd"] = [each.is_crowd for each in kept]
            values["masks"] = [each.segmentation for each in kept]
            return values
        values["difficult"] = [each.is_difficult for each in kept]
        values["truncated"] = [each.is_truncated for each in kept]
        if self.kind == Kind.FACE_DETECTION and any(each.landmarks is not None for each in kept):
            unknown = np.full((5, 2), np.nan, np.float32)
            values["landmarks"] = np.stack([unknown if e.landmarks is None else e.landmarks for e in kept])
        return values

    def _attributes_of(self, shape: Shape) -> dict[str, Any] | None:
        """Attributes, with the flags for which the kind has no field."""
        flags: dict[str, Any] = {}
        if self.kind == Kind.INSTANCE_SEGMENTATION:
            flags = {"difficult": shape.is_difficult, "truncated": shape.is_truncated}
        elif shape.is_crowd:
            flags = {"crowd": True}
        return {
            **(shape.attributes or {}),
            **{name: True for name, is_set in flags.items() if is_set},
        } or None

    def _fitted(self, shape: Shape, image: ImageInfo, log: ProblemLog) -> Shape | None:
        segmentation = shape.segmentation
        try:
            if isinstance(segmentation, PartialMask):
                segmentation = segmentation.in_image(image)
            elif segmentation is not None:
                check_segmentation(segmentation, image.height, image.width)
                segmentation = _with_numbers(segmentation)
        except BadSample as err:
            log.problem(
                self.file,
                Sentence(f"{err.message}; left out", f"{in_chinese(err.message)}，已跳过"),
                shape.line,
            )
            return None
        given = shape.box or (segmentation_box(segmentation) if segmentation is not None else None)
        if given is None:
            log.problem(
                self.file,
                Sentence(
                    "the object has neither a box nor a mask with pixels; left out",
                    "目标既没有边框，也没有带像素的掩码，已跳过",
                ),
                shape.line,
            )
            return None
        box = inside(given, image.width, image.height)
        size = f"the image of {image.width} x {image.height}"
        if box is None:
            log.problem(
                self.file,
                Sentence(
                    f"the box {shown(given)} lies outside {size}; left out",
                    f"边框 {shown(given)} 在图像 {size} 之外，已跳过",
                ),
                shape.line,
            )
            return None
        if max(abs(a - b) for a, b in zip(box, given, strict=True)) > _EDGE_PIXELS:
            log.problem(
                self.file,
                Sentence(
                    f"the box {shown(given)} reaches out of {size}; cut",
                    f"边框 {shown(given)} 超出图像 {size}，已裁剪",
                ),
                shape.line,
            )
        return shape._replace(box=box, segmentation=segmentation)

    def renumbered(self, new_ids: Sequence[int]) -> "Shapes":
        """The same objects under new class ids."""
        shapes = [each._replace(class_id=new_ids[each.class_id]) for each in self.shapes]
        return Shapes(self.file, shapes, self.kind)


def _with_numbers(segmentation: Any) -> Any:
    """A checked segmentation with its runs as numbers: one way to store them, cheap to draw anywhere."""
    if not is_runs(segmentation):
        return [[float(number) for number in polygon] for polygon in segmentation]
    counts = segmentation["counts"]
    runs = parse_counts(counts) if isinstance(counts, str) else counts
    return {"size": [int(side) for side in segmentation["size"]], "counts": [int(run) for run in runs]}


def inside(box: Box, width: int, height: int) -> Box | None:
    """The part of a box that lies in an image of that size, as it will be stored; None where there is none."""
    left, right = (np.float32(min(max(x, 0.0), float(width))) for x in box[0::2])
    top, bottom = (np.float32(min(max(y, 0.0), float(height))) for y in box[1::2])
    return (float(left), float(top), float(right), float(bottom)) if left < right and top < bottom else None


def parse_number(text: Any) -> float | None:
    """A coordinate; None where it is none, or far outside of any image."""
    try:
        number = float(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1 << 24 else None


def parse_numbers(texts: Any) -> list[float] | None:
    """Coordinates; None where one of them is none."""
    if not isinstance(texts, (list, tuple)):
        return None
    numbers = [parse_number(text) for text in texts]
    return [number for number in numbers if number is not None] if None not in numbers else None


def shown(box: Sequence[float]) -> str:
    """A box as text for messages."""
    return "[" + ", ".join(f"{number:g}" for number in box) + "]"
