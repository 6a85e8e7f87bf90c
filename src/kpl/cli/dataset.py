"""`kpl dataset`: import, list, show and delete ask a server; the rest works on folders without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Search,
    Yes,
    confirm,
    counted,
    err,
    nothing,
    out,
    print_fields,
    print_json,
    print_table,
    say,
    size,
)
from kpl.cli.values import DatasetKindName, ErrorPolicy, FormatName
from kpl.dataset import kinds
from kpl.errors import Invalid
from kpl.storage.url import is_remote

if TYPE_CHECKING:
    from kpl.dataset import Dataset
    from kpl.dataset.convert import ImportReport

app = typer.Typer(help="Datasets: pack, check, import and look at them.", no_args_is_help=True)

MAX_PROBLEMS = 1000  # of an import in JSON; the number of all stands beside them

Source = Annotated[Path, typer.Argument(help="Folder, archive or table with the data.")]
Stored = Annotated[str, typer.Argument(help="Folder of a KPL Dataset, or its address (http, s3, gs, az).")]
StoredHere = Annotated[str, typer.Argument(help="Folder of a KPL Dataset.")]

# text, since a path would make a folder "s3:" of an address instead of being refused
Destination = Annotated[str, typer.Argument(help="Folder to write; must not exist.")]
Kind = Annotated[kinds.Kind | None, typer.Option(help="What the labels are; follows from the format.")]
Format = Annotated[FormatName, typer.Option(help="Layout of the source.")]
Label = Annotated[str, typer.Option(help="In tables, the column with the class.")]
Version = Annotated[str, typer.Option(help="Number or tag; the newest by default.")]
Message = Annotated[
    str, typer.Option("--message", "-m", metavar="TEXT", help="Why; stands with the version.")
]
OnError = Annotated[ErrorPolicy, typer.Option(help="What a sample that cannot be read does.")]


@app.command()
def pack(
    source: Source,
    destination: Destination,
    kind: Kind = None,
    format: Format = FormatName.AUTO,
    on_error: OnError = ErrorPolicy.SKIP,
    label: Label = "",
    json: Json = False,
) -> None:
    """Write files in a common layout as a KPL Dataset. Needs no server."""
    _pack(source, destination, kind, format, on_error=on_error, label=label, json=json)


@app.command()
def index(
    source: Annotated[
        Path, typer.Argument(help="Folder with images, tar or TFRecord files, or one of these.")
    ],
    destination: Destination,
    kind: Kind = None,
    format: Format = FormatName.AUTO,
    on_error: OnError = ErrorPolicy.SKIP,
    json: Json = False,
) -> None:
    """Make a KPL Dataset over files that stay where they are. Needs no server."""
    _pack(source, destination, kind, format, on_error=on_error, in_place=True, json=json)


def _pack(
    source: Path,
    destination: str,
    kind: kinds.Kind | None,
    format: FormatName,
    *,
    on_error: ErrorPolicy,
    label: str = "",
    in_place: bool = False,
    json: bool,
) -> None:
    from kpl.dataset import convert

    with _counting("indexing" if in_place else "packing") as progress:
        report = convert.pack(
            source,
            destination,
            kind=kind.value if kind else None,
            format=format.value,
            on_error=on_error.value,
            label_column=label,
            in_place=in_place,
            progress=progress,
            unpacking=_say_unpacking,
        )
    _say_problems(report)
    if json:
        print_json(_import_as_json(destination, report))
    else:
        out.print(
            f"{destination}: {counted(report.num_samples, 'sample')}, {counted(report.num_problems, 'problem')}"
        )


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows how many samples are done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        line = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)


def _say_unpacking(name: str) -> None:
    say(f"Unpacking {name} ...")


def _say_problems(report: "ImportReport") -> None:
    for problem in report.problems:
        say(f"{problem}", style="yellow")


def _import_as_json(path: str, report: "ImportReport") -> dict[str, object]:
    """What an import did; of the problems the first ones, since there may be one in every line of a source."""
    return {
        "path": path,
        "format": report.format,
        "kind": report.kind,
        "num_samples": report.num_samples,
        "class_names": report.class_names,
        "splits": report.splits,
        "num_problems": report.num_problems,
        "problems": [problem._asdict() for problem in report.problems[:MAX_PROBLEMS]],
        "num_ignored": report.num_ignored,
        "num_resumed": report.num_resumed,
        "digest": report.digest,
    }


@app.command()
def info(path: Stored, version: Version = "", json: Json = False) -> None:
    """Print counts, classes, splits and sizes of a KPL Dataset. Needs no server."""
    from kpl.dataset import stats

    summary = stats.summary(_open(path, version))
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
def verify(
    path: Stored,
    version: Version = "",
    all_versions: Annotated[bool, typer.Option("--all-versions", help="Every version, not one.")] = False,
    json: Json = False,
) -> None:
    """Check every byte of a KPL Dataset against its checksums. Needs no server."""
    from kpl.dataset.verify import verify as verify_dataset

    if version and all_versions:
        raise Invalid("--version and --all-versions exclude each other.", hint="Give one of them.")
    report = verify_dataset(path, version=_number(path, version), all_versions=all_versions)
    if json:
        print_json(
            {"is_intact": not report.problems, "problems": [str(problem) for problem in report.problems]}
        )
    elif not report.problems:
        out.print(
            f"{path}: intact, {counted(report.num_rows, 'sample')} in {counted(report.num_files, 'file')}"
        )
    for problem in report.problems:
        say(f"{problem}", style="red")
    if report.problems:
        raise typer.Exit(1)


@app.command()
def head(
    path: Stored,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many samples.")] = 10,
    version: Version = "",
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
) -> None:
    """Print the first samples of a KPL Dataset without their images. Needs no server."""
    dataset = _open(path, version)
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


@app.command()
def export(
    path: Stored,
    destination: Annotated[str, typer.Argument(help="Folder to write; must be empty.")],
    format: Annotated[FormatName, typer.Option(help="Layout to write.")],
    version: Version = "",
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    json: Json = False,
) -> None:
    """Write a KPL Dataset as files in a common layout. Needs no server."""
    from kpl.dataset import convert

    dataset = _open(path, version)
    report = convert.export(dataset.split(split) if split else dataset, destination, format=format.value)
    for what, count in report.dropped.items():
        say(f"The format cannot hold {what}: {count} left out", style="yellow")
    if report.max_box_change:
        say(f"Boxes of objects with masks change by up to {report.max_box_change:.4g} pixels", style="yellow")
    if json:
        print_json({"path": destination, **report._asdict()})
    else:
        out.print(f"{destination}: {counted(report.num_samples, 'sample')}")


def _open(path: str, version: str) -> "Dataset":
    from kpl.dataset import Dataset

    return Dataset.open(path, version=_number(path, version))


def _number(path: str, version: str) -> int | None:
    """Number of the version that is meant; None for the newest."""
    from kpl.dataset.versions import resolve

    return resolve(path, version) if version else None


@app.command()
def health(
    path: Stored,
    version: Version = "",
    decode: Annotated[int, typer.Option(min=0, help="How many images to decode at most.")] = 2000,
    json: Json = False,
) -> None:
    """Look for leaks between splits, wrong boxes, empty masks and the like. Needs no server."""
    from kpl.dataset.health import report as health_report

    report = health_report(_open(path, version), max_decoded=decode)
    if json:
        print_json(report.as_json())
    else:
        rows = [
            (each.severity, each.code, each.message, ", ".join(each.keys[:3])) for each in report.findings
        ]
        print_table(("severity", "check", "what", "samples"), rows, empty="Nothing found.")
    if not report.is_healthy:
        raise typer.Exit(1)


@app.command()
def history(path: StoredHere, json: Json = False) -> None:
    """List the versions of a KPL Dataset, newest first. Needs no server."""
    from kpl.dataset import versions

    found = versions.history(path)
    if json:
        print_json([version._asdict() for version in found])
        return
    print_table(
        ("version", "made of", "tags", "samples", "new", "message"),
        [
            (v.number, v.made_of or "", ", ".join(v.tags), v.num_samples, size(v.new_bytes), v.message)
            for v in found
        ],
        empty="No versions.",
    )


@app.command()
def tag(
    path: StoredHere,
    name: Annotated[str, typer.Argument(help="Name for the version.")],
    version: Version = "",
    move: Annotated[bool, typer.Option(help="Take the name from the version that has it.")] = False,
    remove: Annotated[bool, typer.Option(help="Take the name away instead.")] = False,
) -> None:
    """Give a version of a KPL Dataset a name; tagged versions are kept by `gc`. Needs no server."""
    from kpl.dataset import versions

    if remove:
        versions.untag(path, name)
        out.print(f"{path}: no version is called {name} now")
        return
    number = versions.tag(path, name, version=_number(path, version), move=move)
    out.print(f"{path}: version {number} is {name}")


@app.command()
def append(
    path: StoredHere,
    source: Source,
    format: Format = FormatName.AUTO,
    on_error: OnError = ErrorPolicy.SKIP,
    label: Label = "",
    keep_first: Annotated[
        bool, typer.Option("--keep-first", help="Leave out samples whose key the dataset has.")
    ] = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Add files in a common layout to a KPL Dataset, as its next version. Needs no server."""
    from kpl.dataset import convert

    with _counting("appending") as progress:
        report = convert.append(
            source,
            path,
            format=format.value,
            on_error=on_error.value,
            label_column=label,
            keep_first=keep_first,
            message=message,
            progress=progress,
            unpacking=_say_unpacking,
        )
    _say_problems(report)
    if json:
        more = {"version": report.version, "num_added": report.num_added, "num_known": report.num_known}
        print_json({**_import_as_json(path, report), **more})
        return
    out.print(
        f"{path}: version {report.version}, {counted(report.num_added, 'sample')} added to "
        f"{report.num_samples - report.num_added:,}, {counted(report.num_problems, 'problem')}"
    )
    if report.num_known:
        say(f"left out: {counted(report.num_known, 'sample')} whose keys the dataset has")


@app.command()
def remove(
    path: StoredHere,
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="Samples to remove.")] = None,
    list_: Annotated[
        typer.FileText | None,
        typer.Option(
            "--list", metavar="FILE", help="Samples to remove, a key on each line; - for the input."
        ),
    ] = None,
    message: Message = "",
    json: Json = False,
) -> None:
    """Make a version of a KPL Dataset without some samples; older versions keep them. Needs no server."""
    from kpl.dataset import versions

    gone = dict.fromkeys([*(keys or ()), *_keys(list_)])
    if not gone:
        raise Invalid(
            "Nothing is to be removed.", hint="Name samples by their keys, or in a file with --list."
        )
    made = versions.remove(path, gone, message=message)
    _print_version(path, made, f"{counted(len(gone), 'sample')} removed", json=json, num_removed=len(gone))


@app.command()
def restore(
    path: StoredHere,
    version: Annotated[
        str, typer.Argument(help="Number or tag of the version that is to be the newest again.")
    ],
    message: Message = "",
    json: Json = False,
) -> None:
    """Make a version of a KPL Dataset that is as an older one was; those between stay. Needs no server."""
    from kpl.dataset import versions

    number = versions.resolve(path, version)
    _print_version(
        path,
        versions.restore(path, number, message=message),
        f"as version {number}",
        json=json,
        as_version=number,
    )


@app.command()
def branch(
    path: StoredHere,
    destination: Destination,
    version: Version = "",
    message: Message = "",
    json: Json = False,
) -> None:
    """Begin a KPL Dataset of its own with a version of another; the images are shared. Needs no server."""
    from kpl.dataset import versions

    made = versions.branch(path, destination, version=_number(path, version), message=message)
    _print_version(destination, made, f"from {path}", json=json)


def _print_version(path: str, made: "Dataset", how: str, *, json: bool, **more: object) -> None:
    if json:
        print_json({"path": path, "version": made.version, "num_samples": len(made), **more})
    else:
        out.print(f"{path}: version {made.version}, {counted(len(made), 'sample')}, {how}")


@app.command()
def diff(
    path: Stored,
    before: Annotated[str, typer.Argument(help="Number or tag of a version.")],
    after: Annotated[str, typer.Argument(help="Of another one; the newest by default.")] = "",
    json: Json = False,
) -> None:
    """Print which samples were added (+), removed (-) and changed (~) between two versions. Needs no server."""
    from kpl.dataset import versions

    found = versions.diff(_open(path, before), _open(path, after))
    if json:
        print_json(found._asdict())
        return
    for key in found.added:
        out.print(f"+ {key}", highlight=False, markup=False)
    for key in found.removed:
        out.print(f"- {key}", highlight=False, markup=False)
    for key, fields in found.changed.items():
        out.print(f"~ {key}: {', '.join(fields)}", highlight=False, markup=False)
    say(f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed")


@app.command()
def merge(
    sources: Annotated[list[str], typer.Argument(help="Folders of datasets of one kind, at least two.")],
    dest: Annotated[str, typer.Option("--to", help="Folder of the dataset to be made.")],
    keep_first: Annotated[
        bool, typer.Option("--keep-first", help="Of samples with one key, keep that of the first dataset.")
    ] = False,
    json: Json = False,
) -> None:
    """Make one dataset of several; images are shared, classes are brought to one list."""
    from kpl.dataset.merge import merge as merge_datasets

    report = merge_datasets(sources, dest, on_duplicate="keep_first" if keep_first else "refuse")
    merged = report.dataset
    if json:
        print_json(
            {
                "path": dest,
                "num_samples": len(merged),
                "num_dropped": report.num_dropped,
                "class_names": list(merged.class_names),
            }
        )
        return
    out.print(f"{dest}: {counted(len(merged), 'sample')}, {counted(len(merged.class_names), 'class')}")
    if report.num_dropped:
        say(f"left out: {counted(report.num_dropped, 'sample')} whose keys an earlier dataset has")


@app.command()
def gc(
    path: StoredHere,
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest versions stay.")] = 1,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete old versions without a tag, and the files that only they need. Needs no server."""
    from kpl.dataset.gc import collect

    planned = collect(path, keep=keep, is_dry=True)
    if planned.files:
        what = (
            f"Delete {counted(len(planned.versions), 'version')}, {size(planned.num_bytes)} in "
            f"{counted(len(planned.files), 'file')}?"
        )
        confirm(what, is_confirmed=yes)
    report = collect(path, keep=keep)
    if json:
        print_json(report._asdict())
    else:
        out.print(
            f"{path}: {counted(len(report.versions), 'version')} deleted, {size(report.num_bytes)} freed"
        )


@app.command()
def repair(path: StoredHere, json: Json = False) -> None:
    """Bring a damaged or unfinished KPL Dataset back as far as its bytes allow. Needs no server."""
    from kpl.dataset.repair import repair as repair_dataset

    report = repair_dataset(path)
    if json:
        print_json(report._asdict())
        return
    for action in report.actions:
        say(action)
    for key in report.lost:
        say(f"lost: {key}", style="red")
    out.print(
        f"{path}: version {report.version}, {counted(len(report.actions), 'repair')}, "
        f"{counted(len(report.lost), 'sample')} lost"
    )


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="Name of the dataset; a new version if it exists.")],
    source: Annotated[
        str | None,
        typer.Argument(
            help="Folder or archive on this machine, or the web address of an archive or a table (administrators: "
            "also s3://bucket/folder)."
        ),
    ] = None,
    server_path: Annotated[
        str | None, typer.Option(help="Instead: a folder on the server (administrators).")
    ] = None,
    kind: Annotated[
        DatasetKindName, typer.Option(help="What the labels are; follows from the format by default.")
    ] = DatasetKindName.AUTO,
    format: Annotated[FormatName, typer.Option(help="Layout of the source.")] = FormatName.AUTO,
    on_error: Annotated[
        ErrorPolicy, typer.Option(help="What a sample that cannot be read does.")
    ] = ErrorPolicy.SKIP,
    json: Json = False,
) -> None:
    """Upload files, or let the server fetch them, and import them as a dataset; waits until it is done."""
    if (source is None) == (server_path is None):
        raise Invalid(
            "Nothing to import, or two things.", hint="Give a folder, a web address or --server-path."
        )
    is_on_web = source is not None and is_remote(source)
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
                None if source is None or is_on_web else Path(source),
                kind=kind.value,
                format=format.value,
                on_error=on_error.value,
                server_path=server_path,
                url=source if is_on_web else None,
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
            out.print(
                f"{name}@{version.version}: {counted(version.num_samples, 'sample')}, {size(version.size_bytes)}"
            )


@app.command("list")
def list_(search: Search = None, limit: Limit = 50, json: Json = False) -> None:
    """List datasets, newest first."""
    with context.client() as client:
        datasets = list(client.datasets.list(search=search, limit=limit))
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
        empty=nothing("No datasets yet. Import one: kpl dataset import NAME FOLDER", search=search),
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
def review(
    name: Annotated[str, typer.Argument(help="The dataset.")],
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Sample whose answer becomes its label; may be given again."),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Sample whose answer is wrong; may be given again."),
    ] = None,
    accept_list: Annotated[
        typer.FileText | None,
        typer.Option(metavar="FILE", help="Samples to accept, a key on each line; - for the input."),
    ] = None,
    reject_list: Annotated[
        typer.FileText | None,
        typer.Option(metavar="FILE", help="Samples to reject, a key on each line; - for the input."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="The version that was looked at; the newest by default."),
    ] = None,
    layer: Annotated[str, typer.Option(metavar="NAME", help="The model's layer.")] = "predictions",
    min_score: Annotated[
        float,
        typer.Option(metavar="SCORE", min=0, max=1, help="Leave out objects less sure than this."),
    ] = 0.0,
    message: Message = "",
    json: Json = False,
) -> None:
    """Accept a model's answers as labels, or reject them, in a new version; the old one stays as it is."""
    accepted, rejected = [*(accept or ()), *_keys(accept_list)], [*(reject or ()), *_keys(reject_list)]
    if not accepted and not rejected:
        raise Invalid(
            "Nothing is accepted and nothing rejected.",
            hint="Name samples with --accept KEY or --reject KEY.",
        )
    with context.client() as client:
        made = client.datasets.review(
            name,
            version or client.datasets.get(name).latest.version,
            accept=accepted,
            reject=rejected,
            layer=layer,
            min_score=min_score,
            message=message,
        )
    if json:
        print_json(made)
    else:
        out.print(
            f"{made.name}@{made.version}: {len(set(accepted)):,} accepted, {len(set(rejected)):,} rejected "
            f"of {counted(made.num_samples, 'sample')}"
        )


def _keys(file: typer.FileText | None) -> list[str]:
    return [] if file is None else [line for line in file.read().splitlines() if line]


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a dataset with all its versions."""
    confirm(f"Delete dataset {name} with all its versions?", is_confirmed=yes)
    with context.client() as client:
        client.datasets.delete(name)
