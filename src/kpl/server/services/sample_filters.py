"""Which samples of a version are asked for; what was found is kept, since versions never change."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpl.errors import NotFound, nearest
from kpl.server.services.dataset_reader import open_dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset

_KEPT = 16  # of 1,000,000 samples each holds 8 MB
_MOST_NAMES = 1000  # comparing one name with 100,000 takes seconds


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """What samples must have; None asks for nothing."""

    split: str | None = None
    label: str | None = None


@lru_cache(maxsize=_KEPT)
def matching_rows(folder: Path, chosen: SampleFilter) -> "NDArray[np.int64]":
    """[M] rows of the samples that pass, in order; not to be changed.

    Raises:
        NotFound: the dataset has no such split or class.
    """
    dataset = open_dataset(folder)
    view = dataset if chosen.split is None else dataset.split(chosen.split)
    return view.rows if chosen.label is None else view.rows[_places_of_label(view, chosen.label)]


def _places_of_label(view: "Dataset", label: str) -> "NDArray[np.int64]":
    """Places in the view of the samples that hold the class."""
    import numpy as np

    if label not in view.class_names:
        known = view.class_names[:_MOST_NAMES]
        raise NotFound(f"There is no class '{label}' in this dataset.", hint=nearest(label, known))
    class_id = view.class_names.index(label)
    if "label" in view.fields:
        return np.flatnonzero(np.asarray(view.columns("label")) == class_id)
    objects = view.columns("labels" if "labels" in view.fields else "classes")
    owners = np.repeat(np.arange(len(view)), objects.lengths)
    return np.unique(owners[objects.values == class_id])


def keys_of(dataset: "Dataset", rows: "NDArray[np.int64]") -> list[str]:
    """Keys of some samples by their rows."""
    places = dataset.rows.searchsorted(rows) if dataset.is_view else rows
    return [key for (key,) in dataset.tuples("key").take(places)]
