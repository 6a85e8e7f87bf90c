"""Projects and who works in them."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class ProjectRow(Base):
    """A project: the tenant that owns everything else. Its name never changes, for it stands in addresses."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    created_at_s: Mapped[float]
    created_by: Mapped[str]


class MemberRow(Base):
    """A user's role in a project: `viewer`, `developer` or `admin`."""

    __tablename__ = "members"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str]
    added_at_s: Mapped[float]
