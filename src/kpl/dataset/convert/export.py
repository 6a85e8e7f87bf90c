"""A dataset written out in a layout that people have, so that importing it again gives the same samples."""

import os

from kpl.dataset import layout
from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.target import ExportReport, TargetFolder
from kpl.dataset.kinds import LABELS, SAMPLES, TEMPLATES
from kpl.dataset.reader import Dataset
from kpl.errors import Conflict, Invalid, nearest


def export(dataset: Dataset, dest: str | os.PathLike[str], *, format: str) -> ExportReport:
    """Write the samples of a dataset or view as files.

    Args:
        dest: folder to be made.
        format: one of `FORMATS`.
    Returns:
        How many samples were written, and what the format could not hold.
    Raises:
        Invalid: the format cannot hold this kind, or `dest` is an address.
        Conflict: `dest` is there already and not empty.
    """
    if format not in FORMATS:
        raise Invalid(f"The format '{format}' is unknown.", hint=nearest(format, FORMATS))
    chosen = FORMATS[format]
    if dataset.kind not in chosen.kinds:
        fitting = [name for name, each in FORMATS.items() if dataset.kind in each.kinds]
        raise Invalid(
            f"{dataset.path}: the format '{format}' cannot hold a dataset for {dataset.kind}.",
            hint=f"These can: {', '.join(fitting)}." if fitting else "",
        )
    root = layout.folder_of(dest)
    if root.exists() and any(root.iterdir()):
        raise Conflict(f"{root} is not empty.", hint="Export to a new folder.")
    root.mkdir(parents=True, exist_ok=True)
    target = TargetFolder(dataset, root)
    chosen.export(target)
    target.drop("layers beside samples and labels", len(set(dataset.layers) - {SAMPLES, LABELS}))
    if not chosen.keeps_fields:
        template = TEMPLATES[dataset.kind]
        own = target.fields.keys() - {each.name for each in (*template.samples, *template.labels)}
        target.drop("fields that the kind does not have", len(own))
    return ExportReport(len(dataset), dict(target.dropped), target.max_box_change)
