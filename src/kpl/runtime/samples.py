"""Values that machines and devices measure at one moment."""

from dataclasses import dataclass

from kpl.resources import Enforcement


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """What a device measures; None where it does not tell.

    Args:
        utilisation: from 0 to 1.
        sharing: what keeps tasks that share it within their shares by now, where that can change.
    """

    kind: str
    index: int
    utilisation: float | None = None
    memory_used_mib: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    is_healthy: bool = True
    sharing: Enforcement | None = None


@dataclass(frozen=True, slots=True)
class MachineSample:
    """What a machine measures at `at_s`.

    Args:
        cpu: the part of its cores that was busy since the sample before, from 0 to 1; None for the first.
        disk_used_mib: of the file system that holds the attempts.
    """

    machine: str
    at_s: float
    cpu: float | None
    memory_used_mib: int
    memory_mib: int
    disk_used_mib: int
    disk_mib: int
    devices: tuple[DeviceSample, ...] = ()
