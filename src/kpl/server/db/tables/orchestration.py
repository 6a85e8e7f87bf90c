"""Tables between those who ask for something and the one loop that does it."""

from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class InboxRow(Base):
    """A request to the loop: `submitted` (a run, or a task that stands alone), `cancel_run`, `cancel_task`, `move_on`,
    `set_priority` (to what the task's row says), `set_queues` (queues or machines are not what they were).

    The loop remembers the last id it saw; rows are deleted once what they asked for is applied.
    """

    __tablename__ = "orchestration_inbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    run_id: Mapped[int | None]
    task_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    reason_zh: Mapped[str] = mapped_column(default="", server_default="")


class OrchestrationRow(Base):
    """The single row that counts what the loop has applied; whoever decided on another version is refused."""

    __tablename__ = "orchestration"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    consumed_id: Mapped[int]
