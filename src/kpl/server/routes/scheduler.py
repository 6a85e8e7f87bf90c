"""What the scheduler did: the history of tasks, and who used how much."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from kpl.schemas.page import Page
from kpl.schemas.scheduler import HistoryOut, UsageOut
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import usage

router = APIRouter(prefix="/api/v1/scheduler", tags=["scheduler"])

Since = Annotated[AwareDatetime | None, Query(description="Seven days before `until` when left out.")]
Until = Annotated[AwareDatetime | None, Query(description="Now when left out.")]


@router.get("/history", operation_id="list_history")
def list_history(
    platform: ThePlatform,
    caller: TheCaller,
    *,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HistoryOut]:
    """List tasks that ran and ended within a time, the oldest first, for simulations."""
    return usage.list_history(platform, caller, since=since, until=until, cursor=cursor, limit=limit)


@router.get("/usage", operation_id="get_usage")
def get_usage(
    platform: ThePlatform,
    caller: TheCaller,
    *,
    project: Annotated[str | None, Query(description="Of this project only.")] = None,
    since: Since = None,
    until: Until = None,
) -> UsageOut:
    """Add up the device hours that tasks held, by project, user and kind."""
    return usage.get_usage(platform, caller, project=project, since=since, until=until)
