"""Who changed what, when and from where."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class AuditRow(Base):
    """One change. It names user and project in plain text, so that it outlives both."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at_s: Mapped[float] = mapped_column(index=True)
    username: Mapped[str] = mapped_column(index=True)
    origin: Mapped[str]
    address: Mapped[str]
    request_id: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    project: Mapped[str | None] = mapped_column(index=True)
    details: Mapped[dict[str, Any]]
