"""NVIDIA GPUs through the program `nvidia-smi`, which comes with every driver: slower than NVML, and tells less."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from kpl.resources import Device
from kpl.runtime.samples import DeviceSample

_REMEMBERED_S = 5.0  # one call takes the driver up to a second
_PROBE = "index,name,memory.total,uuid"
_SAMPLE = "uuid,utilization.gpu,memory.used,temperature.gpu,power.draw"

_remembering = threading.Lock()
_remembered: dict[str, tuple[float, str]] = {}


def is_there() -> bool:
    return shutil.which("nvidia-smi") is not None


def probe() -> tuple[Device, ...]:
    """The GPUs of this machine in PCI bus order; none when there is no working driver."""
    return parse_devices(_ask(f"--query-gpu={_PROBE}", "--format=csv,noheader,nounits"), _ask("-L"))


def sample(devices: Sequence[Device]) -> list[DeviceSample]:
    """What whole GPUs measure, at most five seconds old; instances are not measured."""
    text = _ask_again(f"--query-gpu={_SAMPLE}", "--format=csv,noheader,nounits")
    found = parse_samples(text)
    return [replace(found[device.uid], index=device.index) for device in devices if device.uid in found]


def memory_by_process() -> list[tuple[str, int, int]]:
    """The UUID of a GPU, a process on it, and how many MiB of its memory that holds."""
    query = "--query-compute-apps=gpu_uuid,pid,used_memory"
    return parse_processes(_ask_again(query, "--format=csv,noheader,nounits"))


def held_mib(device: Device, pids: Collection[int]) -> int | None:
    """MiB of the device's memory that the processes hold; None when none of them is listed."""
    listed = [mib for uid, pid, mib in memory_by_process() if uid == device.uid and pid in pids]
    return sum(listed) if listed else None


def parse_devices(query: str, listing: str = "") -> tuple[Device, ...]:
    """Read lines such as `0, NVIDIA A100-SXM4-80GB, 81920, GPU-5ad4...`; other than numbers, memory is unknown.

    Args:
        listing: what `nvidia-smi -L` says: a GPU that is cut into instances is replaced by them.
    """
    devices: list[Device] = []
    instances = _instances(listing)
    for fields in _rows(query, 4):
        if not fields[0].isdigit():
            continue
        memory_mib = int(fields[2]) if fields[2].isdigit() else 0
        model, uid = model_of(fields[1]), fields[3]
        for name, size_mib, instance_uid in instances.get(uid, [("", memory_mib, uid)]):
            devices.append(
                Device(
                    kind="gpu",
                    index=len(devices),
                    vendor="nvidia",
                    model=f"{model}-{name}" if name else model,
                    memory_mib=size_mib,
                    uid=instance_uid,
                    is_instance=bool(name),
                )
            )
    return tuple(devices)


def _instances(listing: str) -> dict[str, list[tuple[str, int, str]]]:
    """Profile, MiB and UUID of each instance, by the UUID of its GPU. `1g.10gb` has 10 GiB, less what the GPU keeps."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    gpu = ""
    for line in listing.splitlines():
        if match := re.match(r"GPU \d+:.*\(UUID: ([^)]+)\)", line):
            gpu = match[1]
        elif match := re.match(r"\s+MIG (\S*?(\d+)gb\S*)\s+Device\s+\d+:\s+\(UUID: ([^)]+)\)", line):
            found.setdefault(gpu, []).append((match[1], int(match[2]) << 10, match[3]))
    return found


def parse_samples(text: str) -> dict[str, DeviceSample]:
    """Read lines such as `GPU-5ad4..., 87, 40123, 61, 312.5` by UUID; what is not a number is not known."""
    return {
        uid: DeviceSample(
            kind="gpu",
            index=0,
            utilisation=None if (percent := _number(busy)) is None else percent / 100,
            memory_used_mib=None if (mib := _number(used)) is None else int(mib),
            temperature_c=_number(temperature),
            power_w=_number(power),
        )
        for uid, busy, used, temperature, power in _rows(text, 5)
    }


def parse_processes(text: str) -> list[tuple[str, int, int]]:
    """Read lines such as `GPU-5ad4..., 4242, 1024`."""
    return [(uid, int(pid), int(mib)) for uid, pid, mib in _rows(text, 3) if pid.isdigit() and mib.isdigit()]


def model_of(name: str) -> str:
    """The name of a model as requests spell it: `NVIDIA A100-SXM4-80GB` is `a100-sxm4-80gb`."""
    return name.removeprefix("NVIDIA ").replace(" ", "-").lower()


def _rows(text: str, num_fields: int) -> list[list[str]]:
    rows = [[field.strip() for field in line.split(",")] for line in text.splitlines()]
    return [row for row in rows if len(row) == num_fields]


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _ask_again(*arguments: str) -> str:
    with _remembering:
        at_s, answer = _remembered.get(arguments[0], (float("-inf"), ""))
        if time.monotonic() - at_s > _REMEMBERED_S:
            answer = _ask(*arguments)
            _remembered[arguments[0]] = (time.monotonic(), answer)
        return answer


def _ask(*arguments: str) -> str:
    nvidia_smi = shutil.which("nvidia-smi")
    if nvidia_smi is None:
        return ""
    try:
        return subprocess.run(
            [nvidia_smi, *arguments], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
