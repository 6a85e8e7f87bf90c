"""Samples by their class, as by person; what is counted once is kept, since versions never change."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kpl.errors import Invalid
from kpl.schemas.dataset import GroupOut
from kpl.sentence import Sentence
from kpl.server.services.dataset_reader import open_dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEPT_GROUPINGS = 16
_SHOWN_ROWS = 6


class Grouping(NamedTuple):
    """Rows in the order of their class.

    Attributes:
        rows: [N] rows with a label, by class and rising inside it.
        class_ids: [G] classes that have samples, largest group first, then by number.
        begins: [G] place in `rows` at which each begins.
        counts: [G] samples of each.
    """

    rows: "NDArray[np.int64]"
    class_ids: "NDArray[np.int64]"
    begins: "NDArray[np.int64]"
    counts: "NDArray[np.int64]"


@lru_cache(maxsize=_KEPT_GROUPINGS)
def grouping(folder: Path, split: str | None) -> Grouping:
    """The groups of a version, or of one split of it: one pass over its column of labels.

    Raises:
        Invalid: its samples have no class.
        NotFound: no such split.
    """
    import numpy as np

    dataset = open_dataset(folder)
    if "label" not in dataset.fields:
        raise Invalid(
            Sentence(
                f"Samples of a dataset of kind {dataset.kind} have no class to group by.",
                f"{dataset.kind} 类数据集的样本没有可用于分组的类别。",
            ),
            hint=Sentence("Filter them by `label` instead.", "请改用 `label` 筛选。"),
        )
    chosen = dataset if split is None else dataset.split(split)
    labels = np.asarray(chosen.columns("label")).astype(np.int64)
    is_labelled = labels >= 0
    labels, rows = labels[is_labelled], chosen.rows[is_labelled]
    counts = np.bincount(labels) if len(labels) else np.zeros(0, np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)))[: len(counts)]
    class_ids = np.flatnonzero(counts)
    class_ids = class_ids[np.argsort(-counts[class_ids], kind="stable")]
    by_class = rows[np.argsort(labels, kind="stable")]
    return Grouping(by_class, class_ids, starts[class_ids], counts[class_ids])


def matching_groups(folder: Path, split: str | None, search: str) -> "NDArray[np.int64]":
    """[M] places among the groups, of those whose name holds the words searched for."""
    import numpy as np

    groups = grouping(folder, split)
    if not search:
        return np.arange(len(groups.class_ids))
    words = search.casefold()
    names = open_dataset(folder).class_names
    found = [
        place
        for place, class_id in enumerate(groups.class_ids.tolist())
        if words in _name(names, class_id).casefold()
    ]
    return np.array(found, np.int64)


def group_out(folder: Path, split: str | None, place: int) -> GroupOut:
    """One group with the first of its rows."""
    groups = grouping(folder, split)
    class_id, begin = int(groups.class_ids[place]), int(groups.begins[place])
    count = int(groups.counts[place])
    return GroupOut(
        class_id=class_id,
        label=_name(open_dataset(folder).class_names, class_id),
        num_samples=count,
        rows=groups.rows[begin : begin + min(count, _SHOWN_ROWS)].tolist(),
    )


def _name(names: tuple[str, ...], class_id: int) -> str:
    return names[class_id] if class_id < len(names) else str(class_id)
