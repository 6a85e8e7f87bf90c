"""Answer with how frequent each class was, whatever is asked."""

import json

import numpy as np

from kpl.algorithm import author

model = author.load_model(author.input("model"))
scores = np.array(json.loads(model.path("scores.json").read_text()), np.float32)


def predict_batch(samples: list[np.ndarray]) -> list[np.ndarray]:
    """The same scores for every sample."""
    return [scores for _ in samples]


def decode(data: bytes) -> np.ndarray:
    """Its size is all that this model looks at."""
    return np.array([len(data)], np.float32)


author.serve(predict_batch, model=model, decode=decode, name="hello", max_batch=author.parameters().max_batch)
