"""Tasks: where each stands, its attempts, inputs and outputs; and stopping one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session, aliased

from kpl.errors import Conflict, NotFound, nearest
from kpl.orchestrator.conditions import DECISION
from kpl.resources import DeviceRequest
from kpl.runtime.metrics import AttemptEvents, events_of
from kpl.schemas.page import Page
from kpl.schemas.task import (
    AttemptOut,
    Branch,
    ConditionOut,
    DeviceRequestOut,
    OutputFileOut,
    PlacementOut,
    ResourcesOut,
    TaskDetail,
    TaskInputOut,
    TaskOut,
    TaskOutputOut,
    TaskUpdate,
)
from kpl.sentence import Sentence, chinese_of, in_chinese
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import AttemptRow, TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.admission import require_priority
from kpl.server.services.artifacts import StoredFile, stored_file
from kpl.server.services.audit import record
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform
from kpl.server.services.search_state import progress_of, progress_of_search, search_state
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.state_words import state_in_chinese
from kpl.server.services.store import CANCEL_TASK, SET_PRIORITY, post, stopped_by
from kpl.task import ArtifactInput, AttemptState, Outcome, TaskInput, TaskKind, TaskSpec, TaskState
from kpl.task.ids import AttemptId

BEFORE_START = (TaskState.WAITING, TaskState.RESOLVING, TaskState.QUEUED)
NO_BRANCHES: Mapping[int, Branch] = {}
_MAX_FILES = 500
_MAX_USERS = 100
_WITH_EVENTS = (TaskState.RUNNING, TaskState.READY, TaskState.STOPPING, TaskState.COLLECTING)


def list_tasks(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    run_id: int | None = None,
    state: TaskState | None = None,
    algorithm: str | None = None,
    finished_after_s: float | None = None,
    with_trials: bool = True,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TaskOut]:
    """List the tasks of a project, newest first; of a run, those of its nodes."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = select(TaskRow).where(TaskRow.project_id == owner.id)
        if run_id is not None:
            chosen = chosen.where(TaskRow.run_id == run_id)
        if run_id is not None or not with_trials:
            chosen = chosen.where(TaskRow.parent_id.is_(None))
        if state is not None:
            chosen = chosen.where(TaskRow.state == state)
            if not state.is_final:  # few among many: the index on open tasks finds them
                is_open = aliased(TaskRow)
                chosen = chosen.where(TaskRow.id.in_(select(is_open.id).where(is_open.is_final == false())))
        if algorithm is not None:
            chosen = chosen.where(TaskRow.algorithm == algorithm)
        if finished_after_s is not None:  # by the index on ends, so that it costs what ended since
            late = aliased(TaskRow)
            chosen = chosen.where(
                TaskRow.id.in_(select(late.id).where(late.finished_at_s > finished_after_s))
            )
        rows, next_cursor = page_of(session, chosen, TaskRow.id, cursor=cursor, limit=limit)
        branches = branches_taken(session, rows)
    return Page(items=task_answers(platform, rows, project, branches), next_cursor=next_cursor)


def get_task(platform: Platform, caller: Caller, project: str, task_id: int) -> TaskDetail:
    """Show a task with everything that decided what it did."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = task_row(session, owner, task_id)
        spec = _spec_of(session, task_id)
        parameters = {**spec.parameters, **_best_values(session, row, spec)}
        attempts = _attempt_rows(session, task_id)
        taken = {each.name: each for each in _input_rows(session, task_id)}
        made = _output_rows(session, task_id)
        names = _version_names(session, row.project_id, _artifacts_of(spec, taken))
        used_by = _used_by(session, row, [output.artifact for output in made])
        seq = platform.live.last_seq(session)
    events = _events(platform, attempts[0].id if attempts else None)
    condition = None if spec.condition is None else _condition_answer(platform, spec, made)
    branch = None if condition is None else condition.branch
    return TaskDetail(
        **_answer(platform, row, project, events, branch).model_dump(),
        condition=condition,
        parameters=parameters,
        inputs=[_input_answer(each, taken.get(each.name), names) for each in spec.inputs],
        outputs={output.name: output.artifact for output in made},
        resources=resources_answer(spec),
        environment=spec.program.environment.type,
        tree=spec.program.tree,
        command=list(spec.program.command),
        max_attempts=spec.max_attempts,
        timeout_s=spec.timeout_s,
        used_by=used_by,
        attempts=[_attempt_answer(platform, each) for each in attempts],
        notes=list(events.notes) if events else [],
        notes_zh=[in_chinese(note) for note in events.notes] if events else [],
        seq=seq,
    )


def list_attempts(platform: Platform, caller: Caller, project: str, task_id: int) -> list[AttemptOut]:
    """List the attempts of a task, newest first."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task_row(session, owner, task_id)
        rows = _attempt_rows(session, task_id)
    return [_attempt_answer(platform, row) for row in rows]


def cancel_task(platform: Platform, caller: Caller, project: str, task_id: int) -> TaskOut:
    """Ask a task to end; what depends on it is skipped. Asking twice does no harm."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = task_row(session, owner, task_id)
        if row.is_final:
            raise Conflict(
                Sentence(
                    f"Task {task_id} '{row.name}' is over: {row.state}.",
                    f"任务 {task_id}“{row.name}”已结束：{state_in_chinese(row.state)}。",
                ),
                hint=Sentence("There is nothing to stop.", "没有可停止的内容。"),
            )
        if not row.cancel_requested:
            post(platform, session, CANCEL_TASK, task_id=row.id, reason=stopped_by(caller))
            record(platform, session, caller, "task.cancel", f"task:{task_id}", project=project)
    return task_answers(platform, [row], project)[0]


def update_task(
    platform: Platform, caller: Caller, project: str, task_id: int, change: TaskUpdate
) -> TaskOut:
    """Change the priority of a task that has not started."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = task_row(session, owner, task_id)
        if row.state not in (*BEFORE_START, TaskState.SEARCHING):
            raise Conflict(
                Sentence(
                    f"Task {task_id} '{row.name}' waits for nothing any more: it is {row.state}.",
                    f"任务 {task_id}“{row.name}”已不在等待：状态为{state_in_chinese(row.state)}。",
                ),
                hint=Sentence(
                    "The priority of a task counts while it waits.", "任务的优先级只在等待时起作用。"
                ),
            )
        prioritise(platform, session, caller, owner, [row], change.priority)
        record(
            platform,
            session,
            caller,
            "task.update",
            f"task:{task_id}",
            project=project,
            details={"priority": change.priority},
        )
    return task_answers(platform, [row], project)[0]


def prioritise(
    platform: Platform,
    session: Session,
    caller: Caller,
    project: ProjectRow,
    rows: Sequence[TaskRow],
    priority: int,
) -> None:
    """Give tasks that have not started another priority. What an admin gave, only an admin takes back."""
    for given in {priority, *(row.priority for row in rows)}:
        require_priority(session, caller, project, given)
    for row in rows:
        row.priority = priority
        post(platform, session, SET_PRIORITY, task_id=row.id)


def list_outputs(platform: Platform, caller: Caller, project: str, task_id: int) -> list[TaskOutputOut]:
    """List the declared outputs of a task with the files of those that are stored."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task_row(session, owner, task_id)
        spec = _spec_of(session, task_id)
        made = {output.name: output for output in _output_rows(session, task_id)}
    answers = []
    for declared in spec.outputs:
        row = made.get(declared.name)
        tree = None if row is None else platform.artifacts.get_tree(row.artifact)
        answers.append(
            TaskOutputOut(
                name=declared.name,
                type=declared.type,
                kind=declared.kind,
                artifact=None if row is None else row.artifact,
                size_bytes=None if tree is None else tree.size_bytes,
                num_files=None if tree is None else len(tree.entries),
                published_as="" if row is None else row.published_as,
                files=[
                    OutputFileOut(path=entry.path, size_bytes=entry.size_bytes)
                    for entry in (() if tree is None else tree.entries[:_MAX_FILES])
                ],
            )
        )
    return answers


def output_file(
    platform: Platform, caller: Caller, project: str, task_id: int, *, output: str, path: str
) -> StoredFile:
    """Find one file of a stored output."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = task_row(session, owner, task_id)
        made = {each.name: each.artifact for each in _output_rows(session, task_id)}
    if output not in made:
        raise NotFound(
            Sentence(
                f"Task {task_id} '{row.name}' ({row.state}) has no stored output '{output}'.",
                f"任务 {task_id}“{row.name}”（{state_in_chinese(row.state)}）没有已保存的输出“{output}”。",
            ),
            hint=nearest(output, made),
        )
    return stored_file(platform, made[output], path)


def task_row(session: Session, project: ProjectRow, task_id: int) -> TaskRow:
    """The task of that number, which must belong to the project."""
    row = session.get(TaskRow, task_id)
    if row is None or row.project_id != project.id:
        raise NotFound(
            Sentence(
                f"Project '{project.name}' has no task {task_id}.",
                f"项目“{project.name}”没有任务 {task_id}。",
            ),
            hint=Sentence("List them with `kpl task list`.", "可用 `kpl task list` 列出。"),
        )
    return row


def attempt_row(session: Session, task: TaskRow, number: int | None) -> AttemptRow | None:
    """An attempt of the task, the latest when no number is given; None when it has not been tried yet."""
    wanted = task.num_attempts if number is None else number
    row = session.scalar(select(AttemptRow).where(AttemptRow.task_id == task.id, AttemptRow.number == wanted))
    if row is None and number is not None:
        known = (
            Sentence(f"It has {task.num_attempts}.", f"共有 {task.num_attempts} 次尝试。")
            if task.num_attempts
            else Sentence("It has not been tried yet.", "尚未尝试过。")
        )
        raise NotFound(
            Sentence(
                f"Task {task.id} '{task.name}' has no attempt {number}.",
                f"任务 {task.id}“{task.name}”没有第 {number} 次尝试。",
            ),
            hint=known,
        )
    return row


def branches_taken(session: Session, rows: Iterable[TaskRow]) -> dict[int, Branch]:
    """By condition, the branch that it took; those that are not decided are left out."""
    conditions = [row.id for row in rows if row.kind == TaskKind.CONDITION and row.is_final]
    if not conditions:
        return {}
    chosen = select(TaskOutputRow.task_id, TaskOutputRow.name).where(TaskOutputRow.task_id.in_(conditions))
    return {task_id: cast(Branch, name) for task_id, name in session.execute(chosen)}


def task_answers(
    platform: Platform, rows: Iterable[TaskRow], project: str, branches: Mapping[int, Branch] = NO_BRANCHES
) -> list[TaskOut]:
    """Tasks as answers show them, with the progress of those that run.

    Args:
        branches: from `branches_taken`.
    """
    answers = []
    for row in rows:
        has_events = row.state in _WITH_EVENTS and row.num_attempts > 0
        events = _events(platform, f"{row.id}-{row.num_attempts}" if has_events else None)
        answers.append(_answer(platform, row, project, events, branches.get(row.id)))
    return answers


def duration_s(started_at_s: float | None, ended_at_s: float | None, *, now_s: float) -> float | None:
    """How long something lasted, until now when it goes on; None before it began."""
    if started_at_s is None:
        return None
    return round(max(0.0, (now_s if ended_at_s is None else ended_at_s) - started_at_s), 3)


def _answer(
    platform: Platform,
    row: TaskRow,
    project: str,
    events: AttemptEvents | None,
    branch: Branch | None = None,
) -> TaskOut:
    progress, message = progress_of_search(row)
    if events is not None:
        progress, message = events.progress, events.progress_message
    return TaskOut(
        id=row.id,
        run_id=row.run_id,
        project=project,
        name=row.name,
        kind=TaskKind(row.kind),
        algorithm=row.algorithm,
        version=row.version,
        function=row.function,
        state=TaskState(row.state),
        reason=row.reason,
        why=row.why,
        reason_zh=row.reason_zh,
        why_zh=row.why_zh,
        reused_from=row.reused_from,
        branch=branch,
        digest=row.digest,
        depends_on=row.depends_on,
        num_attempts=row.num_attempts,
        progress=progress,
        progress_message=message,
        progress_message_zh=chinese_of(message),
        endpoint=row.endpoint,
        queue=row.queue,
        priority=row.priority,
        num_preemptions=row.num_preemptions,
        parent_id=row.parent_id,
        trial=row.trial,
        search=search_state(row),
        created_by=row.created_by,
        created_at=utc(row.created_at_s),
        started_at=utc(row.started_at_s),
        finished_at=utc(row.finished_at_s),
        duration_s=duration_s(row.started_at_s, row.finished_at_s, now_s=platform.now_s()),
    )


def _events(platform: Platform, attempt: str | None) -> AttemptEvents | None:
    if attempt is None:
        return None
    return events_of(platform.executor.files(AttemptId(attempt)).events)


def _spec_of(session: Session, task_id: int) -> TaskSpec:
    return decode_spec(session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one())


def _best_values(session: Session, row: TaskRow, spec: TaskSpec) -> dict[str, Any]:
    """Of a search, the searched values of its best trial up to now."""
    best = None if row.search is None else progress_of(row).best_task_id
    if best is None or spec.search is None or session.get(TaskRow, best) is None:
        return {}
    found = _spec_of(session, best).parameters
    return {each.name: found[each.name] for each in spec.search.parameters if each.name in found}


def _attempt_rows(session: Session, task_id: int) -> Sequence[AttemptRow]:
    chosen = select(AttemptRow).where(AttemptRow.task_id == task_id)
    return session.scalars(chosen.order_by(AttemptRow.number.desc())).all()


def _input_rows(session: Session, task_id: int) -> Sequence[TaskInputRow]:
    return session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == task_id)).all()


def _output_rows(session: Session, task_id: int) -> Sequence[TaskOutputRow]:
    return session.scalars(select(TaskOutputRow).where(TaskOutputRow.task_id == task_id)).all()


def _used_by(session: Session, row: TaskRow, artifacts: Sequence[str]) -> list[int]:
    """Tasks of the project that took what this task made, under whatever run."""
    chosen = (
        select(TaskInputRow.task_id)
        .join(TaskRow, TaskRow.id == TaskInputRow.task_id)
        .where(TaskInputRow.artifact.in_(artifacts), TaskRow.project_id == row.project_id)
    )
    newest = chosen.distinct().order_by(TaskInputRow.task_id.desc()).limit(_MAX_USERS)
    return list(session.scalars(newest))


def _condition_answer(platform: Platform, spec: TaskSpec, made: Sequence[TaskOutputRow]) -> ConditionOut:
    assert spec.condition is not None
    taken = made[0] if made else None
    record = {} if taken is None else json.loads(platform.artifacts.read_file(taken.artifact, DECISION))
    return ConditionOut(
        **asdict(spec.condition),
        measured=record.get("measured"),
        branch=None if taken is None else cast(Branch, taken.name),
    )


def _artifacts_of(spec: TaskSpec, taken: Mapping[str, TaskInputRow]) -> list[str]:
    """The artifacts that a task takes, as far as they are known."""
    named = [str(wanted.artifact) for wanted in spec.inputs if isinstance(wanted, ArtifactInput)]
    return [*named, *(row.artifact for row in taken.values() if row.artifact is not None)]


def _version_names(session: Session, project_id: int, digests: Sequence[str]) -> dict[str, str]:
    """By digest, the newest version of a dataset or model of the project that it is."""
    datasets = (
        select(DatasetVersionRow.digest, DatasetRow.name, DatasetVersionRow.version)
        .join(DatasetRow, DatasetRow.id == DatasetVersionRow.dataset_id)
        .where(DatasetVersionRow.project_id == project_id, DatasetVersionRow.digest.in_(digests))
        .order_by(DatasetVersionRow.id)
    )
    models = (
        select(ModelVersionRow.digest, ModelRow.name, ModelVersionRow.version)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(ModelVersionRow.project_id == project_id, ModelVersionRow.digest.in_(digests))
        .order_by(ModelVersionRow.id)
    )
    found = [*session.execute(datasets), *session.execute(models)] if digests else []
    return {digest: f"{name}@{version}" for digest, name, version in found}


def _input_answer(wanted: TaskInput, taken: TaskInputRow | None, names: Mapping[str, str]) -> TaskInputOut:
    if isinstance(wanted, ArtifactInput):
        artifact, from_task, from_output = str(wanted.artifact), None, None
    else:
        artifact, from_task, from_output = None, int(wanted.task), wanted.output
    artifact = artifact if taken is None else taken.artifact
    return TaskInputOut(
        name=wanted.name,
        type=wanted.type,
        kind=wanted.kind,
        artifact=artifact,
        from_task=from_task,
        from_output=from_output,
        published_as=names.get(artifact or "", ""),
    )


def resources_answer(spec: TaskSpec) -> ResourcesOut:
    """What a task asks for, as answers show it."""
    request = spec.resources
    return ResourcesOut(
        cpu_milli=request.cpu_milli,
        memory_mib=request.memory_mib,
        devices=_devices_answer(request.devices),
        alternatives=[_devices_answer(each) for each in request.alternatives],
    )


def _devices_answer(devices: Iterable[DeviceRequest]) -> list[DeviceRequestOut]:
    return [DeviceRequestOut(**asdict(each) | {"models": list(each.models)}) for each in devices]


def _attempt_answer(platform: Platform, row: AttemptRow) -> AttemptOut:
    return AttemptOut(
        id=row.id,
        number=row.number,
        state=AttemptState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        exit_code=row.exit_code,
        message=row.message,
        message_zh=row.message_zh,
        placement=PlacementOut.model_validate(row.placement),
        created_at=utc(row.created_at_s),
        started_at=utc(row.started_at_s),
        ended_at=utc(row.ended_at_s),
        duration_s=duration_s(row.started_at_s, row.ended_at_s, now_s=platform.now_s()),
    )


def count_tasks(session: Session, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """For each run, how many of the tasks of its nodes are in each state."""
    counts: dict[int, dict[str, int]] = {}
    chosen = select(TaskRow.run_id, TaskRow.state, func.count()).where(
        TaskRow.run_id.in_(run_ids), TaskRow.parent_id.is_(None)
    )
    for run_id, state, number in session.execute(chosen.group_by(TaskRow.run_id, TaskRow.state)):
        if run_id is not None:
            counts.setdefault(run_id, {})[state] = number
    return counts
