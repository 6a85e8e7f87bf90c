"""What tells two versions of a dataset apart, sample by sample."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kpl.errors import NotFound, nearest
from kpl.schemas.dataset import ChangedSampleOut, ChangedSamplesOut, DifferenceOut, SampleChange
from kpl.sentence import Sentence
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.datasets import find_dataset_version
from kpl.server.services.paging import decode_cursor, encode_cursor
from kpl.server.services.platform import Platform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset

_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Difference:
    """Rows of the samples that differ, in their order.

    Args:
        added: [A] rows of the later version.
        removed: [R] rows of the earlier one.
        changed: [C,2] rows before and after.
        fields: [C] by field, whether it changed.
    """

    added: "NDArray[np.int64]"
    removed: "NDArray[np.int64]"
    changed: "NDArray[np.int64]"
    fields: "dict[str, NDArray[np.bool_]]"


def get_difference(
    platform: Platform, caller: Caller, project: str, name: str, *, before: int, after: int
) -> DifferenceOut:
    """Count the samples that were added, removed and changed from one version to another."""
    folders = _folders(platform, caller, project, name, before, after)
    found = _difference(*folders)
    _, newer = _open(folders)
    return DifferenceOut(
        name=name,
        before=before,
        after=after,
        num_added=len(found.added),
        num_removed=len(found.removed),
        num_changed=len(found.changed),
        num_same=len(newer) - len(found.added) - len(found.changed),
        fields={field: int(changed.sum()) for field, changed in found.fields.items()},
    )


def list_changed_samples(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    *,
    before: int,
    after: int,
    change: SampleChange,
    field: str | None,
    cursor: str | None,
    limit: int,
) -> ChangedSamplesOut:
    """List the samples that differ in one way, in their order.

    Raises:
        NotFound: the field changed in no sample.
    """
    folders = _folders(platform, caller, project, name, before, after)
    found = _difference(*folders)
    older, newer = _open(folders)
    if field is not None and field not in found.fields:
        raise NotFound(
            Sentence(f"Field '{field}' changed in no sample.", f"没有样本的字段“{field}”发生变化。"),
            hint=nearest(field, found.fields),
        )
    rows = {"added": found.added, "removed": found.removed, "changed": found.changed}[change]
    places = range(len(rows)) if field is None or change != "changed" else found.fields[field].nonzero()[0]
    start = 0 if cursor is None else max(0, int(decode_cursor(cursor, int)))
    chosen = places[start : start + limit]
    items = [_sample_out(found, older, newer, change, int(place)) for place in chosen]
    end = start + len(chosen)
    return ChangedSamplesOut(
        items=items,
        next_cursor=encode_cursor(end) if end < len(places) else None,
        num_matches=len(places),
    )


def _sample_out(
    found: _Difference, older: "Dataset", newer: "Dataset", change: SampleChange, place: int
) -> ChangedSampleOut:
    before = after = None
    fields: list[str] = []
    if change == "added":
        after = int(found.added[place])
    elif change == "removed":
        before = int(found.removed[place])
    else:
        before, after = map(int, found.changed[place])
        fields = [name for name, changed in found.fields.items() if changed[place]]
    sample = newer[after] if after is not None else older[before or 0]
    return ChangedSampleOut(
        change=change,
        key=sample.key,
        row_before=before,
        row_after=after,
        fields=fields,
        label_before=_label(older, before),
        label_after=_label(newer, after),
    )


def _folders(
    platform: Platform, caller: Caller, project: str, name: str, before: int, after: int
) -> tuple[Path, Path]:
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        digests = [find_dataset_version(session, owner.id, name, each).digest for each in (before, after)]
    return platform.artifacts.materialize(digests[0]), platform.artifacts.materialize(digests[1])


def _open(folders: tuple[Path, Path]) -> "tuple[Dataset, Dataset]":
    from kpl.server.services.dataset_reader import open_dataset

    return open_dataset(folders[0]), open_dataset(folders[1])


@lru_cache(maxsize=_KEPT)
def _difference(before: Path, after: Path) -> _Difference:
    """Compare two materialised artifacts, whose files never change."""
    import numpy as np

    from kpl.dataset import versions

    older, newer = _open((before, after))
    found = versions.diff(older, newer)
    rows_before, rows_after = _rows(older), _rows(newer)
    names = dict.fromkeys(field for fields in found.changed.values() for field in fields)
    changed = [(rows_before[key], rows_after[key]) for key in found.changed]
    return _Difference(
        added=np.fromiter((rows_after[key] for key in found.added), np.int64),
        removed=np.fromiter((rows_before[key] for key in found.removed), np.int64),
        changed=np.array(changed, np.int64).reshape(-1, 2),
        fields={
            name: np.fromiter((name in fields for fields in found.changed.values()), np.bool_)
            for name in names
        },
    )


def _rows(dataset: "Dataset") -> dict[str, int]:
    return {key: row for row, key in enumerate(dataset.columns("key").tolist())} if len(dataset) else {}


def _label(dataset: "Dataset", row: int | None) -> str | None:
    from kpl.server.services.sample_answers import class_id_of, class_name_of

    return None if row is None else class_name_of(dataset, class_id_of(dataset[row], "label"))
