"""Tables of pipelines: the name, and one row for each save."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class PipelineRow(Base):
    """A pipeline. `revision` is the number of its latest save.

    Args:
        is_template: listed among the templates of its project.
        is_shared: a template that every project of the installation may use; set by an admin of its project.
    """

    __tablename__ = "pipelines"
    __table_args__ = (
        Index("ux_pipelines_name", "project_id", "name", unique=True),
        Index("ix_pipelines_updated", "project_id", "updated_at_s", "id"),
        Index(
            "ix_pipelines_shared",
            "name",
            "id",
            sqlite_where=text("is_shared = 1"),
            postgresql_where=text("is_shared = true"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    description: Mapped[str] = mapped_column(default="")
    is_template: Mapped[bool] = mapped_column(default=False)
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=false())
    revision: Mapped[int]
    created_at_s: Mapped[float]
    created_by: Mapped[str]
    updated_at_s: Mapped[float]
    updated_by: Mapped[str]


class PipelineRevisionRow(Base):
    """One save of a pipeline; never changed afterwards."""

    __tablename__ = "pipeline_revisions"
    __table_args__ = (Index("ux_pipeline_revisions_revision", "pipeline_id", "revision", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"))
    revision: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    num_nodes: Mapped[int]
    created_at_s: Mapped[float]
    created_by: Mapped[str]
