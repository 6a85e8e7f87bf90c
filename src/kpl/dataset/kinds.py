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
    """Fields of the layers `samples` and `labels`.

    `objects` are the label fields with one entry an object, `boxes` first.
    """

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
_ATTRIBUTES = field("attributes", "json", is_optional=True)
_DETECTION = (*_BOXES, _ATTRIBUTES)
_FACES = (*_BOXES, field("landmarks", "landmarks", is_optional=True), _ATTRIBUTES)
_MASK = (
    field("mask", "mask", is_optional=True),
    field("classes", "categories"),
    field("pixels", "numbers", dtype="int64"),
)
_INSTANCES = (
    field("boxes", "boxes"),
    field("labels", "categories"),
    field("crowd", "flags"),
    field("masks", "json"),
    _ATTRIBUTES,
)


def _names(fields: tuple[Field, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in fields)


TEMPLATES: dict[Kind, Template] = {
    Kind.UNLABELLED: Template(_IMAGE),
    Kind.CLASSIFICATION: Template(_IMAGE, _LABEL),
    Kind.DETECTION: Template(_IMAGE, _DETECTION, _names(_DETECTION)),
    Kind.SEMANTIC_SEGMENTATION: Template(_IMAGE, _MASK),
    Kind.INSTANCE_SEGMENTATION: Template(_IMAGE, _INSTANCES, _names(_INSTANCES)),
    Kind.FACE_DETECTION: Template(_IMAGE, _FACES, _names(_FACES)),
    Kind.FACE_RECOGNITION: Template(_IMAGE, _LABEL),
    Kind.TABULAR: Template(_KEY, _LABEL),
    Kind.TEXT: Template((*_KEY, field("text", "text")), _LABEL),
    Kind.CUSTOM: Template(_KEY),
}
