"""What running attempts wrote since the last look: tells listeners that a log or metrics have grown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import false, select

from kpl.runtime.logs import log_lines
from kpl.runtime.metrics import AttemptEvents, events_of
from kpl.sentence import chinese_of
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.server.services.platform import Platform
from kpl.task import AttemptState
from kpl.task.ids import AttemptId


@dataclass(frozen=True, slots=True)
class Watched:
    """An attempt that is under way."""

    attempt_id: str
    number: int
    task_id: int
    run_id: int | None
    project_id: int
    log: Path
    events: Path


@dataclass(frozen=True, slots=True)
class Sizes:
    """How far an attempt's files had grown at the last look."""

    log_bytes: int = 0
    events_bytes: int = 0


def attempts_under_way(platform: Platform) -> list[Watched]:
    """The attempts that may write now."""
    with platform.db.read() as session:
        rows = session.execute(
            select(
                AttemptRow.id,
                AttemptRow.number,
                AttemptRow.task_id,
                TaskRow.run_id,
                TaskRow.project_id,
            )
            .join(TaskRow, TaskRow.id == AttemptRow.task_id)
            .where(
                TaskRow.is_final == false(),
                AttemptRow.number == TaskRow.num_attempts,
                AttemptRow.state != AttemptState.ENDED,
            )
        ).all()
    watched = []
    for row in rows:
        files = platform.executor.files(AttemptId(row.id))
        watched.append(
            Watched(
                attempt_id=row.id,
                number=row.number,
                task_id=row.task_id,
                run_id=row.run_id,
                project_id=row.project_id,
                log=files.log,
                events=files.events,
            )
        )
    return watched


def signal_growth(platform: Platform, watched: Watched, before: Sizes) -> Sizes:
    """Tell listeners what an attempt wrote since `before`; how far its files have grown now."""
    now = Sizes(_size(watched.log), _size(watched.events))
    if now.log_bytes != before.log_bytes:
        num_lines = log_lines(watched.log).window(0, 0, is_final=False).num_lines
        _signal(platform, watched, "log", {"num_lines": num_lines, "size_bytes": now.log_bytes})
    if now.events_bytes != before.events_bytes:
        _signal(platform, watched, "metrics", _latest(events_of(watched.events)))
    return now


def _signal(platform: Platform, watched: Watched, type: str, data: dict[str, Any]) -> None:
    run_topic = [] if watched.run_id is None else [f"run:{watched.run_id}"]
    platform.live.signal(
        type,
        topics=[f"task:{watched.task_id}", *run_topic],
        data={"task_id": watched.task_id, "attempt": watched.number, **data},
        project_id=watched.project_id,
    )


def _latest(events: AttemptEvents) -> dict[str, Any]:
    """The newest value of each metric, at most 100 of them, and the progress."""
    newest = {
        name: {"value": series.values[-1], "step": series.steps[-1]}
        for name, series in list(events.series.items())[:100]
    }
    return {
        "progress": events.progress,
        "message": str(events.progress_message),
        "message_zh": chinese_of(events.progress_message),
        "metrics": newest,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
