"""Queues: quotas, policies, who runs and who waits."""

from fastapi import APIRouter

from kpl.schemas.page import Page
from kpl.schemas.queue import QueuedTaskOut, QueueOut, QueuePut
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import queues

router = APIRouter(prefix="/api/v1/queues", tags=["queues"])


@router.get("", operation_id="list_queues")
def list_queues(
    platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50
) -> Page[QueueOut]:
    """List the queues of one's projects and those above, by name."""
    return queues.list_queues(platform, caller, cursor=cursor, limit=limit)


@router.get("/{name:path}/tasks", operation_id="list_queued")
def list_queued(
    platform: ThePlatform, caller: TheCaller, name: str, cursor: Cursor = None, limit: Limit = 50
) -> Page[QueuedTaskOut]:
    """List who runs in a queue, then who waits, with place, reason and probable start."""
    return queues.list_queued(platform, caller, name, cursor=cursor, limit=limit)


@router.get("/{name:path}", operation_id="get_queue")
def get_queue(platform: ThePlatform, caller: TheCaller, name: str) -> QueueOut:
    """Show a queue: `PROJECT/USER` is that of a user."""
    return queues.get_queue(platform, caller, name)


@router.put("/{name:path}", operation_id="put_queue")
def put_queue(platform: ThePlatform, caller: TheCaller, name: str, body: QueuePut) -> QueueOut:
    """Set up a queue, or change what is named of it."""
    return queues.put_queue(platform, caller, name, body)


@router.delete("/{name:path}", operation_id="delete_queue", status_code=204)
def delete_queue(platform: ThePlatform, caller: TheCaller, name: str) -> None:
    """Take away what was set up; refused while tasks are in a queue that would be gone."""
    queues.delete_queue(platform, caller, name)
