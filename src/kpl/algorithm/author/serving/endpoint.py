"""What is served: the functions of an algorithm, its model, and limits."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpl.algorithm.model import ModelManifest, TensorSpec
from kpl.errors import Invalid, KPLError
from kpl.sentence import Sentence

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
        Sentence(
            f"The algorithm failed: {type(err).__name__}: {err}.",
            f"算法出错（{type(err).__name__}）：{err}。",
        ),
        hint=Sentence("The endpoint's log has the traceback.", "详细原因见服务日志。"),
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
                Sentence(
                    f"The model in {self.model.folder} has no signature, so requests cannot be checked.",
                    f"{self.model.folder} 中的模型没有签名，无法检查请求。",
                ),
                hint=Sentence(
                    "Give 'signature' with inputs and outputs to author.save_model.",
                    "请向 author.save_model 传入含输入和输出的 `signature`。",
                ),
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
