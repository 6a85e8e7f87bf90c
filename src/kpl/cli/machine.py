"""`kpl machine`."""

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, print_json, print_table

app = typer.Typer(help="Machines and what is held on them.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False) -> None:
    """List machines with their devices."""
    with context.client() as client:
        machines = client.machines.list()
    if json:
        print_json(machines)
        return
    rows = [
        (
            m.name,
            f"{m.held_cpu_milli / 1000:g} of {m.cpu_milli / 1000:g}",
            f"{m.held_memory_mib / 1024:.1f} of {m.memory_mib / 1024:.1f} GiB",
            ", ".join(f"{d.kind}{d.index} {d.model} {d.held_milli / 10:g} %" for d in m.devices),
            ", ".join(f"{h.name} (task {h.task_id})" for h in m.holders),
        )
        for m in machines
    ]
    print_table(("machine", "cores held", "memory held", "devices", "held by"), rows, empty="No machines.")
