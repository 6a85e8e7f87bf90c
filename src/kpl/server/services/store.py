"""The orchestrator's store in the database: what is open, what was asked for, what may be reused.

Everything the loop reads on its way (`load`, `inbox`, `find_finished`) goes through an index on what is open
or on digests, so that it takes as long after 100,000 runs as after the first.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, bindparam, delete, false, insert, or_, select, update
from sqlalchemy.orm import Session

from kpl.errors import Conflict, KPLError, NotFound
from kpl.orchestrator.state import (
    CancelRun,
    CancelTask,
    Changes,
    MoveOn,
    Request,
    Run,
    SetPriority,
    SetQueues,
    State,
    Submitted,
)
from kpl.orchestrator.store import Earlier, Finished, Inbox
from kpl.sentence import Sentence, chinese_of, in_chinese, sentence
from kpl.server.db import Database, after_commit
from kpl.server.db.tables.orchestration import InboxRow, OrchestrationRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import AttemptRow, TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import cordoned_machines, scheduling_queues
from kpl.server.services.records import (
    attempt_from,
    attempt_values,
    new_attempt_values,
    run_from,
    run_values,
    task_from,
    task_values,
)
from kpl.server.services.spec_text import decode_spec
from kpl.task import OutputSpec, Task, TaskKind, TaskSpec, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId, attempt_id

SUBMITTED = "submitted"
CANCEL_RUN = "cancel_run"
CANCEL_TASK = "cancel_task"
SET_PRIORITY = "set_priority"
SET_QUEUES = "set_queues"
MOVE_ON = "move_on"
T = TypeVar("T")
Record = TypeVar("Record", Run, Task)
_HAS_OUTPUTS = (TaskState.SUCCEEDED, TaskState.REUSED)

# Made once: they are part of every change, and to make one takes longer than to carry it out.
_ADVANCE = (
    update(OrchestrationRow)
    .where(OrchestrationRow.id == 1, OrchestrationRow.version == bindparam("expected"))
    .values(version=bindparam("next"), consumed_id=bindparam("consumed"))
)
_FORGET_REQUESTS = delete(InboxRow).where(InboxRow.id <= bindparam("consumed"))
_CHANGE = {table: update(table).where(table.id == bindparam("_id")) for table in (RunRow, TaskRow)}
_CHANGE_ATTEMPT = update(AttemptRow).where(AttemptRow.id == bindparam("_id"))
_ADD_ATTEMPT = insert(AttemptRow)


class Publish(Protocol):
    """Makes an output a version of the dataset or model `name`; one output becomes at most one version."""

    def __call__(
        self,
        session: Session,
        /,
        *,
        project_id: int,
        task_id: int,
        output: OutputSpec,
        name: str,
        digest: str,
    ) -> str:
        """Returns what it became, as in `digits@3`. Raises a KPLError for files that are something else."""


class Announce(Protocol):
    """Records live events about what changed, within the transaction that changed it."""

    def __call__(self, session: Session, runs: Sequence[Run], tasks: Sequence[Task], /) -> None: ...


class SqlStore:
    """Implements `kpl.orchestrator.store.Store`; only the loop calls it.

    Args:
        publish: makes outputs versions of datasets and models.
        announce: tells listeners what changed.
    """

    def __init__(self, db: Database, *, publish: Publish, announce: Announce) -> None:
        self._db = db
        self._publish = publish
        self._announce = announce
        self._consumed_id = 0
        with db.write() as session:
            if session.get(OrchestrationRow, 1) is None:
                session.add(OrchestrationRow(id=1, version=0, consumed_id=0))

    def load(self) -> State:
        """Read all that is not over, but for what still waits in the inbox."""
        waiting_runs = select(InboxRow.run_id).where(InboxRow.kind == SUBMITTED, InboxRow.run_id.is_not(None))
        waiting_tasks = select(InboxRow.task_id).where(
            InboxRow.kind == SUBMITTED, InboxRow.task_id.is_not(None)
        )
        with self._db.read() as session:
            version = session.scalars(select(OrchestrationRow.version)).one()
            runs = session.scalars(
                select(RunRow).where(RunRow.is_final == false(), RunRow.id.not_in(waiting_runs))
            ).all()
            open_runs = [run.id for run in runs]
            tasks = [
                *(
                    task
                    for ids in _chunks(open_runs)
                    for task in read_tasks(session, TaskRow.run_id.in_(ids))
                ),
                *read_tasks(
                    session,
                    TaskRow.is_final == false(),
                    TaskRow.id.not_in(waiting_tasks),
                    or_(
                        TaskRow.run_id.is_(None),
                        TaskRow.run_id.not_in(select(RunRow.id).where(RunRow.is_final == false())),
                    ),
                ),
            ]
            queues, cordoned = scheduling_queues(session), cordoned_machines(session)
        return State(
            version=version,
            runs={RunId(row.id): run_from(row, _ids_of(tasks, row.id)) for row in runs},
            tasks={task.id: task for task in tasks},
            queues=queues,
            cordoned=cordoned,
        )

    def inbox(self, after_id: int) -> Inbox:
        with self._db.read() as session:
            rows = session.scalars(select(InboxRow).where(InboxRow.id > after_id).order_by(InboxRow.id)).all()
            events = [event for row in rows if (event := _event(session, row)) is not None]
        return Inbox(last_id=rows[-1].id if rows else after_id, events=events)

    def apply(self, changes: Changes, *, consumed_id: int, expected_version: int) -> int:
        with self._db.write() as session:
            self._advance(session, consumed_id=consumed_id, expected_version=expected_version)
            runs, tasks = changes.runs, changes.tasks
            _update(session, RunRow, [{"_id": run.id} | run_values(run) for run in runs])
            _update(session, TaskRow, [{"_id": task.id} | task_values(task) for task in tasks])
            _keep_attempts(session, tasks)
            _keep_inputs(session, tasks)
            self._keep_outputs(session, tasks)
            self._announce(session, runs, tasks)
        return expected_version + 1

    def find_finished(self, task: Task, digest: Digest) -> Finished | None:
        same = [TaskRow.project_id == task.project_id, TaskRow.digest == digest, TaskRow.id != task.id]
        if task.kind is TaskKind.SERVICE:
            same += [TaskRow.state == TaskState.READY, TaskRow.endpoint == task.spec.endpoint]
        else:
            same += [TaskRow.state == TaskState.SUCCEEDED]
        with self._db.read() as session:
            found = session.scalar(select(TaskRow.id).where(*same).order_by(TaskRow.id.desc()).limit(1))
            if found is None:
                return None
            return Finished(TaskId(found), _outputs(session, [found]).get(found, {}))

    def find_earlier(self, task: Task) -> Earlier | None:
        with self._db.read() as session:
            lineage = session.scalar(select(TaskRow.lineage).where(TaskRow.id == task.id))
            if not lineage:
                return None
            found = session.execute(
                select(TaskRow.id, TaskRow.digest)
                .where(
                    TaskRow.project_id == task.project_id,
                    TaskRow.lineage == lineage,
                    TaskRow.name == task.name,
                    TaskRow.id < task.id,
                    TaskRow.digest.is_not(None),
                )
                .order_by(TaskRow.id.desc())
                .limit(1)
            ).first()
            if found is None or found.digest is None:
                return None
            inputs = _inputs(session, [found.id]).get(found.id, {})
            spec, ran_s = _spec(session, found.id), _run_time_s(session, found.id)
            return Earlier(TaskId(found.id), spec, inputs, Digest(found.digest), ran_s)

    def find_reported(self, task_id: TaskId) -> AttemptId | None:
        with self._db.read() as session:
            return reported_attempt(session, task_id)

    def project_name(self, project_id: int) -> str:
        with self._db.read() as session:
            name = session.scalar(select(ProjectRow.name).where(ProjectRow.id == project_id))
        if name is None:
            raise NotFound(
                Sentence(
                    f"There is no project with id {project_id}; it was deleted.",
                    f"没有 id 为 {project_id} 的项目；它已被删除。",
                )
            )
        return name

    def _advance(self, session: Session, *, consumed_id: int, expected_version: int) -> None:
        connection = session.connection()
        moved = connection.execute(
            _ADVANCE, {"expected": expected_version, "next": expected_version + 1, "consumed": consumed_id}
        )
        if moved.rowcount != 1:
            raise Conflict(
                f"The state is not at version {expected_version} any more.",
                hint="Load it again; another server may be leading.",
            )
        if consumed_id != self._consumed_id:
            connection.execute(_FORGET_REQUESTS, {"consumed": consumed_id})
            self._consumed_id = consumed_id

    def _keep_outputs(self, session: Session, tasks: Iterable[Task]) -> None:
        done = [task for task in tasks if task.state in _HAS_OUTPUTS and task.outputs]
        kept = _outputs(session, [task.id for task in done])
        for task in done:
            if task.id in kept or not _exists(session, task):
                continue
            specs = {output.name: output for output in task.spec.outputs}
            for name, digest in task.outputs.items():
                published = self._published_as(session, task, specs[name], digest) if name in specs else ""
                session.add(
                    TaskOutputRow(task_id=task.id, name=name, artifact=digest, published_as=published)
                )
        session.flush()

    def _published_as(self, session: Session, task: Task, output: OutputSpec, digest: Digest) -> str:
        if not output.publish:
            return ""
        try:
            with session.begin_nested():
                return self._publish(
                    session,
                    project_id=task.project_id,
                    task_id=task.id,
                    output=output,
                    name=output.publish,
                    digest=digest,
                )
        except KPLError as err:
            reason = f"{task.reason} Output '{output.name}' was not published as '{output.publish}': {err}"
            why = in_chinese(err.sentence)
            zh = f"{in_chinese(task.reason)} 输出“{output.name}”未能发布为“{output.publish}”：{why}"
            session.execute(
                update(TaskRow)
                .where(TaskRow.id == task.id)
                .values(reason=reason.strip(), reason_zh=zh.strip())
                .execution_options(synchronize_session=False)
            )
            return ""


def reported_attempt(session: Session, task_id: int) -> AttemptId | None:
    """The attempt whose reports hold for a task that is done; see `Store.find_reported`."""
    known = select(TaskRow.id, TaskRow.reused_from, TaskRow.num_attempts, TaskRow.search)
    wanted: int | None = task_id
    while wanted is not None:
        row = session.execute(known.where(TaskRow.id == wanted)).first()
        if row is None:
            return None
        if row.num_attempts:
            return attempt_id(TaskId(row.id), row.num_attempts)
        wanted = row.reused_from or (row.search or {}).get("progress", {}).get("best_task_id")
    return None


def referenced_artifacts(session: Session) -> set[str]:
    """Digests of all artifacts that tasks took or made; garbage collection keeps them."""
    taken = select(TaskInputRow.artifact).where(TaskInputRow.artifact.is_not(None))
    made = select(TaskOutputRow.artifact)
    return {digest for digest in session.scalars(taken.union(made)) if digest}


def post(
    platform: Platform,
    session: Session,
    kind: str,
    *,
    run_id: int | None = None,
    task_id: int | None = None,
    reason: str = "",
) -> None:
    """Put a request into the loop's inbox, and wake the loop once the transaction is committed."""
    session.add(
        InboxRow(kind=kind, run_id=run_id, task_id=task_id, reason=str(reason), reason_zh=chinese_of(reason))
    )
    after_commit(session, platform.inbox_bell.set)
    after_commit(session, platform.executor.wake)


def stopped_by(caller: Caller) -> Sentence:
    return Sentence(f"stopped by {caller.username}", f"已由 {caller.username} 停止")


def post_settings(platform: Platform, session: Session) -> None:
    """Tell the loop, and those who look at what it would decide, that queues or machines are not what they were."""
    post(platform, session, SET_QUEUES)
    after_commit(session, platform.outlook.forget)


def _exists(session: Session, task: Task) -> bool:
    """Whether the task was not deleted meanwhile with its project."""
    return session.scalar(select(TaskRow.id).where(TaskRow.id == task.id)) is not None


def _update(session: Session, table: type[RunRow] | type[TaskRow], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(_CHANGE[table], rows)


def _keep_attempts(session: Session, tasks: Iterable[Task]) -> None:
    connection = session.connection()  # plain statements: this is part of every change of a task
    for task in tasks:
        if task.attempt is None:
            continue
        changed = {"_id": task.attempt.id, **attempt_values(task.attempt)}
        is_known = connection.execute(_CHANGE_ATTEMPT, changed).rowcount == 1
        if not is_known and _exists(session, task):
            connection.execute(_ADD_ATTEMPT, new_attempt_values(task.attempt))


def _keep_inputs(session: Session, tasks: Iterable[Task]) -> None:
    """Write down which artifacts a task took; they become known when it begins to be resolved."""
    for task in tasks:
        if task.state is TaskState.RESOLVING:
            for name, digest in task.inputs.items():
                known = update(TaskInputRow).where(TaskInputRow.task_id == task.id, TaskInputRow.name == name)
                session.connection().execute(known.values(artifact=digest))


def _event(session: Session, row: InboxRow) -> Request | None:
    """What an entry of the inbox asks for; None when it is about something that was deleted meanwhile."""
    if row.kind == SET_QUEUES:  # what holds by now: nobody misses the states in between
        return SetQueues(scheduling_queues(session), cordoned_machines(session))
    if row.kind == SUBMITTED:
        return _submitted(session, row)
    reason = sentence(row.reason, row.reason_zh)
    if row.run_id is not None:
        return CancelRun(RunId(row.run_id), reason)
    assert row.task_id is not None, "whatever is not about a run is about a task"
    task_id = TaskId(row.task_id)
    if row.kind == MOVE_ON:
        return MoveOn(task_id, reason)
    if row.kind == SET_PRIORITY:
        priority = session.scalar(select(TaskRow.priority).where(TaskRow.id == task_id))
        return None if priority is None else SetPriority(task_id, priority)
    return CancelTask(task_id, reason)


def _submitted(session: Session, row: InboxRow) -> Submitted | None:
    if row.run_id is None:
        alone = read_tasks(session, TaskRow.id == row.task_id)
        return Submitted(tasks=tuple(alone)) if alone else None
    run = session.get(RunRow, row.run_id)
    if run is None:
        return None
    tasks = read_tasks(session, TaskRow.run_id == row.run_id)
    return Submitted(tasks=tuple(tasks), run=run_from(run, _ids_of(tasks, run.id)))


def read_tasks(session: Session, *which: ColumnElement[bool]) -> list[Task]:
    """The tasks of these rows with all that belongs to them, by id."""
    rows = session.scalars(select(TaskRow).where(*which).order_by(TaskRow.id)).all()
    ids = [row.id for row in rows]
    specs = {
        row.task_id: decode_spec(row.spec)
        for part in _chunks(ids)
        for row in session.scalars(select(TaskSpecRow).where(TaskSpecRow.task_id.in_(part)))
    }
    latest = {
        row.task_id: attempt_from(row)
        for part in _chunks([row.id for row in rows if row.num_attempts])
        for row in session.scalars(
            select(AttemptRow)
            .join(TaskRow, TaskRow.id == AttemptRow.task_id)
            .where(AttemptRow.task_id.in_(part), AttemptRow.number == TaskRow.num_attempts)
        )
    }
    inputs, outputs = _inputs(session, ids), _outputs(session, ids)
    return [
        task_from(
            row,
            specs[row.id],
            attempt=latest.get(row.id),
            # A task knows its inputs from `resolving` on, also those that were in the store before.
            inputs={} if row.state == TaskState.WAITING else inputs.get(row.id, {}),
            outputs=outputs.get(row.id, {}),
        )
        for row in rows
    ]


def _spec(session: Session, task_id: int) -> TaskSpec:
    return decode_spec(session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one())


def _run_time_s(session: Session, task_id: int) -> float | None:
    """How long the last attempt of a task ran; None when it did not succeed."""
    latest = session.scalar(
        select(AttemptRow)
        .join(TaskRow, TaskRow.id == AttemptRow.task_id)
        .where(
            TaskRow.id == task_id,
            TaskRow.state == TaskState.SUCCEEDED,
            AttemptRow.number == TaskRow.num_attempts,
        )
    )
    return None if latest is None else attempt_from(latest).run_time_s


def _inputs(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Digest]]:
    found: dict[int, dict[str, Digest]] = {}
    for part in _chunks(ids):
        for row in session.scalars(select(TaskInputRow).where(TaskInputRow.task_id.in_(part))):
            if row.artifact is not None:
                found.setdefault(row.task_id, {})[row.name] = Digest(row.artifact)
    return found


def _outputs(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Digest]]:
    found: dict[int, dict[str, Digest]] = {}
    for part in _chunks(ids):
        for row in session.scalars(select(TaskOutputRow).where(TaskOutputRow.task_id.in_(part))):
            found.setdefault(row.task_id, {})[row.name] = Digest(row.artifact)
    return found


def _ids_of(tasks: Iterable[Task], run_id: int) -> tuple[TaskId, ...]:
    return tuple(task.id for task in tasks if task.run_id == run_id)


def _chunks(items: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
