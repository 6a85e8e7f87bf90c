"""Import files into a KPL dataset, and say what could not be imported and why."""

import json
from pathlib import Path

from kpl.algorithm import author
from kpl.dataset.convert import pack
from kpl.errors import KPLError

MAX_NOTES = 20  # all problems stand in report.json; the first ones are shown on the task


def main() -> None:
    parameters = author.parameters()
    try:
        report = pack(
            choose_source(parameters.path),
            author.output("dataset"),
            kind=None if parameters.kind == "auto" else parameters.kind,
            format=parameters.format,
            on_error=parameters.on_error,
            progress=show_progress,
            unpacking=show_unpacking,
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


def show_unpacking(name: str) -> None:
    author.progress(0.0, f"unpacking {name}", message_zh=f"正在解压 {name}")


def show_progress(done: int, total: int) -> None:
    """Tell about every hundredth part, so that a large import does not flood the events."""
    if done == total or done % max(1, total // 100) == 0:
        author.progress(
            done / max(1, total), f"{done} of {total} samples", message_zh=f"样本 {done} / {total}"
        )


if __name__ == "__main__":
    main()
