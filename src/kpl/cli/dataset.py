"""`kpl dataset`: pack, info, verify and head work on folders without a server; the rest asks one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Yes,
    confirm,
    err,
    out,
    print_fields,
    print_json,
    print_table,
    say,
    size,
)
from kpl.cli.values import DatasetKindName, ErrorPolicy, FormatName
from kpl.errors import Invalid

app = typer.Typer(help="Datasets: pack, check, import and look at them.", no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help="Folder or archive with the data.")]
Stored = Annotated[Path, typer.Argument(help="Folder of a KPL Dataset.")]


@app.command()
def pack(
    source: Source,
    destination: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    kind: Annotated[DatasetKindName, typer.Option(help="What the labels are.")],
    format: Annotated[FormatName, typer.Option(help="Layout of the source.")] = FormatName.AUTO,
    on_error: Annotated[
        ErrorPolicy, typer.Option(help="What a sample that cannot be read does.")
    ] = ErrorPolicy.SKIP,
    json: Json = False,
) -> None:
    """Write files in a common layout as a KPL Dataset. Needs no server."""
    from kpl.dataset import convert

    with Progress(
        TextColumn("packing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        line = bar.add_task("packing", total=None)
        report = convert.pack(
            source,
            destination,
            kind=kind.value,
            format=format.value,
            on_error=on_error.value,
            progress=lambda done, total: bar.update(line, completed=done, total=total),
        )
    for problem in report.problems:
        say(f"{problem}", style="yellow")
    if json:
        print_json(
            {
                "path": str(destination),
                "num_samples": report.num_samples,
                "num_problems": len(report.problems),
            }
        )
    else:
        out.print(f"{destination}: {report.num_samples} samples, {len(report.problems)} problems")


@app.command()
def info(path: Stored, json: Json = False) -> None:
    """Print counts, classes, splits and sizes of a KPL Dataset. Needs no server."""
    from kpl.dataset import Dataset, stats

    summary = stats.summary(Dataset.open(path))
    if json:
        print_json(summary)
    else:
        print_fields((name.replace("_", " "), _short(value)) for name, value in summary.items())


def _short(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, list) and len(value) > 12:
        return ", ".join(map(str, value[:12])) + f", ... ({len(value)} in all)"
    return value


@app.command()
def verify(path: Stored, json: Json = False) -> None:
    """Check every byte of a KPL Dataset against its checksums. Needs no server."""
    from kpl.dataset.verify import verify as verify_dataset

    report = verify_dataset(path)
    if json:
        print_json(
            {"is_intact": not report.problems, "problems": [str(problem) for problem in report.problems]}
        )
    elif not report.problems:
        out.print(f"{path}: intact, {report.num_rows} samples in {report.num_files} files")
    for problem in report.problems:
        say(f"{problem}", style="red")
    if report.problems:
        raise typer.Exit(1)


@app.command()
def head(
    path: Stored,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many samples.")] = 10,
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
) -> None:
    """Print the first samples of a KPL Dataset without their images. Needs no server."""
    from kpl.dataset import Dataset

    dataset = Dataset.open(path)
    view = dataset.split(split) if split else dataset
    rows = []
    for sample in view[:count]:
        fields = [f"{name}={_brief(value)}" for name, value in sample.fields.items()]
        rows.append((sample.key, sample.split, "  ".join(fields)))
    print_table(("key", "split", "fields"), rows, empty="No samples.")


def _brief(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return f"<{size(len(value))}>"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="Name of the dataset; a new version if it exists.")],
    source: Annotated[Path | None, typer.Argument(help="Folder or archive on this machine.")] = None,
    server_path: Annotated[
        str | None, typer.Option(help="Instead: a folder on the server (administrators).")
    ] = None,
    kind: Annotated[
        DatasetKindName, typer.Option(help="What the labels are.")
    ] = DatasetKindName.CLASSIFICATION,
    format: Annotated[FormatName, typer.Option(help="Layout of the source.")] = FormatName.AUTO,
    on_error: Annotated[
        ErrorPolicy, typer.Option(help="What a sample that cannot be read does.")
    ] = ErrorPolicy.SKIP,
    json: Json = False,
) -> None:
    """Upload files and import them as a dataset; waits until it is done."""
    if (source is None) == (server_path is None):
        raise Invalid("Nothing to import, or two things.", hint="Give either a folder or --server-path.")
    with context.client() as client:
        with Progress(
            TextColumn("uploading"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        ) as bar:
            line = bar.add_task("uploading", total=None)
            task = client.datasets.import_folder(
                name,
                source,
                kind=kind.value,
                format=format.value,
                on_error=on_error.value,
                server_path=server_path,
                progress=lambda sent, total: bar.update(line, completed=sent, total=total),
            )
        say(f"Importing as task {task.id} ...")
        done = client.tasks.wait(task.id)
        for note in done.notes:
            say(note, style="yellow")
        if done.state not in ("succeeded", "reused"):
            raise Invalid(
                f"The import did not succeed: task {task.id} is {done.state}. {done.reason}",
                hint=f"See `kpl task logs {task.id}`.",
            )
        version = client.datasets.get(name).latest
        if json:
            print_json(version)
        else:
            out.print(f"{name}@{version.version}: {version.num_samples} samples, {size(version.size_bytes)}")


@app.command("list")
def list_(limit: Limit = 50, json: Json = False) -> None:
    """List datasets, newest first."""
    with context.client() as client:
        datasets = list(client.datasets.list(limit=limit))
    if json:
        print_json(datasets)
        return
    print_table(
        ("name", "version", "kind", "samples", "size", "created"),
        [
            (
                d.name,
                d.latest.version,
                d.latest.kind,
                d.latest.num_samples,
                size(d.latest.size_bytes),
                d.latest.created_at,
            )
            for d in datasets
        ],
        empty="No datasets yet. Import one: kpl dataset import NAME FOLDER",
    )


@app.command()
def show(name: str, json: Json = False) -> None:
    """Show a dataset with its versions."""
    with context.client() as client:
        found = client.datasets.get(name)
    if json:
        print_json(found)
        return
    latest = found.latest
    print_fields(
        [
            ("name", found.name),
            ("kind", latest.kind),
            ("samples", latest.num_samples),
            ("splits", ", ".join(f"{split} {count}" for split, count in latest.splits.items())),
            ("classes", _short(latest.class_names)),
            ("size", size(latest.size_bytes)),
            ("digest", latest.digest),
            ("used by tasks", found.used_by),
        ]
    )
    out.print()
    print_table(
        ("version", "samples", "size", "created", "by"),
        [(v.version, v.num_samples, size(v.size_bytes), v.created_at, v.created_by) for v in found.versions],
        empty="No versions.",
    )


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a dataset with all its versions."""
    confirm(f"Delete dataset {name} with all its versions?", is_confirmed=yes)
    with context.client() as client:
        client.datasets.delete(name)
