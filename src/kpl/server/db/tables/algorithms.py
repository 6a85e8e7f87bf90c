"""The table of installed algorithms."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class AlgorithmVersionRow(Base):
    """One version of an algorithm; never changed. A built-in one belongs to no project and is seen by all.

    Args:
        tree: artifact digest of the algorithm's folder.
        manifest: its manifest as JSON.
    """

    __tablename__ = "algorithm_versions"
    __table_args__ = (
        Index("ix_algorithm_versions_artifact", "tree"),
        Index("ux_algorithm_versions_version", "project_id", "name", "version", unique=True),
        Index(
            "ux_algorithm_versions_builtin",
            "name",
            "version",
            unique=True,
            sqlite_where=text("project_id IS NULL"),
            postgresql_where=text("project_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    version: Mapped[str]
    tree: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    description: Mapped[str] = mapped_column(default="")
    size_bytes: Mapped[int] = mapped_column(default=0)
    created_at_s: Mapped[float]
    created_by: Mapped[str]
