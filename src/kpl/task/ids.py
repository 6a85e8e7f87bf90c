"""Identities, kept apart by the type checker. Numbers are small and readable: "reused from task 41"."""

from typing import NewType

RunId = NewType("RunId", int)
TaskId = NewType("TaskId", int)
AttemptId = NewType("AttemptId", str)
Digest = NewType("Digest", str)


def attempt_id(task: TaskId, number: int) -> AttemptId:
    """The id of a task's n-th try, counted from 1, as in `41-1`: it follows from the task, so none is given twice."""
    return AttemptId(f"{task}-{number}")


def task_id_of(attempt: AttemptId) -> TaskId:
    """The task that an attempt belongs to; undoes `attempt_id`."""
    return TaskId(int(attempt.rpartition("-")[0]))
