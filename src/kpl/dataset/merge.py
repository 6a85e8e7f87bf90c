"""One dataset of several: the shards of all of them, and their labels by one list of classes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.dataset import layout
from kpl.dataset.columns import Ragged
from kpl.dataset.derive import by_row, share_shards, unindexed, write_layer
from kpl.dataset.fields import BLOB, Field
from kpl.dataset.kinds import SAMPLES
from kpl.dataset.manifest import Draft, Layer, commit
from kpl.dataset.reader import Dataset
from kpl.dataset.snapshot import qualified_name
from kpl.errors import Conflict, Invalid

OnDuplicate = Literal["refuse", "keep_first"]
_MASK = "mask"
_CATEGORIES = ("category", "categories")


class MergeReport(NamedTuple):
    """What a merge made.

    Attributes:
        num_dropped: samples left out because an earlier dataset has their key.
    """

    dataset: Dataset
    num_dropped: int


class _Part(NamedTuple):
    """A dataset to be merged: its first row in the new one, and the new id of each of its classes."""

    dataset: Dataset
    start: int
    class_ids: tuple[int, ...]

    @property
    def keeps_ids(self) -> bool:
        return self.class_ids == tuple(range(len(self.class_ids)))


def merge(
    sources: Sequence[str | os.PathLike[str] | Dataset],
    dest: str | os.PathLike[str],
    *,
    on_duplicate: OnDuplicate = "refuse",
) -> MergeReport:
    """Make a new dataset of whole datasets of one kind, in their order. Images are shared, not copied.

    Class ids of the first dataset stay; a class that others have under another id is renumbered there. Splits of one
    name become one. Layers must be the same everywhere.

    Args:
        on_duplicate: refuse when two datasets have a sample of the same key, or keep the one of the first.
    Raises:
        Invalid: fewer than two, a view, other kinds or layers, or masks of pixels that would have to be renumbered.
        Conflict: `dest` holds a dataset already, or a key stands in two of them.
    """
    folder = layout.folder_of(dest)
    datasets = [each if isinstance(each, Dataset) else Dataset.open(each) for each in sources]
    _check(datasets, folder)
    class_names = tuple(dict.fromkeys(name for each in datasets for name in each.class_names))
    parts = _parts(datasets, class_names)
    _check_masks(parts)
    repeated = _repeated_rows(parts, on_duplicate)
    layers = [_merged(name, parts, folder) for name in datasets[0].layers]
    for layer in layers:
        layout.fsync_folder(folder / "data" / layer.name)
    attributes: dict[str, str] = {}
    for each in datasets:
        attributes = {**each.attributes, **attributes}
    removed = np.union1d(_removed_rows(parts), repeated).astype(np.int64)
    draft = Draft(
        kind=str(datasets[0].kind),
        class_names=class_names,
        layers=tuple(layers),
        splits=_splits(parts, repeated),
        attributes=attributes,
        removed=removed if len(removed) else None,
    )
    commit(folder, draft, parent=0)
    return MergeReport(Dataset.open(folder), len(repeated))


def _check(datasets: Sequence[Dataset], dest: Path) -> None:
    if len(datasets) < 2:
        raise Invalid(f"{len(datasets)} datasets cannot be merged.", hint="Name at least two.")
    if layout.versions(dest):
        raise Conflict(f"{dest} holds a dataset already.", hint="Merge into another folder.")
    first = datasets[0]
    for each in datasets:
        if not each.is_whole:
            raise Invalid(f"{each!r} is a view: only whole datasets can be merged.", hint="Branch it first.")
        if each.kind != first.kind:
            raise Invalid(f"{each.path} is for {each.kind}, but {first.path} for {first.kind}.")
        if each.fields != first.fields:
            differing = sorted(
                name
                for name in each.fields.keys() | first.fields.keys()
                if each.fields.get(name) != first.fields.get(name)
            )
            raise Invalid(
                f"{each.path} and {first.path} differ in the fields {', '.join(differing)}.",
                hint="Derive a dataset without them first, or one that has them.",
            )
        if any(delta.layer == SAMPLES for delta in each.snapshot.manifest.deltas):
            raise Invalid(
                f"{each.path} has corrections of samples, which cannot be shared.", hint="Pack it anew first."
            )


def _parts(datasets: Sequence[Dataset], class_names: tuple[str, ...]) -> list[_Part]:
    ids = {name: number for number, name in enumerate(class_names)}
    parts, start = [], 0
    for each in datasets:
        parts.append(_Part(each, start, tuple(ids[name] for name in each.class_names)))
        start += each.snapshot.manifest.rows
    return parts


def _check_masks(parts: Sequence[_Part]) -> None:
    for part in parts:
        if not part.keeps_ids and any(field.type == _MASK for field in part.dataset.fields.values()):
            raise Invalid(
                f"{part.dataset.path} has its classes in another order, and its masks hold them pixel by pixel.",
                hint="Import it again with class_names in the order of the first dataset.",
            )


def _repeated_rows(parts: Sequence[_Part], on_duplicate: OnDuplicate) -> NDArray[np.int64]:
    """Rows of the new dataset whose key an earlier dataset has."""
    owner: dict[str, Path | str] = {}
    repeated: list[int] = []
    for part in parts:
        keys = part.dataset.columns("key")
        for row, key in zip(part.dataset.rows.tolist(), keys, strict=True):
            if key not in owner:
                continue
            if on_duplicate == "refuse":
                raise Conflict(
                    f"Sample '{key}' is in {owner[key]} and in {part.dataset.path}.",
                    hint="Keep the one of the first with on_duplicate='keep_first', or give it another key.",
                )
            repeated.append(part.start + row)
        owner |= dict.fromkeys(keys, part.dataset.path)
    return np.array(repeated, np.int64)


def _removed_rows(parts: Sequence[_Part]) -> NDArray[np.int64]:
    gone = [
        part.dataset.snapshot.split_rows(removed) + part.start
        for part in parts
        if (removed := part.dataset.snapshot.manifest.removed) is not None
    ]
    return np.concatenate(gone) if gone else np.empty(0, np.int64)


def _splits(parts: Sequence[_Part], repeated: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[NDArray[np.int64]]] = {}
    for part in parts:
        for name, rows in part.dataset.split_rows().items():
            found.setdefault(name, []).append(rows + part.start)
    return {
        name: np.setdiff1d(np.concatenate(rows), repeated, assume_unique=True) for name, rows in found.items()
    }


def _merged(name: str, parts: Sequence[_Part], dest: Path) -> Layer:
    made = [_layer_of(name, part, dest) for part in parts]
    return Layer(name, made[0].fields, tuple(shard for layer in made for shard in layer.shards))


def _layer_of(name: str, part: _Part, dest: Path) -> Layer:
    """A layer of one of the datasets, shared where its values stay as they are."""
    manifest = part.dataset.snapshot.manifest
    layer = next(each for each in manifest.layers if each.name == name)
    is_corrected = any(delta.layer == name for delta in manifest.deltas)
    has_class_ids = any(field.type in (*_CATEGORIES, _MASK) for field in layer.fields)
    is_short = layer.num_rows < manifest.rows  # rows were appended that the layer does not have
    if not (is_corrected or is_short or (has_class_ids and not part.keeps_ids)):
        share_shards(part.dataset.path, dest, layer)
        return unindexed(layer)
    values = {field.name: _values(name, field, part) for field in layer.fields}
    return write_layer(dest, name, layer.fields, by_row(part.dataset, name, values), manifest)


def _values(layer: str, field: Field, part: _Part) -> Any:
    """A field's values of every sample, class ids as they are in the new dataset."""
    name = qualified_name(layer, field.name)
    if field.layout == BLOB:
        return [sample[name] for sample in part.dataset]
    column = part.dataset.columns(name)
    is_renumbered = field.type in _CATEGORIES and not part.keeps_ids
    if isinstance(column, Ragged):
        items = _renumbered(column.values, part.class_ids) if is_renumbered else column.values
        return np.split(items, column.offsets[1:-1]) if len(column.lengths) else []
    return _renumbered(column, part.class_ids) if is_renumbered else column


def _renumbered(ids: NDArray[Any], new_ids: Sequence[int]) -> NDArray[Any]:
    """Class ids by the new list; negative ones, which mean none, stay."""
    table = np.array(new_ids, ids.dtype if ids.dtype.kind in "iu" else np.int64)
    return np.where(ids < 0, ids, table[np.maximum(ids, 0)]) if len(table) else ids
