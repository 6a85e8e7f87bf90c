"""The audit log: every change, with who, when and from where."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kpl.schemas.audit import AuditOut
from kpl.schemas.page import Page
from kpl.server.db.tables.audit import AuditRow
from kpl.server.services.access import Caller, Role, project_for, require_platform_admin
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform


def record(
    platform: Platform,
    session: Session,
    caller: Caller,
    action: str,
    target: str,
    *,
    project: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write down a change, in its own transaction. Every service function that changes something calls this.

    Args:
        action: noun and verb, as in `project.create`.
        target: what was changed, as in `project:default`.
        details: what to know about the change; never a secret.
    """
    session.add(
        AuditRow(
            at_s=platform.now_s(),
            username=caller.username,
            origin=caller.origin,
            address=caller.address,
            request_id=caller.request_id,
            action=action,
            target=target,
            project=project,
            details=details or {},
        )
    )


def list_audit(
    platform: Platform,
    caller: Caller,
    *,
    project: str | None,
    username: str | None,
    action: str | None,
    cursor: str | None,
    limit: int,
) -> Page[AuditOut]:
    """The log, newest first: all of it for the platform's administrators, a project's for its admins."""
    with platform.db.read() as session:
        if project is None:
            require_platform_admin(caller)
        elif not caller.is_admin:
            project_for(session, caller, project, Role.ADMIN)
        else:
            require_platform_admin(caller)
        chosen = select(AuditRow)
        if project is not None:
            chosen = chosen.where(AuditRow.project == project)
        if username is not None:
            chosen = chosen.where(AuditRow.username == username)
        if action is not None:
            chosen = chosen.where(AuditRow.action == action)
        rows, next_cursor = page_of(session, chosen, AuditRow.id, cursor=cursor, limit=limit)
        return Page(items=[_audit_out(row) for row in rows], next_cursor=next_cursor)


def remove_old(platform: Platform) -> None:
    """Delete entries older than the setting allows; for the housekeeping loop."""
    oldest_s = platform.now_s() - platform.settings.audit_retention_s
    with platform.db.write() as session:
        session.execute(delete(AuditRow).where(AuditRow.at_s < oldest_s))


def _audit_out(row: AuditRow) -> AuditOut:
    return AuditOut(
        id=row.id,
        at=utc(row.at_s),
        username=row.username,
        origin=row.origin,
        address=row.address,
        request_id=row.request_id,
        action=row.action,
        target=row.target,
        project=row.project,
        details=row.details,
    )
