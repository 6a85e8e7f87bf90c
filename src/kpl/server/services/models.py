"""Models and their versions: where each comes from, how good it is, who uses it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, NotFound, nearest
from kpl.schemas.model import (
    EvaluationOut,
    ModelCardOut,
    ModelDetail,
    ModelFileOut,
    ModelOut,
    ModelVersionDetail,
    ModelVersionOut,
)
from kpl.schemas.page import Order, Page, Sort
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.artifacts import StoredFile, stored_file
from kpl.server.services.clock import utc
from kpl.server.services.metrics import last_values
from kpl.server.services.model_card import Language, model_card
from kpl.server.services.platform import Platform
from kpl.server.services.searching import has_words
from kpl.server.services.sorting import sorted_page
from kpl.task import TaskState

MOST_VERSIONS = 100
MOST_EVALUATIONS = 20


_LATEST_TASK = (
    select(ModelVersionRow.task)
    .where(ModelVersionRow.model_id == ModelRow.id)
    .order_by(ModelVersionRow.version.desc())
    .limit(1)
    .correlate(ModelRow)
    .scalar_subquery()
)
_LATEST_ALGORITHM = (
    select(TaskRow.algorithm)
    .join(ModelVersionRow, ModelVersionRow.source_task_id == TaskRow.id)
    .where(ModelVersionRow.model_id == ModelRow.id)
    .order_by(ModelVersionRow.version.desc())
    .limit(1)
    .correlate(ModelRow)
    .scalar_subquery()
)


def list_models(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    search: str | None = None,
    sort: Sort = "created",
    order: Order | None = None,
    cursor: str | None,
    limit: int,
) -> Page[ModelOut]:
    """Models of a project, newest first unless sorted otherwise; a search looks at names, tasks and algorithms."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = select(ModelRow).where(ModelRow.project_id == owner.id)
        if search is not None:
            chosen = chosen.where(has_words(search, ModelRow.name, _LATEST_TASK, _LATEST_ALGORITHM))
        rows, next_cursor = sorted_page(
            session, chosen, ModelRow, sort=sort, order=order, cursor=cursor, limit=limit
        )
        return Page(items=[_model_out(session, row) for row in rows], next_cursor=next_cursor)


def get_model(platform: Platform, caller: Caller, project: str, name: str) -> ModelDetail:
    """A model with its newest versions."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = find_model(session, owner.id, name)
        versions = session.scalars(
            select(ModelVersionRow)
            .where(ModelVersionRow.model_id == row.id)
            .order_by(ModelVersionRow.version.desc())
            .limit(MOST_VERSIONS)
        )
        outs = [_version_out(session, version, name) for version in versions]
        return ModelDetail(**_model_out(session, row).model_dump(), versions=outs)


def get_model_version(
    platform: Platform, caller: Caller, project: str, name: str, version: int
) -> ModelVersionDetail:
    """One version with its files, its tests and the data it was trained on."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        return _version_detail(platform, session, find_model_version(session, owner.id, name, version), name)


def get_model_card(
    platform: Platform, caller: Caller, project: str, name: str, version: int, *, language: Language
) -> ModelCardOut:
    """A card for people, written from what is recorded about the version."""
    detail = get_model_version(platform, caller, project, name, version)
    return ModelCardOut(language=language, markdown=model_card(detail, language))


def get_model_file(
    platform: Platform, caller: Caller, project: str, name: str, version: int, path: str
) -> StoredFile:
    """One file of a version."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        digest = find_model_version(session, owner.id, name, version).digest
    return stored_file(platform, digest, path)


def delete_model(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Delete a model with all versions, unless an endpoint serves one of them."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = find_model(session, owner.id, name)
        versions = session.scalars(select(ModelVersionRow).where(ModelVersionRow.model_id == row.id)).all()
        _refuse_if_served(
            session,
            owner.id,
            [version.digest for version in versions],
            Sentence(f"Model '{name}'", f"模型“{name}”"),
        )
        for version in versions:
            session.delete(version)
        session.delete(row)
        audit.record(platform, session, caller, "model.delete", f"model:{name}", project=project)


def delete_model_version(platform: Platform, caller: Caller, project: str, name: str, version: int) -> None:
    """Delete one version, and the model with its last one, unless an endpoint serves it."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = find_model_version(session, owner.id, name, version)
        _refuse_if_served(
            session, owner.id, [row.digest], Sentence(f"Model '{name}@{version}'", f"模型“{name}@{version}”")
        )
        session.delete(row)
        session.flush()
        others = select(func.count()).where(ModelVersionRow.model_id == row.model_id)
        model = session.get_one(ModelRow, row.model_id)
        if session.scalar(others):
            model.updated_at_s = _latest(session, model).created_at_s
        else:
            session.delete(model)
        audit.record(
            platform, session, caller, "model.delete_version", f"model:{name}@{version}", project=project
        )


def find_model(session: Session, project_id: int, name: str) -> ModelRow:
    """The model of that name. Raises NotFound with the nearest names."""
    row = session.scalar(select(ModelRow).where(ModelRow.project_id == project_id, ModelRow.name == name))
    if row is None:
        known = session.scalars(select(ModelRow.name).where(ModelRow.project_id == project_id).limit(500))
        raise NotFound(
            Sentence(f"There is no model '{name}' in this project.", f"此项目中没有模型“{name}”。"),
            hint=nearest(name, known),
        )
    return row


def find_model_version(session: Session, project_id: int, name: str, version: int) -> ModelVersionRow:
    """The version of that number. Raises NotFound with the numbers there are."""
    model = find_model(session, project_id, name)
    row = session.scalar(
        select(ModelVersionRow).where(
            ModelVersionRow.model_id == model.id, ModelVersionRow.version == version
        )
    )
    if row is None:
        latest = _latest(session, model).version
        raise NotFound(
            Sentence(f"Model '{name}' has no version {version}.", f"模型“{name}”没有版本 {version}。"),
            hint=Sentence(f"The latest is {latest}.", f"最新版本是 {latest}。"),
        )
    return row


def _refuse_if_served(session: Session, project_id: int, digests: list[str], what: str) -> None:
    names = sorted({name for digest in digests for name in _endpoints_of(session, project_id, digest)})
    if names:
        raise Conflict(
            Sentence(
                f"{what} is in use: endpoint {', '.join(names)} serves it.",
                f"{in_chinese(what)}正在使用：端点 {'、'.join(names)} 在用它提供服务。",
            ),
            hint=Sentence("Stop or redeploy the endpoint first.", "请先停止或重新部署该端点。"),
        )


def _endpoints_of(session: Session, project_id: int, digest: str) -> Iterable[str]:
    return session.scalars(
        select(TaskRow.endpoint)
        .join(TaskInputRow, TaskInputRow.task_id == TaskRow.id)
        .where(
            TaskInputRow.artifact == digest,
            TaskRow.project_id == project_id,
            TaskRow.endpoint != "",
            TaskRow.is_final.is_(False),
        )
        .distinct()
    ).all()


def _latest(session: Session, model: ModelRow) -> ModelVersionRow:
    newest = select(ModelVersionRow).where(ModelVersionRow.model_id == model.id)
    return session.scalars(newest.order_by(ModelVersionRow.version.desc()).limit(1)).one()


def _model_out(session: Session, row: ModelRow) -> ModelOut:
    count = session.scalar(select(func.count()).where(ModelVersionRow.model_id == row.id))
    return ModelOut(
        name=row.name,
        description=row.description,
        num_versions=count or 0,
        latest=_version_out(session, _latest(session, row), row.name),
        created_at=utc(row.created_at_s),
    )


def _version_out(session: Session, row: ModelVersionRow, name: str) -> ModelVersionOut:
    source = session.get(TaskRow, row.source_task_id) if row.source_task_id is not None else None
    return ModelVersionOut(
        name=name,
        version=row.version,
        task=row.task,
        digest=row.digest,
        size_bytes=row.size_bytes,
        class_names=[str(each) for each in row.manifest.get("classes", [])],
        metrics=numbers_of(row.manifest.get("metrics", {})),
        algorithm=f"{source.algorithm} {source.version}" if source is not None else "",
        source_task_id=row.source_task_id,
        source_run_id=source.run_id if source is not None else None,
        created_at=utc(row.created_at_s),
        created_by=row.created_by,
    )


def numbers_of(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are plain numbers."""
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _version_detail(
    platform: Platform, session: Session, row: ModelVersionRow, name: str
) -> ModelVersionDetail:
    tree = platform.artifacts.get_tree(row.digest)
    return ModelVersionDetail(
        **_version_out(session, row, name).model_dump(),
        manifest=row.manifest,
        files=[
            ModelFileOut(path=entry.path, size_bytes=entry.size_bytes, sha256=entry.sha256)
            for entry in tree.entries
        ],
        evaluations=_evaluations(platform, session, row),
        datasets=_datasets_of(session, row),
        endpoints=sorted(_endpoints_of(session, row.project_id, row.digest)),
    )


def _evaluations(platform: Platform, session: Session, row: ModelVersionRow) -> list[EvaluationOut]:
    """What tests and compilations of exactly these files reported, newest first."""
    tasks = session.scalars(
        select(TaskRow)
        .join(TaskInputRow, TaskInputRow.task_id == TaskRow.id)
        .where(
            TaskInputRow.artifact == row.digest,
            TaskRow.project_id == row.project_id,
            TaskRow.function.in_(("test", "compile")),
            TaskRow.state == TaskState.SUCCEEDED,
        )
        .order_by(TaskRow.id.desc())
        .limit(MOST_EVALUATIONS)
    ).all()
    return [
        EvaluationOut(
            task_id=task.id,
            run_id=task.run_id,
            function=task.function,
            dataset_digest=session.scalar(
                select(TaskInputRow.artifact).where(
                    TaskInputRow.task_id == task.id, TaskInputRow.name == "dataset"
                )
            ),
            metrics=last_values(platform, task.id, task.num_attempts),
            finished_at=utc(task.finished_at_s),
        )
        for task in tasks
    ]


def _datasets_of(session: Session, row: ModelVersionRow) -> list[str]:
    """Published datasets from which the version's training data came, followed upstream through its run."""
    found: set[str] = set()
    tasks = {row.source_task_id} - {None}
    seen: set[int | None] = set()
    while tasks - seen:
        task_id = (tasks - seen).pop()
        seen.add(task_id)
        for taken in session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == task_id)):
            if taken.source_task_id is not None:
                tasks.add(taken.source_task_id)
            elif taken.artifact is not None:
                versions = session.execute(
                    select(DatasetRow.name, DatasetVersionRow.version)
                    .join(DatasetVersionRow, DatasetVersionRow.dataset_id == DatasetRow.id)
                    .where(
                        DatasetVersionRow.digest == taken.artifact,
                        DatasetVersionRow.project_id == row.project_id,
                    )
                )
                found.update(f"{name}@{version}" for name, version in versions)
    return sorted(found)
