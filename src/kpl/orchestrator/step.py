"""What follows from what happened: pure, so that any interleaving of events can be tried out.

`step` never looks at a clock or at the world. Events that come twice, late or for things that are over pass
without effect. What is to be done follows from the state alone (`commands_for`); the commands of one step are
those that its changes bring about, so that carrying them all out once more is what a restart after a crash
takes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from kpl.orchestrator.conditions import not_taken, what_was_decided
from kpl.orchestrator.lifecycle import can_follow, move_attempt, move_run
from kpl.orchestrator.queueing import after_preemption, overdue, snapshot_of
from kpl.orchestrator.retry import after_failure, describe_end
from kpl.orchestrator.searching import BEHIND, advance_searches, begin_search, behind, stranded, take_choice
from kpl.orchestrator.state import (
    AttemptReported,
    CancelRun,
    CancelTask,
    ChooseFailed,
    Chosen,
    Collected,
    CollectFailed,
    Decided,
    Event,
    FellBehind,
    MoveOn,
    Resolved,
    ResolveFailed,
    Run,
    RunState,
    SetPriority,
    SetQueues,
    State,
    Submitted,
)
from kpl.orchestrator.work import StepResult, Work
from kpl.resources import Placement
from kpl.runtime.executor import AttemptReport
from kpl.scheduler import Cluster, Decision, decide, never_fits
from kpl.sentence import Sentence, in_chinese
from kpl.task import ArtifactInput, Attempt, AttemptState, Outcome, Task, TaskKind, TaskState
from kpl.task.ids import Digest, TaskId, attempt_id


def step(state: State, events: Sequence[Event], now_s: float, cluster: Cluster | None = None) -> StepResult:
    """Take in events in their order, then let everything go on that can.

    Args:
        cluster: the index of the step before, which saves work and changes no answer.
    """
    work = Work(state, now_s)
    for event in events:
        _take(work, event)
    _retire_replaced_services(work)
    _end_overdue(work)
    for trial, reason in stranded(work):
        _cancel(work, trial, reason)
    advance_searches(work)
    _release_waiting(work)
    _place_queued(work, cluster)
    for run_id in sorted(work.touched_runs & work.runs.keys()):
        _settle(work, work.runs[run_id])
    return work.result()


# Events. ----------------------------------------------------------------------------------------------------


def _take(work: Work, event: Event) -> None:
    match event:
        case Submitted():
            work.add(event)
        case Resolved() | Decided() | ResolveFailed():
            _take_resolution(work, event)
        case AttemptReported():
            _take_report(work, event.report)
        case Collected():
            _take_collected(work, event)
        case CollectFailed():
            _take_collect_failed(work, event)
        case Chosen() | ChooseFailed():
            take_choice(work, event)
        case FellBehind() | CancelTask() | CancelRun():
            _take_stop(work, event)
        case MoveOn():
            _move_on(work, event)
        case SetPriority():
            _set_priority(work, event)
        case SetQueues():
            work.state = replace(work.state, queues=event.queues, cordoned=event.cordoned)
        case _:
            assert_never(event)


def _take_resolution(work: Work, event: Resolved | Decided | ResolveFailed) -> None:
    task = work.tasks.get(event.task_id)
    if task is None or task.state is not TaskState.RESOLVING:
        return
    match event:
        case Resolved():
            _take_resolved(work, task, event)
        case Decided():
            task = replace(task, outputs=dict(event.outputs), why=event.why)
            work.move(task, TaskState.SUCCEEDED, reason=event.reason)
        case ResolveFailed():
            work.move(task, TaskState.FAILED, reason=event.reason)


def _take_resolved(work: Work, task: Task, event: Resolved) -> None:
    task = replace(task, digest=event.digest, why=event.why, expected_run_s=event.expected_run_s)
    if event.reused_from is not None:
        if task.kind is TaskKind.BATCH or _still_serves(work, event.reused_from, task):
            task = replace(task, reused_from=event.reused_from, outputs=dict(event.outputs))
            work.move(replace(task, value=event.value, search=event.search), TaskState.REUSED)
            return
        why = Sentence(
            f"ran: task {event.reused_from} no longer serves '{task.spec.endpoint}'",
            f"已执行：任务 {event.reused_from} 不再提供服务“{task.spec.endpoint}”",
        )
        task = replace(task, why=why)
    refusal = never_fits(task.spec.resources, work.state.machines)
    if refusal is not None:
        work.move(task, TaskState.FAILED, reason=refusal)
        return
    if task.spec.search is not None:
        begin_search(work, task)
        return
    work.state = replace(work.state, mix=work.state.mix.observed(task.spec.resources))
    work.move(task, TaskState.QUEUED)


def _still_serves(work: Work, earlier: TaskId, task: Task) -> bool:
    """Whether a ready service can stand in for a new one: no service in between is about to replace it."""
    rivals = [
        other.id
        for other in work.tasks.values()
        if _same_endpoint(other, task) and not other.state.is_final and other.id < task.id
    ]
    service = work.tasks.get(earlier)
    return service is not None and service.state is TaskState.READY and max(rivals, default=None) == earlier


def _same_endpoint(one: Task, other: Task) -> bool:
    key = (one.kind, one.project_id, one.spec.endpoint)
    return key == (TaskKind.SERVICE, other.project_id, other.spec.endpoint) and bool(one.spec.endpoint)


def _take_report(work: Work, report: AttemptReport) -> None:
    """Take the executor's word, unless it is late or about an earlier attempt.

    State None, "never heard of it", says nothing new: while the task is starting, the command is on its way.
    The loop turns it into an end where it means one.
    """
    task = work.task_of(report.attempt_id)
    if task is None or report.state is None:
        return
    assert task.attempt is not None
    state = report.state
    if state is AttemptState.READY and task.kind is TaskKind.BATCH:
        state = AttemptState.RUNNING
    if not can_follow(task.attempt.state, state):
        return
    started_at_s = report.started_at_s if report.started_at_s is not None else work.now_s
    attempt = move_attempt(
        task.attempt,
        state,
        address=report.address or task.attempt.address,
        message=report.message,
        started_at_s=started_at_s if task.attempt.started_at_s is None else task.attempt.started_at_s,
    )
    if state is AttemptState.ENDED:
        _take_end(work, task, attempt, report)
        return
    task = replace(task, attempt=attempt, started_at_s=task.started_at_s or attempt.started_at_s)
    if state is AttemptState.READY:
        task = replace(task, ready_at_s=work.now_s)
    if task.state is TaskState.STOPPING:
        work.put(task)
        return
    work.move(task, TaskState.READY if state is AttemptState.READY else TaskState.RUNNING)


def _take_end(work: Work, task: Task, ended: Attempt, report: AttemptReport) -> None:
    outcome = report.outcome or Outcome.LOST
    attempt = replace(
        ended,
        outcome=outcome,
        exit_code=report.exit_code,
        started_at_s=None if outcome is Outcome.NOT_STARTED else ended.started_at_s,
        ended_at_s=report.ended_at_s if report.ended_at_s is not None else work.now_s,
    )
    task = replace(task, attempt=attempt, started_at_s=task.started_at_s or attempt.started_at_s)
    if task.kind is TaskKind.BATCH and outcome is Outcome.EXITED and attempt.exit_code == 0:
        # Also from `stopping`: it was done before the signal came, so the work is kept.
        work.move(task, TaskState.COLLECTING)
    elif task.state is TaskState.STOPPING and task.cancel_requested:
        work.move(task, TaskState.CANCELLED, reason=task.reason)
    elif task.state is TaskState.STOPPING:
        _queue_again(work, task, replace(attempt, message=task.reason))
    else:
        _fail(work, task, describe_end(task, attempt))


def _queue_again(work: Work, task: Task, attempt: Attempt) -> None:
    """Put a task that was stopped for the sake of others back into its queue, with the age that it has."""
    task = after_preemption(task, attempt, attempt.ended_at_s or work.now_s)
    work.move(
        replace(task, ready_at_s=None),
        TaskState.QUEUED,
        reason=Sentence(f"{task.reason}; waits again", f"{in_chinese(task.reason)}；重新排队"),
    )


def _fail(work: Work, task: Task, why: str) -> None:
    is_awaited = work.run_of(task) is not None
    work.put(after_failure(task, why, now_s=work.now_s, is_awaited=is_awaited))


def _take_collected(work: Work, event: Collected) -> None:
    task = work.task_of(event.attempt_id)
    if task is not None and task.state is TaskState.COLLECTING:
        task = replace(task, outputs=dict(event.outputs), num_failures=0, value=event.value)
        work.move(task, TaskState.SUCCEEDED, reason=event.reason)


def _take_collect_failed(work: Work, event: CollectFailed) -> None:
    task = work.task_of(event.attempt_id)
    if task is None or task.state is not TaskState.COLLECTING:
        return
    if task.cancel_requested:
        work.move(task, TaskState.CANCELLED, reason=task.reason)
    else:
        _fail(work, task, event.reason)


def _set_priority(work: Work, event: SetPriority) -> None:
    task = work.tasks.get(event.task_id)
    if task is not None and task.priority != event.priority and not task.state.is_final:
        work.put(replace(task, priority=event.priority))


def _take_stop(work: Work, event: FellBehind | CancelTask | CancelRun) -> None:
    match event:
        case FellBehind():
            for trial in behind(work, event):
                _cancel(work, trial, BEHIND)
        case CancelTask():
            task = work.tasks.get(event.task_id)
            if task is not None:
                _cancel(work, task, event.reason)
        case CancelRun():
            _cancel_run(work, event)


BY_A_USER = Sentence("stopped by a user", "已由用户停止")


def _cancel(work: Work, task: Task, reason: str) -> None:
    """End a task as soon as its state allows; nothing happens when it is over or ending already."""
    if task.state.is_final or task.cancel_requested:
        return
    reason = reason or BY_A_USER
    task = replace(task, cancel_requested=True)
    match task.state:
        case TaskState.WAITING | TaskState.RESOLVING | TaskState.QUEUED:
            work.move(task, TaskState.CANCELLED, reason=reason)
        case TaskState.COLLECTING | TaskState.STOPPING | TaskState.SEARCHING:
            work.put(replace(task, reason=reason))
        case _:
            assert task.attempt is not None
            task = replace(task, attempt=replace(task.attempt, stop_requested=True))
            work.move(task, TaskState.STOPPING, reason=reason)


def _cancel_run(work: Work, event: CancelRun) -> None:
    """End what the run has not done yet; a service that is ready is done and goes on serving."""
    run = work.runs.get(event.run_id)
    if run is None or run.stop_requested:
        return
    reason = event.reason or BY_A_USER
    work.put_run(replace(run, stop_requested=True, reason=reason))
    for task_id in run.tasks:
        if work.tasks[task_id].state is not TaskState.READY:
            _cancel(work, work.tasks[task_id], reason)


# What follows. ----------------------------------------------------------------------------------------------


def _retire_replaced_services(work: Work) -> None:
    """Of the services under one endpoint, the newest that is ready replaces all older ones."""
    services = [task for task in work.tasks.values() if task.kind is TaskKind.SERVICE and task.spec.endpoint]
    newest: dict[tuple[int, str], TaskId] = {}
    for task in services:
        if task.state is TaskState.READY:
            key = (task.project_id, task.spec.endpoint)
            newest[key] = max(task.id, newest.get(key, task.id))
    for task in services:
        successor = newest.get((task.project_id, task.spec.endpoint))
        if successor is not None and task.id < successor:
            _cancel(work, task, Sentence(f"replaced by task {successor}", f"已由任务 {successor} 接替"))


def _release_waiting(work: Work) -> None:
    """Let tasks go on whose upstream is done, and skip those whose upstream will never be.

    Only tasks of touched runs can be affected, and those that were never looked at, which have no reason yet.
    """
    pending = [
        task.id
        for task in work.tasks.values()
        if task.state is TaskState.WAITING
        and (not task.reason or task.run_id is None or task.run_id in work.touched_runs)
    ]
    dependents: dict[TaskId, list[TaskId]] = {}
    for task_id in pending:
        for upstream in work.tasks[task_id].depends_on:
            dependents.setdefault(upstream, []).append(task_id)
    while pending:
        task = work.tasks[pending.pop()]
        if task.state is TaskState.WAITING:
            _release(work, task)
            if work.tasks[task.id].state.is_final:
                pending += dependents.get(task.id, [])


def _release(work: Work, task: Task) -> None:
    found = [work.tasks.get(task_id) for task_id in task.depends_on]
    upstream = [one for one in found if one is not None and one.run_id == task.run_id]
    if len(upstream) < len(task.depends_on):
        missing = min(set(task.depends_on) - {one.id for one in upstream})
        reason = Sentence(
            f"depends on task {missing}, which is not part of its run",
            f"依赖任务 {missing}，但它不属于本次运行",
        )
        work.move(task, TaskState.FAILED, reason=reason)
        return
    dead = next((one for one in upstream if one.state.is_final and not one.is_done), None)
    if dead is not None:
        work.move(task, TaskState.SKIPPED, reason=_fate(dead))
        return
    against = not_taken(task, work.tasks)
    if against is not None:
        work.move(task, TaskState.SKIPPED, reason=against.why)
        return
    unfinished = next((one for one in upstream if not one.is_done), None)
    if unfinished is not None:
        reason = Sentence(
            f"waits for task {unfinished.id} '{unfinished.name}'",
            f"等待任务 {unfinished.id}“{unfinished.name}”完成",
        )
        if task.reason != reason:
            work.put(replace(task, reason=reason))
        return
    inputs = _inputs(work, task)
    if isinstance(inputs, str):
        work.move(task, TaskState.FAILED, reason=inputs)
    else:
        work.move(replace(task, inputs=inputs), TaskState.RESOLVING)


def _fate(task: Task) -> Sentence:
    match task.state:
        case TaskState.SKIPPED:
            en, zh = "was skipped", "已跳过"
        case TaskState.CANCELLED:
            en, zh = "was cancelled", "已取消"
        case _:
            en, zh = "failed", "失败"
    return Sentence(f"task {task.id} '{task.name}' {en}", f"任务 {task.id}“{task.name}”{zh}")


def _inputs(work: Work, task: Task) -> dict[str, Digest] | str:
    """The artifact behind each input that has one; a sentence when one of them is missing."""
    inputs: dict[str, Digest] = {}
    for wanted in task.spec.inputs:
        if isinstance(wanted, ArtifactInput):
            inputs[wanted.name] = wanted.artifact
            continue
        upstream = work.tasks.get(wanted.task)
        if upstream is not None and wanted.output in upstream.outputs:
            inputs[wanted.name] = upstream.outputs[wanted.output]
        elif upstream is None or not _may_be_absent(upstream, wanted.output):
            return Sentence(
                f"input '{wanted.name}' is missing: task {wanted.task} has no output '{wanted.output}'",
                f"缺少输入“{wanted.name}”：任务 {wanted.task} 没有输出“{wanted.output}”",
            )
    return inputs


def _may_be_absent(upstream: Task, output: str) -> bool:
    """Whether no artifact is expected: the output was optional, or it is an endpoint."""
    return any(
        declared.name == output and (declared.is_optional or declared.type == "endpoint")
        for declared in upstream.spec.outputs
    )


def _end_overdue(work: Work) -> None:
    """End what runs for longer than the policy of its queue allows."""
    over, next_s = overdue(work.tasks.values(), work.state.queues, work.now_s)
    for task_id, reason in over.items():
        _cancel(work, work.tasks[task_id], reason)
    if next_s is not None:
        work.wake_at_s.append(next_s)


MOST_TOLD_ANEW = 100
"""How many waiting tasks are told anew what they wait for whenever something changes; each is a record to be stored."""


def _place_queued(work: Work, cluster: Cluster | None) -> None:
    """Start queued tasks for which there is room, stop who has to make room, and tell the others what they wait for."""
    snapshot = snapshot_of(work.state, work.tasks.values(), work.now_s)
    if not snapshot.waiting:
        return
    decision = decide(snapshot, cluster)
    for task_id, placements in decision.starts.items():
        (placement,) = placements  # a task of several workers is not there yet
        _start(work, work.tasks[task_id], placement)
    for preemption in decision.preemptions:
        _preempt(work, work.tasks[preemption.task], preemption.reason.sentence)
    favoured = {*work.state.favoured, *(preemption.in_favour_of for preemption in decision.preemptions)}
    still = frozenset(id for id in favoured if id in decision.waits)
    work.state = replace(work.state, favoured=still)
    _tell_waiting(work, decision)
    if decision.wake_at_s is not None:
        work.wake_at_s.append(decision.wake_at_s)


def _move_on(work: Work, event: MoveOn) -> None:
    task = work.tasks.get(event.task_id)
    if task is not None and task.spec.is_preemptible and task.state.holds_resources:
        _preempt(work, task, event.reason)


def _preempt(work: Work, task: Task, reason: str) -> None:
    """Ask a task to end that is to be queued again: it was not cancelled, which is what tells the two apart."""
    assert task.attempt is not None
    if task.state is not TaskState.STOPPING:
        task = replace(task, attempt=replace(task.attempt, stop_requested=True))
        work.move(task, TaskState.STOPPING, reason=reason)


def _tell_waiting(work: Work, decision: Decision) -> None:
    """Keep the sentences of those at the front up to date; whoever comes in behind them is told once, until then."""
    for place, task_id in enumerate(decision.waits):
        task = work.tasks[task_id]
        if place >= MOST_TOLD_ANEW and task.reason:
            continue
        reason = decision.waits[task_id].reason.sentence
        if task.reason != reason:
            work.put(replace(task, reason=reason))


def _start(work: Work, task: Task, placement: Placement) -> None:
    number = 1 if task.attempt is None else task.attempt.number + 1
    attempt = Attempt(attempt_id(task.id, number), task.id, number, placement, created_at_s=work.now_s)
    work.move(replace(task, attempt=attempt), TaskState.STARTING)


_BEFORE_START = frozenset({TaskState.WAITING, TaskState.RESOLVING, TaskState.QUEUED})


def _settle(work: Work, run: Run) -> None:
    """Bring a run's state in line with its tasks."""
    tasks = [work.tasks[task_id] for task_id in run.tasks]
    if all(task.state.is_final or task.state is TaskState.READY for task in tasks):
        end, reason = _end_of_run(run, tasks)
        work.put_run(move_run(run, end, now_s=work.now_s, reason=reason))
    elif run.stop_requested:
        if run.state is not RunState.STOPPING:
            work.put_run(move_run(run, RunState.STOPPING, now_s=work.now_s, reason=run.reason))
    elif run.state is RunState.QUEUED and any(task.state not in _BEFORE_START for task in tasks):
        work.put_run(move_run(run, RunState.RUNNING, now_s=work.now_s))


def _end_of_run(run: Run, tasks: Sequence[Task]) -> tuple[RunState, str]:
    failed = next((task for task in tasks if task.state is TaskState.FAILED), None)
    cancelled = next((task for task in tasks if task.state is TaskState.CANCELLED), None)
    if cancelled is not None and run.stop_requested:
        return RunState.CANCELLED, run.reason
    if failed is not None:
        return RunState.FAILED, Sentence(
            f"{_fate(failed)}: {failed.reason}", f"{_fate(failed).zh}：{in_chinese(failed.reason)}"
        )
    if cancelled is not None:
        return RunState.CANCELLED, Sentence(
            f"{_fate(cancelled)}: {cancelled.reason}",
            f"{_fate(cancelled).zh}：{in_chinese(cancelled.reason)}",
        )
    return RunState.SUCCEEDED, what_was_decided(tasks)
