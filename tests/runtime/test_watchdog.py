"""Tasks that hold more of a shared device than they may are told, then stopped."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from kpl.resources import Device, DeviceShare, Enforcement, Placement, parse_simulated_devices
from kpl.runtime.devices import GivenDevice, nvidia
from kpl.runtime.devices.nvml import Nvml
from kpl.runtime.executors.local import LocalExecutor
from kpl.runtime.metrics import events_of
from kpl.runtime.watchdog import Watch, watchdog_plan
from kpl.task import Outcome
from kpl.testing.executor_suite import lines_of, make_launch, run, until, until_ended
from kpl.testing.fake_nvml import FakeGpu, FakeNvml

GPU = Device("gpu", 0, vendor="nvidia", memory_mib=40000, uid="GPU-0", sharing=Enforcement.WATCHED)

HOLD = "import sys, time; held = bytearray({mib} << 20); print('holds', flush=True); time.sleep(120)"


class Scene:
    """A task of this process on half a GPU, its watchdog, and the GPU behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gpu = FakeGpu("NVIDIA A100", memory_mib=GPU.memory_mib)
        self.nvml = Nvml(FakeNvml([self.gpu]))
        (folder / "run.json").write_text(json.dumps({"task": {"pid": os.getppid(), "start": 0}}))
        given = GivenDevice(GPU, 500, 20000, Enforcement.WATCHED)
        plan = watchdog_plan([given], events=folder / "events", neighbours=folder / "watch", patience_s=10)
        assert plan is not None
        self.plan: dict[str, Any] = json.loads(json.dumps(plan))
        self.watch = Watch(folder, self.plan)

    def hold(self, mib: int) -> None:
        self.gpu.processes[os.getppid()] = mib

    @property
    def notes(self) -> list[str]:
        return list(events_of(self.folder / "events").notes)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path)
    monkeypatch.setattr(nvidia, "open_nvml", lambda: made.nvml)
    (tmp_path / "events").touch()
    with made.watch.among_neighbours():
        yield made


def test_whole_devices_are_not_watched(tmp_path: Path) -> None:
    given = [GivenDevice(GPU, 1000, 40000, Enforcement.EXCLUSIVE)]
    assert watchdog_plan(given, events=tmp_path, neighbours=tmp_path) is None
    assert watchdog_plan([], events=tmp_path, neighbours=tmp_path) is None


def test_task_within_its_share_hears_nothing(scene: Scene) -> None:
    scene.hold(20000)
    assert not scene.watch.look(now_s=0)
    scene.hold(20200)  # drivers count in larger pieces
    assert not scene.watch.look(now_s=60)
    assert scene.notes == []


def test_task_over_its_share_is_told_and_condemned_after_a_while(scene: Scene) -> None:
    scene.hold(21000)
    assert not scene.watch.look(now_s=0)
    assert not scene.watch.look(now_s=9.9)
    told = "It holds 21,000 MiB of gpu 0, more than its share of 20,000 MiB. It is stopped if that is so in 10 s still."
    assert scene.notes == [told]
    assert not (scene.folder / "over.json").exists()
    assert scene.watch.look(now_s=10)
    over = json.loads((scene.folder / "over.json").read_text())
    message = over["message"]
    assert over["message_zh"].startswith("占用了 gpu 0 的 21,000 MiB")
    assert message.startswith("It holds 21,000 MiB of gpu 0")
    assert "Ask for a larger share" in message


def test_task_that_gives_back_in_time_is_forgiven(scene: Scene) -> None:
    scene.hold(30000)
    assert not scene.watch.look(now_s=0)
    scene.hold(100)
    assert not scene.watch.look(now_s=9)
    scene.hold(30000)
    assert not scene.watch.look(now_s=15)
    assert scene.notes[1] == "It is within its share of the device again."
    assert scene.watch.look(now_s=25)


def test_processes_of_others_do_not_count(scene: Scene) -> None:
    scene.hold(100)
    scene.gpu.processes[1] = 39000
    assert not scene.watch.look(now_s=0)
    assert scene.notes == []


def test_task_alone_on_a_device_that_knows_no_processes_is_judged_by_the_device(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.nvml, "_knows_processes", False)
    scene.gpu.processes[1] = 21000
    assert not scene.watch.look(now_s=0)
    assert scene.watch.look(now_s=10)
    assert "21,000 MiB of gpu 0 are in use, more than the share of 20,000 MiB of this task" in scene.notes[0]


def test_tasks_together_on_a_device_that_knows_no_processes_are_told_and_not_stopped(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.nvml, "_knows_processes", False)
    neighbour = Watch(scene.folder, scene.plan | {"devices": [{"device": asdict(GPU), "limit_mib": 5000}]})
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with neighbour.among_neighbours():
        scene.gpu.processes[1] = 24000
        assert not scene.watch.look(now_s=0)
        assert scene.notes == []  # more than ours, but not more than both
        scene.gpu.processes[1] = 26000
        assert not scene.watch.look(now_s=1)
        assert not scene.watch.look(now_s=60)
    assert "more than their shares of 25,000 MiB together" in scene.notes[0]


def test_watchdog_that_died_is_no_neighbour(scene: Scene) -> None:
    left_behind = scene.folder / "watch" / "gpu-0.1"
    left_behind.write_text("5000")
    assert scene.watch._limits_on(GPU) == [20000]
    assert not left_behind.exists()


# Through the executor: a real process, its supervisor and its watchdog ------------------------------------------


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalExecutor]:
    devices = parse_simulated_devices("gpu:toy:200=1")
    executor = LocalExecutor(tmp_path / "runtime", simulated_devices=devices, share_patience_s=0.2)
    yield executor
    executor.close()


def shared(milli: int) -> Placement:
    return Placement("local", 1000, 512, (DeviceShare("gpu", 0, share_milli=milli),))


def test_process_that_outgrows_its_share_is_stopped_with_a_message(executor: LocalExecutor) -> None:
    launch = make_launch(1, ("python", "-c", HOLD.format(mib=250)), placement=shared(500))
    report = run(executor, launch)
    assert report.outcome is Outcome.STOPPED
    assert "of gpu 0, more than its share of 100 MiB" in report.message
    files = executor.files(launch.attempt_id)
    assert any("It is stopped if that is so in 0.2 s still" in note for note in events_of(files.events).notes)
    assert any(line.startswith("[kpl] It holds") for line in lines_of(files.log))


def test_process_within_its_share_ends_by_itself(executor: LocalExecutor) -> None:
    launch = make_launch(1, "echo done", placement=shared(500))
    report = run(executor, launch)
    assert (report.outcome, report.exit_code, report.message) == (Outcome.EXITED, 0, "")
    assert lines_of(executor.files(launch.attempt_id).log) == ["done"]


def test_watchdog_ends_with_its_task(executor: LocalExecutor, tmp_path: Path) -> None:
    watch = tmp_path / "runtime" / "watch"
    launch = make_launch(1, "while [ ! -e go ]; do sleep 0.02; done", placement=shared(500))
    executor.start(launch)
    until(executor, launch.attempt_id, lambda _: watch.is_dir() and any(watch.glob("gpu-0.*")))
    [path] = watch.glob("gpu-0.*")
    pid = int(path.suffix[1:])
    (tmp_path / "runtime" / "attempts" / "1-1" / "work" / "go").touch()
    assert until_ended(executor, launch.attempt_id).exit_code == 0
    assert not Path(f"/proc/{pid}").exists()


def test_watchdog_that_cannot_start_is_named_in_the_log(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    launch = make_launch(1, "echo done", placement=shared(500))
    assert run(executor, launch).exit_code == 0
    log = executor.files(launch.attempt_id).log.read_text()
    assert "[kpl] The memory of shared devices is not watched: '/no/such/python' cannot be executed" in log
