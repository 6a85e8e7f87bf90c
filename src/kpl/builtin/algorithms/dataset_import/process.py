"""Import files into a KPL dataset, and say what could not be imported and why."""

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kpl.algorithm import author
from kpl.algorithm.author import Parameters
from kpl.dataset.convert import pack
from kpl.errors import KPLError
from kpl.sentence import in_chinese
from kpl.storage.download import download
from kpl.storage.gather import OBJECT_STORES, gather

FETCHING = 0.5  # the share of fetching in the progress of an import from the web
MAX_NOTES = 20  # all problems stand in report.json; the first ones are shown on the task


def main() -> None:
    parameters = author.parameters()
    fetched = author.checkpoints() / "fetched"
    start = FETCHING if parameters.url else 0.0
    try:
        report = pack(
            choose_source(parameters, fetched),
            author.output("dataset"),
            kind=None if parameters.kind == "auto" else parameters.kind,
            format=parameters.format,
            on_error=parameters.on_error,
            progress=hundredths(partial(show_packed, start)),
            unpacking=lambda name: author.progress(start, f"unpacking {name}", message_zh=f"正在解压 {name}"),
        )
    except KPLError as err:
        raise without_places(err.sentence, fetched) from err
    for problem in report.problems[:MAX_NOTES]:
        author.note(problem.sentence)
    if report.num_problems > MAX_NOTES:
        num_more = report.num_problems - MAX_NOTES
        author.note(
            f"... and {num_more} more problems, see report.json",
            text_zh=f"另有 {num_more} 个问题，见 report.json",
        )
    for problem in report.problems:
        print(problem)
    document = report._asdict() | {"problems": [problem._asdict() for problem in report.problems]}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (author.output("report") / "report.json").write_text(text + "\n", encoding="utf-8")

    author.metric("samples", report.num_samples)
    author.metric("problems", report.num_problems)
    summary = (
        f"{report.num_samples} samples, {len(report.class_names)} classes, {report.num_problems} problems, "
        f"{report.num_ignored} files ignored"
    )
    summary_zh = (
        f"{report.num_samples} 个样本，{len(report.class_names)} 个类别，{report.num_problems} 个问题，"
        f"忽略 {report.num_ignored} 个文件"
    )
    author.progress(1.0, summary, message_zh=summary_zh)
    shutil.rmtree(fetched, ignore_errors=True)
    print(summary)


def without_places(sentence: str, fetched: Path) -> SystemExit:
    """The refusal without folders of this machine that nobody named; what lies in them is told as from there."""
    places = [author.output("dataset").absolute().with_name(".dataset.unpacked"), fetched]
    if author.has_input("files"):
        places.append(author.input("files"))
    english, chinese = str(sentence), in_chinese(sentence)
    for place in places:
        english, chinese = (
            text.replace(f"{place}/", "").replace(f"{place}", "files") for text in (english, chinese)
        )
    return author.refusal(english, text_zh=chinese)


def choose_source(parameters: Parameters, fetched: Path) -> Path:
    """What to import: the input, what `path` names on this machine, or what lies at `url`."""
    if parameters.url:
        return fetch(parameters, fetched)
    if parameters.path:
        source = Path(parameters.path)
        if not source.is_absolute() or not source.exists():
            raise author.refusal(
                f"Parameter path: {parameters.path!r} is not the absolute path of a folder or archive on this "
                "machine.",
                text_zh=f"参数 path：{parameters.path!r} 不是本机文件夹或压缩包的绝对路径。",
            )
        return source
    if not author.has_input("files"):
        raise author.refusal(
            "There is nothing to import: connect the input `files`, or set parameter `path` or `url`.",
            text_zh="没有可导入的内容：请连接输入 `files`，或设置参数 `path` 或 `url`。",
        )
    return author.input("files")


def fetch(parameters: Parameters, folder: Path) -> Path:
    """Fetch what lies at `url`, going on with what an earlier attempt has."""
    if parameters.url.startswith(OBJECT_STORES):
        return gather(
            parameters.url, folder, max_bytes=parameters.max_bytes, progress=hundredths(show_gathered)
        )
    file = download(
        parameters.url,
        folder,
        max_bytes=parameters.max_bytes,
        private_hosts=parameters.private_hosts,
        progress=hundredths(show_fetched),
    )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = megabytes(file.stat().st_size)
    author.note(
        f"Fetched {file.name}, {size}, sha256 {digest}",
        text_zh=f"已下载 {file.name}，{size}，sha256 {digest}",
    )
    return file


def show_gathered(done: int, total: int | None) -> None:
    share = FETCHING * done / max(1, total or 0)
    author.progress(share, f"fetched {done} of {total} objects", message_zh=f"已下载对象 {done} / {total}")


def show_fetched(done: int, total: int | None) -> None:
    of, of_zh = (f" of {megabytes(total)}", f"，共 {megabytes(total)}") if total else ("", "")
    author.progress(
        FETCHING * done / total if total else 0.0,
        f"fetched {megabytes(done)}{of}",
        message_zh=f"已下载 {megabytes(done)}{of_zh}",
    )


def hundredths(show: Callable[[int, int | None], None]) -> Callable[[int, int | None], None]:
    """Tell about every hundredth part, or 64 MiB, so that a large import does not flood the events."""
    told = -1

    def show_some(done: int, total: int | None) -> None:
        nonlocal told
        steps = done * 100 // total if total else done >> 26
        if steps != told or done == total:
            told = steps
            show(done, total)

    return show_some


def megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f} MB"


def show_packed(start: float, done: int, total: int | None) -> None:
    share = start + (1 - start) * done / max(1, total or 0)
    author.progress(share, f"{done} of {total} samples", message_zh=f"样本 {done} / {total}")


if __name__ == "__main__":
    main()
