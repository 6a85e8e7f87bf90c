"""Tidying the artifact store and the files of ended attempts. What anything refers to is never removed."""

import time

import structlog
from sqlalchemy import select

from kpl.schemas.storage import GarbageOut
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, require_platform_admin
from kpl.server.services.artifacts import all_referenced
from kpl.server.services.platform import Platform
from kpl.storage.artifacts import GarbageReport
from kpl.task import AttemptState, TaskState

log = structlog.get_logger("kpl.storage")

MOST_MISSING = 100


def collect_garbage(platform: Platform, caller: Caller) -> GarbageOut:
    """Remove artifacts that nothing refers to any more, and say how much that freed."""
    require_platform_admin(caller)
    report = _collect(platform)
    with platform.db.write() as session:
        details = {"artifacts": len(report.removed_trees), "bytes": report.freed_bytes}
        audit.record(platform, session, caller, "storage.collect", "storage", details=details)
    return GarbageOut(
        num_artifacts=len(report.removed_trees),
        num_files=report.num_removed_blobs,
        freed_bytes=report.freed_bytes,
        missing=list(report.missing[:MOST_MISSING]),
    )


def remove_garbage(platform: Platform) -> None:
    """The same for the housekeeping loop."""
    report = _collect(platform)
    if report.removed_trees or report.missing:
        log.info(
            "collected",
            artifacts=len(report.removed_trees),
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


def _collect(platform: Platform) -> GarbageReport:
    # What is stored while the references are being read is younger than the limit, so it stays.
    with platform.db.read() as session:
        referenced = all_referenced(session)
    # Files carry the system's time, whatever clock the server was given.
    return platform.artifacts.collect_garbage(
        referenced, older_than_s=platform.settings.garbage_after_s, now_s=time.time()
    )
