"""Where a task and its attempts stand. Which change may follow which is written in `kpl.orchestrator.lifecycle`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kpl.resources import Placement
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.task.spec import OTHERWISE, THEN, TaskKind, TaskSpec

SERVICE_START_TIMEOUT_S = 600.0
"""Time in which a service has to be ready unless its specification says otherwise."""


class TaskState(StrEnum):
    """States of a task.

    waiting     an upstream task of the run has not finished
    resolving   inputs are known; their digests and reuse are being looked up
    searching   a search: tasks of their own try values of parameters, it waits for them
    queued      may start; waits for resources, or for the back-off after a failed attempt
    starting    placed; the executor was told, the process has not reported yet
    running     the process runs
    ready       a service answers its health check
    stopping    asked to end: SIGTERM was sent, SIGKILL follows after the grace period
    collecting  the process exited with 0; its outputs are being stored
    succeeded   done, outputs stored; a condition is decided              (final)
    reused      not run: a finished task with the same digest stands in   (final)
    failed      all attempts used up                                      (final)
    cancelled   stopped by a user                                         (final)
    skipped     an upstream task failed or was cancelled, or a condition
                took the other branch                                     (final)
    """

    WAITING = "waiting"
    RESOLVING = "resolving"
    SEARCHING = "searching"
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    READY = "ready"
    STOPPING = "stopping"
    COLLECTING = "collecting"
    SUCCEEDED = "succeeded"
    REUSED = "reused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        return self in _FINAL

    @property
    def holds_resources(self) -> bool:
        return self in _HOLDING


_FINAL = frozenset(
    {TaskState.SUCCEEDED, TaskState.REUSED, TaskState.FAILED, TaskState.CANCELLED, TaskState.SKIPPED}
)
_HOLDING = frozenset({TaskState.STARTING, TaskState.RUNNING, TaskState.READY, TaskState.STOPPING})


class Outcome(StrEnum):
    """How an attempt's process ended."""

    EXITED = "exited"  # by itself, with `exit_code`
    SIGNALLED = "signalled"  # by a signal; exit_code is -number
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"  # because KPL was asked to stop it
    NOT_STARTED = "not_started"  # inputs, environment or command could not be prepared
    LOST = "lost"  # supervisor and process are gone without an exit status (power loss, kill -9 of both)


class AttemptState(StrEnum):
    """`starting -> running -> [ready] -> ended`; a stop may be asked for in any state but the last."""

    STARTING = "starting"
    RUNNING = "running"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a task. `address` is where a service listens, as in `127.0.0.1:34567`."""

    id: AttemptId
    task_id: TaskId
    number: int
    placement: Placement
    state: AttemptState = AttemptState.STARTING
    stop_requested: bool = False
    address: str = ""
    outcome: Outcome | None = None
    exit_code: int | None = None
    message: str = ""
    created_at_s: float = 0.0
    started_at_s: float | None = None
    ended_at_s: float | None = None

    @property
    def run_time_s(self) -> float | None:
        """How long its process ran; None while it runs and when it never did."""
        if self.started_at_s is None or self.ended_at_s is None:
            return None
        return max(0.0, self.ended_at_s - self.started_at_s)


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far a search is; its trials are tasks of their own.

    Args:
        num_trials: how many trials there are by now; they are numbered from 1.
        choosing: number of the trial for which values are being chosen; 0 while none is.
        is_exhausted: nothing is left that was not tried.
        done, running, failed, stopped_early: how many of the trials; those that wait count as running.
        best_task_id, best_trial, best_value: of the trials that are done, None before the first.
    """

    num_trials: int = 0
    choosing: int = 0
    is_exhausted: bool = False
    done: int = 0
    running: int = 0
    failed: int = 0
    stopped_early: int = 0
    best_task_id: TaskId | None = None
    best_trial: int | None = None
    best_value: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the orchestrator sees it.

    Args:
        name: id of the node in the pipeline, or what the task is for when it stands alone.
        reason: one plain sentence on why it waits, failed or was skipped.
        why: why it ran or was reused, as in "reused from task 41" or "ran: parameter epochs 5 -> 8".
        inputs: artifact digest of each input, known from `resolving` on; a service that is restarted after its run is
            over finds them here.
        outputs: artifact digest of each stored output.
        attempt: the latest attempt, None before the first.
        num_failures: attempts that failed in a row; a service that was ready for long enough counts anew.
        not_before_s: earliest next start, after a failed attempt.
        ready_at_s: when the service last became ready; None when it never was.
        priority: inside its queue, higher goes first; may be changed while it waits.
        expected_run_s: how long it will probably run, as its forerunner did; None when nothing is known.
        attained_s: device-seconds (core-seconds where it asks for no device) that earlier attempts have had.
        num_preemptions: how often it was stopped for the sake of others; those attempts are no failures.
        parent_id: the search whose trial it is, with the number `trial` from 1.
        value: what a trial is compared by: the best that it reported; None as long as that is not known.
        fell_behind: a trial that was asked to stop because others were better at the same point.
        search: of a task that searches, how far it is.
    """

    id: TaskId
    project_id: int
    name: str
    kind: TaskKind
    spec: TaskSpec
    run_id: RunId | None = None
    depends_on: tuple[TaskId, ...] = ()
    state: TaskState = TaskState.WAITING
    reason: str = ""
    why: str = ""
    digest: Digest | None = None
    reused_from: TaskId | None = None
    inputs: Mapping[str, Digest] = field(default_factory=dict)
    outputs: Mapping[str, Digest] = field(default_factory=dict)
    attempt: Attempt | None = None
    cancel_requested: bool = False
    num_failures: int = 0
    not_before_s: float = 0.0
    ready_at_s: float | None = None
    priority: int = 0
    expected_run_s: float | None = None
    attained_s: float = 0.0
    num_preemptions: int = 0
    parent_id: TaskId | None = None
    trial: int | None = None
    value: float | None = None
    fell_behind: bool = False
    search: SearchProgress | None = None
    created_at_s: float = 0.0
    started_at_s: float | None = None
    finished_at_s: float | None = None

    @property
    def is_service(self) -> bool:
        return self.kind is TaskKind.SERVICE

    @property
    def branch(self) -> str:
        """The branch that a condition took, `then` or `otherwise`; empty before, and for other tasks."""
        if self.kind is not TaskKind.CONDITION:
            return ""
        return next((name for name in (THEN, OTHERWISE) if name in self.outputs), "")

    @property
    def timeout_s(self) -> float | None:
        """Time limit of an attempt: longest run time of a batch task, time until a service has to be ready."""
        if self.spec.timeout_s is None and self.kind is TaskKind.SERVICE:
            return SERVICE_START_TIMEOUT_S
        return self.spec.timeout_s

    @property
    def is_done(self) -> bool:
        """Whether the tasks that depend on it may go on."""
        return self.state in (TaskState.SUCCEEDED, TaskState.REUSED, TaskState.READY)
