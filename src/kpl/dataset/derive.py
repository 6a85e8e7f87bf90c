"""A new dataset from one that is there: other splits, other labels, more layers.

The shards of the rest are shared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpl.dataset import layout
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import DTYPES, LIST, Field, field
from kpl.dataset.kinds import LABELS, SAMPLES, TEMPLATES, Kind
from kpl.dataset.layer_writer import LayerWriter
from kpl.dataset.manifest import Delta, Draft, Layer, Manifest, ShardRef, commit, has_references
from kpl.dataset.reader import Dataset
from kpl.dataset.references import check_destination
from kpl.dataset.splits import SplitRule
from kpl.errors import Conflict, Invalid, nearest

_NAMES_OF_DTYPES = {dtype: name for name, dtype in DTYPES.items()}


def derive(
    source: Dataset,
    dest: Path,
    *,
    splits: Mapping[str, ArrayLike] | Sequence[str | None] | NDArray[Any] | SplitRule | None,
    layers: Mapping[str, Mapping[str, Any]] | None,
    kind: str | None,
    class_names: Sequence[str] | None,
    attributes: Mapping[str, str] | None,
    message: str,
) -> Dataset:
    """Carry out `Dataset.derive`."""
    if not source.is_whole:
        raise Invalid(
            f"{source!r} is a view: only a whole dataset can be derived from.", hint="Give splits instead."
        )
    if layout.versions(dest):
        raise Conflict(f"{dest} holds a dataset already.", hint="Derive into another folder.")
    manifest = source.snapshot.manifest
    if has_references(manifest.layers):
        check_destination(source.path, dest)
    new_kind = Kind(kind) if kind is not None else source.kind
    num_rows = manifest.rows
    rule = splits if isinstance(splits, SplitRule) else manifest.split_rule if splits is None else None
    if isinstance(splits, SplitRule):
        placed = splits.rows(source.columns("key"))
        splits = {name: source.rows[places] for name, places in placed.items()}
    split_rows = (
        source.split_rows() if splits is None else parse_splits(_splits_by_row(source, splits), num_rows)
    )
    replaced = {name: by_row(source, name, values) for name, values in (layers or {}).items()}
    if SAMPLES in replaced:
        raise Invalid(
            "The layer 'samples' cannot be replaced.", hint="Write a new dataset for other samples."
        )
    deltas = tuple(
        Delta(each.layer, each.by, source.snapshot.split_rows(each.rows))
        for each in manifest.deltas
        if each.layer not in replaced
    )
    unused = manifest.hidden_layers - {each.by for each in deltas} | set(replaced)
    kept = [layer for layer in manifest.layers if layer.name not in unused]
    names = tuple(class_names) if class_names is not None else manifest.class_names
    made = [_write_layer(dest, name, values, manifest, new_kind) for name, values in replaced.items()]
    for layer in kept:
        share_shards(source.path, dest, layer)
    for layer in (*kept, *made):
        folder = dest / "data" / layer.name
        if folder.is_dir():
            layout.fsync_folder(folder)
    draft = Draft(
        kind=str(new_kind),
        class_names=names,
        layers=(*(unindexed(layer) for layer in kept), *made),
        splits=split_rows,
        attributes={**manifest.attributes, **(attributes or {})},
        deltas=deltas,
        removed=source.snapshot.split_rows(manifest.removed) if manifest.removed is not None else None,
        message=message,
        split_rule=rule,
    )
    commit(dest, draft, parent=0)
    return Dataset.open(dest)


def share_shards(source: Path, dest: Path, layer: Layer) -> None:
    """Let a dataset have the shards of another one's layer: by links where there can be some."""
    for shard in layer.shards:
        layout.link_or_copy(
            layout.shard_path(source, layer.name, shard.id), layout.shard_path(dest, layer.name, shard.id)
        )


def by_row(source: Dataset, layer: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of every row from values of every sample; a removed row takes the value of the sample before it.

    Raises:
        Invalid: not as many values as samples.
    """
    for name, column in values.items():
        if len(column) != len(source):
            raise Invalid(f"layers['{layer}']['{name}'] has {len(column)} values for {len(source)} rows.")
    if not source.is_view or not len(source):
        return values
    places = np.searchsorted(source.rows, np.arange(source.snapshot.manifest.rows), "right") - 1
    places = places.clip(min=0)
    return {
        name: column[places]
        if isinstance(column, np.ndarray)
        else [column[place] for place in places.tolist()]
        for name, column in values.items()
    }


def _splits_by_row(source: Dataset, splits: Any) -> Any:
    """Splits as they are, or with names of samples brought to rows where some rows are removed.

    Raises:
        Invalid: a split names a removed row.
    """
    if not source.is_view:
        return splits
    if isinstance(splits, Mapping):
        for name, rows in splits.items():
            given = np.asarray(rows)
            if given.dtype.kind in "iu" and not np.isin(given, source.rows).all():
                raise Invalid(
                    f"Split '{name}' names a row that is removed.", hint="Take rows from `ds.rows`."
                )
        return splits
    names = list(splits)
    if len(names) != len(source):
        raise Invalid(f"{len(names)} names of splits were given for {len(source)} rows.")
    by_row: list[str | None] = [None] * source.snapshot.manifest.rows
    for row, name in zip(source.rows.tolist(), names, strict=True):
        by_row[row] = name
    return by_row


def unindexed(layer: Layer) -> Layer:
    """The layer as it is before an index repeats the tails of its shards."""
    return Layer(
        layer.name, layer.fields, tuple(ShardRef(s.id, s.rows, s.size, s.tail_start) for s in layer.shards)
    )


def parse_splits(
    splits: Mapping[str, ArrayLike] | Sequence[str | None] | NDArray[Any], num_rows: int
) -> dict[str, NDArray[np.int64]]:
    """Rising rows of each split, from rows or from the name of each row's split.

    Raises:
        Invalid: a row that there is not, or as many names as there are no rows.
    """
    if isinstance(splits, Mapping):
        return {name: _parse_rows(name, rows, num_rows) for name, rows in splits.items()}
    names = list(splits)
    if len(names) != num_rows:
        raise Invalid(f"{len(names)} names of splits were given for {num_rows} rows.")
    column = np.array(["" if name is None else str(name) for name in names])
    order = dict.fromkeys(str(name) for name in names if name)
    return {name: np.flatnonzero(column == name).astype(np.int64) for name in order}


def _parse_rows(name: str, rows: ArrayLike, num_rows: int) -> NDArray[np.int64]:
    given = np.asarray(rows)
    if given.dtype == np.bool_ and given.shape == (num_rows,):
        given = np.flatnonzero(given)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise Invalid(
            f"Split '{name}': a list of row numbers is expected, not {given.dtype} of shape {given.shape}."
        )
    unique: NDArray[np.int64] = np.unique(given.astype(np.int64))
    if len(unique) != len(given):
        raise Invalid(f"Split '{name}': a row is named twice.")
    if len(unique) and not 0 <= unique[0] <= unique[-1] < num_rows:
        wrong = unique[0] if unique[0] < 0 else unique[-1]
        raise Invalid(f"Split '{name}' names row {wrong}, but rows are numbered 0 to {num_rows - 1}.")
    return unique


def _write_layer(dest: Path, name: str, values: Mapping[str, Any], manifest: Manifest, kind: Kind) -> Layer:
    """Write the values as shards that begin where those of the samples do."""
    if not layout.is_layer_name(name):
        raise Invalid(f"'{name}' is not a name for a layer: small letters, digits, - and _ only.")
    template = {each.name: each for each in TEMPLATES[kind].labels} if name == LABELS else {}
    fields = tuple(_field_of(each, column, template) for each, column in values.items())
    for each, column in values.items():
        if len(column) != manifest.rows:
            raise Invalid(f"layers['{name}']['{each}'] has {len(column)} values for {manifest.rows} rows.")
    missing = {each.name for each in template.values() if not each.is_optional} - set(values)
    if missing:
        raise Invalid(f"layers['labels'] lacks {sorted(missing)}, which a dataset for {kind} has.")
    return write_layer(dest, name, fields, values, manifest)


def write_layer(
    dest: Path, name: str, fields: tuple[Field, ...], values: Mapping[str, Any], manifest: Manifest
) -> Layer:
    """Write values of every row as a layer with such fields, in shards that begin where those of the samples do."""
    folder = dest / layout.WRITING / f"layer-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    writer = LayerWriter(dest, name, fields, folder)
    samples = next(layer for layer in manifest.layers if layer.name == SAMPLES)
    shards, row = [], 0
    for shard in samples.shards:
        _append_rows(writer, values, row, row + shard.rows)
        writer.flush(shard.rows)
        shards.append(writer.finish())
        row += shard.rows
    folder.rmdir()
    folder.parent.rmdir()
    return Layer(name, fields, tuple(shards))


def _append_rows(writer: LayerWriter, values: Mapping[str, Any], start: int, stop: int) -> None:
    for row in range(start, stop):
        for name, append in writer.appenders.items():
            try:
                append(values[name][row])
            except (BadSample, TypeError, ValueError, OverflowError) as err:
                raise BadSample(f"layers['{writer.name}']['{name}'][{row}]: {str(err).rstrip('.')}.") from err


def _field_of(name: str, column: Any, template: Mapping[str, Field]) -> Field:
    """The field that holds such values: as the kind's template says, or guessed from the first value."""
    if name in template:
        return template[name]
    if isinstance(column, np.ndarray) and column.dtype != object:
        return _field_of_array(name, column)
    first = next((value for value in column if value is not None), None)
    is_optional = any(value is None for value in column)
    if first is None or isinstance(first, (bool, int, np.integer, float, np.floating, str, bytes)):
        return field(name, _type_of_scalar(name, first), is_optional=is_optional)
    return _field_of_lists(name, column, first, is_optional=is_optional)


def _field_of_lists(name: str, column: Any, first: Any, *, is_optional: bool) -> Field:
    if isinstance(first, Mapping):
        return field(name, "json", is_optional=is_optional)
    items = next((np.asarray(each) for each in column if each is not None and len(each)), np.asarray(first))
    if items.dtype == object or items.dtype.kind not in "biuf":
        return field(name, "json", is_optional=is_optional)
    if name == "boxes" and items.shape[1:] == (4,):
        return field(name, "boxes", is_optional=is_optional)
    dtype = _dtype_name(items.dtype)
    return Field(name, "numbers", LIST, DTYPES[dtype], tuple(items.shape[1:]), is_optional)


def _field_of_array(name: str, column: NDArray[Any]) -> Field:
    if column.dtype.kind == "U":
        return field(name, "string")
    if column.dtype.kind not in "biuf":
        raise Invalid(
            f"Field '{name}': an array of {column.dtype} cannot be stored.", hint=nearest("float32", DTYPES)
        )
    if column.ndim == 1:
        is_category = name in ("label", "class_id") and column.dtype.kind in "iu"
        return field(name, "category" if is_category else _dtype_name(column.dtype))
    return field(name, "tensor", dtype=_dtype_name(column.dtype), shape=tuple(column.shape[1:]))


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return _NAMES_OF_DTYPES.get(dtype.newbyteorder("<").str, "float64")


def _type_of_scalar(name: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (int, np.integer)):
        return "category" if name in ("label", "class_id") else "int64"
    if isinstance(value, (float, np.floating)):
        return "float64"
    return "bytes" if isinstance(value, bytes) else "string"
