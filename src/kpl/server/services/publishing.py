"""Outputs that become versions of a dataset, a model or an algorithm.

An output equal to the newest version is that version: a step that was reused, or that came to the same result, makes
no new one.
"""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from kpl.algorithm.model import MODEL_NAME, ModelManifest, ModelTampered, read_model
from kpl.algorithm.registry import open_installed
from kpl.errors import Invalid
from kpl.sentence import Sentence
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.algorithms import record_version
from kpl.server.services.clock import Clock
from kpl.server.services.store import Publish
from kpl.storage.artifacts import ArtifactStore
from kpl.task import OutputSpec

# What an output of type files is called whose folder is an algorithm.
ALGORITHM_KIND = "algorithm"
Named = TypeVar("Named", DatasetRow, ModelRow)
Version = TypeVar("Version", DatasetVersionRow, ModelVersionRow)


def publisher(artifacts: ArtifactStore, clock: Clock) -> Publish:
    """The function that the store calls for each output that its node publishes."""

    def publish(
        session: Session, *, project_id: int, task_id: int, output: OutputSpec, name: str, digest: str
    ) -> str:
        author = _author(session, task_id)
        source = Source(project_id, name, digest, author, clock.now_s(), task_id, output.name)
        if output.type == "dataset":
            return f"{name}@{publish_dataset(session, artifacts, source).version}"
        if output.type == "model":
            return f"{name}@{_publish_model(session, artifacts, source)}"
        if output.kind == ALGORITHM_KIND:
            return _publish_algorithm(session, artifacts, source)
        raise Invalid(
            Sentence(
                f"an output of type '{output.type}' can be neither a dataset nor a model",
                f"类型为“{output.type}”的输出既不能发布为数据集，也不能发布为模型",
            )
        )

    return publish


@dataclass(frozen=True, slots=True)
class Source:
    """What becomes a version, and where it comes from: from a task's output, or with neither from a person."""

    project_id: int
    name: str
    digest: str
    created_by: str
    created_at_s: float
    task_id: int | None = None
    output: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """What a version of either noun notes about where it came from."""
        return {
            "project_id": self.project_id,
            "digest": self.digest,
            "source_task_id": self.task_id,
            "source_output": self.output,
            "created_at_s": self.created_at_s,
            "created_by": self.created_by,
        }


def _author(session: Session, task_id: int) -> str:
    return session.scalar(select(TaskRow.created_by).where(TaskRow.id == task_id)) or ""


def publish_dataset(
    session: Session, artifacts: ArtifactStore, source: Source, *, message: str = ""
) -> DatasetVersionRow:
    """The version of a dataset that an artifact is: a new one, unless it equals the newest."""
    from kpl.dataset import Dataset  # with NumPy, which an idle server does without

    dataset = Dataset.open(artifacts.materialize(source.digest))
    owner = _owner(session, DatasetRow, source)
    newest = _newest(session, DatasetVersionRow, DatasetVersionRow.dataset_id == owner.id)
    if newest is not None and newest.digest == source.digest:
        return newest
    version = DatasetVersionRow(
        dataset_id=owner.id,
        version=1 if newest is None else newest.version + 1,
        kind=str(dataset.kind),
        num_samples=len(dataset),
        class_names=list(dataset.class_names),
        splits=dict(dataset.splits),
        size_bytes=artifacts.get_tree(source.digest).size_bytes,
        description=message,
        **source.columns,
    )
    session.add(version)
    session.flush()
    return version


def _publish_model(session: Session, artifacts: ArtifactStore, source: Source) -> int:
    manifest, document = _read_model(artifacts, source.digest)
    owner = _owner(session, ModelRow, source)
    newest = _newest(session, ModelVersionRow, ModelVersionRow.model_id == owner.id)
    if newest is not None and newest.digest == source.digest:
        return newest.version
    version = ModelVersionRow(
        model_id=owner.id,
        version=1 if newest is None else newest.version + 1,
        task=manifest.task,
        manifest=document,
        size_bytes=artifacts.get_tree(source.digest).size_bytes,
        **source.columns,
    )
    session.add(version)
    owner.updated_at_s = source.created_at_s
    session.flush()
    return version.version


def _publish_algorithm(session: Session, artifacts: ArtifactStore, source: Source) -> str:
    """Name and version stand in the manifest."""
    row = record_version(
        artifacts,
        session,
        open_installed(source.digest, artifacts),
        project_id=source.project_id,
        created_by=source.created_by,
        created_at_s=source.created_at_s,
    )
    return f"{row.name}@{row.version}"


def _owner(session: Session, table: type[Named], source: Source) -> Named:
    """The dataset or model of that name, made if there is none."""
    row = session.scalar(
        select(table).where(table.project_id == source.project_id, table.name == source.name)
    )
    if row is None:
        row = table(
            project_id=source.project_id,
            name=source.name,
            created_at_s=source.created_at_s,
            created_by=source.created_by,
        )
        session.add(row)
        session.flush()
    return row


def _newest(session: Session, table: type[Version], is_of_owner: ColumnElement[bool]) -> Version | None:
    return session.scalar(select(table).where(is_of_owner).order_by(table.version.desc()).limit(1))


def _read_model(artifacts: ArtifactStore, digest: str) -> tuple[ModelManifest, dict[str, Any]]:
    """The manifest of a stored model, whose files must be those that it was saved with.

    The store knows the hash of each file, so none is read: this happens within a transaction.
    """
    folder = artifacts.materialize(digest)
    manifest = read_model(folder)
    stored = {entry.path: entry.sha256 for entry in artifacts.get_tree(digest).entries}
    for name, file in manifest.files.items():
        if stored.get(name) != file.sha256:
            raise ModelTampered(
                f"'{name}' is not the file that the model was saved with.", hint="Save the model last of all."
            )
    document: dict[str, Any] = json.loads((folder / MODEL_NAME).read_text(encoding="utf-8"))
    return manifest, document
