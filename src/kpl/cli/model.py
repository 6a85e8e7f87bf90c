"""`kpl model`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Search,
    Yes,
    confirm,
    nothing,
    number,
    out,
    print_fields,
    print_json,
    print_table,
    size,
)
from kpl.client import Client
from kpl.errors import Invalid

app = typer.Typer(help="Models: versions, cards, files.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="The latest version by default.")]


@app.command("list")
def list_(search: Search = None, limit: Limit = 50, json: Json = False) -> None:
    """List models, newest first."""
    with context.client() as client:
        models = list(client.models.list(search=search, limit=limit))
    if json:
        print_json(models)
        return
    print_table(
        ("name", "version", "task", "metrics", "size", "created"),
        [
            (
                m.name,
                m.latest.version,
                m.latest.task,
                _metrics(m.latest.metrics),
                size(m.latest.size_bytes),
                m.latest.created_at,
            )
            for m in models
        ],
        empty=nothing(
            "No models yet. A train node with `publish` makes one: kpl run create --template image_classification",
            search=search,
        ),
    )


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in list(metrics.items())[:3])


@app.command()
def show(model: Reference, json: Json = False) -> None:
    """Show one version of a model: where it comes from, how good it is, which files it has."""
    with context.client() as client:
        name, version = _resolve(client, model)
        found = client.models.version(name, version)
    if json:
        print_json(found)
        return
    print_fields(
        [
            ("name", f"{found.name}@{found.version}"),
            ("task", found.task),
            ("algorithm", found.algorithm),
            ("classes", found.class_names),
            ("trained on", found.datasets),
            ("metrics", _metrics(found.metrics)),
            ("made by", f"task {found.source_task_id} of run {found.source_run_id}"),
            ("endpoints", found.endpoints),
            ("digest", found.digest),
        ]
    )
    for evaluation in found.evaluations:
        out.print(f"  {evaluation.function}, task {evaluation.task_id}: {_metrics(evaluation.metrics)}")
    out.print()
    print_table(("file", "size"), [(f.path, size(f.size_bytes)) for f in found.files], empty="No files.")


@app.command()
def card(model: Reference, language: Literal["en", "zh"] = "en") -> None:
    """Print the model card (Markdown)."""
    with context.client() as client:
        name, version = _resolve(client, model)
        out.print(client.models.card(name, version, language=language).markdown)


@app.command()
def download(model: Reference, destination: Path) -> None:
    """Save all files of a version."""
    with context.client() as client:
        name, version = _resolve(client, model)
        for path in client.models.download(name, version, destination):
            out.print(str(path))


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a model with all its versions."""
    confirm(f"Delete model {name} with all its versions?", is_confirmed=yes)
    with context.client() as client:
        client.models.delete(name)


def _resolve(client: Client, reference: str) -> tuple[str, int]:
    """Name and version of `NAME` or `NAME@VERSION`."""
    name, at, number = reference.partition("@")
    if at and not number.isdecimal():
        raise Invalid(f"'{reference}' names no version.", hint="Write NAME or NAME@VERSION, as in digits@2.")
    return name, int(number) if at else client.models.get(name).latest.version
