"""`kpl model`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, Limit, Yes, confirm, out, print_fields, print_json, print_table, size

app = typer.Typer(help="Models: versions, cards, files.", no_args_is_help=True)

Version = Annotated[int | None, typer.Option("--version", help="The latest by default.")]


@app.command("list")
def list_(limit: Limit = 50, json: Json = False) -> None:
    """List models, newest first."""
    with context.client() as client:
        models = list(client.models.list(limit=limit))
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
        empty="No models yet. A train node with `publish` makes one: kpl run create --template image_classification",
    )


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in list(metrics.items())[:3])


@app.command()
def show(name: str, version: Version = None, json: Json = False) -> None:
    """Show one version of a model: where it comes from, how good it is, which files it has."""
    with context.client() as client:
        number = version or client.models.get(name).latest.version
        found = client.models.version(name, number)
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
def card(name: str, version: Version = None, language: Literal["en", "zh"] = "en") -> None:
    """Print the model card (Markdown)."""
    with context.client() as client:
        number = version or client.models.get(name).latest.version
        out.print(client.models.card(name, number, language=language).markdown)


@app.command()
def download(name: str, destination: Path, version: Version = None) -> None:
    """Save all files of a version."""
    with context.client() as client:
        number = version or client.models.get(name).latest.version
        for path in client.models.download(name, number, destination):
            out.print(str(path))


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a model with all its versions."""
    confirm(f"Delete model {name} with all its versions?", is_confirmed=yes)
    with context.client() as client:
        client.models.delete(name)
