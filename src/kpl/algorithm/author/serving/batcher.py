"""Dynamic batching: samples that wait at the same time are answered by one call of the model.

While the model works, samples gather; as soon as it is free the next batch starts. A batch waits for more
only when requests are on their way (being received or decoded), and never longer than `max_delay_s`: a single
client is never held up.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kpl.algorithm.author.serving.endpoint import prediction_error
from kpl.errors import KPLError, Unavailable
from kpl.sentence import Sentence

RunBatch = Callable[[list[Any]], list[Any]]


class Overloaded(Unavailable):
    """More samples wait than are allowed to."""

    code = "overloaded"


@dataclass(frozen=True, slots=True)
class _Waiting:
    sample: Any
    answer: "asyncio.Future[Any]"


class Batcher:
    """To be used from one event loop. `run_batch` is called in a thread of its own, one batch at a time."""

    def __init__(
        self,
        run_batch: RunBatch,
        *,
        max_batch: int,
        max_delay_s: float,
        max_waiting: int,
        on_batch: Callable[[int], None],
    ) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._max_delay_s = max_delay_s
        self._max_waiting = max_waiting
        self._on_batch = on_batch
        self._queue: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._num_coming = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")

    @property
    def num_waiting(self) -> int:
        return len(self._queue)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While inside, a sample is on its way: a batch that is not full may wait for it."""
        self._num_coming += 1
        try:
            yield
        finally:
            self._num_coming -= 1
            self._changed.set()

    async def predict(self, samples: list[Any]) -> list[Any]:
        """The output of each sample.

        Raises:
            Overloaded: too many samples wait already.
            PredictionError: the algorithm failed on a sample.
        """
        if len(self._queue) >= self._max_waiting:
            raise Overloaded(
                Sentence(
                    f"{len(self._queue)} samples wait already.", f"已有 {len(self._queue)} 个样本在排队。"
                ),
                hint=Sentence("Try again in a moment.", "请稍后再试。"),
            )
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(sample, loop.create_future()) for sample in samples]
        self._queue.extend(waiting)
        self._changed.set()
        answers = await asyncio.gather(*(each.answer for each in waiting), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def run(self) -> None:
        """Answer what comes until cancelled."""
        while True:
            await self._wait_for_samples()
            batch = [self._queue.popleft() for _ in range(min(self._max_batch, len(self._queue)))]
            batch = [each for each in batch if not each.answer.cancelled()]
            if batch:
                await self._answer(batch)

    async def _wait_for_samples(self) -> None:
        while not self._queue:
            await self._wait_for_change(None)
        deadline_s = asyncio.get_running_loop().time() + self._max_delay_s
        while len(self._queue) < self._max_batch and self._num_coming:
            left_s = deadline_s - asyncio.get_running_loop().time()
            if left_s <= 0 or not await self._wait_for_change(left_s):
                return

    async def _wait_for_change(self, timeout_s: float | None) -> bool:
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _answer(self, batch: list[_Waiting]) -> None:
        self._on_batch(len(batch))
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(
                self._thread, self._run_batch, [each.sample for each in batch]
            )
        except Exception as err:  # noqa: BLE001  # the algorithm is not ours: whatever it raises answers the request
            await self._answer_failed(batch, err)
            return
        for each, output in zip(batch, outputs, strict=True):
            _settle(each, output)

    async def _answer_failed(self, batch: list[_Waiting], err: Exception) -> None:
        if len(batch) > 1:
            # One bad sample must not fail the others.
            for each in batch:
                await self._answer([each])
            return
        if not isinstance(err, KPLError):
            err = prediction_error(err)
        _settle(batch[0], err)

    def close(self) -> None:
        self._thread.shutdown(wait=False)


def _settle(waiting: _Waiting, result: Any) -> None:
    if waiting.answer.done():  # the client went away
        return
    if isinstance(result, Exception):
        waiting.answer.set_exception(result)
    else:
        waiting.answer.set_result(result)
