"""Parquet files as datasets: which of them can be read, and whether KPL wrote them."""

from pathlib import PurePosixPath

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_columns import find_columns, kind_of_columns
from kpl.dataset.convert.parquet_own import plan_own
from kpl.dataset.convert.parquet_rows import ParquetRows
from kpl.dataset.convert.parquet_usual import plan_usual
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import Options, Plan, SourceFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.kinds import Kind
from kpl.errors import Invalid
from kpl.sentence import Sentence, in_chinese


def kind_of(source: SourceFolder) -> Kind:
    """What the columns of the first file that can be read are for."""
    for file in _files(source):
        try:
            rows = ParquetRows(source, file)
            own = schemas.own_notes(rows.schema)
        except Invalid:
            continue
        rows.close()
        return own.kind if own is not None else kind_of_columns(rows.schema)
    return Kind.TABULAR


def plan(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a row of all files that have the columns of the first."""
    opened = _open(source, log)
    if not opened:
        return Plan((), [])
    schema = opened[0].schema
    try:
        own = schemas.own_notes(schema)
    except Invalid as err:
        log.problem(
            str(opened[0].file),
            Sentence(
                f"{err.message.rstrip('.')}; passed over", f"{in_chinese(err.message).rstrip('.。')}，已忽略"
            ),
        )
        own = None
    if own is not None and own.kind == options.kind:
        return plan_own(source, opened, own, log)
    columns = find_columns(schema, options, opened[0].file, log)
    return plan_usual(source, opened, columns, log)


def _open(source: SourceFolder, log: ProblemLog) -> list[ParquetRows]:
    opened: list[ParquetRows] = []
    for file in source.files:
        if file.suffix.lower() != ".parquet":
            log.ignore(str(file))
            continue
        try:
            rows = ParquetRows(source, file)
        except BadSample as err:
            log.problem(str(file), Sentence(f"{err.message}; left out", f"{in_chinese(err.message)}，已跳过"))
            continue
        rows.close()
        names = rows.schema.names
        if len(set(names)) != len(names):
            log.problem(str(file), Sentence("two columns have the same name; left out", "有两列同名，已跳过"))
        elif opened and not rows.schema.equals(opened[0].schema):
            log.problem(
                str(file),
                Sentence(
                    f"it has other columns than {opened[0].file}; left out",
                    f"列与 {opened[0].file} 不同，已跳过",
                ),
            )
        else:
            opened.append(rows)
    return opened


def _files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.suffix.lower() == ".parquet"]
