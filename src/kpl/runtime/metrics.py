"""What an attempt reported, read from its growing events file; each look reads on from the last one."""

import threading
from array import array
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from kpl.algorithm.protocol import Event, Figure, Metric, Note, Progress, read_events

MAX_PROBLEMS = 20
_MAX_NOTES = 200
_MAX_FIGURES = 200
_MAX_METRICS = 2000


@dataclass(slots=True)
class Series:
    """All points of one metric in the order they were reported, with running summary."""

    steps: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    min: float = float("inf")
    max: float = float("-inf")
    is_ordered: bool = True

    @property
    def last(self) -> float:
        return self.values[-1]

    def add(self, metric: Metric) -> None:
        step = float(len(self.steps) if metric.step is None else metric.step)
        if self.steps and step < self.steps[-1]:
            self.is_ordered = False
        self.steps.append(step)
        self.values.append(metric.value)
        self.min = min(self.min, metric.value)
        self.max = max(self.max, metric.value)


@lru_cache(maxsize=256)
def _events_at(path: Path) -> "AttemptEvents":
    return AttemptEvents(path)


def events_of(path: Path, *, is_final: bool = False) -> "AttemptEvents":
    """What was reported in the events file at `path` up to now.

    Args:
        is_final: the process has ended, so that a last line without its end counts too.
    """
    events = _events_at(path)
    events.read_on(is_final=is_final)
    return events


class AttemptEvents:
    """Reports of one attempt. Beyond 2,000 metrics, further names are counted as problems, not kept.

    Threads: `read_on` from any; what it adds is only ever appended.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._offset = 0
        self.progress: float | None = None
        self.progress_message = ""
        self.series: dict[str, Series] = {}
        self.figures: dict[str, Figure] = {}
        self.notes: deque[str] = deque(maxlen=_MAX_NOTES)
        self.problems: list[str] = []

    def read_on(self, *, is_final: bool) -> bool:
        """Take in what was added since the last look; False when there was nothing."""
        has_news = False
        with self._lock:
            while True:
                events, problems, offset = read_events(self._path, self._offset, is_final=is_final)
                for event in events:
                    self._take(event)
                for problem in problems:
                    self._complain(problem)
                if offset == self._offset:
                    return has_news
                self._offset = offset
                has_news = True

    def _take(self, event: Event) -> None:
        match event:
            case Metric():
                if event.name not in self.series and len(self.series) >= _MAX_METRICS:
                    self._complain(f"metric '{event.name}' is one too many; {_MAX_METRICS} names are kept.")
                    return
                self.series.setdefault(event.name, Series()).add(event)
            case Progress():
                self.progress, self.progress_message = event.value, event.message
            case Note():
                self.notes.append(event.text)
            case Figure():
                if event.name in self.figures or len(self.figures) < _MAX_FIGURES:
                    self.figures[event.name] = event

    def _complain(self, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


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
