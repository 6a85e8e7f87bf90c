"""Runs: starting, looking at, stopping and repeating them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, undefer

from kpl.errors import Conflict, NotFound
from kpl.orchestrator.state import RunState
from kpl.pipeline.document import to_plain
from kpl.pipeline.parsing import parse
from kpl.pipeline.plan import Plan, Step, make_plan, to_task_spec
from kpl.pipeline.reuse import restart_from
from kpl.schemas.page import Page
from kpl.schemas.run import Origin, RerunRequest, RunCreate, RunDetail, RunOut, RunUpdate
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.admission import admission_for, require_admissible, require_priority
from kpl.server.services.catalog import catalog_of
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.plans import Source, source_of
from kpl.server.services.platform import Platform
from kpl.server.services.searching import has_word, words_of
from kpl.server.services.state_words import state_in_chinese
from kpl.server.services.store import CANCEL_RUN, post, stopped_by
from kpl.server.services.submission import NewTask, Pinned, add_task, submit_run
from kpl.server.services.tasks import (
    BEFORE_START,
    branches_taken,
    count_tasks,
    duration_s,
    prioritise,
    task_answers,
)
from kpl.task import TaskKind, TaskState
from kpl.task.ids import TaskId

_DONE = (TaskState.SUCCEEDED, TaskState.REUSED, TaskState.READY)


def create_run(platform: Platform, caller: Caller, project: str, asked: RunCreate) -> RunDetail:
    """Freeze what was named with all versions and parameters, and hand it to the loop.

    Raises:
        Invalid: the pipeline cannot run, or a step fits on no machine; the message says what and what would.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        source = source_of(session, owner, asked)
        plan = make_plan(source.document, catalog_of(platform, session, owner.id), asked.parameters)
    return _submit(platform, caller, project, plan, source, _Asked(asked.name, asked.origin, asked.priority))


def rerun(platform: Platform, caller: Caller, project: str, run_id: int, asked: RerunRequest) -> RunDetail:
    """Run the frozen pipeline of a run again, all of it or from one node on."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        old = run_row(session, owner, run_id, with_document=True)
        document = parse(old.document, source=f"run {run_id}")
        plan = make_plan(document, catalog_of(platform, session, owner.id), old.parameters)
        anew: Collection[str] = ()
        pinned: Mapping[str, Pinned] = {}
        if asked.from_node is not None:
            anew = restart_from(plan, asked.from_node)
            before = [step for step in plan.steps if step.node not in anew]
            pinned = _pinned(platform, session, old, before)
    source = Source(
        document, _lineage(old, document.name), old.pipeline, revision=old.revision, template=old.template
    )
    repeated = _Asked(old.name, asked.origin, asked.priority, rerun_of=run_id, anew=anew, pinned=pinned)
    return _submit(platform, caller, project, plan, source, repeated)


def list_runs(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    state: RunState | None = None,
    pipeline: str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[RunOut]:
    """List the runs of a project, newest first; a search looks at number, name, pipeline, template and owner."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = [RunRow.project_id == owner.id]
        if state is not None:
            chosen.append(RunRow.state == state)
        if pipeline is not None:
            chosen.append(RunRow.pipeline == pipeline)
        if search is None:
            listed = select(RunRow).where(*chosen)
            rows, next_cursor = page_of(session, listed, RunRow.id, cursor=cursor, limit=limit)
        else:
            # Numbers first, from the index that holds all that is searched: the rows with their documents are
            # some hundred times its size.
            found = select(RunRow.id).where(*chosen, *(_is_called(word) for word in words_of(search)))
            ids, next_cursor = page_of(session, found, RunRow.id, cursor=cursor, limit=limit)
            rows = session.scalars(select(RunRow).where(RunRow.id.in_(ids)).order_by(RunRow.id.desc())).all()
        return Page(items=run_answers(platform, session, rows, project), next_cursor=next_cursor)


def _is_called(word: str) -> ColumnElement[bool]:
    named = has_word(word, RunRow.name, RunRow.pipeline, RunRow.template, RunRow.created_by)
    number = word.removeprefix("#")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return or_(RunRow.id == int(number), named) if is_number else named


def get_run(platform: Platform, caller: Caller, project: str, run_id: int) -> RunDetail:
    """Show a run with its tasks."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        return _detail(platform, session, run_row(session, owner, run_id, with_document=True), project)


def cancel_run(platform: Platform, caller: Caller, project: str, run_id: int) -> RunOut:
    """Ask all tasks of a run to end. Asking twice does no harm."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = run_row(session, owner, run_id)
        if row.is_final:
            raise Conflict(
                Sentence(
                    f"Run {run_id} is over: {row.state}.",
                    f"运行 {run_id} 已结束：{state_in_chinese(row.state)}。",
                ),
                hint=Sentence("There is nothing to stop.", "没有可停止的内容。"),
            )
        if not row.stop_requested:
            post(platform, session, CANCEL_RUN, run_id=run_id, reason=stopped_by(caller))
            audit.record(platform, session, caller, "run.cancel", f"run:{run_id}", project=project)
        return run_answers(platform, session, [row], project)[0]


def update_run(platform: Platform, caller: Caller, project: str, run_id: int, change: RunUpdate) -> RunOut:
    """Change the priority of those tasks of a run that have not started."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = run_row(session, owner, run_id)
        # A search that is under way counts: its priority is that of the trials to come.
        states = (*BEFORE_START, TaskState.SEARCHING)
        waiting = select(TaskRow).where(TaskRow.run_id == run_id, TaskRow.state.in_(states))
        tasks = session.scalars(waiting.order_by(TaskRow.id)).all()
        if not tasks:
            raise Conflict(
                Sentence(
                    f"No task of run {run_id} waits any more: the run is {row.state}.",
                    f"运行 {run_id} 已没有等待中的任务：其状态为{state_in_chinese(row.state)}。",
                ),
                hint=Sentence(
                    "The priority of a task counts while it waits.", "任务的优先级只在等待时起作用。"
                ),
            )
        prioritise(platform, session, caller, owner, tasks, change.priority)
        details = {"priority": change.priority}
        audit.record(
            platform, session, caller, "run.update", f"run:{run_id}", project=project, details=details
        )
        return run_answers(platform, session, [row], project)[0]


def run_row(session: Session, project: ProjectRow, run_id: int, *, with_document: bool = False) -> RunRow:
    """The run of that number, which must belong to the project."""
    chosen = select(RunRow).where(RunRow.id == run_id, RunRow.project_id == project.id)
    row = session.scalar(chosen.options(undefer(RunRow.document)) if with_document else chosen)
    if row is None:
        raise NotFound(
            Sentence(
                f"Project '{project.name}' has no run {run_id}.", f"项目“{project.name}”没有运行 {run_id}。"
            ),
            hint=Sentence("List them with `kpl run list`.", "可用 `kpl run list` 列出。"),
        )
    return row


def run_answers(platform: Platform, session: Session, rows: Sequence[RunRow], project: str) -> list[RunOut]:
    """Runs as answers show them."""
    counts = count_tasks(session, [row.id for row in rows])
    now_s = platform.now_s()
    return [
        RunOut(
            id=row.id,
            project=project,
            name=row.name,
            state=RunState(row.state),
            reason=row.reason,
            reason_zh=row.reason_zh,
            pipeline=row.pipeline,
            revision=row.revision,
            template=row.template,
            origin=cast(Origin, row.origin),
            rerun_of=row.rerun_of,
            parameters=row.parameters,
            num_tasks=row.num_tasks,
            num_done=_num_done(row, counts.get(row.id, {})),
            created_by=row.created_by,
            created_at=utc(row.created_at_s),
            started_at=utc(row.started_at_s),
            finished_at=utc(row.finished_at_s),
            duration_s=duration_s(row.started_at_s, row.finished_at_s, now_s=now_s),
        )
        for row in rows
    ]


def _num_done(row: RunRow, counts: Mapping[str, int]) -> int:
    """What was skipped in a run that succeeded was not to run: a condition took the other branch."""
    done = (*_DONE, TaskState.SKIPPED) if row.state == RunState.SUCCEEDED else _DONE
    return sum(counts.get(state, 0) for state in done)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for beside the plan.

    Args:
        rerun_of: the run that is repeated.
        anew: nodes that run in any case.
        pinned: what stands in for others.
    """

    name: str
    origin: Origin
    priority: int
    rerun_of: int | None = None
    anew: Collection[str] = ()
    pinned: Mapping[str, Pinned] = field(default_factory=dict)


def _submit(
    platform: Platform, caller: Caller, project: str, plan: Plan, source: Source, asked: _Asked
) -> RunDetail:
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        require_priority(session, caller, owner, asked.priority)
        admission = admission_for(platform, session, caller, owner)
    for step in plan.steps:
        if step.node not in asked.pinned and step.condition is None:
            require_admissible(admission, step.node, to_task_spec(step, _AnyTask()))
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = RunRow(
            project_id=owner.id,
            name=asked.name or plan.document.name,
            state=RunState.QUEUED,
            pipeline=source.pipeline,
            revision=source.revision,
            template=source.template,
            origin=asked.origin,
            rerun_of=asked.rerun_of,
            parameters=dict(plan.parameters),
            document=to_plain(plan.document),
            num_tasks=len(plan.steps),
            created_by=caller.username,
            created_at_s=platform.now_s(),
        )
        session.add(row)
        session.flush()
        tasks: dict[str, TaskId] = {}
        for step in plan.steps:
            task = NewTask(
                name=step.node,
                kind=step.kind,
                spec=to_task_spec(step, tasks, must_run=step.node in asked.anew),
                depends_on=[tasks[node] for node in step.depends_on],
                lineage=source.lineage,
                pinned=asked.pinned.get(step.node),
                priority=asked.priority,
            )
            tasks[step.node] = TaskId(add_task(platform, session, caller, owner, task, run_id=row.id).id)
        submit_run(platform, session, owner, row)
        audit.record(
            platform,
            session,
            caller,
            "run.create",
            f"run:{row.id}",
            project=project,
            details={"pipeline": source.pipeline, "template": source.template, "rerun_of": row.rerun_of},
        )
        session.flush()
        return _detail(platform, session, row, project)


class _AnyTask(dict[str, TaskId]):
    """Stands in for tasks that have no number yet, where only resources are looked at."""

    def __missing__(self, node: str) -> TaskId:
        return TaskId(0)


def _lineage(old: RunRow, document_name: str) -> str:
    if old.pipeline is not None:
        return f"pipeline:{old.pipeline}"
    return f"template:{old.template}" if old.template is not None else f"document:{document_name}"


def _pinned(platform: Platform, session: Session, old: RunRow, steps: Sequence[Step]) -> dict[str, Pinned]:
    """What the old run left for these steps; one that did not finish there, or whose files are gone, runs."""
    names = [step.node for step in steps if step.kind is TaskKind.BATCH]
    rows = session.scalars(
        select(TaskRow).where(
            TaskRow.run_id == old.id,
            TaskRow.parent_id.is_(None),
            TaskRow.name.in_(names),
            TaskRow.state.in_([TaskState.SUCCEEDED, TaskState.REUSED]),
        )
    )
    pinned: dict[str, Pinned] = {}
    for row in rows:
        outputs = {
            each.name: each.artifact
            for each in session.scalars(select(TaskOutputRow).where(TaskOutputRow.task_id == row.id))
        }
        if any(artifact not in platform.artifacts for artifact in outputs.values()):
            continue
        inputs = {
            each.name: each.artifact
            for each in session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == row.id))
            if each.artifact is not None
        }
        origin = row.id if row.reused_from is None else row.reused_from
        why = f"reused from task {origin}: run {old.id} is run again from a later step"
        pinned[row.name] = Pinned(origin, row.digest, inputs, outputs, why, row.search)
    return pinned


def _detail(platform: Platform, session: Session, row: RunRow, project: str) -> RunDetail:
    steps = select(TaskRow).where(TaskRow.run_id == row.id, TaskRow.parent_id.is_(None))
    tasks = session.scalars(steps.order_by(TaskRow.id)).all()
    return RunDetail(
        **run_answers(platform, session, [row], project)[0].model_dump(),
        document=row.document,
        tasks=task_answers(platform, tasks, project, branches_taken(session, tasks)),
        seq=platform.live.last_seq(session),
    )
