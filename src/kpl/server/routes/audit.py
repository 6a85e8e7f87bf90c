"""The audit log."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.audit import AuditOut
from kpl.schemas.page import Page
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import audit

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("", operation_id="list_audit")
def list_audit(
    platform: ThePlatform,
    caller: TheCaller,
    *,
    project: Annotated[str | None, Query(description="Of this project only.")] = None,
    username: Annotated[str | None, Query(description="Of this user only.")] = None,
    action: Annotated[str | None, Query(description="As in `project.create`.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditOut]:
    """List who changed what, newest first."""
    return audit.list_audit(
        platform, caller, project=project, username=username, action=action, cursor=cursor, limit=limit
    )
