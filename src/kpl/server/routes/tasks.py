"""Tasks: where each stands, its log, metrics, attempts and outputs."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import AwareDatetime

from kpl.schemas.log import LogErrorOut, LogOut, LogSearchOut
from kpl.schemas.metric import CurveOut, MetricSeriesOut, MetricsOut
from kpl.schemas.page import Page
from kpl.schemas.queue import WhyOut
from kpl.schemas.task import (
    AttemptOut,
    TaskDetail,
    TaskOut,
    TaskOutputOut,
    TaskUpdate,
    TrialOrder,
    TrialOut,
)
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, TheCaller, ThePlatform
from kpl.server.routes.files import file_response
from kpl.server.services import logs, metrics, scheduling, tasks, trials
from kpl.task import TaskState

router = APIRouter(prefix=f"{PROJECT}/tasks", tags=["tasks"])

MAX_LINES = 5000
Attempt = Annotated[int | None, Query(ge=1, description="Number of an attempt; the latest when left out.")]


@router.get("", operation_id="list_tasks")
def list_tasks(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    *,
    run_id: int | None = None,
    state: TaskState | None = None,
    algorithm: Annotated[str | None, Query(max_length=100, description="Name of an algorithm.")] = None,
    finished_after: Annotated[AwareDatetime | None, Query(description="Only what ended since.")] = None,
    trials: Annotated[bool, Query(description="Trials of searches, too.")] = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    """List tasks, newest first."""
    return tasks.list_tasks(
        platform,
        caller,
        project,
        run_id=run_id,
        state=state,
        algorithm=algorithm,
        finished_after_s=None if finished_after is None else finished_after.timestamp(),
        with_trials=trials,
        cursor=cursor,
        limit=limit,
    )


@router.get("/curves", operation_id="list_curves")
def list_curves(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task: Annotated[list[int], Query(min_length=1, max_length=32, description="Numbers of tasks.")],
) -> list[CurveOut]:
    """Show the course of the main metric of several tasks at once, a few points each."""
    return metrics.list_curves(platform, caller, project, task)


@router.get("/{task_id}", operation_id="get_task")
def get_task(platform: ThePlatform, caller: TheCaller, project: str, task_id: int) -> TaskDetail:
    """Show a task with everything that decided what it did."""
    return tasks.get_task(platform, caller, project, task_id)


@router.patch("/{task_id}", operation_id="update_task")
def update_task(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, body: TaskUpdate
) -> TaskOut:
    """Change the priority of a task that has not started."""
    return tasks.update_task(platform, caller, project, task_id, body)


@router.get("/{task_id}/why", operation_id="explain_task")
def explain_task(platform: ThePlatform, caller: TheCaller, project: str, task_id: int) -> WhyOut:
    """Say why a task waits, what its place in the queue is and when it will probably start."""
    return scheduling.explain_task(platform, caller, project, task_id)


@router.post("/{task_id}/cancel", operation_id="cancel_task", status_code=202)
def cancel_task(platform: ThePlatform, caller: TheCaller, project: str, task_id: int) -> TaskOut:
    """Stop a task; what depends on it is skipped."""
    return tasks.cancel_task(platform, caller, project, task_id)


@router.get("/{task_id}/trials", operation_id="list_trials")
def list_trials(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    sort: Annotated[
        TrialOrder, Query(description="`trial`, or `value` for the best first and those without one last.")
    ] = "trial",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TrialOut]:
    """List the trials of a search over parameters."""
    return trials.list_trials(platform, caller, project, task_id, sort=sort, cursor=cursor, limit=limit)


@router.get("/{task_id}/attempts", operation_id="list_attempts")
def list_attempts(platform: ThePlatform, caller: TheCaller, project: str, task_id: int) -> list[AttemptOut]:
    """List the attempts of a task, newest first."""
    return tasks.list_attempts(platform, caller, project, task_id)


@router.get("/{task_id}/log", operation_id="get_log")
def get_log(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    start: Annotated[int, Query(description="First line, from 0; negative counts from the end.")] = 0,
    limit: Annotated[int, Query(ge=0, le=MAX_LINES)] = 1000,
    attempt: Attempt = None,
) -> LogOut:
    """Show some lines of a log."""
    return logs.read_log(platform, caller, project, task_id, start=start, limit=limit, attempt=attempt)


@router.get("/{task_id}/log/search", operation_id="search_log")
def search_log(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    q: Annotated[str, Query(min_length=1, max_length=1000, description="Text to find, in any case.")],
    limit: Annotated[int, Query(ge=1, le=MAX_LINES)] = 1000,
    attempt: Attempt = None,
) -> LogSearchOut:
    """Find the lines of a log that hold a text."""
    return logs.search_log(platform, caller, project, task_id, text=q, limit=limit, attempt=attempt)


@router.get("/{task_id}/log/error", operation_id="find_log_error")
def find_log_error(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, attempt: Attempt = None
) -> LogErrorOut:
    """Tell the first line that tells of an error in the last 256 KiB of the log of an attempt that has ended."""
    return logs.find_error(platform, caller, project, task_id, attempt=attempt)


@router.get("/{task_id}/metrics", operation_id="get_metrics")
def get_metrics(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, attempt: Attempt = None
) -> MetricsOut:
    """Show all that a task reported, in short."""
    return metrics.get_metrics(platform, caller, project, task_id, attempt=attempt)


@router.get("/{task_id}/metrics/{name:path}", operation_id="get_metric_series")
def get_metric_series(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    name: str,
    *,
    from_step: Annotated[float | None, Query(alias="from", description="First step.")] = None,
    to_step: Annotated[float | None, Query(alias="to", description="Last step.")] = None,
    points: Annotated[int, Query(ge=2, le=20_000, description="About how many points at most.")] = 2000,
    attempt: Attempt = None,
) -> MetricSeriesOut:
    """Show the points of one metric, thinned out so that no spike is lost."""
    return metrics.get_metric_series(
        platform,
        caller,
        project,
        task_id,
        name,
        attempt=attempt,
        from_step=from_step,
        to_step=to_step,
        points=points,
    )


@router.get("/{task_id}/outputs", operation_id="list_outputs")
def list_outputs(platform: ThePlatform, caller: TheCaller, project: str, task_id: int) -> list[TaskOutputOut]:
    """List the outputs of a task with their files."""
    return tasks.list_outputs(platform, caller, project, task_id)


@router.get(
    "/{task_id}/outputs/{output}/files/{path:path}",
    operation_id="get_output_file",
    response_class=FileResponse,
)
def get_output_file(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, output: str, *, path: str
) -> FileResponse:
    """Download one file of a stored output; ranges are understood."""
    return file_response(tasks.output_file(platform, caller, project, task_id, output=output, path=path))
