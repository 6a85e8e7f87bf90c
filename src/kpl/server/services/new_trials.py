"""New trials of a search on their way into the database, in the transaction that stores what the loop decided."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.server.db.tables.orchestration import InboxRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskRow, TaskSpecRow
from kpl.server.services.records import task_values
from kpl.server.services.spec_text import encode_spec
from kpl.task import ArtifactInput, Task

SUBMITTED = "submitted"


def add_trials(session: Session, trials: Iterable[Task]) -> None:
    """Give each trial its id and hand it to the loop by its inbox."""
    for trial in trials:
        lineage = session.scalar(select(TaskRow.lineage).where(TaskRow.id == trial.parent_id))
        if lineage is None:
            continue  # deleted meanwhile with its project
        program = trial.spec.program
        row = TaskRow(
            project_id=trial.project_id,
            run_id=trial.run_id,
            name=trial.name,
            lineage=lineage,
            kind=trial.kind,
            algorithm=program.algorithm,
            version=program.version,
            function=program.function,
            depends_on=list(trial.depends_on),
            queue=trial.spec.queue,
            parent_id=trial.parent_id,
            trial=trial.trial,
            created_by=trial.spec.user,
            created_at_s=trial.created_at_s,
            **task_values(trial),
        )
        session.add(row)
        session.flush()
        session.add(TaskSpecRow(task_id=row.id, spec=encode_spec(trial.spec)))
        session.add_all(_input_rows(session, trial, row.id))
        session.add(InboxRow(kind=SUBMITTED, task_id=row.id))
    session.flush()


def _input_rows(session: Session, trial: Task, task_id: int) -> Iterator[TaskInputRow]:
    """What a trial takes: what its search was given, and where that came from."""
    given = session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == trial.parent_id))
    sources = {row.name: (row.source_task_id, row.source_output) for row in given}
    for each in trial.spec.inputs:
        assert isinstance(each, ArtifactInput), "the inputs of a search are known before it begins"
        source_task_id, source_output = sources.get(each.name, (None, None))
        yield TaskInputRow(
            task_id=task_id,
            name=each.name,
            artifact=each.artifact,
            source_task_id=source_task_id,
            source_output=source_output,
        )
