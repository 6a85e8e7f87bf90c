"""`kpl scheduler`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, number, print_json, print_table, say, when
from kpl.cli.simulation import simulate_traces
from kpl.cli.values import parse_duration_s

app = typer.Typer(
    help="The scheduler: its history, who used how much, and what if the rules were others.",
    no_args_is_help=True,
)
app.command("simulate")(simulate_traces)

Last = Annotated[str, typer.Option(help="How far to look back, as in 12h or 30d.")]


@app.command()
def history(last: Last = "7d") -> None:
    """Print the tasks that ended, one JSON object a line, as `kpl scheduler simulate` reads them."""
    with context.client() as client:
        for task in client.scheduler.history(since=_since(last)):
            typer.echo(task.model_dump_json())


@app.command()
def usage(
    last: Last = "7d",
    everywhere: Annotated[bool, typer.Option("--all", help="Of all projects, for administrators.")] = False,
    json: Json = False,
) -> None:
    """Add up the device hours that tasks held, by project, user and kind of device."""
    with context.client() as client:
        project = None if everywhere else context.project
        found = client.scheduler.usage(project=project, since=_since(last))
    if json:
        print_json(found)
        return
    print_table(
        ("kind", "project", "user", "tasks", "hours held", "hours busy"),
        [
            (
                row.kind,
                row.project,
                row.username,
                row.num_tasks,
                number(row.allocated_h),
                None if row.used_h is None else number(row.used_h),
            )
            for row in found.rows
        ],
        empty="Nothing ran in that time.",
    )
    say(f"From {when(found.since)} until {when(found.until)}.", style="dim")


def _since(last: str) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=parse_duration_s(last))
