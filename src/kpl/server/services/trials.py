"""Trials: what a search tried, and what came of each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import NotFound
from kpl.schemas.page import Page
from kpl.schemas.task import TrialOrder, TrialOut
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.paging import decode_cursor, encode_cursor, page_of
from kpl.server.services.platform import Platform
from kpl.server.services.search_state import progress_of
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.tasks import duration_s, task_row
from kpl.task import TaskState


def list_trials(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    sort: TrialOrder = "trial",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TrialOut]:
    """List the trials of a search in their order, or by value, the best first and those without one last.

    Those of a search that was reused are those of the search whose result stands in.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        search = _search_row(session, owner, task_id)
        chosen = select(TaskRow).where(TaskRow.parent_id == search.id)
        if sort == "trial":
            rows, next_cursor = page_of(
                session, chosen, TaskRow.trial, cursor=cursor, limit=limit, ascending=True
            )
        else:  # a thousand at most, so that all of them are looked at for each page
            ranked = sorted(session.scalars(chosen), key=lambda row: _rank(search, row))
            start = 0 if cursor is None else int(decode_cursor(cursor, int))
            rows = ranked[start : start + limit]
            next_cursor = encode_cursor(start + limit) if start + limit < len(ranked) else None
        parameters = _parameters(session, search, [row.id for row in rows])
    best = progress_of(search).best_task_id
    return Page(
        items=[_answer(platform, row, parameters[row.id], is_best=row.id == best) for row in rows],
        next_cursor=next_cursor,
    )


def _search_row(session: Session, project: ProjectRow, task_id: int) -> TaskRow:
    """The task that searched: the one itself, or the one that stands in for it."""
    row = task_row(session, project, task_id)
    if row.search is None:
        raise NotFound(
            Sentence(
                f"Task {task_id} '{row.name}' searches nothing, so it has no trials.",
                f"任务 {task_id}“{row.name}”没有自动调参，因此没有试验。",
            ),
            hint=Sentence(
                "Give the step of its pipeline a `search` block.", "可在流水线的该步骤中添加 `search`。"
            ),
        )
    origin = None if row.reused_from is None else session.get(TaskRow, row.reused_from)
    return row if origin is None else origin


def _rank(search: TaskRow, row: TaskRow) -> tuple[bool, float, int]:
    is_most = (search.search or {})["direction"] == "maximize"
    value = 0.0 if row.value is None else row.value
    return row.value is None, -value if is_most else value, row.trial or 0


def _parameters(session: Session, search: TaskRow, ids: list[int]) -> dict[int, Mapping[str, Any]]:
    """By trial, the values of what is searched."""
    chosen = select(TaskSpecRow.task_id, TaskSpecRow.spec).where(TaskSpecRow.task_id.in_([search.id, *ids]))
    specs = {task_id: decode_spec(spec) for task_id, spec in session.execute(chosen)}
    searched = specs.pop(search.id).search
    names = [] if searched is None else [each.name for each in searched.parameters]
    return {
        task_id: {name: spec.parameters[name] for name in names if name in spec.parameters}
        for task_id, spec in specs.items()
    }


def _answer(platform: Platform, row: TaskRow, parameters: Mapping[str, Any], *, is_best: bool) -> TrialOut:
    return TrialOut(
        task_id=row.id,
        trial=row.trial or 0,
        state=TaskState(row.state),
        parameters=dict(parameters),
        value=row.value,
        is_best=is_best,
        is_stopped_early=row.fell_behind and row.state == TaskState.CANCELLED,
        reason=row.reason,
        reason_zh=row.reason_zh,
        reused_from=row.reused_from,
        started_at=utc(row.started_at_s),
        finished_at=utc(row.finished_at_s),
        duration_s=duration_s(row.started_at_s, row.finished_at_s, now_s=platform.now_s()),
    )
