"""Tiny images and datasets, made without any image library, and the folder of real data."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter

MakePng = Callable[..., bytes]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _make_png(width: int = 4, height: int = 3, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def make_png() -> MakePng:
    """Makes a PNG of noise."""
    return _make_png


@pytest.fixture
def detection(tmp_path: Path) -> Dataset:
    """Twelve samples in three shards, boxes of several counts, two splits."""
    with DatasetWriter(
        tmp_path / "detection", kind="detection", class_names=["cat", "dog"], shard_bytes=1, block_bytes=300
    ) as writer:
        for i in range(12):
            boxes = [[k, 0, k + 1, 2] for k in range(i % 4)]
            writer.add(
                f"folder {i % 2}/{i}.png",
                split="train" if i % 3 else "val",
                image=_make_png(4, 3, i),
                boxes=boxes,
                labels=[k % 2 for k in range(len(boxes))],
            )
    return Dataset.open(tmp_path / "detection")


@pytest.fixture
def classification(tmp_path: Path) -> Dataset:
    """Ten samples in one shard, two classes, two splits."""
    with DatasetWriter(tmp_path / "classification", kind="classification", class_names=["a", "b"]) as writer:
        for i in range(10):
            writer.add(f"{i}.png", split="train" if i < 7 else "test", image=_make_png(4, 3, i), label=i % 2)
    return Dataset.open(tmp_path / "classification")
