"""States of tasks, and ids."""

import pytest

from kpl.task import Task, TaskKind, TaskState
from kpl.task.ids import TaskId, attempt_id, task_id_of
from kpl.testing.tasks import tiny_task

FINAL = {TaskState.SUCCEEDED, TaskState.REUSED, TaskState.FAILED, TaskState.CANCELLED, TaskState.SKIPPED}
HOLDING = {TaskState.STARTING, TaskState.RUNNING, TaskState.READY, TaskState.STOPPING}
DONE = {TaskState.SUCCEEDED, TaskState.REUSED, TaskState.READY}


@pytest.mark.parametrize("state", list(TaskState))
def test_each_state_says_what_it_means_for_others(state: TaskState) -> None:
    task = Task(
        id=TaskId(1), project_id=1, name="a", kind=TaskKind.BATCH, spec=tiny_task(1).spec, state=state
    )
    assert state.is_final == (state in FINAL)
    assert state.holds_resources == (state in HOLDING)
    assert task.is_done == (state in DONE)


def test_an_attempt_is_known_by_its_task_and_number() -> None:
    assert attempt_id(TaskId(41), 2) == "41-2"
    assert task_id_of(attempt_id(TaskId(41), 2)) == 41
