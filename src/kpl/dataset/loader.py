"""Batches for training, made by threads of this process.

Shuffled, sharded over ranks, resumable to the sample.

Decoders release the interpreter lock, so threads keep cores busy without copying batches between processes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.batch import Batch, BatchBuilder, Fields
from kpl.dataset.errors import DatasetDamaged
from kpl.dataset.order import Order, Position, num_batches
from kpl.dataset.reader import Damage, Dataset
from kpl.dataset.sample import Sample
from kpl.errors import Conflict, Invalid, nearest

Shuffle = Literal["auto", "rows", "blocks"]
Transform = Callable[[Sample], Any]
Collate = Callable[[Any], Any]


def _order_of(dataset: Dataset, start: Position | None, shuffle: Shuffle) -> str:
    """The shuffled order that is meant."""
    if shuffle not in ("auto", "rows", "blocks"):
        raise Invalid(f"shuffle='{shuffle}' is unknown.", hint=nearest(shuffle, ("auto", "rows", "blocks")))
    if shuffle != "auto":
        return shuffle
    if start is not None and start.order in ("rows", "blocks"):
        return start.order
    return "blocks" if dataset.snapshot.is_remote else "rows"


class Loader:
    """Iterates over one epoch after another; each `for` loop is an epoch, the first from `start` on.

    Either `transform` makes something of each sample and `collate` a batch of those, or `fields` says what a batch
    has, which is faster: see `kpl.dataset.batch`.

    Args:
        dataset: the samples, as a rule a split.
        transform: makes of a sample what goes into a batch; runs in threads, several at a time.
        fields: names, or what each field becomes, as in `{"image": Pixels(224, 224), "label": None}`.
        collate: makes a batch of a list of transformed samples, `stack` by default; or, with `fields`, of a batch
            what the caller wants.
        batch_size: of each rank.
        start: where to begin, as `position` said when training was interrupted.
        is_shuffled: False gives the samples as they are stored.
        shuffle: "rows" takes any row next; "blocks" mixes 64 blocks of 1 MiB at a time, so that over a network blocks
            are fetched and not rows. "auto" is the order that `start` tells, else "blocks" for a dataset at an address,
            else "rows".
        drop_last: leave out the rest of an epoch that does not fill a batch on every rank.
        num_threads: that make batches; 0 makes each when it is asked for, in the caller's thread.
        num_ahead: batches prepared while one is in use, which bounds the memory taken.

    Attributes:
        damaged: samples left out so far, of a dataset opened with `on_damage="skip"`.
    """

    def __init__(
        self,
        dataset: Dataset,
        transform: Transform | None = None,
        *,
        batch_size: int,
        fields: Fields | None = None,
        collate: Collate | None = None,
        seed: int = 0,
        start: Position | None = None,
        is_shuffled: bool = True,
        shuffle: Shuffle = "auto",
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
        if batch_size < 1 or num_threads < 0 or num_ahead < 1 or not 0 <= rank < world_size:
            raise Invalid(
                f"batch_size {batch_size}, num_threads {num_threads}, num_ahead {num_ahead}, rank {rank} of "
                f"{world_size}: all are at least 1 (threads 0), and rank < world_size."
            )
        if (transform is None) == (fields is None):
            raise Invalid("A loader needs either a transform or fields.", hint="Name the fields of a batch.")
        self._dataset = dataset
        self._source: _Source
        if transform is not None:
            self._source = _Samples(dataset, transform, collate or stack)
        else:
            self._source = _Columns(dataset, fields or (), collate)
        self._batch_size, self._drop_last = batch_size, drop_last
        self._rank, self._world_size = rank, world_size
        self._num_threads, self._num_ahead = num_threads, num_ahead
        order = _order_of(dataset, start, shuffle) if is_shuffled else "stored"
        if start is not None and start.order not in ("", order):
            raise Conflict(
                f"{dataset!r}: the position to resume at is one of the order '{start.order}', not of '{order}'.",
                hint="Leave `shuffle` and `is_shuffled` as they were when training was interrupted, or begin anew.",
            )
        self._is_shuffled = is_shuffled
        # also what comes as it is stored is read in blocks over a network
        self._in_blocks = (order if is_shuffled else _order_of(dataset, None, shuffle)) == "blocks"
        self._position = replace(start or Position(dataset.version, seed), order=order)
        self.damaged: list[Damage] = []

    @property
    def position(self) -> Position:
        """Where the next batch begins: four numbers and an order that, given as `start`, go on exactly there."""
        return self._position

    def __len__(self) -> int:
        """Batches that are left of this epoch."""
        rest = max(len(self._dataset) - self._position.position, 0)
        return num_batches(rest, self._batch_size, world_size=self._world_size, drop_last=self._drop_last)

    def __iter__(self) -> Iterator[Any]:
        at = self._position
        dataset = self._dataset
        order = Order(
            len(dataset), at.version, at.seed, at.epoch, dataset.split_name, self._is_shuffled,
            block_rows=dataset.snapshot.block_rows if self._in_blocks else 0,
        )  # fmt: skip
        where: Any = {"rank": self._rank, "world_size": self._world_size, "position": at.position}
        batches = order.batches(self._batch_size, drop_last=self._drop_last, **where)
        rows = dataset.rows if dataset.is_view else None
        windows = (each if rows is None else rows[each] for each in order.windows(self._batch_size, **where))
        names = self._source.names if self._in_blocks else []
        with self._open_pool() as pool:
            try:
                with dataset.snapshot.ahead(names, windows) as follow:
                    yield from self._run(pool, follow(batches), at)
            finally:
                if isinstance(pool, ThreadPoolExecutor):
                    pool.shutdown(wait=True, cancel_futures=True)
        self._position = replace(at, epoch=at.epoch + 1, position=0)

    def _open_pool(self) -> AbstractContextManager["_Pool"]:
        # made for each epoch, so that a loader can be forked and pickled in between
        if self._num_threads:
            return ThreadPoolExecutor(self._num_threads, thread_name_prefix="kpl-loader")
        return nullcontext(_Inline())

    def _run(self, pool: "_Pool", batches: Iterator[NDArray[np.int64]], at: Position) -> Iterator[Any]:
        waiting: deque[_Pending] = deque()
        num_ahead = self._num_ahead if self._num_threads else 0
        step = self._batch_size * self._world_size
        position = at.position
        for positions in batches:
            waiting.append(self._source.begin(pool, positions, max(self._num_threads, 1)))
            if len(waiting) > num_ahead:
                position = self._advance(at, position, step)
                yield waiting.popleft()(self.damaged)
        while waiting:
            position = self._advance(at, position, step)
            yield waiting.popleft()(self.damaged)

    def _advance(self, at: Position, position: int, step: int) -> int:
        position = min(position + step, len(self._dataset))
        self._position = replace(at, position=position)
        return position


class _Pool(Protocol):
    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]": ...


class _Inline:
    """Does the work at once."""

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*args))
        return done


_Pending = Callable[[list[Damage]], Any]


class _Source(Protocol):
    @property
    def names(self) -> list[str] | None:
        """The fields that batches are made of; None if that is not known."""

    def begin(self, pool: _Pool, positions: NDArray[np.int64], num_threads: int) -> _Pending:
        """Start on a batch; the result waits for it, notes samples left out, and gives it."""


class _Samples:
    """Batches of what `transform` makes of each sample."""

    def __init__(self, dataset: Dataset, transform: Transform, collate: Collate) -> None:
        self._dataset, self._transform, self._collate = dataset, transform, collate
        self.names = None

    def begin(self, pool: _Pool, positions: NDArray[np.int64], num_threads: int) -> _Pending:
        del num_threads  # every sample is a job of its own
        samples = self._dataset[positions]
        futures = [pool.submit(self._load, sample) for sample in samples]
        return lambda damaged: self._finish(futures, damaged)

    def _load(self, sample: Sample) -> Any:
        try:
            return self._transform(sample)
        except DatasetDamaged as err:
            if self._dataset.on_damage == "raise":
                raise
            return Damage(sample.row, str(err))

    def _finish(self, futures: list["Future[Any]"], damaged: list[Damage]) -> Any:
        items = [future.result() for future in futures]
        damaged += [item for item in items if isinstance(item, Damage)]
        return self._collate([item for item in items if not isinstance(item, Damage)])


class _Columns:
    """Batches made field by field."""

    def __init__(self, dataset: Dataset, fields: Fields, convert: Collate | None) -> None:
        self._dataset, self._fields, self._convert = dataset, fields, convert
        self._builder = BatchBuilder(dataset, fields)
        self.names = list(fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Columns, (self._dataset, self._fields, self._convert)

    def begin(self, pool: _Pool, positions: NDArray[np.int64], num_threads: int) -> _Pending:
        num_chunks = self._builder.num_chunks(len(positions), num_threads)
        if num_chunks == 1:
            futures = [pool.submit(self._make, positions)]
        else:
            bounds = np.linspace(0, len(positions), num_chunks + 1).astype(int).tolist()
            first = pool.submit(self._begin, positions)
            chunks = pairwise(bounds)
            # the batch itself is made by the first job, which the others, behind it in the queue, wait for
            futures = [first, *(pool.submit(self._fill, first, positions, *chunk) for chunk in chunks)]
        return lambda damaged: self._finish(futures, positions, damaged)

    def _begin(self, positions: NDArray[np.int64]) -> Batch | DatasetDamaged:
        try:
            return self._builder.begin(positions)
        except DatasetDamaged as err:
            return err

    def _fill(
        self, first: "Future[Batch | DatasetDamaged]", positions: NDArray[np.int64], start: int, stop: int
    ) -> DatasetDamaged | None:
        batch = first.result()
        if isinstance(batch, dict):
            try:
                self._builder.fill(batch, positions, start, stop)
            except DatasetDamaged as err:
                return err
        return None

    def _make(self, positions: NDArray[np.int64]) -> Batch | DatasetDamaged:
        try:
            batch = self._builder.begin(positions)
            self._builder.fill(batch, positions, 0, len(positions))
        except DatasetDamaged as err:
            return err
        return batch

    def _finish(
        self, futures: list["Future[Any]"], positions: NDArray[np.int64], damaged: list[Damage]
    ) -> Any:
        results = [future.result() for future in futures]
        batch = results[0]
        error = next((each for each in results if isinstance(each, DatasetDamaged)), None)
        if error is not None:
            if self._dataset.on_damage == "raise":
                raise error
            batch = self._without_damaged(positions, damaged)
        return batch if self._convert is None else self._convert(batch)

    def _without_damaged(self, positions: NDArray[np.int64], damaged: list[Damage]) -> Batch:
        found = [self._builder.damage(position) for position in positions.tolist()]
        damaged += [each for each in found if each is not None]
        whole = positions[np.array([each is None for each in found], bool)]
        batch = self._builder.begin(whole)
        self._builder.fill(batch, whole, 0, len(whole))
        return batch


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
