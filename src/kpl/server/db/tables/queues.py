"""The table of queues that somebody set up; every other project has a queue that needs no row."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class QueueRow(Base):
    """A queue: what its tasks are promised, what they may have at most, and by which rules.

    Args:
        name: of an organisation, of a project, or `PROJECT/USER`.
        parent: name of the queue above; `root` has no row unless it was given limits or a policy.
        project_id: the project whose queue this is, or whose member's; None for an organisation.
        username: the member of the project; empty for the others.
        guaranteed: amounts as in `kpl.resources.Amounts`; likewise `limits` and `user_limits`.
        policy: the rules that are set, as JSON of `kpl.scheduler.Policy`.
    """

    __tablename__ = "queues"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(127), unique=True)
    parent: Mapped[str] = mapped_column(String(127), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    username: Mapped[str] = mapped_column(default="")
    weight: Mapped[float] = mapped_column(default=1.0)
    guaranteed: Mapped[dict[str, Any]] = mapped_column(JSON)
    limits: Mapped[dict[str, Any]] = mapped_column(JSON)
    user_limits: Mapped[dict[str, Any]] = mapped_column(JSON)
    policy: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_at_s: Mapped[float]
    changed_by: Mapped[str]
