"""The artifact store, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.page import Page
from kpl.schemas.storage import (
    ArtifactKind,
    GarbageItemOut,
    GarbageOut,
    ProjectStorageOut,
    StorageOut,
    StoredArtifactOut,
)
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import storage

router = APIRouter(prefix="/api/v1/storage", tags=["storage"])


@router.get("", operation_id="get_storage")
def get_storage(platform: ThePlatform, caller: TheCaller) -> StorageOut:
    """Show what the store held when it was counted last, by kind, and how much of its disk is free."""
    return storage.get_storage(platform, caller)


@router.post("/count", operation_id="count_storage", status_code=202)
def count_storage(platform: ThePlatform, caller: TheCaller) -> StorageOut:
    """Have what the store holds counted anew; it is done when `is_counting` is no longer true."""
    return storage.request_count(platform, caller)


@router.get("/projects", operation_id="list_project_storage")
def list_project_storage(
    platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProjectStorageOut]:
    """List what each project refers to, the largest first, as of the last count."""
    return storage.list_project_storage(platform, caller, cursor=cursor, limit=limit)


@router.get("/artifacts", operation_id="list_stored_artifacts")
def list_stored_artifacts(
    platform: ThePlatform,
    caller: TheCaller,
    kind: Annotated[ArtifactKind | None, Query(description="Of this kind only.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StoredArtifactOut]:
    """List artifacts with what refers to them, the largest first."""
    return storage.list_stored_artifacts(platform, caller, kind=kind, cursor=cursor, limit=limit)


@router.get("/garbage", operation_id="list_garbage")
def list_garbage(
    platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50
) -> Page[GarbageItemOut]:
    """List artifacts that nothing refers to, the largest first, and from when on they may be removed."""
    return storage.list_garbage(platform, caller, cursor=cursor, limit=limit)


@router.post("/collect", operation_id="collect_garbage")
def collect_garbage(platform: ThePlatform, caller: TheCaller) -> GarbageOut:
    """Remove artifacts that nothing refers to any more; `garbage` lists them beforehand."""
    return storage.collect_garbage(platform, caller)
