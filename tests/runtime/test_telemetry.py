"""What this machine measures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.resources import Device, DeviceShare, Enforcement, Machine, Placement, parse_simulated_devices
from kpl.runtime.devices import DeviceSample
from kpl.runtime.executors.local import LocalExecutor
from kpl.runtime.samples import MachineSample
from kpl.runtime.telemetry import MachineMeter, with_news
from kpl.task.ids import AttemptId
from kpl.testing.executor_suite import lines_of, make_launch, until, until_ended

BUSY = "echo ready; while [ ! -e go ]; do :; done"


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalExecutor]:
    devices = parse_simulated_devices("gpu:toy=2,npu=1")
    executor = LocalExecutor(tmp_path / "runtime", simulated_devices=devices)
    yield executor
    executor.close()


def test_cores_memory_and_disk_are_measured(tmp_path: Path) -> None:
    meter, machine = MachineMeter(tmp_path), Machine("here", 1000, 512)
    first = meter.measure(machine)
    sum(range(2_000_000))  # more than a clock tick
    second = meter.measure(machine)
    assert first.cpu is None
    assert second.cpu is None or 0 <= second.cpu <= 1
    assert 0 < second.memory_used_mib < second.memory_mib
    assert 0 < second.disk_used_mib <= second.disk_mib
    assert second.machine == "here"


def test_simulated_device_is_as_busy_as_the_task_that_holds_it(executor: LocalExecutor) -> None:
    share = DeviceShare("gpu", 1, share_milli=500)
    launch = make_launch(1, BUSY, placement=Placement("local", 1000, 512, (share,)))
    executor.start(launch)
    log = executor.files(launch.attempt_id).log
    until(executor, launch.attempt_id, lambda _: bool(lines_of(log)))
    executor.samples()

    def is_busy(_: object) -> bool:
        by_device = {(each.kind, each.index): each for each in executor.samples()[0].devices}
        assert by_device["gpu", 0].utilisation == by_device["npu", 0].utilisation == 0
        held = by_device["gpu", 1]
        assert held.utilisation is not None
        assert held.utilisation <= 0.5
        return held.utilisation > 0.05 and bool(held.memory_used_mib)

    until(executor, launch.attempt_id, is_busy, what="a busy device")
    (log.parents[1] / "attempts" / "1-1" / "work" / "go").touch()
    assert until_ended(executor, AttemptId("1-1")).exit_code == 0
    assert {each.utilisation for each in executor.samples()[0].devices} == {0}


def test_news_of_devices_become_part_of_the_machine() -> None:
    gpus = (Device("gpu", 0), Device("gpu", 1, sharing=Enforcement.WATCHED))
    ill = DeviceSample("gpu", 0, is_healthy=False, sharing=Enforcement.MPS)
    sample = MachineSample("here", 0, None, 1, 2, 1, 2, (ill,))
    first, second = with_news(Machine("here", 1000, 512, gpus), sample).devices
    assert (first.is_healthy, first.sharing) == (False, Enforcement.MPS)
    assert second == gpus[1]


def test_machine_of_the_executor_knows_what_was_measured(executor: LocalExecutor) -> None:
    [sample] = executor.samples()
    [machine] = executor.machines()
    assert sample.machine == machine.name
    assert len(sample.devices) == len(machine.devices) == 3
    assert all(device.sharing is Enforcement.WATCHED for device in machine.devices)
