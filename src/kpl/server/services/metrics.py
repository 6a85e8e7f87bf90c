"""Metrics of attempts: a summary of each, and its points."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import NotFound, nearest
from kpl.runtime.metrics import AttemptEvents, Series, events_of, thin
from kpl.schemas.metric import CurveOut, FigureOut, MetricOut, MetricSeriesOut, MetricsOut
from kpl.sentence import Sentence
from kpl.server.db.tables.tasks import TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.platform import Platform
from kpl.server.services.search_state import reported_elsewhere
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.tasks import attempt_row, task_row
from kpl.task import AttemptState
from kpl.task.ids import AttemptId, TaskId, attempt_id

CURVE_POINTS = 60


def get_metrics(
    platform: Platform, caller: Caller, project: str, task_id: int, *, attempt: int | None = None
) -> MetricsOut:
    """Show all that an attempt reported, the latest when none is named."""
    found = _reports(platform, caller, project, task_id, attempt)
    if found is None:
        return MetricsOut(attempt=0, metrics=[], figures=[], missing=[], problems=[])
    events = found.events
    return MetricsOut(
        attempt=found.number,
        metrics=[_summary(name, series) for name, series in list(events.series.items())],
        figures=[
            FigureOut(name=each.name, path=each.path or None, data=each.data)
            for each in list(events.figures.values())
        ],
        missing=[name for name in found.promised if name not in events.series] if found.is_final else [],
        problems=list(events.problems),
    )


def get_metric_series(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    name: str,
    *,
    attempt: int | None = None,
    from_step: float | None = None,
    to_step: float | None = None,
    points: int = 2000,
) -> MetricSeriesOut:
    """Show the points of one metric between two steps, at most about as many as asked for."""
    found = _reports(platform, caller, project, task_id, attempt)
    series = None if found is None else found.events.series.get(name)
    if found is None or series is None:
        known = [] if found is None else list(found.events.series)
        raise NotFound(
            Sentence(
                f"Task {task_id} has not reported a metric '{name}'.",
                f"任务 {task_id} 没有上报指标“{name}”。",
            ),
            hint=nearest(name, known),
        )
    steps, values, num_points = thin(series, from_step=from_step, to_step=to_step, points=points)
    return MetricSeriesOut(
        attempt=found.number,
        name=name,
        steps=steps,
        values=values,
        num_points=num_points,
        is_sampled=len(steps) < num_points,
    )


def list_curves(platform: Platform, caller: Caller, project: str, task_ids: Sequence[int]) -> list[CurveOut]:
    """Curves of several tasks at once, of their latest attempts; tasks without one are left out."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = select(TaskRow.id, TaskRow.num_attempts).where(
            TaskRow.project_id == owner.id, TaskRow.id.in_(task_ids), TaskRow.num_attempts > 0
        )
        attempts = {row.id: row.num_attempts for row in session.execute(chosen.order_by(TaskRow.id))}
        promised = promised_metrics(session, list(attempts))
    curves = [
        curve_of(platform, task_id, attempt, promised[task_id]) for task_id, attempt in attempts.items()
    ]
    return [each for each in curves if each is not None]


def promised_metrics(session: Session, task_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """By task, what its function promises to measure, the primary metric first."""
    chosen = select(TaskSpecRow.task_id, TaskSpecRow.spec).where(TaskSpecRow.task_id.in_(task_ids))
    return {task_id: decode_spec(spec).metrics for task_id, spec in session.execute(chosen)}


def curve_of(platform: Platform, task_id: int, attempt: int, promised: Sequence[str]) -> CurveOut | None:
    """How the main metric of an attempt went: the first of those promised that has two points by now, else any."""
    path = platform.executor.files(attempt_id(TaskId(task_id), attempt)).events
    drawn = {name: each for name, each in list(events_of(path).series.items()) if len(each.values) > 1}
    name = next((name for name in (*promised, *drawn) if name in drawn), None)
    if name is None:
        return None
    _, values, _ = thin(drawn[name], from_step=None, to_step=None, points=CURVE_POINTS)
    return CurveOut(task_id=task_id, name=name, values=values)


def last_values(platform: Platform, task_id: int, attempt: int) -> dict[str, float]:
    """The last value of each metric that an ended attempt reported."""
    if attempt < 1:
        return {}
    path = platform.executor.files(attempt_id(TaskId(task_id), attempt)).events
    return {name: series.last for name, series in events_of(path, is_final=True).series.items()}


@dataclass(frozen=True, slots=True)
class _Reports:
    number: int
    is_final: bool
    promised: tuple[str, ...]
    events: AttemptEvents


def _reports(
    platform: Platform, caller: Caller, project: str, task_id: int, attempt: int | None
) -> _Reports | None:
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task = task_row(session, owner, task_id)
        if task.search is not None:
            task = _reported_by(session, task)
        row = attempt_row(session, task, attempt)
        spec = session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one()
    if row is None:
        return None
    is_final = row.state == AttemptState.ENDED
    path = platform.executor.files(AttemptId(row.id)).events
    return _Reports(row.number, is_final, decode_spec(spec).metrics, events_of(path, is_final=is_final))


def _reported_by(session: Session, task: TaskRow) -> TaskRow:
    """Of a search, the best trial up to now: what it reported is what the search came to."""
    while (further := reported_elsewhere(task)) is not None:
        found = session.get(TaskRow, further)
        if found is None:
            break
        task = found
    return task


def _summary(name: str, series: Series) -> MetricOut:
    return MetricOut(
        name=name,
        last=series.last,
        min=series.min,
        max=series.max,
        num_points=len(series.values),
        first_step=series.steps[0],
        last_step=series.steps[-1],
    )
