"""Compile a model for the places it will run: an SDK package that needs neither KPL nor PyTorch.

Every target that can be built here is built, measured on the test split and written into one table beside the
unchanged model. The chosen target has to keep the accuracy, or this task fails.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import hardware
import numpy as np
from bundle import write_bundle
from images import Images
from numpy.typing import NDArray
from predict import choose_split, labels_in_model, predict
from saved import WEIGHTS, load_classifier
from targets import TARGETS, Answer, Pixels, Target, export_onnx, silence_telemetry

from kpl.algorithm import author
from kpl.dataset import Dataset

THREADS = 1  # targets are compared by what one core does: other work on the machine disturbs that least


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One line of the table. Figures are None where the target was not built; `needs` says why."""

    target: str
    precision: str
    is_available: bool
    needs: str = ""
    needs_zh: str = ""
    accuracy_before: float | None = None
    accuracy_after: float | None = None
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    throughput_per_s: float | None = None
    size_bytes: int | None = None
    largest_difference: float | None = None

    @property
    def accuracy_drop(self) -> float:
        assert self.accuracy_before is not None
        assert self.accuracy_after is not None
        return self.accuracy_before - self.accuracy_after


def main() -> None:
    silence_telemetry()
    parameters = author.parameters()
    device = hardware.choose_device()
    model = load_classifier(author.input("model"))
    dataset = Dataset.open(author.input("dataset"))
    split, rows = choose_split(dataset, parameters.split)
    if parameters.max_samples:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[: parameters.max_samples])
    labels = labels_in_model(model, dataset, rows)
    images = Images(dataset, model.height, model.width)
    wanted = choose_targets(parameters.targets, parameters.target)

    author.progress(0.05, "measuring the model as it is", message_zh="测量编译前的模型")
    before = np.concatenate(list(predict(model, images, rows, device, batch_size=64)))
    accuracy_before = float((before.argmax(axis=1) == labels).mean())
    pixels = images.batch(rows)
    calibration = calibration_pixels(dataset, images, parameters.calibration_samples)

    with tempfile.TemporaryDirectory() as workspace:
        onnx = Path(workspace) / "model.onnx"
        export_onnx(model.classifier, model.height, model.width, onnx)
        table, built = [], {}
        for number, target in enumerate(TARGETS):
            if target not in wanted or not target.is_available:
                table.append(
                    TargetRow(
                        target.name,
                        target.precision,
                        target.is_available,
                        needs=target.needs,
                        needs_zh=target.needs_zh or f"`{target.needs}`",
                    )
                )
                continue
            author.progress(
                0.1 + 0.8 * number / len(TARGETS), f"building {target.name}", message_zh=f"编译 {target.name}"
            )
            folder = Path(workspace) / target.name
            folder.mkdir()
            assert target.build is not None
            assert target.open is not None
            model_file = target.build(onnx, calibration, folder)
            answer = target.open(model_file, THREADS)
            after = np.concatenate([answer(part) for part in batches(pixels, 64)])
            p50_ms, p99_ms, throughput = measure_speed(answer, pixels)
            built[target.name] = model_file
            table.append(
                TargetRow(
                    target.name,
                    target.precision,
                    is_available=True,
                    accuracy_before=accuracy_before,
                    accuracy_after=float((after.argmax(axis=1) == labels).mean()),
                    latency_p50_ms=p50_ms,
                    latency_p99_ms=p99_ms,
                    throughput_per_s=throughput,
                    size_bytes=sum(file.stat().st_size for file in folder.iterdir()),
                    largest_difference=float(np.abs(after - before).max()),
                )
            )
        print(as_text(table))
        author.figure("targets", {"kind": "table", "rows": [asdict(row) for row in table]})
        chosen = choose(table, parameters.target, parameters.max_accuracy_drop)
        author.metric("accuracy_before", accuracy_before)
        for name in ("accuracy_after", "throughput_per_s", "size_bytes"):
            author.metric(name, getattr(chosen, name))
        author.metric("latency_ms", chosen.latency_p50_ms or 0.0)
        check_gate(chosen, parameters.max_accuracy_drop)
        author.progress(0.95, "writing the package", message_zh="写出 SDK 包")
        write_bundle(
            author.output("package"),
            name=parameters.name,
            model=model,
            dataset=dataset,
            golden_rows=golden_rows(rows, labels),
            models=built,
            chosen=chosen.target,
            answer=open_target(chosen.target, built),
            report={
                "schema": "kpl.compile-report/v1",
                "chosen": chosen.target,
                "dataset": {"digest": dataset.digest, "split": split, "num_samples": len(rows)},
                "original_size_bytes": (author.input("model") / WEIGHTS).stat().st_size,
                "hardware": hardware.describe(device) | {"threads": THREADS},
                "targets": [asdict(row) for row in table],
            },
        )
    author.progress(
        1.0,
        f"{chosen.target}: accuracy {accuracy_before:.4f} -> {chosen.accuracy_after:.4f}",
        message_zh=f"{chosen.target}：准确率 {accuracy_before:.4f} → {chosen.accuracy_after:.4f}",
    )


def choose_targets(names: list[str], target: str) -> list[Target]:
    """The targets to build: those named, and the chosen one whatever the list says."""
    known = {one.name: one for one in TARGETS}
    wanted = [*names, *([target] if target != "auto" else [])]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"Unknown targets {unknown}. Known are {sorted(known)}.")
    return [known[name] for name in dict.fromkeys(wanted)]


def calibration_pixels(dataset: Dataset, images: Images, num_samples: int) -> Pixels:
    """Images to learn number ranges from: of the training split where there is one, never the test split's."""
    splits = dataset.split_rows()
    everything = np.arange(len(dataset))
    rows = splits.get("train", np.setdiff1d(everything, splits.get("test", everything[:0])))
    if len(rows) == 0:
        rows = everything
        author.note(
            "The dataset has nothing but a test split, so its images calibrate int8, too.",
            text_zh="数据集只有测试集，因此 int8 也用这些图像校准。",
        )
    return images.batch(np.sort(np.random.default_rng(0).permutation(rows)[:num_samples]))


def batches(pixels: Pixels, size: int) -> list[Pixels]:
    return [pixels[start : start + size] for start in range(0, len(pixels), size)]


def measure_speed(answer: Answer, pixels: Pixels) -> tuple[float, float, float]:
    """Milliseconds of one image (median, 99th percentile) and images a second in batches of 32."""
    one, many = pixels[:1], np.ascontiguousarray(np.resize(pixels, (32, *pixels.shape[1:])))
    singles, batch = timings(lambda: answer(one)), timings(lambda: answer(many))
    p50_s, p99_s = np.percentile(singles, [50, 99])
    return float(p50_s) * 1e3, float(p99_s) * 1e3, 32 / float(np.median(batch))


def timings(action: Callable[[], object], *, rounds: int = 200, budget_s: float = 1.0) -> NDArray[np.float64]:
    """Seconds of each call after ten to warm up; at least ten, then until `rounds` or `budget_s` are reached."""
    for _ in range(10):
        action()
    seconds: list[float] = []
    while len(seconds) < 10 or (len(seconds) < rounds and sum(seconds) < budget_s):
        started_s = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started_s)
    return np.asarray(seconds)


def choose(table: list[TargetRow], wanted: str, max_accuracy_drop: float) -> TargetRow:
    """The row asked for; with `auto` the fastest ONNX Runtime target within the gate, which runs on any CPU."""
    if wanted != "auto":
        row = next(row for row in table if row.target == wanted)
        if not row.is_available:
            raise author.refusal(
                f"Target {wanted} cannot be built here. It needs: {row.needs}.",
                text_zh=f"目标 {wanted} 无法在此编译，需要：{row.needs_zh}。",
            )
        return row
    built = [row for row in table if row.accuracy_after is not None and row.target.startswith("onnxruntime")]
    if not built:
        raise author.refusal(
            "Target `auto` chooses among the ONNX Runtime targets, and none was built. "
            "Add `onnxruntime-fp32` to parameter `targets`, or name one in parameter `target`.",
            text_zh="目标 `auto` 从 ONNX Runtime 目标中选择，但没有编译任何一个。"
            "请在参数 `targets` 中加入 `onnxruntime-fp32`，"
            "或在参数 `target` 中指定目标。",
        )
    good = [row for row in built if row.accuracy_drop <= max_accuracy_drop]
    return min(
        good or built, key=lambda row: (row.accuracy_drop > max_accuracy_drop, row.latency_p50_ms or 0.0)
    )


def check_gate(row: TargetRow, max_accuracy_drop: float) -> None:
    if row.accuracy_drop <= max_accuracy_drop:
        return
    message = (
        f"Target {row.target} drops the accuracy from {row.accuracy_before:.4f} to {row.accuracy_after:.4f}, "
        f"by {row.accuracy_drop:.4f}; at most {max_accuracy_drop:.4f} is allowed. "
        "Choose a target of higher precision, give more calibration_samples, or raise max_accuracy_drop."
    )
    raise author.refusal(
        message,
        text_zh=f"目标 {row.target} 的准确率从 {row.accuracy_before:.4f} 降到 {row.accuracy_after:.4f}，"
        f"下降 {row.accuracy_drop:.4f}，超过允许的 {max_accuracy_drop:.4f}。"
        "请选择精度更高的目标、增加 calibration_samples，或放宽 max_accuracy_drop。",
    )


def golden_rows(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> list[int]:
    """Up to five samples of different classes, for the package's self-test."""
    _, first = np.unique(labels, return_index=True)
    return [int(rows[index]) for index in first[:5]]


def open_target(name: str, built: dict[str, Path]) -> Answer:
    target = next(one for one in TARGETS if one.name == name)
    assert target.open is not None
    return target.open(built[name], THREADS)


def as_text(table: list[TargetRow]) -> str:
    """The table for the log."""
    lines = [f"{'target':<18}{'before':>8}{'after':>8}{'p50 ms':>9}{'p99 ms':>9}{'images/s':>10}{'kB':>9}"]
    for row in table:
        if row.accuracy_after is None:
            state = "not asked for" if row.is_available else f"needs {row.needs}"
            lines.append(f"{row.target:<18} {state}")
        else:
            lines.append(
                f"{row.target:<18}{row.accuracy_before:>8.4f}{row.accuracy_after:>8.4f}{row.latency_p50_ms:>9.3f}"
                f"{row.latency_p99_ms:>9.3f}{row.throughput_per_s:>10.0f}{(row.size_bytes or 0) / 1000:>9.0f}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
