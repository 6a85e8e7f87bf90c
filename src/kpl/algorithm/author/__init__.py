"""For authors of algorithms in Python: shorter words for the files and variables of the task contract.

    from kpl.algorithm import author

    lr = author.parameters().lr
    for step, batch in enumerate(read(author.input("dataset"))):
        author.metric("loss", train(batch, lr), step=step)
    weights.save(author.output("model") / "weights.bin")
    author.save_model(author.output("model"), task="classification", classes=names)

Everything works outside the platform too: inputs and outputs are folders below the current one, events go
nowhere.
"""

from kpl.algorithm.author.events import figure, metric, note, progress, refusal
from kpl.algorithm.author.files import (
    checkpoints,
    has_input,
    input,
    inputs,
    is_on_platform,
    output,
    unpacked_input,
)
from kpl.algorithm.author.parameters import Parameters, parameters
from kpl.algorithm.author.serving import serve
from kpl.algorithm.model import ModelManifest, ModelTampered, Signature, TensorSpec, load_model, save_model

__all__ = [
    "ModelManifest",
    "ModelTampered",
    "Parameters",
    "Signature",
    "TensorSpec",
    "checkpoints",
    "figure",
    "has_input",
    "input",
    "inputs",
    "is_on_platform",
    "load_model",
    "metric",
    "note",
    "output",
    "parameters",
    "progress",
    "refusal",
    "save_model",
    "serve",
    "unpacked_input",
]
