"""Whether and how a request fits on one machine, and in plain words what is missing if it does not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kpl.resources import (
    Device,
    DeviceRequest,
    DeviceShare,
    Enforcement,
    Machine,
    Placement,
    ResourceRequest,
)
from kpl.resources.amounts import WHOLE_DEVICE_MILLI

_DeviceId = tuple[str, int]  # kind and index


class Free:
    """What is still free on one machine while a decision is being made; `take` makes it less.

    A placement that names more than there is, as after a machine was reconfigured under running tasks, drives
    amounts below zero; nothing fits then until enough was given back.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.cpu_milli = machine.cpu_milli
        self.memory_mib = machine.memory_mib
        self.share_milli: dict[_DeviceId, int] = {
            (d.kind, d.index): WHOLE_DEVICE_MILLI if d.is_healthy else 0 for d in machine.devices
        }

    def take(self, placement: Placement, sign: int = 1) -> None:
        """Make less what a placement holds; with `sign` -1, give it back."""
        self.cpu_milli -= sign * placement.cpu_milli
        self.memory_mib -= sign * placement.memory_mib
        for share in placement.devices:
            key = (share.kind, share.index)
            if key in self.share_milli:
                self.share_milli[key] -= sign * share.share_milli


def needed_milli(wanted: DeviceRequest, device: Device) -> int | None:
    """How many thousandths of this device the request takes; None when the device will not do.

    A fixed instance is given whole, and only to those who name its model or ask for memory that it has.
    """
    if device.kind != wanted.kind or (wanted.models and device.model not in wanted.models):
        return None
    if device.memory_mib < wanted.share_mib:
        return None
    if device.is_instance:
        return WHOLE_DEVICE_MILLI if wanted.models or wanted.share_mib else None
    if wanted.share_mib:
        return -(-wanted.share_mib * WHOLE_DEVICE_MILLI // device.memory_mib)
    return max(1, wanted.share_milli)


def share_of(device: Device, milli: int, wanted: DeviceRequest) -> DeviceShare:
    """What the request is given of this device."""
    is_whole = milli >= WHOLE_DEVICE_MILLI
    mib = device.memory_mib * milli // WHOLE_DEVICE_MILLI
    if wanted.share_mib and not is_whole:
        mib = wanted.share_mib
    level = Enforcement.EXCLUSIVE if is_whole else device.sharing
    if device.is_instance:
        level = Enforcement.HARDWARE
    return DeviceShare(device.kind, device.index, milli, mib, device.model, level)


def fit(request: ResourceRequest, free: Free) -> Placement | None:
    """Place a request on what is free on a machine; None when it does not fit.

    Shares go to the device with the least room that is enough, so that whole devices stay whole; among equals
    the lowest index wins.
    """
    if request.cpu_milli > free.cpu_milli or request.memory_mib > free.memory_mib:
        return None
    devices = choose_devices(request.devices, free)
    if devices is None:
        return None
    return Placement(free.machine.name, request.cpu_milli, request.memory_mib, devices)


def choose_devices(requests: Sequence[DeviceRequest], free: Free) -> tuple[DeviceShare, ...] | None:
    """Devices for all of the requests at once; None when there are too few."""
    room = dict(free.share_milli)
    chosen: list[DeviceShare] = []
    # The most selective first: a request for any gpu must not take the one a100 that the next insists on.
    for wanted in sorted(requests, key=lambda r: (len(_acceptable(r, free.machine)), -r.share_milli)):
        devices = _roomy(_acceptable(wanted, free.machine), room)
        if len(devices) < wanted.count:
            return None
        for device, milli in devices[: wanted.count]:
            room[device.kind, device.index] -= milli
            chosen.append(share_of(device, milli, wanted))
    return tuple(sorted(chosen, key=lambda share: (share.kind, share.index, share.share_milli)))


_Acceptable = list[tuple[Device, int]]  # with the thousandths that it would give


def _acceptable(wanted: DeviceRequest, machine: Machine) -> _Acceptable:
    needs = ((device, needed_milli(wanted, device)) for device in machine.devices)
    return [(device, milli) for device, milli in needs if milli is not None]


def _roomy(devices: _Acceptable, room: dict[_DeviceId, int]) -> _Acceptable:
    """Devices with room for the share, the fullest first."""
    enough = [(device, milli) for device, milli in devices if room[device.kind, device.index] >= milli]
    return sorted(enough, key=lambda one: (room[one[0].kind, one[0].index], one[0].index))


@dataclass(frozen=True, slots=True)
class Shortage:
    """What of one machine is missing.

    Args:
        wanted: as in "2 gpu".
        standing: what stands against it now, as in "1 of 4 is free".
        total: what the machine has when it is empty, as in "4".
    """

    wanted: str
    standing: str
    total: str


def shortages(request: ResourceRequest, free: Free) -> list[Shortage]:
    """Everything that keeps a request from this machine now; empty exactly when it fits."""
    machine = free.machine
    missing = []
    if request.cpu_milli > free.cpu_milli:
        standing = (
            f"{cores(free.cpu_milli)} of {cores(machine.cpu_milli)} {is_or_are(free.cpu_milli / 1000)} free"
        )
        missing.append(Shortage(f"{cores(request.cpu_milli)} cpu", standing, cores(machine.cpu_milli)))
    if request.memory_mib > free.memory_mib:
        standing = f"{memory(free.memory_mib)} of {memory(machine.memory_mib)} is free"
        missing.append(
            Shortage(f"{memory(request.memory_mib)} of memory", standing, memory(machine.memory_mib))
        )
    short_devices = [s for wanted in request.devices if (s := _short_devices(wanted, free)) is not None]
    if not short_devices and choose_devices(request.devices, free) is None:
        wanted = " and ".join(describe_devices(r) for r in request.devices)
        short_devices = [Shortage(wanted, "each is free, but not all at once", "too few for all at once")]
    return missing + short_devices


def _short_devices(wanted: DeviceRequest, free: Free) -> Shortage | None:
    devices = _acceptable(wanted, free.machine)
    num_free = len(_roomy(devices, free.share_milli))
    if num_free >= wanted.count:
        return None
    if (wanted.share_mib or wanted.share_milli < WHOLE_DEVICE_MILLI) and devices:
        most = max(free.share_milli[d.kind, d.index] for d, _ in devices)
        standing = f"the freest of {len(devices)} has {percent(most)} left"
    else:
        standing = f"{num_free} of {len(devices)} {is_or_are(num_free)} free"
    return Shortage(describe_devices(wanted), standing, str(len(devices)))


def reduce_to_fit(request: ResourceRequest, free: Free) -> ResourceRequest:
    """The nearest smaller request that fits on what is free on the machine."""
    devices: list[DeviceRequest] = []
    for wanted in request.devices:
        for count in range(wanted.count, 0, -1):
            if choose_devices([*devices, replace(wanted, count=count)], free) is not None:
                devices.append(replace(wanted, count=count))
                break
    cpu_milli = min(request.cpu_milli, max(0, free.cpu_milli))
    return ResourceRequest(cpu_milli, min(request.memory_mib, max(0, free.memory_mib)), tuple(devices))


def describe(request: ResourceRequest) -> str:
    """A request in plain words: "2 cpu, 4 GiB of memory, 1 gpu (a100)"."""
    parts = [f"{cores(request.cpu_milli)} cpu", f"{memory(request.memory_mib)} of memory"]
    return ", ".join(parts + [describe_devices(wanted) for wanted in request.devices])


def describe_devices(wanted: DeviceRequest) -> str:
    models = f" ({' or '.join(wanted.models)})" if wanted.models else ""
    if wanted.share_mib:
        share = f"{memory(wanted.share_mib)} of a {wanted.kind}{models}"
        return share if wanted.count == 1 else f"{wanted.count} times {share}"
    if wanted.share_milli < WHOLE_DEVICE_MILLI:
        share = f"{percent(wanted.share_milli)} of a {wanted.kind}{models}"
        return share if wanted.count == 1 else f"{wanted.count} times {share}"
    return f"{wanted.count} {wanted.kind}{models}"


def memory(amount_mib: int) -> str:
    """An amount of memory as people read it: "512 MiB", "1.5 GiB"."""
    return f"{amount_mib} MiB" if abs(amount_mib) < 1024 else f"{round(amount_mib / 1024, 1):g} GiB"


def cores(amount_milli: int) -> str:
    return f"{amount_milli / 1000:g}"


def percent(share_milli: int) -> str:
    return f"{share_milli / 10:g} %"


def is_or_are(count: float) -> str:
    return "is" if count == 1 else "are"
