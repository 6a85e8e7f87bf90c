"""Answers of the network for many rows of a dataset, batch by batch; and which number a label has in the model."""

from collections.abc import Iterator

import hardware
import numpy as np
import torch
from images import Images, labelled
from numpy.typing import NDArray
from saved import SavedClassifier

from kpl.algorithm import author
from kpl.dataset import Dataset


def predict(
    model: SavedClassifier, images: Images, rows: NDArray[np.int64], device: torch.device, *, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Probabilities [batch, classes] for the rows in their order."""
    classifier = model.classifier.to(device)
    if device.type == "cpu" and len(rows) > batch_size:
        first = torch.from_numpy(images.batch(rows[:batch_size]))
        with torch.inference_mode():
            hardware.choose_threads(lambda: classifier(first))
    for start in range(0, len(rows), batch_size):
        pixels = torch.from_numpy(images.batch(rows[start : start + batch_size]))
        with torch.inference_mode():
            yield classifier(pixels.to(device)).cpu().numpy()


def choose_split(dataset: Dataset, wanted: str) -> tuple[str, NDArray[np.int64]]:
    """Name and labelled rows of the split to measure on; `auto` takes test, else val, else all samples."""
    splits = {name: rows for name, rows in dataset.split_rows().items() if len(rows)}
    if wanted == "auto":
        wanted = next((name for name in ("test", "val") if name in splits), "all")
    splits.setdefault("all", np.arange(len(dataset)))
    rows = labelled(dataset, splits.get(wanted, np.empty(0, dtype=np.int64)))
    if len(rows) == 0:
        raise author.refusal(
            f"The dataset has no labelled sample in split {wanted!r}; its splits are {dataset.splits}. "
            "Set parameter `split` to one of them or to `auto`, or split the dataset with `dataset_split`.",
            text_zh=f"数据集在划分 {wanted!r} 中没有带标签的样本，现有划分：{dataset.splits}。"
            "请将参数 `split` 设为其中之一或 `auto`，"
            "或先用 `dataset_split` 划分数据集。",
        )
    return wanted, rows


def labels_in_model(model: SavedClassifier, dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The dataset's labels as the model counts its classes; classes are matched by name."""
    labels = np.asarray(dataset.columns("label"), dtype=np.int64)[rows]
    number = {name: index for index, name in enumerate(model.classes)}
    unknown = [
        dataset.class_names[label] for label in np.unique(labels) if dataset.class_names[label] not in number
    ]
    if unknown:
        raise author.refusal(
            f"The dataset has classes that the model does not know: {unknown}; it knows {model.classes}. "
            "Choose the dataset version the model was trained on, or train again on this one.",
            text_zh=f"数据集含有模型不认识的类别：{unknown}；模型认识 {model.classes}。请选择训练时所用的数据集版本，"
            "或用此数据集重新训练。",
        )
    return np.asarray([number.get(name, -1) for name in dataset.class_names], dtype=np.int64)[labels]
