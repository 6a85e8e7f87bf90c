"""How the samples that pass a filter divide by size and by their number of objects."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpl.errors import Invalid
from kpl.schemas.dataset import FacetOut, FacetsOut
from kpl.server.services import sample_measures
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.sample_filters import SampleFilter, matching_rows, places_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEPT = 64
MOST_SIZES = 8
"""Sizes that are told apart; of more, ranges of the longer side are."""
_SIDES = (0, 65, 129, 257, 513, 1025, 2049, 4097)
_OBJECTS = (0, 1, 2, 3, 6, 11, 21, 51, 101)


@lru_cache(maxsize=_KEPT)
def facets(folder: Path, chosen: SampleFilter) -> FacetsOut:
    """Exact numbers of samples, each facet as if it were not filtered by itself; empty where there is no such thing."""
    return FacetsOut(
        sizes=_size_facet(folder, replace(chosen, size=None, group=None, order="row")),
        objects=_object_facet(folder, replace(chosen, objects=None, group=None, order="row")),
    )


def _size_facet(folder: Path, chosen: SampleFilter) -> list[FacetOut]:
    import numpy as np

    try:
        sizes = sample_measures.sizes(folder)
    except Invalid:
        return []
    sizes = sizes[_chosen_places(folder, chosen)]
    # as one number each, which is sorted much faster than pairs
    found, counts = np.unique(sizes[:, 0] << 32 | sizes[:, 1], return_counts=True)
    if len(found) > MOST_SIZES:
        return _ranges(sizes.max(axis=1), _SIDES)
    order = np.argsort(-counts, kind="stable")
    return [
        FacetOut(id=f"{size >> 32}x{size & 0xFFFFFFFF}", count=count)
        for size, count in zip(found[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _object_facet(folder: Path, chosen: SampleFilter) -> list[FacetOut]:
    try:
        counts = sample_measures.num_objects(folder, chosen.layer)
    except Invalid:
        return []
    return _ranges(counts[_chosen_places(folder, chosen)], _OBJECTS)


def _chosen_places(folder: Path, chosen: SampleFilter) -> "NDArray[np.int64]":
    return places_of(open_dataset(folder), matching_rows(folder, chosen))


def _ranges(numbers: "NDArray[np.int64]", starts: tuple[int, ...]) -> list[FacetOut]:
    """Numbers of samples in ranges that begin at `starts`, those that are empty left out."""
    import numpy as np

    counts = np.bincount(np.searchsorted(starts, numbers, "right") - 1, minlength=len(starts)).tolist()
    ends = [str(start - 1) for start in starts[1:]] + [""]
    return [
        FacetOut(id=f"{start}-{end}", count=count)
        for start, end, count in zip(starts, ends, counts, strict=True)
        if count
    ]
