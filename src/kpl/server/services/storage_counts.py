"""Counting what the artifact store holds: by kind, by project, artifact by artifact.

Nobody who asks waits for a walk through the store or for sums over all that ever ran: both are done in the background,
and what they found is kept in tables that answer by index.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.db.tables.datasets import DatasetVersionRow
from kpl.server.db.tables.models import ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.storage import ProjectStorageRow, StorageCountRow, StoredArtifactRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow
from kpl.server.services.platform import Platform
from kpl.server.services.store import referenced_artifacts
from kpl.storage.artifacts import GarbageReport, StoredTree
from kpl.storage.folder import FolderSize, folder_size

KINDS = ("dataset", "model", "algorithm", "step")
"""What refers to an artifact; the first of them counts."""
NONE = "none"
MOST_MISSING = 100
_ROWS_A_TRANSACTION = 500  # some milliseconds: others want to write, too
_OTHERS_TURN_S = 0.002  # the lock of writers is not fair

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KindSum:
    kind: str
    num_artifacts: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What one count found; see `kpl.schemas.storage.StorageOut`."""

    num_artifacts: int = 0
    num_files: int = 0
    size_bytes: int = 0
    kinds: Sequence[KindSum] = ()
    places: Mapping[str, FolderSize] = field(default_factory=dict)
    num_removable: int = 0
    num_removable_files: int = 0
    removable_bytes: int = 0
    num_waiting: int = 0
    waiting_bytes: int = 0
    missing: Sequence[str] = ()
    num_missing: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """The last count. `counted_at_s` is None when there was none."""

    sums: Sums = Sums()
    counted_at_s: float | None = None
    took_s: float = 0.0


def last_count(session: Session) -> Count:
    row = session.get(StorageCountRow, 1)
    if row is None:
        return Count()
    values = row.values
    kinds = [KindSum(**each) for each in values["kinds"]]
    places = {place: FolderSize(*size) for place, size in values["places"].items()}
    return Count(Sums(**{**values, "kinds": kinds, "places": places}), row.counted_at_s, row.took_s)


def count_store(platform: Platform) -> None:
    """Look through the whole store, removing nothing, and keep what was found."""
    began = time.perf_counter()
    kinds = referenced_kinds(platform)
    limit = {"older_than_s": platform.settings.garbage_after_s, "now_s": time.time()}
    keep_count(platform, platform.artifacts.find_garbage(kinds, **limit), kinds, began=began)


def referenced_kinds(platform: Platform) -> dict[str, str]:
    """The kind of everything that somebody may still read, by digest; garbage collection keeps it."""
    found: dict[str, str] = {}
    with platform.db.read() as session:
        columns = (DatasetVersionRow.digest, ModelVersionRow.digest, AlgorithmVersionRow.tree)
        for kind, column in zip(KINDS, columns, strict=False):
            for digest in session.scalars(select(column).order_by(column)):
                found.setdefault(digest, kind)
        for digest in sorted(referenced_artifacts(session)):
            found.setdefault(digest, "step")
    return found


def keep_count(
    platform: Platform,
    report: GarbageReport,
    kinds: Mapping[str, str],
    *,
    began: float,
    is_removed: bool = False,
) -> None:
    """Write down what a look through the store found.

    Args:
        kinds: as `referenced_kinds` gave them for the report.
        began: on the stopwatch, when the look began.
        is_removed: whether the garbage of the report is gone.
    """
    removed: Sequence[StoredTree] = () if is_removed else report.removed
    with platform.counting.lock:
        _keep_artifacts(platform, [*report.kept, *removed], kinds)
        _keep_projects(platform)
        sums = _sums(report, removed, kinds, _places(platform))
        with platform.db.write() as session:
            row = StorageCountRow(
                id=1,
                counted_at_s=platform.now_s(),
                took_s=round(time.perf_counter() - began, 3),
                values=asdict(sums),
            )
            session.merge(row)


def _sums(
    report: GarbageReport,
    removed: Sequence[StoredTree],
    kinds: Mapping[str, str],
    places: Mapping[str, FolderSize],
) -> Sums:
    totals = dict.fromkeys((*KINDS, NONE), (0, 0))
    for tree in (*report.kept, *removed):
        kind = kinds.get(tree.digest, NONE)
        number, size_bytes = totals[kind]
        totals[kind] = (number + 1, size_bytes + tree.added_bytes)
    waiting = [tree for tree in report.kept if tree.digest not in kinds]
    return Sums(
        num_artifacts=len(report.kept) + len(removed),
        num_files=report.num_kept_blobs + (report.num_removed_blobs if removed else 0),
        size_bytes=report.kept_bytes + (report.freed_bytes if removed else 0),
        kinds=[KindSum(kind, *total) for kind, total in totals.items()],
        places=places,
        num_removable=len(removed),
        num_removable_files=report.num_removed_blobs if removed else 0,
        removable_bytes=report.freed_bytes if removed else 0,
        num_waiting=len(waiting),
        waiting_bytes=sum(tree.added_bytes for tree in waiting),
        missing=report.missing[:MOST_MISSING],
        num_missing=len(report.missing),
    )


def _places(platform: Platform) -> dict[str, FolderSize]:
    """What lies beside the store in the data folder."""
    runtime, database = platform.settings.runtime_dir, platform.db.path
    files = () if database is None else (database, Path(f"{database}-wal"))
    sizes = [file.stat().st_size for file in files if file.exists()]
    logs, events = folder_size(runtime / "logs"), folder_size(runtime / "events")
    return {
        "uploads": folder_size(platform.settings.uploads_dir),
        "logs": FolderSize(logs.num_files + events.num_files, logs.size_bytes + events.size_bytes),
        "checkpoints": folder_size(runtime / "checkpoints"),
        "environments": folder_size(runtime / "environments"),
        "work": folder_size(runtime / "attempts"),
        "cache": folder_size(platform.settings.cache_dir),
        "database": FolderSize(len(sizes), sum(sizes)),
    }


def _keep_artifacts(platform: Platform, trees: Sequence[StoredTree], kinds: Mapping[str, str]) -> None:
    """Bring the rows up to date, writing no more than what changed."""
    table = StoredArtifactRow
    with platform.db.read() as session:
        columns = (table.digest, table.kind, table.size_bytes, table.num_files, table.stored_at_s)
        known = {row[0]: tuple(row) for row in session.execute(select(*columns))}
    changed: list[dict[str, Any]] = []
    gone: list[str] = []
    names = [column.key for column in columns]
    for tree in trees:
        values = (
            tree.digest,
            kinds.get(tree.digest, NONE),
            tree.size_bytes,
            tree.num_files,
            tree.stored_at_s,
        )
        before = known.pop(tree.digest, None)
        if values != before:
            changed.append(dict(zip(names, values, strict=True)))
        if before is not None and values != before:
            gone.append(tree.digest)
    gone += known
    for digests in _chunks(gone):
        with platform.db.write() as session:
            session.execute(delete(table).where(table.digest.in_(digests)))
        time.sleep(_OTHERS_TURN_S)
    changed.sort(key=lambda row: row["digest"])  # as they lie: far fewer pages are written
    for rows in _chunks(changed):
        with platform.db.write() as session:
            session.connection().execute(insert(table), rows)
        time.sleep(_OTHERS_TURN_S)


def _keep_projects(platform: Platform) -> None:
    """Add up what each project refers to; an artifact that it refers to in several ways is of the first kind."""
    task_outputs = select(TaskRow.project_id, TaskOutputRow.artifact, literal(3)).join(
        TaskRow, TaskRow.id == TaskOutputRow.task_id
    )
    task_inputs = select(TaskRow.project_id, TaskInputRow.artifact, literal(3)).join(
        TaskRow, TaskRow.id == TaskInputRow.task_id
    )
    of_project = AlgorithmVersionRow.project_id.is_not(None)
    references = union_all(
        select(
            DatasetVersionRow.project_id, DatasetVersionRow.digest.label("digest"), literal(0).label("rank")
        ),
        select(ModelVersionRow.project_id, ModelVersionRow.digest, literal(1)),
        select(AlgorithmVersionRow.project_id, AlgorithmVersionRow.tree, literal(2)).where(of_project),
        task_outputs,
        task_inputs.where(TaskInputRow.artifact.is_not(None)),
    ).subquery()
    owned = (
        select(references.c.project_id, references.c.digest, func.min(references.c.rank).label("rank"))
        .group_by(references.c.project_id, references.c.digest)
        .subquery()
    )
    size_bytes = func.sum(StoredArtifactRow.size_bytes)
    sums = (
        select(owned.c.project_id, owned.c.rank, func.count(), size_bytes)
        .join(StoredArtifactRow, StoredArtifactRow.digest == owned.c.digest)
        .group_by(owned.c.project_id, owned.c.rank)
    )
    rows: dict[int, dict[str, Any]] = {}
    with platform.db.read() as session:
        for project_id, rank, number, total in session.execute(sums):
            empty = {"project_id": project_id, "num_artifacts": 0, "size_bytes": 0, "kinds": {}}
            row = rows.setdefault(project_id, empty)
            row["num_artifacts"] += number
            row["size_bytes"] += int(total)
            row["kinds"][KINDS[rank]] = int(total)
    with platform.db.write() as session:
        session.execute(delete(ProjectStorageRow))
        existing = [rows[each] for each in session.scalars(select(ProjectRow.id)) if each in rows]
        if existing:
            session.execute(insert(ProjectStorageRow), existing)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _ROWS_A_TRANSACTION)):
        yield chunk
