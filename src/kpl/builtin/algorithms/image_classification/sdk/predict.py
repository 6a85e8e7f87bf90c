"""Classify images with the compiled model in this folder.

    python predict.py photo.jpg other.png

Needs only what requirements.txt names. From your own program: `Classifier().predict([open("photo.jpg", "rb").read()])`.
"""

import argparse
import importlib
import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent


class Classifier:
    """The model of a package folder, loaded once.

    Args:
        folder: the package; by default the folder of this file.
        target: one of the manifest's targets; by default the one this package was made for.
        threads: of the runtime; 0 leaves the choice to it.
    """

    def __init__(self, folder: Path = HERE, *, target: str = "", threads: int = 0) -> None:
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.labels: list[str] = self.manifest["labels"]
        self.target = target or str(self.manifest["default_target"])
        targets = self.manifest["targets"]
        if self.target not in targets:
            raise SystemExit(f"Unknown target {self.target!r}. This package holds {sorted(targets)}.")
        open_model = {"onnxruntime": open_onnx, "openvino": open_openvino}[targets[self.target]["runtime"]]
        self._answer = open_model(folder / targets[self.target]["file"], threads)

    def scores(self, images: list[bytes]) -> NDArray[np.float32]:
        """Probabilities [N, labels] of encoded images (PNG, JPEG, ...)."""
        size = self.manifest["preprocessing"]["resize"]
        return self._answer(np.stack([decode(data, size["height"], size["width"]) for data in images]))

    def predict(self, images: list[bytes], *, top: int = 1) -> list[list[tuple[str, float]]]:
        """The `top` most probable labels of each image with their probabilities."""
        answers = []
        for scores in self.scores(images):
            best = np.argsort(-scores, kind="stable")[:top]
            answers.append([(self.labels[index], float(scores[index])) for index in best])
        return answers


def decode(data: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """[height, width, 3] RGB pixels, upright, stretched. The model itself does the rest."""
    with Image.open(BytesIO(data)) as image:
        image.draft("RGB", (width * 2, height * 2))
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        pixels = upright.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(pixels)


Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def open_onnx(path: Path, threads: int) -> Answer:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it would report its use over the network
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda pixels: np.asarray(session.run(["scores"], {"image": pixels})[0], dtype=np.float32)


def open_openvino(path: Path, threads: int) -> Answer:
    openvino: Any = importlib.import_module("openvino")
    config = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        config["INFERENCE_NUM_THREADS"] = str(threads)
    model = openvino.Core().compile_model(str(path), "CPU", config)
    return lambda pixels: np.array(model([pixels])[0], dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description="Classify images.")
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--target", default="", help="a target named in manifest.json")
    parser.add_argument("--top", type=int, default=3, help="how many labels to print for each image")
    arguments = parser.parse_args()
    classifier = Classifier(target=arguments.target)
    for path in arguments.images:
        [best] = classifier.predict([path.read_bytes()], top=arguments.top)
        print(json.dumps({"image": str(path), "best": best}, ensure_ascii=False))


if __name__ == "__main__":
    main()
