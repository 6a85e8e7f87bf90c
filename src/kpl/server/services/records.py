"""Runs, tasks and attempts as rows of the database and as values of the orchestrator."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from kpl.orchestrator.state import Run, RunState
from kpl.resources import DeviceShare, Enforcement, Placement
from kpl.sentence import chinese_of, sentence
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.task import Attempt, AttemptState, Outcome, SearchProgress, Task, TaskKind, TaskSpec, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId


def run_from(row: RunRow, tasks: tuple[TaskId, ...]) -> Run:
    return Run(
        id=RunId(row.id),
        project_id=row.project_id,
        tasks=tasks,
        state=RunState(row.state),
        stop_requested=row.stop_requested,
        reason=sentence(row.reason, row.reason_zh),
        created_at_s=row.created_at_s,
        started_at_s=row.started_at_s,
        finished_at_s=row.finished_at_s,
    )


def run_values(run: Run) -> dict[str, Any]:
    """The columns of a run that the orchestrator may change."""
    return {
        "state": run.state.value,
        "is_final": run.state.is_final,
        "stop_requested": run.stop_requested,
        "reason": str(run.reason),
        "reason_zh": chinese_of(run.reason),
        "started_at_s": run.started_at_s,
        "finished_at_s": run.finished_at_s,
    }


def task_from(
    row: TaskRow,
    spec: TaskSpec,
    *,
    attempt: Attempt | None,
    inputs: Mapping[str, Digest],
    outputs: Mapping[str, Digest],
) -> Task:
    # Specifications of earlier releases name neither queue nor user; the row does.
    spec = replace(spec, queue=spec.queue or row.queue, user=spec.user or row.created_by)
    return Task(
        id=TaskId(row.id),
        project_id=row.project_id,
        name=row.name,
        kind=TaskKind(row.kind),
        spec=spec,
        run_id=None if row.run_id is None else RunId(row.run_id),
        depends_on=tuple(TaskId(each) for each in row.depends_on),
        state=TaskState(row.state),
        reason=sentence(row.reason, row.reason_zh),
        why=sentence(row.why, row.why_zh),
        digest=None if row.digest is None else Digest(row.digest),
        reused_from=None if row.reused_from is None else TaskId(row.reused_from),
        inputs=inputs,
        outputs=outputs,
        attempt=attempt,
        cancel_requested=row.cancel_requested,
        num_failures=row.num_failures,
        not_before_s=row.not_before_s,
        ready_at_s=row.ready_at_s,
        priority=row.priority,
        expected_run_s=row.expected_run_s,
        attained_s=row.attained_s,
        num_preemptions=row.num_preemptions,
        parent_id=None if row.parent_id is None else TaskId(row.parent_id),
        trial=row.trial,
        value=row.value,
        fell_behind=row.fell_behind,
        search=None if row.search is None else SearchProgress(**row.search["progress"]),
        created_at_s=row.created_at_s,
        started_at_s=row.started_at_s,
        finished_at_s=row.finished_at_s,
    )


def task_values(task: Task) -> dict[str, Any]:
    """The columns of a task that the orchestrator may change."""
    return {
        "state": task.state.value,
        "is_final": task.state.is_final,
        "reason": str(task.reason),
        "reason_zh": chinese_of(task.reason),
        "why": str(task.why),
        "why_zh": chinese_of(task.why),
        "digest": task.digest,
        "reused_from": task.reused_from,
        "cancel_requested": task.cancel_requested,
        "num_failures": task.num_failures,
        "not_before_s": task.not_before_s,
        "ready_at_s": task.ready_at_s,
        "priority": task.priority,
        "expected_run_s": task.expected_run_s,
        "attained_s": task.attained_s,
        "num_preemptions": task.num_preemptions,
        "value": task.value,
        "fell_behind": task.fell_behind,
        "search": search_values(task.spec, task.search),
        "num_attempts": 0 if task.attempt is None else task.attempt.number,
        "started_at_s": task.started_at_s,
        "finished_at_s": task.finished_at_s,
    }


def search_values(spec: TaskSpec, progress: SearchProgress | None) -> dict[str, Any] | None:
    """What is kept of a search beside its specification, so that a list of tasks need not read that."""
    search = spec.search
    if search is None:
        return None
    return {
        "metric": search.objective.metric,
        "direction": search.objective.direction,
        "method": search.method,
        "trials": search.num_trials,
        "budget_s": search.budget_s,
        "progress": asdict(progress or SearchProgress()),
    }


def attempt_from(row: AttemptRow) -> Attempt:
    return Attempt(
        id=AttemptId(row.id),
        task_id=TaskId(row.task_id),
        number=row.number,
        placement=placement_from(row.placement),
        state=AttemptState(row.state),
        stop_requested=row.stop_requested,
        address=row.address,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        exit_code=row.exit_code,
        message=sentence(row.message, row.message_zh),
        created_at_s=row.created_at_s,
        started_at_s=row.started_at_s,
        ended_at_s=row.ended_at_s,
    )


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    """The columns of an attempt that change while it lives."""
    return {
        "state": attempt.state.value,
        "stop_requested": attempt.stop_requested,
        "address": attempt.address,
        "outcome": None if attempt.outcome is None else attempt.outcome.value,
        "exit_code": attempt.exit_code,
        "message": str(attempt.message),
        "message_zh": chinese_of(attempt.message),
        "started_at_s": attempt.started_at_s,
        "ended_at_s": attempt.ended_at_s,
    }


def new_attempt_values(attempt: Attempt) -> dict[str, Any]:
    """All columns of an attempt."""
    return {
        "id": attempt.id,
        "task_id": attempt.task_id,
        "number": attempt.number,
        "placement": asdict(attempt.placement),
        "created_at_s": attempt.created_at_s,
        **attempt_values(attempt),
    }


def placement_from(plain: Mapping[str, Any]) -> Placement:
    return Placement(**{**plain, "devices": tuple(_share(each) for each in plain["devices"])})


def _share(plain: Mapping[str, Any]) -> DeviceShare:
    if "enforcement" in plain:
        return DeviceShare(**{**plain, "enforcement": Enforcement(plain["enforcement"])})
    return DeviceShare(
        **plain, enforcement=Enforcement.BOOKKEEPING
    )  # of a release that kept it by count alone
