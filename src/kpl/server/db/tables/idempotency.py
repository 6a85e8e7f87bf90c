"""Answers that are given again when the same request is sent twice."""

from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class IdempotencyRow(Base):
    """A request with an Idempotency-Key; `status` is None as long as it has no answer."""

    __tablename__ = "idempotency"

    user_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at_s: Mapped[float] = mapped_column(index=True)
