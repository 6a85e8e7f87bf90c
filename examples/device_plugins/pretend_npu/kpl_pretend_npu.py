"""Devices of kind `npu` as a JSON file describes them, where a real plug-in would ask the vendor's library.

The file is named by the variable `PRETEND_NPUS`:

    [{"model": "910b", "memory_mib": 65536, "busy": 0.4, "temperature_c": 51, "held": {"4242": 1024}}]

`held` says how many MiB each process holds, by its pid. Without the file there are no devices, just as a real plug-in
finds none on a machine without the driver.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from kpl.resources import Device, Enforcement
from kpl.runtime.devices import DeviceKind, DeviceSample, GivenDevice


def read_npus() -> list[dict[str, Any]]:
    path = os.environ.get("PRETEND_NPUS", "")
    return json.loads(Path(path).read_text()) if path and Path(path).exists() else []


def probe() -> list[Device]:
    """What is there. `sharing` is what this machine really does to keep a task within its share."""
    return [
        Device(
            kind="npu",
            index=index,
            vendor="acme",
            model=npu["model"],
            memory_mib=npu["memory_mib"],
            sharing=Enforcement.WATCHED,  # because `memory_held` below tells who holds what
        )
        for index, npu in enumerate(read_npus())
    ]


def sample(devices: Sequence[Device]) -> list[DeviceSample]:
    """What it measures; what a device does not tell stays None."""
    npus = read_npus()
    return [
        DeviceSample(
            kind="npu",
            index=device.index,
            utilisation=npus[device.index].get("busy"),
            memory_used_mib=sum(npus[device.index].get("held", {}).values()),
            temperature_c=npus[device.index].get("temperature_c"),
        )
        for device in devices
        if device.index < len(npus)
    ]


def share_variables(given: Sequence[GivenDevice]) -> Mapping[str, str]:
    """What the vendor's library reads to limit a process to its shares."""
    return {"ACME_MEMORY_LIMITS_MIB": ",".join(str(each.limit_mib) for each in given)}


def memory_held(device: Device, pids: Collection[int]) -> int | None:
    """How much of the device's memory these processes hold: the watchdog of shared devices asks every second."""
    npus = read_npus()
    held = npus[device.index].get("held", {}) if device.index < len(npus) else {}
    return sum(held.get(str(pid), 0) for pid in pids)


KIND = DeviceKind(
    name="npu",
    visible=("ASCEND_RT_VISIBLE_DEVICES", "ACME_VISIBLE_DEVICES"),
    probe=probe,
    sample=sample,
    share_variables=share_variables,
    memory_held=memory_held,
    reads=("PRETEND_NPUS",),
)
