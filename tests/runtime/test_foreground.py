"""Programs run in the foreground leave nothing behind."""

from pathlib import Path

import pytest

from kpl.algorithm.manifest import Environment
from kpl.algorithm.runner import Runner
from kpl.errors import Unavailable
from kpl.runtime.foreground import ForegroundRunner
from kpl.testing.executor_suite import is_running, wait_for_lines


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return ForegroundRunner(tmp_path / "environments")


def test_output_and_exit_code_are_given(runner: Runner, tmp_path: Path) -> None:
    ended = runner.run(["sh", "-c", "echo out; echo err >&2; pwd; exit 3"], {}, tmp_path, 10)
    assert (ended.exit_code, ended.output) == (3, f"out\nerr\n{tmp_path}\n")


def test_long_output_keeps_its_end(runner: Runner, tmp_path: Path) -> None:
    ended = runner.run(["sh", "-c", "seq 100000"], {}, tmp_path, 20)
    assert ended.output.endswith("99999\n100000\n")
    assert len(ended.output) <= 65536


def test_variables_are_added_to_what_every_process_has(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPL_SECRET_KEY", "hush")
    ended = runner.run(["sh", "-c", "echo $GIVEN $KPL_SECRET_KEY"], {"GIVEN": "here"}, tmp_path, 10)
    assert ended.output == "here\n"


def test_timeout_kills_the_tree(runner: Runner, tmp_path: Path) -> None:
    script = f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60' & sleep 60"
    ended = runner.run(["sh", "-c", script], {}, tmp_path, 0.5)
    assert ended.exit_code is None
    [pid] = wait_for_lines(tmp_path / "pid", 1)
    assert not is_running(int(pid))


def test_leftovers_are_killed_when_the_program_ends(runner: Runner, tmp_path: Path) -> None:
    script = f"setsid sleep 60 & echo $! > {tmp_path}/pid"
    assert runner.run(["sh", "-c", script], {}, tmp_path, 10).exit_code == 0
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_unknown_program_is_an_os_error(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-program"):
        runner.run(["no-such-program"], {}, tmp_path, 10)


def test_service_is_stopped_within_its_grace(runner: Runner, tmp_path: Path) -> None:
    script = f"trap 'echo bye; exit 0' TERM; echo up > {tmp_path}/up; while :; do sleep 0.02; done"
    service = runner.start(["sh", "-c", script], {}, tmp_path)
    wait_for_lines(tmp_path / "up", 1)
    assert service.poll() is None
    ended = service.stop(10)
    assert ended.exit_code == 0
    assert ended.output.endswith("bye\n")
    assert service.poll() == ended


def test_service_that_ignores_its_end_is_killed(runner: Runner, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo up > {tmp_path}/up; while :; do sleep 0.02; done"
    service = runner.start(["sh", "-c", script], {}, tmp_path)
    wait_for_lines(tmp_path / "up", 1)
    assert service.stop(0.1).exit_code is None


def test_interpreter_of_the_host_is_given(runner: Runner, tmp_path: Path) -> None:
    assert Path(runner.interpreter(Environment(), tmp_path)).exists()


def test_container_is_unavailable(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="example/image"):
        runner.interpreter(Environment(type="container", image="example/image@sha256:0"), tmp_path)
