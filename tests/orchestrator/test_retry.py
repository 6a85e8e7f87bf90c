from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.orchestrator.retry import LONGEST_BACKOFF_S, after_failure, backoff_s, describe_end
from kpl.resources import Placement
from kpl.task import Attempt, AttemptState, Outcome, Task, TaskKind, TaskState
from kpl.task.ids import TaskId, attempt_id
from kpl.testing.tasks import tiny_task


@given(st.integers(1, 100_000))
def test_the_delay_grows_with_each_failure_up_to_a_limit(num_failures: int) -> None:
    assert 1.0 <= backoff_s(num_failures) <= backoff_s(num_failures + 1) <= LONGEST_BACKOFF_S


def failed(number: int, **fields: object) -> Task:
    attempt = Attempt(
        attempt_id(TaskId(1), number), TaskId(1), number, Placement("local", 1, 1), AttemptState.ENDED
    )
    task = tiny_task(1, max_attempts=3)
    return replace(task, state=TaskState.RUNNING, attempt=attempt, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "state"), [(1, TaskState.QUEUED), (2, TaskState.QUEUED), (3, TaskState.FAILED)]
)
def test_a_batch_task_is_tried_as_often_as_it_may(number: int, state: TaskState) -> None:
    assert after_failure(failed(number), "why", now_s=5.0, is_awaited=True).state is state


def test_a_service_that_never_got_ready_in_time_fails_at_once_and_says_so() -> None:
    task = failed(1, kind=TaskKind.SERVICE)
    assert task.attempt is not None
    attempt = replace(task.attempt, outcome=Outcome.TIMED_OUT)
    ended = after_failure(
        replace(task, attempt=attempt), describe_end(task, attempt), now_s=5.0, is_awaited=False
    )
    assert ended.state is TaskState.FAILED
    assert ended.reason.startswith("the service was not ready within its time limit of 600 s")


def test_a_service_that_was_ready_before_is_tried_again_when_it_comes_up_too_slowly() -> None:
    task = failed(2, kind=TaskKind.SERVICE, ready_at_s=1.0)
    assert task.attempt is not None
    task = replace(task, attempt=replace(task.attempt, outcome=Outcome.TIMED_OUT))
    assert after_failure(task, "why", now_s=100.0, is_awaited=False).state is TaskState.QUEUED


@pytest.mark.parametrize(
    ("num_failures", "was_ready", "is_awaited", "state"),
    [
        (1, False, True, TaskState.QUEUED),
        (2, False, True, TaskState.FAILED),
        (2, False, False, TaskState.FAILED),
        (2, True, True, TaskState.FAILED),
        (2, True, False, TaskState.QUEUED),
        (500, True, False, TaskState.QUEUED),
    ],
)
def test_a_service_fails_only_if_it_never_was_ready_or_a_run_waits_for_it(
    num_failures: int, was_ready: bool, is_awaited: bool, state: TaskState
) -> None:
    task = failed(9, kind=TaskKind.SERVICE, num_failures=num_failures, ready_at_s=1.0 if was_ready else None)
    assert after_failure(task, "why", now_s=100.0, is_awaited=is_awaited).state is state
