"""Who may be stopped for whom, and which of those it is best to stop.

Four things justify it. *Priority*: inside a queue, work of higher priority takes the place of preemptible work of
lower priority. *Reclaiming*: a queue within its guarantee takes back what others borrowed. *Service*: work that has
had less takes the place of work that has had more, of its own queue or borrowed. *Patience*: a gang
that has waited beyond all patience takes the place of what came after it. The last three are for fairness: they
spare whatever saves no checkpoints, and whatever has not run for the time that its queue grants.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kpl.resources import Machine, Placement, amounts_of
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.quota import Books, asked, devices_in, min_run_s
from kpl.scheduler.share import level_of, service_until
from kpl.scheduler.snapshot import RunningTask, Snapshot, WaitingTask
from kpl.task.ids import TaskId

MOST_PLANS = 64
MOST_LOOKED_AT = 40_000
"""So many times, and at so many running tasks in all, a decision looks for room to be made; the rest waits for the next
one, in the same order."""
_MOST_CHECKS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Victim:
    """A running task that may have to go.

    Args:
        amounts: what it holds.
        on: what it holds on each machine.
        cost: devices (or cores) that have to start anew.
    """

    running: RunningTask
    amounts: Mapping[str, int]
    on: Mapping[str, Mapping[str, int]]
    cost: float
    level: int

    @property
    def harm(self) -> tuple[int, float, int]:
        """Whom to stop first: who has had most, then who came last, so that least is lost."""
        return (-self.level, -self.running.started_at_s, -self.running.task.id)


@dataclass(frozen=True, slots=True)
class _Class:
    """What is alike in victims as far as the right to stop them goes."""

    queue: str
    priority: int
    level: int
    is_fair: bool


Place = Callable[[WaitingTask, frozenset[str] | None, Sequence[Victim]], tuple[Placement, ...] | None]
"""Where a task would fit if some were gone; on these machines, or on any."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to stop, and where the task will then start."""

    victims: tuple[Victim, ...]
    placements: tuple[Placement, ...]


class Preemptor:
    """Finds room that can be made, during one decision."""

    def __init__(self, snapshot: Snapshot, books: Books) -> None:
        self._books = books
        self._discipline = snapshot.discipline
        self._machines = {m.name: m for m in snapshot.machines if m.is_healthy and not m.is_cordoned}
        self._classes: dict[_Class, list[Victim]] = {}
        self._failed: set[object] = set()
        self._num_plans = self._num_looked_at = 0
        self._room: dict[str, dict[str, int]] | None = None
        self._snapshot = snapshot
        self._later: list[tuple[Sequence[Placement], int]] = []
        self._is_ready = False
        self.overdue: TaskId | None = None

    def _prepare(self) -> None:
        """Look at who runs, when room is to be made for the first time."""
        now_s, self._is_ready = self._snapshot.now_s, True
        for running in self._snapshot.running:
            if not running.is_stopping and running.task.is_preemptible:
                victim = self._victim(running, self._books.amounts(running.task, running.placements), now_s)
                self._classes.setdefault(self._class_of(victim, now_s), []).append(victim)

    def _victim(self, running: RunningTask, amounts: Mapping[str, int], now_s: float) -> Victim:
        on: dict[str, Mapping[str, int]] = (
            {running.placements[0].machine: amounts} if running.placements else {}
        )
        if len(running.placements) > 1:
            by_machine: dict[str, dict[str, int]] = {}
            for placement in running.placements:
                _add(by_machine.setdefault(placement.machine, {}), amounts_of(placement))
            on = dict(by_machine)
        service = service_until(running, now_s)
        level = level_of(running.task, service, now_s, self._discipline)
        return Victim(running, amounts, on, service.per_second, level)

    def _class_of(self, victim: Victim, now_s: float) -> _Class:
        task = victim.running.task
        has_run = now_s - victim.running.started_at_s >= min_run_s(self._books.tree[task.queue])
        return _Class(task.queue, task.priority, victim.level, task.saves_checkpoints and has_run)

    def moved(self, placements: Sequence[Placement], sign: int) -> None:
        """What is free, once those that are being stopped are gone, changed."""
        if self._room is None:
            self._later.append((placements, sign))
        else:
            _move(self._room, placements, sign)

    def plan(self, task: WaitingTask, level: int, place: Place) -> Plan | None:
        """The room that does least harm when it is made; None when none may be made. Nothing is changed."""
        if not self._is_ready:
            self._prepare()
        per_worker = asked(task)
        more = {resource: amount * task.min_workers for resource, amount in per_worker.items()} | {"tasks": 1}
        is_overdue = task.id == self.overdue
        allowed: dict[_Class, bool] = {}  # with whether only those that came later may go
        for kind, victims in self._classes.items():
            if victims and self._may(task, level, more, kind):
                allowed[kind] = False
            elif victims and is_overdue and self._may_overdue(task, more, kind):
                allowed[kind] = True
        if not allowed or self._num_plans >= MOST_PLANS or self._num_looked_at >= MOST_LOOKED_AT:
            return None
        key = (frozenset(allowed), is_overdue, task.request, task.min_workers, task.on_one_machine)
        if key in self._failed:
            return None
        self._num_plans += 1
        found = self._search(task, per_worker, allowed, place)
        if found is None:
            self._failed.add(key)
        return found

    def plan_within(
        self,
        task: WaitingTask,
        level: int,
        fits: Callable[[Sequence[Victim]], bool],
        under: int,
        place: Place,
    ) -> Plan | None:
        """As `plan` for a task that a limit keeps out: those that go must also make it fit within the limit.

        Args:
            under: number of the node whose limit it is.
        """
        if not self._is_ready:
            self._prepare()
        more = {resource: amount * task.min_workers for resource, amount in asked(task).items()} | {
            "tasks": 1
        }
        victims = [
            victim
            for kind, members in self._classes.items()
            if under in self._books.tree[kind.queue].path and self._may(task, level, more, kind)
            for victim in members
        ]
        chosen: list[Victim] = []
        for victim in sorted(victims, key=lambda v: v.harm):
            if not self._are_allowed(task, [*chosen, victim]):
                continue
            chosen.append(victim)
            if fits(chosen) and (placements := place(task, None, chosen)) is not None:
                return Plan(tuple(chosen), placements)
        return None

    def take(self, plan: Plan) -> None:
        """The victims of a plan are being stopped from now on."""
        for victim in plan.victims:
            self._classes[self._class_of(victim, self._snapshot.now_s)].remove(victim)
            self._books.give_back(victim.running.task, victim.amounts)
            self.moved(victim.running.placements, 1)

    # The right. ---------------------------------------------------------------------------------------------

    def _may(self, task: WaitingTask, level: int, more: Mapping[str, int], kind: _Class) -> bool:
        if kind.queue == task.queue:
            if kind.priority < task.priority:
                return True
            return kind.is_fair and kind.priority == task.priority and kind.level > level
        if not kind.is_fair or not self._discipline.has_shares:
            return kind.is_fair and kind.priority <= task.priority and kind.level > level
        if kind.level < level:
            return False  # short work that was lent to is left to end, or to have as much
        mine, theirs = self._branches(task.queue, kind.queue)
        if not self._is_borrowed(theirs, more, {}):
            return False
        is_covered = mine is not None and self._books.covers(mine, more)
        return (is_covered and self._discipline.reclaims) or kind.level > level

    def _may_overdue(self, task: WaitingTask, more: Mapping[str, int], kind: _Class) -> bool:
        """Whether a gang that has waited beyond patience may take the place of what came after it."""
        if not kind.is_fair or kind.priority > task.priority:
            return False
        return kind.queue == task.queue or self._is_borrowed(
            self._branches(task.queue, kind.queue)[1], more, {}
        )

    def _branches(self, queue: str, other: str) -> tuple[int | None, int | None]:
        """The nodes below the lowest queue that both are under; None for work of that very queue."""
        a, b = self._books.tree[queue].path, self._books.tree[other].path
        depth = 0
        while depth < min(len(a), len(b)) and a[depth] == b[depth]:
            depth += 1
        return (a[depth] if depth < len(a) else None), (b[depth] if depth < len(b) else None)

    def _is_borrowed(self, branch: int | None, more: Mapping[str, int], less: Mapping[str, int]) -> bool:
        """Whether a queue stays at or above its guarantee without `less`, in all that the waiting task asks for.

        Without `less`: whether it is above it at all.
        """
        if branch is None:
            return True
        deserved, kept = self._books.tree.nodes[branch].deserved, self._books.kept(branch)
        promised = _contested(deserved, more)
        if not less:
            return not promised or any(kept.get(r, 0) > amount for r, amount in promised.items())
        return all(kept.get(r, 0) - less[r] >= amount for r, amount in promised.items() if less.get(r, 0))

    def _slack(self, task: WaitingTask, queue: str, more: Mapping[str, int]) -> dict[str, int]:
        """How much of what the task asks for may be taken from a queue before it is below its guarantee."""
        if queue == task.queue or not self._discipline.has_shares:
            return {}
        _, branch = self._branches(task.queue, queue)
        if branch is None:
            return {}
        kept = self._books.kept(branch)
        promised = _contested(self._books.tree.nodes[branch].deserved, more)
        return {r: kept.get(r, 0) - amount for r, amount in promised.items()}

    def _are_allowed(self, task: WaitingTask, victims: Sequence[Victim]) -> bool:
        """Whether all of them together may go: none of their queues falls below its guarantee for it."""
        more = asked(task)
        less: dict[int, dict[str, int]] = {}
        for victim in victims:
            of = victim.running.task
            if of.queue == task.queue or not self._discipline.has_shares:
                continue
            _, branch = self._branches(task.queue, of.queue)
            if branch is None:
                continue
            so_far = less.setdefault(branch, {})
            for resource, amount in victim.amounts.items():
                so_far[resource] = so_far.get(resource, 0) + amount
            if not self._is_borrowed(branch, more, so_far):
                return False
        return True

    # The choice. --------------------------------------------------------------------------------------------

    def _search(
        self, task: WaitingTask, per_worker: Mapping[str, int], allowed: Mapping[_Class, bool], place: Place
    ) -> Plan | None:
        on: dict[str, list[Victim]] = {}
        for kind, is_for_younger in allowed.items():
            self._num_looked_at += len(self._classes[kind])
            slack = self._slack(task, kind.queue, per_worker)
            for victim in self._classes[kind]:
                if is_for_younger and victim.running.task.since_s <= task.since_s:
                    continue
                if any(0 < victim.amounts.get(r, 0) > most for r, most in slack.items()):
                    continue
                for name in victim.on:
                    if name in self._machines:
                        on.setdefault(name, []).append(victim)
        if not on:
            return None
        is_spread = task.min_workers > 1 and not task.on_one_machine
        if is_spread:
            return self._search_gang(task, per_worker, on, place)
        need = {r: amount * task.min_workers for r, amount in per_worker.items()}
        options = []
        for name, victims in on.items():
            chosen = _cheapest(self._room_on(name), need, victims, name)
            if chosen is not None:
                options.append((_cost(chosen), name, chosen))
        options.sort(key=lambda option: option[:2])
        for _, name, chosen in options[:_MOST_CHECKS]:
            plan = self._check(task, frozenset((name,)), chosen, on[name], place)
            if plan is not None:
                return plan
        return None

    def _check(
        self,
        task: WaitingTask,
        only: frozenset[str] | None,
        chosen: Sequence[Victim],
        others: Sequence[Victim],
        place: Place,
    ) -> Plan | None:
        """Try it on the real books: counting does not know that shares of two devices are not one device."""
        victims = list(chosen)
        rest = sorted((v for v in others if v not in victims), key=lambda v: v.harm)
        while True:
            if not self._are_allowed(task, victims):
                return None
            placements = place(task, only, victims)
            if placements is not None:
                return Plan(tuple(victims), placements)
            if not rest:
                return None
            victims.append(rest.pop(0))

    def _search_gang(
        self,
        task: WaitingTask,
        need: Mapping[str, int],
        on: Mapping[str, Sequence[Victim]],
        place: Place,
    ) -> Plan | None:
        """Machines one after the other, those first where a worker costs least, until there is room for all."""
        taken: list[Victim] = []
        room = {name: dict(self._room_on(name)) for name in self._machines}
        missing = task.min_workers
        for here in room.values():
            missing -= _take_workers(here, need, missing)
        while missing > 0:
            best: tuple[float, str, list[Victim]] | None = None
            for name, victims in on.items():
                left = [victim for victim in victims if victim not in taken]
                chosen = _cheapest(room[name], need, left, name) if left else None
                if chosen and (best is None or (_cost(chosen), name) < best[:2]):
                    best = (_cost(chosen), name, chosen)
            if best is None:
                return None
            for victim in best[2]:
                taken.append(victim)
                for name, amounts in victim.on.items():
                    if name in room:
                        _add(room[name], amounts)
            before = missing
            for name in {name for victim in best[2] for name in victim.on if name in room}:
                missing -= _take_workers(room[name], need, missing)
            if missing == before:
                return None
        return self._check(task, None, taken, (), place)

    def _room_on(self, name: str) -> dict[str, int]:
        if self._room is None:
            self._room = {machine.name: _capacity(machine) for machine in self._machines.values()}
            for running in self._snapshot.running:
                if not running.is_stopping:
                    _move(self._room, running.placements, -1)
            for placements, sign in self._later:
                _move(self._room, placements, sign)
        return self._room[name]


def _contested(deserved: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    """What of a guarantee is of the kinds that a task asks for."""
    if not deserved:
        return deserved
    kinds = {name.partition(":")[0] for name in devices_in(more) or ("cpu", "memory")}
    return {r: amount for r, amount in deserved.items() if r.partition(":")[0] in kinds}


def _capacity(machine: Machine) -> dict[str, int]:
    room = {"cpu": machine.cpu_milli, "memory": machine.memory_mib}
    for device in machine.devices:
        if device.is_healthy:
            for name in (device.kind, f"{device.kind}:{device.model}") if device.model else (device.kind,):
                room[name] = room.get(name, 0) + WHOLE_DEVICE_MILLI
    return room


def _move(room: Mapping[str, dict[str, int]], placements: Sequence[Placement], sign: int) -> None:
    for placement in placements:
        here = room.get(placement.machine)
        if here is not None:
            for resource, amount in amounts_of(placement).items():
                here[resource] = here.get(resource, 0) + sign * amount


def _add(room: dict[str, int], amounts: Mapping[str, int]) -> None:
    for resource, amount in amounts.items():
        room[resource] = room.get(resource, 0) + amount


def _take_workers(room: dict[str, int], need: Mapping[str, int], most: int) -> int:
    """How many workers find room, by count; their room is taken."""
    number = min([most, *(room.get(r, 0) // amount for r, amount in need.items() if amount > 0)])
    number = max(0, number)
    for resource, amount in need.items():
        room[resource] = room.get(resource, 0) - number * amount
    return number


def _cheapest(
    room: Mapping[str, int], need: Mapping[str, int], victims: Sequence[Victim], name: str
) -> list[Victim] | None:
    """Those of the victims on a machine that make room at the least cost, by count; None when all are too few."""
    missing = {r: amount - room.get(r, 0) for r, amount in need.items() if amount > room.get(r, 0)}
    if any(sum(v.on[name].get(r, 0) for v in victims) < amount for r, amount in missing.items()):
        return None
    if not missing:
        missing = dict.fromkeys(devices_in(need) or ["cpu"], 1)
    enough = [v for v in victims if all(v.on[name].get(r, 0) >= amount for r, amount in missing.items())]
    if enough:
        return [min(enough, key=lambda v: (v.cost, v.harm))]
    chosen: list[Victim] = []
    left = dict(missing)
    for victim in sorted(victims, key=lambda v: v.harm):
        if any(amount > 0 and victim.on[name].get(r, 0) > 0 for r, amount in left.items()):
            chosen.append(victim)
            left = {r: amount - victim.on[name].get(r, 0) for r, amount in left.items()}
        if all(amount <= 0 for amount in left.values()):
            break
    for victim in sorted(chosen, key=lambda v: (-v.cost, v.harm)):
        spared = {r: amount + victim.on[name].get(r, 0) for r, amount in left.items()}
        if all(amount <= 0 for amount in spared.values()):
            chosen.remove(victim)
            left = spared
    return chosen or None


def _cost(victims: Sequence[Victim]) -> float:
    return sum(victim.cost for victim in victims)
