"""Stands in for the module `pynvml` where there is no GPU: devices, processes and errors as a test sets them.

    library = FakeNvml([FakeGpu("NVIDIA A100-SXM4-40GB", memory_mib=40960)])
    nvml = Nvml(library)

Its names and the shapes of its answers are those of `nvidia-ml-py`; a test holds them against the real package.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """An error of the library, with its number."""

    def __init__(self, value: int) -> None:
        super().__init__(f"NVML error {value}")
        self.value = value


@dataclass
class FakeGpu:
    """A GPU, or an instance of one.

    Args:
        processes: MiB that a process holds, by pid.
        mps_processes: the same of those that go through the multi-process service.
        error: a number that every question about this GPU is answered with.
    """

    name: str
    uid: str = ""
    memory_mib: int = 16384
    utilisation: float = 0.0
    temperature_c: int = 40
    power_w: float = 100.0
    processes: dict[int, int] = field(default_factory=dict)
    mps_processes: dict[int, int] = field(default_factory=dict)
    instances: list["FakeGpu"] = field(default_factory=list)
    is_out_of_rows: bool = False
    error: int = 0
    is_instance: bool = False


class FakeNvml:
    """The library of a machine with these GPUs."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_NOT_FOUND = 6
    NVML_ERROR_TIMEOUT = 10
    NVML_ERROR_GPU_IS_LOST = 15
    NVML_ERROR_RESET_REQUIRED = 16
    nvmlEventTypeXidCriticalError = 8  # noqa: N815 - the library's names, here and below
    nvmlMemory_v2 = 0x2000028  # noqa: N815

    def __init__(self, gpus: list[FakeGpu]) -> None:
        self.gpus = gpus
        self.xids: list[tuple[FakeGpu, int]] = []
        for number, gpu in enumerate(gpus):
            gpu.uid = gpu.uid or f"GPU-{number}"
            for place, instance in enumerate(gpu.instances):
                instance.uid, instance.is_instance = instance.uid or f"MIG-{number}-{place}", True

    def nvmlInit(self) -> None:  # noqa: N802
        return None

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:  # noqa: N802
        return self._asked(self.gpus[index])

    def nvmlDeviceGetMigMode(self, gpu: FakeGpu) -> list[int]:  # noqa: N802
        return [int(bool(gpu.instances))] * 2

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu: FakeGpu) -> int:  # noqa: N802, ARG002
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: FakeGpu, index: int) -> FakeGpu:  # noqa: N802
        if index >= len(gpu.instances):
            raise NVMLError(self.NVML_ERROR_NOT_FOUND)
        return gpu.instances[index]

    def nvmlDeviceGetUUID(self, gpu: FakeGpu) -> str:  # noqa: N802
        return gpu.uid

    def nvmlDeviceGetName(self, gpu: FakeGpu) -> str:  # noqa: N802
        return gpu.name

    def nvmlDeviceGetMemoryInfo(self, gpu: FakeGpu, version: int = 0) -> Any:  # noqa: N802, ARG002
        self._asked(gpu)
        used = sum(gpu.processes.values()) + sum(gpu.mps_processes.values())
        return SimpleNamespace(total=gpu.memory_mib << 20, used=used << 20)

    def nvmlDeviceGetUtilizationRates(self, gpu: FakeGpu) -> Any:  # noqa: N802
        return SimpleNamespace(gpu=round(100 * self._whole(gpu).utilisation))

    def nvmlDeviceGetPowerUsage(self, gpu: FakeGpu) -> int:  # noqa: N802
        return round(1000 * self._whole(gpu).power_w)

    def nvmlDeviceGetTemperature(self, gpu: FakeGpu, sensor: int) -> int:  # noqa: N802, ARG002
        return self._whole(gpu).temperature_c

    def nvmlDeviceGetRemappedRows(self, gpu: FakeGpu) -> tuple[int, int, int, int]:  # noqa: N802
        return (0, 0, 0, int(self._whole(gpu).is_out_of_rows))

    def nvmlDeviceGetGraphicsRunningProcesses(self, gpu: FakeGpu) -> list[Any]:  # noqa: N802
        return self._processes(self._asked(gpu), {})

    def nvmlDeviceGetComputeRunningProcesses(self, gpu: FakeGpu) -> list[Any]:  # noqa: N802
        return self._processes(self._asked(gpu), gpu.processes)

    def nvmlDeviceGetMPSComputeRunningProcesses(self, gpu: FakeGpu) -> list[Any]:  # noqa: N802
        return self._processes(self._asked(gpu), gpu.mps_processes)

    def nvmlEventSetCreate(self) -> object:  # noqa: N802
        return object()

    def nvmlDeviceRegisterEvents(self, gpu: FakeGpu, types: int, events: object) -> None:  # noqa: N802, ARG002
        self._asked(gpu)

    def nvmlEventSetWait_v2(self, events: object, timeout_ms: int) -> Any:  # noqa: N802, ARG002
        if not self.xids:
            raise NVMLError(self.NVML_ERROR_TIMEOUT)
        gpu, xid = self.xids.pop(0)
        return SimpleNamespace(device=gpu, eventData=xid)

    @staticmethod
    def _asked(gpu: FakeGpu) -> FakeGpu:
        if gpu.error:
            raise NVMLError(gpu.error)
        return gpu

    def _whole(self, gpu: FakeGpu) -> FakeGpu:
        """The library answers these questions about whole GPUs alone."""
        if self._asked(gpu).is_instance:
            raise NVMLError(self.NVML_ERROR_NOT_SUPPORTED)
        return gpu

    @staticmethod
    def _processes(_gpu: FakeGpu, held: dict[int, int]) -> list[Any]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=mib << 20) for pid, mib in held.items()]


def names() -> dict[str, Callable[..., Any] | int]:
    """Everything of the library that the stand-in has."""
    return {name: getattr(FakeNvml, name) for name in vars(FakeNvml) if name.startswith(("nvml", "NVML_"))}
