"""Devices that exist in the books alone: what they measure follows from the processes that hold them.

A simulated device is as busy as its tasks keep their cores, and its memory is the memory of their processes. So a task
that outgrows its share is found and stopped here just as on a real device.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kpl.resources import Device, Enforcement
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.runtime.samples import DeviceSample

VENDOR = "simulated"

_IDLE_C, _BUSY_C = 35.0, 80.0
_IDLE_W, _BUSY_W = 50.0, 300.0


@dataclass(frozen=True, slots=True)
class Holder:
    """A task on simulated devices.

    Args:
        shares_milli: what it holds, by kind and index of the device.
        busyness: the part of its cores that it keeps busy, from 0 to 1.
    """

    shares_milli: dict[tuple[str, int], int]
    busyness: float
    pids: frozenset[int]


def sample(devices: Sequence[Device], holders: Iterable[Holder]) -> list[DeviceSample]:
    """What the devices would measure if their tasks used them as they use their cores and memory."""
    held = [(holder, memory_held(holder.pids)) for holder in holders]
    samples = []
    for device in devices:
        key = (device.kind, device.index)
        here = [(holder, mib) for holder, mib in held if key in holder.shares_milli]
        load = sum(holder.busyness * holder.shares_milli[key] for holder, _ in here) / WHOLE_DEVICE_MILLI
        busy = min(1.0, load)
        samples.append(
            DeviceSample(
                kind=device.kind,
                index=device.index,
                utilisation=round(busy, 3),
                memory_used_mib=min(device.memory_mib, sum(mib for _, mib in here)),
                temperature_c=round(_IDLE_C + busy * (_BUSY_C - _IDLE_C), 1),
                power_w=round(_IDLE_W + busy * (_BUSY_W - _IDLE_W), 1),
                is_healthy=device.is_healthy,
                sharing=Enforcement.WATCHED,
            )
        )
    return samples


def memory_held(pids: Collection[int]) -> int:
    """MiB that the processes have resident, what they share among each other counted once."""
    return sum(_resident_kib(pid) for pid in pids) >> 10


def _resident_kib(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123 - read every second
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:  # it has ended
        return 0
