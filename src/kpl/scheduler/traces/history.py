"""KPL's own history: one finished task a line, as JSON, as the server gives it."""

from dataclasses import dataclass
from itertools import chain

import msgspec

from kpl.errors import Invalid
from kpl.resources import ResourceRequest
from kpl.scheduler.simulate import Job
from kpl.scheduler.snapshot import ROOT, WaitingTask
from kpl.task.ids import TaskId


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A task that ran. Times are seconds since 1970; fields that are not known here are passed over.

    Args:
        run_time_s: of all attempts together; by default from the start to the end.
        request: of each worker.
        timeout_s: the limit that it ran under.
    """

    task_id: int
    submitted_at_s: float
    started_at_s: float
    ended_at_s: float
    request: ResourceRequest
    run_time_s: float | None = None
    queue: str = ROOT
    user: str = ""
    priority: int = 0
    min_workers: int = 1
    max_workers: int = 1
    on_one_machine: bool = False
    is_preemptible: bool = False
    saves_checkpoints: bool = False
    timeout_s: float | None = None
    storage_mib: int = 0


def read_history(text: str, name: str = "history") -> list[Job]:
    """Read tasks as jobs.

    Raises:
        Invalid: a line is no such object.
    """
    decoder = msgspec.json.Decoder(HistoryLine)
    jobs = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            jobs.append(_job(decoder.decode(line)))
        except msgspec.DecodeError as error:
            raise Invalid(
                f"{name}, line {number}: {error}.",
                hint="Each line is the JSON of one task, as in docs/guides/what-if.md.",
            ) from error
    return jobs


def _job(line: HistoryLine) -> Job:
    run_s = line.ended_at_s - line.started_at_s if line.run_time_s is None else line.run_time_s
    task = WaitingTask(
        TaskId(line.task_id), line.request, line.queue, line.user, line.priority, line.submitted_at_s,
        line.min_workers, max(line.min_workers, line.max_workers), line.on_one_machine, line.is_preemptible,
        line.saves_checkpoints, max_run_time_s=line.timeout_s, storage_mib=line.storage_mib,
    )  # fmt: skip
    return Job(task, max(1.0, run_s))


def is_history(text: str) -> bool:
    first = next((line.strip() for line in chain(text[:100_000].splitlines()) if line.strip()), "")
    return first.startswith("{")
