"""Reads what a task reported in its events file: metrics as series, progress, notes, figures.

Files grow while tasks run. What was parsed is kept, and only what was appended since is parsed again. A line that is
no event is counted and shown, and never hides the others.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.algorithm import protocol

_LONGEST_LINE_BYTES = 1 << 20
_READ_BYTES = 8 << 20
_MAX_PROBLEMS = 100
_MAX_NOTES = 1000


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over time.

    Args:
        step: [N] int64, as reported; a value without a step gets the one after the last.
        time_s: [N] float64, when the value was reported, or read if the event does not say.
        value: [N] float64.
    """

    step: NDArray[np.int64]
    time_s: NDArray[np.float64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.step)

    def downsample(
        self, *, from_step: int | None = None, to_step: int | None = None, points: int = 500
    ) -> "Series":
        """Thin the steps `from_step <= step < to_step` out to about `points` of its values.

        Each of `points / 2` parts of equal length keeps its smallest and its largest value, so that no peak is lost;
        the first and the last value stay as well. A series that is short enough stays as it is.
        """
        low = 0 if from_step is None else int(np.searchsorted(self.step, from_step))
        high = len(self) if to_step is None else int(np.searchsorted(self.step, to_step))
        count = high - low
        if count <= max(2, points):
            return self._at(np.arange(low, max(low, high)))
        num_parts = max(1, points // 2)
        bounds = low + np.arange(num_parts + 1) * count // num_parts
        kept = {low, high - 1}
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            part = self.value[first:last]
            kept.update((first + int(part.argmin()), first + int(part.argmax())))
        return self._at(np.array(sorted(kept)))

    def _at(self, rows: NDArray[np.int64]) -> "Series":
        return Series(self.step[rows], self.time_s[rows], self.value[rows])


@dataclass(frozen=True, slots=True)
class Report:
    """All that a task has reported so far.

    Args:
        series: by the metric's name, ordered by step.
        progress: 0..1 with its message; None before the first.
        problems: one sentence for each line that is no event, the first hundred.
    """

    series: Mapping[str, Series] = field(default_factory=dict)
    progress: protocol.Progress | None = None
    notes: tuple[str, ...] = ()
    figures: tuple[protocol.Figure, ...] = ()
    problems: tuple[str, ...] = ()
    num_problems: int = 0

    @property
    def latest(self) -> dict[str, float]:
        """The last value of each metric."""
        return {name: float(series.value[-1]) for name, series in self.series.items() if len(series)}


class EventsReader:
    """Reads one events file, each time from where it stopped. Any thread may call."""

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now_s = now_s
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._columns: dict[str, _Column] = {}
        self._progress: protocol.Progress | None = None
        self._notes: list[str] = []
        self._figures: dict[str, protocol.Figure] = {}
        self._problems: list[str] = []
        self._num_problems = 0
        self._report: Report | None = None

    def read(self, *, is_final: bool = False) -> Report:
        """What the file says by now.

        Args:
            is_final: nobody writes any more, so that a last line without its end counts.
        """
        with self._lock:
            if self._take_in(is_final=is_final) or self._report is None:
                self._report = Report(
                    series={name: column.series() for name, column in self._columns.items()},
                    progress=self._progress,
                    notes=tuple(self._notes),
                    figures=tuple(self._figures.values()),
                    problems=tuple(self._problems),
                    num_problems=self._num_problems,
                )
            return self._report

    def _take_in(self, *, is_final: bool) -> bool:
        """Parse what was appended; True when there was something."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            size_bytes = file.seek(0, 2)
            if size_bytes < self._offset:
                self._forget()  # the file was replaced
            start = self._offset
            while self._offset < size_bytes:
                file.seek(self._offset)
                data = file.read(min(_READ_BYTES, size_bytes - self._offset))
                is_last = self._offset + len(data) >= size_bytes
                end = len(data) if is_final and is_last else data.rfind(b"\n") + 1
                if end == 0:
                    if is_last and len(data) < _READ_BYTES:
                        break  # a line being written
                    self._note_problem(self._offset, f"a line of more than {_READ_BYTES} bytes")
                    end = len(data)
                self._parse(data[:end])
        return self._offset > start

    def _parse(self, data: bytes) -> None:
        decode, now_s = msgspec.json.Decoder().decode, self._now_s()
        for line in data.split(b"\n"):
            if line.strip():
                try:
                    if len(line) > _LONGEST_LINE_BYTES:
                        raise ValueError(f"the line has more than {_LONGEST_LINE_BYTES} bytes")
                    self._add(protocol.parse_event(decode(line)), now_s)
                except (ValueError, TypeError, OverflowError, RecursionError) as err:
                    shown = line[:80].decode(errors="replace")
                    self._note_problem(self._offset, f"{shown!r} is not an event: {err}")
            self._offset += len(line) + 1
        self._offset -= 1  # split counts one part more than there are ends

    def _note_problem(self, offset: int, text: str) -> None:
        self._num_problems += 1
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(f"byte {offset}: {text}.")

    def _add(self, event: protocol.Event, now_s: float) -> None:
        match event:
            case protocol.Metric():
                self._columns.setdefault(event.name, _Column()).append(event, now_s)
            case protocol.Progress():
                self._progress = event
            case protocol.Note():
                self._notes = [*self._notes[1 - _MAX_NOTES :], event.text]
            case protocol.Figure():
                self._figures[event.name] = event


class EventsCache:
    """Readers of the files that were asked for last, so that a page that asks every second costs little."""

    def __init__(self, *, max_files: int = 64) -> None:
        self._max_files = max_files
        self._readers: OrderedDict[Path, EventsReader] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path, *, is_final: bool = False) -> Report:
        with self._lock:
            reader = self._readers.setdefault(path, EventsReader(path))
            self._readers.move_to_end(path)
            while len(self._readers) > self._max_files:
                self._readers.popitem(last=False)
        return reader.read(is_final=is_final)


class _Column:
    """A series that grows."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._times_s: list[float] = []
        self._values: list[float] = []
        self._is_sorted = True

    def append(self, metric: protocol.Metric, now_s: float) -> None:
        last = self._steps[-1] if self._steps else -1
        step = last + 1 if metric.step is None else metric.step
        if not -(1 << 62) < step < 1 << 62:
            raise ValueError(f"'step' must fit into 63 bits, not {step}")
        self._is_sorted = self._is_sorted and step >= last
        self._steps.append(step)
        self._times_s.append(now_s if metric.time_s is None else metric.time_s)
        self._values.append(metric.value)

    def series(self) -> Series:
        step = np.array(self._steps, np.int64)
        order = slice(None) if self._is_sorted else np.argsort(step, kind="stable")
        return Series(step[order], np.array(self._times_s)[order], np.array(self._values)[order])
