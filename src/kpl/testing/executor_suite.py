"""What every executor must do, as tests to inherit from.

    class TestLocalExecutor(ExecutorSuite):
        opener = "kpl.runtime.executors.local:LocalExecutor"

The suite starts real processes and kills real ones. It needs a machine with `sh` and Python.
"""

import importlib
import json
import os
import random
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

from kpl.resources import DeviceShare, Placement
from kpl.runtime.executor import AttemptReport, Executor, Launch, LaunchInput
from kpl.sentence import chinese_of
from kpl.task import AttemptState, EnvironmentSpec, Outcome, TaskKind
from kpl.task.ids import AttemptId, RunId, TaskId, attempt_id

DEADLINE_S = 30.0

COUNT_START = 'echo started >> "$KPL_CHECKPOINTS/starts"'

# A child in a session of its own, and a grandchild whose parent is gone; both note their pids and ignore SIGTERM.
SCATTERED_TREE = """
note() { echo $1 >> "$KPL_CHECKPOINTS/pids"; }
setsid sh -c 'trap "" TERM; echo $$ >> "$KPL_CHECKPOINTS/pids"; while :; do sleep 0.05; done' &
( setsid sh -c 'trap "" TERM; echo $$ >> "$KPL_CHECKPOINTS/pids"; while :; do sleep 0.05; done' & )
note $$
while [ "$(wc -l < "$KPL_CHECKPOINTS/pids")" -lt 3 ]; do sleep 0.01; done
"""

SERVICE = """
import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/v2/health/ready", "/hello") else 404)
        self.end_headers()
        self.wfile.write(os.environ["KPL_BASE_PATH"].encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer((os.environ["KPL_HOST"], int(os.environ["KPL_PORT"])), Handler).serve_forever()
"""


def make_launch(task: int, command: tuple[str, ...] | str, *, number: int = 1, **values: Any) -> Launch:
    """A launch of a shell script, or of an argv, with an output named `model`."""
    return Launch(
        **{
            "attempt_id": attempt_id(TaskId(task), number),
            "task_id": TaskId(task),
            "number": number,
            "kind": TaskKind.BATCH,
            "project": "default",
            "run_id": RunId(5),
            "command": ("sh", "-c", command) if isinstance(command, str) else command,
            "algorithm": Path("/"),
            "environment": EnvironmentSpec(),
            "placement": Placement("local", 1000, 512),
            "outputs": ("model",),
            **values,
        }
    )


def until(
    executor: Executor,
    attempt: AttemptId,
    is_so: Callable[[AttemptReport], bool],
    *,
    what: str = "the report",
) -> AttemptReport:
    """Observe an attempt until `is_so`; fails loudly after a while."""
    give_up_at = time.monotonic() + DEADLINE_S
    while time.monotonic() < give_up_at:
        [report] = executor.observe([attempt])
        if is_so(report):
            return report
        executor.wait(0.2)
    pytest.fail(f"Attempt {attempt}: {what} did not come; it stands at {report}.")


def until_ended(executor: Executor, attempt: AttemptId) -> AttemptReport:
    return until(executor, attempt, lambda report: report.state is AttemptState.ENDED, what="the end")


def run(executor: Executor, launch: Launch) -> AttemptReport:
    executor.start(launch)
    return until_ended(executor, launch.attempt_id)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def wait_for_lines(path: Path, count: int) -> list[str]:
    """The lines of a file as soon as it has `count` of them."""
    give_up_at = time.monotonic() + DEADLINE_S
    while len(lines := lines_of(path)) < count:
        if time.monotonic() > give_up_at:
            pytest.fail(f"{path} has {len(lines)} of {count} lines.")
        time.sleep(0.01)
    return lines


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text[text.rindex(b")") + 2 :].split()[0] != b"Z"


def open_executor(opener: str, root: Path) -> Executor:
    module, _, name = opener.partition(":")
    executor: Executor = getattr(importlib.import_module(module), name)(root)
    return executor


class ExecutorSuite:
    """Inherit and name the executor.

    Args:
        opener: `module:callable`; called with a folder it gives an executor that keeps its truth there, so that a
            second call with the same folder takes over from the first.
    """

    opener: ClassVar[str]

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "runtime"

    @pytest.fixture
    def executor(self, root: Path) -> Iterator[Executor]:
        executor = open_executor(self.opener, root)
        yield executor
        executor.close()

    # Ends ----------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("code", [0, 7, 255])
    def test_exit_code_is_reported(self, executor: Executor, code: int) -> None:
        report = run(executor, make_launch(1, f"exit {code}"))
        assert (report.outcome, report.exit_code) == (Outcome.EXITED, code)
        assert report.started_at_s is not None
        assert report.ended_at_s is not None
        assert report.started_at_s <= report.ended_at_s

    def test_signal_is_reported(self, executor: Executor) -> None:
        report = run(executor, make_launch(1, "kill -9 $$"))
        assert (report.outcome, report.exit_code) == (Outcome.SIGNALLED, -9)
        assert "SIGKILL" in report.message
        assert "SIGKILL" in chinese_of(report.message)

    def test_unknown_program_is_named(self, executor: Executor) -> None:
        report = run(executor, make_launch(1, ("no-such-program", "--help")))
        assert (report.outcome, report.exit_code) == (Outcome.NOT_STARTED, None)
        assert "no-such-program" in report.message
        assert "no-such-program" in chinese_of(report.message)

    def test_timeout_ends_the_tree(self, executor: Executor) -> None:
        report = run(executor, make_launch(1, f"{SCATTERED_TREE} sleep 60", timeout_s=0.5, grace_s=0.1))
        assert report.outcome is Outcome.TIMED_OUT
        assert "0.5 s" in report.message
        assert "0.5 秒" in chinese_of(report.message)
        pids = wait_for_lines(executor.checkpoints(TaskId(1)) / "pids", 3)
        assert not any(is_running(int(pid)) for pid in pids)

    def test_stop_ends_processes_wherever_they_went(self, executor: Executor) -> None:
        launch = make_launch(1, f"{SCATTERED_TREE} sleep 60")
        executor.start(launch)
        pids = wait_for_lines(executor.checkpoints(TaskId(1)) / "pids", 3)
        executor.stop(launch.attempt_id, grace_s=0.2)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED
        assert not any(is_running(int(pid)) for pid in pids)

    def test_stop_lets_the_process_finish_within_its_grace(self, executor: Executor) -> None:
        script = 'trap "echo saved; exit 3" TERM; echo ready; while :; do sleep 0.02; done'
        launch = make_launch(1, script)
        executor.start(launch)
        log = executor.files(launch.attempt_id).log
        wait_for_lines(log, 1)
        executor.stop(launch.attempt_id, grace_s=20)
        report = until_ended(executor, launch.attempt_id)
        assert (report.outcome, report.exit_code) == (Outcome.STOPPED, 3)
        lines = lines_of(log)
        assert (lines[0], lines[-1]) == ("ready", "saved")

    def test_second_stop_may_shorten_the_grace(self, executor: Executor) -> None:
        launch = make_launch(1, 'trap "" TERM; echo ready; while :; do sleep 0.02; done')
        executor.start(launch)
        wait_for_lines(executor.files(launch.attempt_id).log, 1)
        executor.stop(launch.attempt_id, grace_s=600)
        executor.stop(launch.attempt_id, grace_s=0)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED

    def test_stop_of_an_ended_attempt_changes_nothing(self, executor: Executor) -> None:
        launch = make_launch(1, "exit 4")
        before = run(executor, launch)
        executor.stop(launch.attempt_id, grace_s=0)
        assert until_ended(executor, launch.attempt_id) == before

    def test_what_the_process_leaves_running_is_ended(self, executor: Executor) -> None:
        report = run(executor, make_launch(1, SCATTERED_TREE + "exit 0"))
        assert (report.outcome, report.exit_code) == (Outcome.EXITED, 0)
        pids = wait_for_lines(executor.checkpoints(TaskId(1)) / "pids", 3)
        assert not any(is_running(int(pid)) for pid in pids)

    # What a process finds -------------------------------------------------------------------------------------------

    def test_process_starts_in_an_empty_folder(self, executor: Executor) -> None:
        launch = make_launch(1, 'ls -A . "$KPL_OUTPUT_MODEL" && pwd')
        run(executor, launch)
        [_, _, *rest] = lines_of(executor.files(launch.attempt_id).log)
        assert rest[-1].startswith("/")
        assert rest[:-1] == ["", f"{executor.files(launch.attempt_id).outputs['model']}:"] or len(rest) == 2

    def test_process_finds_parameters_inputs_and_identity(self, executor: Executor, tmp_path: Path) -> None:
        (tmp_path / "digits").mkdir()
        script = 'cat "$KPL_PARAMETERS" "$KPL_INPUTS" | tr -d "\\n"; echo; echo $KPL_INPUT_TRAIN_SET'
        script += (
            "; echo $KPL_RUN_ID $KPL_TASK_ID $KPL_ATTEMPT $KPL_PROJECT $RANK $WORLD_SIZE ${MASTER_PORT:+port}"
        )
        given = LaunchInput("train-set", "dataset", "classification", tmp_path / "digits", "ab12")
        launch = make_launch(3, script, number=2, parameters={"lr": 0.1, "名": "值"}, inputs=(given,))
        assert run(executor, launch).exit_code == 0
        files, path, identity = lines_of(executor.files(launch.attempt_id).log)
        decoder = json.JSONDecoder()
        parameters, end = decoder.raw_decode(files)
        inputs, _ = decoder.raw_decode(files[end:])
        assert parameters == {"lr": 0.1, "名": "值"}
        assert inputs["train-set"] == {
            "type": "dataset",
            "kind": "classification",
            "path": str(tmp_path / "digits"),
            "digest": "ab12",
        }
        assert path == str(tmp_path / "digits")
        assert identity == "5 3 2 default 0 1 port"

    def test_process_sees_its_devices_and_no_others(self, executor: Executor) -> None:
        placement = Placement("local", 1000, 512, (DeviceShare("gpu", 3), DeviceShare("gpu", 1)))
        script = 'echo "$CUDA_VISIBLE_DEVICES:${ASCEND_RT_VISIBLE_DEVICES-unset}"'
        launch = make_launch(1, script, placement=placement)
        run(executor, launch)
        assert lines_of(executor.files(launch.attempt_id).log) == ["1,3:"]

    def test_process_does_not_see_the_secrets_of_the_server(
        self, executor: Executor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KPL_SECRET_KEY", "hush")
        monkeypatch.setenv("DATABASE_PASSWORD", "hush")
        launch = make_launch(1, "env; cat /proc/$PPID/environ | tr '\\0' '\\n'")
        run(executor, launch)
        assert "hush" not in executor.files(launch.attempt_id).log.read_text()

    def test_python_and_algorithm_are_filled_in(self, executor: Executor, tmp_path: Path) -> None:
        (tmp_path / "algorithm").mkdir()
        (tmp_path / "algorithm" / "train.py").write_text("import os; print(os.environ['KPL_ALGORITHM'])")
        command = ("python", "{algorithm}/train.py")
        launch = make_launch(1, command, algorithm=tmp_path / "algorithm")
        assert run(executor, launch).exit_code == 0
        assert lines_of(executor.files(launch.attempt_id).log) == [str(tmp_path / "algorithm")]

    def test_outputs_lie_where_files_says(self, executor: Executor) -> None:
        launch = make_launch(1, 'echo weights > "$KPL_OUTPUT_MODEL/model.bin"; echo "{}" >> "$KPL_EVENTS"')
        assert run(executor, launch).exit_code == 0
        files = executor.files(launch.attempt_id)
        assert (files.outputs["model"] / "model.bin").read_text() == "weights\n"
        assert lines_of(files.events) == ["{}"]

    def test_checkpoints_outlive_attempts(self, executor: Executor) -> None:
        assert run(executor, make_launch(1, 'echo 10 > "$KPL_CHECKPOINTS/epoch"; exit 1')).exit_code == 1
        launch = make_launch(1, 'cat "$KPL_CHECKPOINTS/epoch"', number=2)
        assert run(executor, launch).exit_code == 0
        assert lines_of(executor.files(launch.attempt_id).log) == ["10"]

    def test_clean_keeps_log_and_events(self, executor: Executor) -> None:
        launch = make_launch(1, 'echo hello; echo x > "$KPL_OUTPUT_MODEL/x"; echo "{}" >> "$KPL_EVENTS"')
        before = run(executor, launch)
        files = executor.files(launch.attempt_id)
        executor.clean(launch.attempt_id)
        assert not files.outputs["model"].exists()
        assert lines_of(files.log) == ["hello"]
        assert lines_of(files.events) == ["{}"]
        assert executor.observe([launch.attempt_id]) == [before]

    # Logs ----------------------------------------------------------------------------------------------------------

    def test_no_line_of_the_log_is_lost(self, executor: Executor) -> None:
        script = "i=0; while [ $i -lt 3000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf end"
        launch = make_launch(1, script)
        assert run(executor, launch).exit_code == 0
        expected = [f"{stream} {number}" for number in range(3000) for stream in ("out", "err")] + ["end"]
        assert lines_of(executor.files(launch.attempt_id).log) == expected

    def test_lines_written_after_the_process_ended_are_kept(self, executor: Executor) -> None:
        launch = make_launch(1, "(sleep 0.1; echo late) & echo early")
        assert run(executor, launch).exit_code == 0
        assert lines_of(executor.files(launch.attempt_id).log) == ["early", "late"]

    # Starting once -------------------------------------------------------------------------------------------------

    def test_unknown_attempt_has_no_state(self, executor: Executor) -> None:
        assert executor.observe([AttemptId("99-1")]) == [AttemptReport(AttemptId("99-1"), None)]

    def test_starting_again_starts_nothing(self, executor: Executor) -> None:
        launch = make_launch(1, f"{COUNT_START}; exit 3")
        executor.start(launch)
        executor.start(launch)
        assert until_ended(executor, launch.attempt_id).exit_code == 3
        executor.start(launch)
        executor.clean(launch.attempt_id)
        executor.start(launch)
        assert until_ended(executor, launch.attempt_id).exit_code == 3
        assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == ["started"]

    def test_concurrent_starts_start_once(self, executor: Executor, root: Path) -> None:
        other = open_executor(self.opener, root)
        launch = make_launch(1, f"{COUNT_START}; sleep 0.2")
        barrier = threading.Barrier(8)

        def start(which: Executor) -> None:
            barrier.wait()
            for _ in range(3):
                which.start(launch)
                which.observe([launch.attempt_id])

        threads = [threading.Thread(target=start, args=([executor, other][i % 2],)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert until_ended(other, launch.attempt_id).exit_code == 0
        other.close()
        assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == ["started"]

    def test_attempt_that_was_stopped_first_never_starts(self, executor: Executor) -> None:
        launch = make_launch(1, COUNT_START)
        executor.stop(launch.attempt_id, grace_s=1)
        executor.start(launch)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED
        assert lines_of(executor.checkpoints(TaskId(1)) / "starts") == []

    # Services ------------------------------------------------------------------------------------------------------

    def test_service_becomes_ready_and_ends_when_stopped(self, executor: Executor) -> None:
        command = ("python", "-c", SERVICE)
        launch = make_launch(1, command, kind=TaskKind.SERVICE, base_path="/serve/default/x")
        executor.start(launch)
        report = until(executor, launch.attempt_id, lambda report: report.state is AttemptState.READY)
        with urllib.request.urlopen(f"http://{report.address}/hello", timeout=10) as answer:
            assert answer.read() == b"/serve/default/x"
        executor.stop(launch.attempt_id, grace_s=5)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED

    def test_service_that_crashes_is_reported(self, executor: Executor) -> None:
        launch = make_launch(1, "exit 9", kind=TaskKind.SERVICE)
        report = run(executor, launch)
        assert (report.outcome, report.exit_code) == (Outcome.EXITED, 9)

    def test_service_that_is_not_ready_in_time_is_ended(self, executor: Executor) -> None:
        report = run(executor, make_launch(1, "sleep 60", kind=TaskKind.SERVICE, timeout_s=0.5, grace_s=0.1))
        assert report.outcome is Outcome.TIMED_OUT
        assert report.message == "It was not ready within its timeout of 0.5 s."

    def test_service_that_is_ready_outlives_its_timeout(self, executor: Executor) -> None:
        launch = make_launch(1, ("python", "-c", SERVICE), kind=TaskKind.SERVICE, timeout_s=2.0)
        executor.start(launch)
        started_at_s = until(
            executor, launch.attempt_id, lambda report: report.state is AttemptState.READY
        ).started_at_s
        assert started_at_s is not None
        while time.time() < started_at_s + 2.2:
            executor.wait(0.1)
        assert executor.observe([launch.attempt_id])[0].state is AttemptState.READY
        executor.stop(launch.attempt_id, grace_s=5)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED

    # Waiting -------------------------------------------------------------------------------------------------------

    def test_wait_returns_when_an_attempt_ends(self, executor: Executor) -> None:
        launch = make_launch(1, "sleep 0.2")
        started = time.monotonic()
        executor.start(launch)
        while executor.observe([launch.attempt_id])[0].state is not AttemptState.ENDED:
            executor.wait(20)
        assert time.monotonic() - started < 10

    def test_wake_ends_a_wait_in_another_thread(self, executor: Executor) -> None:
        waiting = threading.Thread(target=executor.wait, args=(DEADLINE_S,))
        started = time.monotonic()
        waiting.start()
        executor.wake()
        waiting.join()
        assert time.monotonic() - started < DEADLINE_S / 2

    # Server killed -------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("seed", range(20))
    def test_server_killed_at_any_moment_loses_nothing(self, root: Path, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a test's dice
        launches = [
            make_launch(task, f"{COUNT_START}; for i in 1 2 3 4 5; do echo $i; sleep 0.03; done; exit {task}")
            for task in range(1, 5)
        ]
        for _ in range(chance.randint(1, 3)):
            server = os.fork()
            if server == 0:
                _serve(self.opener, root, launches)
            time.sleep(chance.uniform(0, 0.15))
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
        executor = open_executor(self.opener, root)
        for launch in launches:
            if executor.observe([launch.attempt_id])[0].state is None:
                executor.start(launch)
        for launch in launches:
            report = until_ended(executor, launch.attempt_id)
            assert (report.outcome, report.exit_code) == (Outcome.EXITED, launch.task_id)
            assert lines_of(executor.files(launch.attempt_id).log) == ["1", "2", "3", "4", "5"]
            assert lines_of(executor.checkpoints(launch.task_id) / "starts") == ["started"]
        executor.close()

    def test_server_killed_while_stopping_still_stops(self, root: Path) -> None:
        executor = open_executor(self.opener, root)
        launch = make_launch(1, 'trap "" TERM; echo ready; while :; do sleep 0.02; done')
        server = os.fork()
        if server == 0:
            _stop_and_die(self.opener, root, launch)
        os.waitpid(server, 0)
        assert until_ended(executor, launch.attempt_id).outcome is Outcome.STOPPED
        executor.close()


def _serve(opener: str, root: Path, launches: list[Launch]) -> NoReturn:
    """Be a server that starts and watches, until it is killed."""
    try:
        executor = open_executor(opener, root)
        for launch in launches:
            if executor.observe([launch.attempt_id])[0].state is None:
                executor.start(launch)
        while True:
            executor.observe([launch.attempt_id for launch in launches])
            executor.wait(1)
    finally:
        os._exit(1)


def _stop_and_die(opener: str, root: Path, launch: Launch) -> NoReturn:
    try:
        executor = open_executor(opener, root)
        executor.start(launch)
        wait_for_lines(executor.files(launch.attempt_id).log, 1)
        executor.stop(launch.attempt_id, grace_s=0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)
