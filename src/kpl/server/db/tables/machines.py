"""The table of what administrators decided about machines; what a machine has, its executor says."""

from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class MachineRow(Base):
    """Settings of one machine; one without a row is open.

    Args:
        is_cordoned: new tasks are kept away from it.
        is_draining: what runs on it was asked to move on, too.
        reason: why, for those who wonder.
    """

    __tablename__ = "machines"

    name: Mapped[str] = mapped_column(primary_key=True)
    is_cordoned: Mapped[bool] = mapped_column(default=False)
    is_draining: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    changed_at_s: Mapped[float]
    changed_by: Mapped[str]
