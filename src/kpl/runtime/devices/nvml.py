"""NVIDIA's management library, through the package `nvidia-ml-py`: GPUs, their state, and who holds them."""

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any

from kpl.resources import Device
from kpl.runtime.devices.nvidia_smi import model_of
from kpl.runtime.samples import DeviceSample

log = logging.getLogger("kpl.devices")

# Errors of the program that ran, not of the GPU. https://docs.nvidia.com/deploy/xid-errors
_XIDS_OF_PROGRAMS = frozenset({13, 31, 43, 45, 68, 109})
_FIRST_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO of linux/proc_ns.h


@cache
def open_nvml() -> "Nvml | None":
    """The library of this machine, opened once; None when the package or a working driver is missing."""
    try:
        import pynvml

        return Nvml(pynvml)
    except ImportError:
        return None
    except Exception as err:  # noqa: BLE001 - whatever a broken driver raises
        log.debug("NVML cannot be used: %s", err)
        return None


class Nvml:
    """An open library.

    Args:
        library: the module `pynvml`, or what stands in for it.

    Threads: any.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        library.nvmlInit()
        self._lock = threading.Lock()
        self._handles: dict[str, Any] = {}  # by UUID, instances too
        self._parents: dict[str, str] = {}  # UUID of its GPU, by that of an instance
        self._failures: dict[str, str] = {}  # what happened to a GPU, by its UUID
        self._events: Any = None
        # In another namespace the library counts processes by other numbers than we do, or shows none of ours.
        self._knows_processes = _pid_namespace() == _FIRST_PID_NAMESPACE

    @property
    def knows_processes(self) -> bool:
        """Whether memory can be told by process: not in a container, unless it shares the machine's processes."""
        return self._knows_processes

    def has(self, device: Device) -> bool:
        """Whether the device was found by `probe`."""
        return device.uid in self._handles

    # Finding -----------------------------------------------------------------------------------------------------

    def probe(self) -> tuple[Device, ...]:
        """The GPUs in PCI bus order; one that is cut into instances (MIG) is replaced by them."""
        devices: list[Device] = []
        for number in range(self._library.nvmlDeviceGetCount()):
            try:
                handle = self._library.nvmlDeviceGetHandleByIndex(number)
                found = self._instances(handle, len(devices)) if self._is_cut(handle) else None
                devices += [self._device(handle, len(devices))] if found is None else found
            except self._library.NVMLError as err:
                log.error("GPU %d does not answer (%s): it is not used.", number, err)
                devices.append(Device("gpu", len(devices), vendor="nvidia", is_healthy=False))
        self._listen()
        return tuple(devices)

    def _is_cut(self, handle: Any) -> bool:
        mode = self._ask(self._library.nvmlDeviceGetMigMode, handle)
        return mode is not None and mode[0] == 1

    def _instances(self, parent: Any, first: int) -> list[Device]:
        parent_uid = self._library.nvmlDeviceGetUUID(parent)
        self._handles[parent_uid] = parent
        devices: list[Device] = []
        for number in range(self._library.nvmlDeviceGetMaxMigDeviceCount(parent)):
            instance = self._ask(self._library.nvmlDeviceGetMigDeviceHandleByIndex, parent, number)
            if instance is not None:
                device = self._device(instance, first + len(devices), is_instance=True)
                self._parents[device.uid] = parent_uid
                devices.append(device)
        return devices

    def _device(self, handle: Any, index: int, *, is_instance: bool = False) -> Device:
        uid = self._library.nvmlDeviceGetUUID(handle)
        self._handles[uid] = handle
        return Device(
            kind="gpu",
            index=index,
            vendor="nvidia",
            model=model_of(self._library.nvmlDeviceGetName(handle)),
            memory_mib=self._library.nvmlDeviceGetMemoryInfo(handle).total >> 20,
            uid=uid,
            is_instance=is_instance,
            is_healthy=is_instance or self._is_healthy(uid),
        )

    # Measuring ---------------------------------------------------------------------------------------------------

    def sample(self, devices: Sequence[Device]) -> list[DeviceSample]:
        """What the devices measure now. Temperature and power of an instance are those of its GPU."""
        self._take_events()
        return [self._sample(device) for device in devices if device.uid in self._handles]

    def _sample(self, device: Device) -> DeviceSample:
        library, handle = self._library, self._handles[device.uid]
        gpu_uid = self._parents.get(device.uid, device.uid)
        gpu = self._handles[gpu_uid]
        rates = self._ask(library.nvmlDeviceGetUtilizationRates, handle)
        power_mw = self._ask(library.nvmlDeviceGetPowerUsage, gpu)
        return DeviceSample(
            kind="gpu",
            index=device.index,
            utilisation=None if rates is None else rates.gpu / 100,
            memory_used_mib=self._used_mib(handle),
            temperature_c=self._ask(library.nvmlDeviceGetTemperature, gpu, library.NVML_TEMPERATURE_GPU),
            power_w=None if power_mw is None else power_mw / 1000,
            is_healthy=self._is_healthy(gpu_uid),
        )

    def _used_mib(self, handle: Any) -> int | None:
        """What programs use, where the driver can tell that from what it keeps for itself."""
        version = self._library.nvmlMemory_v2
        memory = self._ask(self._library.nvmlDeviceGetMemoryInfo, handle, version)
        memory = memory or self._ask(self._library.nvmlDeviceGetMemoryInfo, handle)
        return None if memory is None else int(memory.used) >> 20

    def held_mib(self, device: Device, pids: Collection[int]) -> int | None:
        """MiB of the device's memory that the processes hold; None when the library does not know ours."""
        if device.uid not in self._handles:
            return None
        held = dict(self._processes(self._handles[device.uid]))
        ours = [held[pid] for pid in pids if pid in held]
        if ours:
            self._knows_processes = True
        if not self._knows_processes or None in ours:
            return None
        return sum(mib for mib in ours if mib is not None)

    def _processes(self, handle: Any) -> Iterator[tuple[int, int | None]]:
        library = self._library
        for list_processes in (
            library.nvmlDeviceGetGraphicsRunningProcesses,
            library.nvmlDeviceGetComputeRunningProcesses,
            library.nvmlDeviceGetMPSComputeRunningProcesses,
        ):
            for process in self._ask(list_processes, handle) or ():
                yield process.pid, None if process.usedGpuMemory is None else process.usedGpuMemory >> 20

    # Health ------------------------------------------------------------------------------------------------------

    def _is_healthy(self, uid: str) -> bool:
        """False for a GPU that fell off the bus, ran out of spare memory rows, or reported an error of its own.

        It stays so until the server is started again: such a GPU needs a reset first.
        """
        if uid not in self._failures:
            failure = self._failure(self._handles[uid])
            if failure:
                self._fail(uid, failure)
        return uid not in self._failures

    def _failure(self, handle: Any) -> str:
        library = self._library
        try:
            library.nvmlDeviceGetMemoryInfo(handle)
        except library.NVMLError as err:
            if err.value in (library.NVML_ERROR_GPU_IS_LOST, library.NVML_ERROR_RESET_REQUIRED):
                return str(err)
        rows = self._ask(library.nvmlDeviceGetRemappedRows, handle)
        return "no spare memory row was left for a broken one" if rows is not None and rows[3] else ""

    def _fail(self, uid: str, failure: str) -> None:
        self._failures[uid] = failure
        log.error(
            "GPU %s is not well: %s. Nothing new is placed on it; reset it and restart the server.",
            uid,
            failure,
        )

    def _listen(self) -> None:
        """Ask for errors that GPUs report by themselves, where the machine lets us."""
        library = self._library
        with self._lock:
            if self._events is not None:
                return
            self._events = self._ask(library.nvmlEventSetCreate)
            for uid, handle in self._handles.items():
                if self._events is not None and uid not in self._parents:
                    self._ask(
                        library.nvmlDeviceRegisterEvents,
                        handle,
                        library.nvmlEventTypeXidCriticalError,
                        self._events,
                    )

    def _take_events(self) -> None:
        with self._lock:
            while self._events is not None:
                event = self._ask(self._library.nvmlEventSetWait_v2, self._events, 0)
                if event is None:
                    return
                uid = self._ask(self._library.nvmlDeviceGetUUID, event.device)
                if event.eventData not in _XIDS_OF_PROGRAMS and uid in self._handles:
                    self._fail(uid, f"it reported Xid {event.eventData}")

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """The answer, or None where this driver or device has none."""
        try:
            return question(*arguments)
        except self._library.NVMLError:
            return None


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - a name, not a path
    except OSError:
        return ""
