"""Executor and supervisor are killed between two lines of their code, at one line after the other."""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from kpl.runtime import supervisor
from kpl.runtime.executors.local import LocalExecutor
from kpl.runtime.executors.local_spawn import SupervisorStarter
from kpl.task import Outcome
from kpl.testing.executor_suite import COUNT_START, is_running, lines_of, make_launch, until_ended

RUNTIME = str(Path(supervisor.__file__).parent)
STRIDE = int(os.environ.get("KPL_TEST_CRASH_STRIDE", "17"))  # 1 tries every line, which takes minutes


def crash_at(line: int, action: Callable[[], object]) -> bool:
    """Do `action` in a child that is killed before it executes the given line of the runtime, counted from 0.

    Returns:
        whether it came that far.
    """
    child = os.fork()
    if child == 0:
        try:
            _kill_self_at(line)
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def _kill_self_at(line: int) -> None:
    me, left = os.getpid(), line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(RUNTIME):
            return None
        if event == "line" and os.getpid() == me:
            if left == 0:
                os.kill(me, signal.SIGKILL)
            left -= 1
        return trace

    sys.settrace(trace)


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalExecutor]:
    executor = LocalExecutor(tmp_path / "runtime")
    yield executor
    executor.close()


def crash_lines() -> Iterator[tuple[int, int]]:
    """Task numbers and the lines to crash at, endless; the first line is drawn by a printed seed."""
    seed = random.SystemRandom().randrange(STRIDE)
    print(f"crash points start at line {seed}, every {STRIDE} lines")
    number = 0
    while True:
        yield number + 1, seed + number * STRIDE
        number += 1


def test_executor_killed_at_any_line_of_start(executor: LocalExecutor) -> None:
    for task, line in crash_lines():
        launch = make_launch(task, f"{COUNT_START}; echo done; exit 7")

        def start_in_a_new_server(launch: Any = launch) -> None:
            LocalExecutor(executor._root).start(launch)

        was_killed = crash_at(line, start_in_a_new_server)
        if executor.observe([launch.attempt_id])[0].state is None:
            executor.start(launch)
        report = until_ended(executor, launch.attempt_id)
        assert (report.outcome, report.exit_code) == (Outcome.EXITED, 7), f"killed at line {line}"
        assert lines_of(executor.checkpoints(launch.task_id) / "starts") == ["started"], (
            f"killed at line {line}"
        )
        assert lines_of(executor.files(launch.attempt_id).log) == ["done"]
        if not was_killed:
            return


def test_executor_killed_at_any_line_of_stop(executor: LocalExecutor) -> None:
    for task, line in crash_lines():
        launch = make_launch(task, "while :; do sleep 0.02; done")
        executor.start(launch)
        was_killed = crash_at(line, lambda launch=launch: executor.stop(launch.attempt_id, grace_s=0))  # type: ignore[misc]
        executor.stop(launch.attempt_id, grace_s=0)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED, f"killed at line {line}"
        if not was_killed:
            return


def test_supervisor_killed_at_any_line_runs_the_task_once_at_most(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for task, line in crash_lines():
        launch = make_launch(task, f'{COUNT_START}; echo $$ >> "$KPL_CHECKPOINTS/pids"; echo done; exit 7')
        with monkeypatch.context() as patch:
            patch.setattr(SupervisorStarter, "start", lambda *_: None)
            executor.start(launch)
        folder = str(executor._root / "attempts" / launch.attempt_id)
        was_killed = crash_at(line, lambda folder=folder: supervisor.supervise(folder))  # type: ignore[misc]
        executor._asked_at.clear()
        report = until_ended(executor, launch.attempt_id)
        starts = lines_of(executor.checkpoints(launch.task_id) / "starts")
        if report.outcome is Outcome.EXITED:
            assert report.exit_code == 7
            assert starts == ["started"], f"killed at line {line}"
        else:
            assert report.outcome is Outcome.LOST, f"killed at line {line}: {report}"
            assert len(starts) <= 1, f"killed at line {line}"
        pids = lines_of(executor.checkpoints(launch.task_id) / "pids")
        assert not any(is_running(int(pid)) for pid in pids), f"killed at line {line}"
        outcomes.append(report.outcome)
        if not was_killed:
            break
    assert Outcome.EXITED in outcomes
    assert threading.active_count() == 1
