"""Tables of datasets and their versions."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class DatasetRow(Base):
    """A named set of samples; what it holds stands in its versions."""

    __tablename__ = "datasets"
    __table_args__ = (Index("ux_datasets_name", "project_id", "name", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    description: Mapped[str] = mapped_column(default="")
    created_at_s: Mapped[float]
    created_by: Mapped[str]


class DatasetVersionRow(Base):
    """One version of a dataset; never changed.

    Args:
        version: counts from 1 within the dataset.
        digest: artifact digest of its folder.
        splits: number of samples by name of split.
        source_task_id: the task whose output it is; None for an import.
    """

    __tablename__ = "dataset_versions"
    __table_args__ = (
        Index("ux_dataset_versions_version", "dataset_id", "version", unique=True),
        Index("ix_dataset_versions_digest", "project_id", "digest"),
        Index("ix_dataset_versions_artifact", "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    version: Mapped[int]
    kind: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    num_samples: Mapped[int] = mapped_column(BigInteger)
    class_names: Mapped[list[str]] = mapped_column(JSON)
    splits: Mapped[dict[str, Any]] = mapped_column(JSON)
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    description: Mapped[str] = mapped_column(default="")
    source_task_id: Mapped[int | None]
    source_output: Mapped[str | None]
    created_at_s: Mapped[float]
    created_by: Mapped[str]
