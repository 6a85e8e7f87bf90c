import re
from enum import StrEnum
from pathlib import Path

import pytest

from kpl.orchestrator import Run, RunState
from kpl.orchestrator.lifecycle import (
    ATTEMPT_TRANSITIONS,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    move_attempt,
    move_run,
    move_task,
)
from kpl.resources import Placement
from kpl.task import Attempt, AttemptState, TaskState
from kpl.task.ids import RunId, TaskId, attempt_id
from kpl.testing.tasks import tiny_task

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "orchestration.md"


def documented(heading: str) -> dict[str, set[str]]:
    """The table under a heading of the page: each state with those that may follow."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): set(re.findall(r"`(\w+)`", row[-1])) for row in rows}


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("States of a task", TASK_TRANSITIONS),
        ("States of an attempt", ATTEMPT_TRANSITIONS),
        ("States of a run", RUN_TRANSITIONS),
    ],
)
def test_the_page_on_orchestration_shows_the_tables(
    heading: str, table: dict[StrEnum, frozenset[StrEnum]]
) -> None:
    assert documented(heading) == {str(state): {str(to) for to in after} for state, after in table.items()}


@pytest.mark.parametrize("state", list(TaskState))
def test_final_states_of_a_task_are_those_that_nothing_follows(state: TaskState) -> None:
    assert state.is_final == (not TASK_TRANSITIONS[state])


@pytest.mark.parametrize("state", list(RunState))
def test_final_states_of_a_run_are_those_that_nothing_follows(state: RunState) -> None:
    assert state.is_final == (not RUN_TRANSITIONS[state])


@pytest.mark.parametrize("state", list(TaskState))
def test_every_task_can_reach_an_end_and_no_state_is_out_of_reach(state: TaskState) -> None:
    reached, todo = {TaskState.WAITING}, [TaskState.WAITING]
    while todo:
        new = TASK_TRANSITIONS[todo.pop()] - reached
        reached |= new
        todo += new
    assert state in reached


def test_a_change_outside_the_table_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="task 1 cannot go from waiting to running"):
        move_task(tiny_task(1), TaskState.RUNNING, now_s=1.0)
    attempt = Attempt(attempt_id(TaskId(1), 1), TaskId(1), 1, Placement("local", 1, 1), AttemptState.ENDED)
    with pytest.raises(AssertionError, match="attempt 1-1 cannot go from ended to running"):
        move_attempt(attempt, AttemptState.RUNNING)
    run = Run(RunId(1), 1, (), RunState.FAILED)
    with pytest.raises(AssertionError, match="run 1 cannot go from failed to running"):
        move_run(run, RunState.RUNNING, now_s=1.0)


def test_a_move_clears_the_reason_and_dates_the_end() -> None:
    task = move_task(tiny_task(1), TaskState.RESOLVING, now_s=1.0, reason="a reason")
    assert task.finished_at_s is None
    task = move_task(task, TaskState.FAILED, now_s=2.0)
    assert (task.reason, task.finished_at_s) == ("", 2.0)
