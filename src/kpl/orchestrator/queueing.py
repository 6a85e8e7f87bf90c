"""What the scheduler is told of the state, and what becomes of those it stops for the sake of others. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpl.orchestrator.state import State
from kpl.resources import Machine, Placement
from kpl.scheduler import Queue, RunningTask, Snapshot, WaitingTask
from kpl.scheduler.quota import Tree
from kpl.scheduler.snapshot import ROOT
from kpl.sentence import Sentence
from kpl.task import Attempt, Task, TaskState
from kpl.task.ids import TaskId


def snapshot_of(state: State, tasks: Iterable[Task], now_s: float) -> Snapshot:
    """The moment as the scheduler sees it: `tasks` are those of the state as they stand now."""
    running, waiting = [], []
    for task in tasks:
        if task.state is TaskState.QUEUED and task.not_before_s <= now_s:
            waiting.append(_waiting(task, is_favoured=task.id in state.favoured))
        elif task.state.holds_resources and task.attempt is not None:
            running.append(_running(task, task.attempt))
    return Snapshot(
        machines=open_machines(state.machines, state.cordoned),
        running=tuple(running),
        waiting=tuple(waiting),
        queues=state.queues,
        now_s=now_s,
        mix=state.mix,
    )


def open_machines(machines: tuple[Machine, ...], cordoned: frozenset[str]) -> tuple[Machine, ...]:
    """The machines, those that an administrator closed marked so."""
    if not cordoned:
        return machines
    return tuple(replace(m, is_cordoned=True) if m.name in cordoned else m for m in machines)


def _waiting(task: Task, *, is_favoured: bool = False) -> WaitingTask:
    spec = task.spec
    return WaitingTask(
        id=task.id,
        request=spec.resources,
        queue=spec.queue or ROOT,
        user=spec.user,
        priority=task.priority,
        since_s=task.created_at_s,
        is_preemptible=spec.is_preemptible,
        saves_checkpoints=spec.saves_checkpoints,
        attained_s=task.attained_s,
        max_run_time_s=None if task.is_service else spec.timeout_s,
        expected_run_s=task.expected_run_s,
        is_favoured=is_favoured,
    )


def _running(task: Task, attempt: Attempt) -> RunningTask:
    return RunningTask(
        _waiting(task),
        (attempt.placement,),
        started_at_s=started_at_s(attempt),
        is_stopping=task.state is TaskState.STOPPING,
    )


def started_at_s(attempt: Attempt) -> float:
    """When an attempt began to hold its resources, or its process began where that is known."""
    return attempt.created_at_s if attempt.started_at_s is None else attempt.started_at_s


def after_preemption(task: Task, attempt: Attempt, ended_at_s: float) -> Task:
    """The task with what a stopped attempt has had, and the stop counted as no failure of its own."""
    ran_s = max(0.0, ended_at_s - started_at_s(attempt))
    return replace(
        task,
        attempt=attempt,
        attained_s=task.attained_s + ran_s * service_rate(attempt.placement),
        num_preemptions=task.num_preemptions + 1,
    )


def service_rate(placement: Placement) -> float:
    """Device-seconds that a placement uses up in a second; core-seconds where it has no device."""
    devices = sum(share.share_milli for share in placement.devices)
    return (devices or placement.cpu_milli) / 1000.0


def overdue(
    tasks: Iterable[Task], queues: Sequence[Queue], now_s: float
) -> tuple[dict[TaskId, str], float | None]:
    """Tasks that ran for longer than the policies allow, with the sentence that tells them so.

    Returns:
        those, and when the next of the others will be; None when none will.
    """
    if all(queue.policy.max_run_time_s is None for queue in queues):
        return {}, None
    tree = Tree(queues)
    over: dict[TaskId, str] = {}
    next_s: float | None = None
    for task in tasks:
        if task.state not in _RUNS or task.attempt is None or task.attempt.started_at_s is None:
            continue
        limit_s = tree.policy_of(task.spec.queue).max_run_time_s
        if limit_s is None:
            continue
        ends_at_s = task.attempt.started_at_s + limit_s
        if ends_at_s <= now_s:
            over[task.id] = Sentence(
                f"stopped: queue '{task.spec.queue}' lets nothing run for longer than {limit_s:g} s",
                f"已停止：队列“{task.spec.queue}”中的任务最长运行 {limit_s:g} 秒",
            )
        else:
            next_s = ends_at_s if next_s is None else min(next_s, ends_at_s)
    return over, next_s


_RUNS = frozenset({TaskState.RUNNING, TaskState.READY})
