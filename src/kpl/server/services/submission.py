"""New tasks and runs on their way into the database and to the loop, in the transaction of whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from kpl.orchestrator.state import Run, RunState
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.runs import RunRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller
from kpl.server.services.admission import admission_for, require_admissible
from kpl.server.services.announcements import tell_of_run
from kpl.server.services.new_trials import SUBMITTED
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import queue_of
from kpl.server.services.records import search_values
from kpl.server.services.spec_text import encode_spec
from kpl.server.services.store import post
from kpl.task import ArtifactInput, TaskKind, TaskSpec, TaskState
from kpl.task.ids import RunId, TaskId


@dataclass(frozen=True, slots=True)
class Pinned:
    """What stands in for a task that shall not run: a finished task of an earlier run."""

    task_id: int
    digest: str | None
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    why: str
    search: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be written down.

    Args:
        lineage: what it is the same step of from run to run, as in `pipeline:digits`.
        priority: inside its queue; whoever asks for it may give it.
    """

    name: str
    kind: TaskKind
    spec: TaskSpec
    depends_on: Sequence[TaskId] = ()
    lineage: str = ""
    pinned: Pinned | None = field(default=None)
    priority: int = 0


def submit_task(
    platform: Platform, session: Session, caller: Caller, project: ProjectRow, task: NewTask
) -> TaskRow:
    """Write down a task that stands alone and hand it to the loop. The caller's permission was checked before.

    Raises:
        Invalid: it could never start: no machine, even an empty one, or no limit of its queue would hold it.
    """
    require_admissible(admission_for(platform, session, caller, project), task.name, task.spec)
    row = add_task(platform, session, caller, project, task)
    post(platform, session, SUBMITTED, task_id=row.id)
    return row


def submit_run(platform: Platform, session: Session, project: ProjectRow, row: RunRow) -> None:
    """Hand a run with all of its tasks, which are in the database, to the loop."""
    post(platform, session, SUBMITTED, run_id=row.id)
    run = Run(
        id=RunId(row.id),
        project_id=project.id,
        tasks=(),
        state=RunState(row.state),
        created_at_s=row.created_at_s,
    )
    tell_of_run(platform.live, session, run, project=project.name, at_s=platform.now_s())


def add_task(
    platform: Platform,
    session: Session,
    caller: Caller,
    project: ProjectRow,
    task: NewTask,
    *,
    run_id: int | None = None,
) -> TaskRow:
    """Write down a task with its specification and inputs; what it depends on must be there already."""
    now_s = platform.now_s()
    queue = queue_of(session, project.name, caller.username)
    spec = replace(task.spec, queue=queue, user=caller.username)
    program, pinned = spec.program, task.pinned
    state = TaskState.WAITING if pinned is None else TaskState.REUSED
    row = TaskRow(
        project_id=project.id,
        run_id=run_id,
        name=task.name,
        lineage=task.lineage,
        kind=task.kind,
        algorithm=program.algorithm,
        version=program.version,
        function=program.function,
        endpoint=spec.endpoint,
        depends_on=list(task.depends_on),
        state=state,
        is_final=state.is_final,
        why="" if pinned is None else pinned.why,
        digest=None if pinned is None else pinned.digest,
        reused_from=None if pinned is None else pinned.task_id,
        queue=queue,
        priority=task.priority,
        search=search_values(spec, None) if pinned is None else pinned.search,
        created_by=caller.username,
        created_at_s=now_s,
        finished_at_s=None if pinned is None else now_s,
    )
    session.add(row)
    session.flush()
    session.add(TaskSpecRow(task_id=row.id, spec=encode_spec(spec)))
    known = {} if pinned is None else pinned.inputs
    session.add_all(_input_rows(row.id, spec, known))
    outputs = {} if pinned is None else pinned.outputs
    session.add_all(
        TaskOutputRow(task_id=row.id, name=name, artifact=digest) for name, digest in outputs.items()
    )
    return row


def _input_rows(task_id: int, spec: TaskSpec, known: Mapping[str, str]) -> list[TaskInputRow]:
    return [
        TaskInputRow(task_id=task_id, name=each.name, artifact=each.artifact)
        if isinstance(each, ArtifactInput)
        else TaskInputRow(
            task_id=task_id,
            name=each.name,
            artifact=known.get(each.name),
            source_task_id=each.task,
            source_output=each.output,
        )
        for each in spec.inputs
    ]
