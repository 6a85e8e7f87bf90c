"""`kpl template`."""

import typer
import yaml

from kpl.cli.context import context
from kpl.cli.output import Json, out, print_json, print_table

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
