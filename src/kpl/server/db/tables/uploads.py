"""Files on their way to the server."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class UploadRow(Base):
    """An upload.

    How much has arrived is the size of its file on disk, so that nothing is written here per piece.
    """

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    is_complete: Mapped[bool]
    created_at_s: Mapped[float]
    created_by: Mapped[str] = mapped_column(index=True)
    expires_at_s: Mapped[float] = mapped_column(index=True)
