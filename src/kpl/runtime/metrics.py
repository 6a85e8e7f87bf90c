"""What an attempt reported, read from its growing events file; each look reads on from the last one."""

import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec

from kpl.algorithm.protocol import (
    MAX_LINE_BYTES,
    Event,
    Figure,
    Metric,
    Note,
    Progress,
    parse_lines,
    read_lines,
)
from kpl.sentence import sentence

MAX_PROBLEMS = 20
_MAX_NOTES = 200
_MAX_FIGURES = 200
_MAX_METRICS = 2000
_PART_BYTES = 256 << 10


class _MetricLine(msgspec.Struct, tag="metric", tag_field="type", gc=False):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    value: float
    step: int | float | None = None
    time: float | None = None


class _ProgressLine(msgspec.Struct, tag="progress", tag_field="type", gc=False):
    value: float
    message: str = ""
    message_zh: str = ""


_MANY_LINES = msgspec.json.Decoder(_MetricLine | _ProgressLine)


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

    def add(self, steps: Sequence[float | None], values: Sequence[float]) -> None:
        """Append points [N], at least one; a step that is None is the number of points before it."""
        count = len(self.steps)
        numbered = [count + place if step is None else int(step) for place, step in enumerate(steps)]
        is_behind = not count or self.steps[-1] <= numbered[0]
        self.is_ordered = self.is_ordered and is_behind and sorted(numbered) == numbered
        self.min = min(self.min, *values)
        self.max = max(self.max, *values)
        self.steps.extend(array("d", numbered))
        self.values.extend(values)


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
                lines, problems, offset = read_lines(self._path, self._offset, is_final=is_final)
                for problem in problems:
                    self._complain(problem)
                for start, end in _parts(lines):
                    self._take_in(lines[start:end], self._offset + start)
                if offset == self._offset:
                    return has_news
                self._offset = offset
                has_news = True

    def _take_in(self, lines: bytes, offset: int) -> None:
        """Take in whole lines that begin at `offset`."""
        events: Sequence[Event | _MetricLine | _ProgressLine] | None = _points_and_progress(lines)
        if events is None:
            events, problems = parse_lines(lines, offset)
            for problem in problems:
                self._complain(problem)
        points = [event for event in events if isinstance(event, (Metric, _MetricLine))]
        if len(points) < len(events):
            for event in events:
                self._take(event)
        for name, found in _by_name(points).items():
            if name not in self.series and len(self.series) >= _MAX_METRICS:
                self._complain(f"metric '{name}' is one too many; {_MAX_METRICS} names are kept.")
                continue
            series = self.series.setdefault(name, Series())
            series.add([each.step for each in found], [each.value for each in found])

    def _take(self, event: Event | _MetricLine | _ProgressLine) -> None:
        match event:
            case Progress():
                self.progress, self.progress_message = event.value, event.message
            case _ProgressLine():
                self.progress = min(1.0, max(0.0, event.value))
                self.progress_message = sentence(event.message, event.message_zh)
            case Note():
                self.notes.append(event.text)
            case Figure():
                if event.name in self.figures or len(self.figures) < _MAX_FIGURES:
                    self.figures[event.name] = event

    def _complain(self, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def _parts(lines: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut lines into parts of about _PART_BYTES, so that an odd line costs its neighbours alone."""
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + _PART_BYTES) + 1
        if not end:
            end = lines.find(b"\n", start) + 1 or len(lines)
        yield start, end
        start = end


def _points_and_progress(lines: bytes) -> list[_MetricLine | _ProgressLine] | None:
    """All of the lines, five times as fast as `parse_lines`; None when one of them is anything else."""
    if len(lines) > MAX_LINE_BYTES:
        return None
    try:
        found = _MANY_LINES.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    is_each_a_line = len(found) == lines.count(b"\n")
    return found if is_each_a_line else None


def _by_name(points: list[Metric | _MetricLine]) -> dict[str, list[Metric | _MetricLine]]:
    """The points of each metric, in order."""
    names = [each.name for each in points]
    if len(set(names)) == 1:
        return {names[0]: points}
    found: dict[str, list[Metric | _MetricLine]] = {}
    for name, point in zip(names, points, strict=True):
        found.setdefault(name, []).append(point)
    return found


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
