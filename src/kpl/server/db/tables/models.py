"""Tables of models and their versions."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class ModelRow(Base):
    """A named model; its files and manifest stand in its versions.

    Args:
        updated_at_s: when its latest version was made.
    """

    __tablename__ = "models"
    __table_args__ = (
        Index("ux_models_name", "project_id", "name", unique=True),
        Index("ix_models_updated", "project_id", "updated_at_s", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    description: Mapped[str] = mapped_column(default="")
    created_at_s: Mapped[float]
    created_by: Mapped[str]
    updated_at_s: Mapped[float] = mapped_column(default=0.0, server_default="0")


class ModelVersionRow(Base):
    """One version of a model; never changed.

    Args:
        version: counts from 1 within the model.
        task: what it does, as in `classification`.
        digest: artifact digest of its folder.
        manifest: its `model.json`.
        source_task_id: the task whose output it is; None for an upload.
    """

    __tablename__ = "model_versions"
    __table_args__ = (
        Index("ux_model_versions_version", "model_id", "version", unique=True),
        Index("ix_model_versions_digest", "project_id", "digest"),
        Index("ix_model_versions_artifact", "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    version: Mapped[int]
    task: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    description: Mapped[str] = mapped_column(default="")
    source_task_id: Mapped[int | None]
    source_output: Mapped[str | None]
    created_at_s: Mapped[float]
    created_by: Mapped[str]
