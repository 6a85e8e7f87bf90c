"""What samples can be sorted and divided by: size, number of objects, score, split, class.

All are [N], in the order of the dataset's samples. Columns alone are read, never an image, and what was read is kept,
since versions never change.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpl.errors import Invalid
from kpl.sentence import Sentence
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.sample_answers import PREDICTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset

_KEPT = 8


@lru_cache(maxsize=_KEPT)
def sizes(folder: Path) -> "NDArray[np.int64]":
    """[N, 2] width and height in pixels.

    Raises:
        Invalid: samples have no image.
    """
    import numpy as np

    dataset = open_dataset(folder)
    if not {"width", "height"} <= set(dataset.fields):
        raise Invalid(
            Sentence(
                f"Samples of a dataset of kind {dataset.kind} have no size.",
                f"{dataset.kind} 类数据集的样本没有尺寸。",
            ),
            hint=Sentence("Sort by `row`.", "请按 `row` 排序。"),
        )
    return np.stack([np.asarray(dataset.columns(name), np.int64) for name in ("width", "height")], axis=1)


@lru_cache(maxsize=_KEPT)
def num_objects(folder: Path, layer: str | None) -> "NDArray[np.int64]":
    """[N] labelled objects, or where nothing is labelled those that a layer of predictions answers.

    Raises:
        Invalid: neither has objects.
    """
    import numpy as np

    dataset = open_dataset(folder)
    name = next((name for name in ("boxes", f"{layer or PREDICTIONS}.boxes") if name in dataset.fields), None)
    if name is None:
        raise Invalid(
            Sentence(
                f"Samples of this dataset of kind {dataset.kind} have no objects.",
                f"此 {dataset.kind} 类数据集的样本没有目标。",
            ),
            hint=Sentence("Sort by `row`.", "请按 `row` 排序。"),
        )
    return np.asarray(dataset.columns(name).lengths, np.int64)


@lru_cache(maxsize=_KEPT)
def scores(folder: Path, layer: str | None) -> "NDArray[np.float64]":
    """[N] how sure a layer of predictions is: of its class, or of its surest object; NaN where it answers nothing.

    Raises:
        Invalid: the layer has no scores.
    """
    import numpy as np

    dataset = open_dataset(folder)
    name = layer or PREDICTIONS
    if f"{name}.score" in dataset.fields:
        return np.asarray(dataset.columns(f"{name}.score"), np.float64)
    if f"{name}.scores" in dataset.fields and f"{name}.boxes" in dataset.fields:
        return _surest(dataset.columns(f"{name}.scores"))
    raise Invalid(
        Sentence(f"This dataset has no scores in a layer '{name}'.", f"此数据集的图层“{name}”中没有得分。"),
        hint=Sentence("Sort by `row`.", "请按 `row` 排序。"),
    )


def _surest(scores: Any) -> "NDArray[np.float64]":
    """[N] the highest of each list; NaN of an empty one."""
    import numpy as np

    highest = np.full(len(scores.lengths), np.nan)
    has_some = scores.lengths > 0
    starts = scores.offsets[:-1][has_some]
    if len(starts):
        highest[has_some] = np.maximum.reduceat(np.asarray(scores.values, np.float64), starts)
    return highest


@lru_cache(maxsize=_KEPT)
def key_ranks(folder: Path) -> "NDArray[np.int64]":
    """[N] the place of each sample when all are sorted by key."""
    import numpy as np

    dataset: Dataset = open_dataset(folder)
    order = np.argsort(dataset.columns("key"), kind="stable") if len(dataset) else np.zeros(0, np.int64)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


@lru_cache(maxsize=_KEPT)
def split_codes(folder: Path) -> "NDArray[np.int64]":
    """[N] the number of each sample's split, the first of several; those in none have the highest."""
    import numpy as np

    dataset = open_dataset(folder)
    members = list(dataset.split_rows().values())
    codes = np.full(int(dataset.rows[-1]) + 1 if len(dataset) else 0, len(members), np.int64)
    for code, rows in reversed(list(enumerate(members))):
        codes[rows] = code
    return codes[dataset.rows]


@lru_cache(maxsize=_KEPT)
def class_codes(folder: Path) -> "NDArray[np.int64]":
    """[N] the class of each sample; those without one have the highest number.

    Raises:
        Invalid: samples have no class of their own.
    """
    import numpy as np

    dataset = open_dataset(folder)
    if "label" not in dataset.fields:
        raise Invalid(
            f"Samples of a dataset of kind {dataset.kind} have no class of their own to be arranged by.",
            hint="Filter them by `label`, or arrange them by `split`.",
        )
    labels = np.asarray(dataset.columns("label"), np.int64)
    return np.where(labels < 0, max(len(dataset.class_names), int(labels.max(initial=-1)) + 1), labels)
