"""What is served: the functions of an algorithm, its model, and limits."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpl.algorithm.model import ModelManifest, TensorSpec
from kpl.errors import Invalid, KPLError

Sample = Any
Output = Any
PredictBatch = Callable[[list[Sample]], Sequence[Output]]
Decode = Callable[[bytes], Sample]


_log = logging.getLogger("kpl.serving")


class PredictionError(KPLError):
    """The algorithm failed, or gave what its model does not promise: not the request's fault."""

    code = "prediction_failed"


def prediction_error(err: Exception) -> PredictionError:
    """Log an error of the algorithm with its traceback, and say it in a sentence."""
    _log.error("The algorithm failed on a sample.", exc_info=err)
    failed = PredictionError(
        f"The algorithm failed: {type(err).__name__}: {err}.", hint="The endpoint's log has the traceback."
    )
    failed.__cause__ = err
    return failed


@dataclass(frozen=True, slots=True)
class Endpoint:
    """See `author.serve` for the fields."""

    predict_batch: PredictBatch
    model: ModelManifest
    decode: Decode | None = None
    answer: Callable[[Output], Mapping[str, Any]] | None = None
    name: str = "model"
    version: str = "1"
    max_batch: int = 8
    max_delay_s: float = 0.002
    max_waiting: int = 256
    max_body_bytes: int = 32 << 20

    def __post_init__(self) -> None:
        if not self.inputs or not self.outputs:
            raise Invalid(
                f"The model in {self.model.folder} has no signature, so requests cannot be checked.",
                hint="Give 'signature' with inputs and outputs to author.save_model.",
            )

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.model.signature.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.model.signature.outputs

    def run(self, samples: list[Sample]) -> list[Output]:
        """Call the algorithm for one batch.

        Raises:
            RuntimeError: it gave another number of outputs than it was given samples.
            Exception: whatever it raised itself.
        """
        outputs = list(self.predict_batch(samples))
        if len(outputs) != len(samples):
            raise RuntimeError(f"predict_batch gave {len(outputs)} outputs for {len(samples)} samples")
        return outputs
