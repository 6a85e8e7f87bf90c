"""Versions of a dataset: what a manifest says, and how a new one is committed.

A version is a manifest and the immutable files it names. Whoever creates `manifest/<number>.kpm` first has
committed that number; everybody else gets Conflict and decides again on what is there now.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset import codec, layout
from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged, NotADataset, UnsupportedFormat
from kpl.dataset.fields import Field
from kpl.dataset.kinds import SAMPLES
from kpl.dataset.shard import map_file
from kpl.dataset.splits import SplitRule
from kpl.errors import Conflict
from kpl.sentence import Sentence

FORMAT = "kpl.dataset/v1"
_MAX_INDEXES = 8  # more are merged into one: opening reads them all
NOT_INDEXED = 0
_KNOWN_FEATURES = frozenset({"deltas", "removed", "references"})
_DELTA, _REMOVED = "\0delta ", "\0removed"  # no split is called so


class ShardRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shard, and where an index repeats its tail.

    Attributes:
        id: xxh3-128 of all bytes after the header, in hex; the file's name.
        size: of the file in bytes.
        tail_start: first byte of the part that the index repeats.
        index: number of that index.
        offset: of the tail in the index.
        files: how many files outside of the dataset its blobs lie in.
    """

    id: str
    rows: int
    size: int
    tail_start: int
    index: int = NOT_INDEXED
    offset: int = 0
    files: int = 0


class Layer(msgspec.Struct, frozen=True):
    """Fields over the same rows; its shards follow one another from row 0."""

    name: str
    fields: tuple[Field, ...]
    shards: tuple[ShardRef, ...]

    @property
    def num_rows(self) -> int:
        return sum(shard.rows for shard in self.shards)


class IndexRef(msgspec.Struct, frozen=True):
    """An index that the version needs."""

    number: int
    id: str
    size: int


class SplitRef(msgspec.Struct, frozen=True):
    """A named set of rows.

    Its buffer lies in an index as `runs` of [start, stop) or as a rising list of `rows`.
    """

    name: str
    count: int
    index: int
    buffer: codec.Buffer


class DeltaRef(msgspec.Struct, frozen=True):
    """Corrections to a layer: its `rows` stand, in this order, in the layer called `by`, read for nothing else.

    Of several corrections of a row the last counts.
    """

    layer: str
    by: str
    rows: SplitRef


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a dataset. A reader refuses one that names a feature it does not know.

    Attributes:
        parent: the version that it was made of; 0 for none.
        removed: rows that are no samples any more.
        message: what was done, in the words of who did it.
        split_rule: places samples that are added without a split.
    """

    format: str = FORMAT
    number: int
    parent: int
    kind: str
    class_names: tuple[str, ...]
    rows: int
    features: tuple[str, ...] = ()
    layers: tuple[Layer, ...]
    indexes: tuple[IndexRef, ...]
    splits: tuple[SplitRef, ...]
    attributes: dict[str, str] = {}
    deltas: tuple[DeltaRef, ...] = ()
    removed: SplitRef | None = None
    message: str = ""
    split_rule: SplitRule | None = None

    @property
    def num_samples(self) -> int:
        """Rows that are not removed."""
        return self.rows - (self.removed.count if self.removed is not None else 0)

    @property
    def hidden_layers(self) -> frozenset[str]:
        """Layers that only correct others."""
        return frozenset(delta.by for delta in self.deltas)

    @property
    def digest(self) -> str:
        """sha256 of the content.

        Equal for equal samples, labels and splits in the same order, whatever the number.
        """
        content: tuple[Any, ...] = (
            self.kind,
            self.class_names,
            [(layer.name, layer.fields, [shard.id for shard in layer.shards]) for layer in self.layers],
            [(split.name, split.count, split.buffer.role, split.buffer.check) for split in self.splits],
        )
        if self.deltas or self.removed is not None:
            removed = self.removed.buffer.check if self.removed is not None else 0
            deltas = [(delta.layer, delta.by, delta.rows.buffer.check) for delta in self.deltas]
            content = (*content, deltas, removed)
        return sha256(msgspec.json.encode(content)).hexdigest()


class Delta(msgspec.Struct, frozen=True):
    """Corrections of a draft: the rows of `layer` that the layer `by` holds."""

    layer: str
    by: str
    rows: NDArray[np.int64]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A version before it has a number: shards that no index repeats yet have `index=NOT_INDEXED`."""

    kind: str
    class_names: tuple[str, ...]
    layers: tuple[Layer, ...]
    splits: Mapping[str, NDArray[np.int64]]
    attributes: dict[str, str]
    indexes: tuple[IndexRef, ...] = ()
    deltas: tuple[Delta, ...] = ()
    removed: NDArray[np.int64] | None = None
    message: str = ""
    split_rule: SplitRule | None = None
    made_of: int = 0

    @property
    def num_rows(self) -> int:
        return next(layer.num_rows for layer in self.layers if layer.name == SAMPLES)


class IndexDirectory(msgspec.Struct, frozen=True):
    """What an index repeats: (layer, shard id, offset, length) of each tail."""

    tails: tuple[tuple[str, str, int, int], ...]


def commit(root: Path, draft: Draft, *, parent: int) -> Manifest:
    """Make a draft the version after `parent` (0 for the first).

    All shards must be in place, whole and synced.

    Raises:
        Conflict: somebody else committed a version meanwhile.
    """
    with layout.door(root):  # so that `gc` does not take the new index for one that nobody needs
        return _commit(root, draft, parent)


def _commit(root: Path, draft: Draft, parent: int) -> Manifest:
    if len(draft.indexes) >= _MAX_INDEXES:
        draft = _without_indexes(draft)
    layers, splits, indexes = _write_index(root, draft)
    rows_of = {split.name: split for split in splits}
    deltas = tuple(DeltaRef(each.layer, each.by, rows_of[_DELTA + each.by]) for each in draft.deltas)
    removed = rows_of.get(_REMOVED)
    found = {"deltas": bool(deltas), "removed": removed is not None, "references": has_references(layers)}
    features = tuple(name for name, is_there in found.items() if is_there)
    manifest = Manifest(
        number=parent + 1,
        parent=draft.made_of or parent,
        kind=draft.kind,
        class_names=draft.class_names,
        rows=draft.num_rows,
        layers=layers,
        indexes=indexes,
        splits=tuple(split for split in splits if not split.name.startswith((_DELTA, _REMOVED))),
        attributes=draft.attributes,
        features=features,
        deltas=deltas,
        removed=removed,
        message=draft.message,
        split_rule=draft.split_rule,
    )
    data = codec.seal(codec.MANIFEST, b"", manifest)
    if not layout.publish_new(layout.manifest_path(root, manifest.number), data):
        raise Conflict(
            Sentence(
                f"{root}: version {manifest.number} was committed by somebody else.",
                f"{root}：版本 {manifest.number} 已由他人提交。",
            ),
            hint=Sentence("Open it again and retry.", "请重新打开后再试。"),
        )
    layout.write_head(root, manifest.number)
    return manifest


def has_references(layers: Iterable[Layer]) -> bool:
    """Whether blobs of any of these layers lie in files outside of the dataset."""
    return any(shard.files for layer in layers for shard in layer.shards)


def _without_indexes(draft: Draft) -> Draft:
    layers = tuple(
        Layer(
            layer.name,
            layer.fields,
            tuple(msgspec.structs.replace(s, index=NOT_INDEXED) for s in layer.shards),
        )
        for layer in draft.layers
    )
    return msgspec.structs.replace(draft, layers=layers, indexes=())


def _write_index(
    root: Path, draft: Draft
) -> tuple[tuple[Layer, ...], tuple[SplitRef, ...], tuple[IndexRef, ...]]:
    """Write the tails of new shards and the splits as one more index.

    Returns:
        What the manifest says about layers, splits and indexes.
    """
    number = layout.next_index_number(root)
    while True:
        body = bytearray()
        layers, tails = _append_tails(root, draft, body, number)
        splits = tuple(_append_split(name, rows, body, number) for name, rows in _all_rows(draft).items())
        data = codec.seal(codec.INDEX, body, IndexDirectory(tuple(tails)))
        if layout.publish_new(layout.index_path(root, number), data):
            index = IndexRef(number, data[16:32].hex(), len(data))
            return layers, splits, (*draft.indexes, index)
        number += 1


def _all_rows(draft: Draft) -> dict[str, NDArray[np.int64]]:
    """The rows of splits, corrections and the mask, which all lie in the index alike."""
    rows = {**draft.splits, **{_DELTA + each.by: each.rows for each in draft.deltas}}
    return rows if draft.removed is None or not len(draft.removed) else {**rows, _REMOVED: draft.removed}


def _append_tails(
    root: Path, draft: Draft, body: bytearray, number: int
) -> tuple[tuple[Layer, ...], list[tuple[str, str, int, int]]]:
    layers, tails = [], []
    for layer in draft.layers:
        shards = []
        for shard in layer.shards:
            if shard.index != NOT_INDEXED:
                shards.append(shard)
                continue
            body += codec.padding(len(body))
            offset = codec.HEADER_BYTES + len(body)
            body += _read_tail(layout.shard_path(root, layer.name, shard.id), shard)
            shards.append(msgspec.structs.replace(shard, index=number, offset=offset))
            tails.append((layer.name, shard.id, offset, shard.size - shard.tail_start))
        layers.append(Layer(layer.name, layer.fields, tuple(shards)))
    return tuple(layers), tails


def _read_tail(path: Path, shard: ShardRef) -> bytes:
    with path.open("rb") as file:
        file.seek(shard.tail_start)
        return file.read()


def _append_split(name: str, rows: NDArray[np.int64], body: bytearray, number: int) -> SplitRef:
    role, data = encode_rows(rows)
    body += codec.padding(len(body))
    position = codec.HEADER_BYTES + len(body)
    raw = data.tobytes()
    body += raw
    buffer = codec.Buffer(role, data.dtype.str, position, len(raw), xxh3_64_intdigest(raw))
    return SplitRef(name, len(rows), number, buffer)


def encode_rows(rows: NDArray[np.int64]) -> tuple[str, NDArray[np.uint32] | NDArray[np.uint64]]:
    """Rising row numbers as `runs` [k, 2] of u64 or as `rows` of u32 or u64, whichever is smaller."""
    breaks = np.flatnonzero(np.diff(rows) != 1)
    starts = rows[np.concatenate(([0], breaks + 1))] if len(rows) else rows
    stops = rows[np.concatenate((breaks, [len(rows) - 1]))] + 1 if len(rows) else rows
    is_long = len(rows) > 0 and int(rows[-1]) >= 1 << 32
    if len(starts) * 16 <= len(rows) * (8 if is_long else 4):
        return "runs", np.stack((starts, stops), axis=1).astype("<u8")
    return "rows", rows.astype("<u8" if is_long else "<u4")


def decode_rows(role: str, data: memoryview, dtype: str, *, count: int) -> NDArray[np.int64]:
    """Undo `encode_rows`.

    Raises:
        ValueError: not such an encoding.
    """
    if dtype not in ("<u4", "<u8"):
        raise ValueError(f"dtype {dtype}")
    numbers = np.frombuffer(data, dtype=dtype).astype(np.int64)
    if role == "rows":
        return numbers
    if role != "runs":
        raise ValueError(f"role {role}")
    runs = numbers.reshape(-1, 2)
    lengths = runs[:, 1] - runs[:, 0]
    if bool((lengths < 0).any()) or int(lengths.sum()) != count:
        raise ValueError(f"the runs do not add up to {count} rows")
    begins = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(runs) else lengths
    return np.arange(int(lengths.sum())) + np.repeat(runs[:, 0] - begins, lengths)


def load(root: Path, version: int | None = None) -> Manifest:
    """Read the manifest of a version, the newest unless told.

    Raises:
        NotADataset: there is no such version.
        DatasetDamaged, UnsupportedFormat: it cannot be trusted or understood.
    """
    number = layout.newest_version(root) if version is None else version
    path = layout.manifest_path(root, number)
    if not path.exists():
        known = ", ".join(map(str, layout.versions(root)[-10:]))
        raise NotADataset(
            Sentence(f"{root} has no version {number}.", f"{root} 没有版本 {number}。"),
            hint=Sentence(f"It has: {known}.", f"已有：{known}。") if known else "",
        )
    _, manifest = codec.unseal(map_file(path), codec.MANIFEST, Manifest, where=str(path))
    check(manifest, number, str(path))
    return manifest


def check(manifest: Manifest, number: int, where: str) -> None:
    """Refuse a manifest that cannot be followed.

    Raises:
        DatasetDamaged, UnsupportedFormat: it contradicts itself, or needs what is not known here.
    """
    unknown = [feature for feature in manifest.features if feature not in _KNOWN_FEATURES]
    if manifest.format != FORMAT or unknown:
        features = ", ".join(unknown) or manifest.format
        raise UnsupportedFormat(
            Sentence(
                f"{where}: needs '{features}', unknown here.", f"{where}：需要“{features}”，此 KPL 不支持。"
            ),
            hint=Sentence("Update KPL.", "请更新 KPL。"),
        )
    names = [layer.name for layer in manifest.layers]
    rows = {layer.name: layer.num_rows for layer in manifest.layers}
    is_sound = (
        manifest.number == number
        and len(set(names)) == len(names)
        and all(layout.is_layer_name(name) for name in names)
        and rows.get(SAMPLES) == manifest.rows
        and all(count <= manifest.rows for count in rows.values())
        and all(0 <= shard.rows <= shard.size for layer in manifest.layers for shard in layer.shards)
        and len({split.name for split in manifest.splits}) == len(manifest.splits)
        and all(each.layer in names and rows.get(each.by) == each.rows.count for each in manifest.deltas)
        and (manifest.removed is None or manifest.removed.count <= manifest.rows)
        and has_references(manifest.layers) == ("references" in manifest.features)
    )
    if not is_sound:
        raise DatasetDamaged(
            Sentence(f"{where}: the manifest contradicts itself.", f"{where}：清单自相矛盾。"),
            hint=RESTORE_HINT,
        )
