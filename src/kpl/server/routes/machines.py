"""Machines and what is held on them."""

from fastapi import APIRouter

from kpl.schemas.machine import MachinesOut
from kpl.server.routes.dependencies import TheCaller, ThePlatform
from kpl.server.services import machines

router = APIRouter(prefix="/api/v1/machines", tags=["machines"])


@router.get("", operation_id="list_machines")
def list_machines(platform: ThePlatform, caller: TheCaller) -> MachinesOut:
    """List machines with their devices, and what tasks hold of them."""
    return machines.list_machines(platform, caller)
