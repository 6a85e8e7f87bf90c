"""Tasks: state, logs, metrics, outputs."""

import time
from collections.abc import Iterator
from pathlib import Path

from kpl.client.transport import RESTART_S, Transport
from kpl.errors import Unavailable
from kpl.schemas.evaluation import (
    EvaluatedSampleOut,
    EvaluationCurveOut,
    EvaluationReportOut,
    EvaluationSlicesOut,
    Outcome,
    SampleOrder,
)
from kpl.schemas.log import LogOut, LogSearchOut
from kpl.schemas.metric import MetricSeriesOut, MetricsOut
from kpl.schemas.queue import WhyOut
from kpl.schemas.task import TaskDetail, TaskOut, TaskOutputOut, TaskUpdate, TrialOrder, TrialOut
from kpl.task import TaskState

_LINES_PER_PAGE = 2000
_FOLLOW_S = 0.3


class Tasks:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/tasks"

    def list(
        self, *, run_id: int | None = None, state: str | None = None, limit: int | None = None
    ) -> Iterator[TaskOut]:
        """Tasks of the project, newest first."""
        query = {"run_id": run_id, "state": state}
        return self._transport.pages(TaskOut, self._base, query=query, limit=limit)

    def get(self, task_id: int) -> TaskDetail:
        return self._transport.get(TaskDetail, f"{self._base}/{task_id}")

    def cancel(self, task_id: int) -> TaskOut:
        return self._transport.post(TaskOut, f"{self._base}/{task_id}/cancel")

    def why(self, task_id: int) -> WhyOut:
        """Why the task waits, its place in the queue, and when it will probably start."""
        return self._transport.get(WhyOut, f"{self._base}/{task_id}/why")

    def set_priority(self, task_id: int, priority: int) -> TaskOut:
        """Give a task that has not started another priority."""
        body = TaskUpdate(priority=priority)
        answer = self._transport.request("PATCH", f"{self._base}/{task_id}", body=body)
        return TaskOut.model_validate(answer.json())

    def wait(self, task_id: int, *, timeout_s: float = 600.0, until_over: bool = False) -> TaskDetail:
        """Wait until the task is over, or ready if it is a service, and return it as it then stands.

        Args:
            until_over: wait for the end of a service, too.
        Raises:
            Unavailable: that had not happened after `timeout_s`.
        """
        deadline_s = time.monotonic() + timeout_s
        task = self._look(task_id)
        while not (task.state.is_final or (task.state == TaskState.READY and not until_over)):
            if time.monotonic() > deadline_s:
                raise Unavailable(
                    f"Task {task_id} is still {task.state} after {timeout_s:g} s. {task.reason}".strip()
                )
            for _ in self._transport.events([f"task:{task_id}"], after=task.seq):
                break
            task = self._look(task_id)
        return task

    def _look(self, task_id: int) -> TaskDetail:
        """The task as it stands, also after a server that is being restarted."""
        return self._transport.get(TaskDetail, f"{self._base}/{task_id}", patience_s=RESTART_S)

    def log(
        self, task_id: int, *, start: int = 0, limit: int = _LINES_PER_PAGE, attempt: int | None = None
    ) -> LogOut:
        """A window of the log of one attempt, the latest by default; lines count from 0."""
        query = {"start": start, "limit": limit, "attempt": attempt}
        return self._transport.get(LogOut, f"{self._base}/{task_id}/log", query=query)

    def log_lines(
        self, task_id: int, *, start: int = 0, attempt: int | None = None, follow: bool = False
    ) -> Iterator[str]:
        """The log line by line, of the latest attempt unless one is named.

        Args:
            follow: go on until that attempt is over; when none is named, until the task is, through all further
                attempts. A server that is restarted meanwhile does no harm.
        """
        path, number = f"{self._base}/{task_id}/log", attempt
        while True:
            query = {"start": start, "limit": _LINES_PER_PAGE, "attempt": number}
            page = self._transport.get(LogOut, path, query=query, patience_s=RESTART_S if follow else 0.0)
            number = page.attempt or None  # 0 before the first
            yield from page.lines
            start += len(page.lines)
            if start < page.num_lines:
                continue
            if not follow or (page.is_final and attempt is not None):
                return
            if page.is_final:
                task = self._look(task_id)
                if task.num_attempts > page.attempt:
                    number, start = page.attempt + 1, 0
                    continue
                if task.state.is_final:
                    return
            time.sleep(_FOLLOW_S)

    def search_log(self, task_id: int, text: str, *, attempt: int | None = None) -> LogSearchOut:
        query = {"q": text, "attempt": attempt}
        return self._transport.get(LogSearchOut, f"{self._base}/{task_id}/log/search", query=query)

    def metrics(self, task_id: int, *, attempt: int | None = None) -> MetricsOut:
        query = {"attempt": attempt}
        return self._transport.get(MetricsOut, f"{self._base}/{task_id}/metrics", query=query)

    def metric(self, task_id: int, name: str, *, points: int = 2000) -> MetricSeriesOut:
        """One metric over its steps; with more than `points` points, each bucket keeps its extremes."""
        query = {"points": points}
        return self._transport.get(MetricSeriesOut, f"{self._base}/{task_id}/metrics/{name}", query=query)

    def evaluation(self, task_id: int, *, threshold: float | None = None) -> EvaluationReportOut:
        """What a test found; answers whose score is below the threshold count as none.

        Left out, the threshold is 0; of a detection, where F1 is highest.
        """
        path, query = f"{self._base}/{task_id}/evaluation", {"threshold": threshold}
        return self._transport.get(EvaluationReportOut, path, query=query)

    def evaluation_curve(self, task_id: int, *, class_name: str | None = None) -> EvaluationCurveOut:
        """How precision, recall and false alarms change with the threshold, of one class or of all answers."""
        path, query = f"{self._base}/{task_id}/evaluation/curve", {"class": class_name}
        return self._transport.get(EvaluationCurveOut, path, query=query)

    def evaluation_slices(
        self, task_id: int, *, by: str | None = None, threshold: float | None = None
    ) -> EvaluationSlicesOut:
        """Figures of the parts of a report, as of each split, the worst first."""
        path, query = f"{self._base}/{task_id}/evaluation/slices", {"by": by, "threshold": threshold}
        return self._transport.get(EvaluationSlicesOut, path, query=query)

    def evaluated_samples(
        self,
        task_id: int,
        *,
        threshold: float | None = None,
        label: str | None = None,
        predicted: str | None = None,
        outcome: Outcome | None = None,
        by: str | None = None,
        value: str | None = None,
        order: SampleOrder = "certain",
        limit: int | None = None,
    ) -> Iterator[EvaluatedSampleOut]:
        """The samples behind a figure of a test, with their answers; with `by` and `value` of one part of it."""
        query = {
            "threshold": threshold,
            "label": label,
            "predicted": predicted,
            "outcome": outcome,
            "by": by,
            "value": value,
            "order": order,
        }
        path = f"{self._base}/{task_id}/evaluation/samples"
        return self._transport.pages(EvaluatedSampleOut, path, query=query, limit=limit)

    def trials(
        self, task_id: int, *, sort: TrialOrder = "trial", limit: int | None = None
    ) -> Iterator[TrialOut]:
        """What a search over parameters tried; sorted by value, the best come first."""
        path = f"{self._base}/{task_id}/trials"
        return self._transport.pages(TrialOut, path, query={"sort": sort}, limit=limit)

    def outputs(self, task_id: int) -> dict[str, TaskOutputOut]:
        """The declared outputs by name."""
        found = self._transport.request("GET", f"{self._base}/{task_id}/outputs").json()
        items = [TaskOutputOut.model_validate(item) for item in found]
        return {output.name: output for output in items}

    def download(self, task_id: int, output: str, path: str, destination: Path) -> Path:
        """Save one file of an output as `destination`."""
        destination.parent.mkdir(parents=True, exist_ok=True)
        with destination.open("wb") as file:
            self._transport.download(f"{self._base}/{task_id}/outputs/{output}/files/{path}", file.write)
        return destination
