"""`kpl template`."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from kpl.cli.context import context
from kpl.cli.output import Json, Limit, Yes, confirm, counted, out, print_json, print_table, say
from kpl.cli.values import read_document
from kpl.schemas.template import TemplateOrigin

app = typer.Typer(help="Templates: pipelines made to be copied.", no_args_is_help=True)


@app.command("list")
def list_(
    shared: Annotated[bool, typer.Option("--shared", help="Only those that other projects share.")] = False,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List templates: the project's own, those that come with KPL, those that other projects share."""
    origin: TemplateOrigin | None = "shared" if shared else None
    with context.client() as client:
        templates = list(client.templates.list(origin=origin, limit=limit))
    if json:
        print_json(templates)
        return
    print_table(
        ("name", "title", "task", "steps", "parameters", "shared"),
        [
            (
                t.name,
                t.title.get("en") or next(iter(t.title.values()), ""),
                t.task,
                t.num_nodes,
                _first(list(t.parameters)),
                "yes" if t.is_shared else "",
            )
            for t in templates
        ],
        empty="No other project shares a template." if shared else "No templates.",
    )


_SHOWN = 3


def _first(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="One that another project shares is PROJECT/NAME.")],
    revision: Annotated[
        int | None, typer.Option(min=1, help="An earlier save instead of the latest.")
    ] = None,
    json: Json = False,
) -> None:
    """Print a template's document, ready to be saved and edited."""
    with context.client() as client:
        found = client.templates.get(name, revision=revision)
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
    out.print(
        f"{found.name}, {counted(found.num_nodes, 'step')}, asks for {', '.join(found.parameters) or 'nothing'}"
    )


@app.command()
def share(name: str) -> None:
    """Let all projects use a template of this project; for admins of the project."""
    with context.client() as client:
        found = client.templates.share(name)
    say(f"Other projects find it as {found.project}/{found.name}.")


@app.command()
def unshare(name: str) -> None:
    """Keep a template to this project again; what others made of it stays."""
    with context.client() as client:
        client.templates.unshare(name)
    say(f"{name} is this project's alone again.")


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    confirm(f"Delete template {name}?", is_confirmed=yes)
    with context.client() as client:
        client.templates.delete(name)


def _by_language(english: str, chinese: str) -> dict[str, str]:
    return {language: text for language, text in (("en", english), ("zh", chinese)) if text}
