"""Tables of what the artifact store held when it was counted last; the truth lies in the store itself."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class StoredArtifactRow(Base):
    """An artifact in the store. One index beside the key is all, for a million rows are written at the first count of a
    large store; lists of all kinds are put together from those of each.

    Args:
        kind: what refers to it first: a version of a `dataset`, a `model` or an `algorithm`, a step that took or made
            it (`step`), or `none`.
    """

    __tablename__ = "stored_artifacts"
    __table_args__ = (
        Index("ix_stored_artifacts_kind", "kind", "size_bytes", "digest"),
        {"sqlite_with_rowid": False},
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    num_files: Mapped[int]
    stored_at_s: Mapped[float]


class ProjectStorageRow(Base):
    """What a project refers to, each artifact once: bytes by kind, as in `StoredArtifactRow`, and all together."""

    __tablename__ = "project_storage"
    __table_args__ = (Index("ix_project_storage_size", "size_bytes", "project_id"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    num_artifacts: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    kinds: Mapped[dict[str, Any]]


class StorageCountRow(Base):
    """The single row with the sums of the last count.

    Args:
        took_s: how long it took.
        values: a `kpl.server.services.storage_counts.Sums`.
    """

    __tablename__ = "storage_counts"

    id: Mapped[int] = mapped_column(primary_key=True)
    counted_at_s: Mapped[float]
    took_s: Mapped[float]
    values: Mapped[dict[str, Any]]
