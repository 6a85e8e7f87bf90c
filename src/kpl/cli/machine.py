"""`kpl machine`."""

from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, ago, out, print_fields, print_json, print_table, say
from kpl.resources import format_memory
from kpl.schemas.machine import DeviceHolderOut, DeviceOut, HolderOut, MachineOut

app = typer.Typer(help="Machines, what is held on them, closing and opening them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the machine.")]
Reason = Annotated[str, typer.Option(help="Why, for those who wonder.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List machines with what is free of their devices, and who holds the rest."""
    with context.client() as client:
        machines = client.machines.list()
    if json:
        print_json(machines)
        return
    print_table(
        ("machine", "state", "cores free", "memory free", "devices free", "held by"),
        [
            (
                m.name,
                _state(m),
                f"{(m.cpu_milli - m.held_cpu_milli) / 1000:g} of {m.cpu_milli / 1000:g}",
                f"{_gib(m.memory_mib - m.held_memory_mib)} of {_gib(m.memory_mib)} GiB",
                _devices_free(m.devices),
                ", ".join(map(_holder, m.holders)),
            )
            for m in machines
        ],
        empty="No machines.",
    )


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show a machine: each device, what is free, what it measures, who holds it, and what keeps them apart."""
    with context.client() as client:
        machine = client.machines.get(name)
    if json:
        print_json(machine)
        return
    print_fields(
        [
            ("machine", machine.name),
            ("state", _state(machine)),
            ("because", f"{machine.reason or 'no reason given'} ({_changed(machine)})")
            if machine.is_cordoned
            else ("because", None),
            ("cluster", machine.cluster),
            ("labels", ", ".join(f"{key}={value}" for key, value in sorted(machine.labels.items()))),
            ("cores", f"{machine.held_cpu_milli / 1000:g} of {machine.cpu_milli / 1000:g} held"),
            ("memory", f"{_gib(machine.held_memory_mib)} of {_gib(machine.memory_mib)} GiB held"),
            ("devices", "simulated: in the books alone" if machine.is_simulated else len(machine.devices)),
        ]
    )
    out.print()
    names = {holder.task_id: holder for holder in machine.holders}
    print_table(
        ("device", "model", "memory", "free", "busy", "memory used", "temperature", "sharing", "held by"),
        [
            (
                f"{d.kind}{d.index}",
                d.model,
                format_memory(d.memory_mib) if d.memory_mib else None,
                f"{(1000 - d.held_milli) / 10:g} %" if d.is_healthy else "not healthy",
                None if d.utilisation is None else f"{d.utilisation:.0%}",
                None if d.memory_used_mib is None else format_memory(d.memory_used_mib),
                None if d.temperature_c is None else f"{d.temperature_c:.0f} °C",
                "fixed instance" if d.is_instance else d.sharing,
                ", ".join(_share(names.get(h.task_id), h) for h in d.holders),
            )
            for d in machine.devices
        ],
        empty="No devices.",
    )
    out.print()
    _print_holders(machine.holders, empty="No tasks.")


@app.command()
def cordon(name: Name, reason: Reason = "") -> None:
    """Keep new tasks away from a machine; what runs on it goes on."""
    with context.client() as client:
        machine = client.machines.cordon(name, reason=reason)
    say(f"{machine.name} takes no new tasks; {len(machine.holders)} go on.")


@app.command()
def uncordon(name: Name) -> None:
    """Open a machine for new tasks again."""
    with context.client() as client:
        machine = client.machines.uncordon(name)
    say(f"{machine.name} takes new tasks.")


@app.command()
def drain(
    name: Name,
    reason: Reason = "",
    stop: Annotated[bool, typer.Option("--stop", help="Stop draining it: open it again.")] = False,
    json: Json = False,
) -> None:
    """Close a machine, ask what can be resumed elsewhere to move on, and list what stays until it ends."""
    with context.client() as client:
        if stop:
            opened = client.machines.stop_drain(name)
            say(f"{opened.name} takes new tasks.")
            return
        drained = client.machines.drain(name, reason=reason)
    if json:
        print_json(drained)
        return
    moving = ", ".join(map(_holder, drained.moving)) or "nothing"
    say(f"{name} takes no new tasks. Asked to move on: {moving}.")
    _print_holders(drained.staying, empty="Nothing stays on it.")
    if drained.staying:
        say("These end by themselves, or by `kpl task cancel`.", style="dim")


def _print_holders(holders: list[HolderOut], *, empty: str) -> None:
    print_table(
        ("task", "project", "node", "user", "cores", "memory"),
        [
            (
                h.task_id or None,
                h.project,
                h.name or "of another project",
                h.username,
                f"{h.cpu_milli / 1000:g}",
                format_memory(h.memory_mib),
            )
            for h in holders
        ],
        empty=empty,
    )


def _state(machine: MachineOut) -> str:
    if not machine.is_healthy:
        return "not answering"
    return "draining" if machine.is_draining else "cordoned" if machine.is_cordoned else "open"


def _changed(machine: MachineOut) -> str:
    return f"{machine.changed_by}, {ago(machine.changed_at)}" if machine.changed_at else machine.changed_by


def _devices_free(devices: list[DeviceOut]) -> str:
    """How much is free of each kind and model, in whole devices: "gpu a100 2.5 of 4"."""
    free: dict[str, int] = {}
    total: dict[str, int] = {}
    for device in devices:
        name = f"{device.kind} {device.model}".strip()
        free[name] = free.get(name, 0) + max(0, 1000 - device.held_milli) * device.is_healthy
        total[name] = total.get(name, 0) + 1
    return ", ".join(f"{name} {free[name] / 1000:g} of {total[name]}" for name in total)


def _holder(holder: HolderOut) -> str:
    return f"{holder.name} (task {holder.task_id})" if holder.task_id else "of another project"


def _share(holder: HolderOut | None, share: DeviceHolderOut) -> str:
    who = f"task {share.task_id}" if share.task_id else "another project"
    name = f" {holder.name}" if holder is not None and share.task_id else ""
    memory = f", {format_memory(share.share_mib)}" if share.share_mib else ""
    return f"{who}{name}: {share.share_milli / 10:g} %{memory} ({share.enforcement})"


def _gib(amount_mib: int) -> str:
    return f"{amount_mib / 1024:.1f}"
