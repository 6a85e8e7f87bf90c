"""How far a search is, from the row of its task alone."""

from kpl.schemas.task import SearchState
from kpl.sentence import Sentence
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.clock import utc
from kpl.task import SearchProgress, TaskState


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


def reported_elsewhere(row: TaskRow) -> int | None:
    """The task whose reports hold for this one: that which stands in for it, or its best trial; None for its own."""
    if row.reused_from is not None:
        return row.reused_from
    return None if row.search is None else progress_of(row).best_task_id


def progress_of_search(row: TaskRow) -> tuple[float | None, str]:
    """The part of its trials that has ended, 0 to 1, and a few words on it; None and nothing for any other task."""
    if row.search is None or row.state != TaskState.SEARCHING:
        return None, ""
    progress, trials = progress_of(row), row.search["trials"]
    ended = progress.num_trials - progress.running
    told = Sentence(f"{ended} of {trials} trials", f"已完成 {ended} 次试验，共 {trials} 次")
    if progress.best_value is not None:
        value, best = f"{row.search['metric']} {progress.best_value:.4g}", progress.best_trial
        told = Sentence(f"{told}; trial {best} is the best: {value}", f"{told.zh}；第 {best} 次最好：{value}")
    return min(1.0, ended / trials), told
