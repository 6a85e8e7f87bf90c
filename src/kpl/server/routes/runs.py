"""Runs: starting, looking at, stopping and repeating them."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.orchestrator.state import RunState
from kpl.schemas.page import Page
from kpl.schemas.run import GoingRunsOut, RerunRequest, RunCreate, RunDetail, RunOut, RunUpdate
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, Search, TheCaller, ThePlatform
from kpl.server.services import going_on, runs

router = APIRouter(prefix=f"{PROJECT}/runs", tags=["runs"])


@router.get("", operation_id="list_runs")
def list_runs(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    *,
    state: RunState | None = None,
    pipeline: Annotated[str | None, Query(description="Name of a saved pipeline.")] = None,
    search: Search = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunOut]:
    """List runs, newest first."""
    return runs.list_runs(
        platform,
        caller,
        project,
        state=state,
        pipeline=pipeline,
        search=search,
        cursor=cursor,
        limit=limit,
    )


@router.post("", operation_id="create_run", status_code=201)
def create_run(platform: ThePlatform, caller: TheCaller, project: str, body: RunCreate) -> RunDetail:
    """Start a run of a saved pipeline, a template or a document."""
    return runs.create_run(platform, caller, project, body)


@router.get("/going_on", operation_id="list_going_on")
def list_going_on(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    limit: Annotated[int, Query(ge=1, le=24, description="Most runs.")] = 6,
) -> GoingRunsOut:
    """List runs that are not over, the caller's own first, each with its step at work and a curve of it."""
    return going_on.list_going_on(platform, caller, project, limit=limit)


@router.get("/{run_id}", operation_id="get_run")
def get_run(platform: ThePlatform, caller: TheCaller, project: str, run_id: int) -> RunDetail:
    """Show a run with its tasks."""
    return runs.get_run(platform, caller, project, run_id)


@router.patch("/{run_id}", operation_id="update_run")
def update_run(
    platform: ThePlatform, caller: TheCaller, project: str, run_id: int, body: RunUpdate
) -> RunOut:
    """Change the priority of those tasks of a run that have not started."""
    return runs.update_run(platform, caller, project, run_id, body)


@router.post("/{run_id}/cancel", operation_id="cancel_run", status_code=202)
def cancel_run(platform: ThePlatform, caller: TheCaller, project: str, run_id: int) -> RunOut:
    """Stop a run; a service that is ready goes on serving."""
    return runs.cancel_run(platform, caller, project, run_id)


@router.post("/{run_id}/rerun", operation_id="rerun", status_code=201)
def rerun(
    platform: ThePlatform, caller: TheCaller, project: str, run_id: int, body: RerunRequest | None = None
) -> RunDetail:
    """Run again what a run ran, all of it or from one node on."""
    return runs.rerun(platform, caller, project, run_id, body or RerunRequest())
