"""What goes on in a project now, in one answer: each run with the step that it is at and how that goes."""

from collections.abc import Mapping, Sequence

from sqlalchemy import case, false, func, select
from sqlalchemy.orm import Session, aliased

from kpl.schemas.run import GoingRunOut, GoingRunsOut, RunOut
from kpl.schemas.task import TaskOut
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.metrics import curve_of, promised_metrics
from kpl.server.services.platform import Platform
from kpl.server.services.runs import run_answers
from kpl.server.services.tasks import count_tasks, task_answers
from kpl.task import TaskState

_OVER_WELL = (TaskState.SUCCEEDED, TaskState.REUSED, TaskState.READY, TaskState.SKIPPED)
_MOST_AT_WORK = 8
"""Steps of one run that are looked at; of more, the rest count as not begun."""

_AT_WORK = (
    TaskState.RUNNING,
    TaskState.SEARCHING,
    TaskState.COLLECTING,
    TaskState.STARTING,
    TaskState.QUEUED,
)
"""The states of a step worth telling of, the most first."""


def list_going_on(platform: Platform, caller: Caller, project: str, *, limit: int = 6) -> GoingRunsOut:
    """List the runs of a project that are not over, the caller's own first, then the newest."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        is_open = aliased(RunRow)
        going = (
            RunRow.project_id == owner.id,
            RunRow.id.in_(select(is_open.id).where(is_open.is_final == false())),
        )
        num_runs = session.scalar(select(func.count()).where(*going)) or 0
        own_first = case((RunRow.created_by == caller.username, 0), else_=1)
        chosen = select(RunRow).where(*going).order_by(own_first, RunRow.id.desc())
        rows = session.scalars(chosen.limit(limit)).all()
        runs = run_answers(platform, session, rows, project)
        counts = count_tasks(session, [row.id for row in rows])
        at_work = {row.id: _at_work(session, row.id) for row in rows}
        promised = promised_metrics(session, [tasks[0].id for tasks in at_work.values() if tasks])
    items = []
    for run in runs:
        tasks = task_answers(platform, at_work[run.id], project)
        step = tasks[0] if tasks else None
        curve = None
        if step is not None and step.state == TaskState.RUNNING:
            curve = curve_of(platform, step.id, step.num_attempts, promised[step.id])
        progress = _progress(run, tasks, counts.get(run.id, {}))
        items.append(GoingRunOut(run=run, progress=progress, step=step, curve=curve))
    return GoingRunsOut(items=items, num_runs=num_runs)


def _at_work(session: Session, run_id: int) -> Sequence[TaskRow]:
    place = case({state: number for number, state in enumerate(_AT_WORK)}, value=TaskRow.state, else_=99)
    chosen = select(TaskRow).where(
        TaskRow.run_id == run_id, TaskRow.parent_id.is_(None), TaskRow.state.in_(_AT_WORK)
    )
    return session.scalars(chosen.order_by(place, TaskRow.id).limit(_MOST_AT_WORK)).all()


def _progress(run: RunOut, at_work: Sequence[TaskOut], counts: Mapping[str, int]) -> float:
    done = sum(counts.get(state, 0) for state in _OVER_WELL) + sum(each.progress or 0 for each in at_work)
    return min(1.0, done / run.num_tasks) if run.num_tasks else 0.0
