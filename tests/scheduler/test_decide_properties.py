"""What holds for every decision, under any sequence of events.

The world is played in virtual time: tasks of all sorts come, end and fail, machines are cordoned, lost and come back,
queues change. `kpl.testing.scheduling.violations` says what must hold of each decision. Beyond that:

- no queue is brought below its guarantee by preemption in favour of another queue;
- every task that waits has a reason, and when its obstacle is taken away it starts, or another is named;
- no task starves: once nothing new comes, everything that can run has run after a bounded time, and a gang is not
  overtaken for ever by small tasks of its own queue that keep coming.
"""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.scheduler import (
    Cluster,
    Decision,
    Discipline,
    Hours,
    Obstacle,
    Policy,
    Queue,
    RunningTask,
    Snapshot,
    WaitingTask,
    decide,
)
from kpl.scheduler.quota import Tree
from kpl.scheduler.simulate import Costs, Job, Setup, simulate
from kpl.task.ids import TaskId
from kpl.testing.scheduling import usage, violations

MODELS = ("a100", "v100")
QUEUES = ("org", "vision", "speech", "other")

device_requests = st.one_of(
    st.builds(
        DeviceRequest,
        st.sampled_from(["gpu", "npu"]),
        count=st.integers(1, 3),
        models=st.lists(st.sampled_from(MODELS), max_size=1).map(tuple),
    ),
    st.builds(DeviceRequest, st.just("gpu"), share_milli=st.sampled_from([250, 500, 700])),
)
requests = st.builds(
    ResourceRequest,
    cpu_milli=st.sampled_from([0, 500, 2000, 5000]),
    memory_mib=st.sampled_from([0, 512, 4096]),
    devices=st.lists(device_requests, max_size=1).map(tuple),
    alternatives=st.sampled_from([(), (), ((),)]),
)


@st.composite
def tasks(draw: st.DrawFn, number: int, since_s: float) -> WaitingTask:
    workers = draw(st.sampled_from([(1, 1), (1, 1), (1, 1), (2, 2), (1, 3)]))
    return WaitingTask(
        TaskId(number),
        draw(requests),
        draw(st.sampled_from((*QUEUES, "unknown"))),
        draw(st.sampled_from(["ann", "bob"])),
        draw(st.sampled_from([0, 0, 0, 5])),
        since_s,
        *workers,
        on_one_machine=draw(st.booleans()),
        is_preemptible=draw(st.booleans()),
        saves_checkpoints=draw(st.booleans()),
        max_run_time_s=draw(st.sampled_from([None, 600.0, 7200.0])),
        expected_run_s=draw(st.sampled_from([None, 1000.0])),
        storage_mib=draw(st.sampled_from([0, 100])),
    )


@st.composite
def machines(draw: st.DrawFn) -> tuple[Machine, ...]:
    def one(name: str) -> Machine:
        devices = tuple(
            Device(kind, index, model=draw(st.sampled_from(MODELS)))
            for kind, most in (("gpu", 4), ("npu", 1))
            for index in range(draw(st.integers(0, most)))
        )
        return Machine(name, 8000, 8192, devices)

    return tuple(one(f"m{number}") for number in range(draw(st.integers(1, 3))))


amounts = st.dictionaries(
    st.sampled_from(["gpu", "gpu:a100", "cpu", "npu", "tasks", "storage"]),
    st.sampled_from([1, 2, 4]),
    max_size=2,
).map(
    lambda written: {
        r: n if r == "tasks" else n * 100 if r == "storage" else n * 1000 for r, n in written.items()
    }
)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Queue, ...]:
    def one(name: str, parent: str) -> Queue:
        guaranteed = {r: n for r, n in draw(amounts).items() if r not in ("tasks", "storage")}
        policy = draw(
            st.sampled_from([Policy(), Policy(), Policy(min_run_s=0.0), Policy(max_request={"gpu": 2000})])
        )
        weight = draw(st.sampled_from([1.0, 2.0]))
        return Queue(name, parent, weight, guaranteed, draw(amounts), draw(amounts), policy)

    if draw(st.booleans()):
        return ()
    return (one("org", "root"), one("vision", "org"), one("speech", "org"), one("other", "root"))


class World(RuleBasedStateMachine):
    """A server's life in virtual time; after each event a decision is made and carried out."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.machines: dict[str, Machine] = {}
        self.gone: dict[str, Machine] = {}
        self.queues: tuple[Queue, ...] = ()
        self.waiting: dict[TaskId, WaitingTask] = {}
        self.running: dict[TaskId, RunningTask] = {}
        self.cluster = Cluster()
        self.number = 0

    @initialize(all_machines=machines(), queues=trees())
    def begin(self, all_machines: tuple[Machine, ...], queues: tuple[Queue, ...]) -> None:
        self.machines = {machine.name: machine for machine in all_machines}
        self.queues = queues

    @rule(data=st.data(), many=st.integers(1, 4))
    def arrive(self, data: st.DataObject, many: int) -> None:
        for _ in range(many):
            self.number += 1
            self.waiting[TaskId(self.number)] = data.draw(tasks(self.number, self.now_s))
        self.decide()

    @rule(data=st.data(), seconds=st.sampled_from([1.0, 300.0, 5000.0]))
    def end(self, data: st.DataObject, seconds: float) -> None:
        self.now_s += seconds
        if self.running:
            del self.running[data.draw(st.sampled_from(sorted(self.running)))]
        self.decide()

    @rule()
    def stop_those_asked_to(self) -> None:
        for task_id, running in list(self.running.items()):
            if running.is_stopping:
                self.requeue(task_id)
        self.decide()

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        if self.running:
            self.requeue(data.draw(st.sampled_from(sorted(self.running))))
        self.decide()

    @rule(data=st.data())
    def cordon_or_open(self, data: st.DataObject) -> None:
        if self.machines:
            name = data.draw(st.sampled_from(sorted(self.machines)))
            machine = self.machines[name]
            self.machines[name] = replace(machine, is_cordoned=not machine.is_cordoned)
        self.decide()

    @rule(data=st.data())
    def lose_or_regain(self, data: st.DataObject) -> None:
        if self.gone:
            name, machine = self.gone.popitem()
            self.machines[name] = machine
        elif self.machines:
            name = data.draw(st.sampled_from(sorted(self.machines)))
            self.gone[name] = self.machines.pop(name)
            for task_id, running in list(self.running.items()):
                if any(placement.machine == name for placement in running.placements):
                    self.requeue(task_id)
        self.decide()

    @rule(queues=trees())
    def change_quotas(self, queues: tuple[Queue, ...]) -> None:
        self.queues = queues
        self.decide()

    def requeue(self, task_id: TaskId) -> None:
        running = self.running.pop(task_id)
        attained = running.task.attained_s + (self.now_s - running.started_at_s) * len(running.placements)
        self.waiting[task_id] = replace(running.task, attained_s=attained)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            tuple(self.machines.values()),
            tuple(self.running.values()),
            tuple(self.waiting.values()),
            self.queues,
            self.now_s,
        )

    def decide(self) -> None:
        snapshot = self.snapshot()
        decision = decide(snapshot, self.cluster)
        assert violations(snapshot, decision) == []
        assert guarantees_taken(snapshot, decision) == []
        assert same(decision, decide(shuffled(snapshot)))
        for task_id, placements in decision.starts.items():
            self.running[task_id] = RunningTask(self.waiting.pop(task_id), placements, self.now_s)
        for preemption in decision.preemptions:
            self.running[preemption.task] = replace(self.running[preemption.task], is_stopping=True)
            favoured = self.waiting[preemption.in_favour_of]
            self.waiting[favoured.id] = replace(favoured, is_favoured=True)
        again = decide(self.snapshot(), self.cluster)
        favoured_ids = {preemption.in_favour_of for preemption in decision.preemptions}
        assert not favoured_ids & {preemption.in_favour_of for preemption in again.preemptions}


def same(one: Decision, other: Decision) -> bool:
    return one == other


def shuffled(snapshot: Snapshot) -> Snapshot:
    """The same moment, written down in another order."""
    return replace(
        snapshot, running=tuple(reversed(snapshot.running)), waiting=tuple(reversed(snapshot.waiting))
    )


def guarantees_taken(snapshot: Snapshot, decision: Decision) -> list[str]:
    """Queues that preemption for others leaves with less of a resource than they are guaranteed and had."""
    tasks_of = {task.id: task for task in snapshot.waiting}
    running = {one.task.id: one for one in snapshot.running}
    tree = Tree(
        snapshot.queues, [*(t.queue for t in tasks_of.values()), *(r.task.queue for r in running.values())]
    )
    found = []
    for node in tree.nodes:
        if not node.deserved:
            continue

        def is_inside(queue: str, number: int = node.number) -> bool:
            return number in tree[queue].path

        taken = {
            preemption.task
            for preemption in decision.preemptions
            if is_inside(running[preemption.task].task.queue)
            and not is_inside(tasks_of[preemption.in_favour_of].queue)
        }
        if not taken:
            continue
        coming = [
            RunningTask(tasks_of[reservation.task], reservation.placements)
            for reservation in decision.reservations
            if reservation.task not in decision.starts
        ]
        starting = [RunningTask(tasks_of[task_id], p) for task_id, p in decision.starts.items()]
        inside = [
            one
            for one in (*snapshot.running, *starting, *coming)
            if is_inside(one.task.queue) and not one.is_stopping and one.task.id not in taken
        ]
        left = usage(inside, snapshot.machines)
        lost = usage([running[task_id] for task_id in taken], snapshot.machines)
        wanted = {
            device.kind
            for preemption in decision.preemptions
            if preemption.task in taken
            for device in tasks_of[preemption.in_favour_of].request.devices
        }
        found += [
            f"{node.queue.name}: {resource} {left[resource]} of {amount}"
            for resource, amount in node.deserved.items()
            if resource.partition(":")[0] in wanted and lost[resource] and left[resource] < amount
        ]
    return found


World.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestWorld = World.TestCase


# Reasons. ---------------------------------------------------------------------------------------------------


@st.composite
def moments(draw: st.DrawFn) -> Snapshot:
    """A moment in which some tasks run, and most of what waits cannot start."""
    all_machines, queues = draw(machines()), draw(trees())
    first = tuple(draw(tasks(number, float(number))) for number in range(1, draw(st.integers(1, 6))))
    before = decide(Snapshot(all_machines, waiting=first, queues=queues, now_s=10.0))
    by_id = {task.id: task for task in first}
    started_s = draw(st.sampled_from([0.0, 4000.0, 4990.0]))
    running = tuple(RunningTask(by_id[i], p, started_s) for i, p in before.starts.items())
    later = tuple(draw(tasks(number, float(number))) for number in range(100, 100 + draw(st.integers(1, 6))))
    closed = Policy(hours=(Hours(frozenset({2}), 0, 1),))
    if draw(st.booleans()):
        queues = (*queues, Queue("unknown", policy=closed))
    return Snapshot(all_machines, running, later, queues, now_s=5000.0)


def without(snapshot: Snapshot, task: WaitingTask, obstacle: Obstacle, decision: Decision) -> Snapshot:
    """The same moment with an obstacle taken away."""
    match obstacle:
        case Obstacle.LIMIT:
            queues = tuple(
                replace(q, limit={}, policy=replace(q.policy, max_request=None, allowed_kinds=None))
                for q in snapshot.queues
            )
            return replace(snapshot, queues=queues)
        case Obstacle.USER_LIMIT:
            return replace(snapshot, queues=tuple(replace(q, user_limit={}) for q in snapshot.queues))
        case Obstacle.HOURS:
            opened = tuple(replace(q, policy=replace(q.policy, hours=None)) for q in snapshot.queues)
            return replace(snapshot, queues=opened)
        case Obstacle.PREEMPTING:
            gone = {preemption.task for preemption in decision.preemptions}
            left = tuple(one for one in snapshot.running if one.task.id not in gone and not one.is_stopping)
            favoured = tuple(replace(t, is_favoured=t.id == task.id) for t in snapshot.waiting)
            return replace(snapshot, running=left, waiting=favoured)
        case Obstacle.RESERVED | Obstacle.BORROWING:
            return replace(snapshot, waiting=(task,))
        case Obstacle.ROOM | Obstacle.NOTHING_FITS:
            return replace(snapshot, machines=(*snapshot.machines, room_for(snapshot.waiting)))


def room_for(waiting: Sequence[WaitingTask]) -> Machine:
    """An empty machine that holds everything that waits, with as many workers as it asks for at most."""
    wanted = [(device, task.max_workers) for task in waiting for device in task.request.devices]
    devices: list[Device] = []
    for kind in sorted({device.kind for device, _ in wanted}):
        number = sum(device.count * workers for device, workers in wanted if device.kind == kind)
        models = [model for model in MODELS for _ in range(number)]
        devices += [Device(kind, index, model=model) for index, model in enumerate(models)]
    cpu_milli = sum(task.request.cpu_milli * task.max_workers for task in waiting)
    memory_mib = sum(task.request.memory_mib * task.max_workers for task in waiting)
    return Machine("new", cpu_milli, memory_mib, tuple(devices))


@given(moments())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_taking_the_named_obstacle_away_lets_a_task_start_or_names_another(snapshot: Snapshot) -> None:
    decision = decide(snapshot)
    for task_id in decision.waits:
        task = next(task for task in snapshot.waiting if task.id == task_id)
        here, there = snapshot, decision
        seen: list[Obstacle] = []
        while task_id in there.waits:
            obstacle = there.waits[task_id].obstacle
            assert obstacle not in seen, (obstacle, seen, there.waits[task_id].reason.en)
            seen.append(obstacle)
            here = without(here, task, obstacle, there)
            there = decide(here)


# Waiting has an end. ----------------------------------------------------------------------------------------

GPUS = tuple(Device("gpu", index, model="a100") for index in range(4))
FARM = tuple(Machine(f"m{number}", 0, 0, GPUS) for number in range(2))


@st.composite
def loads(draw: st.DrawFn) -> list[Job]:
    jobs = []
    for number in range(1, draw(st.integers(2, 25))):
        workers = draw(st.sampled_from([1, 1, 1, 2]))
        count = draw(st.integers(1, 4))
        is_flexible = draw(st.booleans())
        task = WaitingTask(
            TaskId(number),
            ResourceRequest(0, 0, (DeviceRequest("gpu", count),)),
            draw(st.sampled_from(QUEUES)),
            priority=draw(st.sampled_from([0, 0, 1])),
            since_s=float(draw(st.integers(0, 5000))),
            min_workers=workers,
            max_workers=workers,
            is_preemptible=is_flexible,
            saves_checkpoints=is_flexible,
            max_run_time_s=draw(st.sampled_from([None, 40000.0])),
        )
        jobs.append(Job(task, float(draw(st.integers(1, 20000)))))
    return jobs


@given(loads(), trees())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_once_nothing_new_comes_everything_that_can_run_has_run(
    jobs: list[Job], queues: tuple[Queue, ...]
) -> None:
    """Bound: as if all ran one after the other, and each preemption cost a minute. Limits and sizes are taken away."""
    queues = tuple(replace(q, limit={}, user_limit={}, policy=Policy()) for q in queues)

    def watch(snapshot: Snapshot, decision: Decision) -> None:
        assert violations(snapshot, decision) == []

    report = simulate(jobs, FARM, Setup("any", queues), costs=Costs(cycle_s=1.0), watch=watch)
    assert report.num_unfinished == 0
    last = max(job.task.since_s for job in jobs)
    assert report.makespan_s <= last + sum(job.run_s for job in jobs) + 120 * report.num_preemptions + 10


@given(st.integers(60, 3600), st.booleans(), st.booleans(), st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_a_gang_is_not_overtaken_for_ever_by_small_tasks_of_its_queue(
    run_s: int, is_flexible: bool, is_gang_flexible: bool, workers: int
) -> None:
    """Small tasks come faster than they are done, each with a limit of its run time. A gang starts after at most twice
    that time; where the small ones can be stopped, and so may use the room that is kept, the least time that work is
    left alone and patience come on top."""
    patience_s = 2000.0
    request = ResourceRequest(0, 0, (DeviceRequest("gpu", 1),))
    small = [
        Job(
            WaitingTask(
                TaskId(number), request, "a", since_s=number * run_s / 16, max_run_time_s=float(run_s),
                is_preemptible=is_flexible, saves_checkpoints=is_flexible,
            ),
            float(run_s),
        )
        for number in range(1, 100 + round(48000 / run_s))
    ]  # fmt: skip
    gang_s = 20 * run_s / 16
    gang = WaitingTask(
        TaskId(100_000), request, "a", since_s=gang_s, min_workers=workers, max_workers=workers,
        is_preemptible=is_gang_flexible, saves_checkpoints=is_gang_flexible,
    )  # fmt: skip
    starts: list[float] = []

    def watch(snapshot: Snapshot, decision: Decision) -> None:
        if gang.id in decision.starts:
            starts.append(snapshot.now_s)

    setup = Setup("one", discipline=Discipline(patience_s=patience_s))
    simulate([*small, Job(gang, 100.0)], FARM, setup, costs=Costs(cycle_s=1.0), watch=watch)
    # Arrivals and ends are looked at in whole cycles of a second, so each of up to three may be noticed one late.
    bound_s = 2.0 * run_s + 3
    if is_flexible:
        bound_s += 660 + patience_s
    assert starts[0] - gang_s <= bound_s
