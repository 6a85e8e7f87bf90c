"""What the artifact store holds, and tidying it and the files of ended attempts.

What anything refers to is never removed. Figures are those of the last count (`storage_counts`): nobody who asks for
them waits for a walk through the store.
"""

import shutil
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.algorithm.manifest import MANIFEST_NAME
from kpl.algorithm.model import MODEL_NAME
from kpl.errors import KPLError
from kpl.schemas.page import Page
from kpl.schemas.storage import (
    ArtifactKind,
    DiskOut,
    GarbageItemOut,
    GarbageOut,
    MissingArtifactOut,
    PlaceOut,
    ProjectStorageOut,
    RemovableOut,
    StorageOut,
    StoredArtifactOut,
    StoredKindOut,
)
from kpl.sentence import in_chinese
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.storage import ProjectStorageRow, StoredArtifactRow
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, require_platform_admin
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of_pair, pair_cursor
from kpl.server.services.platform import Platform
from kpl.server.services.references import references_of
from kpl.server.services.storage_counts import (
    KINDS,
    MOST_MISSING,
    NONE,
    keep_count,
    last_count,
    referenced_kinds,
)
from kpl.storage.artifacts import GarbageReport
from kpl.task import AttemptState, TaskState

log = structlog.get_logger("kpl.storage")

_SHOWN_FILES = 3
_REST = 20  # housekeeping counts at most a twentieth of the time
_DATASET_MANIFEST = ".kpm"


def get_storage(platform: Platform, caller: Caller) -> StorageOut:
    """What the store held when it was counted last, what lies beside it, and what is free of its disk."""
    require_platform_admin(caller)
    with platform.db.read() as session:
        count = last_count(session)
        missing = [
            MissingArtifactOut(digest=digest, references=references_of(session, digest)[0])
            for digest in count.sums.missing
        ]
    sums, problem = count.sums, platform.counting.problem
    disk = shutil.disk_usage(platform.settings.artifacts_dir)
    return StorageOut(
        counted_at=utc(count.counted_at_s),
        took_s=count.took_s,
        is_counting=platform.counting.is_busy,
        problem=problem,
        problem_zh=in_chinese(problem),
        num_artifacts=sums.num_artifacts,
        num_files=sums.num_files,
        size_bytes=sums.size_bytes,
        kinds=[StoredKindOut.model_validate(each, from_attributes=True) for each in sums.kinds],
        places=[
            PlaceOut.model_validate({"place": place, **size._asdict()}) for place, size in sums.places.items()
        ],
        disk=DiskOut(size_bytes=disk.total, free_bytes=disk.free),
        removable=RemovableOut(
            num_artifacts=sums.num_removable,
            num_files=sums.num_removable_files,
            freed_bytes=sums.removable_bytes,
            num_waiting=sums.num_waiting,
            waiting_bytes=sums.waiting_bytes,
            after_s=platform.settings.garbage_after_s,
        ),
        missing=missing,
        num_missing=sums.num_missing,
    )


def request_count(platform: Platform, caller: Caller) -> StorageOut:
    """Have the store counted anew in the background; what is answered says that it is being counted."""
    require_platform_admin(caller)
    platform.counting.ask()
    return get_storage(platform, caller)


def list_project_storage(
    platform: Platform, caller: Caller, *, cursor: str | None = None, limit: int = 50
) -> Page[ProjectStorageOut]:
    """List what each project refers to, the largest first."""
    require_platform_admin(caller)
    table = ProjectStorageRow
    with platform.db.read() as session:
        rows, following = page_of_pair(
            session, select(table), table.size_bytes, table.project_id, cursor=cursor, limit=limit
        )
        chosen = select(ProjectRow).where(ProjectRow.id.in_([row.project_id for row in rows]))
        projects = {row.id: row for row in session.scalars(chosen)}
    return Page(
        items=[
            ProjectStorageOut.model_validate(
                {
                    "project": projects[row.project_id].name,
                    "title": projects[row.project_id].title,
                    "num_artifacts": row.num_artifacts,
                    "size_bytes": row.size_bytes,
                    "kinds": row.kinds,
                }
            )
            for row in rows
        ],
        next_cursor=following,
    )


def list_stored_artifacts(
    platform: Platform,
    caller: Caller,
    *,
    kind: ArtifactKind | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[StoredArtifactOut]:
    """List artifacts with what refers to them, the largest first."""
    require_platform_admin(caller)
    with platform.db.read() as session:
        rows, following = _largest(session, (*KINDS, NONE) if kind is None else (kind,), cursor, limit)
        items = []
        for row in rows:
            references, has_more = references_of(session, row.digest)
            items.append(
                StoredArtifactOut.model_validate(
                    {
                        "digest": row.digest,
                        "kind": row.kind,
                        "size_bytes": row.size_bytes,
                        "num_files": row.num_files,
                        "stored_at": utc(row.stored_at_s),
                        "references": references,
                        "has_more": has_more,
                    }
                )
            )
    return Page(items=items, next_cursor=following)


def list_garbage(
    platform: Platform, caller: Caller, *, cursor: str | None = None, limit: int = 50
) -> Page[GarbageItemOut]:
    """List artifacts that nothing refers to, the largest first; what something refers to by now is left out."""
    require_platform_admin(caller)
    with platform.db.read() as session:
        rows, following = _largest(session, (NONE,), cursor, limit)
        rows = [row for row in rows if not references_of(session, row.digest)[0]]
    return Page(
        items=[item for row in rows if (item := _garbage(platform, row)) is not None], next_cursor=following
    )


def collect_garbage(platform: Platform, caller: Caller) -> GarbageOut:
    """Remove artifacts that nothing refers to any more, and say how much that freed."""
    require_platform_admin(caller)
    report = _collect(platform, is_rested=True)
    missing = list(report.missing[:MOST_MISSING])
    with platform.db.write() as session:
        details = {
            "artifacts": len(report.removed),
            "files": report.num_removed_blobs,
            "bytes": report.freed_bytes,
            "digests": [tree.digest for tree in report.removed[:MOST_MISSING]],
            "missing": missing,
        }
        audit.record(platform, session, caller, "storage.collect", "storage", details=details)
    return GarbageOut(
        num_artifacts=len(report.removed),
        num_files=report.num_removed_blobs,
        freed_bytes=report.freed_bytes,
        missing=missing,
    )


def remove_garbage(platform: Platform) -> None:
    """The same for the housekeeping loop."""
    with platform.db.read() as session:
        count = last_count(session)
    rested_s = platform.now_s() - (count.counted_at_s or 0.0)
    report = _collect(platform, is_rested=rested_s >= _REST * count.took_s)
    if report.removed or report.missing:
        log.info(
            "collected",
            artifacts=len(report.removed),
            freed=report.freed_bytes,
            missing=report.missing[:5],
        )


def clean_attempts(platform: Platform) -> None:
    """Remove working files of ended attempts that a crash kept from being removed."""
    for attempt_id in platform.executor.leftovers():
        with platform.db.read() as session:
            found = session.execute(
                select(AttemptRow.state, TaskRow.state)
                .join(TaskRow, TaskRow.id == AttemptRow.task_id)
                .where(AttemptRow.id == attempt_id)
            ).first()
        is_unused = found is None or (found[0] == AttemptState.ENDED and found[1] != TaskState.COLLECTING)
        if is_unused:
            platform.executor.clean(attempt_id)


def _collect(platform: Platform, *, is_rested: bool) -> GarbageReport:
    """Remove garbage; what was seen on the way is kept as a count when the last one is long enough ago."""
    began = time.perf_counter()
    # What is stored while the references are being read is younger than the limit, so it stays.
    kinds = referenced_kinds(platform)
    # Files carry the system's time, whatever clock the server was given.
    report = platform.artifacts.collect_garbage(
        kinds, older_than_s=platform.settings.garbage_after_s, now_s=time.time()
    )
    if is_rested:
        keep_count(platform, report, kinds, began=began, is_removed=True)
    return report


def _largest(
    session: Session, kinds: Sequence[str], cursor: str | None, limit: int
) -> tuple[Sequence[StoredArtifactRow], str | None]:
    """The largest of several kinds, put together from the largest of each."""
    table = StoredArtifactRow
    found: list[StoredArtifactRow] = []
    for kind in kinds:
        chosen = select(table).where(table.kind == kind)
        found += page_of_pair(
            session, chosen, table.size_bytes, table.digest, cursor=cursor, limit=limit + 1
        )[0]
    found.sort(key=lambda row: (row.size_bytes, row.digest), reverse=True)
    if len(found) <= limit:
        return found, None
    return found[:limit], pair_cursor(found[limit - 1].size_bytes, found[limit - 1].digest)


def _garbage(platform: Platform, row: StoredArtifactRow) -> GarbageItemOut | None:
    """None when it is gone already."""
    try:
        paths = [entry.path for entry in platform.artifacts.get_tree(row.digest).entries]
    except KPLError:
        if row.digest not in platform.artifacts:
            return None
        paths = []  # damaged: it goes all the same
    removable_at_s = row.stored_at_s + platform.settings.garbage_after_s
    return GarbageItemOut.model_validate(
        {
            "digest": row.digest,
            "size_bytes": row.size_bytes,
            "num_files": row.num_files,
            "holds": _holds(paths),
            "files": paths[:_SHOWN_FILES],
            "stored_at": utc(row.stored_at_s),
            "removable_at": utc(removable_at_s),
            "is_removable": removable_at_s < time.time(),
        }
    )


def _holds(paths: Sequence[str]) -> str:
    if MODEL_NAME in paths:
        return "model"
    if MANIFEST_NAME in paths:
        return "algorithm"
    return "dataset" if any(path.endswith(_DATASET_MANIFEST) for path in paths) else "files"
