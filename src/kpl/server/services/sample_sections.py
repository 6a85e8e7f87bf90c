"""The splits or classes that a list of samples is arranged by, with how many samples each has in it."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from kpl.errors import Invalid
from kpl.schemas.dataset import SectionOut, SectionsOut
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.sample_filters import SampleFilter, group_codes, matching_rows

_KEPT = 32
MOST_SECTIONS = 20_000
"""More than a list can be scrolled through; persons of a large set are found by name."""


def sections(folder: Path, chosen: SampleFilter) -> SectionsOut:
    """Exact numbers, in the order of the list; what no sample of it has is left out.

    Raises:
        Invalid: the list is not arranged by anything, by what its samples do not have, or by too many classes.
    """
    if chosen.group is None:
        raise Invalid("group: nothing is named.", hint="Name `split` or `label`.")
    return _sections(folder, replace(chosen, order="row"), chosen.group)


@lru_cache(maxsize=_KEPT)
def _sections(folder: Path, chosen: SampleFilter, group: str) -> SectionsOut:
    import numpy as np

    dataset = open_dataset(folder)
    rows = matching_rows(folder, chosen)
    codes, counts = np.unique(group_codes(folder, group, rows), return_counts=True)
    if len(codes) > MOST_SECTIONS:
        raise Invalid(
            f"group: the samples have {len(codes):,} classes, and {MOST_SECTIONS:,} is the most.",
            hint="Find a class by its name in the list of groups, or arrange them by `split`.",
        )
    names = tuple(dataset.splits) if group == "split" else dataset.class_names
    is_class = group == "label"
    return SectionsOut(
        items=[
            SectionOut(
                id=names[code] if code < len(names) else None,
                class_id=code if is_class and code < len(names) else None,
                count=count,
            )
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        ],
        num_samples=len(rows),
    )
