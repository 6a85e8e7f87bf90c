"""Outputs of a model to answers that anybody can read, typed by the model's task."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kpl.algorithm.author.serving.endpoint import Endpoint, Output
from kpl.errors import Invalid
from kpl.sentence import Sentence


def make_answer(endpoint: Endpoint, output: Output) -> dict[str, Any]:
    """The answer to `POST /predict` for one output, without model name and latency.

    Raises:
        Invalid: KPL has no answer of its own for the task, and the algorithm gave none.
    """
    if endpoint.answer is not None:
        return {"type": endpoint.model.task, **endpoint.answer(output)}
    if endpoint.model.task == "classification":
        return _classification(endpoint, output)
    raise Invalid(
        Sentence(
            f"This endpoint has no typed answer for the task '{endpoint.model.task}'.",
            f"此服务对任务类型“{endpoint.model.task}”没有现成的结果格式。",
        ),
        hint=Sentence(
            f"Ask /v2/models/{endpoint.name}/infer, or give 'answer' to author.serve.",
            f"请调用 /v2/models/{endpoint.name}/infer，或向 author.serve 传入 `answer`。",
        ),
    )


def _classification(endpoint: Endpoint, output: Output) -> dict[str, Any]:
    """Scores of all classes, best first; equal scores in the order of class ids."""
    values = output[endpoint.outputs[0].name] if isinstance(output, Mapping) else output
    scores = np.asarray(values, np.float64).ravel()
    classes = endpoint.model.classes or tuple(str(number) for number in range(len(scores)))
    if len(classes) != len(scores):
        raise RuntimeError(
            f"the model has {len(classes)} classes, but predict_batch gave {len(scores)} scores"
        )
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    return {
        "type": "classification",
        "label": classes[best],
        "class_id": best,
        "scores": [{"label": classes[i], "score": round(float(scores[i]), 6)} for i in order],
    }
