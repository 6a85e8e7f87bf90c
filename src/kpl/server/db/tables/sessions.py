"""Sign-ins of browsers, and the links that begin one."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class SessionRow(Base):
    """A sign-in; only the sha256 of the cookie's value is kept."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at_s: Mapped[float]
    last_seen_at_s: Mapped[float]
    expires_at_s: Mapped[float] = mapped_column(index=True)


class SignInLinkRow(Base):
    """A link that signs one user in once; the row is deleted when it is used."""

    __tablename__ = "sign_in_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at_s: Mapped[float] = mapped_column(index=True)
