"""Live events about runs and tasks: what the store tells listeners of in the transaction that changed it.

A task is told of under its own topic, its run's and its project's; a run under its own and its project's.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.orchestrator.state import Run
from kpl.sentence import chinese_of
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.clock import Clock, utc
from kpl.server.services.live import LiveHub
from kpl.server.services.store import Announce
from kpl.task import Task


def announcer(live: LiveHub, clock: Clock) -> Announce:
    """Tell listeners of `live` about the changed runs and tasks."""

    names: dict[int, str] = {}  # a project keeps its name

    def announce(session: Session, runs: Sequence[Run], tasks: Sequence[Task]) -> None:
        unknown = ({run.project_id for run in runs} | {task.project_id for task in tasks}) - names.keys()
        if unknown:
            names.update(_project_names(session, unknown))
        for task in tasks:
            tell_of_task(live, session, task, project=names[task.project_id], at_s=clock.now_s())
        for run in runs:  # last, so that whoever hears of a run's end has heard of its tasks
            tell_of_run(live, session, run, project=names[run.project_id], at_s=clock.now_s())

    return announce


def tell_of_run(live: LiveHub, session: Session, run: Run, *, project: str, at_s: float) -> None:
    """Publish a run as it stands."""
    live.publish(
        session,
        "run",
        topics=[f"run:{run.id}", f"project:{project}"],
        data={
            "id": run.id,
            "state": run.state.value,
            "reason": run.reason,
            "reason_zh": chinese_of(run.reason),
            "started_at": _iso(run.started_at_s),
            "finished_at": _iso(run.finished_at_s),
        },
        project_id=run.project_id,
        at_s=at_s,
    )


def tell_of_task(live: LiveHub, session: Session, task: Task, *, project: str, at_s: float) -> None:
    """Publish a task as it stands."""
    run_topic = [] if task.run_id is None else [f"run:{task.run_id}"]
    live.publish(
        session,
        "task",
        topics=[f"task:{task.id}", *run_topic, f"project:{project}"],
        data={
            "id": task.id,
            "run_id": task.run_id,
            "parent_id": task.parent_id,
            "name": task.name,
            "state": task.state.value,
            "reason": task.reason,
            "why": task.why,
            "reason_zh": chinese_of(task.reason),
            "why_zh": chinese_of(task.why),
            "reused_from": task.reused_from,
            "branch": task.branch or None,
            "num_attempts": 0 if task.attempt is None else task.attempt.number,
            "endpoint": task.spec.endpoint,
            "started_at": _iso(task.started_at_s),
            "finished_at": _iso(task.finished_at_s),
        },
        project_id=task.project_id,
        at_s=at_s,
    )


def _project_names(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(ProjectRow.id, ProjectRow.name).where(ProjectRow.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else utc(at_s).isoformat().replace("+00:00", "Z")
