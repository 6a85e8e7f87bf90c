"""Writing a dataset: samples in, shards and one committed version out.

Nothing is visible to readers before the commit. A killed writer leaves its work in `writing/`; opened again
with `resume=True` it goes on behind the last whole block of rows.
"""

import fcntl
import os
import shutil
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from kpl.dataset import layout
from kpl.dataset.builders import Values
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field
from kpl.dataset.files import discard_shards
from kpl.dataset.image import image_info
from kpl.dataset.journal import Begin, Block, Closed, Rows, encode_frame, read_frames
from kpl.dataset.kinds import LABELS, SAMPLES, TEMPLATES, Kind
from kpl.dataset.layer_writer import LayerWriter, digests
from kpl.dataset.manifest import Delta, Draft, Layer, Manifest, ShardRef, commit, load
from kpl.dataset.reader import Dataset
from kpl.dataset.shard import open_shard_file
from kpl.dataset.splits import SplitRule, key_digest
from kpl.dataset.validators import check_classes, complete_mask, complete_objects, defaults_of
from kpl.errors import Conflict, KPLError, nearest

DEFAULT_SHARD_BYTES = 128 << 20
DEFAULT_BLOCK_BYTES = 4 << 20
_BLOCK_ROWS = 4096
_ROWS_TO_WEIGH = 64
_MAX_SHARD_ROWS = 1 << 22
_KEYS_SHOWN = 5


class DatasetWriter:
    """Writes a new dataset, or with `append=True` more samples into one.

    As a context manager it commits at the end of a block that went well and commits nothing otherwise: what was written
    is deleted then, or with `resume=True` kept for a writer that goes on with it.

    After a commit everything is on the disk (fsync). Before it, a killed writer loses no more than the block that it
    was collecting. After a power failure the system may have lost more of an unfinished shard; a writer that resumes
    takes back whole rows whose checks fit, and no others.

    Args:
        path: folder to be made.
        kind: of the dataset; brings its fields.
        class_names: names of the class ids 0, 1, ...
        fields: further fields of each sample, kept in the layer `samples`.
        attributes: free texts such as source and licence.
        shard_bytes: size at which a shard is closed.
        block_bytes: size of one write; what a killed writer may lose.
        append: add to the newest version of the dataset that is there.
        resume: go on with the interrupted work of a writer that began alike, if there is one.
        source: names what is being converted; interrupted work on another source is not gone on with.
        message: what is done, in the history of versions.
        split_rule: places samples that are given no split, in this version and in what is added to it later.
        name: of this writer among several that write into one dataset at a time.
    Raises:
        Conflict: the folder holds a dataset already, or another writer of that name is at work.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        kind: str = Kind.UNLABELLED,
        class_names: Sequence[str] = (),
        fields: Iterable[Field] = (),
        attributes: Mapping[str, str] | None = None,
        shard_bytes: int = DEFAULT_SHARD_BYTES,
        block_bytes: int = DEFAULT_BLOCK_BYTES,
        append: bool = False,
        resume: bool = False,
        split_rule: SplitRule | None = None,
        name: str = "main",
        source: str = "",
        message: str = "",
    ) -> None:
        self.path = layout.folder_of(path)
        self._message = message
        self._resumes = resume
        self._split_rule = split_rule
        self.kind = parse_kind(kind)
        self.class_names = _checked_class_names(class_names)
        self.num_samples = 0
        self.resumed_keys: frozenset[str] = frozenset()
        self._shard_bytes = shard_bytes
        self._block_size = block_bytes
        self._parent = self._find_parent(append)
        template = TEMPLATES[self.kind]
        layer_fields = {SAMPLES: (*template.samples, *fields), LABELS: template.labels}
        layer_fields = {layer: each for layer, each in layer_fields.items() if each}
        self._begin = Begin(
            str(self.kind),
            self.class_names,
            layer_fields,
            dict(attributes or {}),
            self._parent.number if self._parent else 0,
            source,
        )
        _check_field_names(layer_fields)
        self._defaults = defaults_of(layer_fields)
        self._objects = template.objects
        self._has_label = any(each.name == "label" for each in template.labels)
        self._has_mask = any(each.name == "mask" for each in template.labels)
        self._has_image = any(each.name == "width" for each in template.samples)
        self._folder = self.path / layout.WRITING / name
        self._open(layer_fields)

    def _find_parent(self, append: bool) -> Manifest | None:
        if not append:
            refuse_dataset(self.path)
        return load(self.path) if append else None

    def _open(self, layer_fields: dict[str, tuple[Field, ...]]) -> None:
        with layout.door(self.path):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self._folder)
        self._key_digests = array("Q")
        self._splits: dict[str, array[int]] = {}
        self._shards: list[dict[str, ShardRef]] = []
        self._shard_rows = 0
        self._block_rows = 0
        self._block_bytes = 0
        self._split_marks: dict[str, int] = {}
        self._layers = [
            LayerWriter(self.path, layer, each, self._folder) for layer, each in layer_fields.items()
        ]
        self._is_open = True
        journal = self._folder / "journal"
        if not (self._resumes and journal.exists() and self._resume(journal)):
            self._discard(_closed_shards(journal))
            self._journal: BinaryIO = journal.open("wb")
            self._remember(self._begin)

    def _remember(self, frame: Begin | Rows | Closed) -> None:
        self._journal.write(encode_frame(frame))
        self._journal.flush()

    def add(self, key: str, *, split: str | Sequence[str] | None = None, **values: Any) -> None:
        """Append one sample.

        Args:
            key: unique name of the sample, as a rule its relative path.
            split: name of the split, or of several, that it belongs to.
            values: its fields; `width`, `height` and `channels` are read from the image.
        Raises:
            BadSample: a value does not fit; the sample is not added, and the writer can go on.
        """
        values["key"] = key
        layers = self._layers
        marks = [layer.mark() for layer in layers]
        name = "image"
        try:
            if self._has_image and "width" not in values:
                _, values["width"], values["height"], values["channels"] = image_info(
                    values.get("image", b"")
                )
            if self._objects:
                name = "boxes"
                complete_objects(values, self._objects)
            elif self._has_mask:
                name = "mask"
                complete_mask(values, len(self.class_names))
            if self._has_label or self._objects:
                name = "label" if self._has_label else "labels"
                check_classes(values, len(self.class_names))
            num_used = 0
            for layer in layers:
                for name, append in layer.appenders.items():
                    if name in values:
                        num_used += 1
                        append(values[name])
                    else:
                        append(self._defaults[name])
            if num_used != len(values):
                name = next(each for each in values if each not in self._all_names())
                raise BadSample("there is no such field", hint=nearest(name, self._all_names()))
        except (BadSample, TypeError, ValueError, OverflowError, KeyError) as err:
            for layer, mark in zip(layers, marks, strict=True):
                layer.undo(mark, self._shard_rows)
            raise self._bad_sample(key, name, err) from err
        self._count(key, split)
        self._block_bytes += layers[0].position - marks[0][1]
        if self._block_bytes >= self._block_size or self._block_rows >= _BLOCK_ROWS:
            self._flush()

    def extend(self, keys: Sequence[str], *, split: str | None = None, **columns: Values) -> None:
        """Append many samples, faster than one by one.

        Args:
            keys: of the samples.
            split: that all of them belong to.
            columns: values of each field, as many as keys.
        Raises:
            BadSample: a value does not fit, or there are not as many as keys. Samples before the first bad one may
                have been added.
        """
        for name, column in columns.items():
            if len(column) != len(keys):
                raise BadSample(f"{len(column)} values of '{name}' for {len(keys)} keys.")
        is_plain = not (self._objects or self._has_image or self._has_label or self._has_mask)
        if not is_plain or {"key", *columns} != set(self._all_names()):
            for number, key in enumerate(keys):
                self.add(key, split=split, **{name: column[number] for name, column in columns.items()})
            return
        step = self._rows_of_a_block(columns)
        for start in range(0, len(keys), step):
            part = slice(start, start + step)
            self._extend_block(keys[part], split, {name: column[part] for name, column in columns.items()})

    def _rows_of_a_block(self, columns: dict[str, Values]) -> int:
        """How many of these rows to bring to disk at a time, so that they take about `block_bytes`."""
        size = 0.0
        for name in (name for layer in self._layers for name in layer.blob_names):
            some = [len(each) for each in columns[name][:_ROWS_TO_WEIGH] if isinstance(each, bytes)]
            size += sum(some) / max(len(some), 1)
        num_rows = max(map(len, columns.values()), default=0)
        num_blocks = max(-(-num_rows // _BLOCK_ROWS), round(num_rows * size / self._block_size), 1)
        return max(1, -(-num_rows // num_blocks))

    def _extend_block(self, keys: Sequence[str], split: str | None, columns: dict[str, Values]) -> None:
        columns["key"] = keys
        marks = [layer.mark() for layer in self._layers]
        name = "key"
        try:
            key_digests = digests(map(str.encode, keys))
            for layer in self._layers:
                for name, builder in layer.builders.items():
                    builder.extend(columns[name])
        except (BadSample, TypeError, ValueError, OverflowError) as err:
            for layer, mark in zip(self._layers, marks, strict=True):
                layer.undo(mark, self._shard_rows)
            raise self._bad_sample(f"{keys[0]} ... {keys[-1]}", name, err) from err
        if split is not None:
            self._splits.setdefault(split, array("Q")).extend(
                range(self.num_samples, self.num_samples + len(keys))
            )
        self._key_digests.frombytes(key_digests.tobytes())
        self.num_samples += len(keys)
        self._shard_rows += len(keys)
        self._block_rows += len(keys)
        self._flush()

    def _all_names(self) -> list[str]:
        return [name for layer in self._layers for name in layer.appenders]

    def _bad_sample(self, key: str, name: str, err: Exception) -> BadSample:
        reason = "it is required" if isinstance(err, KeyError) else str(err).rstrip(".")
        return BadSample(f"Sample '{key}', field '{name}': {reason}.")

    def _count(self, key: str, split: str | Sequence[str] | None) -> None:
        if split is not None:
            for name in (split,) if isinstance(split, str) else split:
                self._splits.setdefault(name, array("Q")).append(self.num_samples)
        self._key_digests.append(key_digest(key))
        self.num_samples += 1
        self._shard_rows += 1
        self._block_rows += 1

    def _flush(self) -> None:
        """Bring the rows since the last time to disk, then their journal entry.

        Close the shard when it is full.
        """
        if not self._block_rows:
            return
        blocks = {layer.name: layer.flush(self._shard_rows) for layer in self._layers}
        splits = {
            name: rows[self._split_marks.get(name, 0) :].tolist() for name, rows in self._splits.items()
        }
        self._remember(Rows(self._block_rows, blocks, {name: rows for name, rows in splits.items() if rows}))
        self._split_marks = {name: len(rows) for name, rows in self._splits.items()}
        self._block_rows = self._block_bytes = 0
        size = sum(layer.position + layer.column_bytes() for layer in self._layers)
        if size >= self._shard_bytes or self._shard_rows >= _MAX_SHARD_ROWS:
            self._close_shard()

    def _close_shard(self) -> None:
        if self._shard_rows:
            shards = {layer.name: layer.finish() for layer in self._layers}
            self._shards.append(shards)
            self._remember(Closed(shards))
            self._shard_rows = 0

    def _resume(self, journal: Path) -> bool:
        """Take over what an interrupted writer left; False when it began otherwise."""
        frames = list(read_frames(journal))
        if not frames or frames[0][0] != self._begin:
            return False
        open_frames: list[tuple[Rows, int]] = []
        end = frames[0][1]
        keys: list[str] = []
        for frame, frame_end in frames[1:]:
            if isinstance(frame, Rows):
                open_frames.append((frame, frame_end))
            elif isinstance(frame, Closed):
                if not self._are_in_place(frame):
                    break
                for rows, _ in open_frames:
                    self._replay(rows, keys)
                open_frames, end = [], frame_end
                self._shards.append(frame.shards)
        for rows, frame_end in self._restore(open_frames):
            self._replay(rows, keys)
            self._shard_rows += rows.num_rows
            end = frame_end
        self.resumed_keys = frozenset(keys)
        self._split_marks = {name: len(rows) for name, rows in self._splits.items()}
        self._journal = journal.open("r+b")
        self._journal.truncate(end)
        self._journal.seek(end)
        return True

    def _are_in_place(self, frame: Closed) -> bool:
        for layer, shard in frame.shards.items():
            path = layout.shard_path(self.path, layer, shard.id)
            if not path.exists() or path.stat().st_size != shard.size:
                return False
        return True

    def _restore(self, frames: list[tuple[Rows, int]]) -> list[tuple[Rows, int]]:
        """Give the layers back the rows of an unfinished shard; the frames that all of them still hold."""
        blocks = {
            layer.name: [(rows.num_rows, rows.layers[layer.name]) for rows, _ in frames]
            for layer in self._layers
        }
        counts = [layer.restore(blocks[layer.name]) for layer in self._layers]
        kept = min(counts)
        for layer, count in zip(self._layers, counts, strict=True):
            if count != kept:
                layer.restart(blocks[layer.name][:kept])
        return frames[:kept]

    def _replay(self, rows: Rows, keys: list[str]) -> None:
        for name, numbers in rows.splits.items():
            self._splits.setdefault(name, array("Q")).extend(numbers)
        found = _keys_of(rows.layers[SAMPLES])
        keys.extend(found)
        self._key_digests.extend(map(key_digest, found))
        self.num_samples += rows.num_rows

    def commit(self) -> Dataset:
        """Make everything added so far a version of the dataset, and end.

        Raises:
            BadSample: two samples have the same key.
            Conflict: somebody else wrote to the folder meanwhile.
        """
        self._flush()
        self._close_shard()
        if not self._shards:
            self._shards.append({layer.name: layer.finish() for layer in self._layers})
        self._check_keys()
        manifest = self._commit_appended() if self._parent else commit(self.path, self._draft(None), parent=0)
        with layout.door(self.path):
            self._end()
            self._remove_folder()
        return Dataset.open(self.path, version=manifest.number)

    def _commit_appended(self) -> Manifest:
        while True:
            parent = load(self.path)
            self._check_keys_against(parent)
            try:
                return commit(self.path, self._draft(parent), parent=parent.number)
            except Conflict:  # another writer was faster: add to what it made
                continue

    def _draft(self, parent: Manifest | None) -> Draft:
        old = {layer.name: layer for layer in parent.layers} if parent else {}
        first_row = parent.rows if parent else 0
        layers = []
        for layer in self._layers:
            before = old.pop(layer.name).shards if layer.name in old else ()
            new = tuple(
                shards[layer.name]
                for shards in self._shards
                if shards[layer.name].rows or len(self._shards) == 1
            )
            layers.append(Layer(layer.name, layer.fields, (*before, *new)))
        splits = Dataset.open(self.path, version=parent.number).split_rows() if parent else {}
        rule = parent.split_rule if parent else self._split_rule
        for name, rows in self._rows_of_splits(rule).items():
            added = rows + first_row
            splits[name] = np.concatenate((splits[name], added)) if name in splits else added
        return Draft(
            kind=str(self.kind),
            class_names=self.class_names,
            layers=(*layers, *old.values()),
            splits={name: splits[name] for name in sorted(splits, key=_split_rank)},
            attributes={**(parent.attributes if parent else {}), **self._begin.attributes},
            indexes=parent.indexes if parent else (),
            message=self._message,
            split_rule=rule,
            **carried_over(self.path, parent),
        )

    def _rows_of_splits(self, rule: SplitRule | None) -> dict[str, NDArray[np.int64]]:
        """The added rows of each split; those that were given none are placed by the rule."""
        rows = {name: np.asarray(given).astype(np.int64) for name, given in self._splits.items()}
        if rule is None:
            return rows
        is_placed = np.zeros(self.num_samples, bool)
        for given in rows.values():
            is_placed[given] = True
        free = np.flatnonzero(~is_placed)
        for name, places in rule.rows_of(np.asarray(self._key_digests)[free].tolist()).items():
            rows[name] = np.union1d(rows.get(name, ()), free[places]).astype(np.int64)
        return rows

    def _check_keys(self) -> None:
        digests = np.asarray(self._key_digests)
        in_order = np.sort(digests)
        if bool((in_order[1:] == in_order[:-1]).any()):
            _, first = np.unique(digests, return_index=True)
            again = int(np.setdiff1d(np.arange(len(digests)), first)[0])
            other = int(np.flatnonzero(digests == digests[again])[0])
            raise BadSample(
                f"{self.path}: samples {other} and {again} have the same key, '{self._added_keys()[again]}'.",
                hint="Give every sample a key of its own.",
            )

    def _added_keys(self) -> list[str]:
        """The keys of all samples, read from the finished shards."""
        keys: list[str] = []
        for shards in self._shards:
            shard = open_shard_file(layout.shard_path(self.path, SAMPLES, shards[SAMPLES].id))
            column = shard.column(next(field for field in shard.fields if field.name == "key"))
            keys += map(column.getter(), range(shard.num_rows))
        return keys

    def _check_keys_against(self, parent: Manifest) -> None:
        mine = [(layer.name, layer.fields) for layer in self._layers]
        theirs = {layer.name: layer for layer in parent.layers}
        is_alike = parent.kind == self.kind and parent.class_names == self.class_names
        if not is_alike or any(
            name not in theirs or theirs[name].fields != fields or theirs[name].num_rows != parent.rows
            for name, fields in mine
        ):
            raise Conflict(
                f"{self.path} has another kind, other classes or other fields than what is being added.",
                hint="Open the writer with the kind, class_names and fields of the dataset.",
            )
        keys = Dataset.open(self.path).columns("key")
        known = np.fromiter(map(key_digest, keys), np.uint64)
        common = np.isin(known, np.asarray(self._key_digests))
        if common.any():
            raise BadSample(
                f"{self.path} has {shown_keys(keys[common].tolist())} already.",
                hint="Leave those samples out, or give them other keys.",
            )

    def close(self) -> None:
        """Stop without committing; what was added stays in `writing/` for a writer with `resume=True`."""
        if not self._is_open:
            return
        try:
            self._flush()
        finally:
            self._end()

    def abort(self) -> None:
        """Stop and leave no trace of this writer, but for shards that another one may need."""
        if not self._is_open:
            return
        self._discard((layer, shard.id) for shards in self._shards for layer, shard in shards.items())
        with layout.door(self.path):
            self._end()
            self._remove_folder()
            layout.remove_if_empty(self.path / "data")
            layout.remove_if_empty(self.path)

    def _discard(self, shards: Iterable[tuple[str, str]]) -> None:
        with layout.door(self.path) as is_alone:
            if is_alone or not layout.versions(self.path):
                discard_shards(self.path, shards, of_writer=self._folder.name)

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        layout.remove_if_empty(self._folder.parent)

    def _end(self) -> None:
        self._is_open = False
        for layer in self._layers:
            layer.close()
        self._journal.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_open:
            return
        try:
            if kind is None:
                self.commit()
        except KPLError:  # it would be refused again
            self.abort()
            raise
        finally:
            if self._resumes:
                self.close()
            else:
                self.abort()


def refuse_dataset(path: Path) -> None:
    """Refuse a folder to write a new dataset to if it holds one.

    Raises:
        Conflict: it does.
    """
    numbers = layout.versions(path)
    if numbers:
        raise Conflict(
            f"{path} holds a dataset already, version {numbers[-1]}.",
            hint="Write to another folder, or add to it: `kpl dataset append`, or append=True.",
        )


def carried_over(path: Path, parent: Manifest | None) -> dict[str, Any]:
    """The corrections and removed rows of a version, for the draft of the next one."""
    if parent is None or not parent.features:
        return {}
    snapshot = Dataset.open(path, version=parent.number).snapshot
    return {
        "deltas": tuple(Delta(each.layer, each.by, snapshot.split_rows(each.rows)) for each in parent.deltas),
        "removed": snapshot.split_rows(parent.removed) if parent.removed is not None else None,
    }


def shown_keys(keys: Sequence[str]) -> str:
    """Keys of samples as text for messages, the first few of many."""
    first = ", ".join(f"'{key}'" for key in keys[:_KEYS_SHOWN])
    return f"{first} and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else first


def parse_kind(kind: str) -> Kind:
    """The kind of that name.

    Raises:
        BadSample: there is none.
    """
    try:
        return Kind(kind)
    except ValueError as err:
        raise BadSample(f"'{kind}' is not a kind of dataset.", hint=nearest(kind, list(Kind))) from err


def _checked_class_names(names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) != len(names) or not all(names):
        raise BadSample(f"The class names {list(names)[:20]} are not all different and not empty.")
    return tuple(names)


def _check_field_names(layers: dict[str, tuple[Field, ...]]) -> None:
    names = [each.name for fields in layers.values() for each in fields]
    for name in names:
        if names.count(name) > 1:
            raise BadSample(f"Two fields are called '{name}'.", hint="Field names are unique in a dataset.")


def _keys_of(block: Block) -> list[str]:
    parts = block.columns["key"]
    lengths = np.frombuffer(parts["lengths"], np.uint32)
    ends = np.cumsum(lengths, dtype=np.int64)
    data = parts["values"]
    return [
        data[end - length : end].decode() for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def _lock(folder: Path) -> BinaryIO:
    file = (folder / "lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        file.close()
        raise Conflict(
            f"Another writer is at work in {folder.parent.parent}.",
            hint="Wait for it, or give this one another name.",
        ) from err
    return file


def _split_rank(name: str) -> tuple[int, str]:
    known = ("train", "val", "test")
    return known.index(name) if name in known else len(known), name


def _closed_shards(journal: Path) -> list[tuple[str, str]]:
    """Layer and id of the shards that an interrupted writer had finished."""
    frames = read_frames(journal) if journal.exists() else ()
    return [
        (layer, shard.id)
        for frame, _ in frames
        if isinstance(frame, Closed)
        for layer, shard in frame.shards.items()
    ]
