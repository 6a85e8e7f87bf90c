"""What is in a dataset, from its columns alone: no image is read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.columns import Ragged
from kpl.dataset.kinds import NO_LABEL
from kpl.dataset.reader import Dataset

_SMALL_BOX_PIXELS = 32 * 32
_LARGE_BOX_PIXELS = 96 * 96


def summary(dataset: Dataset) -> dict[str, Any]:
    """Counts and ranges of a dataset or a view of it, ready for JSON.

    Returns:
        `kind`, `num_samples`, `splits`, `class_names`, `size_bytes` and, as far as the kind has them, `classes`
        (per class: samples, objects, and samples of each split), `images` (sizes), `boxes`.
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
