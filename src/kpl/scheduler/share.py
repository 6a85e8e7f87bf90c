"""What share of the machines a queue uses, and which of several queues goes next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kpl.resources import Machine
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.quota import Books
from kpl.scheduler.snapshot import Discipline, RunningTask, WaitingTask


def totals(machines: Iterable[Machine]) -> dict[str, int]:
    """What all machines have together, by resource."""
    total = {"cpu": 0, "memory": 0}
    numbers: Counter[tuple[str, str]] = Counter()
    for machine in machines:
        total["cpu"] += machine.cpu_milli
        total["memory"] += machine.memory_mib
        numbers.update([(device.kind, device.model) for device in machine.devices])
    for (kind, model), number in numbers.items():
        for name in (kind, f"{kind}:{model}") if model else (kind,):
            total[name] = total.get(name, 0) + number * WHOLE_DEVICE_MILLI
    return total


ShareKey = tuple[tuple[float, str], ...]


def share_key(books: Books, path: tuple[int, ...], total: Mapping[str, int]) -> ShareKey:
    """Who goes first among queues: compare from the top of the tree downwards, the smaller key goes first.

    A queue above its guarantee is judged by the dominant share of what it borrowed, by weight; one within it by the
    part of it that it uses, and before those that borrow.
    """
    return tuple(
        (_standing(books, number, total), books.tree.nodes[number].queue.name) for number in path[1:]
    )


def _standing(books: Books, number: int, total: Mapping[str, int]) -> float:
    """Below 0 within the guarantee, from -1 when nothing is used; above, the borrowed share over weight."""
    node, used = books.tree.nodes[number], books.kept(number)
    deserved = node.deserved
    borrowed, filled = 0.0, 0.0
    for resource, all_of_it in total.items():
        amount, promised = used.get(resource, 0), deserved.get(resource, 0)
        if promised:
            filled = max(filled, amount / promised)
        if amount > promised and (promised or ":" not in resource) and all_of_it:
            borrowed = max(borrowed, (amount - promised) / all_of_it)
    if deserved and filled < 1.0 and _borrows_only_unnamed(used, deserved):
        return filled - 1.0
    return borrowed / max(node.queue.weight, 1e-9)


def _borrows_only_unnamed(used: Mapping[str, int], deserved: Mapping[str, int]) -> bool:
    return all(used.get(resource, 0) <= amount for resource, amount in deserved.items())


def rate(task: WaitingTask, num_workers: int) -> float:
    """Devices that the task has at a time, or cores where it asks for no device: what a second of it costs."""
    milli = 0
    for wanted in (
        task.request.devices
    ):  # asked of every running task: a loop is twice as fast as a sum over a generator
        milli += wanted.count * wanted.share_milli
    return num_workers * (milli or task.request.cpu_milli) / 1000


class Service(NamedTuple):
    """What a task has had so far.

    Attributes:
        attained_s: device-seconds, earlier attempts included.
        run_s: how long it took to get them at the size that the task has, or asks for.
        per_second: what a second of it costs.
    """

    attained_s: float
    run_s: float
    per_second: float


_NOTHING = Service(0.0, 0.0, 0.0)


def service_of(task: WaitingTask) -> Service:
    """What a waiting task had in its earlier attempts."""
    if task.attained_s <= 0:
        return _NOTHING
    return _service(task.attained_s, rate(task, task.min_workers))


def service_until(running: RunningTask, now_s: float) -> Service:
    per_second = rate(running.task, len(running.placements))
    return _service(running.task.attained_s + max(0.0, now_s - running.started_at_s) * per_second, per_second)


def _service(attained_s: float, per_second: float) -> Service:
    return Service(attained_s, attained_s / max(per_second, 1e-9), per_second)


def level_of(task: WaitingTask, service: Service, now_s: float, discipline: Discipline) -> int:
    """The level of service of a task, waiting or running: from 0 for those that have had least.

    One that has waited beyond patience is at 0 again, and stays there while it runs until it has had its due: it
    would otherwise be stopped for others as soon as it runs.
    """
    levels = discipline.service_levels_s
    if not levels or service.attained_s < levels[0] or overdue_at_s(task, service, discipline) <= now_s:
        return 0
    return sum(service.attained_s >= level for level in levels)


def overdue_at_s(task: WaitingTask, service: Service, discipline: Discipline) -> float:
    """When a task will have waited beyond patience if it goes on waiting: a fixed time, and more the longer it ran."""
    return task.since_s + discipline.patience_s + (1 + discipline.patience_by_run) * service.run_s
