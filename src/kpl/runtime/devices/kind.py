"""What KPL has to know of a kind of device: the interface of built-in kinds and of plug-ins.

A plug-in is a package with an entry point in the group `kpl.devices` that names a `DeviceKind`
(docs/guides/write-a-device-plugin.md). Every function may be called from any thread, and once a second at most. One
that raises is named in the log; the other kinds go on without it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kpl.resources import Device, Enforcement
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.runtime.samples import DeviceSample


@dataclass(frozen=True, slots=True)
class GivenDevice:
    """A device, or a share of one, as a placement gives it to a task.

    Args:
        limit_mib: the memory on it that belongs to the task; 0 when the device's memory is not known.
        enforcement: what keeps the task within that.
    """

    device: Device
    share_milli: int
    limit_mib: int
    enforcement: Enforcement

    @property
    def is_shared(self) -> bool:
        return self.share_milli < WHOLE_DEVICE_MILLI


def _finds_nothing() -> Sequence[Device]:
    return ()


def _measures_nothing(_devices: Sequence[Device]) -> Iterable[DeviceSample]:
    return ()


def _limits_nothing(_given: Sequence[GivenDevice]) -> Mapping[str, str]:
    return {}


def _name_of(device: Device, _all: Sequence[Device]) -> str:
    return device.uid or str(device.index)


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """One kind of device: how it is found, measured, shown to processes and limited.

    Args:
        name: as in a resource request, `gpu` or `npu`.
        visible: variables that list the devices of a process; they are set even when there are none, because a library
            that finds them unset takes every device of the machine.
        probe: the devices of this kind in this machine, in order of index; real ones only.
        visible_name: what these variables call a device, given all of its kind.
        sample: what the given devices measure now.
        share_variables: variables that limit a process to its share, given its devices of this kind in the order of
            the visible ones; called when one of them is shared.
        memory_held: MiB of a device's memory that the given processes hold; None when that cannot be told by process
            on this machine. A kind without it cannot promise more than bookkeeping.
        reads: variables of the server's environment that these functions read, as the vendor's library may. The
            watchdog, which calls `memory_held`, is a process of its own and gets no others.
    """

    name: str
    visible: tuple[str, ...]
    probe: Callable[[], Sequence[Device]] = _finds_nothing
    visible_name: Callable[[Device, Sequence[Device]], str] = _name_of
    sample: Callable[[Sequence[Device]], Iterable[DeviceSample]] = _measures_nothing
    share_variables: Callable[[Sequence[GivenDevice]], Mapping[str, str]] = _limits_nothing
    memory_held: Callable[[Device, Collection[int]], int | None] | None = None
    reads: tuple[str, ...] = ()
