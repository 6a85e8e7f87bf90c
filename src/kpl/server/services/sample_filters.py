"""Which samples of a version are asked for; what was found is kept, since versions never change."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpl.errors import NotFound, nearest
from kpl.schemas.dataset import Verdict
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
    """What samples must have; None asks for nothing.

    Attributes:
        verdict: `accepted`, `rejected`, or `none` for samples that nobody has reviewed.
        layer: whose answers the verdict is about; left out, that which is called `predictions`.
    """

    split: str | None = None
    label: str | None = None
    verdict: str | None = None
    layer: str | None = None


@lru_cache(maxsize=_KEPT)
def matching_rows(folder: Path, chosen: SampleFilter) -> "NDArray[np.int64]":
    """[M] rows of the samples that pass, in order; not to be changed.

    Raises:
        NotFound: the dataset has no such split or class.
    """
    dataset = open_dataset(folder)
    rows = dataset.rows if chosen.split is None else dataset.split(chosen.split).rows
    if chosen.label is not None:
        rows = rows[_has_label(dataset, chosen.label)[_places(dataset, rows)]]
    if chosen.verdict is not None:
        codes = verdict_codes(folder, chosen.layer or PREDICTIONS)
        rows = rows[codes[_places(dataset, rows)] == _VERDICTS.index(chosen.verdict)]
    return rows


def _has_label(dataset: "Dataset", label: str) -> "NDArray[np.bool_]":
    """[N] whether a sample holds the class."""
    import numpy as np

    if label not in dataset.class_names:
        known = dataset.class_names[:_MOST_NAMES]
        raise NotFound(f"There is no class '{label}' in this dataset.", hint=nearest(label, known))
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


def _places(dataset: "Dataset", rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Places in columns of the samples of some rows, which later versions may have fewer of."""
    places: NDArray[np.int64] = dataset.rows.searchsorted(rows) if dataset.is_view else rows
    return places


def keys_of(dataset: "Dataset", rows: "NDArray[np.int64]") -> list[str]:
    """Keys of some samples by their rows."""
    return [key for (key,) in dataset.tuples("key").take(_places(dataset, rows))]
