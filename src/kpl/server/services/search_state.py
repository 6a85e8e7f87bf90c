"""How far a search is, from the row of its task alone."""

from kpl.schemas.task import SearchState
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.clock import utc
from kpl.task import SearchProgress


def search_state(row: TaskRow) -> SearchState | None:
    """What answers say of a search; None for any other task."""
    if row.search is None:
        return None
    progress, budget_s = progress_of(row), row.search["budget_s"]
    has_end = budget_s is not None and row.started_at_s is not None
    return SearchState(
        metric=row.search["metric"],
        direction=row.search["direction"],
        method=row.search["method"],
        trials=row.search["trials"],
        done=progress.done,
        running=progress.running,
        failed=progress.failed,
        stopped_early=progress.stopped_early,
        best_task_id=progress.best_task_id,
        best_trial=progress.best_trial,
        best_value=progress.best_value,
        ends_at=utc(row.started_at_s + budget_s) if has_end else None,
    )


def progress_of(row: TaskRow) -> SearchProgress:
    """How far a search is, whose row has something to say of it."""
    return SearchProgress(**(row.search or {})["progress"])
