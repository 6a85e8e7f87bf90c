"""From encoded images to pixels of one size, the same way in training, testing, inference and serving.

`sdk/predict.py` holds the same decoding for programs without KPL; a test keeps the two equal.
"""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from os import sched_getaffinity

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kpl.algorithm import author
from kpl.dataset import Dataset

CACHE_BYTES = 2**30  # decoded pixels stay in memory up to this size; above it every epoch decodes anew


def decode(data: bytes | memoryview, height: int, width: int) -> NDArray[np.uint8]:
    """Decode one image file and stretch it to the given size.

    Returns:
        [height, width, 3] RGB pixels, upright whatever the camera's orientation flag said.
    """
    with Image.open(BytesIO(data)) as image:
        image.draft("RGB", (width * 2, height * 2))  # JPEG decodes straight to a smaller size where it can
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        pixels = upright.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(pixels)


def labelled(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that somebody has given a label."""
    return rows[np.asarray(dataset.columns("label"))[rows] >= 0]


def suitable_size(dataset: Dataset, longest: int = 128) -> tuple[int, int]:
    """Height and width to train at: the median image, shrunk to `longest`, in multiples of 8."""
    height = float(np.median(dataset.columns("height")))
    width = float(np.median(dataset.columns("width")))
    shrink = min(1.0, longest / max(height, width))
    return max(8, round(height * shrink / 8) * 8), max(8, round(width * shrink / 8) * 8)


class Images:
    """The pixels of a dataset's samples by row number, decoded by a few threads and remembered while they fit."""

    def __init__(self, dataset: Dataset, height: int, width: int) -> None:
        self._dataset = dataset
        self._size = (height, width)
        self._pool = ThreadPoolExecutor(len(sched_getaffinity(0)))
        self._remembers = len(dataset) * height * width * 3 <= CACHE_BYTES
        num_kept = len(dataset) if self._remembers else 0
        self._kept = np.empty((num_kept, height, width, 3), dtype=np.uint8)
        self._is_kept = np.zeros(num_kept, dtype=np.bool_)

    def batch(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """[N, height, width, 3] pixels of the given rows, in their order."""
        if not self._remembers:
            return self._decode(rows)
        missing = rows[~self._is_kept[rows]]
        if len(missing):
            self._kept[missing] = self._decode(missing)
            self._is_kept[missing] = True
        return self._kept[rows]

    def _decode(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.stack(list(self._pool.map(self._decode_one, rows.tolist())))

    def _decode_one(self, row: int) -> NDArray[np.uint8]:
        sample = self._dataset[row]
        try:
            return decode(sample["image"], *self._size)
        except (OSError, ValueError) as err:
            raise author.refusal(
                f"Sample {sample.key!r}: its image cannot be decoded ({err}). "
                "Import the dataset again with on_error=skip, or run `kpl dataset verify`.",
                text_zh=f"样本 {sample.key!r} 的图像无法解码。"
                "请跳过损坏的文件重新导入数据集，或运行 `kpl dataset verify`。",
            ) from err
