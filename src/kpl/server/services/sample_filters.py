"""Which samples of a version are asked for; what was found is kept, since versions never change."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpl.errors import NotFound, nearest
from kpl.schemas.dataset import Verdict
from kpl.sentence import Sentence
from kpl.server.services import sample_measures
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.sample_answers import PREDICTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset

_KEPT = 16  # of 1,000,000 samples each holds 8 MB
_VERDICTS = ("none", "accepted", "rejected")
_MOST_NAMES = 1000  # comparing one name with 100,000 takes seconds


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """What samples must have, and their order; None asks for nothing.

    Attributes:
        verdict: `accepted`, `rejected`, or `none` for samples that nobody has reviewed.
        layer: whose answers verdict, score and objects are about; left out, that which is called `predictions`.
        size: `640x480`, or `257-512` for the longer side in pixels; `2049-` has no end.
        objects: how many objects, as `1-1` or `51-`.
        group: `split` or `label`: samples of one after those of another, each in the order below.
        order: `row`, `key`, `size` (pixels), `objects` or `score`; after `-` the highest first.
    """

    split: str | None = None
    label: str | None = None
    verdict: str | None = None
    layer: str | None = None
    size: str | None = None
    objects: str | None = None
    group: str | None = None
    order: str = "row"


@lru_cache(maxsize=_KEPT)
def matching_rows(folder: Path, chosen: SampleFilter) -> "NDArray[np.int64]":
    """[M] rows of the samples that pass, in the order asked for; not to be changed.

    Raises:
        NotFound: the dataset has no such split or class.
        Invalid: its samples have nothing that is to be sorted or divided by.
    """
    dataset = open_dataset(folder)
    rows = dataset.rows if chosen.split is None else dataset.split(chosen.split).rows
    if chosen.label is not None:
        rows = rows[_has_label(dataset, chosen.label)[places_of(dataset, rows)]]
    if chosen.verdict is not None:
        codes = verdict_codes(folder, chosen.layer or PREDICTIONS)
        rows = rows[codes[places_of(dataset, rows)] == _VERDICTS.index(chosen.verdict)]
    if chosen.size is not None:
        rows = rows[_has_size(folder, chosen.size)[places_of(dataset, rows)]]
    if chosen.objects is not None:
        counts = sample_measures.num_objects(folder, chosen.layer)
        rows = rows[in_range(counts, chosen.objects)[places_of(dataset, rows)]]
    return _grouped(folder, _sorted(folder, rows, chosen), chosen.group)


def _sorted(folder: Path, rows: "NDArray[np.int64]", chosen: SampleFilter) -> "NDArray[np.int64]":
    import numpy as np

    by = chosen.order.removeprefix("-")
    if by == "row":
        return rows[::-1] if chosen.order.startswith("-") else rows
    values = _values_of(folder, by, chosen.layer)[places_of(open_dataset(folder), rows)]
    keys = -values if chosen.order.startswith("-") else values  # what has no value stays last either way
    order: NDArray[np.int64] = rows[np.argsort(keys, kind="stable")]
    return order


def _grouped(folder: Path, rows: "NDArray[np.int64]", group: str | None) -> "NDArray[np.int64]":
    import numpy as np

    if group is None:
        return rows
    arranged: NDArray[np.int64] = rows[np.argsort(group_codes(folder, group, rows), kind="stable")]
    return arranged


def group_codes(folder: Path, group: str, rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """[M] the number of the split or class of some rows."""
    measure = sample_measures.split_codes if group == "split" else sample_measures.class_codes
    return measure(folder)[places_of(open_dataset(folder), rows)]


def _values_of(folder: Path, by: str, layer: str | None) -> "NDArray[Any]":
    """[N] numbers to sort samples by."""
    if by == "key":
        return sample_measures.key_ranks(folder)
    if by == "size":
        pixels: NDArray[np.int64] = sample_measures.sizes(folder).prod(axis=1)
        return pixels
    return (
        sample_measures.num_objects(folder, layer)
        if by == "objects"
        else sample_measures.scores(folder, layer)
    )


def _has_size(folder: Path, size: str) -> "NDArray[np.bool_]":
    """[N] whether a sample has the size, or a longer side in the range."""
    sizes = sample_measures.sizes(folder)
    if "x" not in size:
        return in_range(sizes.max(axis=1), size)
    width, height = map(int, size.split("x"))
    matches: NDArray[np.bool_] = (sizes[:, 0] == width) & (sizes[:, 1] == height)
    return matches


def in_range(numbers: "NDArray[np.int64]", text: str) -> "NDArray[np.bool_]":
    """[N] whether a number lies in a range as `3-5` or `51-`, ends included."""
    low, high = text.split("-")
    is_in: NDArray[np.bool_] = numbers >= int(low)
    return is_in & (numbers <= int(high)) if high else is_in


def _has_label(dataset: "Dataset", label: str) -> "NDArray[np.bool_]":
    """[N] whether a sample holds the class."""
    import numpy as np

    if label not in dataset.class_names:
        known = dataset.class_names[:_MOST_NAMES]
        raise NotFound(
            Sentence(f"There is no class '{label}' in this dataset.", f"此数据集中没有类别“{label}”。"),
            hint=nearest(label, known),
        )
    class_id = dataset.class_names.index(label)
    if "label" in dataset.fields:
        return np.asarray(dataset.columns("label") == class_id)
    objects = dataset.columns("labels" if "labels" in dataset.fields else "classes")
    owners = np.repeat(np.arange(len(dataset)), objects.lengths)
    return np.bincount(owners[objects.values == class_id], minlength=len(dataset)) > 0


@lru_cache(maxsize=_KEPT)
def verdict_codes(folder: Path, layer: str) -> "NDArray[np.uint8]":
    """[N] what people decided about each sample's answer in a layer: 0 nothing yet, 1 accepted, 2 rejected."""
    import numpy as np

    from kpl.dataset.review import verdict_of

    dataset = open_dataset(folder)
    verdicts = verdict_of(dataset, layer)
    if verdicts is None:
        return np.zeros(len(dataset), np.uint8)
    codes = {verdict: code for code, verdict in enumerate(_VERDICTS)}
    return np.fromiter((codes.get(verdict, 0) for verdict in verdicts.tolist()), np.uint8, len(dataset))


def count_verdicts(folder: Path, layer: str) -> dict[Verdict, int]:
    """Of how many samples people accepted the answer of a layer, and rejected it."""
    codes = verdict_codes(folder, layer)
    return {"accepted": int((codes == 1).sum()), "rejected": int((codes == 2).sum())}


def places_of(dataset: "Dataset", rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Places in columns of the samples of some rows, which later versions may have fewer of."""
    places: NDArray[np.int64] = dataset.rows.searchsorted(rows) if dataset.is_view else rows
    return places


def keys_of(dataset: "Dataset", rows: "NDArray[np.int64]") -> list[str]:
    """Keys of some samples by their rows."""
    return [key for (key,) in dataset.tuples("key").take(places_of(dataset, rows))]
