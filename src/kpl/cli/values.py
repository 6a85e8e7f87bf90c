"""Words and values as they are typed on the command line."""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from kpl.errors import Invalid
from kpl.resources import parse_amounts


class DatasetKindName(StrEnum):
    AUTO = "auto"
    UNLABELLED = "unlabelled"
    CLASSIFICATION = "classification"
    DETECTION = "detection"
    SEMANTIC_SEGMENTATION = "semantic_segmentation"
    INSTANCE_SEGMENTATION = "instance_segmentation"
    FACE_DETECTION = "face_detection"
    FACE_RECOGNITION = "face_recognition"
    TABULAR = "tabular"
    TEXT = "text"


class FormatName(StrEnum):
    AUTO = "auto"
    IMAGEFOLDER = "imagefolder"
    VOC = "voc"
    COCO = "coco"
    YOLO = "yolo"
    LABELME = "labelme"
    CVAT = "cvat"
    WIDER_FACE = "wider_face"
    MASKS = "masks"
    OBJECT_MASKS = "object_masks"
    IDENTITIES = "identities"
    IMAGES = "images"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    KPL_ORIGINAL = "kpl_original"
    TFRECORD = "tfrecord"
    WEBDATASET = "webdataset"


class ErrorPolicy(StrEnum):
    SKIP = "skip"
    STOP = "stop"


def parse_parameters(pairs: list[str]) -> dict[str, Any]:
    """Read `name=value` pairs; a value is JSON where it can be read as such, else text."""
    parameters: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise Invalid(f"'{pair}' is not a parameter.", hint="Write name=value, as in epochs=8.")
        try:
            parameters[name] = json.loads(text)
        except ValueError:
            parameters[name] = text
    return parameters


_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration_s(text: str) -> float:
    """Read a time such as `90`, `30m`, `1.5h` or `2d`; a bare number counts seconds."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _UNITS_S or float(match[1]) == 0:
        raise Invalid(f"'{text}' is not a time.", hint="Write it like 90, 30m, 1.5h or 2d.")
    return float(match[1]) * _UNITS_S[match[2]]


def parse_quota(text: str | None) -> dict[str, int] | None:
    """Read amounts as in `cpu=8,gpu=2`; `none` for no amounts at all, None stays None."""
    if text is None:
        return None
    return {} if text.strip().lower() == "none" else parse_amounts(text)


def read_document(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON document that must be a mapping; what it may hold is checked by the server."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"'{path}' cannot be read: {error.strerror}.", hint="Check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"'{path}' is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict):
        raise Invalid(
            f"'{path}' does not hold a document.", hint="It should begin with `schema: kpl.pipeline/v1`."
        )
    return document
