"""Importing: find out what a folder holds, write it as a dataset, report what could not be used."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kpl.dataset import layout
from kpl.dataset.convert.extracts import Extracts
from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.parallel import in_order, num_cores
from kpl.dataset.convert.report import ImportReport, OnError, ProblemLog
from kpl.dataset.convert.source import Extract, Item, Options, Plan, SourceFolder, scan
from kpl.dataset.errors import BadSample
from kpl.dataset.image import image_info
from kpl.dataset.kinds import Kind
from kpl.dataset.writer import DEFAULT_SHARD_BYTES, DatasetWriter, parse_kind
from kpl.errors import Invalid, nearest
from kpl.sentence import Sentence, in_chinese

Progress = Callable[[int, int], None]


def pack(
    src: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    kind: str | None = None,
    format: str = "auto",
    on_error: OnError = "skip",
    class_names: Sequence[str] = (),
    label_column: str = "",
    progress: Progress | None = None,
    shard_bytes: int = DEFAULT_SHARD_BYTES,
    in_place: bool = False,
    num_threads: int | None = None,
) -> ImportReport:
    """Make a dataset of a folder as people have it. Interrupted and run again, it goes on where it stopped.

    Files are read, and masks converted, by several threads; samples stand in the same order for any number.

    Args:
        src: the folder.
        dest: folder of the dataset, to be made.
        kind: of the dataset; follows from the format by default.
        format: one of `FORMATS`, or `auto` to find out.
        on_error: leave out what cannot be used and report it, or stop at the first such thing and import
            nothing.
        class_names: the classes in the order of their ids; those found, sorted by name, by default.
        label_column: in tables, name of the column with the class; guessed by default.
        progress: called with (samples done, samples in all).
        in_place: leave images and other files, or records of them, where they are and remember their place; the
            dataset must stay where it is in relation to them.
        num_threads: that read files ahead; as many as there are cores by default. Records inside of files are read
            one after the other.
    Raises:
        NotFound: there is no such folder.
        Invalid: nothing in it can be imported, or not as this format or kind, or not in place, or `dest` is an address.
        Conflict: `dest` holds a dataset already.
        ImportStopped: something cannot be used, with `on_error="stop"`.
    """
    source_path, dest_path = Path(src), layout.folder_of(dest)
    if dest_path.resolve().is_relative_to(source_path.resolve()):
        raise Invalid(
            Sentence(f"{dest_path} lies inside {source_path}.", f"{dest_path} 位于 {source_path} 之内。"),
            hint=Sentence("Write the dataset outside of its source.", "请将数据集写到来源文件夹之外。"),
        )
    if on_error not in ("skip", "stop"):
        raise Invalid(f"on_error='{on_error}' is unknown.", hint=nearest(on_error, ("skip", "stop")))
    log = ProblemLog(on_error)
    source = scan(source_path, log)
    format_name = _choose_format(source, format, kind)
    chosen = FORMATS[format_name]
    guessed = chosen.kind_of(source) if kind is None and chosen.kind_of is not None else chosen.kinds[0]
    dataset_kind = parse_kind(kind) if kind is not None else guessed
    if dataset_kind not in chosen.kinds:
        fitting = [name for name, each in FORMATS.items() if dataset_kind in each.kinds]
        raise Invalid(
            Sentence(
                f"{source_path}: the format '{format_name}' gives {chosen.kinds[0]}, not {dataset_kind}.",
                f"{source_path}：格式“{format_name}”对应 {chosen.kinds[0]} 类数据集，而不是 {dataset_kind}。",
            ),
            hint=Sentence(
                f"For {dataset_kind} use one of: {', '.join(fitting)}.",
                f"{dataset_kind} 可用的格式：{'、'.join(fitting)}。",
            )
            if fitting
            else "",
        )
    options = Options(dataset_kind, label_column)
    plan = _with_class_names(chosen.plan(source, log, options), tuple(class_names), source_path)
    writer = DatasetWriter(
        dest_path,
        kind=dataset_kind,
        class_names=plan.class_names,
        fields=plan.fields,
        attributes={**plan.attributes, "format": format_name},
        shard_bytes=shard_bytes,
        resume=True,
    )
    with Extracts(source, dest_path if in_place else None) as extracts, closing(plan):
        prepared = in_order(
            partial(_prepare, extracts),
            [item for item in plan.items if _key(item) not in writer.resumed_keys],
            num_threads=_num_threads(plan, num_threads),
        )
        with closing(prepared):
            return _write(writer, extracts, plan, prepared, log, format_name=format_name, progress=progress)


def detect_format(src: str | os.PathLike[str]) -> str:
    """The format of a folder, by what lies in it.

    Raises:
        Invalid: it holds no images.
    """
    return _choose_format(scan(Path(src), ProblemLog("skip")), "auto", None)


def _choose_format(source: SourceFolder, name: str, kind: str | None) -> str:
    if name != "auto":
        if name not in FORMATS:
            raise Invalid(
                Sentence(f"The format '{name}' is unknown.", f"未知的格式“{name}”。"),
                hint=nearest(name, ["auto", *FORMATS]),
            )
        return name
    if kind == Kind.UNLABELLED and source.images():
        return "images"
    for name, each in FORMATS.items():  # noqa: PLR1704
        if (kind is None or kind in each.kinds) and each.matches(source):
            return name
    if kind == Kind.FACE_RECOGNITION and source.images():
        return "identities"
    if kind is not None:
        return _choose_format(source, "auto", None)  # which is then refused, saying what it is
    raise Invalid(
        Sentence(
            f"{source.root} holds no images or tables of a known layout in {len(source.files)} files.",
            f"{source.root} 的 {len(source.files)} 个文件中没有可识别布局的图像或表格。",
        ),
        hint=Sentence(
            "Give a folder with one folder of images a class, or name its format.",
            "请提供每个类别一个文件夹的图像，或指定格式。",
        ),
    )


def _with_class_names(plan: Plan, wanted: tuple[str, ...], source: Path) -> Plan:
    """The plan with class ids in the wanted order."""
    if not wanted:
        return plan
    unknown = set(plan.class_names) - set(wanted)
    if unknown or len(set(wanted)) != len(wanted):
        raise Invalid(
            Sentence(
                f"{source} has the classes {sorted(unknown)}, which are not in class_names={list(wanted)}.",
                f"{source} 含有类别 {sorted(unknown)}，不在 class_names={list(wanted)} 中。",
            ),
            hint=Sentence("Name every class once.", "请将每个类别列出一次。"),
        )
    new_ids = [wanted.index(name) for name in plan.class_names]
    items = [item._replace(annotation=item.annotation.renumbered(new_ids)) for item in plan.items]
    return plan._replace(class_names=wanted, items=items)


def _num_threads(plan: Plan, wanted: int | None) -> int:
    """How many threads may read: records share an open file, and only one at a time can read it."""
    is_file_each = all(item.has_image and item.image is None for item in plan.items)
    return (num_cores() if wanted is None else wanted) if is_file_each else 1


def _key(item: Item) -> str:
    return item.key or str(item.file)


class _Prepared(NamedTuple):
    """A sample that was read, or what came instead.

    Attributes:
        values: of its fields, an image in bytes or where it is.
        log: problems met on the way.
        error: what made it impossible.
    """

    item: Item
    values: dict[str, Any]
    log: ProblemLog
    error: OSError | BadSample | None = None


def _write(
    writer: DatasetWriter,
    extracts: Extracts,
    plan: Plan,
    prepared: Iterator[_Prepared],
    log: ProblemLog,
    *,
    format_name: str,
    progress: Progress | None,
) -> ImportReport:
    num_resumed = len(writer.resumed_keys)
    is_done = False
    try:
        for done, each in enumerate(prepared, num_resumed + 1):
            _add(writer, each, log)
            if progress is not None:
                progress(done, len(plan.items))
        if not writer.num_samples:
            first = ""
            if log.problems:
                problem = log.problems[0]
                zh = f"首个问题：{problem.sentence.zh}。"
                first = Sentence(f" First problem: {problem}.", zh)
            raise Invalid(
                Sentence(
                    f"{extracts.source.root}: nothing could be imported as '{format_name}'.{first}",
                    f"{extracts.source.root}：没有内容能按“{format_name}”格式导入。{in_chinese(first)}",
                )
            )
        dataset = writer.commit()
        is_done = True
    except Invalid:
        writer.abort()
        raise
    finally:
        if not is_done:
            writer.close()
    return ImportReport(
        format=format_name,
        kind=str(writer.kind),
        num_samples=len(dataset),
        class_names=plan.class_names,
        splits=dataset.splits,
        num_problems=log.num_problems,
        problems=tuple(log.problems),
        num_ignored=log.num_ignored,
        ignored=tuple(log.ignored),
        num_resumed=num_resumed,
        digest=dataset.digest,
    )


def _prepare(extracts: Extracts, item: Item) -> _Prepared:
    """Read a sample; problems are kept for their turn, since others may be ahead of them."""
    log = ProblemLog("skip")
    values: dict[str, Any] = {}
    try:
        if item.has_image:
            where = item.image or Extract(item.file)
            data = extracts.read(where)
            info = image_info(data)
            values = {"width": info.width, "height": info.height, "channels": info.channels}
            values |= item.annotation.values(info, log)
            values["image"] = extracts.kept(where, data)
        else:
            values |= item.annotation.values(None, log)
        for name, value in values.items():
            if isinstance(value, Extract):
                values[name] = extracts.kept(value, extracts.read(value))
    except (OSError, BadSample) as err:
        return _Prepared(item, values, log, err)
    return _Prepared(item, values, log)


def _add(writer: DatasetWriter, prepared: _Prepared, log: ProblemLog) -> None:
    item = prepared.item
    log.take_over(prepared.log)
    try:
        if prepared.error is not None:
            raise prepared.error
        writer.add(_key(item), split=item.splits, **prepared.values)
    except OSError as err:
        log.problem(
            str(item.file),
            Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
            item.line,
        )
    except BadSample as err:
        log.problem(
            str(item.file),
            Sentence(
                f"{err.message.rstrip('.')}; left out", f"{in_chinese(err.message).rstrip('.。')}，已跳过"
            ),
            item.line,
        )
