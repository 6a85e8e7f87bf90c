"""`kpl run`."""

from pathlib import Path
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Search,
    ago,
    counted,
    duration,
    nothing,
    out,
    print_fields,
    print_json,
    print_table,
    say,
)
from kpl.cli.run_view import run_view, what_came_of_it, what_it_does
from kpl.cli.values import parse_parameters, read_document
from kpl.client import Client
from kpl.errors import NotFound, nearest
from kpl.schemas.run import RunDetail

app = typer.Typer(help="Runs: start, watch, stop, run again.", no_args_is_help=True)

RunId = Annotated[int, typer.Argument(help="Number of the run.")]
Parameters = Annotated[list[str], typer.Option("--parameter", "-p", help="name=value, may be repeated.")]
Priority = Annotated[
    int, typer.Option(help="Inside its queue, higher goes first; -100 to 100 for developers.")
]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Wait until it is over; exit code 1 if it fails.")]


@app.command()
def create(
    file: Annotated[Path | None, typer.Argument(help="Pipeline document (YAML or JSON).")] = None,
    pipeline: Annotated[str | None, typer.Option(help="A saved pipeline instead.")] = None,
    template: Annotated[
        str | None, typer.Option(help="A template instead; one that another project shares is PROJECT/NAME.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help="Of the pipeline or template; the latest when left out.")
    ] = None,
    parameter: Parameters = [],  # noqa: B006
    name: Annotated[str, typer.Option(help="For people.")] = "",
    priority: Priority = 0,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Start a run of a document, a saved pipeline or a template."""
    with context.client() as client:
        run = client.runs.create(
            pipeline=pipeline,
            revision=revision,
            template=template,
            document=read_document(file) if file else None,
            parameters=parse_parameters(parameter),
            name=name,
            origin="cli",
            priority=priority,
        )
        say(f"Run {run.id} with {counted(run.num_tasks, 'task')}. Watch it: kpl run watch {run.id}")
        _finish(client, run, wait=wait, json=json)


def _finish(client: Client, run: RunDetail, *, wait: bool, json: bool) -> None:
    if wait:
        with run_view() as view:
            run = client.runs.wait(run.id, on_change=view.update)
    if json:
        print_json(run)
    else:
        out.print(f"run {run.id}: {run.state}{f'. {run.reason}' if run.reason else ''}")
    if wait and run.state != "succeeded":
        raise typer.Exit(1)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only runs of this pipeline.")] = None,
    search: Search = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List runs, newest first."""
    with context.client() as client:
        runs = list(client.runs.list(state=state, pipeline=pipeline, search=search, limit=limit))
    if json:
        print_json(runs)
        return
    print_table(
        ("run", "name", "state", "done", "time", "created", "by"),
        [
            (
                r.id,
                r.name,
                r.state,
                f"{r.num_done}/{r.num_tasks}",
                duration(r.duration_s),
                ago(r.created_at),
                r.created_by,
            )
            for r in runs
        ],
        empty=nothing(
            "No runs yet. Start one: kpl run create --template image_classification -p dataset=NAME",
            search=search,
            state=state,
            pipeline=pipeline,
        ),
    )


@app.command()
def show(run_id: RunId, json: Json = False) -> None:
    """Show a run with its tasks, and why each ran or was reused."""
    with context.client() as client:
        run = client.runs.get(run_id)
    if json:
        print_json(run)
        return
    print_fields(
        [
            ("run", run.id),
            ("name", run.name),
            ("state", run.state),
            ("reason", run.reason),
            ("parameters", ", ".join(f"{key}={value}" for key, value in run.parameters.items())),
            ("created", f"{ago(run.created_at)} by {run.created_by}"),
            ("time", duration(run.duration_s)),
        ]
    )
    out.print()
    print_table(
        ("task", "node", "function", "state", "time", "why"),
        [
            (t.id, t.name, what_it_does(t), t.state, duration(t.duration_s), what_came_of_it(t))
            for t in run.tasks
        ],
        empty="No tasks.",
    )


@app.command()
def watch(run_id: RunId) -> None:
    """Follow a run until it is over; exit code 1 if it does not succeed."""
    with context.client() as client:
        _finish(client, client.runs.get(run_id), wait=True, json=False)


@app.command()
def logs(
    run_id: RunId,
    node: Annotated[
        str | None, typer.Argument(help="Node of the pipeline; the one that runs or failed by default.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Until the task is over, through all of its attempts.")
    ] = False,
) -> None:
    """Print the log of one node of a run."""
    with context.client() as client:
        run = client.runs.get(run_id)
        if node is None:
            states = ("failed", "running", "ready", "stopping", "collecting", "succeeded")
            ranked = sorted(
                (t for t in run.tasks if t.state in states), key=lambda t: (states.index(t.state), -t.id)
            )
            if not ranked:
                raise NotFound(
                    f"No task of run {run_id} has a log yet.", hint=f"See `kpl run show {run_id}`."
                )
            task = ranked[0]
            say(f"Log of {task.name} (task {task.id}, {task.state}):", style="dim")
        else:
            found = [t for t in run.tasks if t.name == node]
            if not found:
                raise NotFound(
                    f"Run {run_id} has no node '{node}'.", hint=nearest(node, [t.name for t in run.tasks])
                )
            task = found[0]
        for line in client.tasks.log_lines(task.id, follow=follow):
            typer.echo(line)


@app.command()
def cancel(run_id: RunId) -> None:
    """Stop a run: SIGTERM to its tasks, SIGKILL after their grace period."""
    with context.client() as client:
        client.runs.cancel(run_id)
    say(f"Run {run_id} is asked to stop. Watch it: kpl run watch {run_id}")


@app.command()
def priority(
    run_id: RunId,
    value: Annotated[int, typer.Argument(help="Higher goes first; -100 to 100 for developers.")],
) -> None:
    """Change the priority of those tasks of a run that have not started; for one below 0, write it after --."""
    with context.client() as client:
        client.runs.set_priority(run_id, value)
    say(f"What waits of run {run_id} has priority {value}.")


@app.command()
def rerun(
    run_id: RunId,
    from_node: Annotated[
        str | None, typer.Option(help="Take over what came before this node; run it and all after it.")
    ] = None,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Run again what a run ran, with the same versions."""
    with context.client() as client:
        run = client.runs.rerun(run_id, from_node=from_node, origin="cli")
        say(f"Run {run.id} repeats run {run_id}.")
        _finish(client, run, wait=wait, json=json)
