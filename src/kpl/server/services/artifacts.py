"""Artifacts of a project: what its tasks made or took, what its datasets, models and algorithms consist of."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, exists, or_, select

from kpl.errors import NotFound
from kpl.schemas.artifact import ArtifactFileOut, ArtifactOut, ArtifactStatisticsOut
from kpl.sentence import Sentence
from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.db.tables.datasets import DatasetVersionRow
from kpl.server.db.tables.models import ModelVersionRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.platform import Platform

MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an artifact: where its bytes lie on the server, and their sha256."""

    path: Path
    name: str
    sha256: str


def get_artifact(platform: Platform, caller: Caller, project: str, digest: str) -> ArtifactOut:
    """List the files of an artifact that the project knows."""
    _check_access(platform, caller, project, digest)
    tree = platform.artifacts.get_tree(digest)
    return ArtifactOut(
        digest=tree.digest,
        size_bytes=tree.size_bytes,
        num_files=len(tree.entries),
        files=[
            ArtifactFileOut(path=entry.path, size_bytes=entry.size_bytes, sha256=entry.sha256)
            for entry in tree.entries[:MOST_FILES]
        ],
    )


def get_artifact_file(platform: Platform, caller: Caller, project: str, digest: str, path: str) -> StoredFile:
    """Find one file of an artifact that the project knows."""
    _check_access(platform, caller, project, digest)
    return stored_file(platform, digest, path)


def get_artifact_sample_image(
    platform: Platform, caller: Caller, project: str, digest: str, row: int, *, size: int | None
) -> tuple[bytes, str]:
    """The image of one sample of a stored dataset, published or not, and its media type.

    Raises:
        Invalid: the artifact is no dataset.
    """
    from kpl.server.services.datasets import sample_image

    _check_access(platform, caller, project, digest)
    return sample_image(platform, platform.artifacts.materialize(digest), row, size=size)


def get_artifact_statistics(
    platform: Platform, caller: Caller, project: str, digest: str
) -> ArtifactStatisticsOut:
    """Counts, ranges and health of a stored dataset, published or not.

    Raises:
        Invalid: the artifact is no dataset.
    """
    from kpl.server.services.datasets import statistics_of

    _check_access(platform, caller, project, digest)
    statistics = statistics_of(platform.artifacts.materialize(digest))
    return ArtifactStatisticsOut(digest=digest, statistics=statistics)


def stored_file(platform: Platform, digest: str, path: str) -> StoredFile:
    """Find one file of an artifact; the caller has checked that it may be read."""
    location = platform.artifacts.open_file(digest, path)
    entries = platform.artifacts.get_tree(digest).entries
    sha256 = next(entry.sha256 for entry in entries if entry.path == path)
    return StoredFile(path=location, name=path.rpartition("/")[2], sha256=sha256)


def _check_access(platform: Platform, caller: Caller, project: str, digest: str) -> None:
    """Knowing a digest is no permission: the artifact must belong to something of the project."""
    with platform.db.read() as session:
        row = project_for(session, caller, project, Role.VIEWER)
        if not session.scalar(select(_is_of_project(row.id, digest))):
            raise NotFound(
                Sentence(
                    f"Project '{project}' has no artifact {digest}.", f"项目“{project}”没有制品 {digest}。"
                )
            )


def _is_of_project(project_id: int, digest: str) -> ColumnElement[bool]:
    return or_(
        exists().where(
            TaskOutputRow.artifact == digest,
            TaskRow.id == TaskOutputRow.task_id,
            TaskRow.project_id == project_id,
        ),
        exists().where(
            TaskInputRow.artifact == digest,
            TaskRow.id == TaskInputRow.task_id,
            TaskRow.project_id == project_id,
        ),
        exists().where(DatasetVersionRow.digest == digest, DatasetVersionRow.project_id == project_id),
        exists().where(ModelVersionRow.digest == digest, ModelVersionRow.project_id == project_id),
        exists().where(
            AlgorithmVersionRow.tree == digest,
            or_(AlgorithmVersionRow.project_id == project_id, AlgorithmVersionRow.project_id.is_(None)),
        ),
    )
