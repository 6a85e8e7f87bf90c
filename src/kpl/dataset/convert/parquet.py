"""Parquet: tables, and datasets as the Hugging Face Hub has them. What needs pyarrow is loaded when it is used."""

from types import ModuleType

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import Options, Plan, SourceFolder
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.kinds import Kind
from kpl.errors import Unavailable

KINDS = (Kind.TABULAR, *(kind for kind in Kind if kind != Kind.TABULAR))


def is_parquet(source: SourceFolder) -> bool:
    """Whether there are Parquet files and no images."""
    return not source.images() and any(file.suffix.lower() == ".parquet" for file in source.files)


def parquet_kind(source: SourceFolder) -> Kind:
    """What the columns of the first file are for."""
    _check_pyarrow()
    from kpl.dataset.convert import parquet_import

    return parquet_import.kind_of(source)


def plan_parquet(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a row, read row group by row group."""
    _check_pyarrow()
    from kpl.dataset.convert import parquet_import

    return parquet_import.plan(source, log, options)


def export_parquet(target: TargetFolder) -> None:
    """Write `data/<split>-00000-of-00001.parquet`, as `datasets.load_dataset` reads a folder."""
    _check_pyarrow()
    from kpl.dataset.convert import parquet_export

    parquet_export.export(target)


def _check_pyarrow() -> ModuleType:
    try:
        import pyarrow
    except ImportError as err:
        raise Unavailable(
            "Parquet needs pyarrow, which is not installed.",
            hint="Install it: pip install kpl-platform[arrow]",
        ) from err
    return pyarrow  # type: ignore[no-any-return]
