"""This computer as a machine that tasks can be placed on."""

import platform

from kpl.resources import Device, Machine
from kpl.runtime.devices import cpu, probe_devices


def describe_machine(*, name: str = "local", simulated_devices: tuple[Device, ...] = ()) -> Machine:
    """What this computer has.

    Args:
        simulated_devices: devices that exist in the books alone. When there are any, real ones are not offered, so
            that an index never means two things.
    """
    return Machine(
        name=name,
        cpu_milli=cpu.cpu_milli(),
        memory_mib=cpu.memory_mib(),
        devices=simulated_devices or probe_devices(),
        labels={"os": platform.system().lower(), "architecture": platform.machine()},
        is_simulated=bool(simulated_devices),
    )
