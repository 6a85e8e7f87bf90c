"""Adding what a folder, archive or file holds to a dataset that is there."""

import os
from collections.abc import Callable
from pathlib import Path

from kpl.dataset import layout
from kpl.dataset.convert.archives import opened
from kpl.dataset.convert.conversion import Progress, Work, convert, report_of
from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.pack import format_and_kind, with_class_names
from kpl.dataset.convert.report import ImportReport, OnError, ProblemLog
from kpl.dataset.convert.source import Options, Plan
from kpl.dataset.fields import Field
from kpl.dataset.kinds import SAMPLES, TEMPLATES
from kpl.dataset.reader import Dataset
from kpl.dataset.writer import DatasetWriter, shown_keys
from kpl.errors import Conflict, Invalid


def append(
    src: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    format: str = "auto",
    on_error: OnError = "skip",
    label_column: str = "",
    keep_first: bool = False,
    message: str = "",
    progress: Progress | None = None,
    num_threads: int | None = None,
    unpacking: Callable[[str], None] | None = None,
) -> ImportReport:
    """Add what a folder, archive or file holds to a dataset that is there, as its next version.

    Interrupted and run again, it goes on where it stopped, unless the dataset has got another version meanwhile.

    Args:
        src, format, on_error, label_column, progress, num_threads, unpacking: as in `pack`.
        dest: folder of the dataset; its kind, classes and fields are those of the samples.
        keep_first: leave out samples whose key the dataset has, instead of refusing all.
        message: what is done, in the history of versions.
    Raises:
        NotFound, ImportStopped: as in `pack`.
        NotADataset: there is no dataset.
        Invalid: the source has no samples of this kind, or classes or fields that the dataset has not.
        Conflict: the dataset has samples of the same keys.
    """
    source_path, dest_path = Path(src), layout.folder_of(dest)
    dataset = Dataset.open(dest_path)
    log = ProblemLog(on_error)
    with opened(source_path, dest_path, log, format_name=format, unpacking=unpacking) as source:
        format_name, _ = format_and_kind(source, format, str(dataset.kind))
        fields = _own_fields(dataset)
        texts = frozenset(each.name for each in fields if each.type == "string")
        plan = FORMATS[format_name].plan(source, log, Options(dataset.kind, label_column, texts))
        plan = _fitting(plan, dataset, fields, source_path)
        plan, num_known = _without_known(plan, dataset, keep_first=keep_first)
        work = Work(source, plan, log, format_name, num_known)
        if num_known and not plan.items:
            plan.close()
            return report_of(dataset, work, num_added=0)
        writer = DatasetWriter(
            dest_path,
            kind=dataset.kind,
            class_names=dataset.class_names,
            fields=fields,
            append=True,
            resume=True,
            source=str(source_path.resolve()),
            message=message,
        )
        return convert(writer, work, None, num_threads=num_threads, progress=progress)


def _own_fields(dataset: Dataset) -> tuple[Field, ...]:
    """The fields of samples that the dataset has beside those of its kind."""
    usual = {each.name for each in TEMPLATES[dataset.kind].samples}
    samples = next(each for each in dataset.snapshot.manifest.layers if each.name == SAMPLES)
    return tuple(each for each in samples.fields if each.name not in usual)


def _fitting(plan: Plan, dataset: Dataset, fields: tuple[Field, ...], source: Path) -> Plan:
    """The plan with the class ids of a dataset.

    Raises:
        Invalid: it has classes or fields that the dataset has not, or lacks fields.
    """
    found = {each.name for each in plan.fields}
    known = {each.name for each in fields}
    missing = {each.name for each in fields if not each.is_optional} - found
    for what, names in (("has the fields", found - known), ("lacks the fields", missing)):
        if names:
            raise Invalid(
                f"{source} {what} {', '.join(sorted(names))}, unlike {dataset.path}.",
                hint="Pack it as a dataset of its own, or bring its columns to those of the dataset.",
            )
    unknown = sorted(set(plan.class_names) - set(dataset.class_names))
    if unknown:
        raise Invalid(
            f"{source} has classes that {dataset.path} has not: {shown_keys(unknown)}.",
            hint="Pack it as a dataset of its own, then `kpl dataset merge` brings both to one list of classes.",
        )
    return with_class_names(plan, dataset.class_names, source)


def _without_known(plan: Plan, dataset: Dataset, *, keep_first: bool) -> tuple[Plan, int]:
    """The plan without the samples whose keys the dataset has, and how many these are.

    Raises:
        Conflict: there are some, and they are not to be left out.
    """
    known = set(dataset.columns("key"))
    again = [item.sample_key for item in plan.items if item.sample_key in known]
    if again and not keep_first:
        raise Conflict(
            f"{dataset.path} has {shown_keys(again)} already.",
            hint="Leave those out with --keep-first (keep_first=True), or give them other keys.",
        )
    items = [item for item in plan.items if item.sample_key not in known] if again else plan.items
    return plan._replace(items=items), len(again)
