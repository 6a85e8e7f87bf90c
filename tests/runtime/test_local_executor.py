"""The local executor passes the suite of all executors; what only it promises stands below."""

import errno
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.errors import Invalid
from kpl.resources import DeviceShare, Placement, parse_simulated_devices
from kpl.runtime import forkserver, supervisor
from kpl.runtime.environments import Environment, Preparation
from kpl.runtime.executors import local
from kpl.runtime.executors.local import LocalExecutor
from kpl.runtime.executors.local_spawn import SupervisorStarter
from kpl.task import AttemptState, EnvironmentSpec, Outcome, TaskKind
from kpl.task.ids import AttemptId, TaskId
from kpl.testing.executor_suite import (
    COUNT_START,
    SCATTERED_TREE,
    ExecutorSuite,
    is_running,
    lines_of,
    make_launch,
    run,
    until,
    until_ended,
    wait_for_lines,
)

LOOP = "echo ready; while :; do sleep 0.02; done"


class TestLocalExecutor(ExecutorSuite):
    opener = "kpl.runtime.executors.local:LocalExecutor"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runtime"


@pytest.fixture
def executor(root: Path) -> Iterator[LocalExecutor]:
    executor = LocalExecutor(root, simulated_devices=parse_simulated_devices("gpu:a100=4"))
    yield executor
    executor.close()


def state_file(root: Path, name: str, attempt: str = "1-1") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "attempts" / attempt / name).read_text())
    return content


def start_and_kill_supervisor(executor: LocalExecutor, root: Path, script: str) -> int:
    """Start a script, kill its supervisor when the first line is in the log, and return the script's pid."""
    executor.start(make_launch(1, script))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    run_file = state_file(root, "run.json")
    executor.observe([AttemptId("1-1")])
    os.kill(run_file["supervisor"]["pid"], signal.SIGKILL)
    return int(run_file["task"]["pid"])


# A kernel without process handles ------------------------------------------------------------------------------


def test_processes_are_started_and_stopped_without_process_handles(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    executor = LocalExecutor(root)
    executor.start(make_launch(1, LOOP))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    executor.stop(AttemptId("1-1"), grace_s=0.1)
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.STOPPED
    executor.close()


def test_signal_without_process_handles_reaches_exactly_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    child = subprocess.Popen(["sleep", "60"])
    supervisor.send_signal({"pid": child.pid, "start": 1}, signal.SIGKILL)  # another one with that pid
    assert child.poll() is None
    supervisor.send_signal(supervisor.identity(child.pid), signal.SIGTERM)
    assert child.wait(10) == -signal.SIGTERM


# A supervisor that dies ----------------------------------------------------------------------------------------


def test_task_goes_on_under_another_supervisor(executor: LocalExecutor, root: Path, tmp_path: Path) -> None:
    script = f"{COUNT_START}; echo ready; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo done; exit 5"
    pid = start_and_kill_supervisor(executor, root, script)
    report = until(
        executor, AttemptId("1-1"), lambda _: "taken over" in (root / "logs" / "1-1.log").read_text()
    )
    assert report.state is AttemptState.RUNNING
    assert is_running(pid)
    (tmp_path / "go").touch()
    report = until_ended(executor, AttemptId("1-1"))
    # Linux 6.15 and later tell the exit code of a process that is not a child.
    assert (report.outcome, report.exit_code) in ((Outcome.EXITED, 5), (Outcome.LOST, None))
    assert lines_of(root / "logs" / "1-1.log")[-1] == "done"
    assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == ["started"]


def test_death_of_a_supervisor_is_noticed_at_once(executor: LocalExecutor, root: Path) -> None:
    start_and_kill_supervisor(executor, root, f"echo ready; {LOOP}")
    started = time.monotonic()
    while "taken over" not in (root / "logs" / "1-1.log").read_text():
        executor.wait(10)
        executor.observe([AttemptId("1-1")])
    assert time.monotonic() - started < 5
    executor.stop(AttemptId("1-1"), grace_s=0.1)
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.STOPPED


def test_task_without_its_supervisor_can_be_stopped(executor: LocalExecutor, root: Path) -> None:
    start_and_kill_supervisor(executor, root, f"{SCATTERED_TREE} {LOOP}")
    pids = wait_for_lines(executor.checkpoints(TaskId(1)) / "pids", 3)
    executor.stop(AttemptId("1-1"), grace_s=0.1)
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.STOPPED
    assert not any(is_running(int(pid)) for pid in pids)


def test_timeout_holds_under_another_supervisor(executor: LocalExecutor, root: Path) -> None:
    executor.start(make_launch(1, LOOP, timeout_s=1.0, grace_s=0.1))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    os.kill(state_file(root, "run.json")["supervisor"]["pid"], signal.SIGKILL)
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.TIMED_OUT


def test_task_that_died_with_its_supervisor_is_lost(executor: LocalExecutor, root: Path) -> None:
    executor.start(make_launch(1, f"{SCATTERED_TREE} {LOOP}"))
    pids = wait_for_lines(executor.checkpoints(TaskId(1)) / "pids", 3)
    run_file = state_file(root, "run.json")
    os.kill(run_file["supervisor"]["pid"], signal.SIGKILL)
    os.kill(run_file["task"]["pid"], signal.SIGKILL)
    report = until_ended(executor, AttemptId("1-1"))
    assert report.outcome in (Outcome.LOST, Outcome.SIGNALLED)
    assert not any(is_running(int(pid)) for pid in pids), "what the dead task had started must go too"


def test_signal_to_the_supervisor_ends_the_task_without_success(executor: LocalExecutor, root: Path) -> None:
    executor.start(make_launch(1, f"trap 'exit 0' TERM; {LOOP}"))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    os.kill(state_file(root, "run.json")["supervisor"]["pid"], signal.SIGTERM)
    report = until_ended(executor, AttemptId("1-1"))
    assert (report.outcome, report.exit_code) == (Outcome.SIGNALLED, -signal.SIGTERM)


def test_task_ends_when_its_folder_is_deleted(executor: LocalExecutor, root: Path) -> None:
    executor.start(make_launch(1, LOOP))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    run_file = state_file(root, "run.json")
    shutil.rmtree(root / "attempts" / "1-1")
    give_up_at = time.monotonic() + 20
    while is_running(run_file["supervisor"]["pid"]) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    assert not is_running(run_file["task"]["pid"])
    assert not is_running(run_file["supervisor"]["pid"])


# Truth on disk -------------------------------------------------------------------------------------------------


def claim(executor: LocalExecutor, root: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start, as a server that is killed before it asked for a supervisor."""
    with monkeypatch.context() as patch:
        patch.setattr(SupervisorStarter, "start", lambda *_: None)
        executor.start(make_launch(1, script))
    executor._asked_at.clear()
    return root / "attempts" / "1-1"


def test_claimed_attempt_is_started_by_the_next_executor(
    executor: LocalExecutor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(executor, root, f"{COUNT_START}; exit 6", monkeypatch)
    successor = LocalExecutor(root)
    assert until_ended(successor, AttemptId("1-1")).exit_code == 6
    successor.close()
    assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == ["started"]


def test_attempt_of_another_boot_is_lost(
    executor: LocalExecutor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claim(executor, root, COUNT_START, monkeypatch)
    launch = json.loads((folder / "launch.json").read_text())
    (folder / "launch.json").write_text(json.dumps({**launch, "boot_id": "earlier"}))
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.LOST
    assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == []


def test_attempt_with_a_damaged_claim_is_lost(
    executor: LocalExecutor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claim(executor, root, COUNT_START, monkeypatch)
    (folder / "launch.json").write_text("")
    report = until_ended(executor, AttemptId("1-1"))
    assert report.outcome is Outcome.LOST
    assert "launch.json" in report.message


def test_attempt_claimed_between_two_looks_is_not_called_damaged(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = supervisor.read_json
    is_started: list[bool] = []

    def look_just_too_early(path: str) -> dict[str, Any] | None:
        found = look(path)
        if path.endswith(supervisor.LAUNCH) and not is_started:
            is_started.append(True)
            executor.start(make_launch(1, "exit 0"))
        return found

    monkeypatch.setattr(supervisor, "read_json", look_just_too_early)
    assert executor.observe([AttemptId("1-1")])[0].outcome is None
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.EXITED


def test_process_that_took_over_a_pid_is_not_mistaken_for_the_task(
    executor: LocalExecutor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claim(executor, root, COUNT_START, monkeypatch)
    me = {"pid": os.getpid(), "start": 1}
    values = {
        "supervisor": me,
        "task": me,
        "boot_id": supervisor.boot_id(),
        "started_at_s": 1.0,
        "address": "",
    }
    (folder / "run.json").write_text(json.dumps(values))
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.LOST


def test_attempt_is_given_up_when_no_supervisor_can_be_started(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("Resource temporarily unavailable")

    executor = LocalExecutor(root, start_timeout_s=0.0)
    claim(executor, root, COUNT_START, monkeypatch)
    executor.close()
    monkeypatch.setattr(SupervisorStarter, "start", refuse)
    successor = LocalExecutor(root, start_timeout_s=0.0)
    report = until_ended(successor, AttemptId("1-1"))
    successor.close()
    assert report.outcome is Outcome.NOT_STARTED
    assert "Resource temporarily unavailable" in report.message


def test_ids_cannot_leave_the_folder(executor: LocalExecutor) -> None:
    with pytest.raises(Invalid, match=r"\.\./1-1"):
        executor.observe([AttemptId("../1-1")])


# The fork server -----------------------------------------------------------------------------------------------


def test_fork_server_that_was_killed_is_started_again(executor: LocalExecutor) -> None:
    assert run(executor, make_launch(1, "exit 1")).exit_code == 1
    server = executor._starter._server
    assert server is not None
    server.kill()
    assert run(executor, make_launch(2, "exit 2")).exit_code == 2
    assert executor._starter._server is not server


def test_supervisors_start_without_a_fork_server(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "__file__", "/nonexistent/forkserver.py")
    executor = LocalExecutor(root)
    assert run(executor, make_launch(1, "exit 3")).exit_code == 3
    executor.close()


def test_closing_ends_the_fork_server_and_no_attempt(root: Path) -> None:
    executor = LocalExecutor(root)
    executor.start(make_launch(1, LOOP))
    wait_for_lines(root / "logs" / "1-1.log", 1)
    server = executor._starter._server
    assert server is not None
    executor.close()
    assert not is_running(server.pid)
    successor = LocalExecutor(root)
    assert successor.observe([AttemptId("1-1")])[0].state is AttemptState.RUNNING
    successor.stop(AttemptId("1-1"), grace_s=1)
    assert until_ended(successor, AttemptId("1-1")).outcome is Outcome.STOPPED
    successor.close()


def test_start_is_fast(executor: LocalExecutor) -> None:
    run(executor, make_launch(1, "true"))
    delays_s = []
    for task in range(2, 12):
        launch = make_launch(task, ("date", "+%s.%N"))
        asked_at_s = time.time()
        run(executor, launch)
        delays_s.append(float(lines_of(executor.files(launch.attempt_id).log)[0]) - asked_at_s)
    # 5 ms on an idle machine; shared ones get some slack.
    assert sorted(delays_s)[2] < 0.05


# Environments --------------------------------------------------------------------------------------------------


def test_venv_is_built_once_and_used(executor: LocalExecutor) -> None:
    environment = EnvironmentSpec(type="venv", requirements="# nothing but the interpreter\n")
    script = ("python", "-c", "import sys; print(sys.prefix != sys.base_prefix, sys.prefix)")
    launches = [make_launch(task, script, environment=environment) for task in (1, 2)]
    for launch in launches:
        executor.start(launch)
    assert [until_ended(executor, launch.attempt_id).exit_code for launch in launches] == [0, 0]
    logs = [lines_of(executor.files(launch.attempt_id).log) for launch in launches]
    assert logs[0][-1] == logs[1][-1]
    assert logs[0][-1].startswith("True ")
    assert sum("-m venv" in line for log in logs for line in log) == 1


def test_environment_that_cannot_be_built_is_explained(executor: LocalExecutor) -> None:
    environment = EnvironmentSpec(type="venv", requirements="--no-index\nno-such-distribution==1.0\n")
    report = run(executor, make_launch(1, "true", environment=environment))
    assert report.outcome is Outcome.NOT_STARTED
    assert "failed" in report.message
    assert "no-such-distribution" in executor.files(AttemptId("1-1")).log.read_text()


@pytest.fixture
def slow_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EnvironmentSpec:
    """An environment whose first try waits, noting its pid, until it is killed; the second is quick."""
    pids, made = tmp_path / "pids", tmp_path / "made"
    script = f'echo $$ >> {pids}; [ "$(wc -l < {pids})" -gt 1 ] || sleep 60; mkdir {made}'
    preparation = Preparation(
        title="Making a slow environment",
        lock=tmp_path / "made.lock",
        folder=made,
        marker=made / "complete.json",
        commands=(("sh", "-c", script),),
    )
    environment = Environment(python=Path("/usr/bin/python3"), preparations=(preparation,))
    monkeypatch.setattr(local, "open_environment", lambda *_: environment)
    return EnvironmentSpec(type="venv")


def test_stop_ends_a_preparation(
    executor: LocalExecutor, tmp_path: Path, slow_environment: EnvironmentSpec
) -> None:
    executor.start(make_launch(1, COUNT_START, environment=slow_environment))
    [pid] = wait_for_lines(tmp_path / "pids", 1)
    assert executor.observe([AttemptId("1-1")])[0].state is AttemptState.STARTING
    executor.stop(AttemptId("1-1"), grace_s=0)
    assert until_ended(executor, AttemptId("1-1")).outcome is Outcome.STOPPED
    assert not is_running(int(pid))
    assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == []


def test_preparation_goes_on_under_another_supervisor(
    executor: LocalExecutor, root: Path, tmp_path: Path, slow_environment: EnvironmentSpec
) -> None:
    executor.start(make_launch(1, f"{COUNT_START}; exit 8", environment=slow_environment))
    [pid] = wait_for_lines(tmp_path / "pids", 1)
    assert executor.observe([AttemptId("1-1")])[0].state is AttemptState.STARTING
    os.kill(state_file(root, "run.json")["supervisor"]["pid"], signal.SIGKILL)
    assert until_ended(executor, AttemptId("1-1")).exit_code == 8
    assert not is_running(int(pid))
    assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == ["started"]


def test_attempt_whose_supervisors_keep_dying_is_given_up(
    executor: LocalExecutor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claim(executor, root, COUNT_START, monkeypatch)
    gone = {"pid": os.getpid(), "start": 1}
    values = {"supervisor": gone, "supervisors": 4, "boot_id": supervisor.boot_id()}
    (folder / "run.json").write_text(json.dumps(values))
    report = until_ended(executor, AttemptId("1-1"))
    assert report.outcome is Outcome.LOST
    assert "4 supervisors died" in report.message


def test_container_is_refused_with_what_it_needs(executor: LocalExecutor) -> None:
    environment = EnvironmentSpec(type="container", image="example/image@sha256:00")
    report = run(executor, make_launch(1, "true", environment=environment))
    assert report.outcome is Outcome.NOT_STARTED
    assert "example/image" in report.message


# Machines and threads ------------------------------------------------------------------------------------------


def test_machine_offers_its_cores_and_simulated_devices(executor: LocalExecutor) -> None:
    [machine] = executor.machines()
    assert machine.cpu_milli >= 1000
    assert machine.memory_mib > 100
    assert [(device.kind, device.index) for device in machine.devices] == [("gpu", i) for i in range(4)]
    assert machine.is_simulated


def test_many_attempts_at_once_all_end(executor: LocalExecutor) -> None:
    launches = [make_launch(task, f"exit {task % 7}") for task in range(1, 41)]
    threads = [threading.Thread(target=executor.start, args=(launch,)) for launch in launches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for launch in launches:
        assert until_ended(executor, launch.attempt_id).exit_code == launch.task_id % 7


def test_long_root_paths_work(tmp_path: Path) -> None:
    executor = LocalExecutor(tmp_path / ("long" * 40))
    assert run(executor, make_launch(1, "exit 2", kind=TaskKind.SERVICE)).exit_code == 2
    executor.close()


def test_shared_device_comes_with_its_limits(executor: LocalExecutor) -> None:
    placement = Placement("local", 2000, 512, (DeviceShare("gpu", 2, share_milli=250),))
    launch = make_launch(
        1, 'echo "$CUDA_VISIBLE_DEVICES $KPL_DEVICE_MEMORY_MIB $OMP_NUM_THREADS"', placement=placement
    )
    run(executor, launch)
    assert lines_of(executor.files(launch.attempt_id).log) == ["2 4096 2"]
