"""The SDK package: models, manifest, samples and a self-test in one folder, and the same folder as a zip file."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from images import decode
from PIL import Image
from saved import SavedClassifier, preprocessing, signature
from targets import Answer

from kpl.dataset import Dataset

SAMPLES = Path(__file__).resolve().parent / "sdk"
TOLERANCE = {"fp32": 1e-3, "fp16": 1e-2}  # int8 kernels differ more from one processor to the next
CPP_COMMAND = "cd cpp && make && ./predict ../models/{target}/model.xml ../labels.txt image.ppm"
CPP = {
    "README.md": "## C++ (OpenVINO)\n\n`pip install openvino`, then `{command}`.\n",
    "README.zh-CN.md": "## C++（OpenVINO）\n\n先 `pip install openvino`，再 `{command}`。\n",
}


def write_bundle(
    output: Path,
    *,
    name: str,
    model: SavedClassifier,
    dataset: Dataset,
    golden_rows: list[int],
    models: dict[str, Path],
    chosen: str,
    answer: Answer,
    report: dict[str, Any],
) -> None:
    """Write `sdk/`, `<name>-sdk.zip` and `report.json` into `output`.

    Args:
        golden_rows: samples of the dataset that go into the package with the chosen target's answers.
        models: target name -> model file; its whole folder is taken.
        answer: the chosen target's answering function.
    """
    folder = output / "sdk"
    folder.mkdir(parents=True)
    for target, file in models.items():
        shutil.copytree(file.parent, folder / "models" / target)
    (folder / "labels.txt").write_text("\n".join(model.classes) + "\n", encoding="utf-8")
    golden = write_golden(folder / "golden", model, dataset, rows=golden_rows, chosen=chosen, answer=answer)
    (folder / "requirements.txt").write_text(requirements(chosen))
    write_samples(folder, name=name, model=model, models=models, chosen=chosen, golden=golden, report=report)
    rows = {row["target"]: row for row in report["targets"]}
    manifest = {
        "schema": "kpl.sdk/v1",
        "name": name,
        "task": "classification",
        "labels": model.classes,
        "signature": signature(model),
        "preprocessing": preprocessing(model),
        "postprocessing": {"scores": "probabilities, softmax is inside the model", "label": "argmax"},
        "default_target": chosen,
        "targets": {
            target: {
                "runtime": target.rpartition("-")[0],
                "file": f"models/{target}/{file.name}",
                **{key: value for key, value in rows[target].items() if key not in ("is_available", "needs")},
            }
            for target, file in models.items()
        },
        "hardware": report["hardware"],
        "versions": versions(),
        "files": hashes(folder),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    write_zip(folder, output / f"{name}-sdk.zip", root=f"{name}-sdk")
    (output / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_golden(
    folder: Path, model: SavedClassifier, dataset: Dataset, *, rows: list[int], chosen: str, answer: Answer
) -> list[str]:
    """Images as they are in the dataset, and what the chosen target answers. Returns the images' names."""
    folder.mkdir()
    names, pixels = [], []
    for number, row in enumerate(rows):
        data = bytes(dataset[row]["image"])
        with Image.open(BytesIO(data)) as image:
            names.append(f"{number}.{(image.format or 'img').lower()}")
        (folder / names[-1]).write_bytes(data)
        pixels.append(decode(data, model.height, model.width))
    scores = answer(np.stack(pixels))
    expected = {
        "target": chosen,
        "tolerance": TOLERANCE.get(chosen.rpartition("-")[2], 0.1),
        "samples": [
            {"file": name, "label": model.classes[int(one.argmax())], "scores": one.tolist()}
            for name, one in zip(names, scores, strict=True)
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return names


def requirements(chosen: str) -> str:
    runtime = chosen.rpartition("-")[0]
    return f"numpy\npillow\n{runtime}=={importlib.metadata.version(runtime)}\n"


def write_samples(
    folder: Path,
    *,
    name: str,
    model: SavedClassifier,
    models: dict[str, Path],
    chosen: str,
    golden: list[str],
    report: dict[str, Any],
) -> None:
    for sample in ("predict.py", "selftest.py"):
        shutil.copyfile(SAMPLES / sample, folder / sample)
    openvino = next((target for target in models if target.startswith("openvino")), "")
    if openvino:
        shutil.copytree(SAMPLES / "cpp", folder / "cpp")
    for readme, cpp in CPP.items():
        text = Template((SAMPLES / readme).read_text(encoding="utf-8")).substitute(
            name=name,
            labels=", ".join(model.classes),
            num_labels=len(model.classes),
            target=chosen,
            height=model.height,
            width=model.width,
            golden=golden[0],
            cpp=cpp.format(command=CPP_COMMAND.format(target=openvino)) if openvino else "",
            hardware=f"{report['hardware']['device']}, threads: {report['hardware']['threads']}",
            table=markdown_table(report["targets"]),
        )
        (folder / readme).write_text(text, encoding="utf-8")


def markdown_table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| target | accuracy before | after | p50 ms | p99 ms | images/s | kB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["accuracy_after"] is None:
            if row["needs"] and not row["is_available"]:
                lines.append(f"| {row['target']} | needs {row['needs']} | | | | | |")
            continue
        lines.append(
            f"| {row['target']} | {row['accuracy_before']:.4f} | {row['accuracy_after']:.4f} "
            f"| {row['latency_p50_ms']:.3f} | {row['latency_p99_ms']:.3f} | {row['throughput_per_s']:.0f} "
            f"| {row['size_bytes'] / 1000:.0f} |"
        )
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """Versions of what made the package, as far as it is installed."""
    found = {"python": platform.python_version()}
    for package in ("torch", "onnx", "onnxruntime", "openvino", "nncf", "numpy", "pillow"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hashes(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(folder).as_posix(): {
            "size_bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_zip(folder: Path, path: Path, *, root: str) -> None:
    """Pack a folder; equal folders give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(f"{root}/{file.relative_to(folder).as_posix()}")
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
