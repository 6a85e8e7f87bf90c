"""Values for what a machine has, what a task asks for and what it was given.

CPU is counted in thousandths of a core (milli), memory in MiB, a share of one device in thousandths of the device.
Whole numbers keep sums exact, which floating point would not.
"""

from dataclasses import dataclass, field

WHOLE_DEVICE_MILLI = 1000


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """`count` devices of one kind, each for `share_milli` thousandths; a share below 1000 needs `count` 1.

    Args:
        models: device models that are acceptable; empty means any.
    """

    kind: str
    count: int = 1
    share_milli: int = WHOLE_DEVICE_MILLI
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    cpu_milli: int = 1000
    memory_mib: int = 512
    devices: tuple[DeviceRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """An accelerator in a machine. `index` counts from 0 within its kind on that machine."""

    kind: str
    index: int
    vendor: str = ""
    model: str = ""
    memory_mib: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer that tasks can be placed on. `is_simulated` marks devices that exist in the books alone."""

    name: str
    cpu_milli: int
    memory_mib: int
    devices: tuple[Device, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class DeviceShare:
    kind: str
    index: int
    share_milli: int = WHOLE_DEVICE_MILLI


@dataclass(frozen=True, slots=True)
class Placement:
    """Which machine, which devices and which share of each an attempt was given."""

    machine: str
    cpu_milli: int
    memory_mib: int
    devices: tuple[DeviceShare, ...] = ()
