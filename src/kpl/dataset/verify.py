"""Reading every byte of a dataset and naming whatever is not as it was written."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from xxhash import xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.columns import BlobColumn, OptionalColumn
from kpl.dataset.errors import DatasetDamaged, NotADataset
from kpl.dataset.fields import BLOB
from kpl.dataset.manifest import Layer, Manifest, load
from kpl.dataset.references import ReferenceColumn
from kpl.dataset.shard import Shard, map_file, open_shard_file
from kpl.dataset.snapshot import Snapshot
from kpl.errors import Invalid, KPLError
from kpl.sentence import Sentence
from kpl.storage.url import is_remote

_CHUNK_BYTES = 8 << 20

Progress = Callable[[int, int], None]


class Problem(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        file: path below the folder of the dataset.
        row: row of the dataset, -1 where it concerns the file.
        field: name of the field, empty where it concerns the file.
    """

    file: str
    reason: str
    row: int = -1
    field: str = ""

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row >= 0 else ""
        field = f", field '{self.field}'" if self.field else ""
        return f"{self.file}{row}{field}: {self.reason}"


class VerifyReport(NamedTuple):
    """What was read and what was wrong with it."""

    num_files: int
    num_bytes: int
    num_rows: int
    problems: tuple[Problem, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every byte is as it was written."""
        return not self.problems


def verify(
    path: str | os.PathLike[str],
    *,
    version: int | None = None,
    all_versions: bool = False,
    progress: Progress | None = None,
) -> VerifyReport:
    """Check every byte of every file that a version needs, and of those that name versions.

    Args:
        path: folder of the dataset, or its address; of an address, one shard at a time is fetched into a temporary
            folder, again where it arrives other than it was written.
        version: number of the version; the newest by default.
        all_versions: every version of the folder, not one.
        progress: called with (files done, files in all).
    Raises:
        NotADataset: there is no such version.
        Invalid: all versions of an address, where they cannot be listed.
    """
    address = os.fspath(path)
    if not is_remote(address):
        root = layout.folder_of(address)
        newest = layout.newest_version(root)
        numbers = layout.versions(root)[::-1] if all_versions else [newest if version is None else version]
        return _verify(root, numbers, progress, nullcontext)
    if all_versions:
        raise Invalid(
            Sentence(
                f"{address}: the versions at an address cannot be listed.",
                f"{address}：无法列出地址上的版本。",
            ),
            hint=Sentence("Check one by its number.", "请按版本号逐个检查。"),
        )
    from kpl.dataset.mirror import Mirror
    from kpl.dataset.remote import newest_version

    with Mirror.temporary(address) as mirror:
        if version is None:
            mirror.fetch("HEAD")
        number = newest_version(mirror.storage, address) if version is None else version
        if not mirror.fetch(str(layout.manifest_path(mirror.root, number).relative_to(mirror.root))):
            raise NotADataset(
                Sentence(f"{address} has no version {number}.", f"{address} 没有版本 {number}。")
            )
        return _verify(mirror.root, [number], progress, mirror.holding)


def _verify(
    root: Path,
    numbers: list[int],
    progress: Progress | None,
    holding: Callable[[Path], AbstractContextManager[Any]],
) -> VerifyReport:
    checks = [(file, _pointer_check(root, file)) for file in layout.pointers(root)]
    num_rows, seen = 0, set[Path]()
    for number in numbers:
        file = layout.manifest_path(root, number)
        try:
            manifest = load(root, number)
        except KPLError as err:
            if not file.exists():
                raise
            problem = _problem(root, file, err)
            checks.append((file, lambda problem=problem: [problem]))  # type: ignore[misc]
            continue
        num_rows = num_rows or manifest.rows
        new = [(file, check) for file, check in _checks(root, manifest) if file not in seen]
        seen |= {file for file, _ in new}
        checks += new
    problems: list[Problem] = []
    sizes: dict[Path, int] = {}
    for done, (file, check) in enumerate(checks):
        with holding(file):
            problems += check()
            sizes[file] = file.stat().st_size if file.exists() else 0
        if progress is not None:
            progress(done + 1, len(checks))
    return VerifyReport(len(sizes), sum(sizes.values()), num_rows, tuple(problems))


def _pointer_check(root: Path, file: Path) -> Callable[[], list[Problem]]:
    def check() -> list[Problem]:
        try:
            layout.read_pointer(file)
        except DatasetDamaged as err:
            return [_problem(root, file, err)]
        return []

    return check


def _checks(root: Path, manifest: Manifest) -> Iterator[tuple[Path, Callable[[], list[Problem]]]]:
    path = layout.manifest_path(root, manifest.number)
    yield path, lambda: _check_file(root, path, codec.MANIFEST)
    for index in manifest.indexes:
        file = layout.index_path(root, index.number)
        yield file, lambda file=file, index=index: _check_file(root, file, codec.INDEX, index.id)  # type: ignore[misc]
    snapshot = Snapshot(root, manifest, "never")
    yield path, lambda: _check_splits(root, snapshot)
    for layer in manifest.layers:
        first_row = 0
        for number, shard in enumerate(layer.shards):
            file = layout.shard_path(root, layer.name, shard.id)
            yield file, _shard_check(root, file, snapshot, layer, number=number, first_row=first_row)
            first_row += shard.rows


def _problem(root: Path, file: Path, err: KPLError) -> Problem:
    reason = err.message.removeprefix(f"{file}: ")
    return Problem(str(file.relative_to(root)), reason)


def _check_file(root: Path, file: Path, kind: int, content_id: str = "") -> list[Problem]:
    """Compare all bytes after the header with the id in the header, and that with the one expected."""
    try:
        data = map_file(file)
        found = codec.decode_header(data[: codec.HEADER_BYTES], kind, size=len(data), where=str(file))
    except KPLError as err:
        return [_problem(root, file, err)]
    name = str(file.relative_to(root))
    if content_id and found != content_id:
        return [Problem(name, f"this is {found}, but the manifest names {content_id}")]
    digest = xxh3_128()
    for begin in range(codec.HEADER_BYTES, len(data), _CHUNK_BYTES):
        digest.update(data[begin : begin + _CHUNK_BYTES])
    if digest.hexdigest() != found:
        return [Problem(name, "its bytes are not the ones that were written")]
    return []


def _check_splits(root: Path, snapshot: Snapshot) -> list[Problem]:
    problems = []
    manifest = snapshot.manifest
    masks = [delta.rows for delta in manifest.deltas] + (
        [manifest.removed] if manifest.removed is not None else []
    )
    for split in (*manifest.splits, *masks):
        try:
            snapshot.split_rows(split)
        except KPLError as err:
            problems.append(_problem(root, layout.index_path(root, split.index), err))
    return problems


def _shard_check(
    root: Path, file: Path, snapshot: Snapshot, layer: Layer, *, number: int, first_row: int
) -> Callable[[], list[Problem]]:
    def check() -> list[Problem]:
        ref = layer.shards[number]
        problems = _check_file(root, file, codec.SHARD, ref.id)
        if problems:
            return _damaged_rows(root, file, first_row) or problems
        try:
            data = map_file(file)
            if bytes(snapshot.shard(layer, number).tail) != bytes(data[ref.tail_start :]):
                index = layout.index_path(root, ref.index)
                return [Problem(str(index.relative_to(root)), f"it repeats shard {ref.id} wrongly")]
        except KPLError as err:
            return [_problem(root, file, err)]
        return _damaged_rows(root, file, first_row)

    return check


def _damaged_rows(root: Path, file: Path, first_row: int) -> list[Problem]:
    """Name the columns and rows of a shard that are damaged, or in contradiction to each other."""
    name = str(file.relative_to(root))
    try:
        shard = open_shard_file(file, first_row=first_row, verify="always")
    except KPLError as err:
        return [_problem(root, file, err)]
    problems: list[Problem] = []
    for field in shard.fields:
        try:
            column = shard.column(field)
        except KPLError as err:
            problems.append(_problem(root, file, err)._replace(field=field.name))
            continue
        if isinstance(column, OptionalColumn):
            column = column.column
        if field.layout == BLOB and isinstance(column, BlobColumn):
            problems += _damaged_blobs(shard, column, name, field.name)
    return problems


def _damaged_blobs(shard: Shard, column: BlobColumn, file: str, field: str) -> list[Problem]:
    begins, ends = column.extents()
    if isinstance(column, ReferenceColumn):
        begins, ends = begins[column.in_heap()], ends[column.in_heap()]
    if len(begins) and not bool(np.all((begins >= codec.HEADER_BYTES) & (ends <= shard.heap_end()))):
        return [Problem(file, "a blob lies outside the heap", field=field)]
    problems = []
    get = column.getter()
    for row in range(shard.num_rows):
        try:
            get(row)
        except KPLError as err:
            reason = err.message if isinstance(column, ReferenceColumn) else "the blob is damaged"
            problems.append(Problem(file, reason, shard.first_row + row, field))
    return problems
