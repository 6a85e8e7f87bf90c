"""What must hold for every decision of the scheduler, whatever the moment: for property tests and long runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kpl.resources import Amounts, Machine, Placement, ResourceRequest, amounts_of
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.snapshot import MIN_RUN_S, ROOT, Decision, Queue, RunningTask, Snapshot, WaitingTask
from kpl.task.ids import TaskId


def violations(snapshot: Snapshot, decision: Decision) -> list[str]:
    """Everything that is wrong with a decision; empty when nothing is.

    Devices, CPU and memory of a machine are not exceeded by what starts on it; a start is what was asked for, on
    machines that take new work; gangs are whole; no limit of a queue, of one above it or of a user is exceeded by what
    starts; only those that may be stopped are; every waiting task starts or has a reason in both languages.
    """
    waiting = {task.id: task for task in snapshot.waiting}
    return [
        *_check_account(waiting, decision),
        *_check_machines(snapshot, decision),
        *_check_gangs(waiting, snapshot.machines, decision),
        *_check_limits(snapshot, waiting, decision),
        *_check_preemptions(snapshot, waiting, decision),
    ]


def _check_account(waiting: Mapping[TaskId, WaitingTask], decision: Decision) -> Iterator[str]:
    if decision.starts.keys() & decision.waits.keys():
        yield "a task both starts and waits"
    if decision.starts.keys() | set(decision.waits) != waiting.keys():
        yield "a waiting task neither starts nor has a reason"
    for task_id, wait in decision.waits.items():
        if not wait.reason.en or not wait.reason.zh or wait.position < 1:
            yield f"task {task_id} has no proper reason"


def _check_machines(snapshot: Snapshot, decision: Decision) -> Iterator[str]:
    started = [placement for placements in decision.starts.values() for placement in placements]
    held = [placement for running in snapshot.running for placement in running.placements]
    by_name = {machine.name: machine for machine in snapshot.machines}
    for name in {placement.machine for placement in started}:
        machine = by_name.get(name)
        if machine is None or not machine.is_healthy or machine.is_cordoned:
            yield f"a task starts on {name}, which takes none"
            continue
        here = [placement for placement in (*held, *started) if placement.machine == name]
        if any(p.cpu_milli for p in started if p.machine == name) and (
            sum(p.cpu_milli for p in here) > machine.cpu_milli
        ):
            yield f"{name}: more CPU is given than there is"
        if any(p.memory_mib for p in started if p.machine == name) and (
            sum(p.memory_mib for p in here) > machine.memory_mib
        ):
            yield f"{name}: more memory is given than there is"
        shares: Counter[tuple[str, int]] = Counter()
        for placement in here:
            for share in placement.devices:
                shares[share.kind, share.index] += share.share_milli
        usable = {(d.kind, d.index) for d in machine.devices if d.is_healthy}
        for placement in started:
            for share in placement.devices if placement.machine == name else ():
                if (share.kind, share.index) not in usable:
                    yield f"{name}: {share.kind} {share.index} cannot be given"
                if shares[share.kind, share.index] > WHOLE_DEVICE_MILLI:
                    yield f"{name}: {share.kind} {share.index} is given more than once"


def _check_gangs(
    waiting: Mapping[TaskId, WaitingTask], machines: Sequence[Machine], decision: Decision
) -> Iterator[str]:
    models = {(m.name, d.kind, d.index): d.model for m in machines for d in m.devices}
    for task_id, placements in decision.starts.items():
        task = waiting[task_id]
        if not task.min_workers <= len(placements) <= task.max_workers:
            yield f"task {task_id} starts with {len(placements)} workers"
        if task.on_one_machine and len({placement.machine for placement in placements}) > 1:
            yield f"task {task_id} starts on several machines"
        for placement in placements:
            if not _is_as_asked(task.request, placement, models):
                yield f"task {task_id} gets other than it asked for"


def _is_as_asked(
    request: ResourceRequest, placement: Placement, models: Mapping[tuple[str, str, int], str]
) -> bool:
    if (placement.cpu_milli, placement.memory_mib) != (request.cpu_milli, request.memory_mib):
        return False
    for devices in (request.devices, *request.alternatives):
        given = Counter(share.kind for share in placement.devices)
        asked: Counter[str] = Counter()
        are_enough = True
        for wanted in devices:
            asked[wanted.kind] += wanted.count
            fitting = [
                share
                for share in placement.devices
                if share.kind == wanted.kind
                and (wanted.share_mib or share.share_milli == wanted.share_milli)
                and (
                    not wanted.models
                    or models.get((placement.machine, share.kind, share.index)) in wanted.models
                )
            ]
            are_enough = are_enough and len(fitting) >= wanted.count
        if are_enough and +asked == given:
            return True
    return False


def _check_limits(
    snapshot: Snapshot, waiting: Mapping[TaskId, WaitingTask], decision: Decision
) -> Iterator[str]:
    queues = {queue.name: queue for queue in snapshot.queues}
    started = [RunningTask(waiting[task_id], placements) for task_id, placements in decision.starts.items()]
    for queue in snapshot.queues:
        new = [one for one in started if queue.name in _path(one.task.queue, queues)]
        held = [one for one in snapshot.running if queue.name in _path(one.task.queue, queues)]
        yield from _over(queue.name, queue.limit, new, held, snapshot.machines)
        for user in {one.task.user for one in new} if queue.user_limit else ():
            theirs = [[one for one in group if one.task.user == user] for group in (new, held)]
            yield from _over(
                f"{queue.name}, {user}", queue.user_limit, theirs[0], theirs[1], snapshot.machines
            )


def _over(
    where: str, limit: Amounts, new: list[RunningTask], held: list[RunningTask], machines: Sequence[Machine]
) -> Iterator[str]:
    if not limit or not new:
        return
    more, used = usage(new, machines), usage(held, machines)
    for resource, most in limit.items():
        if more.get(resource, 0) and used.get(resource, 0) + more[resource] > most:
            yield f"{where}: {resource} {used.get(resource, 0)} and {more[resource]} more of at most {most}"


def usage(running: Iterable[RunningTask], machines: Sequence[Machine]) -> Counter[str]:
    """What tasks use together, by resource, counted from scratch."""
    models = {(m.name, d.kind, d.index): d.model for m in machines for d in m.devices}
    total: Counter[str] = Counter()
    for one in running:
        total["tasks"] += 1
        total["storage"] += one.task.storage_mib
        for placement in one.placements:
            for resource, amount in amounts_of(placement).items():
                if ":" not in resource:
                    total[resource] += amount
            for share in placement.devices:
                model = share.model or models.get((placement.machine, share.kind, share.index), "")
                if model:
                    total[f"{share.kind}:{model}"] += share.share_milli
    return total


def _path(name: str, queues: Mapping[str, Queue]) -> list[str]:
    path: list[str] = []
    while name != ROOT and name in queues and name not in path:
        path.append(name)
        name = queues[name].parent
    return [*path, ROOT]


def _check_preemptions(
    snapshot: Snapshot, waiting: Mapping[TaskId, WaitingTask], decision: Decision
) -> Iterator[str]:
    running = {one.task.id: one for one in snapshot.running}
    queues = {queue.name: queue for queue in snapshot.queues}
    if len({preemption.task for preemption in decision.preemptions}) < len(decision.preemptions):
        yield "a task is preempted twice"
    for preemption in decision.preemptions:
        victim, favoured = running.get(preemption.task), waiting.get(preemption.in_favour_of)
        if victim is None or favoured is None or victim.is_stopping or not victim.task.is_preemptible:
            yield f"task {preemption.task} may not be preempted"
            continue
        if preemption.in_favour_of in decision.starts:
            yield f"task {preemption.task} is preempted for one that starts anyway"
        task = victim.task
        if task.queue == favoured.queue and task.priority < favoured.priority:
            continue
        min_run_s = next(
            (
                queues[name].policy.min_run_s
                for name in _path(task.queue, queues)
                if name in queues and queues[name].policy.min_run_s is not None
            ),
            None,
        )
        has_run_s = snapshot.now_s - victim.started_at_s
        if not task.saves_checkpoints or has_run_s < (MIN_RUN_S if min_run_s is None else min_run_s):
            yield f"task {task.id} is preempted for fairness after {has_run_s} s"
        if task.queue == favoured.queue and task.priority > favoured.priority:
            yield f"task {task.id} is preempted for one of lower priority"
