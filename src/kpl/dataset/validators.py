"""What the labels of each kind must be like: completed where something follows from the rest, refused where wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field
from kpl.dataset.kinds import LABELS, NO_LABEL
from kpl.dataset.masks import VOID, check_segmentation, decode_class_mask, segmentation_box

_VOID_16 = 65535


def defaults_of(layers: Mapping[str, tuple[Field, ...]]) -> dict[str, Any]:
    """What stands for a value that a sample may lack: no label, no objects, nothing in an optional field."""
    defaults: dict[str, Any] = {}
    for name, fields in layers.items():
        for each in fields:
            if each.is_optional:
                defaults[each.name] = None
            elif name == LABELS and each.type == "category":
                defaults[each.name] = NO_LABEL
            elif name == LABELS and each.type == "json":
                defaults[each.name] = []
    return defaults


def check_classes(values: Mapping[str, Any], num_classes: int) -> None:
    """Refuse class ids without a name, and below -1, which stands for no label.

    Args:
        num_classes: how many names there are; 0 where classes have none.
    Raises:
        BadSample: it names the id.
    """
    limit = num_classes or 1 << 31
    if "label" in values and values["label"] is None:
        raise BadSample(f"None is no class; {NO_LABEL} stands for no label")
    if "label" in values and not NO_LABEL <= values["label"] < limit:
        raise BadSample(f"class {values['label']} is not one of 0 to {limit - 1}, nor {NO_LABEL} for none")
    for label in values.get("labels", ()):
        if not 0 <= label < limit:
            raise BadSample(f"class {label} is not one of 0 to {limit - 1}")


def complete_objects(values: dict[str, Any], names: Sequence[str]) -> None:
    """Bring the lists that describe a sample's objects to one length.

    Flags left out are False, masks and landmarks left out are absent, boxes follow from masks.

    Raises:
        BadSample: lists of different lengths, a box that is none, a mask that is none.
    """
    if "masks" in names:
        _complete_masks(values)
    boxes = np.asarray(values.get("boxes", ()), np.float32).reshape(-1, 4)
    if not np.isfinite(boxes).all():
        raise BadSample("a box has a coordinate that is not a number")
    if bool((boxes[:, 2:] <= boxes[:, :2]).any()):
        wrong = boxes[(boxes[:, 2:] <= boxes[:, :2]).any(axis=1)][0]
        raise BadSample(f"the box {wrong.tolist()} has no area: x1 < x2 and y1 < y2 in pixels are expected")
    values["boxes"] = boxes
    for name in names[1:]:
        given = values.get(name)
        if given is None and (name != "labels" or not len(boxes)):
            values[name] = _absent(name, len(boxes))
        elif len(given if given is not None else ()) != len(boxes):
            raise BadSample(
                f"{len(boxes)} boxes, but {0 if given is None else len(given)} entries in '{name}'"
            )


def _absent(name: str, num_objects: int) -> Any:
    """The value of an object field of which nothing is known."""
    if name in ("attributes", "landmarks"):
        return None
    if name == "masks":
        return [None] * num_objects
    return np.zeros(num_objects, np.int32 if name == "labels" else np.bool_)


def _complete_masks(values: dict[str, Any]) -> None:
    masks = values.get("masks")
    if masks is None:
        return
    for number, mask in enumerate(masks):
        if mask is not None:
            try:
                check_segmentation(mask, values["height"], values["width"])
            except BadSample as err:
                raise BadSample(f"object {number}: {err.message}") from err
    if values.get("boxes") is None:
        values["boxes"] = [_box_of(number, mask) for number, mask in enumerate(masks)]


def _box_of(number: int, mask: Any) -> tuple[float, float, float, float]:
    box = None if mask is None else segmentation_box(mask)
    if box is None:
        raise BadSample(f"object {number} has no box, and its mask has no pixels to make one of")
    return box


def complete_mask(values: dict[str, Any], num_classes: int) -> None:
    """Check the mask of an image and count the pixels of each class in it.

    `classes` and `pixels` given by the caller are trusted.

    Raises:
        BadSample: not a mask of class ids, of another size than the image, or with a class that has no name.
    """
    if values.get("mask") is None:
        values["classes"], values["pixels"] = (), ()
        return
    if "classes" in values and "pixels" in values:
        return
    mask = decode_class_mask(values["mask"])
    if mask.shape != (values["height"], values["width"]):
        raise BadSample(
            f"the mask has {mask.shape[1]} x {mask.shape[0]} pixels, "
            f"the image {values['width']} x {values['height']}"
        )
    values["classes"], values["pixels"] = count_classes(mask)
    highest = max(values["classes"], default=0)
    if num_classes and highest >= num_classes:
        raise BadSample(
            f"class {highest} in the mask is not one of 0 to {num_classes - 1}, nor {VOID} for void"
        )


def count_classes(mask: NDArray[Any]) -> tuple[list[int], list[int]]:
    """The class ids in a mask, rising, and how many pixels each has; void pixels are not counted."""
    counts = np.bincount(mask.ravel())
    counts[VOID : VOID + 1] = 0
    counts[_VOID_16 : _VOID_16 + 1] = 0
    classes = np.flatnonzero(counts)
    return classes.tolist(), counts[classes].tolist()
