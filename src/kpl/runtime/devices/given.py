"""What a placement gives a process, as devices with their limits and as the variables that show exactly those."""

from collections.abc import Iterable, Sequence

from kpl.resources import Device, DeviceShare, Enforcement, Placement
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.runtime.devices.kind import GivenDevice
from kpl.runtime.devices.registry import device_kinds, kind_of, share_variables


def given_devices(placement: Placement, devices: Iterable[Device]) -> list[GivenDevice]:
    """The devices of a placement in order of kind and index.

    Args:
        devices: the machine's devices.
    """
    known = {(device.kind, device.index): device for device in devices}
    return [
        _given(share, known.get((share.kind, share.index)) or Device(share.kind, share.index))
        for share in sorted(placement.devices, key=lambda share: (share.kind, share.index))
    ]


def _given(share: DeviceShare, device: Device) -> GivenDevice:
    limit_mib = share.share_mib or device.memory_mib * share.share_milli // WHOLE_DEVICE_MILLI
    return GivenDevice(device, share.share_milli, limit_mib, _enforcement(share, device))


def _enforcement(share: DeviceShare, device: Device) -> Enforcement:
    if share.share_milli >= WHOLE_DEVICE_MILLI:
        return Enforcement.HARDWARE if device.is_instance else Enforcement.EXCLUSIVE
    return device.sharing if share.enforcement is Enforcement.EXCLUSIVE else share.enforcement


def device_variables(placement: Placement, devices: Sequence[Device]) -> dict[str, str]:
    """The variables that show a process the devices of its placement, and no others.

    For a kind of which a device is shared, `KPL_<KIND>_MEMORY_MIB` lists the limit on each visible device, 0 where
    there is none; when only one kind is shared, `KPL_DEVICE_MEMORY_MIB` and `KPL_DEVICE_SHARE_MILLI` say the same of
    it without naming the kind.

    Args:
        devices: the machine's devices.
    Raises:
        Invalid: the plug-in of a kind failed.
    """
    variables = {variable: "" for kind in device_kinds().values() for variable in kind.visible}
    variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order that nvidia-smi counts in
    by_kind: dict[str, list[GivenDevice]] = {}
    for given in given_devices(placement, devices):
        by_kind.setdefault(given.device.kind, []).append(given)
    for name, members in by_kind.items():
        kind = kind_of(name)
        peers = [device for device in devices if device.kind == name]
        visible = ",".join(kind.visible_name(given.device, peers) for given in members)
        variables.update(dict.fromkeys(kind.visible, visible))
    shared = {name: members for name, members in by_kind.items() if any(given.is_shared for given in members)}
    for name, members in shared.items():
        variables |= _limits(f"KPL_{name.upper()}_", members) | share_variables(name, members)
    if len(shared) == 1:
        variables |= _limits("KPL_DEVICE_", next(iter(shared.values())))
    return variables


def _limits(prefix: str, members: Sequence[GivenDevice]) -> dict[str, str]:
    limits = [given.limit_mib if given.is_shared else 0 for given in members]
    variables = {f"{prefix}SHARE_MILLI": ",".join(str(given.share_milli) for given in members)}
    if any(limits):
        variables[f"{prefix}MEMORY_MIB"] = ",".join(map(str, limits))
    return variables
