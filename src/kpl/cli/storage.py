"""`kpl storage`."""

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, out, print_json, say, size

app = typer.Typer(help="The artifact store, for administrators.", no_args_is_help=True)


@app.callback()
def storage() -> None:
    """The artifact store, for administrators."""


@app.command()
def collect(json: Json = False) -> None:
    """Remove artifacts that nothing refers to any more; the server does so by itself, too."""
    with context.client() as client:
        report = client.storage.collect()
    if json:
        print_json(report)
        return
    out.print(
        f"removed {report.num_artifacts} artifacts, {report.num_files} files, {size(report.freed_bytes)}"
    )
    for digest in report.missing:
        say(f"missing: {digest}, though something refers to it", style="red")
