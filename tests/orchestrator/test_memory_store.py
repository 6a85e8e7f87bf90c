from dataclasses import replace

import pytest

from kpl.errors import Conflict
from kpl.orchestrator import Changes, RunState
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.orchestrator.state import CancelTask, Submitted
from kpl.task import Task, TaskKind, TaskState
from kpl.task.ids import Digest, RunId, TaskId
from kpl.testing.tasks import tiny_run, tiny_task

A = Digest("a" * 64)


def done(number: int, *, project: int = 1, digest: Digest = A) -> Task:
    return replace(tiny_task(number, name="train", project=project), state=TaskState.SUCCEEDED, digest=digest)


def test_the_inbox_keeps_what_came_until_it_is_consumed() -> None:
    store = InMemoryStore()
    store.submit([tiny_task(1)])
    store.cancel_task(TaskId(1), "stopped by alice")
    inbox = store.inbox(0)
    assert list(inbox.events) == [Submitted((tiny_task(1),)), CancelTask(TaskId(1), "stopped by alice")]
    assert store.inbox(inbox.last_id).events == []
    assert store.inbox(0) == inbox
    store.apply(Changes(), consumed_id=inbox.last_id, expected_version=0)
    assert store.inbox(0).events == []


def test_changes_decided_on_another_version_are_refused_whole() -> None:
    store = InMemoryStore()
    store.submit([tiny_task(1)])
    assert store.apply(Changes(), consumed_id=0, expected_version=0) == 1
    failed = replace(tiny_task(1), state=TaskState.FAILED)
    with pytest.raises(Conflict, match="version 1, not 0"):
        store.apply(Changes(tasks=(failed,)), consumed_id=9, expected_version=0)
    assert store.task(TaskId(1)).state is TaskState.WAITING
    assert len(store.inbox(0).events) == 1


def test_the_state_holds_open_runs_whole_and_open_tasks_alone() -> None:
    store = InMemoryStore()
    tasks = [replace(tiny_task(1, run=1), state=TaskState.FAILED), tiny_task(2, run=1)]
    store.submit(tasks, tiny_run(1, tasks))
    store.submit([done(3)])
    service = replace(tiny_task(4, run=2, kind=TaskKind.SERVICE), state=TaskState.READY)
    store.submit([service], replace(tiny_run(2, [service]), state=RunState.SUCCEEDED))
    state = store.load()
    assert (list(state.runs), list(state.tasks)) == ([RunId(1)], [1, 2, 4])


def test_the_latest_finished_task_of_the_same_project_is_found() -> None:
    store = InMemoryStore()
    store.submit([done(1), done(2), done(3, project=2), done(4, digest=Digest("b" * 64))])
    found = store.find_finished(tiny_task(9), A)
    assert found is not None
    assert found.task_id == 2
    assert store.find_finished(tiny_task(9), Digest("c" * 64)) is None


def test_the_earlier_task_is_the_last_of_the_same_name() -> None:
    store = InMemoryStore()
    store.submit([done(1), done(2), replace(done(3), name="test")])
    earlier = store.find_earlier(tiny_task(9, name="train"))
    assert earlier is not None
    assert earlier.task_id == 2
    assert store.find_earlier(tiny_task(9, name="deploy")) is None
