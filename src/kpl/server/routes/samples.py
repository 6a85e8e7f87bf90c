"""What machines and their devices measure."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.sample import MachineMetricsOut
from kpl.server.routes.dependencies import TheCaller, ThePlatform
from kpl.server.services import samples

router = APIRouter(prefix="/api/v1/machines", tags=["machines"])


@router.get("/{name}/metrics", operation_id="get_machine_metrics")
def get_machine_metrics(
    platform: ThePlatform,
    caller: TheCaller,
    name: str,
    since: Annotated[datetime | None, Query(description="Left out, ten minutes before `until`.")] = None,
    until: Annotated[datetime | None, Query(description="Left out, now.")] = None,
    step: Annotated[
        float | None,
        Query(ge=1, le=86400, description="Seconds of each step; left out, as fine as a chart can show."),
    ] = None,
) -> MachineMetricsOut:
    """Show what a machine and its devices measured: by the second up to ten minutes ago, by the minute for a week."""
    return samples.get_machine_metrics(platform, caller, name, since=since, until=until, step_s=step)
