"""Work on many items in threads, with the results in the order of the items and few of them in memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from os import sched_getaffinity
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_ITEMS_AT_ONCE = 4  # handing over costs 40 us, a tenth of reading a small file


def num_cores() -> int:
    """How many cores this process may use."""
    return len(sched_getaffinity(0))


def in_order(work: Callable[[T], R], items: Iterable[T], *, num_threads: int) -> Generator[R, None, None]:
    """What `work` gives for each item, as `map` does; an error may come up to three items early.

    At most `8 * num_threads + 4` results wait at a time. Close the iterator to end early.

    Args:
        num_threads: that work ahead; with 1 or fewer everything happens here, when it is asked for.
    """
    if num_threads <= 1:
        yield from map(work, items)
        return

    def work_on(part: list[T]) -> list[R]:
        return [work(item) for item in part]

    rest = iter(items)
    waiting: deque[Future[list[R]]] = deque()
    pool = ThreadPoolExecutor(num_threads, thread_name_prefix="kpl-import")
    try:
        while True:
            while len(waiting) <= 2 * num_threads and (part := list(islice(rest, _ITEMS_AT_ONCE))):
                waiting.append(pool.submit(work_on, part))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
