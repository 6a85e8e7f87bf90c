"""`kpl pipeline`."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Search,
    Yes,
    confirm,
    counted,
    nothing,
    out,
    print_json,
    print_table,
    say,
)
from kpl.cli.values import parse_parameters, read_document

app = typer.Typer(help="Pipelines: save, check, plan.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Pipeline document (YAML or JSON).")]
Parameters = Annotated[list[str], typer.Option("--parameter", "-p", help="name=value, may be repeated.")]


@app.command("list")
def list_(search: Search = None, limit: Limit = 50, json: Json = False) -> None:
    """List pipelines."""
    with context.client() as client:
        pipelines = list(client.pipelines.list(search=search, limit=limit))
    if json:
        print_json(pipelines)
        return
    print_table(
        ("name", "revision", "nodes", "runs", "last run", "updated"),
        [(p.name, p.revision, p.num_nodes, p.num_runs, p.last_run_state, p.updated_at) for p in pipelines],
        empty=nothing(
            "No pipelines yet. Start from a template: kpl template show image_classification", search=search
        ),
    )


@app.command()
def show(name: str, json: Json = False) -> None:
    """Print a pipeline's document."""
    with context.client() as client:
        found = client.pipelines.get(name)
    if json:
        print_json(found)
    else:
        out.print(yaml.safe_dump(found.document, sort_keys=False, allow_unicode=True), end="")


@app.command()
def save(name: str, file: File) -> None:
    """Save a document as a pipeline, or as its next revision."""
    with context.client() as client:
        found = client.pipelines.save(name, read_document(file))
    out.print(f"{found.name}, revision {found.revision}, {counted(found.num_nodes, 'node')}")
    for problem in found.problems:
        say(f"{problem.path}: {problem.reason} {problem.fix}", style="yellow")


@app.command()
def validate(file: File, parameter: Parameters = [], json: Json = False) -> None:  # noqa: B006
    """Check a document: types on edges, parameters, cycles. Exit code 1 when something is wrong."""
    with context.client() as client:
        answer = client.pipelines.validate(read_document(file), parameters=parse_parameters(parameter))
    if json:
        print_json(answer)
    elif answer.is_valid:
        out.print(f"{file}: valid")
    for problem in answer.problems:
        if not json:
            out.print(f"{file}: {problem.path}: {problem.reason} {problem.fix}")
    if not answer.is_valid:
        raise typer.Exit(1)


@app.command()
def plan(
    file: Annotated[Path | None, typer.Argument(help="Pipeline document (YAML or JSON).")] = None,
    pipeline: Annotated[str | None, typer.Option(help="A saved pipeline instead.")] = None,
    template: Annotated[
        str | None, typer.Option(help="A template instead; one that another project shares is PROJECT/NAME.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help="Of the pipeline or template; the latest when left out.")
    ] = None,
    parameter: Parameters = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Say what a run would do: which steps run and why, which are reused."""
    with context.client() as client:
        answer = client.pipelines.plan(
            pipeline=pipeline,
            template=template,
            revision=revision,
            document=read_document(file) if file else None,
            parameters=parse_parameters(parameter),
        )
    if json:
        print_json(answer)
        return
    print_table(
        ("node", "algorithm", "function", "", "why"),
        [(s.node, s.algorithm, s.function, s.action, s.why) for s in answer.steps],
        empty="Nothing to do.",
    )
    say(f"{answer.num_to_run} to run, {answer.num_reused} to reuse")


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a pipeline; its runs stay."""
    confirm(f"Delete pipeline {name}?", is_confirmed=yes)
    with context.client() as client:
        client.pipelines.delete(name)
