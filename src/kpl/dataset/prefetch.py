"""Fetching the blobs of an epoch before its batches ask for them, a window of the order at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.ranges import Announced, Extents, Ranges

_NUM_AHEAD = 16
_MAX_WINDOWS = 3  # one that comes next, one being read, and one whose last batches are still being made

Rows = NDArray[np.int64]
Find = Callable[[Sequence[str], Rows], Iterator[Extents]]


class Prefetch:
    """Keeps at most two windows of blobs, one being read and one that comes next; a context manager.

    Blobs are held by `Ranges`; whoever takes one takes it away. What is not held is fetched as if nobody had
    fetched anything ahead, so that this changes when bytes come and nothing else.

    Args:
        find: (names of fields, rows) to files and the [begin, end) of each blob in them.
        names: fields to fetch; or a function that says which were read so far.
        windows: rows in the order in which batches bring them.
    """

    def __init__(
        self,
        ranges: Ranges,
        find: Find,
        names: Callable[[], Sequence[str]],
        windows: Iterator[Rows],
    ) -> None:
        self._ranges, self._find, self._names, self._windows = ranges, find, names, windows
        self._num_announced = self._num_given = self._window_rows = 0
        self._announced: deque[Announced] = deque()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(_NUM_AHEAD, thread_name_prefix="kpl-prefetch")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for announced in self._announced:  # such as the rest of an epoch that did not fill a batch
            self._ranges.forget(announced)

    def follow(self, batches: Iterator[Rows]) -> Iterator[Rows]:
        """The same batches; before each, the windows that are due by then are asked for."""
        for batch in batches:
            while self._num_announced - self._num_given <= self._window_rows:
                names = self._names()
                window = next(self._windows, None) if names else None
                if window is None:
                    break
                self._announce(names, window)
            self._num_given += len(batch)
            yield batch

    def _announce(self, names: Sequence[str], window: Rows) -> None:
        num_passed = max(self._num_given - self._num_announced, 0)
        self._num_announced += len(window)
        self._window_rows = len(window)
        extents = self._find(names, window[num_passed:])
        self._announced.append(self._ranges.announce(extents, self._pool.submit))
        if len(self._announced) > _MAX_WINDOWS:
            self._ranges.forget(self._announced.popleft())
