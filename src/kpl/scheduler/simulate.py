"""Replay a trace through the scheduler in virtual time: what if there were other machines, quotas or rules.

The decisions are made by the very `decide` that serves; only time, failures and the ends of tasks are played here.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kpl.resources import Amounts, Machine
from kpl.scheduler.cluster import Cluster
from kpl.scheduler.decide import decide
from kpl.scheduler.mix import Mix
from kpl.scheduler.quota import Tree, asked, devices_in, whole
from kpl.scheduler.share import rate, totals
from kpl.scheduler.snapshot import Decision, Discipline, Queue, RunningTask, Snapshot, WaitingTask
from kpl.task.ids import TaskId


@dataclass(frozen=True, slots=True)
class Job:
    """A task of a trace: submitted at `task.since_s`, done when it has run for `run_s`, in all attempts together."""

    task: WaitingTask
    run_s: float


@dataclass(frozen=True, slots=True)
class Setup:
    """The rules under which a trace is replayed.

    Args:
        is_flexible: every task may be stopped and goes on from a checkpoint, whatever the trace says.
    """

    name: str
    queues: tuple[Queue, ...] = ()
    discipline: Discipline = field(default_factory=Discipline)
    is_flexible: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """From a moment on there are other machines or queues; what ran on a machine that is gone waits again."""

    at_s: float
    machines: tuple[Machine, ...] | None = None
    queues: tuple[Queue, ...] | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Times of the world that is played.

    Args:
        cycle_s: what happens within this time is looked at together.
        restart_s: work that is lost with each preemption, at most what had been done.
    """

    cycle_s: float = 30.0
    restart_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it. Times are in seconds; a slowdown is completion time over run time, of at least a minute.

    Args:
        utilisation: of each kind of device and of CPU, the part in use until the last task came.
        quota_shortfall: part of the device time that queues were promised, and wanted, but did not get.
        worst_slowdown: mean slowdown of the queue that fared worst, of those with at least 20 tasks.
        lost_device_s: device-seconds of work done twice.
    """

    name: str
    num_tasks: int
    num_unfinished: int
    mean_wait_s: float
    p95_wait_s: float
    mean_completion_s: float
    median_completion_s: float
    p95_completion_s: float
    mean_slowdown: float
    worst_slowdown: float
    quota_shortfall: float
    num_preemptions: int
    lost_device_s: float
    makespan_s: float
    utilisation: dict[str, float] = field(default_factory=dict)
    num_decisions: int = 0


Watch = Callable[[Snapshot, Decision], None]


def simulate(
    jobs: Iterable[Job],
    machines: Sequence[Machine],
    setup: Setup,
    *,
    costs: Costs = Costs(),
    changes: Sequence[Change] = (),
    watch: Watch | None = None,
) -> Report:
    """Play all jobs until the last has ended, or nothing can ever start again.

    Args:
        watch: is shown every snapshot with its decision.
    """
    return _World(jobs, machines, setup, costs, changes, watch).play()


@dataclass(slots=True)
class _Life:
    """What became of a job so far."""

    job: Job
    left_s: float
    done_s: float = 0.0
    attained: float = 0.0
    started_at_s: float | None = None
    version: int = 0
    ended_at_s: float | None = None
    is_favoured: bool = False

    def as_waiting(self) -> WaitingTask:
        if not self.attained and not self.is_favoured:
            return self.job.task
        return replace(self.job.task, attained_s=self.attained, is_favoured=self.is_favoured)


class _World:
    def __init__(  # noqa: PLR0917 - called in one place
        self,
        jobs: Iterable[Job],
        machines: Sequence[Machine],
        setup: Setup,
        costs: Costs,
        changes: Sequence[Change],
        watch: Watch | None,
    ) -> None:
        if setup.is_flexible:
            jobs = (
                replace(job, task=replace(job.task, is_preemptible=True, saves_checkpoints=True))
                for job in jobs
            )
        self._lives = [
            _Life(job, job.run_s) for job in sorted(jobs, key=lambda job: (job.task.since_s, job.task.id))
        ]
        self._by_id = {life.job.task.id: life for life in self._lives}
        self._machines, self._queues = tuple(machines), setup.queues
        self._setup, self._costs, self._watch = setup, costs, watch
        self._changes = sorted(changes, key=lambda change: change.at_s)
        self._cluster, self._mix = Cluster(), Mix()
        self._waiting: dict[TaskId, WaitingTask] = {}
        self._running: dict[TaskId, RunningTask] = {}
        self._ends: list[tuple[float, TaskId, int]] = []
        self._wake_at_s: float | None = None
        self._now_s = self._lives[0].job.task.since_s if self._lives else 0.0
        self._started_s = self._now_s
        self._num_preemptions = self._num_decisions = 0
        self._lost = 0.0
        self._ledger = _Ledger(self._lives, self._machines, self._queues)

    def play(self) -> Report:
        next_arrival = next_change = 0
        while True:
            moment = self._next_moment(next_arrival, next_change)
            if moment is None:
                break
            moment = max(moment, self._now_s)
            cycle_s = self._costs.cycle_s
            if cycle_s:
                moment = -(-moment // cycle_s) * cycle_s
            self._ledger.pass_time(moment - self._now_s)
            self._now_s = moment
            while next_change < len(self._changes) and self._changes[next_change].at_s <= moment:
                self._change(self._changes[next_change])
                next_change += 1
            while next_arrival < len(self._lives) and self._lives[next_arrival].job.task.since_s <= moment:
                self._arrive(self._lives[next_arrival])
                next_arrival += 1
            self._end_until(moment)
            self._schedule()
        return self._report()

    def _next_moment(self, next_arrival: int, next_change: int) -> float | None:
        while self._ends and self._by_id[self._ends[0][1]].version != self._ends[0][2]:
            heapq.heappop(self._ends)
        moments = []
        if next_arrival < len(self._lives):
            moments.append(self._lives[next_arrival].job.task.since_s)
        if self._ends:
            moments.append(self._ends[0][0])
        if self._waiting and self._wake_at_s is not None:
            moments.append(self._wake_at_s)
        if next_change < len(self._changes) and (moments or self._waiting):
            moments.append(self._changes[next_change].at_s)
        return min(moments, default=None)

    # What happens. ------------------------------------------------------------------------------------------

    def _arrive(self, life: _Life) -> None:
        task = life.job.task
        self._waiting[task.id] = task
        self._mix = self._mix.observed(task.request)
        self._ledger.want(task, 1)

    def _end_until(self, moment: float) -> None:
        while self._ends and self._ends[0][0] <= moment:
            at_s, task_id, version = heapq.heappop(self._ends)
            life = self._by_id[task_id]
            if life.version != version:
                continue
            running = self._running.pop(task_id)
            life.version += 1
            life.ended_at_s = at_s  # it ended inside the cycle, although nobody looked
            self._ledger.use(running, -1)
            self._ledger.want(life.job.task, -1)

    def _stop(self, task_id: TaskId, *, keeps_work: bool) -> None:
        running, life = self._running.pop(task_id), self._by_id[task_id]
        has_run = self._now_s - running.started_at_s
        life.version += 1
        per_second = rate(running.task, len(running.placements))
        life.attained += has_run * per_second
        life.done_s += has_run
        lost = min(self._costs.restart_s, life.done_s) if has_run > 0 else 0.0
        if not keeps_work:
            lost = life.done_s
        life.done_s -= lost
        life.left_s = life.job.run_s - life.done_s
        self._lost += lost * per_second
        self._ledger.use(running, -1)
        self._waiting[task_id] = life.as_waiting()

    def _change(self, change: Change) -> None:
        if change.machines is not None:
            self._machines = change.machines
            here = {machine.name for machine in change.machines if machine.is_healthy}
            gone = [
                running
                for running in self._running.values()
                if any(placement.machine not in here for placement in running.placements)
            ]
            for running in gone:
                self._stop(running.task.id, keeps_work=running.task.saves_checkpoints)
        if change.queues is not None:
            self._queues = change.queues
        self._ledger.change(self._machines, self._queues)

    # What is decided. ---------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        self._wake_at_s = None
        while self._waiting:
            snapshot = Snapshot(
                self._machines,
                tuple(self._running.values()),
                tuple(self._waiting.values()),
                self._queues,
                self._now_s,
                self._mix,
                self._setup.discipline,
            )
            decision = decide(snapshot, self._cluster)
            self._num_decisions += 1
            if self._watch is not None:
                self._watch(snapshot, decision)
            self._carry_out(decision)
            self._wake_at_s = decision.wake_at_s
            if not decision.preemptions:
                break

    def _carry_out(self, decision: Decision) -> None:
        for task_id, placements in decision.starts.items():
            life, task = self._by_id[task_id], self._waiting.pop(task_id)
            life.is_favoured = False
            if life.started_at_s is None:
                life.started_at_s = self._now_s
            running = RunningTask(replace(task, is_favoured=False), placements, self._now_s)
            self._running[task_id] = running
            self._ledger.use(running, 1)
            life.version += 1
            # More workers than at least needed do as much more at a time.
            run_s = life.left_s * task.min_workers / len(placements)
            if task.max_run_time_s is not None:
                run_s = min(run_s, task.max_run_time_s)
            heapq.heappush(self._ends, (self._now_s + run_s, task_id, life.version))
        for preemption in decision.preemptions:
            self._stop(preemption.task, keeps_work=self._by_id[preemption.task].job.task.saves_checkpoints)
            self._num_preemptions += 1
            favoured = self._by_id[preemption.in_favour_of]
            favoured.is_favoured = True
            self._waiting[preemption.in_favour_of] = favoured.as_waiting()

    def _report(self) -> Report:
        done = [life for life in self._lives if life.ended_at_s is not None]
        completion = [_completion_s(life) for life in done]
        waits = [whole_s - life.job.run_s for whole_s, life in zip(completion, done, strict=True)]
        waits = [max(0.0, wait) for wait in waits]
        slowdowns = [
            max(1.0, c / max(life.job.run_s, 60.0)) for c, life in zip(completion, done, strict=True)
        ]
        by_queue: dict[str, list[float]] = {}
        for life, slowdown in zip(done, slowdowns, strict=True):
            by_queue.setdefault(life.job.task.queue, []).append(slowdown)
        return Report(
            self._setup.name,
            len(self._lives),
            len(self._lives) - len(done),
            _mean(waits),
            _quantile(waits, 0.95),
            _mean(completion),
            _quantile(completion, 0.5),
            _quantile(completion, 0.95),
            _mean(slowdowns),
            max((_mean(of_queue) for of_queue in by_queue.values() if len(of_queue) >= 20), default=1.0),
            self._ledger.shortfall,
            self._num_preemptions,
            self._lost,
            self._now_s - self._started_s,
            self._ledger.utilisation(),
            self._num_decisions,
        )


def _completion_s(life: _Life) -> float:
    assert life.ended_at_s is not None
    return life.ended_at_s - life.job.task.since_s


class _Ledger:
    """Adds up over time what is in use, what was promised and wanted, and what of that was given."""

    def __init__(self, lives: Sequence[_Life], machines: Sequence[Machine], queues: Sequence[Queue]) -> None:
        self._names = {life.job.task.queue for life in lives}
        self._last_arrival_s = lives[-1].job.task.since_s if lives else 0.0
        self._now_s = lives[0].job.task.since_s if lives else 0.0
        self._kinds: set[str] = {"cpu"}
        self._used: dict[str, int] = {}
        self._used_s: dict[str, float] = {}
        self._total_s: dict[str, float] = {}
        self._by_queue: dict[str, list[dict[str, int]]] = {}
        self._promised = self._short = 0.0
        self.change(machines, queues)

    def change(self, machines: Sequence[Machine], queues: Sequence[Queue]) -> None:
        self._total = {r: amount for r, amount in totals(machines).items() if ":" not in r and r != "memory"}
        self._tree = Tree(queues, sorted(self._names))
        self._leaves: dict[str, Amounts] = {
            node.queue.name: {
                r: amount
                for r, amount in node.queue.guaranteed.items()
                if ":" not in r and (r == "cpu" or r in devices_in((r,)))
            }
            for node in self._tree.nodes
            if node.queue.guaranteed
        }
        # CPU is promised along with devices; it is the devices that are counted.
        self._leaves = {
            name: {r: amount for r, amount in promised.items() if r != "cpu" or len(promised) == 1}
            for name, promised in self._leaves.items()
        }

    def _of(self, queue: str) -> list[dict[str, int]]:
        return self._by_queue.setdefault(queue, [{}, {}])

    def want(self, task: WaitingTask, sign: int) -> None:
        amounts = whole(task, asked(task), task.min_workers)
        for number in self._tree[task.queue].path:
            _add(self._of(self._tree.nodes[number].queue.name)[0], amounts, sign)

    def use(self, running: RunningTask, sign: int) -> None:
        amounts: dict[str, int] = {}
        for placement in running.placements:
            amounts["cpu"] = amounts.get("cpu", 0) + placement.cpu_milli
            for share in placement.devices:
                amounts[share.kind] = amounts.get(share.kind, 0) + share.share_milli
        _add(self._used, amounts, sign)
        for number in self._tree[running.task.queue].path:
            _add(self._of(self._tree.nodes[number].queue.name)[1], amounts, sign)

    def pass_time(self, seconds: float) -> None:
        if seconds <= 0:
            return
        counted = min(seconds, max(0.0, self._last_arrival_s - self._now_s))
        self._now_s += seconds
        for resource, amount in self._total.items():
            self._total_s[resource] = self._total_s.get(resource, 0.0) + amount * counted
            self._used_s[resource] = self._used_s.get(resource, 0.0) + self._used.get(resource, 0) * counted
        for name, promised in self._leaves.items():
            wanted, used = self._of(name)
            for resource, amount in promised.items():
                deserved = min(amount, wanted.get(resource, 0))
                if deserved > 0:
                    self._promised += deserved * seconds
                    self._short += max(0, deserved - used.get(resource, 0)) * seconds

    @property
    def shortfall(self) -> float:
        return self._short / self._promised if self._promised else 0.0

    def utilisation(self) -> dict[str, float]:
        return {r: self._used_s[r] / total for r, total in sorted(self._total_s.items()) if total}


def _add(to: dict[str, int], amounts: Amounts, sign: int) -> None:
    for resource, amount in amounts.items():
        to[resource] = to.get(resource, 0) + sign * amount


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _quantile(values: Sequence[float], part: float) -> float:
    """Linear between the two nearest, as in NumPy."""
    if not values:
        return 0.0
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
