"""What refers to an artifact: versions of datasets, models and algorithms, and the tasks that made or took it."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from kpl.schemas.storage import ReferenceOut
from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow

MOST_REFERENCES = 6


def references_of(session: Session, digest: str) -> tuple[list[ReferenceOut], bool]:
    """At most six that refer to an artifact, the newest versions first, and whether there are more.

    Each look is by index and stops early: which tasks are found is left open, for to sort them would read all.
    """
    found = list(islice(_references(session, digest), MOST_REFERENCES + 1))
    return found[:MOST_REFERENCES], len(found) > MOST_REFERENCES


def _references(session: Session, digest: str) -> Iterator[ReferenceOut]:
    most = MOST_REFERENCES + 1
    datasets = (
        select(ProjectRow.name.label("project"), DatasetRow.name, DatasetVersionRow.version)
        .join(DatasetRow, DatasetRow.id == DatasetVersionRow.dataset_id)
        .join(ProjectRow, ProjectRow.id == DatasetVersionRow.project_id)
        .where(DatasetVersionRow.digest == digest)
        .order_by(DatasetVersionRow.id.desc())
    )
    for project, name, number in session.execute(datasets.limit(most)):
        yield _version("dataset", project, name, str(number))
    models = (
        select(ProjectRow.name.label("project"), ModelRow.name, ModelVersionRow.version)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .join(ProjectRow, ProjectRow.id == ModelVersionRow.project_id)
        .where(ModelVersionRow.digest == digest)
        .order_by(ModelVersionRow.id.desc())
    )
    for project, name, number in session.execute(models.limit(most)):
        yield _version("model", project, name, str(number))
    algorithms = (
        select(ProjectRow.name.label("project"), AlgorithmVersionRow.name, AlgorithmVersionRow.version)
        .outerjoin(ProjectRow, ProjectRow.id == AlgorithmVersionRow.project_id)
        .where(AlgorithmVersionRow.tree == digest)
        .order_by(AlgorithmVersionRow.id.desc())
    )
    for project, name, version in session.execute(algorithms.limit(most)):
        yield _version("algorithm", project, name, version)
    made = TaskOutputRow.task_id == TaskRow.id, TaskOutputRow.artifact == digest
    took = TaskInputRow.task_id == TaskRow.id, TaskInputRow.artifact == digest
    yield from _tasks(session, "made", TaskOutputRow, *made)
    yield from _tasks(session, "took", TaskInputRow, *took)


def _version(
    type_: Literal["dataset", "model", "algorithm"], project: str | None, name: str, version: str
) -> ReferenceOut:
    return ReferenceOut(type=type_, project=project, name=name, version=version, task_id=None, run_id=None)


def _tasks(
    session: Session,
    type_: Literal["made", "took"],
    table: type[TaskOutputRow] | type[TaskInputRow],
    of_task: ColumnElement[bool],
    of_digest: ColumnElement[bool],
) -> Iterator[ReferenceOut]:
    chosen = (
        select(TaskRow.id, TaskRow.run_id, TaskRow.name, TaskRow.algorithm, ProjectRow.name.label("project"))
        .join(table, of_task)
        .join(ProjectRow, ProjectRow.id == TaskRow.project_id)
        .where(of_digest)
        .limit(MOST_REFERENCES + 1)
    )
    for row in session.execute(chosen):
        yield ReferenceOut(
            type=type_,
            project=row.project,
            name=row.name,
            version=None,
            task_id=row.id,
            run_id=row.run_id,
            algorithm=row.algorithm,
        )
