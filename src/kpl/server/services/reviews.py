"""Reviews: people accept a model's answers as labels or reject them, which makes the next version of the dataset."""

from sqlalchemy.orm import Session

from kpl.errors import Conflict
from kpl.schemas.dataset import DatasetVersionOut, Review
from kpl.sentence import Sentence
from kpl.server.db.tables.datasets import DatasetVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.datasets import find_dataset, find_dataset_version, latest_version, version_out
from kpl.server.services.platform import Platform
from kpl.server.services.publishing import Source, publish_dataset
from kpl.server.services.stored import require_storage
from kpl.server.services.workspaces import workspace


def review_answers(
    platform: Platform, caller: Caller, project: str, name: str, version: int, review: Review
) -> DatasetVersionOut:
    """Make the next version of a dataset in which a model's answers are labels, or rejected.

    No image is written or read: the new version has the files of the one that was reviewed. That one stays as it is.

    Raises:
        Conflict: the dataset has a newer version, which lacks nothing of what others decided meanwhile.
        Invalid: the layer's answers cannot be labels of the dataset, or a sample has none.
        NotFound: no such version, layer or sample.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        reviewed = _newest(session, owner, name, version)
        digest = reviewed.digest
        require_storage(session, project, Sentence(f"a version of '{name}'", f"“{name}”的新版本"))
    made = _reviewed_artifact(platform, caller, digest, review)
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        _newest(session, owner, name, version)
        source = Source(owner.id, name, made, caller.username, platform.now_s())
        row = publish_dataset(session, platform.artifacts, source, message=review.message)
        counts = {"accepted": len(review.accept), "rejected": len(review.reject)}
        audit.record(
            platform,
            session,
            caller,
            "dataset.review",
            f"dataset:{name}@{row.version}",
            project=project,
            details={"version": version, "layer": review.layer, "message": review.message, **counts},
        )
        return version_out(row, name)


def _newest(session: Session, owner: ProjectRow, name: str, version: int) -> DatasetVersionRow:
    """The version of that number, which must be the newest."""
    row = find_dataset_version(session, owner.id, name, version)
    newest = latest_version(session, find_dataset(session, owner.id, name)).version
    if newest != version:
        raise Conflict(
            Sentence(
                f"Dataset '{name}' has version {newest} meanwhile; version {version} was reviewed.",
                f"数据集“{name}”已有版本 {newest}；审核的是版本 {version}。",
            ),
            hint=Sentence(
                f"Review version {newest}: it may have other answers, and what others decided.",
                f"请审核版本 {newest}：它可能有不同的预测，也包含他人的审核结果。",
            ),
        )
    return row


def _reviewed_artifact(platform: Platform, caller: Caller, digest: str, review: Review) -> str:
    """Digest of the artifact in which the verdicts stand."""
    from kpl.dataset.review import Verdicts
    from kpl.dataset.review import review as review_dataset
    from kpl.server.services.dataset_reader import open_dataset

    verdicts = Verdicts(review.accept, review.reject, caller.username, review.min_score)
    dataset = open_dataset(platform.artifacts.materialize(digest))
    with workspace(platform) as folder:
        made = folder / "dataset"
        review_dataset(dataset, made, verdicts, layer=review.layer, message=review.message)
        return platform.artifacts.put_tree(made, move=True, like=digest).digest
