"""Lists of machines: of KPL (`kpl machine list --json`), of openb, or written by hand as YAML."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import yaml

from kpl.errors import Invalid
from kpl.resources import Device, Machine, parse_memory_mib, parse_simulated_devices
from kpl.scheduler.traces.openb import NODE_COLUMNS, read_nodes


@dataclass(frozen=True, slots=True)
class _Group:
    """Machines that are alike, as people write them: `{count: 4, cpu: 64, memory: 256Gi, devices: gpu:a100=8}`."""

    count: int = 1
    name: str = "machine"
    cpu: float = 0.0
    memory: str | int = 0
    devices: str = ""


def read_machines(text: str, name: str = "machines") -> tuple[Machine, ...]:
    """Read machines, all of them healthy and open, whatever their state was.

    Raises:
        Invalid: the text is none of the three.
    """
    if set(text.partition("\n")[0].strip().split(",")) >= set(NODE_COLUMNS):
        return read_nodes(text, name)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid(f"{name} cannot be read: {error}", hint="See docs/guides/what-if.md.") from error
    if isinstance(value, dict) and "machines" in value:
        value = value["machines"]
    if not isinstance(value, list):
        raise Invalid(f"{name} is no list of machines.", hint="See docs/guides/what-if.md.")
    machines: list[Machine] = []
    for number, entry in enumerate(value):
        machines += _read_entry(entry, f"{name}, entry {number + 1}", first=len(machines))
    return tuple(machines)


def _read_entry(entry: Any, where: str, first: int) -> list[Machine]:
    try:
        if isinstance(entry, dict) and "cpu_milli" in entry:
            machine = msgspec.convert(entry, _Listed)
            return [Machine(machine.name, machine.cpu_milli, machine.memory_mib, machine.devices)]
        group = msgspec.convert(entry, _Group, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"{where}: {error}.", hint="As in {count: 4, cpu: 64, memory: 256Gi, devices: gpu:a100=8}."
        ) from error
    memory_mib = parse_memory_mib(group.memory) if group.memory else 0
    one = Machine("", round(group.cpu * 1000), memory_mib, parse_simulated_devices(group.devices))
    digits = len(str(first + group.count))
    return [replace(one, name=f"{group.name}-{first + n:0{digits}}") for n in range(group.count)]


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    cpu_milli: int
    memory_mib: int
    devices: tuple[Device, ...] = ()
