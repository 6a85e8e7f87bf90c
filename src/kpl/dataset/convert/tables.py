"""Tables: CSV, TSV and lines of JSON, as texts with a class or as rows of typed columns.

Columns `key` and `split` are understood; without a key a row is called by its file and number. Without a column
`split` the file says it: train.csv, test.csv.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np

from kpl.dataset.convert.json import read_json
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import SPLIT_NAMES, Item, Options, Plan, SourceFolder
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field, field
from kpl.dataset.image import ImageInfo
from kpl.dataset.kinds import NO_LABEL, SAMPLES, Kind
from kpl.errors import Invalid, nearest
from kpl.sentence import Sentence

KINDS = (Kind.TEXT, Kind.TABULAR)
_CSV, _JSONL = (".csv", ".tsv"), (".jsonl", ".ndjson")
_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None")
TEXT_NAMES = ("text", "sentence", "utterance", "query", "review", "content", "document", "message")
LABEL_NAMES = ("label", "category", "class", "target", "intent", "species", "outcome", "y")
_CLASS_FILES = ("classes.json", "categories.json", "labels.json")
COLUMNS = "columns"  # attribute of the dataset: the name that each field had in the source
_MAX_CLASSES = 100_000
_INT64 = 1 << 63


class Row(NamedTuple):
    """A row of a table, with the line at which it ends."""

    file: PurePosixPath
    line: int
    number: int
    values: dict[str, Any]


def is_csv(source: SourceFolder) -> bool:
    """Whether there are tables and no images."""
    return not source.images() and any(file.suffix.lower() in _CSV for file in source.files)


def is_jsonl(source: SourceFolder) -> bool:
    """Whether there are lines of JSON and no images."""
    return not source.images() and any(file.suffix.lower() in _JSONL for file in source.files)


def table_kind(source: SourceFolder) -> Kind:
    """Text where a column has one of the usual names for it, else a table."""
    log = ProblemLog("skip")
    for read, suffixes in ((_read_csv, _CSV), (_read_jsonl, _JSONL)):
        for file in source.files:
            if file.suffix.lower() in suffixes:
                row = next(read(source, file, log), None)
                if row is not None:
                    return Kind.TEXT if _guess(row.values, TEXT_NAMES) else Kind.TABULAR
    return Kind.TABULAR


def plan_csv(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a row; numbers where a whole column is of numbers, and nothing for NA and the like."""
    rows = _rows(source, _CSV, _read_csv, log)
    if not rows:
        return Plan((), [])
    columns = [name for name in rows[0].values if name not in ("key", "split")]
    text, label = _roles(columns, options)
    typed: dict[str, Field] = {}
    for name, field_name in field_names([each for each in columns if each not in (text, label)]).items():
        cells = [row.values[name] for row in rows]
        typed[name], convert = _csv_column(field_name, cells, is_text=field_name in options.texts)
        for row in rows:
            row.values[name] = convert(row.values[name])
    return _plan(source, rows, typed, (text, label), log)


def plan_jsonl(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a line; types as JSON has them."""
    rows = _rows(source, _JSONL, _read_jsonl, log)
    columns = list(dict.fromkeys(name for row in rows for name in row.values if name not in ("key", "split")))
    text, label = _roles(columns, options)
    names = field_names([each for each in columns if each not in (text, label)])
    typed = {
        name: _json_field(field_name, [row.values.get(name) for row in rows])
        for name, field_name in names.items()
    }
    return _plan(source, rows, typed, (text, label), log)


def _rows(
    source: SourceFolder,
    suffixes: tuple[str, ...],
    read: Callable[[SourceFolder, PurePosixPath, ProblemLog], Iterator[Row]],
    log: ProblemLog,
) -> list[Row]:
    """All rows; of CSV files only those with the columns of the first."""
    rows: list[Row] = []
    for file in source.files:
        if file.suffix.lower() not in suffixes:
            if file.name not in _CLASS_FILES:
                log.ignore(str(file))
            continue
        found = list(read(source, file, log))
        if rows and found and suffixes == _CSV and set(found[0].values) != set(rows[0].values):
            log.problem(
                str(file),
                Sentence(
                    f"it has other columns than {rows[0].file}; left out", f"列与 {rows[0].file} 不同，已跳过"
                ),
            )
        else:
            rows += found
    return rows


def _read_csv(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> Iterator[Row]:
    # bytes that are not UTF-8 stay apart as surrogates, so that the rows with them can be named
    text = source.read(file).decode("utf-8-sig", "surrogateescape")
    head = text.partition("\n")[0]
    delimiter = "\t" if file.suffix.lower() == ".tsv" else max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = last_line = 0
    try:
        names = next(reader, [])
        last_line = reader.line_num
        if len(set(names)) != len(names) or not all(name and _is_utf8(name) for name in names):
            log.problem(
                str(file),
                Sentence(
                    "the first line is not a list of different column names; left out",
                    "首行不是互不相同的列名，已跳过",
                ),
                1,
            )
            return
        for cells in reader:
            last_line = reader.line_num
            if not cells:
                continue
            number += 1
            if len(cells) != len(names):
                log.problem(
                    str(file),
                    Sentence(
                        f"{len(cells)} cells for {len(names)} columns; left out",
                        f"有 {len(cells)} 个单元格，应为 {len(names)} 列，已跳过",
                    ),
                    reader.line_num,
                )
            elif not all(_is_utf8(cell) for cell in cells):
                log.problem(
                    str(file),
                    Sentence("the row is not in UTF-8; left out", "该行不是 UTF-8 编码，已跳过"),
                    reader.line_num,
                )
            else:
                yield Row(file, reader.line_num, number, dict(zip(names, cells, strict=True)))
    except csv.Error as err:
        log.problem(
            str(file),
            Sentence(
                f"not CSV from here on: {err}; the rest is left out",
                f"从这里起不是有效的 CSV（{err}），其余内容已跳过",
            ),
            last_line + 1,
        )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_jsonl(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> Iterator[Row]:
    number = 0
    for line, data in enumerate(source.read(file).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not data.strip():
            continue
        number += 1
        try:
            values = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as err:
            log.problem(
                str(file), Sentence(f"not JSON: {err}; left out", f"不是有效的 JSON（{err}），已跳过"), line
            )
            continue
        if isinstance(values, dict):
            yield Row(file, line, number, values)
        else:
            log.problem(
                str(file), Sentence("the line is not an object; left out", "该行不是 JSON 对象，已跳过"), line
            )


def _guess(columns: Any, names: Sequence[str]) -> str:
    lowered = {str(column).lower(): str(column) for column in columns}
    return next((lowered[name] for name in names if name in lowered), "")


def _roles(columns: list[str], options: Options) -> tuple[str, str]:
    """The columns of the text and of the class; empty for none."""
    text = ""
    if options.kind == Kind.TEXT:
        text = _guess(columns, TEXT_NAMES) or (columns[0] if columns else "")
    if options.label_column and options.label_column not in columns:
        raise Invalid(
            f"There is no column '{options.label_column}'.", hint=nearest(options.label_column, columns)
        )
    label = options.label_column or _guess([each for each in columns if each != text], LABEL_NAMES)
    return text, label


def field_names(columns: Iterable[str], reserved: Iterable[str] = ("key", "text", "label")) -> dict[str, str]:
    """A field name for each column: its letters and digits, told apart by numbers."""
    taken = set(reserved)
    names = {}
    for column in columns:
        base = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")[:48]
        base = base if base[:1].isalpha() else f"column_{base}".rstrip("_")
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names[column] = name
    return names


def _csv_column(name: str, cells: list[str], *, is_text: bool) -> tuple[Field, Callable[[str], Any]]:
    """The type that all cells of a column can have without changing, and how a cell becomes a value of it."""
    present = {cell for cell in cells if cell not in _MISSING}
    is_optional = len(present) == 0 or any(cell in _MISSING for cell in cells)
    converter: Callable[[str], Any] = str
    type_name = "string"
    if is_text:
        pass
    elif present and all(_is_integer(cell) for cell in present):
        type_name, converter = "int64", int
    elif present and all(_is_decimal(cell) for cell in present):
        type_name, converter = "float64", float
    return field(
        name, type_name, is_optional=is_optional
    ), lambda cell: None if cell in _MISSING else converter(cell)


def _is_integer(cell: str) -> bool:
    """Whether a cell is a whole number, and not a code like 007."""
    return (
        re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", cell) is not None
        and cell != "-0"
        and -_INT64 <= int(cell) < _INT64
    )


def _is_decimal(cell: str) -> bool:
    return re.fullmatch(
        r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", cell
    ) is not None and not re.match(r"-?0[0-9]", cell)


def _json_field(name: str, values: list[Any]) -> Field:
    types = {type(value) for value in values if value is not None}
    is_optional = any(value is None for value in values)
    if types == {bool}:
        type_name = "bool"
    elif types == {int} and all(value is None or -_INT64 <= value < _INT64 for value in values):
        type_name = "int64"
    elif types in ({float}, {int, float}):
        type_name = "float64"
    else:
        type_name = "string" if types == {str} else "json"
    return field(name, type_name, is_optional=is_optional)


class _Values:
    """The values of a row."""

    def __init__(self, values: dict[str, Any], class_id: int | None) -> None:
        self.row, self.class_id = values, class_id

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """Fields of the sample."""
        return self.row if self.class_id is None else {**self.row, "label": self.class_id}

    def renumbered(self, new_ids: Sequence[int]) -> "_Values":
        """The same under the class's new id."""
        has_class = self.class_id is not None and self.class_id >= 0
        return _Values(
            self.row, new_ids[self.class_id] if has_class and self.class_id is not None else self.class_id
        )


def _plan(
    source: SourceFolder, rows: list[Row], typed: dict[str, Field], roles: tuple[str, str], log: ProblemLog
) -> Plan:
    text, label = roles
    names = _class_names(source, [row.values.get(label) for row in rows] if label else [], log)
    ids = {name: number for number, name in enumerate(names)}
    keys = _keys(rows, log)
    items = []
    for row, key in zip(rows, keys, strict=True):
        values = {each.name: row.values.get(name) for name, each in typed.items()}
        if text:
            given = row.values.get(text)
            if not isinstance(given, str):
                log.problem(
                    str(row.file),
                    Sentence(f"'{text}' is not text; left out", f"“{text}”不是文本，已跳过"),
                    row.line,
                )
                continue
            values["text"] = given
        name = _class_name(row.values.get(label)) if label else None
        class_id = None if not label else NO_LABEL if name is None else ids[name]
        items.append(Item(row.file, _splits(row), _Values(values, class_id), key=key, has_image=False))
    original = {each.name: name for name, each in typed.items()}
    original |= {role: name for role, name in (("text", text), ("label", label)) if name}
    attributes = {COLUMNS: msgspec.json.encode(original).decode()}
    return Plan(names, items, tuple(typed.values()), attributes)


def _class_name(value: Any) -> str | None:
    """The name of a class; None where a cell says that there is none."""
    if value is None or (isinstance(value, str) and value in _MISSING):
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _class_names(source: SourceFolder, labels: list[Any], log: ProblemLog) -> tuple[str, ...]:
    """Those that a list beside the table has, in its order, or those found, sorted, numbers as numbers."""
    counts = Counter(name for label in labels if (name := _class_name(label)) is not None)
    if len(counts) > _MAX_CLASSES:
        raise Invalid(
            Sentence(
                f"{len(counts)} different labels are too many for classes.",
                f"有 {len(counts)} 种不同的标签，作为类别过多。",
            ),
            hint=Sentence("Name another label column.", "请指定另一个标签列。"),
        )
    for file in source.files:
        if file.name in _CLASS_FILES:
            listed = read_json(source, file, log)
            is_list = isinstance(listed, list) and all(isinstance(each, str) and each for each in listed)
            if is_list and len(set(listed)) == len(listed) and set(counts) <= set(listed):
                return tuple(listed)
            log.problem(
                str(file),
                Sentence("it is not a list of all classes; passed over", "不是全部类别的列表，已忽略"),
            )
    if all(_is_integer(name) for name in counts):
        return tuple(sorted(counts, key=int))
    return tuple(sorted(counts))


def _keys(rows: list[Row], log: ProblemLog) -> list[str]:
    """The key column where every row has one of its own, else the file and number of the row."""
    given = [row.values.get("key") for row in rows]
    if all(isinstance(key, str) and key for key in given) and len(set(map(str, given))) == len(given):
        return [str(key) for key in given]
    if any(key is not None for key in given):
        log.problem(
            str(rows[0].file),
            Sentence(
                "the column 'key' does not name every row; passed over", "“key”列没有为每一行命名，已忽略"
            ),
        )
    return [f"{row.file}#{row.number}" for row in rows]


def _splits(row: Row) -> tuple[str, ...]:
    given = row.values.get("split")
    if isinstance(given, list):
        return tuple(str(each) for each in given)
    if isinstance(given, str):
        return tuple(name for name in given.split(";") if name)
    if "split" in row.values:
        return ()
    stem = row.file.stem.lower()
    parts = [stem, *(part.lower() for part in row.file.parts[:-1])]
    return next(((SPLIT_NAMES[part],) for part in parts if part in SPLIT_NAMES), ())


def export_csv(target: TargetFolder) -> None:
    """Write data.csv and classes.json."""
    columns = _columns(target)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name for name, _ in columns)
    for values in _values(target, columns):
        cells = [_cell(value, target) for value in values]
        writer.writerow(cells)
    target.write("data.csv", text.getvalue())
    _write_classes(target)


def export_jsonl(target: TargetFolder) -> None:
    """Write data.jsonl and classes.json."""
    columns = _columns(target)
    lines = bytearray()
    for values in _values(target, columns):
        lines += (
            msgspec.json.encode({name: value for (name, _), value in zip(columns, values, strict=True)})
            + b"\n"
        )
    target.write("data.jsonl", bytes(lines))
    _write_classes(target)


def _columns(target: TargetFolder) -> list[tuple[str, str]]:
    """(name in the file, field) of each column."""
    dataset = target.dataset
    try:
        original = msgspec.json.decode(dataset.attributes.get(COLUMNS, "{}"), type=dict[str, str])
    except msgspec.DecodeError:
        original = {}
    layer = next(each for each in dataset.snapshot.manifest.layers if each.name == SAMPLES)
    fields = [each.name for each in layer.fields if each.name != "key"]
    target.drop("blobs", sum(each.layout == "blob" for each in layer.fields))
    names = ["label", *(name for name in fields if dataset.fields[name].layout != "blob")]
    named = [(original.get(name, name), name) for name in names]
    is_unique = len({name for name, _ in named} | {"key", "split"}) == len(named) + 2
    return [("key", "key"), ("split", "split"), *(named if is_unique else [(name, name) for name in names])]


def _values(target: TargetFolder, columns: list[tuple[str, str]]) -> Iterator[list[Any]]:
    dataset = target.dataset
    splits = target.splits_by_position()
    for position, sample in enumerate(dataset):
        values: list[Any] = []
        for _, name in columns:
            if name == "split":
                values.append(";".join(splits[position]))
            elif name == "label":
                label = sample["label"]
                values.append(None if label is None or label < 0 else dataset.class_names[label])
            else:
                value = sample[name]
                values.append(value.tolist() if isinstance(value, np.ndarray) else value)
        yield values


def _cell(value: Any, target: TargetFolder) -> Any:
    if value is None:
        return "NA"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, str):
        target.drop("texts that mean nothing in a table, such as NA", value in _MISSING and value != "")
        return value
    if isinstance(value, bytes):
        raise BadSample("bytes cannot stand in a table")
    target.drop("lists and objects (written as JSON)")
    return msgspec.json.encode(value).decode()


def _write_classes(target: TargetFolder) -> None:
    if target.dataset.class_names:
        target.write("classes.json", msgspec.json.encode(list(target.dataset.class_names)))
