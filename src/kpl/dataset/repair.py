"""Bringing a dataset back as far as its bytes allow, as a new version; what is lost is named.

An interrupted writer is finished from its journal. A version whose manifest is damaged gives way to the one before.
A damaged index is made anew from the shards, a shard without blobs from the index. Of other shards the whole blobs
are kept, and the samples of the damaged ones removed. Damaged files are set aside, never
deleted. HEAD, and tags where that can be told, name their versions again.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest, xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.errors import DatasetDamaged, NotADataset
from kpl.dataset.fields import BLOB
from kpl.dataset.journal import Begin, read_frames
from kpl.dataset.kinds import SAMPLES, TEMPLATES, Kind
from kpl.dataset.layer_writer import LayerWriter
from kpl.dataset.manifest import (
    NOT_INDEXED,
    Delta,
    Draft,
    Layer,
    Manifest,
    ShardRef,
    SplitRef,
    commit,
    decode_rows,
    load,
)
from kpl.dataset.reader import Dataset
from kpl.dataset.shard import map_file, open_shard_file
from kpl.dataset.writer import DatasetWriter, carried_over
from kpl.errors import KPLError
from kpl.sentence import Sentence

_ASIDE = ".damaged"


class RepairReport(NamedTuple):
    """What was done.

    Attributes:
        version: number of the newest version now.
        actions: in words, in order; empty where nothing was wrong.
        lost: keys of samples that are no more.
    """

    version: int
    actions: tuple[str, ...]
    lost: tuple[str, ...]


def repair(path: str | os.PathLike[str]) -> RepairReport:
    """Repair the newest version of a dataset.

    Raises:
        NotADataset: there is nothing that a version could be made of.
        DatasetDamaged: a layer is damaged in a way that leaves nothing to put in its place.
    """
    root = layout.folder_of(path)
    actions: list[str] = []
    _finish_writers(root, actions)
    manifest = _newest_whole_manifest(root, actions)
    manifest = _with_index(root, manifest, actions)
    lost = _mend_shards(root, manifest, actions)
    _mend_pointers(root, actions)
    return RepairReport(layout.newest_version(root), tuple(actions), lost)


def _finish_writers(root: Path, actions: list[str]) -> None:
    folder = root / layout.WRITING
    for writing in sorted(folder.iterdir()) if folder.is_dir() else ():
        journal = writing / "journal"
        begin = next(iter(read_frames(journal)), (None, 0))[0] if journal.exists() else None
        if not isinstance(begin, Begin):
            continue
        own = {each.name for each in TEMPLATES[Kind(begin.kind)].samples}
        writer = DatasetWriter(
            root,
            kind=begin.kind,
            class_names=begin.class_names,
            fields=[each for each in begin.layers[SAMPLES] if each.name not in own],
            attributes=begin.attributes,
            append=begin.parent > 0,
            resume=True,
            source=begin.source,
            name=writing.name,
        )
        if writer.num_samples:
            actions.append(
                f"finished the interrupted writer '{writing.name}': {writer.num_samples} samples kept"
            )
            writer.commit()
        else:
            writer.abort()


def _newest_whole_manifest(root: Path, actions: list[str]) -> Manifest:
    while True:
        number = layout.newest_version(root)
        try:
            return load(root, number)
        except NotADataset:
            raise
        except KPLError as err:
            if layout.versions(root) == [number]:
                raise
            actions.append(f"version {number} is lost, its manifest is damaged: {err.message}")
            _set_aside(layout.manifest_path(root, number))
            layout.write_head(root, layout.newest_version(root))


def _mend_pointers(root: Path, actions: list[str]) -> None:
    """Let HEAD name the newest version, and tags what they named before one byte of theirs was changed."""
    newest = layout.newest_version(root)
    head = layout.head_path(root)
    if not head.exists() or _named_version(head) != newest:
        layout.write_head(root, newest)
        actions.append(f"HEAD did not name the newest version, {newest}; it does now")
    for file in layout.pointers(root):
        if file == head or _named_version(file) is not None:
            continue
        meant = [
            number
            for number in layout.versions(root)
            if _num_different(layout.pointer_content(number), file.read_bytes()) == 1
        ]
        if len(meant) == 1:
            layout.write_pointer(file, meant[0])
            actions.append(f"the damaged tag '{file.name}' names version {meant[0]} again")
        else:
            file.replace(file.with_name(f".{file.name}{_ASIDE}"))
            actions.append(f"the tag '{file.name}' is lost: its file names no version")


def _named_version(file: Path) -> int | None:
    try:
        return layout.read_pointer(file)
    except DatasetDamaged:
        return None


def _num_different(one: bytes, other: bytes) -> int:
    """How many bytes are not the same; all of them where the lengths are not."""
    if len(one) != len(other):
        return max(len(one), len(other))
    return sum(a != b for a, b in zip(one, other, strict=True))


def _set_aside(file: Path) -> None:
    file.replace(file.with_name(file.name + _ASIDE))


def _with_index(root: Path, manifest: Manifest, actions: list[str]) -> Manifest:
    """The manifest, or a new version whose index is made anew where one is damaged."""
    damaged = [
        index.number
        for index in manifest.indexes
        if not _is_whole(layout.index_path(root, index.number), index.id)
    ]
    if not damaged:
        return manifest
    for layer in manifest.layers:
        for shard in layer.shards:
            if not _is_whole(layout.shard_path(root, layer.name, shard.id), shard.id):
                raise DatasetDamaged(
                    Sentence(
                        f"{root}: index {damaged[0]} and shard {shard.id} are both damaged.",
                        f"{root}：索引 {damaged[0]} 与分片 {shard.id} 都已损坏。",
                    )
                )
    splits = {split.name: _rows(root, split, actions) for split in manifest.splits}
    deltas, removed = _other_rows(root, manifest, actions)
    draft = Draft(
        kind=manifest.kind,
        class_names=manifest.class_names,
        layers=tuple(
            Layer(
                layer.name,
                layer.fields,
                tuple(msgspec.structs.replace(each, index=NOT_INDEXED) for each in layer.shards),
            )
            for layer in manifest.layers
            if layer.name not in manifest.hidden_layers or layer.name in {each.by for each in deltas}
        ),
        splits={name: rows for name, rows in splits.items() if rows is not None},
        attributes=manifest.attributes,
        deltas=deltas,
        removed=removed,
        split_rule=manifest.split_rule,
        message="repaired",
    )
    made = commit(root, draft, parent=manifest.number)
    actions.append(f"made the damaged index {damaged[0]} anew from the shards")
    return made


def _other_rows(
    root: Path, manifest: Manifest, actions: list[str]
) -> tuple[tuple[Delta, ...], NDArray[np.int64] | None]:
    deltas = []
    for each in manifest.deltas:
        rows = _rows(root, each.rows, actions)
        if rows is not None:
            deltas.append(Delta(each.layer, each.by, rows))
    return tuple(deltas), None if manifest.removed is None else _rows(root, manifest.removed, actions)


def _rows(root: Path, split: SplitRef, actions: list[str]) -> NDArray[np.int64] | None:
    """The rows of a split, from the bytes of its index, whole or not; None where they are not as written."""
    buffer = split.buffer
    try:
        data = map_file(layout.index_path(root, split.index))[
            buffer.position : buffer.position + buffer.length
        ]
        if xxh3_64_intdigest(data) == buffer.check:
            return decode_rows(buffer.role, data, buffer.dtype, count=split.count)
    except (KPLError, ValueError):
        pass
    what = (
        f"the split '{split.name}'"
        if split.name.isprintable()
        else "corrections or the list of removed samples"
    )
    actions.append(f"{what} is lost with its index")
    return None


def _is_whole(file: Path, content_id: str) -> bool:
    try:
        data = map_file(file)
    except KPLError:
        return False
    return xxh3_128(data[codec.HEADER_BYTES :]).hexdigest() == content_id and data[16:32].hex() == content_id


def _mend_shards(root: Path, manifest: Manifest, actions: list[str]) -> tuple[str, ...]:
    """Replace damaged shards; keys of the samples that are lost by it."""
    damaged = [
        (layer, number)
        for layer in manifest.layers
        for number, shard in enumerate(layer.shards)
        if not _is_whole(layout.shard_path(root, layer.name, shard.id), shard.id)
    ]
    rows: list[int] = []
    replaced: dict[tuple[str, int], ShardRef] = {}
    for layer, number in damaged:
        if _restored_from_index(root, manifest, layer, number, actions):
            continue
        replaced[layer.name, number], lost = _rewritten(root, manifest, layer, number)
        actions.append(
            f"kept what is whole of shard {layer.shards[number].id} of '{layer.name}'; {len(lost)} rows lost"
        )
        rows += lost
    if not replaced:
        return ()
    dataset = Dataset.open(root, version=manifest.number)
    keys = tuple(
        str(key)
        for key, row in zip(dataset.columns("key"), dataset.rows.tolist(), strict=True)
        if row in rows
    )
    kept = carried_over(root, manifest)
    removed = np.union1d(
        np.array(rows, np.int64), kept.pop("removed", None) if kept.get("removed") is not None else ()
    )
    draft = Draft(
        kind=manifest.kind,
        class_names=manifest.class_names,
        layers=tuple(
            Layer(
                layer.name,
                layer.fields,
                tuple(replaced.get((layer.name, i), s) for i, s in enumerate(layer.shards)),
            )
            for layer in manifest.layers
        ),
        splits={
            name: np.setdiff1d(some, removed, assume_unique=True)
            for name, some in dataset.split_rows().items()
        },
        attributes=manifest.attributes,
        indexes=manifest.indexes,
        deltas=kept.get("deltas", ()),
        removed=removed.astype(np.int64),
        split_rule=manifest.split_rule,
        message="repaired",
    )
    commit(root, draft, parent=manifest.number)
    return keys


def _restored_from_index(
    root: Path, manifest: Manifest, layer: Layer, number: int, actions: list[str]
) -> bool:
    """Whether a shard could be written again byte by byte: one without blobs is wholly repeated in the index."""
    shard = layer.shards[number]
    index = Dataset.open(root, version=manifest.number).snapshot.index(shard.index)
    tail = bytes(index[shard.offset : shard.offset + shard.size - shard.tail_start])
    body = bytes(shard.tail_start - codec.HEADER_BYTES) + tail
    if xxh3_128(body).hexdigest() != shard.id:
        return False
    file = layout.shard_path(root, layer.name, shard.id)
    if file.exists():
        _set_aside(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    layout.publish_new(file, codec.encode_header(codec.SHARD, bytes.fromhex(shard.id), shard.size) + body)
    actions.append(f"wrote shard {shard.id} of '{layer.name}' again from the index")
    return True


def _rewritten(root: Path, manifest: Manifest, layer: Layer, number: int) -> tuple[ShardRef, list[int]]:
    """A shard with the whole blobs of a damaged one, nothing in place of the others; and the rows of these."""
    first_row = sum(each.rows for each in layer.shards[:number])
    ref = layer.shards[number]
    try:
        shard = open_shard_file(layout.shard_path(root, layer.name, ref.id), verify="always")
        columns = {field.name: shard.column(field) for field in layer.fields}
    except KPLError:  # the file's own columns are no use, or there is no file
        snapshot = Dataset.open(root, version=manifest.number, verify="always").snapshot
        indexed = snapshot.shard(layer, number)
        columns = {field.name: indexed.column(field) for field in layer.fields if field.layout != BLOB}
    getters = {name: column.getter() for name, column in columns.items()}
    folder = root / layout.WRITING / f"repair-{ref.id}"
    with layout.door(root):
        folder.mkdir(parents=True, exist_ok=True)
    writer = LayerWriter(root, layer.name, layer.fields, folder)
    lost = []
    for row in range(ref.rows):
        for field in layer.fields:
            try:
                value = getters[field.name](row)
            except (KPLError, KeyError):
                value = b""
                lost.append(first_row + row)
            writer.appenders[field.name](value)
    writer.flush(ref.rows)
    made = writer.finish()
    folder.rmdir()
    layout.remove_if_empty(folder.parent)
    return made, sorted(set(lost))
