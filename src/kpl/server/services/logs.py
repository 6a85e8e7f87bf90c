"""Logs of attempts: a window of lines, and a search through all of them."""

from pathlib import Path

from kpl.errors import Invalid
from kpl.runtime.logs import error_line, log_lines
from kpl.schemas.log import LogErrorOut, LogMatchOut, LogOut, LogSearchOut
from kpl.sentence import Sentence
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.platform import Platform
from kpl.server.services.tasks import attempt_row, task_row
from kpl.task import AttemptState
from kpl.task.ids import AttemptId


def read_log(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    start: int = 0,
    limit: int = 1000,
    attempt: int | None = None,
) -> LogOut:
    """Show up to `limit` lines of an attempt's log; a negative `start` counts from the end."""
    number, path, is_final = _log_of(platform, caller, project, task_id, attempt)
    window = log_lines(path).window(start, limit, is_final=is_final)
    return LogOut(
        attempt=number,
        start=window.start,
        lines=window.lines,
        num_lines=window.num_lines,
        size_bytes=window.size_bytes,
        is_final=is_final,
    )


def search_log(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    text: str,
    limit: int = 1000,
    attempt: int | None = None,
) -> LogSearchOut:
    """Find the lines of an attempt's log that hold `text`, whatever the case of its letters."""
    number, path, _ = _log_of(platform, caller, project, task_id, attempt)
    if not text or "\n" in text:
        raise Invalid(
            Sentence("q: give a piece of one line to search for.", "q：请填写要在单行中搜索的内容。")
        )
    matches, num_matches, num_lines = log_lines(path).search(text, limit)
    return LogSearchOut(
        attempt=number,
        query=text,
        matches=[LogMatchOut(line=each.line, text=each.text) for each in matches],
        num_matches=num_matches,
        num_lines=num_lines,
    )


def find_error(
    platform: Platform, caller: Caller, project: str, task_id: int, *, attempt: int | None = None
) -> LogErrorOut:
    """Find the line at the end of an attempt's log that tells what went wrong, once that is complete."""
    number, path, is_final = _log_of(platform, caller, project, task_id, attempt)
    found = error_line(path) if is_final else None
    if found is None:
        return LogErrorOut(attempt=number, from_end=None, text="")
    return LogErrorOut(attempt=number, from_end=found.from_end, text=found.text)


def _log_of(
    platform: Platform, caller: Caller, project: str, task_id: int, attempt: int | None
) -> tuple[int, Path, bool]:
    """The attempt's number, its log, and whether nothing will be added; number 0 before the first attempt."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task = task_row(session, owner, task_id)
        row = attempt_row(session, task, attempt)
    if row is None:
        return 0, platform.executor.files(AttemptId(f"{task_id}-0")).log, task.is_final
    path = platform.executor.files(AttemptId(row.id)).log
    return row.number, path, row.state == AttemptState.ENDED
