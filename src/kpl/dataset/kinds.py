"""The kinds of dataset and the fields that each brings.

A sample's own data stands in the layer `samples`, what people said about it in the layer `labels`, so that
labels can be added or replaced while images stay where they are.
"""

from enum import StrEnum
from typing import NamedTuple

from kpl.dataset.fields import Field, field

SAMPLES, LABELS = "samples", "labels"
NO_LABEL = -1


class Kind(StrEnum):
    """What a dataset is for; `CUSTOM` brings no fields but the key."""

    UNLABELLED = "unlabelled"
    CLASSIFICATION = "classification"
    DETECTION = "detection"
    SEMANTIC_SEGMENTATION = "semantic_segmentation"
    INSTANCE_SEGMENTATION = "instance_segmentation"
    FACE_DETECTION = "face_detection"
    FACE_RECOGNITION = "face_recognition"
    TABULAR = "tabular"
    TEXT = "text"
    CUSTOM = "custom"


class Template(NamedTuple):
    """Fields of the layers `samples` and `labels`; `objects` are label lists with one entry an object."""

    samples: tuple[Field, ...]
    labels: tuple[Field, ...] = ()
    objects: tuple[str, ...] = ()


_KEY = (field("key", "string"),)
_IMAGE = (
    *_KEY,
    field("image", "image"),
    field("width", "int32"),
    field("height", "int32"),
    field("channels", "uint8"),
)
_LABEL = (field("label", "category"),)
_BOXES = (
    field("boxes", "boxes"),
    field("labels", "categories"),
    field("difficult", "flags"),
    field("truncated", "flags"),
)
_BOX_LISTS = tuple(each.name for each in _BOXES)
_INSTANCES = (
    field("boxes", "boxes"),
    field("labels", "categories"),
    field("crowd", "flags"),
    field("masks", "json"),
)

TEMPLATES: dict[Kind, Template] = {
    Kind.UNLABELLED: Template(_IMAGE),
    Kind.CLASSIFICATION: Template(_IMAGE, _LABEL),
    Kind.DETECTION: Template(_IMAGE, _BOXES, _BOX_LISTS),
    Kind.SEMANTIC_SEGMENTATION: Template(_IMAGE, (field("mask", "mask"),)),
    Kind.INSTANCE_SEGMENTATION: Template(_IMAGE, _INSTANCES, ("boxes", "labels", "crowd")),
    Kind.FACE_DETECTION: Template(_IMAGE, _BOXES, _BOX_LISTS),
    Kind.FACE_RECOGNITION: Template(_IMAGE, _LABEL),
    Kind.TABULAR: Template(_KEY, _LABEL),
    Kind.TEXT: Template((*_KEY, field("text", "text")), _LABEL),
    Kind.CUSTOM: Template(_KEY),
}
