"""`kpl storage`."""

from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    ago,
    counted,
    out,
    print_fields,
    print_json,
    print_table,
    say,
    size,
    until,
)
from kpl.schemas.storage import GarbageItemOut, MissingArtifactOut, ReferenceOut, StorageOut

app = typer.Typer(help="The artifact store, for administrators.", no_args_is_help=True)


@app.callback()
def storage() -> None:
    """The artifact store, for administrators."""


@app.command()
def show(
    again: Annotated[bool, typer.Option("--count", help="Count anew first.")] = False,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show what the store holds, by kind and project, its largest artifacts, and what is missing."""
    with context.client() as client:
        found = client.storage.count() if again else client.storage.get()
        projects = list(client.storage.projects(limit=limit))
        artifacts = list(client.storage.artifacts(limit=limit))
    if json:
        print_json({**found.model_dump(mode="json"), "projects": projects, "artifacts": artifacts})
        return
    print_fields(_totals(found))
    out.print()
    print_table(
        ("kind", "artifacts", "size"),
        [(_KINDS[each.kind], each.num_artifacts, size(each.size_bytes)) for each in found.kinds],
        empty="Nothing is counted yet; add --count.",
    )
    out.print()
    print_table(
        ("project", "artifacts", "size"),
        [(each.project, each.num_artifacts, size(each.size_bytes)) for each in projects],
        empty="No project refers to anything.",
    )
    out.print()
    print_table(
        ("largest artifacts", "size", "files", "referred to by"),
        [
            (each.digest[:12], size(each.size_bytes), each.num_files, _references(each.references))
            for each in artifacts
        ],
        empty="No artifacts.",
    )
    _tell_missing(found.missing)


@app.command()
def collect(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; remove nothing.")] = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Remove artifacts that nothing refers to any more; the server does so by itself, too."""
    if dry_run:
        _preview(limit, json=json)
        return
    with context.client() as client:
        report = client.storage.collect()
    if json:
        print_json(report)
        return
    out.print(
        f"removed {counted(report.num_artifacts, 'artifact')}, {counted(report.num_files, 'file')}, "
        f"{size(report.freed_bytes)}"
    )
    for digest in report.missing:
        say(f"missing: {digest}, though something refers to it", style="red")


def _preview(limit: int, *, json: bool) -> None:
    with context.client() as client:
        found = client.storage.count()
        garbage = list(client.storage.garbage(limit=limit))
    if json:
        print_json({**found.removable.model_dump(mode="json"), "artifacts": garbage})
        return
    removable = found.removable
    if removable.num_artifacts or removable.num_files:
        out.print(
            f"would remove {counted(removable.num_artifacts, 'artifact')}, "
            f"{counted(removable.num_files, 'file')}, {size(removable.freed_bytes)}"
        )
    elif garbage:
        out.print("nothing to remove yet")
    if removable.num_waiting:
        out.print(
            f"too young: {counted(removable.num_waiting, 'more artifact')}, {size(removable.waiting_bytes)}"
        )
    print_table(
        ("artifact", "holds", "size", "files", "stored", "goes"),
        [
            (
                each.digest[:12],
                _holds(each),
                size(each.size_bytes),
                each.num_files,
                ago(each.stored_at),
                "now" if each.is_removable else f"in {until(each.removable_at)}",
            )
            for each in garbage
        ],
        empty="Nothing to remove: something refers to everything that is stored.",
    )
    _tell_missing(found.missing)


_KINDS = {
    "dataset": "datasets",
    "model": "models",
    "algorithm": "algorithms",
    "step": "files of steps",
    "none": "nothing refers to",
}


def _totals(found: StorageOut) -> list[tuple[str, object]]:
    disk = found.disk
    return [
        ("counted", "not yet" if found.counted_at is None else ago(found.counted_at)),
        (
            "store",
            f"{size(found.size_bytes)} in {counted(found.num_artifacts, 'artifact')}, "
            f"{counted(found.num_files, 'file')}",
        ),
        ("disk", None if disk is None else f"{size(disk.free_bytes)} free of {size(disk.size_bytes)}"),
        *((each.place, size(each.size_bytes)) for each in found.places),
        (
            "could go",
            f"{size(found.removable.freed_bytes)} in {counted(found.removable.num_artifacts, 'artifact')}",
        ),
        *([("problem", found.problem)] if found.problem else []),
    ]


def _references(references: list[ReferenceOut]) -> str:
    return ", ".join(map(_reference, references))


def _reference(to: ReferenceOut) -> str:
    if to.version is not None:
        return f"{to.type} {f'{to.project}/' if to.project else ''}{to.name}@{to.version}"
    return f"{'output' if to.type == 'made' else 'input'} of task {to.task_id}"


def _holds(item: GarbageItemOut) -> str:
    more = " ..." if item.num_files > len(item.files) else ""
    return f"{item.holds}: {', '.join(item.files)}{more}"


def _tell_missing(missing: list[MissingArtifactOut]) -> None:
    for each in missing:
        by = _references(each.references) or "nothing by now"
        say(f"missing: {each.digest}, referred to by {by}", style="red")
