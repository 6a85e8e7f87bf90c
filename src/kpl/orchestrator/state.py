"""The values of orchestration: what is going on, what happened, what to remember and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kpl.resources import Machine
from kpl.runtime.executor import AttemptReport
from kpl.scheduler import Mix, Queue
from kpl.task import SearchProgress, Task
from kpl.task.ids import AttemptId, Digest, RunId, TaskId


class RunState(StrEnum):
    """States of a run.

    queued      none of its tasks has started
    running     at least one task has started, not all are done
    stopping    a user asked to stop it; tasks are ending
    succeeded   every task succeeded, was reused, is a service that is ready,
                or was not to run by a condition                                 (final)
    failed      a task failed                                                    (final)
    cancelled   stopped by a user                                                (final)
    """

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Run:
    """A run; `tasks` are those of its nodes, without the trials of searches."""

    id: RunId
    project_id: int
    tasks: tuple[TaskId, ...]
    state: RunState = RunState.QUEUED
    stop_requested: bool = False
    reason: str = ""
    created_at_s: float = 0.0
    started_at_s: float | None = None
    finished_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All that is not over: unfinished runs with all of their tasks, and unfinished tasks that stand alone.

    Services whose run is over stay here as tasks that stand alone. `version` counts what was applied; a store
    refuses changes decided on another version.

    Args:
        queues: the tree of queues as administrators set it.
        cordoned: names of machines that they keep new tasks away from.
        mix: what was asked for of late.
        favoured: tasks for which others were stopped, until they start; not kept over a restart.
    """

    version: int
    runs: Mapping[RunId, Run] = field(default_factory=dict)
    tasks: Mapping[TaskId, Task] = field(default_factory=dict)
    machines: tuple[Machine, ...] = ()
    queues: tuple[Queue, ...] = ()
    cordoned: frozenset[str] = frozenset()
    mix: Mix = field(default_factory=Mix)
    favoured: frozenset[TaskId] = frozenset()


# What happened. ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submitted:
    """New tasks, with their run unless they stand alone, are in the store; they become part of the state."""

    tasks: tuple[Task, ...]
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The digest of a task is known; `reused_from` names the finished task whose outputs stand in for it.

    `expected_run_s` is how long the last task for the same node ran; None where there was none. Of a trial that is
    reused, `value` is what it is compared by; of a search that is reused, `search` is how far that one came.
    """

    task_id: TaskId
    digest: Digest
    why: str
    reused_from: TaskId | None = None
    outputs: Mapping[str, Digest] = field(default_factory=dict)
    expected_run_s: float | None = None
    value: float | None = None
    search: SearchProgress | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A condition was decided: `outputs` has the branch that is taken, `why` says so, `reason` what was compared."""

    task_id: TaskId
    outputs: Mapping[str, Digest]
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResolveFailed:
    task_id: TaskId
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptReported:
    """The executor's word on an attempt."""

    report: AttemptReport


@dataclass(frozen=True, slots=True)
class Collected:
    """Outputs of a successful attempt are stored. `reason` holds remarks, as on an output left empty.

    Of a trial, `value` is what it is compared by; None when it did not report that.
    """

    attempt_id: AttemptId
    outputs: Mapping[str, Digest]
    reason: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class CollectFailed:
    attempt_id: AttemptId
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The values of searched parameters for a trial of a search; None when nothing is left to try."""

    task_id: TaskId
    number: int
    parameters: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChooseFailed:
    task_id: TaskId
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class FellBehind:
    """Trials of one search that others are ahead of, with the best value that each had reached."""

    values: Mapping[TaskId, float]


@dataclass(frozen=True, slots=True)
class CancelTask:
    task_id: TaskId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelRun:
    run_id: RunId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MoveOn:
    """A running task that may be stopped is to be queued again, as when its machine is drained."""

    task_id: TaskId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetPriority:
    task_id: TaskId
    priority: int


@dataclass(frozen=True, slots=True)
class SetQueues:
    """Administrators changed queues, quotas or policies, or closed or opened machines; these hold from now on."""

    queues: tuple[Queue, ...]
    cordoned: frozenset[str]


Event = (
    Submitted
    | Resolved
    | Decided
    | ResolveFailed
    | AttemptReported
    | Collected
    | CollectFailed
    | Chosen
    | ChooseFailed
    | FellBehind
    | CancelTask
    | CancelRun
    | MoveOn
    | SetPriority
    | SetQueues
)

Request = Submitted | CancelTask | CancelRun | MoveOn | SetPriority | SetQueues
"""What people ask for: the events that come through the store's inbox."""


# What to remember and what to do. ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """Whole records that replace what the store holds under the same ids.

    `trials` are new: the store gives them their ids in the same transaction, and hands them in by the inbox.
    """

    runs: tuple[Run, ...] = ()
    tasks: tuple[Task, ...] = ()
    trials: tuple[Task, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs or self.tasks or self.trials)


@dataclass(frozen=True, slots=True)
class Resolve:
    """Compute the task's digest and look for a task to reuse; decide a condition.

    The answer is Resolved, Decided or ResolveFailed.
    """

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class StartAttempt:
    task_id: TaskId
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class StopAttempt:
    attempt_id: AttemptId
    grace_s: float


@dataclass(frozen=True, slots=True)
class Collect:
    """Store the outputs of an attempt that ended with 0; answer with Collected or CollectFailed."""

    task_id: TaskId
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class Choose:
    """Choose the values of a search's next trial; answer with Chosen or ChooseFailed."""

    task_id: TaskId
    number: int


@dataclass(frozen=True, slots=True)
class Compare:
    """See which trials of a search others are ahead of; answer with FellBehind if there are any.

    Given by the loop from time to time rather than by a state: nothing is lost when it is not carried out.
    """

    task_id: TaskId


Command = Resolve | StartAttempt | StopAttempt | Collect | Choose | Compare
