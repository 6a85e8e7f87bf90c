"""Batches for training, made by threads of this process.

Shuffled, sharded over ranks, resumable to the sample.

Decoders release the interpreter lock, so threads keep cores busy without copying batches between processes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import DatasetDamaged
from kpl.dataset.order import Order, Position, num_batches
from kpl.dataset.reader import Damage, Dataset
from kpl.dataset.sample import Sample
from kpl.errors import Conflict, Invalid

Transform = Callable[[Sample], Any]
Collate = Callable[[list[Any]], Any]


class Loader:
    """Iterates over one epoch after another; each `for` loop is an epoch, the first from `start` on.

    Args:
        dataset: the samples, as a rule a split.
        transform: makes of a sample what goes into a batch; runs in threads, several at a time.
        collate: makes a batch of a list of those; `stack` by default.
        batch_size: of each rank.
        start: where to begin, as `position` said when training was interrupted.
        is_shuffled: False gives the samples as they are stored.
        drop_last: leave out the rest of an epoch that does not fill a batch on every rank.
        num_threads: that run `transform`.
        num_ahead: batches prepared while one is in use.

    Attributes:
        damaged: samples left out so far, of a dataset opened with `on_damage="skip"`.
    """

    def __init__(
        self,
        dataset: Dataset,
        transform: Transform,
        *,
        batch_size: int,
        collate: Collate | None = None,
        seed: int = 0,
        start: Position | None = None,
        is_shuffled: bool = True,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
        num_threads: int = 2,
        num_ahead: int = 2,
    ) -> None:
        if start is not None and start.version != dataset.version:
            raise Conflict(
                f"{dataset!r}: the position to resume at is one of version {start.version}.",
                hint="Open that version, or begin anew.",
            )
        if batch_size < 1 or num_threads < 1 or num_ahead < 1 or not 0 <= rank < world_size:
            raise Invalid(
                f"batch_size {batch_size}, num_threads {num_threads}, num_ahead {num_ahead}, rank {rank} of "
                f"{world_size}: all are at least 1, and rank < world_size."
            )
        self._dataset, self._transform, self._collate = dataset, transform, collate or stack
        self._batch_size, self._drop_last = batch_size, drop_last
        self._rank, self._world_size = rank, world_size
        self._num_threads, self._num_ahead = num_threads, num_ahead
        self._is_shuffled = is_shuffled
        self._position = start or Position(dataset.version, seed)
        self.damaged: list[Damage] = []

    @property
    def position(self) -> Position:
        """Where the next batch begins: four numbers that, given as `start`, go on exactly there."""
        return self._position

    def __len__(self) -> int:
        """Batches that are left of this epoch."""
        rest = max(len(self._dataset) - self._position.position, 0)
        return num_batches(rest, self._batch_size, world_size=self._world_size, drop_last=self._drop_last)

    def __iter__(self) -> Iterator[Any]:
        at = self._position
        order = Order(
            len(self._dataset), at.version, at.seed, at.epoch, self._dataset.split_name, self._is_shuffled
        )
        batches = order.batches(
            self._batch_size,
            rank=self._rank,
            world_size=self._world_size,
            position=at.position,
            drop_last=self._drop_last,
        )
        pool = ThreadPoolExecutor(self._num_threads, thread_name_prefix="kpl-loader")
        try:
            yield from self._run(pool, batches, at)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._position = Position(at.version, at.seed, at.epoch + 1)

    def _run(
        self, pool: ThreadPoolExecutor, batches: Iterator[NDArray[np.int64]], at: Position
    ) -> Iterator[Any]:
        waiting: deque[list[Future[Any]]] = deque()
        step = self._batch_size * self._world_size
        position = at.position
        for positions in batches:
            waiting.append([pool.submit(self._load, i) for i in positions.tolist()])
            if len(waiting) > self._num_ahead:
                position = self._advance(at, position, step)
                yield self._finish(waiting.popleft())
        while waiting:
            position = self._advance(at, position, step)
            yield self._finish(waiting.popleft())

    def _advance(self, at: Position, position: int, step: int) -> int:
        position = min(position + step, len(self._dataset))
        self._position = Position(at.version, at.seed, at.epoch, position)
        return position

    def _load(self, position: int) -> Any:
        sample = self._dataset[position]
        try:
            return self._transform(sample)
        except DatasetDamaged as err:
            if self._dataset.on_damage == "raise":
                raise
            return Damage(sample.row, str(err))

    def _finish(self, futures: list[Future[Any]]) -> Any:
        items = [future.result() for future in futures]
        damaged = [item for item in items if isinstance(item, Damage)]
        if damaged:
            self.damaged += damaged
            items = [item for item in items if not isinstance(item, Damage)]
        return self._collate(items)


def stack(items: list[Any]) -> Any:
    """A batch of samples.

    Arrays and numbers stacked, tuples and dictionaries part by part, the rest as a list.
    """
    if not items:
        return []
    first = items[0]
    if isinstance(first, tuple):
        return tuple(stack(list(part)) for part in zip(*items, strict=True))
    if isinstance(first, dict):
        return {name: stack([item[name] for item in items]) for name in first}
    if isinstance(first, (np.ndarray, int, float, np.number)):
        return np.stack([np.asarray(item) for item in items])
    return items
