"""What endpoints answered, a row for each minute in which there was something."""

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class TrafficRow(Base):
    """One minute of one endpoint.

    The key is the order in which rows lie, as with `SampleRow`; the index is for removing what is too old.

    Args:
        latencies: number of requests by the step of `kpl.server.services.latencies` that their time falls into.
    """

    __tablename__ = "endpoint_traffic"
    __table_args__ = (Index("ix_endpoint_traffic_at_s", "at_s"), {"sqlite_with_rowid": False})

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    at_s: Mapped[float] = mapped_column(primary_key=True)
    num_requests: Mapped[int]
    num_errors: Mapped[int]
    latencies: Mapped[dict[str, Any]]
