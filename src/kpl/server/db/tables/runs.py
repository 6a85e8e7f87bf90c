"""The table of runs."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class RunRow(Base):
    """A run with the frozen copy of what it runs.

    Args:
        is_final: as its state says; has an index of its own, so that looking for open runs does not grow with
            history.
        pipeline: name of the saved pipeline at that time; kept when the pipeline is deleted.
        document: the document with all versions and parameters filled in.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_project", "project_id", "id"),
        Index("ix_runs_pipeline", "project_id", "pipeline", "id"),
        Index("ix_runs_state", "project_id", "state", "id"),
        Index("ix_runs_search", "project_id", "id", "name", "pipeline", "template", "created_by", "state"),
        Index(
            "ix_runs_open", "id", sqlite_where=text("is_final = 0"), postgresql_where=text("is_final = false")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    state: Mapped[str]
    is_final: Mapped[bool] = mapped_column(default=False)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    reason_zh: Mapped[str] = mapped_column(default="", server_default="")
    pipeline: Mapped[str | None]
    revision: Mapped[int | None]
    template: Mapped[str | None]
    origin: Mapped[str]
    rerun_of: Mapped[int | None]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    document: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    num_tasks: Mapped[int]
    created_by: Mapped[str]
    created_at_s: Mapped[float]
    started_at_s: Mapped[float | None]
    finished_at_s: Mapped[float | None]
