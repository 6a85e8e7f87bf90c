"""People who can sign in."""

from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class UserRow(Base):
    """A user.

    `password_hash` is empty for somebody who never had a password. `must_change_password` marks a password
    that somebody else knows: nothing but changing it is possible then.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    must_change_password: Mapped[bool]
    is_admin: Mapped[bool]
    is_active: Mapped[bool]
    created_at_s: Mapped[float]
    last_seen_at_s: Mapped[float | None]
