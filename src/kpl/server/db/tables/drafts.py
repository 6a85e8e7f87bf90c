"""Table of drafts: what somebody has drawn since the last revision of a pipeline."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class PipelineDraftRow(Base):
    """The one draft that a person has of a pipeline; each save writes over it.

    `number` counts its saves. Ids are never given twice, so the two together name one save for ever.
    """

    __tablename__ = "pipeline_drafts"
    __table_args__ = (Index("ux_pipeline_drafts_owner", "pipeline_id", "username", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(String)
    number: Mapped[int]
    base_revision: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at_s: Mapped[float]
