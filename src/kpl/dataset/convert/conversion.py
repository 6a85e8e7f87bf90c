"""Samples of a plan, read by several threads, written by one writer, and a report of it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kpl.dataset.convert.extracts import Extracts
from kpl.dataset.convert.parallel import in_order, num_cores
from kpl.dataset.convert.report import ImportReport, ProblemLog
from kpl.dataset.convert.source import Extract, Item, Plan, SourceFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.image import image_info
from kpl.dataset.reader import Dataset
from kpl.dataset.writer import DatasetWriter
from kpl.errors import Invalid, KPLError
from kpl.sentence import Sentence, in_chinese

Progress = Callable[[int, int], None]


class Work(NamedTuple):
    """What is to be converted.

    Attributes:
        num_known: samples that are not among the items of the plan since the dataset has their keys.
    """

    source: SourceFolder
    plan: Plan
    log: ProblemLog
    format_name: str
    num_known: int = 0


def convert(
    writer: DatasetWriter,
    work: Work,
    in_place_of: Path | None,
    *,
    num_threads: int | None,
    progress: Progress | None,
) -> ImportReport:
    """Write all samples and commit them.

    Args:
        in_place_of: folder of the dataset that refers to the samples where they are; None to copy them.
    Raises:
        Invalid: there is none that could be used; nothing is left of it then.
    """
    with Extracts(work.source, in_place_of) as extracts, closing(work.plan):
        prepared = in_order(
            partial(_prepare, extracts),
            [item for item in work.plan.items if item.sample_key not in writer.resumed_keys],
            num_threads=_num_threads(work.plan, num_threads),
        )
        with closing(prepared):
            return _write(writer, work, prepared, progress)


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
    writer: DatasetWriter, work: Work, prepared: Iterator[_Prepared], progress: Progress | None
) -> ImportReport:
    log, num_resumed = work.log, len(writer.resumed_keys)
    is_done = False
    try:
        for done, each in enumerate(prepared, num_resumed + 1):
            _add(writer, each, log)
            if progress is not None:
                progress(done, len(work.plan.items))
        if not writer.num_samples:
            raise _nothing_imported(work)
        num_added = writer.num_samples
        dataset = writer.commit()
        is_done = True
    except KPLError:
        writer.abort()
        raise
    finally:
        if not is_done:
            writer.close()
    return report_of(dataset, work, num_added=num_added, num_resumed=num_resumed)


def _nothing_imported(work: Work) -> Invalid:
    first = ""
    if work.log.problems:
        problem = work.log.problems[0]
        first = Sentence(f" First problem: {problem}.", f"首个问题：{problem.sentence.zh}。")
    return Invalid(
        Sentence(
            f"{work.source.root}: nothing could be imported as '{work.format_name}'.{first}",
            f"{work.source.root}：没有内容能按“{work.format_name}”格式导入。{in_chinese(first)}",
        )
    )


def report_of(dataset: Dataset, work: Work, *, num_added: int, num_resumed: int = 0) -> ImportReport:
    """What was done, and what the dataset is now."""
    log = work.log
    return ImportReport(
        format=work.format_name,
        kind=str(dataset.kind),
        num_samples=len(dataset),
        class_names=dataset.class_names,
        splits=dataset.splits,
        num_problems=log.num_problems,
        problems=tuple(log.problems),
        num_ignored=log.num_ignored,
        ignored=tuple(log.ignored),
        num_resumed=num_resumed,
        digest=dataset.digest,
        version=dataset.version,
        num_added=num_added,
        num_known=work.num_known,
    )


def _num_threads(plan: Plan, wanted: int | None) -> int:
    """How many threads may read: records share an open file, and only one at a time can read it."""
    is_file_each = all(item.has_image and item.image is None for item in plan.items)
    return (num_cores() if wanted is None else wanted) if is_file_each else 1


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
        writer.add(item.sample_key, split=item.splits, **prepared.values)
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
