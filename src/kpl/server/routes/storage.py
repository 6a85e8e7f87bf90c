"""The artifact store, for administrators."""

from fastapi import APIRouter

from kpl.schemas.storage import GarbageOut
from kpl.server.routes.dependencies import TheCaller, ThePlatform
from kpl.server.services import storage

router = APIRouter(prefix="/api/v1/storage", tags=["storage"])


@router.post("/collect", operation_id="collect_garbage")
def collect_garbage(platform: ThePlatform, caller: TheCaller) -> GarbageOut:
    """Remove artifacts that nothing refers to any more."""
    return storage.collect_garbage(platform, caller)
