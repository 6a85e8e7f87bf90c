"""Import files into a KPL dataset, and say what could not be imported and why."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

from kpl.algorithm import author
from kpl.dataset.convert import pack
from kpl.errors import KPLError
from kpl.storage.archive import extract

MAX_FILES = 20_000_000
SPLITS = ("train", "training", "val", "valid", "validation", "test", "testing")
MAX_NOTES = 20  # all problems stand in report.json; the first ones are shown on the task


def main() -> None:
    parameters = author.parameters()
    source = unpacked(choose_source(parameters.path))
    try:
        report = pack(
            source,
            author.output("dataset"),
            kind=None if parameters.kind == "auto" else parameters.kind,
            format=parameters.format,
            on_error=parameters.on_error,
            progress=show_progress,
        )
    except KPLError as err:
        raise author.refusal(err.sentence) from err
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
    print(summary)


def choose_source(path: str) -> Path:
    """What to import: the input, or what `path` names on this machine."""
    if path:
        source = Path(path)
        if not source.is_absolute() or not source.exists():
            raise author.refusal(
                f"Parameter path: {path!r} is not the absolute path of a folder or archive on this machine.",
                text_zh=f"参数 path：{path!r} 不是本机文件夹或压缩包的绝对路径。",
            )
        return source
    if not author.has_input("files"):
        raise author.refusal(
            "There is nothing to import: connect the input `files`, or set parameter `path`.",
            text_zh="没有可导入的内容：请连接输入 `files`，或设置参数 `path`。",
        )
    return author.input("files")


def unpacked(source: Path) -> Path:
    """The folder to read: an archive, alone in its folder or by itself, is unpacked below the working directory."""
    inside = [source] if source.is_file() else list(source.iterdir())
    if len(inside) != 1 or not is_archive(inside[0]):
        return source
    author.progress(0.0, f"unpacking {inside[0].name}", message_zh=f"正在解压 {inside[0].name}")
    folder = Path("unpacked").absolute()
    most_bytes = shutil.disk_usage(folder.parent).free // 2
    extract(inside[0], folder, max_bytes=most_bytes, max_files=MAX_FILES)
    return without_wrapping(folder)


def is_archive(path: Path) -> bool:
    return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def without_wrapping(folder: Path) -> Path:
    """Archives often hold one folder that holds everything: step into it, unless its name says something."""
    children = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(children) != 1 or not children[0].is_dir() or children[0].name in SPLITS:
        return folder
    has_folders = any(path.is_dir() for path in children[0].iterdir())
    return without_wrapping(children[0]) if has_folders else folder


def show_progress(done: int, total: int) -> None:
    """Tell about every hundredth part, so that a large import does not flood the events."""
    if done == total or done % max(1, total // 100) == 0:
        author.progress(
            done / max(1, total), f"{done} of {total} samples", message_zh=f"样本 {done} / {total}"
        )


if __name__ == "__main__":
    main()
