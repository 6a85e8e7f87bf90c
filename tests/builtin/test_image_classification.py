"""The built-in image classification, each function run as the platform runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kpl import evaluation
from kpl.algorithm import protocol
from kpl.dataset import Dataset, DatasetWriter

if TYPE_CHECKING:
    from tests.builtin.conftest import EncodePng, Finished, MakeTask

pytest.importorskip("torch", reason="image classification needs PyTorch")
from safetensors.numpy import load_file

NAME = "image_classification"


def test_training_reports_each_epoch_and_learns(trained: "Finished") -> None:
    steps = [
        event.step for event in trained.events if isinstance(event, protocol.Metric) and event.name == "loss"
    ]
    assert steps == list(range(1, 11))
    assert trained.metrics()["val_accuracy"] >= 0.85
    assert any(isinstance(event, protocol.Progress) and event.value == 1 for event in trained.events)
    manifest = read_json(trained.outputs["model"] / "model.json")
    assert manifest["classes"] == [str(digit) for digit in range(10)]
    assert manifest["signature"]["inputs"] == [{"name": "image", "dtype": "uint8", "shape": [-1, 8, 8, 3]}]
    assert set(manifest["files"]) == {"model.safetensors", "network.json"}
    assert manifest["metrics"]["val_accuracy"] >= 0.85


def test_a_killed_training_resumes_to_the_same_weights(make_task: "MakeTask", digits: Path) -> None:
    parameters: dict[str, Any] = {"epochs": 4, "keep_best": 1, "threads": 1}
    whole = make_task(NAME, "train", inputs={"dataset": digits}, **parameters).run()
    task = make_task(NAME, "train", inputs={"dataset": digits}, **parameters)
    killed = task.run(kill_when=lambda event: isinstance(event, protocol.Metric) and event.step == 2)
    assert killed.returncode == -signal.SIGKILL
    resumed = task.run()
    assert "Resumed after epoch" in resumed.notes()
    assert resumed.metrics() == pytest.approx(whole.metrics())
    weights = [run.outputs["model"] / "model.safetensors" for run in (whole, resumed)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert len(list((task.folder / "checkpoints").glob("best-*"))) == 1


def test_training_starts_from_a_model_where_tensors_match_and_freezes_them(
    make_task: "MakeTask", trained: "Finished", tmp_path: Path, encode_png: "EncodePng"
) -> None:
    dataset = tmp_path / "three-classes"
    with DatasetWriter(dataset, kind="classification", class_names=["dark", "grey", "light"]) as writer:
        for number in range(30):
            pixels = np.full((8, 8), 40 + 80 * (number % 3) + number, np.uint8)
            writer.add(key=f"{number}.png", image=encode_png(pixels), label=number % 3)
    given = trained.outputs["model"]
    task = make_task(
        NAME,
        "train",
        inputs={"dataset": dataset, "model": given},
        epochs=1,
        freeze="matched",
        val_fraction=0.2,
    )
    finished = task.run()
    assert "other shape: head.weight [10, 96] -> [3, 96]" in finished.log
    assert "matched: stem.0.weight" in finished.log
    assert "tensors start from the given model; the log names each" in finished.notes()
    assert finished.metrics()["matched_tensors"] > 30
    before = load_file(given / "model.safetensors")
    after = load_file(finished.outputs["model"] / "model.safetensors")
    assert all(np.array_equal(before[name], after[name]) for name in before if not name.startswith("head."))
    assert after["head.weight"].shape == (3, 96)


def test_training_refuses_a_dataset_without_training_samples(
    make_task: "MakeTask", tmp_path: Path, encode_png: "EncodePng"
) -> None:
    with DatasetWriter(tmp_path / "dataset", kind="classification", class_names=["a"]) as writer:
        writer.add(key="a.png", image=encode_png(np.zeros((8, 8), np.uint8)), label=0, split="test")
    finished = make_task(NAME, "train", inputs={"dataset": tmp_path / "dataset"}).run(fails=True)
    assert "0 labelled training samples of 1" in finished.log
    assert "dataset_split" in finished.log


def test_testing_reports_accuracy_speed_and_the_samples_behind_errors(
    make_task: "MakeTask", trained: "Finished", digits: Path
) -> None:
    inputs = {"model": trained.outputs["model"], "dataset": digits}
    finished = make_task(NAME, "test", inputs=inputs).run()
    report = read_json(finished.outputs["report"] / "report.json")
    answers = evaluation.open_classification(finished.outputs["report"])
    assert len(answers.rows) == report["dataset"]["num_samples"] == 100
    accuracy = float((answers.labels == answers.predicted).mean())
    assert report["metrics"]["accuracy"] == finished.metrics()["accuracy"] == pytest.approx(accuracy)
    assert accuracy >= 0.85
    assert np.trace(report["confusion"]["matrix"]) == round(accuracy * 100)
    assert np.sum(report["confusion"]["matrix"]) == 100
    assert {"latency_p50_ms", "latency_p99_ms", "throughput_per_s"} <= set(report["cost"])
    assert report["hardware"]["device"]
    for error in report["worst_errors"]:
        sample = Dataset.open(digits).find(error["key"])
        assert (sample.row, str(sample["label"])) == (error["row"], error["label"])
    figures = {event.name for event in finished.events if isinstance(event, protocol.Figure)}
    assert figures == {"confusion", "per_class"}


def test_a_killed_inference_resumes_and_answers_each_sample_once(
    make_task: "MakeTask", trained: "Finished", digits: Path
) -> None:
    inputs = {"model": trained.outputs["model"], "dataset": digits}
    task = make_task(NAME, "infer", inputs=inputs, batch_size=2)
    task.run(kill_when=lambda event: isinstance(event, protocol.Progress) and event.value >= 0.5)
    resumed = task.run()
    assert "Resumed after" in resumed.notes()
    assert 0 < resumed.metrics()["answered_now"] <= 250
    predicted = Dataset.open(resumed.outputs["dataset"])
    original = Dataset.open(digits)
    assert list(predicted.columns("key")) == list(original.columns("key"))
    assert predicted.splits == original.splits
    scores = predicted.columns("predictions.scores")
    assert scores.shape == (500, 10)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-4)
    assert (predicted.columns("predictions.label") == scores.argmax(axis=1)).all()
    assert (predicted.columns("predictions.label") == original.columns("label")).mean() > 0.85


def test_inference_names_the_classes_of_an_unlabelled_dataset(
    make_task: "MakeTask", trained: "Finished", digits: Path, tmp_path: Path
) -> None:
    with DatasetWriter(tmp_path / "dataset", kind="unlabelled") as writer:
        for sample in Dataset.open(digits)[:5]:
            writer.add(key=sample.key, image=bytes(sample["image"]))
    inputs = {"model": trained.outputs["model"], "dataset": tmp_path / "dataset"}
    finished = make_task(NAME, "infer", inputs=inputs).run()
    predicted = Dataset.open(finished.outputs["dataset"])
    assert predicted.kind == "unlabelled"
    assert predicted.class_names == tuple(str(digit) for digit in range(10))
    assert len(predicted.columns("predictions.label")) == 5


def test_compiling_compares_targets_and_says_what_absent_ones_need(package: "Finished") -> None:
    rows = {row["target"]: row for row in read_json(package.outputs["package"] / "report.json")["targets"]}
    for name in ("onnxruntime-fp32", "onnxruntime-int8"):
        row = rows[name]
        assert row["is_available"]
        assert abs(row["accuracy_before"] - row["accuracy_after"]) <= 0.02
        assert row["latency_p50_ms"] > 0
    assert rows["onnxruntime-fp32"]["largest_difference"] <= 1e-3
    assert rows["onnxruntime-int8"]["size_bytes"] < rows["onnxruntime-fp32"]["size_bytes"] / 2
    assert not rows["tensorrt-fp16"]["is_available"]
    assert "TensorRT" in rows["tensorrt-fp16"]["needs"]
    metrics = package.metrics()
    assert {"accuracy_before", "accuracy_after", "latency_ms", "size_bytes"} <= set(metrics)


def test_the_sdk_package_answers_without_kpl_and_torch(
    package: "Finished", digits: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(package.outputs["package"] / "digits-sdk.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "digits-sdk"
    assert "OK" in run_isolated(folder, "selftest.py")
    sample = next(iter(Dataset.open(digits).split("test")))
    (tmp_path / "image.png").write_bytes(bytes(sample["image"]))
    answer = json.loads(run_isolated(folder, "predict.py", str(tmp_path / "image.png")))
    label, score = answer["best"][0]
    assert label in {str(digit) for digit in range(10)}
    assert 0 < score <= 1
    assert {path.name for path in folder.iterdir()} >= {"README.md", "README.zh-CN.md", "manifest.json"}


def test_the_sdk_self_test_notices_a_changed_file(package: "Finished", tmp_path: Path) -> None:
    folder = tmp_path / "sdk"
    shutil.copytree(package.outputs["package"] / "sdk", folder)
    with (folder / "labels.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run_isolated(folder, "selftest.py")
    assert "labels.txt was changed" in failure.value.stderr


def test_a_compiled_model_that_loses_accuracy_fails_the_task(
    make_task: "MakeTask", trained: "Finished", digits: Path, tmp_path: Path, encode_png: "EncodePng"
) -> None:
    inputs = {"model": trained.outputs["model"], "dataset": tmp_path / "dataset"}
    with DatasetWriter(
        inputs["dataset"], kind="classification", class_names=[str(i) for i in range(10)]
    ) as writer:
        # Calibrated on blackness, numbers of 8 bits do not reach as far as the digits do.
        writer.add(key="black.png", image=encode_png(np.zeros((8, 8), np.uint8)), label=0, split="train")
        for sample in Dataset.open(digits).split("test"):
            writer.add(key=sample.key, image=bytes(sample["image"]), label=sample["label"], split="test")
    task = make_task(
        NAME,
        "compile",
        inputs=inputs,
        target="onnxruntime-int8",
        targets=["onnxruntime-int8"],
        max_accuracy_drop=0.02,
    )
    finished = task.run(fails=True)
    assert "Target onnxruntime-int8 drops the accuracy from" in finished.log
    assert "max_accuracy_drop" in finished.notes()
    assert list(finished.outputs["package"].iterdir()) == []


def test_a_target_that_cannot_be_built_here_says_what_it_needs(
    make_task: "MakeTask", trained: "Finished", digits: Path
) -> None:
    inputs = {"model": trained.outputs["model"], "dataset": digits}
    finished = make_task(NAME, "compile", inputs=inputs, target="ascend-fp16", targets=[]).run(fails=True)
    assert "Target ascend-fp16 cannot be built here. It needs: Huawei's CANN toolchain" in finished.log


def test_the_api_answers_an_image(
    make_task: "MakeTask", trained: "Finished", digits: Path, free_port: int
) -> None:
    task = make_task(NAME, "serve", inputs={"model": trained.outputs["model"]})
    process, attempt, _ = task.start(KPL_HOST="127.0.0.1", KPL_PORT=str(free_port))
    url = f"http://127.0.0.1:{free_port}"
    try:
        wait_until_ready(process, url, attempt)
        dataset = Dataset.open(digits)
        right = 0
        for sample in dataset[:20]:
            request = urllib.request.Request(f"{url}/predict", data=bytes(sample["image"]))
            request.add_header("Content-Type", "image/png")
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = json.load(response)
            assert answer["type"] == "classification"
            assert len(answer["scores"]) == 10
            right += answer["label"] == str(sample["label"])
        assert right >= 16
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_the_api_refuses_a_tampered_model(
    make_task: "MakeTask", trained: "Finished", tmp_path: Path, free_port: int
) -> None:
    model = tmp_path / "model"
    shutil.copytree(trained.outputs["model"], model)
    data = bytearray((model / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (model / "model.safetensors").write_bytes(data)
    process, attempt, _ = make_task(NAME, "serve", inputs={"model": model}).start(KPL_PORT=str(free_port))
    assert process.wait(60) != 0
    assert "'model.safetensors' of the model" in (attempt / "log").read_text()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def run_isolated(folder: Path, script: str, *arguments: str) -> str:
    """Run a script of the package as its user does, with KPL and PyTorch made impossible to import."""
    code = (
        "import runpy, sys\n"
        "for name in ('kpl', 'torch', 'onnx', 'safetensors'): sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(folder)!r})\n"
        f"sys.argv = {[script, *arguments]!r}\n"
        f"runpy.run_path({str(folder / script)!r}, run_name='__main__')\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("KPL_", "PYTHON"))
    }
    finished = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return finished.stdout


def wait_until_ready(process: subprocess.Popen[bytes], url: str, attempt: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, (attempt / "log").read_text()
        try:
            with urllib.request.urlopen(f"{url}/v2/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("the API was not ready within a minute: " + (attempt / "log").read_text())
