"""The table of device kinds.

To add a kind, add a line here; to find its devices on real machines, give the line a `probe`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kpl.resources import Device, Placement
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.runtime.devices import nvidia


def _finds_nothing() -> tuple[Device, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """How processes are told which devices of one kind they may use.

    Args:
        name: as in a resource request, `gpu` or `npu`.
        visible: variables that list the indexes of the devices; they are set even when there are none, because a
            library that finds them unset takes every device of the machine.
        probe: the devices of this kind in this machine; real ones only.
        share_variables: variables that limit a process to a share of one device, given the share in thousandths and
            the memory that belongs to it in MiB (0 when the device's memory is not known).
    """

    name: str
    visible: tuple[str, ...]
    probe: Callable[[], tuple[Device, ...]] = _finds_nothing
    share_variables: Callable[[int, int], Mapping[str, str]] = lambda _share_milli, _memory_mib: {}


KINDS: Mapping[str, DeviceKind] = {
    kind.name: kind
    for kind in (
        DeviceKind(
            name="gpu",
            visible=("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
            probe=nvidia.probe,
            share_variables=nvidia.share_variables,
        ),
        DeviceKind(name="npu", visible=("ASCEND_RT_VISIBLE_DEVICES",)),
        DeviceKind(name="mlu", visible=("MLU_VISIBLE_DEVICES",)),
        DeviceKind(name="gcu", visible=("TOPS_VISIBLE_DEVICES",)),
        DeviceKind(name="xpu", visible=("XPU_VISIBLE_DEVICES",)),
        DeviceKind(name="fpga", visible=("KPL_FPGA_VISIBLE_DEVICES",)),
    )
}


def probe_devices() -> tuple[Device, ...]:
    """The real devices of this machine."""
    return tuple(device for kind in KINDS.values() for device in kind.probe())


def device_variables(placement: Placement, devices: Iterable[Device]) -> dict[str, str]:
    """The variables that show a process the devices of its placement, and no others.

    Args:
        devices: the machine's devices, for the memory of those that are shared.
    """
    memory_mib = {(device.kind, device.index): device.memory_mib for device in devices}
    variables = {variable: "" for kind in KINDS.values() for variable in kind.visible}
    variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order that nvidia-smi counts in
    for name in sorted({share.kind for share in placement.devices}):
        shares = sorted((s for s in placement.devices if s.kind == name), key=lambda share: share.index)
        kind = KINDS.get(name) or DeviceKind(name=name, visible=(f"KPL_{name.upper()}_VISIBLE_DEVICES",))
        indexes = ",".join(str(share.index) for share in shares)
        variables.update(dict.fromkeys(kind.visible, indexes))
        for share in shares:
            if share.share_milli < WHOLE_DEVICE_MILLI:
                share_mib = memory_mib.get((name, share.index), 0) * share.share_milli // WHOLE_DEVICE_MILLI
                variables["KPL_DEVICE_SHARE_MILLI"] = str(share.share_milli)
                if share_mib:
                    variables["KPL_DEVICE_MEMORY_MIB"] = str(share_mib)
                variables.update(kind.share_variables(share.share_milli, share_mib))
    return variables
