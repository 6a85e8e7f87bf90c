"""Who starts now and where, who has to go, and why everybody else waits.

The order says who is next (`order`), the cluster where there is room (`cluster`). What does not fit may have room made
for it (`preemption`); the oldest blocked gang has room kept (`reservation`). Reasons are worded when they are read
(`reasons`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kpl.resources import Placement
from kpl.scheduler.cluster import Cluster
from kpl.scheduler.hours import opens_at_s
from kpl.scheduler.order import Group, Line, grouped, urgency_of
from kpl.scheduler.preemption import Plan, Preemptor, Victim
from kpl.scheduler.quota import Books, Excess, Tree, asked, min_run_s, whole
from kpl.scheduler.reasons import Block, Waits, preempted_for
from kpl.scheduler.reservation import Reserved, is_large, may_backfill, reserve
from kpl.scheduler.share import level_of, overdue_at_s, service_of, service_until, totals
from kpl.scheduler.snapshot import (
    Decision,
    Obstacle,
    Preemption,
    Reservation,
    RunningTask,
    Snapshot,
    WaitingTask,
)
from kpl.task.ids import TaskId

_KEPT_ROOM = TaskId(-(2**40))  # whose the reserved room is, in the cluster's books
_SHORTEST_SLEEP_S = 1.0
_MOST_RESERVATIONS_TRIED = 16


def decide(snapshot: Snapshot, cluster: Cluster | None = None) -> Decision:
    """Decide over one moment. Equal snapshots give equal decisions.

    Args:
        cluster: an index that lives on from one decision to the next and makes it fast; it never changes the answer.
    """
    return _Round(snapshot, Cluster() if cluster is None else cluster).decide()


@dataclass(frozen=True, slots=True)
class _Start:
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class _Promise:
    """The task starts there as soon as those that are being stopped are gone."""

    placements: tuple[Placement, ...]


class _Round:
    """One decision in the making."""

    def __init__(self, snapshot: Snapshot, cluster: Cluster) -> None:
        self._snapshot, self._cluster, self._now_s = snapshot, cluster, snapshot.now_s
        tasks = [*(running.task for running in snapshot.running), *snapshot.waiting]
        self._tree = Tree(snapshot.queues, {task.queue: None for task in tasks})
        self._books = Books(self._tree, snapshot.machines)
        self._books.hold_all(snapshot.running)
        cluster.sync(snapshot.machines, {r.task.id: r.placements for r in snapshot.running}, snapshot.mix)
        self._preemptor = Preemptor(snapshot, self._books)
        self._stopping: list[TaskId] = [r.task.id for r in snapshot.running if r.is_stopping]
        self._groups = grouped(snapshot.waiting, self._now_s, snapshot.discipline)
        self._line = Line(self._groups, self._books, totals(snapshot.machines), snapshot.discipline)
        self._names_models = any(
            ":" in resource
            for queue in snapshot.queues
            for limit in (queue.limit, queue.user_limit)
            for resource in limit
        )
        self._reserved: Reserved | None = None
        self._is_kept_for_guarantee = False
        self._promised: dict[TaskId, tuple[WaitingTask, tuple[Placement, ...]]] = {}
        self._misfits: set[object] = set()
        # The same, with what is being stopped, kept or promised thought away.
        self._late_misfits: set[object] = set()
        self._starts: dict[TaskId, tuple[Placement, ...]] = {}
        self._given: list[RunningTask] = []
        self._preemptions: list[Preemption] = []
        self._blocks: list[tuple[Sequence[WaitingTask], Block]] = []
        self._is_held_up = False
        self._served_early: frozenset[TaskId] = frozenset()

    def decide(self) -> Decision:
        self._keep_promises()
        self._served_early = frozenset((*self._starts, *self._promised))
        if self._snapshot.discipline.reserves:
            self._reserve()
        for group in self._line:
            task = group.head
            if task.id in self._served_early:
                self._line.advance(group)
                continue
            outcome = self._attempt(task, group)
            if isinstance(outcome, Block):
                self._block(group, outcome)
            else:
                self._settle(task, outcome)
                self._line.advance(group)
        return self._answer()

    def _block(self, group: Group, block: Block) -> None:
        rest = group.tasks[group.next :]
        if self._served_early:
            rest = [task for task in rest if task.id not in self._served_early]
        self._blocks.append((rest, block))
        self._line.drop(group)
        if not self._snapshot.discipline.passes_over and block.obstacle is Obstacle.ROOM:
            self._is_held_up = True

    def _answer(self) -> Decision:
        promises = [
            ((task,), Block(Obstacle.PREEMPTING, by=len(self._stopping)))
            for task, _ in self._promised.values()
        ]
        waits = Waits(self._snapshot, [*self._blocks, *promises], tuple(self._given))
        reservations = [
            Reservation(task.id, placements, None) for task, placements in self._promised.values()
        ]
        reserved = self._reserved
        if reserved is not None:
            reservations.append(Reservation(reserved.task.id, reserved.placements, reserved.at_s))
        return Decision(self._starts, tuple(self._preemptions), tuple(reservations), waits, self._wake_at_s())

    # One task. ----------------------------------------------------------------------------------------------

    def _attempt(self, task: WaitingTask, group: Group) -> _Start | _Promise | Block:  # noqa: PLR0911 - a chain of tries
        barred = self._barred(task, group)
        if barred is not None:
            return barred
        if self._is_held_up:
            return Block(Obstacle.ROOM)
        excess: Excess | None = None
        for variant in _variants(task):
            excess = self._books.excess(variant, whole(variant, asked(variant), variant.min_workers))
            if excess is None:
                found = self._place_now(variant)
                if isinstance(found, tuple):
                    return _Start(found)
                excess = found
            if excess is None and self._is_mine(variant):
                break
        if self._stopping:
            soon = self._place(task, without=(), soon=True)
            if soon is not None:
                return _Promise(soon)
        plan = self._plan(task, group, excess)
        if plan is not None:
            self._carry_out(plan, task)
            return _Promise(plan.placements)
        if excess is not None:
            return Block(Obstacle.USER_LIMIT if excess.is_of_user else Obstacle.LIMIT, excess=excess)
        return self._why_no_room(task)

    def _barred(self, task: WaitingTask, group: Group) -> Block | None:
        """What the policy of its queue has against the task now."""
        policy = self._tree[task.queue].policy
        if policy.allowed_kinds is not None:
            for wanted in task.request.devices:
                if wanted.kind not in policy.allowed_kinds:
                    return Block(
                        Obstacle.LIMIT, excess=Excess(task.queue, wanted.kind, 0, 0), is_of_one_task=True
                    )
        if policy.max_request is not None:
            total = whole(task, group.per_worker, task.min_workers)
            for resource, most in policy.max_request.items():
                if total.get(resource, 0) > most:
                    return Block(
                        Obstacle.LIMIT, excess=Excess(task.queue, resource, 0, most), is_of_one_task=True
                    )
        if policy.hours is not None:
            opens = opens_at_s(policy.hours, self._now_s)
            if opens is None or opens > self._now_s:
                return Block(Obstacle.HOURS, at_s=opens)
        return None

    def _is_mine(self, task: WaitingTask) -> bool:
        return self._reserved is not None and self._reserved.task.id == task.id

    def _may_use_kept_room(self, task: WaitingTask) -> bool:
        reserved = self._reserved
        if reserved is None:
            return False
        if reserved.task.id == task.id:
            return True
        min_s = min_run_s(self._tree[task.queue])
        if may_backfill(
            task, reserved, self._now_s, min_run_s=min_s, is_overdue=self._preemptor.overdue is not None
        ):
            return True
        if task.queue == reserved.task.queue:
            return self._goes_first(task, reserved.task)
        return not self._is_kept_for_guarantee and self._books.is_covered(
            task, whole(task, asked(task), task.min_workers)
        )

    def _goes_first(self, task: WaitingTask, large: WaitingTask) -> bool:
        """Whether a task is before a large one of its queue for good: no stream of new tasks could be so for ever."""
        if task.priority != large.priority:
            return task.priority > large.priority
        if self._preemptor.overdue is not None:
            return False

        def standing(one: WaitingTask) -> tuple[int, int]:
            level = level_of(one, service_of(one), self._now_s, self._snapshot.discipline)
            return urgency_of(one, asked(one), self._books), level

        is_older = (task.since_s, task.id) < (large.since_s, large.id)
        return is_older and standing(task) <= standing(large)

    def _place_now(self, task: WaitingTask) -> tuple[Placement, ...] | Excess | None:
        """Room for the task now, or the limit that a placement would exceed, or neither."""
        key = _kind_of(task)
        may_use_all = self._may_use_kept_room(task)
        most = 0
        for uses_kept in (False, True) if may_use_all else (False,):
            if (key, uses_kept) in self._misfits:
                continue
            most = most or self._books.most_workers(task)
            mark = self._cluster.mark()
            if uses_kept and self._reserved is not None:
                self._cluster.release(_KEPT_ROOM)
            found = self._ask(task, task, most)
            self._cluster.rollback(mark)
            if found is None:
                self._misfits.add((key, uses_kept))
                continue
            return self._within_limits(task, found, most, uses_kept=uses_kept)
        return None

    def _within_limits(
        self, task: WaitingTask, found: tuple[Placement, ...], most: int, *, uses_kept: bool
    ) -> tuple[Placement, ...] | Excess | None:
        """The placements if the models that they are of are within the limits, else others."""
        if not self._names_models and not any(wanted.share_mib for wanted in task.request.devices):
            return found
        excess = self._books.excess(task, self._books.amounts(task, found))
        if excess is None:
            return found
        kind, _, model = excess.resource.partition(":")
        if not model:
            return excess
        models = {d.model for m in self._snapshot.machines for d in m.devices if d.kind == kind}
        devices = []
        for wanted in task.request.devices:
            if wanted.kind == kind:
                left = tuple(sorted(set(wanted.models or models) - {model}))
                if not left:
                    return excess
                devices.append(replace(wanted, models=left))
            else:
                devices.append(wanted)
        other = replace(task, request=replace(task.request, devices=tuple(devices)))
        mark = self._cluster.mark()
        if uses_kept and self._reserved is not None:
            self._cluster.release(_KEPT_ROOM)
        found_elsewhere = self._ask(other, task, most)
        self._cluster.rollback(mark)
        if found_elsewhere is None:
            return excess
        return self._within_limits(other, found_elsewhere, most, uses_kept=uses_kept)

    def _ask(
        self, task: WaitingTask, of: WaitingTask, most: int, only: frozenset[str] | None = None
    ) -> tuple[Placement, ...] | None:
        return self._cluster.place(
            task.request,
            min_workers=of.min_workers,
            max_workers=max(most, of.min_workers),
            on_one_machine=of.on_one_machine,
            only=only,
        )

    def _place(
        self,
        task: WaitingTask,
        *,
        without: Sequence[Victim],
        only: frozenset[str] | None = None,
        soon: bool = False,
    ) -> tuple[Placement, ...] | None:
        """Where the task will fit when those being stopped, and those others, are gone; within the limits then."""
        if (
            soon
            and self._books.excess(task, whole(task, asked(task), task.min_workers), soon=True) is not None
        ):
            return None
        uses_kept = self._reserved is not None and self._may_use_kept_room(task)
        key = (*_kind_of(task), uses_kept)
        if soon and key in self._late_misfits:
            return None
        mark = self._cluster.mark()
        if uses_kept:
            self._cluster.release(_KEPT_ROOM)
        for stopping in self._stopping:
            self._cluster.release(stopping)
        for victim in without:
            self._cluster.release(victim.running.task.id)
        found = self._ask(task, task, task.min_workers, only)
        self._cluster.rollback(mark)
        if found is None and soon:
            self._late_misfits.add(key)
        if found is None or not self._names_models:
            return found
        # Those that go may be of the very model that is at its limit: count them out.
        for victim in without:
            self._books.give_back(victim.running.task, victim.amounts)
        excess = self._books.excess(task, self._books.amounts(task, found), soon=True)
        for victim in without:
            self._books.give_back(victim.running.task, victim.amounts, -1)
        return found if excess is None else None

    # Making room. -------------------------------------------------------------------------------------------

    def _plan(self, task: WaitingTask, group: Group, excess: Excess | None) -> Plan | None:
        def place(
            one: WaitingTask, only: frozenset[str] | None, without: Sequence[Victim]
        ) -> tuple[Placement, ...] | None:
            return self._place(one, without=without, only=only)

        more = whole(task, group.per_worker, task.min_workers)
        if self._books.excess(task, more, soon=True) is None:
            return self._preemptor.plan(task, group.level, place)
        if excess is None:
            return None

        def fits(victims: Sequence[Victim]) -> bool:
            for victim in victims:
                self._books.give_back(victim.running.task, victim.amounts)
            is_within = self._books.excess(task, more, soon=True) is None
            for victim in victims:
                self._books.give_back(victim.running.task, victim.amounts, -1)
            return is_within

        return self._preemptor.plan_within(task, group.level, fits, self._tree[excess.queue].number, place)

    def _carry_out(self, plan: Plan, task: WaitingTask) -> None:
        self._preemptor.take(plan)
        for victim in plan.victims:
            gone = victim.running.task
            self._stopping.append(gone.id)
            self._preemptions.append(Preemption(gone.id, task.id, preempted_for(gone, task)))
        self._late_misfits.clear()
        self._line.rearrange()

    def _settle(self, task: WaitingTask, outcome: _Start | _Promise) -> None:
        """Write down that the task holds these places, or will."""
        if self._is_mine(task):
            self._cluster.release(_KEPT_ROOM)
            self._reserved = None
            # Room that was kept is there for others again.
            self._misfits.clear()
            self._late_misfits.clear()
        self._cluster.hold(task.id, outcome.placements)
        self._books.hold(task, self._books.amounts(task, outcome.placements))
        self._preemptor.moved(outcome.placements, -1)
        self._given.append(RunningTask(task, outcome.placements, self._now_s))
        if isinstance(outcome, _Start):
            self._starts[task.id] = outcome.placements
        else:
            self._promised[task.id] = (task, outcome.placements)
            self._late_misfits.clear()

    def _keep_promises(self) -> None:
        """Give those for whom room is being made the room first."""
        favoured = [(task, group) for group in self._groups if group.is_favoured for task in group.tasks]
        for task, group in sorted(favoured, key=lambda entry: (entry[0].since_s, entry[0].id)):
            if self._barred(task, group) is None:
                if self._books.excess(task, whole(task, group.per_worker, task.min_workers)) is None:
                    now = self._place_now(task)
                    if isinstance(now, tuple):
                        self._settle(task, _Start(now))
                        continue
                soon = self._place(task, without=(), soon=True)
                if soon is not None:
                    self._settle(task, _Promise(soon))

    # Keeping room. ------------------------------------------------------------------------------------------

    def _reserve(self) -> None:
        """Keep room for the oldest large task that could start if only there were room."""
        large = sorted(
            (
                (group.head.since_s, group.head.id, group)
                for group in self._groups
                if is_large(group.head) and group.head.id not in self._served_early
            ),
            key=lambda entry: entry[:2],
        )
        for _, _, group in large[:_MOST_RESERVATIONS_TRIED]:
            task = group.head
            more = whole(task, group.per_worker, task.min_workers)
            if self._barred(task, group) is not None or self._books.excess(task, more) is not None:
                continue
            is_late = self._overdue_at_s(task) <= self._now_s
            room = self._ask(task, task, task.min_workers)
            if room is not None and not is_late:
                continue
            if room is not None:  # those before it in the order are not to take it away again
                self._reserved = Reserved(task, room, self._now_s)
            else:
                self._reserved = reserve(task, self._snapshot.running, self._cluster, self._now_s)
            if self._reserved is not None:
                if is_late:
                    self._preemptor.overdue = task.id
                self._is_kept_for_guarantee = self._books.is_covered(task, more)
                self._cluster.hold(_KEPT_ROOM, self._reserved.placements)
                return

    # Why not. -----------------------------------------------------------------------------------------------

    def _why_no_room(self, task: WaitingTask) -> Block:
        key = _kind_of(task)
        is_there_any = self._promised or (self._reserved is not None and not self._is_mine(task))
        if is_there_any and key not in self._late_misfits:
            mark = self._cluster.mark()
            if self._reserved is not None:
                self._cluster.release(_KEPT_ROOM)
            is_room = self._ask(task, task, task.min_workers) is not None
            if is_room and self._reserved is not None:
                self._cluster.rollback(mark)
                return Block(Obstacle.RESERVED, kept_for=self._reserved.task.id, at_s=self._reserved.at_s)
            for promised in self._promised:
                self._cluster.release(promised)
            is_room = self._ask(task, task, task.min_workers) is not None
            self._cluster.rollback(mark)
            if is_room:
                more = whole(task, asked(task), task.min_workers)
                kept_for = next(iter(self._promised))
                is_over = any(node.deserved for node in self._tree.nodes) and not self._books.is_covered(
                    task, more
                )
                return Block(Obstacle.BORROWING if is_over else Obstacle.RESERVED, kept_for=kept_for)
            self._late_misfits.add(key)
        return Block(Obstacle.ROOM)

    # When to look again. ------------------------------------------------------------------------------------

    def _wake_at_s(self) -> float | None:
        """When time alone may change the answer: hours begin, a task has run long enough or had more than others."""
        if not self._blocks:
            return None
        now_s = self._now_s
        moments: list[float] = [
            block.at_s
            for _, block in self._blocks
            if block.obstacle is Obstacle.HOURS and block.at_s is not None
        ]
        blocked = [group for group in self._groups if not group.is_empty]
        for group in blocked:
            if group.level > 0:
                moments.extend(self._overdue_at_s(task) for task in group.tasks[group.next :])
        if self._reserved is not None:
            moments.append(self._overdue_at_s(self._reserved.task))
        best = min((group.level for group in blocked), default=0)
        for running in self._snapshot.running:
            if running.task.is_preemptible and running.task.saves_checkpoints and not running.is_stopping:
                moments.extend(self._turns(running, best))
        later = [moment for moment in moments if moment > now_s]
        return max(min(later), now_s + _SHORTEST_SLEEP_S) if later else None

    def _overdue_at_s(self, task: WaitingTask) -> float:
        return overdue_at_s(task, service_of(task), self._snapshot.discipline)

    def _turns(self, running: RunningTask, best_level: int) -> list[float]:
        """When a running task comes to the end of its minimum, and to the next level of service."""
        moments = [running.started_at_s + min_run_s(self._tree[running.task.queue])]
        service, discipline = service_until(running, self._now_s), self._snapshot.discipline
        late_s = self._now_s - overdue_at_s(running.task, service, discipline)
        if late_s >= 0 and discipline.patience_by_run > 0:  # it is spared until it has run for long enough
            moments.append(self._now_s + late_s / discipline.patience_by_run + 1e-3)
        for level, bound in enumerate(discipline.service_levels_s):
            if service.attained_s < bound and level >= best_level and service.per_second > 0:
                moments.append(self._now_s + (bound - service.attained_s) / service.per_second + 1e-3)
                break
        return moments


def _kind_of(task: WaitingTask) -> tuple[object, ...]:
    """What decides where a task fits."""
    return (task.request, task.min_workers, task.on_one_machine)


def _variants(task: WaitingTask) -> list[WaitingTask]:
    """The task with each of the sets of devices that will do, the best first."""
    if not task.request.alternatives:
        return [task]
    return [
        replace(task, request=replace(task.request, devices=devices, alternatives=()))
        for devices in (task.request.devices, *task.request.alternatives)
    ]
