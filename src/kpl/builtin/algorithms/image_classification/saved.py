"""The model on disk: model.safetensors (weights), network.json (how to build the network), model.json (manifest)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from network import Classifier, Network, NetworkConfig
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kpl.algorithm import author

WEIGHTS = "model.safetensors"
NETWORK = "network.json"


@dataclass(frozen=True, slots=True)
class SavedClassifier:
    """A loaded model, ready to answer. Images are to be stretched to `height` x `width`."""

    classifier: Classifier
    classes: list[str]
    height: int
    width: int


def save_classifier(
    folder: Path, model: SavedClassifier, *, metrics: dict[str, float], extra: dict[str, Any]
) -> None:
    """Write weights, configuration and manifest; `extra` joins network.json for the curious."""
    classifier = model.classifier.cpu()
    weights = {name: tensor.detach().contiguous() for name, tensor in classifier.network.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors writes for the owner alone
    description = {
        "network": classifier.network.config.to_json(),
        "mean": classifier.mean.flatten().tolist(),
        "std": classifier.std.flatten().tolist(),
        "height": model.height,
        "width": model.width,
        **extra,
    }
    (folder / NETWORK).write_text(json.dumps(description, indent=1) + "\n")
    author.save_model(
        folder,
        task="classification",
        classes=model.classes,
        signature=signature(model),
        preprocessing=preprocessing(model),
        metrics=metrics,
    )


def load_classifier(folder: Path) -> SavedClassifier:
    """Load a model that `save_classifier` wrote; refuses files that were changed since."""
    manifest = author.load_model(folder)
    description = json.loads((folder / NETWORK).read_text())
    network = Network(NetworkConfig.from_json(description["network"]))
    network.load_state_dict(load_file(folder / WEIGHTS))
    classifier = Classifier(network, description["mean"], description["std"]).eval()
    return SavedClassifier(classifier, list(manifest.classes), description["height"], description["width"])


def signature(model: SavedClassifier) -> dict[str, Any]:
    return {
        "inputs": [{"name": "image", "dtype": "uint8", "shape": [-1, model.height, model.width, 3]}],
        "outputs": [{"name": "scores", "dtype": "float32", "shape": [-1, len(model.classes)]}],
    }


def preprocessing(model: SavedClassifier) -> dict[str, Any]:
    """What a caller does to a photo before the model sees it. Normalisation is inside the model."""
    return {
        "upright": "exif",
        "colour": "rgb",
        "resize": {"height": model.height, "width": model.width, "filter": "bilinear", "keep_aspect": False},
        "layout": "NHWC",
        "dtype": "uint8",
    }


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Which tensors of a network came from given weights."""

    matched: list[str]
    missing: list[str]  # the network has it, the weights do not
    mismatched: list[str]  # both have it, in different shapes
    unused: list[str]  # only the weights have it

    def lines(self) -> list[str]:
        total = len(self.matched) + len(self.missing) + len(self.mismatched)
        return [
            f"{len(self.matched)} of {total} tensors start from the given model",
            *(f"  matched: {name}" for name in self.matched),
            *(f"  missing in the given model: {name}" for name in self.missing),
            *(f"  other shape: {name}" for name in self.mismatched),
            *(f"  not used: {name}" for name in self.unused),
        ]


def load_matching(network: nn.Module, weights: dict[str, Tensor]) -> MatchReport:
    """Copy every tensor whose name and shape agree; leave the others as they are."""
    own = network.state_dict()
    matched, missing, mismatched = [], [], []
    for name, tensor in own.items():
        if name not in weights:
            missing.append(name)
        elif weights[name].shape != tensor.shape:
            mismatched.append(f"{name} {list(weights[name].shape)} -> {list(tensor.shape)}")
        else:
            matched.append(name)
    with torch.no_grad():
        for name in matched:
            own[name].copy_(weights[name])
    return MatchReport(matched, missing, mismatched, sorted(set(weights) - set(own)))


def find_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of a model folder: of this algorithm, or any model that consists of safetensors files."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise author.refusal(
            f"The input `model` holds no *.safetensors file, only {sorted(path.name for path in folder.iterdir())}. "
            "Give a model trained here, or weights saved as safetensors.",
            text_zh="输入 `model` 中没有 *.safetensors 文件。请提供在此训练的模型，或 safetensors 格式的权重。",
        )
    return {name: tensor for file in files for name, tensor in load_file(file).items()}
