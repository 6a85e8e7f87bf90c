"""`kpl template`."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from kpl.cli.context import context
from kpl.cli.output import Json, Yes, confirm, out, print_json, print_table
from kpl.cli.values import read_document

app = typer.Typer(help="Templates: pipelines made to be copied.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False) -> None:
    """List templates."""
    with context.client() as client:
        templates = client.templates.list()
    if json:
        print_json(templates)
        return
    print_table(
        ("name", "title", "task", "steps", "parameters"),
        [(t.name, t.title.get("en", ""), t.task, t.num_nodes, ", ".join(t.parameters)) for t in templates],
        empty="No templates.",
    )


@app.command()
def show(name: str, json: Json = False) -> None:
    """Print a template's document, ready to be saved and edited."""
    with context.client() as client:
        found = client.templates.get(name)
    if json:
        print_json(found)
    else:
        out.print(yaml.safe_dump(found.document, sort_keys=False, allow_unicode=True), end="")


@app.command()
def save(
    name: str,
    file: Annotated[Path, typer.Argument(help="Pipeline document (YAML or JSON).")],
    title: Annotated[str, typer.Option(help="Title in English; that of the document when left out.")] = "",
    title_zh: Annotated[str, typer.Option(help="Title in Chinese.")] = "",
    description: Annotated[str, typer.Option(help="What it is for, in English.")] = "",
    description_zh: Annotated[str, typer.Option(help="What it is for, in Chinese.")] = "",
    open_: Annotated[
        list[str] | None,
        typer.Option("--open", help="A parameter that stays open, may be repeated; all when left out."),
    ] = None,
) -> None:
    """Save a document as a template of the project, or that template anew."""
    with context.client() as client:
        found = client.templates.save(
            name,
            read_document(file),
            title=_by_language(title, title_zh),
            description=_by_language(description, description_zh),
            open_parameters=open_,
        )
    out.print(f"{found.name}, {found.num_nodes} steps, asks for {', '.join(found.parameters) or 'nothing'}")


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    confirm(f"Delete template {name}?", is_confirmed=yes)
    with context.client() as client:
        client.templates.delete(name)


def _by_language(english: str, chinese: str) -> dict[str, str]:
    return {language: text for language, text in (("en", english), ("zh", chinese)) if text}
