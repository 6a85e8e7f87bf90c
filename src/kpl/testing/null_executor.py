"""The executor that starts no process: its attempts do what a test tells them, or run a Python function."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock

from kpl.resources import Machine
from kpl.runtime.executor import AttemptFiles, AttemptReport, Launch
from kpl.runtime.samples import MachineSample
from kpl.task import AttemptState, Outcome, TaskKind
from kpl.task.ids import AttemptId, TaskId

Program = Callable[[Launch, AttemptFiles], int]
"""Stands in for a process: writes outputs and returns the exit code."""


class NullExecutor:
    """An `Executor` in memory, with files below `root`.

    Without a `program`, an attempt stays `starting` until `report` moves it. With one, a batch attempt has
    ended by the time `start` returns, and a service is ready. What it knows outlives any loop, as with a real
    executor.
    """

    def __init__(self, root: Path, machines: tuple[Machine, ...], *, program: Program | None = None) -> None:
        self.launches: list[Launch] = []
        self.cleaned: list[AttemptId] = []
        self._root = root
        self._machines = machines
        self._program = program
        self._reports: dict[AttemptId, AttemptReport] = {}
        self._outputs: dict[AttemptId, tuple[str, ...]] = {}
        self._lock = Lock()
        self._bell = Event()

    def report(
        self,
        attempt_id: AttemptId,
        state: AttemptState,
        *,
        outcome: Outcome | None = None,
        exit_code: int | None = None,
        message: str = "",
    ) -> None:
        """Let an attempt reach a state, unless it has ended already."""
        with self._lock:
            known = self._reports.get(attempt_id)
            if known is None or known.state is not AttemptState.ENDED:
                self._reports[attempt_id] = AttemptReport(
                    attempt_id, state, outcome=outcome, exit_code=exit_code, message=message
                )
        self._bell.set()

    def end(self, attempt_id: AttemptId, exit_code: int = 0) -> None:
        """Let an attempt's process end by itself."""
        self.report(attempt_id, AttemptState.ENDED, outcome=Outcome.EXITED, exit_code=exit_code)

    def forget(self, attempt_id: AttemptId) -> None:
        """Lose all trace of an attempt, as when its folder was deleted."""
        with self._lock:
            self._reports.pop(attempt_id, None)
        self._bell.set()

    def machines(self) -> tuple[Machine, ...]:
        return self._machines

    def samples(self) -> tuple[MachineSample, ...]:
        return ()

    def start(self, launch: Launch) -> None:
        with self._lock:
            if launch.attempt_id in self._reports:
                return
            self.launches.append(launch)
            self._outputs[launch.attempt_id] = launch.outputs
            self._reports[launch.attempt_id] = AttemptReport(launch.attempt_id, AttemptState.STARTING)
        files = self.files(launch.attempt_id)
        for folder in files.outputs.values():
            folder.mkdir(parents=True)
        if self._program is None:
            self._bell.set()
        elif launch.kind is TaskKind.SERVICE:
            self.report(launch.attempt_id, AttemptState.READY)
        else:
            self.end(launch.attempt_id, self._program(launch, files))

    def stop(self, attempt_id: AttemptId, *, grace_s: float) -> None:  # noqa: ARG002 - nobody to be patient with
        self.report(attempt_id, AttemptState.ENDED, outcome=Outcome.STOPPED)

    def observe(self, attempt_ids: Iterable[AttemptId]) -> list[AttemptReport]:
        with self._lock:
            return [replace(self._reports.get(id) or AttemptReport(id, None)) for id in attempt_ids]

    def wait(self, timeout_s: float) -> None:
        self._bell.wait(timeout_s)
        self._bell.clear()

    def wake(self) -> None:
        self._bell.set()

    def files(self, attempt_id: AttemptId) -> AttemptFiles:
        folder = self._root / attempt_id
        outputs = {name: folder / "outputs" / name for name in self._outputs.get(attempt_id, ())}
        return AttemptFiles(folder / "log", folder / "events", outputs)

    def checkpoints(self, task_id: TaskId) -> Path:
        return self._root / "checkpoints" / str(task_id)

    def clean(self, attempt_id: AttemptId) -> None:
        with self._lock:
            self.cleaned.append(attempt_id)

    def leftovers(self) -> list[AttemptId]:
        return []

    def close(self) -> None:
        """Nothing to release."""
