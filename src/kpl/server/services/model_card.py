"""Model cards: what is recorded about a model version, told to people in English or Chinese."""

from typing import Literal

from kpl.schemas.model import EvaluationOut, ModelVersionDetail

Language = Literal["en", "zh"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "brackets": " ({})",
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
        "brackets": "（{}）",
        "what": "模型简介",
        "what_text": "{task}模型，共 {count} 个类别：{classes}。",
        "origin": "来源",
        "origin_text": "由 {algorithm} 训练（运行 {run_id} 的任务 {task_id}），数据：{datasets}。",
        "unknown": "未发布的数据",
        "metrics": "效果",
        "training": "训练时上报",
        "test": "测试，任务 {task_id}",
        "compile": "编译，任务 {task_id}",
        "files": "文件",
        "limits": "局限",
        "limits_text": "以上数字只对与测试集相似的数据成立。用于生产前，请先在自己的数据上测试。",
    },
}
_TASKS = {
    "classification": "图像分类",
    "detection": "目标检测",
    "semantic_segmentation": "语义分割",
    "instance_segmentation": "实例分割",
    "face_detection": "人脸检测",
    "face_recognition": "人脸识别",
    "tabular": "表格数据分类",
    "text": "文本分类",
}
MOST_CLASSES = 20


def model_card(model: ModelVersionDetail, language: Language) -> str:
    """Write the card as Markdown with front matter."""
    words = _WORDS[language]
    comma = "、" if language == "zh" else ", "
    classes = comma.join(model.class_names[:MOST_CLASSES]) + (
        (" 等" if language == "zh" else ", ...") if len(model.class_names) > MOST_CLASSES else ""
    )
    task = _TASKS.get(model.task, model.task) if language == "zh" else model.task
    sections = [
        _front_matter(model, language),
        f"# {model.name}@{model.version}",
        f"## {words['what']}",
        words["what_text"].format(task=task, count=len(model.class_names), classes=classes),
        f"## {words['origin']}",
        words["origin_text"].format(
            algorithm=model.algorithm or "-",
            task_id=model.source_task_id or "-",
            run_id=model.source_run_id or "-",
            datasets=comma.join(model.datasets) or words["unknown"],
        ),
        f"## {words['metrics']}",
        _metrics_table(model, words),
        f"## {words['files']}",
        "\n".join(
            f"- `{file.path}`{comma}{file.size_bytes} B{comma}sha256 `{file.sha256}`" for file in model.files
        ),
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
    rows += [
        f"| `{name}`{words['brackets'].format(words['training'])} | {_number(value)} |"
        for name, value in model.metrics.items()
    ]
    for evaluation in model.evaluations:
        rows += [
            f"| `{name}`{words['brackets'].format(_origin(evaluation, words))} | {_number(value)} |"
            for name, value in evaluation.metrics.items()
        ]
    return "\n".join(rows)


def _origin(evaluation: EvaluationOut, words: dict[str, str]) -> str:
    return words[evaluation.function].format(task_id=evaluation.task_id)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
