"""What was allocated to whom over a time, and the finished tasks as the scheduler's simulation reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, null, or_, select
from sqlalchemy.orm import Session

from kpl.errors import Invalid
from kpl.resources import Placement
from kpl.schemas.page import Page
from kpl.schemas.scheduler import HistoryOut, UsageOut, UsageRow
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import AttemptRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for, require_platform_admin
from kpl.server.services.busy_times import BusyTimes, busy_times
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform
from kpl.server.services.records import placement_from
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.tasks import resources_answer
from kpl.task import TaskKind, TaskState

DEFAULT_WINDOW_S = 7 * 24 * 3600.0
_RAN = (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED)
Window = tuple[float, float]


def list_history(
    platform: Platform,
    caller: Caller,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[HistoryOut]:
    """List the tasks that ran and ended within a time, the oldest first; by default, of the last seven days."""
    require_platform_admin(caller)
    since_s, until_s = _window(platform, since, until)
    ended = (
        select(TaskRow)
        .where(TaskRow.finished_at_s > since_s, TaskRow.finished_at_s <= until_s)
        .where(TaskRow.state.in_(_RAN), TaskRow.started_at_s.is_not(None), TaskRow.search.is_(null()))
    )
    with platform.db.read() as session:
        rows, following = page_of(session, ended, TaskRow.id, cursor=cursor, limit=limit, ascending=True)
        return Page(items=_history(session, rows), next_cursor=following)


def get_usage(
    platform: Platform,
    caller: Caller,
    *,
    project: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> UsageOut:
    """Add up what tasks held over a time: of one project for its members, of all for the platform's administrators."""
    with platform.db.read() as session:
        owner = None if project is None else project_for(session, caller, project, Role.VIEWER)
        if owner is None:
            require_platform_admin(caller)
        window = _window(platform, since, until)
        attempts = [
            _Held.of(row, window, now_s=platform.now_s()) for row in _attempts(session, owner, window)
        ]
        busy = busy_times(session, {each.placement.machine for each in attempts}, window)
    totals: dict[tuple[str, str, str], _Total] = {}
    for each in attempts:
        _count(each, busy, totals)
    rows = [
        UsageRow(
            project=project_name,
            username=username,
            kind=kind,
            num_tasks=len(total.tasks),
            allocated_h=round(total.held_s / 3600, 4),
            used_h=None if total.busy_s is None else round(total.busy_s / 3600, 4),
        )
        for (project_name, username, kind), total in totals.items()
    ]
    rows.sort(key=lambda row: (row.kind == "cpu", -row.allocated_h, row.project, row.username))
    return UsageOut(since=utc(window[0]), until=utc(window[1]), rows=rows)


@dataclass(slots=True)
class _Total:
    held_s: float = 0.0
    busy_s: float | None = None
    tasks: set[int] = field(default_factory=set)


_Attempt = tuple[AttemptRow, int, str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    """What an attempt held within the time, from when to when."""

    task_id: int
    username: str
    project: str
    placement: Placement
    begin_s: float
    end_s: float

    @classmethod
    def of(cls, row: _Attempt, window: Window, *, now_s: float) -> "_Held":
        attempt, task_id, username, project = row
        end_s = now_s if attempt.ended_at_s is None else attempt.ended_at_s
        begin_s, end_s = max(window[0], attempt.created_at_s), min(window[1], end_s)
        return cls(
            task_id, username, project, placement_from(attempt.placement), begin_s, max(begin_s, end_s)
        )


def _attempts(session: Session, project: ProjectRow | None, window: Window) -> Sequence[_Attempt]:
    """The attempts that held something within the time, with their task, its user and project."""
    chosen = (
        select(AttemptRow, TaskRow.id, TaskRow.created_by, ProjectRow.name)
        .join(TaskRow, TaskRow.id == AttemptRow.task_id)
        .join(ProjectRow, ProjectRow.id == TaskRow.project_id)
        .where(
            or_(AttemptRow.ended_at_s.is_(None), AttemptRow.ended_at_s > window[0]),
            AttemptRow.created_at_s < window[1],
        )
    )
    if project is not None:
        chosen = chosen.where(TaskRow.project_id == project.id)
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(chosen)]


def _count(held: _Held, busy: BusyTimes, totals: dict[tuple[str, str, str], _Total]) -> None:
    seconds, placement = held.end_s - held.begin_s, held.placement
    _total(held, "cpu", totals).held_s += seconds * placement.cpu_milli / 1000
    for share in placement.devices:
        total, part = _total(held, share.kind, totals), share.share_milli / 1000
        total.held_s += seconds * part
        device = (placement.machine, share.kind, share.index)
        busy_s = busy.within(device, held.begin_s, held.end_s)
        if busy_s is not None:
            total.busy_s = (total.busy_s or 0.0) + busy_s * part


def _total(held: _Held, kind: str, totals: dict[tuple[str, str, str], _Total]) -> _Total:
    total = totals.setdefault((held.project, held.username, kind), _Total())
    total.tasks.add(held.task_id)
    return total


def _window(platform: Platform, since: datetime | None, until: datetime | None) -> Window:
    until_s = platform.now_s() if until is None else until.timestamp()
    since_s = until_s - DEFAULT_WINDOW_S if since is None else since.timestamp()
    if since_s >= until_s:
        raise Invalid(
            Sentence(
                f"since: {utc(since_s).isoformat()} is not before {utc(until_s).isoformat()}, where the time ends.",
                f"since：{utc(since_s).isoformat()} 不早于结束时间 {utc(until_s).isoformat()}。",
            ),
            hint=Sentence("Give an earlier one.", "请填写更早的时间。"),
        )
    return since_s, min(until_s, platform.now_s())


def _history(session: Session, rows: Sequence[TaskRow]) -> list[HistoryOut]:
    ids = [row.id for row in rows]
    specs = {
        row.task_id: decode_spec(row.spec)
        for row in session.scalars(select(TaskSpecRow).where(TaskSpecRow.task_id.in_(ids)))
    }
    names = {row.id: row.name for row in session.execute(select(ProjectRow.id, ProjectRow.name))}
    ran = select(AttemptRow.task_id, func.sum(AttemptRow.ended_at_s - AttemptRow.started_at_s).label("ran_s"))
    summed = ran.where(AttemptRow.task_id.in_(ids)).group_by(AttemptRow.task_id)
    ran_s = {row.task_id: row.ran_s for row in session.execute(summed)}
    answers = []
    for row in rows:
        spec = specs[row.id]
        assert row.started_at_s is not None, "asked for such rows alone"
        assert row.finished_at_s is not None, "asked for such rows alone"
        answers.append(
            HistoryOut(
                task_id=row.id,
                project=names[row.project_id],
                user=row.created_by,
                queue=row.queue,
                priority=row.priority,
                kind=TaskKind(row.kind),
                state=TaskState(row.state),
                submitted_at_s=row.created_at_s,
                started_at_s=row.started_at_s,
                ended_at_s=row.finished_at_s,
                run_time_s=round(ran_s.get(row.id) or 0.0, 3),
                request=resources_answer(spec),
                min_workers=1,
                max_workers=1,
                is_preemptible=spec.is_preemptible,
                saves_checkpoints=spec.saves_checkpoints,
                timeout_s=spec.timeout_s,
                num_preemptions=row.num_preemptions,
            )
        )
    return answers
