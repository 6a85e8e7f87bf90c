"""What a machine measures at one moment: its cores, memory and disk, and its devices."""

import os
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kpl.resources import Device, Machine
from kpl.runtime import supervisor
from kpl.runtime.devices import sample_devices, simulated
from kpl.runtime.devices.cpu import memory_mib
from kpl.runtime.samples import DeviceSample, MachineSample

_CGROUP_MEMORY = Path("/sys/fs/cgroup")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """An attempt under way, as far as its use of devices goes.

    Args:
        process: the attempt's supervisor; its descendants do the work.
        shares_milli: what it holds, by kind and index of the device.
    """

    process: Mapping[str, int]
    cpu_milli: int
    shares_milli: Mapping[tuple[str, int], int]


class MachineMeter:
    """Measures this computer. Threads: any, one at a time.

    Args:
        folder: on the file system that is looked at.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._times: tuple[float, float] | None = None
        self._busy_ticks: dict[
            int, tuple[float, float]
        ] = {}  # at which moment, how many ticks, by supervisor

    def measure(self, machine: Machine, running: Iterable[Running] = ()) -> MachineSample:
        """What the machine measures now.

        Args:
            running: what is under way on it; simulated devices are as busy as that.
        """
        with self._lock:
            disk = shutil.disk_usage(self._folder)
            devices = (
                self._simulate(machine.devices, running)
                if machine.is_simulated
                else sample_devices(machine.devices)
            )
            return MachineSample(
                machine=machine.name,
                at_s=time.time(),
                cpu=self._cpu(),
                memory_used_mib=_memory_used_mib(),
                memory_mib=memory_mib(),
                disk_used_mib=disk.used >> 20,
                disk_mib=disk.total >> 20,
                devices=tuple(devices),
            )

    def _cpu(self) -> float | None:
        before, now = self._times, _cpu_times()
        self._times = now
        if before is None or now[1] <= before[1]:
            return None
        return round(min(1.0, max(0.0, (now[0] - before[0]) / (now[1] - before[1]))), 3)

    def _simulate(self, devices: tuple[Device, ...], running: Iterable[Running]) -> list[DeviceSample]:
        holders = [each for each in running if each.shares_milli]
        processes = supervisor.list_processes() if holders else []
        seen: dict[int, tuple[float, float]] = {}
        found = []
        for each in holders:
            root = each.process["pid"]
            pids = supervisor.descendants(processes, {root}) - {root}
            ticks = sum(process.ticks for process in processes if process.pid in pids)
            now_s = time.monotonic()
            before_s, before = self._busy_ticks.get(root, (now_s, ticks))
            seen[root] = (now_s, ticks)
            cores = (ticks - before) * _TICK_S / (now_s - before_s) if now_s > before_s else 0.0
            busyness = min(1.0, max(0.0, cores * 1000 / max(1, each.cpu_milli)))
            found.append(simulated.Holder(dict(each.shares_milli), busyness, frozenset(pids)))
        self._busy_ticks = seen
        return simulated.sample(devices, found)


def with_news(machine: Machine, sample: MachineSample) -> Machine:
    """The machine with what the sample tells of its devices: health, and what keeps tasks within their shares."""
    news = {(each.kind, each.index): each for each in sample.devices}
    return replace(machine, devices=tuple(_renewed(device, news) for device in machine.devices))


def _renewed(device: Device, news: Mapping[tuple[str, int], DeviceSample]) -> Device:
    sample = news.get((device.kind, device.index))
    if sample is None:
        return device
    return replace(device, is_healthy=sample.is_healthy, sharing=sample.sharing or device.sharing)


def _cpu_times() -> tuple[float, float]:
    """Busy and all ticks since the machine was started, of the cores that this process may run on."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    busy = total = 0
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *fields = line.split()
        if name in ours:
            ticks = [int(field) for field in fields[:8]]  # what guests use is in `user` already
            total += sum(ticks)
            busy += sum(ticks) - ticks[3] - ticks[4]
    return busy, total


def _memory_used_mib() -> int:
    """MiB that cannot be had for new processes: of the machine, or of the container that we are in."""
    try:
        if (_CGROUP_MEMORY / "memory.max").read_text(encoding="ascii").strip().isdigit():
            used = int((_CGROUP_MEMORY / "memory.current").read_text(encoding="ascii"))
            return max(0, used - _reclaimable_bytes()) >> 20
    except OSError:
        pass
    fields = dict(
        line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    )
    kib = {name: int(fields.get(name, "0").split()[0]) for name in ("MemTotal", "MemAvailable", "MemFree")}
    return (kib["MemTotal"] - (kib["MemAvailable"] or kib["MemFree"])) >> 10


def _reclaimable_bytes() -> int:
    lines = (_CGROUP_MEMORY / "memory.stat").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)
