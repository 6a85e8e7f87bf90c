"""Machines, what is held on them, and keeping new tasks away from them."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.machine import (
    DrainOut,
    DrainRequest,
    MachineOut,
    MachinesOut,
    MachineState,
    MachineUpdate,
)
from kpl.server.routes.dependencies import TheCaller, ThePlatform
from kpl.server.services import machines

router = APIRouter(prefix="/api/v1/machines", tags=["machines"])


@router.get("", operation_id="list_machines")
def list_machines(
    platform: ThePlatform,
    caller: TheCaller,
    *,
    query: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
    cluster: Annotated[str | None, Query(description="Of this pool only.")] = None,
    kind: Annotated[str | None, Query(description="With devices of this kind only.")] = None,
    state: MachineState | None = None,
    offset: Annotated[int, Query(ge=0, description="How many to pass over, in the order of the list.")] = 0,
    limit: Annotated[
        int | None, Query(ge=0, le=1000, description="How many at most; all when left out, none with 0.")
    ] = None,
) -> MachinesOut:
    """List machines with their devices, what tasks hold of them, and what all that match have together."""
    wanted = machines.MachineFilter(query, cluster, kind, state)
    return machines.list_machines(platform, caller, wanted, offset=offset, limit=limit)


@router.get("/{name}", operation_id="get_machine")
def get_machine(platform: ThePlatform, caller: TheCaller, name: str) -> MachineOut:
    """Show a machine."""
    return machines.get_machine(platform, caller, name)


@router.patch("/{name}", operation_id="update_machine")
def update_machine(platform: ThePlatform, caller: TheCaller, name: str, body: MachineUpdate) -> MachineOut:
    """Keep new tasks away from a machine, or open it again."""
    return machines.update_machine(platform, caller, name, body)


@router.post("/{name}/drain", operation_id="drain_machine", status_code=202)
def drain_machine(
    platform: ThePlatform, caller: TheCaller, name: str, body: DrainRequest | None = None
) -> DrainOut:
    """Close a machine and ask what can be resumed elsewhere to move on."""
    return machines.drain_machine(platform, caller, name, body or DrainRequest())


@router.delete("/{name}/drain", operation_id="stop_drain")
def stop_drain(platform: ThePlatform, caller: TheCaller, name: str) -> MachineOut:
    """Open a machine that is being drained."""
    return machines.stop_drain(platform, caller, name)
