"""What is in a dataset, from its columns alone: no image is read."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.columns import Ragged
from kpl.dataset.fields import FIXED, Field
from kpl.dataset.kinds import NO_LABEL, SAMPLES, Kind
from kpl.dataset.masks import segmentation_area
from kpl.dataset.reader import Dataset

_SMALL_BOX_PIXELS = 32 * 32
_LARGE_BOX_PIXELS = 96 * 96
_MAX_SHOWN_VALUES = 20


def summary(dataset: Dataset) -> dict[str, Any]:
    """Counts and ranges of a dataset or a view of it, ready for JSON.

    Returns:
        `kind`, `num_samples`, `splits`, `class_names`, `size_bytes` and, as far as the kind has them, `classes`
        (per class: samples, objects, and samples of each split), `images` (sizes), `boxes`, `masks`, `landmarks`,
        `identities`, `text`, `columns` (of a table).
    """
    result: dict[str, Any] = {
        "kind": str(dataset.kind),
        "version": dataset.version,
        "digest": dataset.digest,
        "num_samples": len(dataset),
        "splits": dataset.splits,
        "layers": list(dataset.layers),
        "class_names": list(dataset.class_names),
        "size_bytes": size_bytes(dataset),
        "attributes": dict(dataset.attributes),
    }
    fields = dataset.fields
    masks = _split_masks(dataset)
    if "label" in fields:
        labels = dataset.columns("label")
        result["classes"] = _label_counts(labels, dataset.class_names, masks)
        result["num_unlabelled"] = int((labels == NO_LABEL).sum())
    if "labels" in fields:
        result["classes"] = _object_counts(dataset.columns("labels"), dataset.class_names, masks)
    if "width" in fields:
        result["images"] = _image_sizes(dataset)
    if "boxes" in fields:
        result["boxes"] = _boxes(dataset.columns("boxes"))
    return result | _of_kind(dataset, masks)


def _of_kind(dataset: Dataset, masks: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """What only datasets of one kind have."""
    fields = dataset.fields
    result: dict[str, Any] = {}
    if "pixels" in fields and "classes" in fields:
        result["classes"] = _pixel_counts(dataset, masks)
        result["num_unlabelled"] = int((dataset.columns("classes").lengths == 0).sum())
    if "masks" in fields:
        result["masks"] = _masks(dataset.columns("masks"))
    if "landmarks" in fields:
        result["landmarks"] = _landmarks(dataset.columns("landmarks"))
    if dataset.kind == Kind.FACE_RECOGNITION:
        labels = dataset.columns("label")
        counts = np.bincount(labels[labels >= 0]) if len(labels) else labels
        result["identities"] = {
            "num_identities": int((counts > 0).sum()),
            "per_identity": _range(counts[counts > 0]),
        }
    if "text" in fields:
        result["text"] = _texts(dataset.columns("text"))
    if dataset.kind == Kind.TABULAR:
        names = [field.name for field in _sample_fields(dataset)]
        result["columns"] = [_column(fields[name], dataset.columns(name)) for name in names]
    return result


def size_bytes(dataset: Dataset) -> int:
    """Bytes of all shards of the version."""
    return sum(shard.size for layer in dataset.snapshot.manifest.layers for shard in layer.shards)


def _split_masks(dataset: Dataset) -> dict[str, NDArray[np.bool_]]:
    return {name: np.isin(dataset.rows, rows) for name, rows in dataset.split_rows().items()}


def _names(class_names: tuple[str, ...], num_classes: int) -> list[str]:
    return [class_names[i] if i < len(class_names) else str(i) for i in range(num_classes)]


def _counts(labels: NDArray[np.integer[Any]], num_classes: int) -> list[int]:
    return [int(count) for count in np.bincount(labels[labels >= 0], minlength=num_classes)]


def _label_counts(
    labels: NDArray[np.int32], class_names: tuple[str, ...], masks: dict[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    num_classes = max(len(class_names), int(labels.max(initial=-1)) + 1)
    totals = _counts(labels, num_classes)
    by_split = {name: _counts(labels[mask], num_classes) for name, mask in masks.items()}
    return [
        {
            "name": name,
            "num_samples": totals[i],
            "splits": {split: counts[i] for split, counts in by_split.items()},
        }
        for i, name in enumerate(_names(class_names, num_classes))
    ]


def _object_counts(
    labels: Ragged, class_names: tuple[str, ...], masks: dict[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    num_classes = max(len(class_names), int(labels.values.max(initial=-1)) + 1)
    sample_of_object = np.repeat(np.arange(len(labels.lengths)), labels.lengths)
    pairs = np.unique(np.stack((sample_of_object, labels.values), axis=1), axis=0)
    in_samples = _counts(pairs[:, 1].astype(np.int64), num_classes)
    totals = _counts(labels.values, num_classes)
    by_split = {
        name: _counts(labels.values[mask[sample_of_object]], num_classes) for name, mask in masks.items()
    }
    return [
        {
            "name": name,
            "num_samples": in_samples[i],
            "num_objects": totals[i],
            "splits": {split: counts[i] for split, counts in by_split.items()},
        }
        for i, name in enumerate(_names(class_names, num_classes))
    ]


def _image_sizes(dataset: Dataset) -> dict[str, Any]:
    sizes: dict[str, Any] = {name: _range(dataset.columns(name)) for name in ("width", "height")}
    channels, counts = np.unique(dataset.columns("channels"), return_counts=True)
    sizes["channels"] = {str(channel): int(count) for channel, count in zip(channels, counts, strict=True)}
    sizes["bytes"] = _range(dataset.snapshot.blob_sizes("image")[dataset.rows])
    return sizes


def _range(values: NDArray[Any]) -> dict[str, float] | None:
    if not len(values):
        return None
    return {
        "min": float(values.min()),
        "median": float(np.median(values)),
        "mean": round(float(values.mean()), 3),
        "max": float(values.max()),
    }


def _boxes(boxes: Ragged) -> dict[str, Any]:
    sides = boxes.values[:, 2:] - boxes.values[:, :2] if len(boxes.values) else np.empty((0, 2), np.float32)
    areas = sides[:, 0] * sides[:, 1]
    return {
        "num_boxes": len(areas),
        "num_samples_without": int((boxes.lengths == 0).sum()),
        "per_sample": _range(boxes.lengths),
        "area_pixels": _range(areas),
        "num_small": int((areas < _SMALL_BOX_PIXELS).sum()),
        "num_medium": int(((areas >= _SMALL_BOX_PIXELS) & (areas < _LARGE_BOX_PIXELS)).sum()),
        "num_large": int((areas >= _LARGE_BOX_PIXELS).sum()),
    }


def _pixel_counts(dataset: Dataset, masks: dict[str, NDArray[np.bool_]]) -> list[dict[str, Any]]:
    """Samples and pixels of each class of a semantic segmentation."""
    rows = _object_counts(dataset.columns("classes"), dataset.class_names, masks)
    pixels = np.bincount(
        dataset.columns("classes").values,
        weights=dataset.columns("pixels").values,
        minlength=len(rows),
    )
    total = float(pixels.sum()) or 1.0
    return [
        {
            "name": row["name"],
            "num_samples": row["num_samples"],
            "num_pixels": int(count),
            "share": round(float(count) / total, 6),
            "splits": row["splits"],
        }
        for row, count in zip(rows, pixels, strict=True)
    ]


def _masks(column: Sequence[Any]) -> dict[str, Any]:
    segmentations = [each for row in column if row is not None for each in row]
    areas = np.array([segmentation_area(each) for each in segmentations])
    return {
        "num_masks": sum(each is not None for each in segmentations),
        "num_objects_without": sum(each is None for each in segmentations),
        "num_runs": sum(isinstance(each, dict) for each in segmentations),
        "area_pixels": _range(areas),
    }


def _landmarks(column: Any) -> dict[str, Any]:
    rows = [column.values] if isinstance(column, Ragged) else [row for row in column if row is not None]
    num_faces = sum(int(np.isfinite(row).any(axis=(1, 2)).sum()) for row in rows)
    return {"num_faces": num_faces}


def _texts(column: Sequence[str]) -> dict[str, Any]:
    return {
        "characters": _range(np.array([len(text) for text in column])),
        "words": _range(np.array([len(text.split()) for text in column])),
        "num_empty": sum(not text.strip() for text in column),
    }


def _sample_fields(dataset: Dataset) -> list[Field]:
    layer = next(each for each in dataset.snapshot.manifest.layers if each.name == SAMPLES)
    return [field for field in layer.fields if field.name != "key"]


def _column(field: Field, column: NDArray[Any]) -> dict[str, Any]:
    """Range of a column of numbers, most frequent values of one of texts."""
    present = [value for value in column.tolist() if value is not None]
    result: dict[str, Any] = {
        "name": field.name,
        "type": field.type,
        "num_missing": len(column) - len(present),
    }
    if field.layout == FIXED and not field.shape:
        numbers = np.array(present, np.float64)
        result["range"] = _range(numbers[np.isfinite(numbers)])
    else:
        counts = Counter(map(str, present))
        result["num_distinct"] = len(counts)
        result["values"] = dict(counts.most_common(_MAX_SHOWN_VALUES))
    return result
