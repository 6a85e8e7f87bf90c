"""Who goes next: queues by guarantee and share, tasks inside a queue by priority, service and age.

Tasks that ask for the same on behalf of the same user are one group: what keeps its first from starting keeps all of
them, so that a hundred thousand waiting tasks cost little more than their kinds.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kpl.scheduler.quota import Books, asked, whole
from kpl.scheduler.share import ShareKey, level_of, service_of, share_key
from kpl.scheduler.snapshot import Discipline, WaitingTask

Rank = tuple[int, int, float, int]
"""Inside a queue: priority (negative), level of service, age, id. The smaller goes first."""


@dataclass(slots=True)
class Group:
    """Waiting tasks for which the same holds; `tasks` in the order in which they go, those from `next` on wait.

    Args:
        number: in the order in which groups were met.
        level: of service, the same for all.
        yields: they save checkpoints and may be stopped, so that what is lent to them can be taken back.
    """

    number: int
    level: int
    priority: int
    tasks: list[WaitingTask]
    per_worker: dict[str, int]
    yields: bool
    is_favoured: bool = False
    next: int = 0

    @property
    def head(self) -> WaitingTask:
        return self.tasks[self.next]

    @property
    def is_empty(self) -> bool:
        return self.next >= len(self.tasks)

    @property
    def rank(self) -> Rank:
        head = self.head
        return (-self.priority, self.level, head.since_s, head.id)


def grouped(waiting: Iterable[WaitingTask], now_s: float, discipline: Discipline) -> list[Group]:
    """Put tasks that are alike together, each group in order of age."""
    groups: dict[object, Group] = {}
    kinds: dict[object, int] = {}
    seen: dict[int, int] = {}  # requests are often the very same object: comparing those is cheap
    for task in waiting:
        kind = seen.get(id(task.request))
        if kind is None:
            kind = seen[id(task.request)] = kinds.setdefault(task.request, len(kinds))
        level = level_of(task, service_of(task), now_s, discipline)
        key = (
            kind, task.queue, task.user, task.priority, level, task.min_workers, task.max_workers,
            task.on_one_machine, task.is_preemptible, task.saves_checkpoints, task.max_run_time_s, task.storage_mib,
            task.is_favoured,
        )  # fmt: skip
        group = groups.get(key)
        if group is None:
            yields = task.is_preemptible and task.saves_checkpoints
            group = Group(len(groups), level, task.priority, [], asked(task), yields, task.is_favoured)
            groups[key] = group
        group.tasks.append(task)
    for group in groups.values():
        group.tasks.sort(key=lambda task: (task.since_s, task.id))
    return list(groups.values())


@dataclass(slots=True)
class _Lane:
    """The groups of a queue whose tasks yield, or those whose tasks do not."""

    queue: str
    yields: bool
    groups: list[tuple[Rank, int, Group]] = field(default_factory=list)
    version: int = 0


LineKey = tuple[int, int, ShareKey, Rank]
"""Urgency, level of service, standing of the queues from the top of the tree, rank inside."""


def urgency_of(task: WaitingTask, per_worker: Mapping[str, int], books: Books) -> int:
    """0 for what its queue's guarantee covers; of what borrows, 1 for what yields without loss, and 2 for the rest."""
    if books.is_covered(task, whole(task, per_worker, task.min_workers)):
        return 0
    return 1 if task.is_preemptible and task.saves_checkpoints else 2


class Line:
    """All groups of waiting tasks; `__iter__` gives the group whose first task goes next.

    Whoever iterates says after each what became of it: `advance` or `drop`.
    """

    def __init__(
        self, groups: Iterable[Group], books: Books, total: Mapping[str, int], discipline: Discipline
    ) -> None:
        self._books, self._total, self._discipline = books, total, discipline
        self._lanes: list[_Lane] = []
        self._lane_of: dict[int, int] = {}
        numbers: dict[tuple[str, bool], int] = {}
        for group in groups:
            number = numbers.setdefault((group.head.queue, group.yields), len(self._lanes))
            if number == len(self._lanes):
                self._lanes.append(_Lane(group.head.queue, group.yields))
            self._lane_of[group.number] = number
            self._lanes[number].groups.append((group.rank, group.number, group))
        for lane in self._lanes:
            heapq.heapify(lane.groups)
        self._heap: list[tuple[LineKey, int, int]] = []
        self.rearrange()

    def rearrange(self) -> None:
        """Order the queues anew, after one of them lost something."""
        for lane in self._lanes:
            lane.version += 1
        self._heap = [
            (self._key(lane), number, lane.version) for number, lane in enumerate(self._lanes) if lane.groups
        ]
        heapq.heapify(self._heap)

    def __iter__(self) -> Iterator[Group]:
        while self._heap:
            key, number, version = self._heap[0]
            lane = self._lanes[number]
            if version != lane.version or not lane.groups:
                heapq.heappop(self._heap)
                continue
            fresh = self._key(lane)
            if fresh > key:  # its queue has got something since
                heapq.heapreplace(self._heap, (fresh, number, version))
                continue
            yield lane.groups[0][2]

    def advance(self, group: Group) -> None:
        """The first task of a group, the one that was given last, has been dealt with."""
        self._replace(group, is_dropped=False)

    def drop(self, group: Group) -> None:
        """No task of the group that was given last can start."""
        self._replace(group, is_dropped=True)

    def _replace(self, group: Group, *, is_dropped: bool) -> None:
        lane_number = self._lane_of[group.number]
        lane = self._lanes[lane_number]
        heapq.heappop(lane.groups)
        if not is_dropped:
            group.next += 1
            if not group.is_empty:
                heapq.heappush(lane.groups, (group.rank, group.number, group))
        lane.version += 1
        if lane.groups:
            heapq.heappush(self._heap, (self._key(lane), lane_number, lane.version))

    def _key(self, lane: _Lane) -> LineKey:
        group = lane.groups[0][2]
        if not self._discipline.has_shares:
            return (0, 0, (), group.rank)
        task = group.head
        path = self._books.tree[task.queue].path
        urgency = urgency_of(task, group.per_worker, self._books)
        # Who has had least goes first, whosever it is: with the share first, long work of a small queue would keep
        # short work of a large one out (measured on the Philly trace: mean completion 9.9 h, not 4.5).
        return (urgency, group.level, share_key(self._books, path, self._total), group.rank)
