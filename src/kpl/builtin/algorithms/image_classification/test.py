"""Measure a model on a dataset's test split: how right it is, where it errs, how fast it is, on which hardware."""

import time
from typing import Any

import hardware
import numpy as np
import torch
from images import Images, decode
from numpy.typing import NDArray
from predict import choose_split, labels_in_model, predict
from saved import WEIGHTS, SavedClassifier, load_classifier

from kpl import evaluation
from kpl.algorithm import author
from kpl.dataset import Dataset


def main() -> None:
    parameters = author.parameters()
    device = hardware.choose_device()
    model = load_classifier(author.input("model"))
    dataset = Dataset.open(author.input("dataset"))
    split, rows = choose_split(dataset, parameters.split)
    labels = labels_in_model(model, dataset, rows)
    images = Images(dataset, model.height, model.width)

    parts = []
    for number, part in enumerate(predict(model, images, rows, device, batch_size=parameters.batch_size), 1):
        parts.append(part)
        author.progress(
            0.8 * min(1.0, number * parameters.batch_size / len(rows)),
            "answering the test images",
            message_zh="对测试图像进行推理",
        )
    scores = np.concatenate(parts)
    author.progress(0.8, "measuring speed", message_zh="测量速度")
    cost = measure_speed(model, dataset, rows, device)
    cost["size_bytes"] = (author.input("model") / WEIGHTS).stat().st_size
    report = evaluation.write_classification(
        author.output("report"),
        rows=rows,
        labels=labels,
        scores=scores,
        classes=model.classes,
        dataset=dataset.digest,
        split=split,
        cost=cost,
        hardware=hardware.describe(device),
        more={"worst_errors": worst_errors(dataset, model, rows, labels, scores, limit=parameters.num_worst)},
    )
    for name, value in (report["metrics"] | cost).items():
        author.metric(name, value)
    if "confusion" in report:
        author.figure("confusion", {"kind": "confusion_matrix", **report["confusion"]})
    author.figure("per_class", {"kind": "table", "rows": report["per_class"]})
    accuracy = report["metrics"]["accuracy"]
    author.progress(
        1.0,
        f"accuracy {accuracy:.4f} on {len(rows)} samples of split {split}",
        message_zh=f"{split} 划分的 {len(rows)} 个样本，准确率 {accuracy:.4f}",
    )
    print(summary(report))


def measure_speed(
    model: SavedClassifier, dataset: Dataset, rows: NDArray[np.int64], device: torch.device
) -> dict[str, float]:
    """Latency of one image (decoding included, and network alone) and throughput of the network in batches of 32.

    With one thread, as `compile.py` compares targets: other work on the machine disturbs that least.
    """
    torch.set_num_threads(1)
    data = bytes(dataset[int(rows[0])]["image"])
    one = torch.from_numpy(decode(data, model.height, model.width).copy())[None]
    many = one.repeat(32, 1, 1, 1)

    def answer(pixels: torch.Tensor) -> None:
        with torch.inference_mode():
            model.classifier(pixels.to(device)).cpu()

    def answer_file() -> None:
        answer(torch.from_numpy(decode(data, model.height, model.width).copy())[None])

    whole, network, batch = timings(answer_file), timings(lambda: answer(one)), timings(lambda: answer(many))
    return {
        "latency_p50_ms": float(np.percentile(whole, 50)) * 1e3,
        "latency_p99_ms": float(np.percentile(whole, 99)) * 1e3,
        "network_latency_p50_ms": float(np.percentile(network, 50)) * 1e3,
        "throughput_per_s": 32 / float(np.median(batch)),
    }


def timings(action: Any, *, rounds: int = 100, budget_s: float = 2.0) -> list[float]:
    """Seconds of each call after five to warm up; at least ten, then until `rounds` or `budget_s` are reached."""
    for _ in range(5):
        action()
    seconds: list[float] = []
    while len(seconds) < 10 or (len(seconds) < rounds and sum(seconds) < budget_s):
        started_s = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started_s)
    return seconds


def worst_errors(
    dataset: Dataset,
    model: SavedClassifier,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    scores: NDArray[np.float32],
    *,
    limit: int,
) -> list[dict[str, Any]]:
    """The errors of which the model was most certain, worst first."""
    predicted = scores.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-scores[wrong, predicted[wrong]], kind="stable")][:limit]
    return [
        {
            "key": dataset[int(rows[index])].key,
            "row": int(rows[index]),
            "label": model.classes[labels[index]],
            "predicted": model.classes[predicted[index]],
            "score": round(float(scores[index, predicted[index]]), 6),
        }
        for index in worst
    ]


def summary(report: dict[str, Any]) -> str:
    """The report in a few lines of text for the log."""
    lines = [f"{name:>24} {value:.4f}" for name, value in (report["metrics"] | report["cost"]).items()]
    lines += [f"{'on':>24} {report['hardware']['device']}, threads: {report['hardware']['threads']}"]
    for one in report["per_class"]:
        figures = " ".join(f"{name} {one[name]:.3f}" for name in ("precision", "recall", "f1"))
        lines.append(f"{one['class']:>24} {figures} ({one['support']})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
