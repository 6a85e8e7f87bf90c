"""Values for what a machine has, what a task asks for and what it was given.

CPU is counted in thousandths of a core (milli), memory in MiB, a share of one device in thousandths of the device.
Whole numbers keep sums exact, which floating point would not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

WHOLE_DEVICE_MILLI = 1000

Amounts = Mapping[str, int]
"""Amounts by resource: `cpu` in milli, `memory` and `storage` in MiB, `tasks` in tasks, and for devices of a kind or of
one model of it, as in `gpu` and `gpu:a100`, thousandths of a device."""


class Enforcement(StrEnum):
    """What keeps a task within its share of a device, from nothing to the hardware.

    bookkeeping  nothing: other tasks are kept away by count alone
    watched      memory is limited in PyTorch and watched; a task that goes over is warned, then stopped
    mps          the driver limits memory and cores of each process (NVIDIA's multi-process service)
    hardware     a fixed instance of the device (MIG, vNPU), which the hardware separates
    exclusive    the whole device belongs to the task
    """

    BOOKKEEPING = "bookkeeping"
    WATCHED = "watched"
    MPS = "mps"
    HARDWARE = "hardware"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """`count` devices of one kind, each for `share_milli` thousandths; a share below 1000 needs `count` 1.

    Args:
        models: device models that are acceptable; empty means any.
        share_mib: the share as memory of the device instead, in MiB; 0 leaves it to `share_milli`. It takes as many
            thousandths of a device as this is of its memory, and fits on no device whose memory is unknown.
    """

    kind: str
    count: int = 1
    share_milli: int = WHOLE_DEVICE_MILLI
    models: tuple[str, ...] = ()
    share_mib: int = 0


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """What one process of a task needs.

    Args:
        alternatives: sets of devices that will do where `devices` are not free, the best first; an empty set means
            that the task also runs without.
    """

    cpu_milli: int = 1000
    memory_mib: int = 512
    devices: tuple[DeviceRequest, ...] = ()
    alternatives: tuple[tuple[DeviceRequest, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """An accelerator in a machine, or a fixed instance of one (MIG, vNPU), which counts as a device of its own.

    Args:
        index: from 0 within its kind on that machine.
        uid: what the vendor's library calls it, where that is not the index.
        is_instance: a fixed instance; it is given whole.
        sharing: what keeps tasks that share it within their shares.
    """

    kind: str
    index: int
    vendor: str = ""
    model: str = ""
    memory_mib: int = 0
    uid: str = ""
    is_instance: bool = False
    is_healthy: bool = True
    sharing: Enforcement = Enforcement.BOOKKEEPING


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer that tasks can be placed on.

    Args:
        is_simulated: its devices exist in the books alone.
        cluster: the pool it belongs to; the machines of a pool are served by one executor.
        is_healthy: whether it answers; nothing new is placed on one that does not.
        is_cordoned: an administrator keeps new tasks away from it.
    """

    name: str
    cpu_milli: int
    memory_mib: int
    devices: tuple[Device, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    is_simulated: bool = False
    cluster: str = "local"
    is_healthy: bool = True
    is_cordoned: bool = False


@dataclass(frozen=True, slots=True)
class DeviceShare:
    """A device or share of one in a placement; `share_mib` is its memory, 0 where that is unknown."""

    kind: str
    index: int
    share_milli: int = WHOLE_DEVICE_MILLI
    share_mib: int = 0
    model: str = ""
    enforcement: Enforcement = Enforcement.EXCLUSIVE


@dataclass(frozen=True, slots=True)
class Placement:
    """Which machine, which devices and which share of each an attempt was given."""

    machine: str
    cpu_milli: int
    memory_mib: int
    devices: tuple[DeviceShare, ...] = ()


def amounts_of(placement: Placement) -> dict[str, int]:
    """What a placement takes of each resource that quotas can count."""
    amounts = {"cpu": placement.cpu_milli, "memory": placement.memory_mib}
    for share in placement.devices:
        for resource in (share.kind, f"{share.kind}:{share.model}") if share.model else (share.kind,):
            amounts[resource] = amounts.get(resource, 0) + share.share_milli
    return amounts
