"""What happened, in order: the log behind the live updates, and counters."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class CounterRow(Base):
    """A number that only grows.

    Raising it locks it until the commit, so numbers are given in the order of commits.
    """

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class EventRow(Base):
    """A live event. `seq` comes from the counter `events`; only the newest are kept.

    `project_id` says who may see it: the members of that project, or everybody who is signed in when it is
    None. It is no foreign key, for an event may tell that the project is gone.
    """

    __tablename__ = "events"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    project_id: Mapped[int | None]
    topics: Mapped[list[str]]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    at_s: Mapped[float]
