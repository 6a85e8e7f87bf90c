"""Samples of stored datasets as answers show them; open datasets are kept, since opening maps files."""

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpl.errors import Invalid, NotFound, nearest
from kpl.schemas.dataset import BoxOut, PredictionOut, SampleOut
from kpl.storage.atomic import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset, Sample

THUMBNAIL_SIZES = (160, 400)
_OPEN_DATASETS = 32
_MAX_PIXELS = 100_000_000


@lru_cache(maxsize=_OPEN_DATASETS)
def open_dataset(folder: Path) -> "Dataset":
    """The dataset in a materialised artifact; its files never change, so it is opened once."""
    from kpl.dataset import Dataset  # NumPy is not loaded before somebody looks at samples

    return Dataset.open(folder)


def matching_rows(dataset: "Dataset", *, split: str | None, label: str | None) -> "NDArray[np.int64]":
    """[N] rows that belong to the split and hold the class, in order.

    Raises:
        NotFound: the dataset has no such split or class.
    """
    import numpy as np

    chosen = dataset if split is None else dataset.split(split)
    if label is None:
        return chosen.rows
    if label not in dataset.class_names:
        raise NotFound(
            f"There is no class '{label}' in this dataset.", hint=nearest(label, dataset.class_names)
        )
    class_id = list(dataset.class_names).index(label)
    if "label" in dataset.fields:
        matches = np.flatnonzero(np.asarray(chosen.columns("label")) == class_id)
    else:
        objects = chosen.columns("labels")
        owners = np.repeat(np.arange(len(chosen)), objects.lengths)
        matches = np.unique(owners[objects.values == class_id])
    return chosen.select(matches).rows


def sample_out(dataset: "Dataset", row: int) -> SampleOut:
    """One sample without its image."""
    sample = dataset[row]
    class_id = _class_id(sample)
    return SampleOut(
        row=row,
        key=sample.key,
        split=sample.split or "",
        width=_number(sample, "width"),
        height=_number(sample, "height"),
        class_id=class_id,
        label=_class_name(dataset, class_id),
        boxes=_boxes(dataset, sample),
        prediction=_prediction(dataset, sample),
    )


def image_of(dataset: "Dataset", row: int) -> bytes:
    """The encoded image of a sample."""
    if not 0 <= row < len(dataset):
        raise NotFound(f"There is no sample {row}; the dataset has {len(dataset)}.")
    return bytes(dataset[row]["image"])


def thumbnail(dataset: "Dataset", row: int, size: int, cache: Path) -> bytes:
    """The image of a sample scaled down to fit `size` x `size` pixels, as WebP; kept in `cache`.

    Raises:
        Invalid: the size is not offered, or the image cannot be read.
    """
    if size not in THUMBNAIL_SIZES:
        raise Invalid(
            f"size: {size} is not offered.", hint=f"Ask for one of {', '.join(map(str, THUMBNAIL_SIZES))}."
        )
    kept = cache / f"{row // 1000}" / f"{row}-{size}.webp"
    if kept.exists():
        return kept.read_bytes()
    data = _scaled(image_of(dataset, row), size)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(kept, data)
    return data


def _scaled(data: bytes, size: int) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise Invalid(
                    f"The image has {image.width} x {image.height} pixels; too many for a thumbnail."
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
        raise Invalid(f"The image cannot be read: {err}.") from err
    return out.getvalue()


def _value(sample: "Sample", name: str) -> Any:
    """A field of the sample; None when datasets of its kind have none of that name, or it has no value."""
    return sample[name] if name in sample else None  # noqa: SIM401  absent fields raise NotFound


def _number(sample: "Sample", name: str) -> int | None:
    value = _value(sample, name)
    return None if value is None else int(value)


def _class_id(sample: "Sample") -> int | None:
    label = _value(sample, "label")
    return None if label is None or int(label) < 0 else int(label)


def _class_name(dataset: "Dataset", class_id: int | None) -> str | None:
    names = dataset.class_names
    return names[class_id] if class_id is not None and class_id < len(names) else None


def _boxes(dataset: "Dataset", sample: "Sample") -> list[BoxOut]:
    boxes = _value(sample, "boxes")
    if boxes is None:
        return []
    return [
        BoxOut(
            x0=float(box[0]),
            y0=float(box[1]),
            x1=float(box[2]),
            y1=float(box[3]),
            class_id=int(class_id),
            label=_class_name(dataset, int(class_id)) or "",
        )
        for box, class_id in zip(boxes, sample["labels"], strict=True)
    ]


def _prediction(dataset: "Dataset", sample: "Sample") -> PredictionOut | None:
    class_id = _value(sample, "predictions.label")
    score = _value(sample, "predictions.score")
    if class_id is None or score is None:
        return None
    return PredictionOut(
        class_id=int(class_id), label=_class_name(dataset, int(class_id)) or "", score=float(score)
    )
