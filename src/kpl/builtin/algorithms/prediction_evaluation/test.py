"""Compare a layer of predictions with the labels of a dataset, and report every figure down to its samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl import evaluation
from kpl.algorithm import author
from kpl.dataset import Dataset

Rows = NDArray[np.int64]


def main() -> None:
    parameters = author.parameters()
    dataset = Dataset.open(author.input("dataset"))
    layer = parameters.layer
    split, positions = choose_split(dataset, parameters.split)
    author.progress(
        0.1,
        f"comparing {len(positions)} samples of split {split}",
        message_zh=f"比较 {split} 划分的 {len(positions)} 个样本",
    )
    if has(dataset, "boxes", "labels", f"{layer}.boxes", f"{layer}.labels"):
        report = evaluation.write_detection(
            author.output("report"),
            rows=dataset.rows[positions],
            truth=truth(dataset, positions, leave_out_difficult=parameters.leave_out_difficult),
            answers=evaluation.Detections(*answers(dataset, layer, positions)),
            iou_threshold=parameters.iou_threshold,
            classes=dataset.class_names,
            dataset=dataset.digest,
            split=split,
        )
    elif has(dataset, "label", f"{layer}.label"):
        positions = answered(dataset, layer, positions)
        report = evaluation.write_classification(
            author.output("report"),
            rows=dataset.rows[positions],
            labels=dataset.columns("label")[positions],
            scores=scores(dataset, layer, positions),
            classes=dataset.class_names,
            dataset=dataset.digest,
            split=split,
        )
    else:
        raise author.refusal(
            f"The dataset has no labels and predictions in layer '{layer}' to compare; it has the fields "
            f"{', '.join(dataset.fields)}. A layer of predictions has `boxes` and `labels`, or `label`: set "
            "the parameter `layer` to its name.",
            text_zh=f"数据集中没有可与图层“{layer}”对比的标签和预测。请将参数 `layer` 设为预测图层的名称。",
        )
    for name, value in report["metrics"].items():
        # What the classes have on average goes by the name that figures of boxes have.
        author.metric(name.removeprefix("macro_"), value)
    if "confusion" in report:
        author.figure("confusion", {"kind": "confusion_matrix", **report["confusion"]})
    author.figure("per_class", {"kind": "table", "rows": report["per_class"]})
    author.progress(1.0, summary(report))
    print(summary(report))


def choose_split(dataset: Dataset, wanted: str) -> tuple[str, Rows]:
    """Name and positions of the samples to compare; `auto` takes test, else val, else all."""
    splits = {name: rows for name, rows in dataset.split_rows().items() if len(rows)}
    if wanted == "auto":
        wanted = next((name for name in ("test", "val") if name in splits), "all")
    splits.setdefault("all", dataset.rows)
    if wanted not in splits:
        raise author.refusal(
            f"The dataset has no samples in split '{wanted}'; it has {', '.join(splits)}. Set the parameter `split` to "
            "one of them, or to `auto`.",
            text_zh=f"数据集在划分“{wanted}”中没有样本，现有 {'、'.join(splits)}。"
            "请将参数 `split` 设为其中之一或 `auto`。",
        )
    return wanted, np.flatnonzero(np.isin(dataset.rows, splits[wanted]))


def has(dataset: Dataset, *fields: str) -> bool:
    return all(name in dataset.fields for name in fields)


def truth(dataset: Dataset, positions: Rows, *, leave_out_difficult: bool) -> evaluation.Truth:
    """The objects of each sample without those that have no class; crowds and difficult ones are not to count."""
    boxes, labels = (parts(dataset, name, positions) for name in ("boxes", "labels"))
    nothing = [np.zeros(len(each), bool) for each in labels]
    crowd, difficult = (
        parts(dataset, name, positions) if has(dataset, name) else nothing for name in ("crowd", "difficult")
    )
    number = sum(int(each.sum()) for each in difficult)
    if number and leave_out_difficult:
        author.note(f"{number} difficult objects count neither way.", text_zh=f"{number} 个困难目标未计入。")
    return evaluation.Truth(
        *known(labels, boxes, labels, crowd, difficult if leave_out_difficult else nothing)
    )


def answers(dataset: Dataset, layer: str, positions: Rows) -> tuple[list[Any], ...]:
    """Boxes, classes and scores of each sample; without scores all answers are certain."""
    boxes, labels = (parts(dataset, f"{layer}.{name}", positions) for name in ("boxes", "labels"))
    name = f"{layer}.scores"
    certain = (
        parts(dataset, name, positions) if has(dataset, name) else [np.ones(len(each)) for each in labels]
    )
    return known(labels, boxes, labels, certain)


def parts(dataset: Dataset, name: str, positions: Rows) -> list[NDArray[Any]]:
    """The values of a list field, one array a sample."""
    column = dataset.columns(name)
    every = np.split(column.values, column.offsets[1:-1])
    return [every[position] for position in positions]


def known(labels: list[NDArray[Any]], *columns: list[NDArray[Any]]) -> tuple[list[Any], ...]:
    """The columns without the objects that have no class."""
    return tuple(
        [values[label >= 0] for values, label in zip(column, labels, strict=True)] for column in columns
    )


def answered(dataset: Dataset, layer: str, positions: Rows) -> Rows:
    """Positions of the samples that have a label and a prediction."""
    labelled = positions[dataset.columns("label")[positions] >= 0]
    kept: Rows = labelled[dataset.columns(f"{layer}.label")[labelled] >= 0]
    if len(kept) < len(labelled):
        author.note(
            f"{len(labelled) - len(kept)} samples without a prediction were left out.",
            text_zh=f"{len(labelled) - len(kept)} 个没有预测的样本未计入。",
        )
    if not len(kept):
        raise author.refusal(
            "No sample has both a label and a prediction. Choose another split or layer.",
            text_zh="没有样本同时带有标签和预测。请选择其他划分或图层。",
        )
    return kept


def scores(dataset: Dataset, layer: str, positions: Rows) -> NDArray[np.float32]:
    """[N,C] with the score of the predicted class and 0 for all others; 1 where the layer has no scores."""
    predicted = dataset.columns(f"{layer}.label")[positions]
    name = f"{layer}.score"
    certainty = dataset.columns(name)[positions] if has(dataset, name) else 1.0
    found = np.zeros((len(positions), len(dataset.class_names)), np.float32)
    found[np.arange(len(positions)), predicted] = certainty
    return found


def summary(report: dict[str, Any]) -> str:
    """The report in one line."""
    metrics = report["metrics"]
    names = [
        name
        for name in ("map", "map50", "precision", "recall", "f1", "accuracy", "macro_f1")
        if name in metrics
    ]
    figures = ", ".join(f"{name} {metrics[name]:.4f}" for name in names)
    return f"{figures}, on {report['dataset']['num_samples']} samples"


if __name__ == "__main__":
    main()
