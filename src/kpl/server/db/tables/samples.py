"""What machines measured, a row for each minute."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class SampleRow(Base):
    """One minute of one machine, devices included: `values` is a `kpl.runtime.samples.MachineSample`.

    The key is the order in which rows lie, so that days of one machine are read in one go; the index is for removing
    what is too old.
    """

    __tablename__ = "samples"
    __table_args__ = (Index("ix_samples_at_s", "at_s"), {"sqlite_with_rowid": False})

    machine: Mapped[str] = mapped_column(primary_key=True)
    at_s: Mapped[float] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]]
