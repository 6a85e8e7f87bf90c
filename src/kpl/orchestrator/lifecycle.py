"""Which state may follow which, for tasks, attempts and runs; the only place that changes a state.

docs/explanation/orchestration.md explains the tables in words, and a test keeps the two alike. A change that
is not in the tables can only be a bug of KPL, so it is asserted rather than raised as an error.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kpl.orchestrator.state import Run, RunState
from kpl.task import Attempt, AttemptState, Task, TaskState

TASK_TRANSITIONS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.WAITING: frozenset(
        {TaskState.RESOLVING, TaskState.SKIPPED, TaskState.FAILED, TaskState.CANCELLED}
    ),
    TaskState.RESOLVING: frozenset(
        {
            TaskState.QUEUED,
            TaskState.SUCCEEDED,  # conditions alone
            TaskState.SEARCHING,
            TaskState.REUSED,
            TaskState.FAILED,
            TaskState.CANCELLED,
        }
    ),
    TaskState.SEARCHING: frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}),
    TaskState.QUEUED: frozenset({TaskState.STARTING, TaskState.CANCELLED}),
    TaskState.STARTING: frozenset(
        {
            TaskState.RUNNING,
            TaskState.READY,
            TaskState.STOPPING,
            TaskState.COLLECTING,
            TaskState.QUEUED,
            TaskState.FAILED,
        }
    ),
    TaskState.RUNNING: frozenset(
        {TaskState.READY, TaskState.STOPPING, TaskState.COLLECTING, TaskState.QUEUED, TaskState.FAILED}
    ),
    TaskState.READY: frozenset({TaskState.STOPPING, TaskState.QUEUED, TaskState.FAILED}),
    TaskState.STOPPING: frozenset({TaskState.COLLECTING, TaskState.CANCELLED, TaskState.QUEUED}),
    TaskState.COLLECTING: frozenset(
        {TaskState.SUCCEEDED, TaskState.QUEUED, TaskState.FAILED, TaskState.CANCELLED}
    ),
    TaskState.SUCCEEDED: frozenset(),
    TaskState.REUSED: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.CANCELLED: frozenset(),
    TaskState.SKIPPED: frozenset(),
}

ATTEMPT_TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.STARTING: frozenset({AttemptState.RUNNING, AttemptState.READY, AttemptState.ENDED}),
    AttemptState.RUNNING: frozenset({AttemptState.READY, AttemptState.ENDED}),
    AttemptState.READY: frozenset({AttemptState.ENDED}),
    AttemptState.ENDED: frozenset(),
}

_RUN_ENDS = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})
RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: _RUN_ENDS | {RunState.RUNNING, RunState.STOPPING},
    RunState.RUNNING: _RUN_ENDS | {RunState.STOPPING},
    RunState.STOPPING: _RUN_ENDS,
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}


def move_task(task: Task, to: TaskState, *, now_s: float, reason: str = "", **fields: Any) -> Task:
    """The task in its next state; further fields are replaced with it. A reason holds for one state only."""
    assert to in TASK_TRANSITIONS[task.state], f"task {task.id} cannot go from {task.state} to {to}"
    if to.is_final:
        fields["finished_at_s"] = now_s
    return replace(task, state=to, reason=reason, **fields)


def move_attempt(attempt: Attempt, to: AttemptState, **fields: Any) -> Attempt:
    """The attempt in its next state; further fields are replaced with it."""
    assert can_follow(attempt.state, to), f"attempt {attempt.id} cannot go from {attempt.state} to {to}"
    return replace(attempt, state=to, **fields)


def can_follow(state: AttemptState, to: AttemptState) -> bool:
    """Whether a report of state `to` is news about an attempt in `state`, neither late nor repeated."""
    return to in ATTEMPT_TRANSITIONS[state]


def move_run(run: Run, to: RunState, *, now_s: float, reason: str = "") -> Run:
    """The run in its next state."""
    assert to in RUN_TRANSITIONS[run.state], f"run {run.id} cannot go from {run.state} to {to}"
    started_at_s = run.started_at_s
    if to is not RunState.STOPPING and started_at_s is None and to is not RunState.CANCELLED:
        started_at_s = now_s
    finished_at_s = now_s if to.is_final else None
    return replace(run, state=to, reason=reason, started_at_s=started_at_s, finished_at_s=finished_at_s)
