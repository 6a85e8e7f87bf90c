"""The seam between decisions and processes: what an executor is told, and what it reports.

An executor carries out placements; it never chooses them. Its truth lies on disk or in the cluster and outlives the
server, so it reports *states* of attempts rather than a stream of events: whoever restarts asks again and misses
nothing (docs/decisions/0002-executors-report-states.md).

Threads: any method may be called from any thread. `start` and `stop` are idempotent for one attempt id: called twice,
whatever happened in between, at most one process tree is ever started.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kpl.resources import Machine, Placement
from kpl.runtime.samples import MachineSample
from kpl.task import AttemptState, EnvironmentSpec, Outcome, TaskKind
from kpl.task.ids import AttemptId, RunId, TaskId


@dataclass(frozen=True, slots=True)
class LaunchInput:
    """An input as the process will find it: `path` is a read-only folder on the machine."""

    name: str
    type: str
    kind: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything an executor needs to start one attempt.

    Args:
        command: argv of the manifest; `{algorithm}` and a leading `python` are filled in by the runtime.
        algorithm: folder with the algorithm's files.
        outputs: names of the declared outputs; an empty folder is made for each.
        timeout_s: longest run time counted from the start of the process; None for no limit. For a service, the
            longest time until it is ready.
        base_path: for a service, the path under which the server's proxy shows it, as in `/serve/default/digits`.
        variables: further environment variables.
    """

    attempt_id: AttemptId
    task_id: TaskId
    number: int
    kind: TaskKind
    project: str
    run_id: RunId | None
    command: tuple[str, ...]
    algorithm: Path
    environment: EnvironmentSpec
    placement: Placement
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[LaunchInput, ...] = ()
    outputs: tuple[str, ...] = ()
    timeout_s: float | None = None
    grace_s: float = 10.0
    base_path: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """Where an attempt stands on its machine.

    Args:
        state: None when the executor has never heard of the attempt.
        address: `host:port` of a service, once its process was started.
        message: one plain sentence when it could not start, was lost or timed out; once it has passed through the
            loop, also the cause that a process gave that ended by itself.
    """

    attempt_id: AttemptId
    state: AttemptState | None
    address: str = ""
    outcome: Outcome | None = None
    exit_code: int | None = None
    message: str = ""
    started_at_s: float | None = None
    ended_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """Where an attempt's files lie: the log (stdout and stderr), the events file, the folder of each output."""

    log: Path
    events: Path
    outputs: Mapping[str, Path]


class Executor(Protocol):
    def machines(self) -> tuple[Machine, ...]:
        """The machines that attempts can be placed on."""

    def samples(self) -> tuple[MachineSample, ...]:
        """What each machine measures now, those aside that cannot tell; `machines` then tells of the health of devices
        as seen here."""

    def start(self, launch: Launch) -> None:
        """Start the attempt unless it was started before. Raises Unavailable when it cannot be tried now."""

    def stop(self, attempt_id: AttemptId, *, grace_s: float) -> None:
        """Ask the attempt to end: SIGTERM to its whole tree, SIGKILL after `grace_s`. Unknown ids are ignored, and a
        later `start` of that id reports outcome `stopped` without starting anything."""

    def observe(self, attempt_ids: Iterable[AttemptId]) -> list[AttemptReport]:
        """Report each attempt as it stands now."""

    def wait(self, timeout_s: float) -> None:
        """Return as soon as some attempt may have changed state, or after `timeout_s`."""

    def wake(self) -> None:
        """Make the `wait` of another thread return, or the next one if none is waiting."""

    def files(self, attempt_id: AttemptId) -> AttemptFiles:
        """Where the attempt's files are or will be."""

    def checkpoints(self, task_id: TaskId) -> Path:
        """The folder that outlives the attempts of a task."""

    def clean(self, attempt_id: AttemptId) -> None:
        """Delete what an ended attempt left behind (working directory, outputs), but never its log and events."""

    def leftovers(self) -> Iterable[AttemptId]:
        """Ended attempts that nobody has cleaned; a crash before `clean` leaves such."""

    def close(self) -> None:
        """Release what this process holds. Running attempts go on."""
