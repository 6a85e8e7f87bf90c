"""When running work will end and waiting work may start, as far as limits and history tell."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from kpl.resources import Machine, Placement
from kpl.scheduler.share import rate
from kpl.scheduler.snapshot import RunningTask, WaitingTask
from kpl.task.ids import TaskId


def latest_end_s(task: WaitingTask, started_at_s: float) -> float | None:
    """When the task will have ended for sure; None when nothing limits it."""
    return None if task.max_run_time_s is None else started_at_s + task.max_run_time_s


def expected_end_s(running: RunningTask, now_s: float) -> float | None:
    """When a running task will probably end; None when neither history nor a limit tells.

    One that has outrun what history says is expected to run as long again, up to its limit.
    """
    task, has_run = running.task, max(0.0, now_s - running.started_at_s)
    latest = latest_end_s(task, running.started_at_s)
    if task.expected_run_s is None:
        return None if latest is None else max(now_s, latest)
    earlier = task.attained_s / max(rate(task, len(running.placements)), 1e-9)
    left = task.expected_run_s - earlier - has_run
    if left <= 0:
        left = max(60.0, earlier + has_run)
    end = now_s + left
    return end if latest is None else max(now_s, min(end, latest))


Sort = tuple[str, tuple[str, ...]]
"""What a task most likely waits for: a kind of device with the models that are allowed, or CPU."""


def scarcest(task: WaitingTask) -> tuple[Sort, int]:
    """What the task most likely waits for, and how much of it."""
    if task.request.devices:
        first = max(task.request.devices, key=lambda wanted: wanted.count * wanted.share_milli)
        return (first.kind, first.models), task.min_workers * first.count * first.share_milli
    return ("cpu", ()), task.min_workers * task.request.cpu_milli


def sums_ahead(tasks: Sequence[WaitingTask]) -> dict[TaskId, int]:
    """For each of the tasks, in their order, how much of what it waits for is asked by those before it."""
    so_far: dict[Sort, int] = {}
    ahead: dict[TaskId, int] = {}
    for task in tasks:
        sort, amount = scarcest(task)
        kind, models = sort
        ahead[task.id] = so_far.get(sort, 0) + (so_far.get((kind, ()), 0) if models else 0)
        so_far[sort] = so_far.get(sort, 0) + amount
    return ahead


class Forecast:
    """When there will be room, by counting what running tasks give back against what those ahead ask for.

    It knows nothing of room on single machines: it is for people who ask how long, not for decisions.

    Args:
        running: those that start now, too.
        free: what of a sort is free.
    """

    def __init__(
        self,
        machines: Iterable[Machine],
        running: Iterable[RunningTask],
        free: Callable[[Sort], int],
        now_s: float,
    ) -> None:
        self._now_s, self._free = now_s, free
        self._models = {(m.name, d.kind, d.index): d.model for m in machines for d in m.devices}
        ends = (
            (now_s if one.is_stopping else expected_end_s(one, now_s), one.task.id, one.placements)
            for one in running
        )
        known = [(end, task, placements) for end, task, placements in ends if end is not None]
        self._ends = sorted(known, key=lambda entry: entry[:2])
        self._given_back: dict[Sort, tuple[list[float], list[int]]] = {}

    def start_s(self, task: WaitingTask, ahead: int) -> float | None:
        """When the task probably starts; None when those that end at a known time do not give back enough.

        Args:
            ahead: how much of what it waits for is asked by those before it.
        """
        sort, amount = scarcest(task)
        wanted = ahead + amount - self._free(sort)
        times, amounts = self._curve(sort)
        at = bisect_left(amounts, wanted)
        if wanted <= 0:
            return self._now_s
        return times[at] if at < len(times) else None

    def _curve(self, sort: Sort) -> tuple[list[float], list[int]]:
        """How much of a sort will have been given back until when."""
        if sort not in self._given_back:
            times: list[float] = []
            amounts: list[int] = []
            so_far = 0
            for end, _, placements in self._ends:
                amount = sum(self._amount_on(placement, sort) for placement in placements)
                if amount:
                    so_far += amount
                    times.append(end)
                    amounts.append(so_far)
            self._given_back[sort] = (times, amounts)
        return self._given_back[sort]

    def _amount_on(self, placement: Placement, sort: Sort) -> int:
        kind, models = sort
        if kind == "cpu":
            return placement.cpu_milli
        return sum(
            share.share_milli
            for share in placement.devices
            if share.kind == kind
            and (not models or self._models.get((placement.machine, kind, share.index)) in models)
        )
