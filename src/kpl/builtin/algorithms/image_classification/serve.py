"""Serve a model: Open Inference Protocol v2, and `POST /predict` with an image file."""

import hardware
import numpy as np
import torch
from images import decode
from numpy.typing import NDArray
from saved import load_classifier

from kpl.algorithm import author

Pixels = NDArray[np.uint8]  # [height, width, 3]


def main() -> None:
    parameters = author.parameters()
    device = hardware.choose_device()
    folder = author.input("model")
    model = load_classifier(folder)  # refuses files that were changed since training
    classifier = model.classifier.to(device)

    def predict(batch: list[Pixels]) -> list[NDArray[np.float32]]:
        pixels = torch.from_numpy(np.stack(batch))
        with torch.inference_mode():
            return list(classifier(pixels.to(device)).cpu().numpy())

    author.serve(
        predict,
        model=author.load_model(folder),
        decode=lambda data: decode(data, model.height, model.width),
        max_batch=parameters.max_batch,
    )


if __name__ == "__main__":
    main()
