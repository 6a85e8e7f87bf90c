"""Toy data on which an algorithm can be tried: small, but learnable and complete."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kpl.dataset import Dataset, DatasetWriter, Kind

IMAGE_SIZE = 32
CLASS_NAMES = ("dark", "bright")
_PER_CLASS = {"train": 8, "val": 4, "test": 4}


def toy_image(class_id: int, number: int = 0) -> bytes:
    """A PNG of 32 x 32 grey pixels with a square: dark ones are class 0, bright ones class 1."""
    ground = (40, 200)[class_id] + number % 20
    rows = bytearray()
    for y in range(IMAGE_SIZE):
        inside = 8 <= y < 24
        row = bytearray([ground]) * IMAGE_SIZE
        if inside:
            row[8:24] = bytes([(ground + 90 + y) % 256]) * 16
        rows += b"\0" + row
    return _png(bytes(rows))


def _png(rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", IMAGE_SIZE, IMAGE_SIZE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _image(class_id: int, number: int) -> dict[str, Any]:
    return {"image": toy_image(class_id, number)}


def _labelled_image(class_id: int, number: int) -> dict[str, Any]:
    return {"image": toy_image(class_id, number), "label": class_id}


def _boxed_image(class_id: int, number: int) -> dict[str, Any]:
    return {"image": toy_image(class_id, number), "boxes": [[8.0, 8.0, 24.0, 24.0]], "labels": [class_id]}


def _text(class_id: int, number: int) -> dict[str, Any]:
    return {"text": f"{CLASS_NAMES[class_id]} sentence {number}", "label": class_id}


_SAMPLES: dict[str, Callable[[int, int], dict[str, Any]]] = {
    Kind.UNLABELLED: _image,
    Kind.CLASSIFICATION: _labelled_image,
    Kind.DETECTION: _boxed_image,
    Kind.FACE_DETECTION: _boxed_image,
    Kind.FACE_RECOGNITION: _labelled_image,
    Kind.TEXT: _text,
}
TOY_KINDS: tuple[str, ...] = tuple(_SAMPLES)


def make_toy_dataset(folder: Path, kind: str) -> Path:
    """Write a dataset of one of the `TOY_KINDS`: 32 samples, two classes, splits train, val and test."""
    class_names = () if kind == Kind.UNLABELLED else CLASS_NAMES
    with DatasetWriter(folder, kind=kind, class_names=class_names) as writer:
        for split, count in _PER_CLASS.items():
            for number in range(count):
                for class_id, class_name in enumerate(CLASS_NAMES):
                    key = f"{split}/{class_name}/{number}"
                    writer.add(key, split=split, **_SAMPLES[kind](class_id, number))
    return folder


def make_answered_toy_dataset(folder: Path, kind: str) -> Path:
    """The same with the layer `predictions`, in which every sample of the second class is taken for the first."""
    source = Dataset.open(make_toy_dataset(folder.with_name(f"{folder.name}-plain"), kind))
    answers: dict[str, Any] = {}
    if "label" in source.fields:
        answers = {"label": [0] * len(source), "score": [0.75] * len(source)}
    elif "boxes" in source.fields:
        boxes = source.columns("boxes")
        answers = {
            "boxes": np.split(boxes.values, boxes.offsets[1:-1]),
            "labels": [[0] * length for length in boxes.lengths],
            "scores": [[0.75] * length for length in boxes.lengths],
        }
    source.derive(folder, layers={"predictions": answers} if answers else {})
    return folder


def make_toy_files(folder: Path) -> Path:
    """Write images in a folder for each class, as people have them."""
    for class_id, class_name in enumerate(CLASS_NAMES):
        (folder / class_name).mkdir(parents=True)
        for number in range(6):
            (folder / class_name / f"{number}.png").write_bytes(toy_image(class_id, number))
    return folder
