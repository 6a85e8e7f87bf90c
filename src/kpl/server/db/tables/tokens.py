"""API tokens, for programs."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class TokenRow(Base):
    """An API token of a user; only its sha256 is kept. `project_id` limits it to one project."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str]
    scopes: Mapped[list[str]]
    created_at_s: Mapped[float]
    expires_at_s: Mapped[float | None]
    last_used_at_s: Mapped[float | None]
