"""Plug-ins: packages that bring a kind of device along."""

import importlib
import json
import logging
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kpl.resources import Device, DeviceShare, Enforcement, Machine, Placement
from kpl.runtime.devices import device_kinds, device_variables, probe_devices, sample_devices
from kpl.runtime.devices.plugins import add_plugins
from kpl.runtime.devices.registry import BUILT_IN, memory_held_mib
from kpl.runtime.executors.local import LocalExecutor
from kpl.storage.atomic import write_atomic
from kpl.task import Outcome
from kpl.testing.executor_suite import make_launch, until_ended, wait_for_lines

EXAMPLE = Path(__file__).parents[3] / "examples" / "device_plugins" / "pretend_npu"
Installer = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    """Install a package by name, whose module of the same name has this text and offers `KIND` as a device kind."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(name: str, text: str) -> None:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(text)
        write_metadata(tmp_path, name, f"it = {module}:KIND")
        made.append(module)

    yield make
    for module in made:
        sys.modules.pop(module, None)


def write_metadata(folder: Path, package: str, entry_point: str) -> None:
    """What pip leaves beside the files of a package."""
    metadata = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[kpl.devices]\n{entry_point}\n")
    importlib.invalidate_caches()


def kind_text(name: str, variable: str) -> str:
    return f"from kpl.runtime.devices import DeviceKind\nKIND = DeviceKind('{name}', ('{variable}',))\n"


def test_kind_of_a_package_is_added(install: Installer) -> None:
    install("acme-tpu", kind_text("tpu", "TPU_DEVICES"))
    kinds = add_plugins(BUILT_IN)
    assert kinds["tpu"].visible == ("TPU_DEVICES",)
    assert set(BUILT_IN) < set(kinds)


def test_kind_that_finds_nothing_by_itself_may_be_replaced(install: Installer) -> None:
    install("acme-npu", kind_text("npu", "ACME_DEVICES"))
    assert add_plugins(BUILT_IN)["npu"].visible == ("ACME_DEVICES",)


def test_built_in_kind_is_not_replaced(install: Installer, caplog: pytest.LogCaptureFixture) -> None:
    install("acme-gpu", kind_text("gpu", "ACME_DEVICES"))
    assert add_plugins(BUILT_IN)["gpu"] is BUILT_IN["gpu"]
    assert "'it' of package acme-gpu is not used: the kind 'gpu' is built in" in caplog.text


def test_of_two_packages_for_one_kind_one_is_used(
    install: Installer, caplog: pytest.LogCaptureFixture
) -> None:
    install("b-tpu", kind_text("tpu", "B"))
    install("a-tpu", kind_text("tpu", "A"))
    assert add_plugins(BUILT_IN)["tpu"].visible == ("A",)
    assert "package b-tpu is not used: 'it' of package a-tpu gives the kind 'tpu' already" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [("1 / 0", "division by zero"), ("KIND = 5", "it gives a int"), ("", "has no attribute 'KIND'")],
)
def test_package_that_is_broken_is_named_and_left_out(
    install: Installer, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    install("broken", text)
    install("acme-tpu", kind_text("tpu", "TPU_DEVICES"))
    assert set(add_plugins(BUILT_IN)) == {*BUILT_IN, "tpu"}
    assert "'it' of package broken is not used" in caplog.text
    assert said in caplog.text
    assert all(record.levelno == logging.ERROR for record in caplog.records)


@pytest.fixture
def npus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example, installed as its pyproject.toml says, and the file that describes its devices."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    [(name, target)] = project["entry-points"]["kpl.devices"].items()
    module = target.partition(":")[0]
    shutil.copy(EXAMPLE / f"{module}.py", tmp_path)
    write_metadata(tmp_path, project["name"], f"{name} = {target}")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "npus.json"
    monkeypatch.setenv("PRETEND_NPUS", str(path))
    npu = {"model": "910b", "memory_mib": 65536, "busy": 0.4, "temperature_c": 51, "held": {"42": 1000}}
    path.write_text(json.dumps([npu, npu]))
    device_kinds.cache_clear()
    yield path
    device_kinds.cache_clear()
    sys.modules.pop("kpl_pretend_npu", None)


def test_example_is_probed_measured_and_shown_to_processes(npus: Path) -> None:
    devices = [device for device in probe_devices() if device.kind == "npu"]
    expected = Device("npu", 1, vendor="acme", model="910b", memory_mib=65536, sharing=Enforcement.WATCHED)
    assert devices[1] == expected
    assert [(s.index, s.utilisation, s.temperature_c) for s in sample_devices(devices)] == [
        (0, 0.4, 51),
        (1, 0.4, 51),
    ]
    assert (memory_held_mib(devices[0], {42}), memory_held_mib(devices[0], {7})) == (1000, 0)
    shared = Placement("local", 1000, 512, (DeviceShare("npu", 1, share_milli=500),))
    variables = device_variables(shared, devices)
    assert variables["ASCEND_RT_VISIBLE_DEVICES"] == variables["ACME_VISIBLE_DEVICES"] == "1"
    assert variables["ACME_MEMORY_LIMITS_MIB"] == variables["KPL_NPU_MEMORY_MIB"] == "32768"
    assert device_variables(Placement("local", 1000, 512), devices)["ACME_VISIBLE_DEVICES"] == ""


def test_example_finds_nothing_without_its_file(npus: Path) -> None:
    npus.unlink()
    assert [device for device in probe_devices() if device.kind == "npu"] == []


def test_task_on_a_share_of_the_example_is_watched(npus: Path, tmp_path: Path) -> None:
    machine = Machine("local", 1000, 512, tuple(d for d in probe_devices() if d.kind == "npu"))
    executor = LocalExecutor(tmp_path / "runtime", machine=machine, share_patience_s=0.1)
    shares = (DeviceShare("npu", 0, share_milli=10),)
    launch = make_launch(1, "echo $$; sleep 60", placement=Placement("local", 1000, 512, shares))
    executor.start(launch)
    [pid] = wait_for_lines(executor.files(launch.attempt_id).log, 1)
    npu = {"model": "910b", "memory_mib": 65536, "held": {pid: 2000}}
    write_atomic(npus, json.dumps([npu]).encode())
    report = until_ended(executor, launch.attempt_id)
    executor.close()
    assert report.outcome is Outcome.STOPPED
    assert "It holds 2,000 MiB of npu 0, more than its share of 655 MiB" in report.message
