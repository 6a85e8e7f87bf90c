"""Rows and images of stored datasets; open datasets are kept, since opening maps files."""

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpl.errors import Invalid, NotFound
from kpl.sentence import Sentence
from kpl.storage.atomic import write_atomic

if TYPE_CHECKING:
    from kpl.dataset import Dataset, Sample

THUMBNAIL_SIZES = (160, 400)
_OPEN_DATASETS = 32
_MAX_PIXELS = 100_000_000


class Unreadable(Invalid):
    """The image of a sample that cannot be drawn."""


@lru_cache(maxsize=_OPEN_DATASETS)
def open_dataset(folder: Path) -> "Dataset":
    """The dataset in a materialised artifact; its files never change, so it is opened once."""
    from kpl.dataset import Dataset  # NumPy is not loaded before somebody looks at samples

    return Dataset.open(folder)


@lru_cache(maxsize=_OPEN_DATASETS)
def summary_of(folder: Path) -> dict[str, Any]:
    """Counts, ranges and health of the dataset in a materialised artifact; counted once, not to be changed."""
    from kpl.dataset import stats

    return dict(stats.summary(open_dataset(folder)))


def image_of(dataset: "Dataset", row: int) -> bytes:
    """The encoded image of a sample."""
    sample = sample_at(dataset, row)
    if "image" not in sample:
        raise NotFound(
            Sentence(
                f"Samples of a dataset of kind {dataset.kind} have no image.",
                f"{dataset.kind} 类数据集的样本没有图像。",
            )
        )
    return bytes(sample["image"])


def sample_at(dataset: "Dataset", row: int) -> "Sample":
    """The sample of that row. Raises NotFound, also for a row that a later version has removed."""
    position = int(dataset.rows.searchsorted(row)) if dataset.is_view else row
    if not 0 <= position < len(dataset) or (dataset.is_view and dataset.rows[position] != row):
        raise NotFound(
            Sentence(
                f"There is no sample {row}; the dataset has {len(dataset)}.",
                f"没有样本 {row}；数据集共有 {len(dataset)} 个样本。",
            )
        )
    return dataset[position]


def thumbnail(dataset: "Dataset", row: int, size: int, cache: Path) -> bytes:
    """The image of a sample scaled down to fit `size` x `size` pixels, as WebP; kept in `cache`.

    Raises:
        Invalid: the size is not offered.
        Unreadable: the image cannot be read.
    """
    if size not in THUMBNAIL_SIZES:
        raise Invalid(
            Sentence(f"size: {size} is not offered.", f"size：不提供 {size}。"),
            hint=Sentence(
                f"Ask for one of {', '.join(map(str, THUMBNAIL_SIZES))}.",
                f"可选：{'、'.join(map(str, THUMBNAIL_SIZES))}。",
            ),
        )
    kept = cache / f"{row // 1000}" / f"{row}-{size}.webp"
    if kept.exists():
        return kept.read_bytes()
    data = _scaled(image_of(dataset, row), size)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(kept, data)
    return data


_FAULTS_ZH = {
    "cannot identify image file": "不是能识别的图像格式",
    "broken data stream": "图像数据已损坏",
    "truncated": "图像文件不完整",
}
"""What Pillow says of images, in Chinese."""


def _scaled(data: bytes, size: int) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise Unreadable(
                    Sentence(
                        f"The image has {image.width} x {image.height} pixels; too many for a thumbnail.",
                        f"图像为 {image.width} x {image.height} 像素，过大，无法生成缩略图。",
                    )
                )
            image.draft("RGB", (size, size))
            picture = image.convert("RGBA" if image.mode in ("P", "LA", "RGBA", "PA") else "RGB")
            # Tiny images, as digits of 8 x 8 pixels, are enlarged without blur, so that one sees the pixels.
            factor = min(size / picture.width, size / picture.height)
            shape = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
            filter_ = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.LANCZOS
            out = io.BytesIO()
            picture.resize(shape, filter_).save(out, "WEBP", quality=80, method=2)
    except (UnidentifiedImageError, OSError, ValueError) as err:
        zh = next((zh for en, zh in _FAULTS_ZH.items() if en in str(err)), str(err))
        raise Unreadable(Sentence(f"The image cannot be read: {err}.", f"图像无法读取：{zh}。")) from err
    return out.getvalue()
