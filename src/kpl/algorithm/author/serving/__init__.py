"""Serving a model over HTTP: `author.serve`. FastAPI and uvicorn are imported when it is called, not before.

endpoint    what is served: the model's functions and limits
batcher     requests that wait together are answered by one call
tensors     Open Inference Protocol: requests to arrays and back
answers     outputs to typed answers, as `POST /predict` gives them
app         the HTTP routes
process     listening, draining on SIGTERM
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from kpl.algorithm import protocol
from kpl.algorithm.author.serving.endpoint import Decode, Endpoint, PredictBatch
from kpl.algorithm.model import ModelManifest

__all__ = ["Endpoint", "serve"]


def serve(
    predict_batch: PredictBatch,
    *,
    model: ModelManifest,
    decode: Decode | None = None,
    answer: Callable[[Any], Mapping[str, Any]] | None = None,
    name: str = "",
    version: str = "1",
    max_batch: int = 8,
    max_delay_s: float = 0.002,
    max_waiting: int = 256,
    max_body_bytes: int = 32 << 20,
) -> None:
    """Answer requests until SIGTERM; then finish those that were taken and return.

    Listens on `KPL_HOST:KPL_PORT`, on 127.0.0.1:8000 outside the platform.

    Args:
        predict_batch: takes up to `max_batch` samples, gives one output each. A sample is an array without
            the batch dimension, or a dict of such arrays by name where the model has several inputs; so is an
            output. It is called from one thread, one batch at a time.
        decode: bytes of an image file to a sample. `POST /predict` needs it. It is called from several
            threads; raise `kpl.errors.Invalid` for what is no image.
        answer: one output to the JSON object that `POST /predict` gives. Left out, it is made for the model's
            task: for classification, outputs are the scores of the classes.
        name: what the model is called in `/v2/models/NAME`; the endpoint's name when left out, outside the platform
            the model's task.
        max_delay_s: how long a sample may wait for others that are on their way, before a batch starts.
        max_waiting: further requests are refused while so many samples wait.
    """
    from kpl.algorithm.author.serving.process import run

    endpoint = Endpoint(
        predict_batch=predict_batch,
        model=model,
        decode=decode,
        answer=answer,
        name=name or _name_of_endpoint() or model.task,
        version=version,
        max_batch=max_batch,
        max_delay_s=max_delay_s,
        max_waiting=max_waiting,
        max_body_bytes=max_body_bytes,
    )
    run(endpoint)


def _name_of_endpoint() -> str:
    """The last part of the path under which the platform shows the endpoint."""
    return os.environ.get(protocol.BASE_PATH, "").rstrip("/").rpartition("/")[2]
