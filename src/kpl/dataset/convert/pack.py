"""Importing: find out what a folder holds, write it as a dataset, report what could not be used."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kpl.dataset import layout
from kpl.dataset.convert.archives import opened
from kpl.dataset.convert.conversion import Progress, Work, convert
from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.report import ImportReport, OnError, ProblemLog
from kpl.dataset.convert.source import Options, Plan, SourceFolder, scan
from kpl.dataset.kinds import Kind
from kpl.dataset.writer import DEFAULT_SHARD_BYTES, DatasetWriter, parse_kind, refuse_dataset
from kpl.errors import Invalid, nearest
from kpl.sentence import Sentence


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
    unpacking: Callable[[str], None] | None = None,
) -> ImportReport:
    """Make a dataset of a folder as people have it, of an archive of one, or of a single file of samples.

    Interrupted and run again, it goes on where it stopped. Files are read, and masks converted, by several threads;
    samples stand in the same order for any number.

    Args:
        src: the folder, archive or file.
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
        unpacking: called with the name of an archive before it is unpacked, for the time of the import.
    Raises:
        NotFound: there is nothing, or a file without samples.
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
    refuse_dataset(dest_path)
    log = ProblemLog(on_error)
    with opened(
        source_path, dest_path, log, format_name=format, in_place=in_place, unpacking=unpacking
    ) as source:
        format_name, dataset_kind = format_and_kind(source, format, kind)
        plan = FORMATS[format_name].plan(source, log, Options(dataset_kind, label_column))
        plan = with_class_names(plan, tuple(class_names), source_path)
        writer = DatasetWriter(
            dest_path,
            kind=dataset_kind,
            class_names=plan.class_names,
            fields=plan.fields,
            attributes={**plan.attributes, "format": format_name},
            shard_bytes=shard_bytes,
            resume=True,
            source=str(source_path.resolve()),
        )
        work = Work(source, plan, log, format_name)
        return convert(
            writer, work, dest_path if in_place else None, num_threads=num_threads, progress=progress
        )


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
            f"{source.root} holds no images or tables of a known layout; files in it: {len(source.files)}.",
            f"{source.root} 的 {len(source.files)} 个文件中没有可识别布局的图像或表格。",
        ),
        hint=Sentence(
            "Give a folder with one folder of images a class, or name its format.",
            "请提供每个类别一个文件夹的图像，或指定格式。",
        ),
    )


def format_and_kind(source: SourceFolder, format: str, kind: str | None) -> tuple[str, Kind]:
    """The format of a source and the kind of dataset that it becomes, as far as they are not told.

    Raises:
        Invalid: there is none, or the format cannot be of that kind.
    """
    format_name = _choose_format(source, format, kind)
    chosen = FORMATS[format_name]
    guessed = chosen.kind_of(source) if kind is None and chosen.kind_of is not None else chosen.kinds[0]
    dataset_kind = parse_kind(kind) if kind is not None else guessed
    if dataset_kind not in chosen.kinds:
        fitting = [name for name, each in FORMATS.items() if dataset_kind in each.kinds]
        raise Invalid(
            Sentence(
                f"{source.root}: the format '{format_name}' gives {chosen.kinds[0]}, not {dataset_kind}.",
                f"{source.root}：格式“{format_name}”对应 {chosen.kinds[0]} 类数据集，而不是 {dataset_kind}。",
            ),
            hint=Sentence(
                f"For {dataset_kind} use one of: {', '.join(fitting)}.",
                f"{dataset_kind} 可用的格式：{'、'.join(fitting)}。",
            )
            if fitting
            else "",
        )
    return format_name, dataset_kind


def with_class_names(plan: Plan, wanted: tuple[str, ...], source: Path) -> Plan:
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
