"""Model cards: what is recorded about a model version, told to people in English or Chinese."""

from typing import Literal

from kpl.schemas.model import EvaluationOut, ModelVersionDetail

Language = Literal["en", "zh"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "what": "What it is",
        "what_text": "A model for {task} with {count} classes: {classes}.",
        "origin": "Where it comes from",
        "origin_text": "Trained by {algorithm}, task {task_id} of run {run_id}, on {datasets}.",
        "unknown": "unpublished data",
        "metrics": "How good it is",
        "training": "reported by training",
        "test": "test, task {task_id}",
        "compile": "compilation, task {task_id}",
        "files": "Files",
        "limits": "Limits",
        "limits_text": "The figures hold for data like that of the test. Test it on yours before you rely on it.",
    },
    "zh": {
        "what": "这是什么",
        "what_text": "用于 {task} 的模型，共 {count} 个类别：{classes}。",
        "origin": "来源",
        "origin_text": "由 {algorithm} 训练（运行 {run_id} 的任务 {task_id}），数据：{datasets}。",
        "unknown": "未发布的数据",
        "metrics": "效果",
        "training": "训练时报告",
        "test": "测试，任务 {task_id}",
        "compile": "编译，任务 {task_id}",
        "files": "文件",
        "limits": "局限",
        "limits_text": "以上数字只对与测试集相似的数据成立。用于生产前，请先在自己的数据上测试。",
    },
}
MOST_CLASSES = 20


def model_card(model: ModelVersionDetail, language: Language) -> str:
    """Write the card as Markdown with front matter."""
    words = _WORDS[language]
    classes = ", ".join(model.class_names[:MOST_CLASSES]) + (
        ", ..." if len(model.class_names) > MOST_CLASSES else ""
    )
    sections = [
        _front_matter(model, language),
        f"# {model.name}@{model.version}",
        f"## {words['what']}",
        words["what_text"].format(task=model.task, count=len(model.class_names), classes=classes),
        f"## {words['origin']}",
        words["origin_text"].format(
            algorithm=model.algorithm or "-",
            task_id=model.source_task_id or "-",
            run_id=model.source_run_id or "-",
            datasets=", ".join(model.datasets) or words["unknown"],
        ),
        f"## {words['metrics']}",
        _metrics_table(model, words),
        f"## {words['files']}",
        "\n".join(f"- `{file.path}`, {file.size_bytes} B, sha256 `{file.sha256}`" for file in model.files),
        f"## {words['limits']}",
        words["limits_text"],
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(model: ModelVersionDetail, language: Language) -> str:
    lines = [
        "---",
        f"language: {language}",
        f"model: {model.name}",
        f"version: {model.version}",
        f"task: {model.task}",
        f"digest: {model.digest}",
        f"datasets: [{', '.join(model.datasets)}]",
        "---",
    ]
    return "\n".join(lines)


def _metrics_table(model: ModelVersionDetail, words: dict[str, str]) -> str:
    rows = ["| | |", "|---|---|"]
    rows += [f"| {name} ({words['training']}) | {_number(value)} |" for name, value in model.metrics.items()]
    for evaluation in model.evaluations:
        rows += [
            f"| {name} ({_origin(evaluation, words)}) | {_number(value)} |"
            for name, value in evaluation.metrics.items()
        ]
    return "\n".join(rows)


def _origin(evaluation: EvaluationOut, words: dict[str, str]) -> str:
    return words[evaluation.function].format(task_id=evaluation.task_id)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
