"""Metrics of attempts: a summary of each, and its points thinned out so that no spike is lost."""

from dataclasses import dataclass

from sqlalchemy import select

from kpl.errors import NotFound, nearest
from kpl.schemas.metric import FigureOut, MetricOut, MetricSeriesOut, MetricsOut
from kpl.server.db.tables.tasks import TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.attempt_events import AttemptEvents, Series, events_of
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.tasks import attempt_row, task_row
from kpl.task import AttemptState
from kpl.task.ids import AttemptId, TaskId, attempt_id


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
        raise NotFound(f"Task {task_id} has not reported a metric '{name}'.", hint=nearest(name, known))
    steps, values, num_points = thin(series, from_step=from_step, to_step=to_step, points=points)
    return MetricSeriesOut(
        attempt=found.number,
        name=name,
        steps=steps,
        values=values,
        num_points=num_points,
        is_sampled=len(steps) < num_points,
    )


def last_values(platform: Platform, task_id: int, attempt: int) -> dict[str, float]:
    """The last value of each metric that an ended attempt reported."""
    if attempt < 1:
        return {}
    path = platform.executor.files(attempt_id(TaskId(task_id), attempt)).events
    return {name: series.last for name, series in events_of(path, is_final=True).series.items()}


def thin(
    series: Series, *, from_step: float | None, to_step: float | None, points: int
) -> tuple[list[float], list[float], int]:
    """Choose points of a series: of each bucket of steps the smallest and the largest value.

    Returns:
        steps and values in order of step, and the number of points in the range before any was left out.
    """
    import numpy as np  # only where it is used: an idle server does without

    num_kept = min(len(series.steps), len(series.values))
    steps = np.array(series.steps[:num_kept])
    values = np.array(series.values[:num_kept])
    if not series.is_ordered:
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
    first = 0 if from_step is None else int(np.searchsorted(steps, from_step, side="left"))
    last = len(steps) if to_step is None else int(np.searchsorted(steps, to_step, side="right"))
    steps, values = steps[first:last], values[first:last]
    num_points = len(steps)
    if num_points > points:
        num_buckets = max(1, points // 2)
        starts = np.linspace(0, num_points, num_buckets, endpoint=False).astype(np.int64)
        ends = np.append(starts[1:], num_points)
        chosen = {0, num_points - 1}
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            bucket = values[start:end]
            chosen |= {start + int(bucket.argmin()), start + int(bucket.argmax())}
        kept = np.array(sorted(chosen))
        steps, values = steps[kept], values[kept]
    return steps.tolist(), values.tolist(), num_points


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
        row = attempt_row(session, task, attempt)
        spec = session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one()
    if row is None:
        return None
    is_final = row.state == AttemptState.ENDED
    path = platform.executor.files(AttemptId(row.id)).events
    return _Reports(row.number, is_final, decode_spec(spec).metrics, events_of(path, is_final=is_final))


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
