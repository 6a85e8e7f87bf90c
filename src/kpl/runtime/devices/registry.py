"""The table of device kinds: those below, and one for each plug-in that is installed."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache

from kpl.errors import Invalid
from kpl.resources import Device, Enforcement
from kpl.runtime.devices import nvidia, simulated
from kpl.runtime.devices.kind import DeviceKind, GivenDevice
from kpl.runtime.devices.plugins import add_plugins
from kpl.runtime.samples import DeviceSample
from kpl.sentence import Sentence

log = logging.getLogger("kpl.devices")

BUILT_IN: Mapping[str, DeviceKind] = {
    kind.name: kind
    for kind in (
        DeviceKind(
            name="gpu",
            visible=("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
            probe=nvidia.probe,
            visible_name=nvidia.visible_name,
            sample=nvidia.sample,
            share_variables=nvidia.share_variables,
            memory_held=nvidia.memory_held,
        ),
        # Their variables alone: who has such devices installs a plug-in that finds them.
        DeviceKind(name="npu", visible=("ASCEND_RT_VISIBLE_DEVICES",)),
        DeviceKind(name="mlu", visible=("MLU_VISIBLE_DEVICES",)),
        DeviceKind(name="gcu", visible=("TOPS_VISIBLE_DEVICES",)),
        DeviceKind(name="xpu", visible=("XPU_VISIBLE_DEVICES",)),
        DeviceKind(name="fpga", visible=("KPL_FPGA_VISIBLE_DEVICES",)),
    )
}

_sample_failures: set[str] = set()


@cache
def device_kinds() -> Mapping[str, DeviceKind]:
    """All kinds by name; installed plug-ins are looked for once."""
    return add_plugins(BUILT_IN)


def kind_of(name: str) -> DeviceKind:
    """The kind of that name; one that nobody knows gets a variable of its own."""
    return device_kinds().get(name) or DeviceKind(name=name, visible=(f"KPL_{name.upper()}_VISIBLE_DEVICES",))


def probe_devices() -> tuple[Device, ...]:
    """The real devices of this machine."""
    return tuple(device for kind in device_kinds().values() for device in _probe(kind))


def _probe(kind: DeviceKind) -> list[Device]:
    try:
        found = [_truthful(kind, device) for device in kind.probe()]
    except Exception:
        log.exception("Devices of kind '%s' are not offered: looking for them failed.", kind.name)
        return []
    indexes = [device.index for device in found]
    if len(set(indexes)) < len(indexes) or any(device.kind != kind.name for device in found):
        log.error(
            "Devices of kind '%s' are not offered: its probe gave %s, which are not devices of this kind with an "
            "index each. Mend the plug-in.",
            kind.name,
            ", ".join(f"{device.kind} {device.index}" for device in found),
        )
        return []
    return found


def _truthful(kind: DeviceKind, device: Device) -> Device:
    """Without a way to measure what tasks hold, nobody watches them."""
    is_promising = device.sharing is Enforcement.WATCHED and kind.memory_held is None
    return replace(device, sharing=Enforcement.BOOKKEEPING) if is_promising else device


def sample_devices(devices: Iterable[Device]) -> list[DeviceSample]:
    """What real devices measure now; nothing of those whose kind fails."""
    by_kind: dict[str, list[Device]] = {}
    for device in devices:
        by_kind.setdefault(device.kind, []).append(device)
    samples: list[DeviceSample] = []
    for name, members in by_kind.items():
        try:
            samples += kind_of(name).sample(members)
        except Exception:
            if name not in _sample_failures:  # once, not once a second
                log.exception("Devices of kind '%s' are not measured: asking them failed.", name)
            _sample_failures.add(name)
        else:
            _sample_failures.discard(name)
    return samples


def memory_held_mib(device: Device, pids: Collection[int]) -> int | None:
    """MiB of the device's memory that these processes hold; None when nobody can tell by process."""
    if device.vendor == simulated.VENDOR:
        return simulated.memory_held(pids)
    measure = kind_of(device.kind).memory_held
    return None if measure is None else measure(device, pids)


def memory_used_mib(device: Device) -> int | None:
    """MiB of the device's memory that is taken by whomever; None when it does not tell."""
    if device.vendor == simulated.VENDOR:
        return None
    return next((sample.memory_used_mib for sample in sample_devices([device])), None)


def share_variables(name: str, given: list[GivenDevice]) -> dict[str, str]:
    """Variables that limit a process to its shares of devices of one kind.

    Raises:
        Invalid: the plug-in of this kind failed.
    """
    try:
        return dict(kind_of(name).share_variables(given))
    except Exception as err:
        raise Invalid(
            Sentence(
                f"The limits for a share of a device of kind '{name}' could not be set: {type(err).__name__}: {err}.",
                f"无法为“{name}”类设备的份额设置上限：{type(err).__name__}：{err}。",
            ),
            hint=Sentence(
                "Mend or remove the plug-in of this kind, or ask for a whole device.",
                "请修复或移除该类设备的插件，或申请整张设备。",
            ),
        ) from err
