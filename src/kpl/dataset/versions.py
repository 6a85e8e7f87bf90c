"""Versions of a dataset in its folder: corrections, removed samples, tags, branches, differences, the way back.

Nothing that is there is rewritten. A correction stores the corrected rows, a removal a list of row numbers.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.dataset import layout
from kpl.dataset.columns import Ragged
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, DTYPES, Field
from kpl.dataset.kinds import LABELS, NO_LABEL, SAMPLES, TEMPLATES
from kpl.dataset.layer_writer import LayerWriter
from kpl.dataset.manifest import Delta, Draft, Layer, Manifest, ShardRef, commit, load
from kpl.dataset.reader import Dataset
from kpl.dataset.validators import check_classes, complete_mask, complete_objects
from kpl.dataset.writer import carried_over
from kpl.errors import Conflict, Invalid, NotFound, nearest
from kpl.sentence import Sentence
from kpl.storage.url import is_remote

_MAX_DELTAS = 8  # of a layer; more are merged into one, since each costs a look-up when reading

Changes = Mapping[str, Mapping[str, Any]]


class Version(NamedTuple):
    """A version as history shows it.

    Attributes:
        made_of: number of the version that it was made of; 0 for none.
        new_bytes: of the shards that no version before it has.
    """

    number: int
    made_of: int
    message: str
    num_samples: int
    digest: str
    tags: tuple[str, ...]
    new_bytes: int


class Difference(NamedTuple):
    """What tells two versions apart, by the keys of samples, in their order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: dict[str, tuple[str, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether both have the same samples with the same values."""
        return not (self.added or self.removed or self.changed)


def history(path: str | os.PathLike[str]) -> list[Version]:
    """All versions that are there, newest first."""
    root = layout.folder_of(path)
    layout.newest_version(root)
    tags_of: dict[int, list[str]] = {}
    for name, number in tags(root).items():
        tags_of.setdefault(number, []).append(name)
    seen: set[str] = set()
    found = []
    for number in layout.versions(root):
        manifest = load(root, number)
        shards = {shard.id: shard.size for layer in manifest.layers for shard in layer.shards}
        new_bytes = sum(size for shard_id, size in shards.items() if shard_id not in seen)
        seen |= set(shards)
        found.append(
            Version(
                number,
                manifest.parent,
                manifest.message,
                manifest.num_samples,
                manifest.digest,
                tuple(tags_of.get(number, ())),
                new_bytes,
            )
        )
    return found[::-1]


def tag(path: str | os.PathLike[str], name: str, *, version: int | None = None, move: bool = False) -> int:
    """Give a version a name; a tagged version is kept by `gc`.

    Returns:
        The number of the version.
    Raises:
        Conflict: the name is another version's, and `move` is not given.
    """
    root = layout.folder_of(path)
    if not layout.is_tag_name(name):
        raise Invalid(
            f"'{name}' is not a name for a tag.", hint="A letter, then letters, digits, '.', '_' and '-'."
        )
    number = load(root, version).number
    before = tags(root).get(name)
    if before not in (None, number) and not move:
        raise Conflict(
            f"{root}: '{name}' is version {before} already.", hint="Move it, or take another name."
        )
    layout.write_pointer(layout.tag_path(root, name), number)
    return number


def untag(path: str | os.PathLike[str], name: str) -> None:
    """Take a name away from its version."""
    root = layout.folder_of(path)
    file = layout.tag_path(root, name)
    if file not in layout.pointers(root):
        raise NotFound(f"{root} has no tag '{name}'.", hint=nearest(name, tags(root)))
    file.unlink()


def tags(path: str | os.PathLike[str]) -> dict[str, int]:
    """Number of the version of each tag.

    Raises:
        DatasetDamaged: the file of a tag is not as it was written.
    """
    root = layout.folder_of(path)
    head = layout.head_path(root)
    return {file.name: layout.read_pointer(file) for file in layout.pointers(root) if file != head}


def resolve(path: str | os.PathLike[str], name: str) -> int:
    """The version that a number or a tag means.

    Raises:
        NotFound: neither.
    """
    if name.isdigit() and (is_remote(path) or int(name) in layout.versions(layout.folder_of(path))):
        return int(name)
    known = tags(path)
    if name in known:
        return known[name]
    numbers = ", ".join(map(str, layout.versions(layout.folder_of(path))[-10:]))
    raise NotFound(
        Sentence(f"{path} has no version '{name}'.", f"{path} 没有版本“{name}”。"),
        hint=f"{nearest(name, known)} Versions: {numbers}.".strip(),
    )


def correct(
    path: str | os.PathLike[str], changes: Changes, *, layer: str = LABELS, message: str = ""
) -> Dataset:
    """Make a version in which some samples have other values; what they do not name stays as it is.

    Args:
        changes: new values by key of the sample and name of the field.
        layer: that the fields belong to; not that of the samples themselves.
    Raises:
        NotFound: there is no such sample, field or layer.
        BadSample: a value does not fit.
    """
    root = layout.folder_of(path)
    if layer == SAMPLES:
        raise Invalid(
            "The layer 'samples' cannot be corrected.", hint="Remove the sample and add another one."
        )
    return _commit(root, lambda dataset: _corrected(dataset, changes, layer), message)


def remove(path: str | os.PathLike[str], keys: Iterable[str], *, message: str = "") -> Dataset:
    """Make a version without some samples.

    Raises:
        NotFound: there is no such sample.
    """
    wanted = list(dict.fromkeys(keys))
    return _commit(layout.folder_of(path), lambda dataset: _without(dataset, wanted), message)


def evolve(
    path: str | os.PathLike[str],
    *,
    layer: str = LABELS,
    rename: Mapping[str, str] | None = None,
    drop: Iterable[str] = (),
    widen: Mapping[str, str] | None = None,
    message: str = "",
) -> Dataset:
    """Make a version in which fields of a layer are called otherwise, are gone, or are read as wider numbers.

    No shard is touched; older versions stay as they were. A layer that is left without fields is gone too. To add
    fields, derive a dataset with one more layer.

    Args:
        layer: that the fields belong to.
        rename: new name by old name.
        drop: fields that are no longer there.
        widen: a dtype that holds every value of the present one, by field, as in `{"score": "float64"}`.
    Raises:
        NotFound: there is no such layer or field.
        Invalid: a name is taken or the kind of the dataset needs it, or the dtype is not wider.
    """
    changes = _Evolution(dict(rename or {}), frozenset(drop), dict(widen or {}))
    return _commit(layout.folder_of(path), lambda dataset: _evolved(dataset, layer, changes), message)


def restore(path: str | os.PathLike[str], version: int, *, message: str = "") -> Dataset:
    """Make a version that is as an older one was."""
    root = layout.folder_of(path)
    old = load(root, version)

    def draft(newest: Dataset) -> Draft:
        del newest
        return msgspec.structs.replace(_draft_of(root, old), made_of=version)

    return _commit(root, draft, message or f"as version {version}")


def branch(
    path: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    version: int | None = None,
    message: str = "",
) -> Dataset:
    """Begin a dataset of its own with a version of this one; files are shared where there can be links.

    Raises:
        Conflict: there is a dataset in `dest` already.
    """
    return Dataset.open(layout.folder_of(path), version=version).derive(dest, message=message)


def _commit(root: Path, make: Callable[[Dataset], Draft], message: str) -> Dataset:
    while True:
        newest = Dataset.open(root)
        draft = msgspec.structs.replace(make(newest), message=message)
        try:
            manifest = commit(root, draft, parent=newest.version)
        except Conflict:  # somebody else was faster: decide again on what is there now
            continue
        return Dataset.open(root, version=manifest.number)


def _draft_of(root: Path, manifest: Manifest) -> Draft:
    """The draft of a version that is like the given one."""
    dataset = Dataset.open(root, version=manifest.number)
    return Draft(
        kind=manifest.kind,
        class_names=manifest.class_names,
        layers=manifest.layers,
        splits=dataset.split_rows(),
        attributes=manifest.attributes,
        indexes=manifest.indexes,
        split_rule=manifest.split_rule,
        **carried_over(root, manifest),
    )


def _without(dataset: Dataset, keys: list[str]) -> Draft:
    draft = _draft_of(dataset.path, dataset.snapshot.manifest)
    gone = np.array([dataset.find(key).row for key in keys], np.int64)
    removed = np.union1d(gone, draft.removed if draft.removed is not None else ())
    splits = {name: np.setdiff1d(rows, gone, assume_unique=True) for name, rows in draft.splits.items()}
    return msgspec.structs.replace(draft, removed=removed.astype(np.int64), splits=splits)


def _corrected(dataset: Dataset, changes: Changes, name: str) -> Draft:
    manifest = dataset.snapshot.manifest
    layer = next((each for each in manifest.layers if each.name == name), None)
    if layer is None or name in manifest.hidden_layers:
        raise NotFound(f"{dataset.path} has no layer '{name}'.", hint=nearest(name, dataset.layers))
    rows = {dataset.find(key).row: values for key, values in changes.items()}
    draft = _draft_of(dataset.path, manifest)
    older = [each for each in draft.deltas if each.layer == name]
    if len(older) >= _MAX_DELTAS:
        unchanged: dict[int, Mapping[str, Any]] = {
            row: {} for each in older for row in each.rows.tolist() if row not in rows
        }
        rows |= unchanged
        draft = msgspec.structs.replace(
            draft, deltas=tuple(each for each in draft.deltas if each.layer != name)
        )
        gone = {each.by for each in older}
        draft = msgspec.structs.replace(
            draft, layers=tuple(each for each in draft.layers if each.name not in gone)
        )
    numbers = np.array(sorted(rows), np.int64)
    by = _free_name(name, manifest)
    patch = _write_patch(dataset, layer, by, [(row, rows[row]) for row in numbers.tolist()])
    delta = Delta(name, by, numbers)
    return msgspec.structs.replace(draft, layers=(*draft.layers, patch), deltas=(*draft.deltas, delta))


class _Evolution(NamedTuple):
    rename: dict[str, str]
    drop: frozenset[str]
    widen: dict[str, str]


def _evolved(dataset: Dataset, name: str, changes: _Evolution) -> Draft:
    manifest = dataset.snapshot.manifest
    layer = next((each for each in manifest.layers if each.name == name), None)
    if layer is None or name in manifest.hidden_layers:
        raise NotFound(f"{dataset.path} has no layer '{name}'.", hint=nearest(name, dataset.layers))
    known = [each.name for each in layer.fields]
    for each in (*changes.rename, *changes.drop, *changes.widen):
        if each not in known:
            raise NotFound(
                f"Layer '{name}' of {dataset.path} has no field '{each}'.", hint=nearest(each, known)
            )
    _refuse_needed(dataset, name, {*changes.rename, *changes.drop})
    fields = tuple(_evolved_field(each, changes) for each in layer.fields if each.name not in changes.drop)
    names = [each.name for each in fields]
    if len(set(names)) != len(names):
        taken = next(each for each in names if names.count(each) > 1)
        raise Invalid(f"Two fields of layer '{name}' would be called '{taken}'.", hint="Choose another name.")
    draft = _draft_of(dataset.path, manifest)
    patches = {delta.by for delta in draft.deltas if delta.layer == name}
    layers = tuple(
        msgspec.structs.replace(each, fields=fields) if each.name == name or each.name in patches else each
        for each in draft.layers
        if fields or (each.name != name and each.name not in patches)
    )
    deltas = draft.deltas if fields else tuple(each for each in draft.deltas if each.layer != name)
    return msgspec.structs.replace(draft, layers=layers, deltas=deltas)


def _refuse_needed(dataset: Dataset, layer: str, fields: set[str]) -> None:
    """Refuse to rename or drop what the dataset's kind goes by."""
    template = TEMPLATES[dataset.kind]
    needed = {each.name for each in {SAMPLES: template.samples, LABELS: template.labels}.get(layer, ())}
    if fields & needed:
        raise Invalid(
            Sentence(
                f"A dataset for {dataset.kind} needs the fields {', '.join(sorted(fields & needed))}.",
                f"{dataset.kind} 类数据集需要字段 {'、'.join(sorted(fields & needed))}。",
            ),
            hint=Sentence("Derive a dataset of another kind instead.", "请改为派生另一种类的数据集。"),
        )


def _evolved_field(field: Field, changes: _Evolution) -> Field:
    if field.name in changes.widen:
        dtype = DTYPES.get(changes.widen[field.name], "")
        if not field.dtype or not dtype or not np.can_cast(field.dtype, dtype, "safe"):
            raise Invalid(
                f"Field '{field.name}' of {field.dtype or field.type} cannot be read as "
                f"'{changes.widen[field.name]}' without loss.",
                hint=nearest(changes.widen[field.name], DTYPES),
            )
        type_name = changes.widen[field.name] if field.type in DTYPES else field.type
        field = msgspec.structs.replace(field, dtype=dtype, type=type_name)
    name = changes.rename.get(field.name)
    if name is None:
        return field
    renamed = msgspec.structs.replace(field, name=name, stored_as=field.stored_as or field.name)
    renamed.check()
    return renamed


def _free_name(layer: str, manifest: Manifest) -> str:
    taken = {
        each.name for each in manifest.layers
    }  # in a derived dataset numbers begin anew, and its fixes stay
    numbers = itertools.count(manifest.number + 1)
    return next(name for number in numbers if (name := f"{layer[:40]}-fix-{number}") not in taken)


def _write_patch(dataset: Dataset, layer: Layer, by: str, rows: list[tuple[int, Mapping[str, Any]]]) -> Layer:
    """Write the corrected rows of a layer, whole, as a layer of their own."""
    folder = dataset.path / layout.WRITING / f"{by}.{os.getpid()}.{os.urandom(4).hex()}"
    with layout.door(dataset.path):
        folder.mkdir(parents=True)
    writer = LayerWriter(dataset.path, by, layer.fields, folder)
    try:
        for row, changed in rows:
            _append_patch(dataset, writer, layer, row, changed)
        writer.flush(len(rows))
        shard: ShardRef = writer.finish()
    finally:
        writer.close()
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        layout.remove_if_empty(folder.parent)
    return Layer(by, layer.fields, (shard,))


def _append_patch(
    dataset: Dataset, writer: LayerWriter, layer: Layer, row: int, changed: Mapping[str, Any]
) -> None:
    snapshot = dataset.snapshot
    segment = snapshot.segment_of(row)
    getters, position = snapshot.getters(segment), row - snapshot.starts[segment]
    prefix = "" if layer.name == LABELS else f"{layer.name}."
    values: dict[str, Any] = {each.name: getters[prefix + each.name](position) for each in layer.fields}
    unknown = set(changed) - set(values)
    if unknown:
        name = sorted(unknown)[0]
        raise NotFound(f"The layer '{layer.name}' has no field '{name}'.", hint=nearest(name, values))
    values |= changed
    key, name = getters["key"](position), ""
    try:
        if layer.name == LABELS:
            values = _checked(dataset, values, changed, getters, position)
        for name, append in writer.appenders.items():
            append(values[name])
    except (BadSample, TypeError, ValueError, OverflowError) as err:
        raise BadSample(f"Sample '{key}', field '{name or 'boxes'}': {str(err).rstrip('.')}.") from err


def _checked(
    dataset: Dataset,
    values: dict[str, Any],
    changed: Mapping[str, Any],
    getters: Mapping[str, Any],
    position: int,
) -> dict[str, Any]:
    """Labels as the kind asks for them; what followed from a value that was changed follows from the new one."""
    template = TEMPLATES[dataset.kind]
    if template.objects and "masks" in changed and "boxes" not in changed:
        values.pop("boxes", None)
    objects = next((changed[name] for name in ("boxes", "masks") if name in changed), None)
    for name in template.objects:
        # what was said about objects that are no more says nothing about the new ones
        if objects is not None and name not in changed and _length(values.get(name)) != len(objects):
            values.pop(name, None)
    has_mask = any(each.name == "mask" for each in template.labels)
    if has_mask and "mask" in changed:
        values.pop("classes", None)
        values.pop("pixels", None)
    size: dict[str, Any] = {
        name: getters[name](position) for name in ("width", "height") if name in dataset.fields
    }
    values |= size
    if template.objects:
        complete_objects(values, template.objects)
    elif has_mask:
        complete_mask(values, len(dataset.class_names))
    check_classes(values, len(dataset.class_names))
    return {name: value for name, value in values.items() if name not in size}


def _length(value: Any) -> int:
    return 0 if value is None else len(value)


def diff(before: Dataset, after: Dataset) -> Difference:
    """Which samples were added and removed between two versions, and which fields of the others changed."""
    keys = [each.columns("key").tolist() if len(each) else [] for each in (before, after)]
    places = [{key: position for position, key in enumerate(some)} for some in keys]
    common = [key for key in keys[1] if key in places[0]]
    one = np.array([places[0][key] for key in common], np.int64)
    other = np.array([places[1][key] for key in common], np.int64)
    changed: dict[str, list[str]] = {}
    for name in _fields_to_compare(before, after):
        for place in np.flatnonzero(_differences(before, after, name, one, other)).tolist():
            changed.setdefault(common[place], []).append(name)
    return Difference(
        tuple(key for key in keys[1] if key not in places[0]),
        tuple(key for key in keys[0] if key not in places[1]),
        {key: tuple(changed[key]) for key in common if key in changed},
    )


def _fields_to_compare(before: Dataset, after: Dataset) -> Iterator[str]:
    for name in dict.fromkeys((*before.fields, *after.fields)):
        if name != "key":
            yield name


def _differences(
    before: Dataset, after: Dataset, name: str, one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """[common] whether a field of a sample differs."""
    if name not in before.fields or name not in after.fields:
        there, rows = (before, one) if name in before.fields else (after, other)
        return _says_something(there, name)[rows]
    fields = before.fields[name], after.fields[name]
    if any(field.layout == BLOB for field in fields):
        return _blob_differences(before, after, name, one, other)
    columns = before.columns(name), after.columns(name)
    if not any(isinstance(column, Ragged) for column in columns):
        left, right = columns[0][one], columns[1][other]
        if left.dtype.kind != "O" and left.dtype == right.dtype and left.ndim == right.ndim == 1:
            differ: NDArray[np.bool_] = (left != right) & ~((left != left) & (right != right))  # noqa: PLR0124
            return differ
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return np.array([not _are_equal(_at(columns[0], i), _at(columns[1], j)) for i, j in pairs], np.bool_)


def _says_something(dataset: Dataset, name: str) -> NDArray[np.bool_]:
    """[len] whether a sample has a value that is not the one for nothing: none, no class, an empty list."""
    field = dataset.fields[name]
    if field.layout == BLOB:
        is_there: Iterator[bool] = (value is not None for (value,) in dataset.tuples(name))
        return (
            np.fromiter(is_there, np.bool_, len(dataset))
            if field.is_optional
            else np.ones(len(dataset), np.bool_)
        )
    column = dataset.columns(name)
    if isinstance(column, Ragged):
        found: NDArray[np.bool_] = column.lengths > 0
        return found
    if field.type == "category":
        return np.asarray(column != NO_LABEL, np.bool_)
    return np.array([value is not None and value != [] for value in column.tolist()], np.bool_)


def _at(column: Any, row: int) -> Any:
    return (
        column.values[column.offsets[row] : column.offsets[row + 1]]
        if isinstance(column, Ragged)
        else column[row]
    )


def _are_equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f" and other.dtype.kind == "f")
    return bool(type(one) is type(other) and one == other)


def _blob_differences(
    before: Dataset, after: Dataset, name: str, one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.bool_]:
    if not before.fields[name].is_optional and not after.fields[name].is_optional:
        checks = [each.snapshot.blob_checks(name)[each.rows] for each in (before, after)]
        differ: NDArray[np.bool_] = checks[0][one] != checks[1][other]
        return differ
    views = before.tuples(name), after.tuples(name)
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return np.array([views[0][i][0] != views[1][j][0] for i, j in pairs], np.bool_)
