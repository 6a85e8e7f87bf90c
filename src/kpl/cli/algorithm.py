"""`kpl algorithm`: check works on a folder without a server; the rest asks one."""

from pathlib import Path
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Search,
    Yes,
    confirm,
    err,
    nothing,
    out,
    print_fields,
    print_json,
    print_table,
    say,
)
from kpl.client import Client
from kpl.errors import Invalid
from kpl.schemas.algorithm import AlgorithmDetail

app = typer.Typer(help="Algorithms: check, install and look at them.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder with an algorithm.yaml.")]


@app.command()
def check(
    folder: Folder,
    static: Annotated[bool, typer.Option(help="Only read the manifest; run nothing.")] = False,
    json: Json = False,
) -> None:
    """Check a folder: the manifest line by line, then every function on toy data. Needs no server."""
    from kpl.algorithm.check import check_algorithm, check_manifest
    from kpl.runtime.foreground import ForegroundRunner

    with err.status("checking ..."):
        report = check_manifest(folder) if static else check_algorithm(folder, ForegroundRunner())
    if json:
        print_json({"is_valid": report.is_valid, "findings": [str(finding) for finding in report.findings]})
    else:
        for finding in report.findings:
            out.print(str(finding))
        out.print(f"{folder}: {'passes' if report.is_valid else 'does not pass'}")
    if not report.is_valid:
        raise typer.Exit(1)


@app.command()
def install(
    source: Annotated[
        str, typer.Argument(help="Folder with an algorithm.yaml, or address of a git repository.")
    ],
    ref: Annotated[str, typer.Option(help="Branch, tag or commit of the repository.")] = "",
    folder: Annotated[str, typer.Option(help="Where algorithm.yaml lies in the repository.")] = "",
    json: Json = False,
) -> None:
    """Install a folder, or one of a git repository, in the project."""
    from kpl.algorithm.manifest import load_manifest

    with context.client() as client:
        if Path(source).is_dir() and not (ref or folder):
            load_manifest(Path(source))  # problems are shown with their lines before anything is sent
            found = client.algorithms.install(Path(source))
        else:
            found = _fetch(client, source, ref=ref, folder=folder)
    if json:
        print_json(found)
    else:
        out.print(f"{found.name} {found.version}: {', '.join(found.functions)}")


def _fetch(client: Client, url: str, *, ref: str, folder: str) -> AlgorithmDetail:
    """Start the task that fetches, show its log, and give the version it became."""
    task = client.algorithms.fetch(url, ref=ref, folder=folder)
    say(f"Task {task.id} fetches {url}.")
    for line in client.tasks.log_lines(task.id, follow=True):
        err.print(line, style="dim")
    done = client.tasks.get(task.id)
    version = next((each.published_as for each in client.tasks.outputs(task.id).values()), "")
    if not version:
        raise Invalid(f"{url} was not installed. {done.reason}".strip())
    name, _, number = version.rpartition("@")
    return client.algorithms.get(name, version=number)


@app.command("list")
def list_(search: Search = None, limit: Limit = 50, json: Json = False) -> None:
    """List the algorithms that the project can use."""
    with context.client() as client:
        algorithms = list(client.algorithms.list(search=search, limit=limit))
    if json:
        print_json(algorithms)
        return
    print_table(
        ("name", "version", "origin", "task", "functions", "title"),
        [
            (a.name, a.version, a.origin, a.task, ", ".join(a.functions), a.title.get("en"))
            for a in algorithms
        ],
        empty=nothing("No algorithms.", search=search),
    )


@app.command()
def show(name: str, json: Json = False) -> None:
    """Show an algorithm: what it offers, takes and gives."""
    with context.client() as client:
        found = client.algorithms.get(name)
    if json:
        print_json(found)
        return
    print_fields(
        [
            ("name", f"{found.name} {found.version}"),
            ("title", " / ".join(found.title.values())),
            ("task", found.task),
            ("licence", found.licence),
            ("environment", found.environment),
            ("versions", found.versions),
            ("tree", found.tree),
        ]
    )
    for function in found.interfaces:
        out.print()
        out.print(f"{function.name}", style="bold")
        for port in function.inputs:
            out.print(
                f"  in   {port.name}: {port.type} {' or '.join(port.kinds)}{' (optional)' if port.is_optional else ''}"
            )
        for port in function.outputs:
            out.print(f"  out  {port.name}: {port.type} {' or '.join(port.kinds)}")
        for parameter, schema in function.parameters.get("properties", {}).items():
            title = schema.get("title", "")
            title = title.get("en", "") if isinstance(title, dict) else title
            out.print(f"  {parameter} = {schema.get('default')}  {title}")


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Uninstall all versions of an algorithm that the project installed."""
    confirm(f"Uninstall algorithm {name}?", is_confirmed=yes)
    with context.client() as client:
        client.algorithms.delete(name)
    say(f"{name} is uninstalled.")
