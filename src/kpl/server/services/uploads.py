"""Uploads: files sent in pieces, resumed after any interruption, checked against their digest.

The pieces go straight into `data_dir/uploads/ID/part`; how much has arrived is that file's size, so that a
piece costs no transaction and a killed server loses nothing that was written. A completed upload is
`ID/FILENAME`; other services ask for it with `take` and remove it with `discard` when they have used it.
"""

import fcntl
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from kpl.schemas.upload import UploadCreate, UploadOut
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.uploads import UploadRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.errors import TooLarge, WrongOffset
from kpl.server.services.platform import Platform
from kpl.server.services.stored import require_storage
from kpl.storage.atomic import fsync_file

_PART = "part"
_SPARE_BYTES = 256 << 20  # left free on the disk for the database and logs


@dataclass(frozen=True, slots=True)
class TakenUpload:
    """A completed upload, for a service that uses it."""

    id: int
    path: Path
    filename: str
    sha256: str


class UploadWriter:
    """Appends one piece to an upload; at most one at a time. Use it as a context manager."""

    def __init__(self, path: Path, *, offset: int, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.offset = os.fstat(self._file).st_size
            if offset != self.offset:
                raise WrongOffset(
                    f"Upload-Offset: the piece begins at byte {offset}, but {self.offset} bytes have arrived.",
                    hint=f"Go on at byte {self.offset}.",
                    offset=self.offset,
                )
            os.lseek(self._file, offset, os.SEEK_SET)
        except BlockingIOError as err:
            os.close(self._file)
            raise Conflict("Another piece of this upload is arriving.", hint="Wait for it to end.") from err
        except BaseException:
            os.close(self._file)
            raise

    def write(self, data: bytes) -> None:
        """Append some bytes; they are kept whatever happens next.

        Raises:
            TooLarge: more bytes than were announced; those are not written.
        """
        if self.offset + len(data) > self._size_bytes:
            raise TooLarge(
                f"The piece goes beyond byte {self._size_bytes}, the announced size.",
                hint="Announce the right size in a new upload.",
            )
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self.offset += written
            view = view[written:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def create_upload(platform: Platform, caller: Caller, project: str, new: UploadCreate) -> UploadOut:
    """Announce a file."""
    with platform.db.read() as session:
        project_for(session, caller, project, Role.DEVELOPER)
        require_storage(session, project, f"'{new.filename}'", new.size_bytes)
    _check_name(new.filename)
    _check_room(platform, new.size_bytes)
    now_s = platform.now_s()
    with platform.db.write() as session:
        project_row = project_for(session, caller, project, Role.DEVELOPER)
        _check_number(platform, session, caller)
        row = UploadRow(
            project_id=project_row.id,
            filename=new.filename,
            size_bytes=new.size_bytes,
            sha256=new.sha256,
            is_complete=False,
            created_at_s=now_s,
            created_by=caller.username,
            expires_at_s=now_s + platform.settings.upload_lifetime_s,
        )
        session.add(row)
        session.flush()
        audit.record(
            platform,
            session,
            caller,
            "upload.create",
            f"upload:{row.id}",
            project=project,
            details={"filename": new.filename, "size_bytes": new.size_bytes},
        )
    _folder(platform, row.id).mkdir(parents=True, exist_ok=True)
    return _upload_out(platform, row)


def get_upload(platform: Platform, caller: Caller, project: str, upload_id: int) -> UploadOut:
    """How far an upload is."""
    with platform.db.read() as session:
        row = _upload(session, caller, project, upload_id)
    return _upload_out(platform, row)


def open_piece(
    platform: Platform, caller: Caller, project: str, upload_id: int, *, offset: int
) -> UploadWriter:
    """Begin to append a piece at `offset`.

    Raises:
        WrongOffset: the piece does not fit on; the error says where to go on.
        Conflict: another piece is arriving, or the upload is complete.
    """
    with platform.db.read() as session:
        row = _upload(session, caller, project, upload_id)
    if row.is_complete:
        raise Conflict(f"Upload {upload_id} is complete.", hint="Begin a new one.")
    _prolong(platform, row)
    _folder(platform, row.id).mkdir(parents=True, exist_ok=True)
    return UploadWriter(_part(platform, row.id), offset=offset, size_bytes=row.size_bytes)


def complete_upload(platform: Platform, caller: Caller, project: str, upload_id: int) -> UploadOut:
    """Check the digest and make the file ready for use. Doing it again changes nothing.

    Raises:
        Conflict: bytes are missing.
        Invalid: the digest is another one; the upload begins anew.
    """
    with platform.db.read() as session:
        row = _upload(session, caller, project, upload_id)
    if row.is_complete:
        return _upload_out(platform, row)
    if not _final(platform, row).exists():  # it does when the server died right after the check
        _check_digest(platform, row)
    with platform.db.write() as session:
        row = _upload(session, caller, project, upload_id)
        row.is_complete = True
        row.expires_at_s = platform.now_s() + platform.settings.upload_lifetime_s
        audit.record(platform, session, caller, "upload.complete", f"upload:{upload_id}", project=project)
    return _upload_out(platform, row)


def delete_upload(platform: Platform, caller: Caller, project: str, upload_id: int) -> None:
    """Give an upload up."""
    with platform.db.write() as session:
        row = _upload(session, caller, project, upload_id)
        session.delete(row)
        audit.record(platform, session, caller, "upload.delete", f"upload:{upload_id}", project=project)
    shutil.rmtree(_folder(platform, upload_id), ignore_errors=True)


def take(
    platform: Platform, session: Session, caller: Caller, project: ProjectRow, upload_id: int
) -> TakenUpload:
    """The file of a completed upload.

    Part of a use case that has checked the caller's role in the project.
    """
    row = _own_upload(session, caller, project, upload_id)
    if not row.is_complete:
        raise Conflict(f"Upload {upload_id} is not complete.", hint="Send the rest, then complete it.")
    return TakenUpload(row.id, _final(platform, row), row.filename, row.sha256)


def discard(platform: Platform, upload_id: int) -> None:
    """Remove an upload that was used up; part of a use case that took it."""
    with platform.db.write() as session:
        session.execute(delete(UploadRow).where(UploadRow.id == upload_id))
    shutil.rmtree(_folder(platform, upload_id), ignore_errors=True)


def remove_expired(platform: Platform) -> None:
    """Remove uploads that were given up, and folders that no upload belongs to; for the housekeeping loop."""
    with platform.db.write() as session:
        session.execute(delete(UploadRow).where(UploadRow.expires_at_s <= platform.now_s()))
    root = platform.settings.uploads_dir
    folders = [folder for folder in root.iterdir() if folder.name.isdigit()] if root.is_dir() else []
    # Read after the listing: an upload is in the database before its folder exists.
    with platform.db.read() as session:
        known = set(session.scalars(select(UploadRow.id)))
    for folder in folders:
        if int(folder.name) not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _upload(session: Session, caller: Caller, project: str, upload_id: int) -> UploadRow:
    return _own_upload(session, caller, project_for(session, caller, project, Role.DEVELOPER), upload_id)


def _own_upload(session: Session, caller: Caller, project: ProjectRow, upload_id: int) -> UploadRow:
    row = session.get(UploadRow, upload_id)
    if row is None or row.project_id != project.id:
        raise NotFound(
            f"There is no upload {upload_id} in project '{project.name}'.", hint="It may have expired."
        )
    if row.created_by != caller.username and not caller.is_admin:
        raise Denied(f"Upload {upload_id} belongs to '{row.created_by}'.", hint="Begin one of your own.")
    return row


def _check_digest(platform: Platform, row: UploadRow) -> None:
    part = _part(platform, row.id)
    part.parent.mkdir(parents=True, exist_ok=True)
    arrived = _size(part)
    if arrived != row.size_bytes:
        raise WrongOffset(
            f"{arrived} of {row.size_bytes} bytes of upload {row.id} have arrived.",
            hint=f"Go on at byte {arrived}.",
            offset=arrived,
        )
    with UploadWriter(part, offset=arrived, size_bytes=row.size_bytes):
        digest = _sha256(part)
        if digest != row.sha256:
            os.truncate(part, 0)
            raise Invalid(
                f"sha256: the {arrived} bytes that arrived have digest {digest}, announced was {row.sha256}.",
                hint="Send the file again from byte 0.",
            )
        fsync_file(part)
        part.rename(_final(platform, row))


def _prolong(platform: Platform, row: UploadRow) -> None:
    """Count the life of the upload from its latest piece, written down at most twenty times in a life."""
    lifetime_s = platform.settings.upload_lifetime_s
    if platform.now_s() + lifetime_s - row.expires_at_s > lifetime_s / 20:
        with platform.db.write() as session:
            session.get_one(UploadRow, row.id).expires_at_s = platform.now_s() + lifetime_s


def _check_name(filename: str) -> None:
    if filename in (".", "..", _PART) or "/" in filename or "\\" in filename or not filename.isprintable():
        raise Invalid(f"filename: {filename!r} is not a plain file name.", hint="Leave folders out.")
    if len(filename.encode()) > 255:
        raise Invalid("filename: it is longer than 255 bytes.", hint="Shorten it.")


def _check_room(platform: Platform, size_bytes: int) -> None:
    limit = platform.settings.max_upload_bytes
    if size_bytes > limit:
        raise TooLarge(
            f"size_bytes: {size_bytes} is more than the {limit} bytes that this server takes.",
            hint="The administrator can raise KPL_MAX_UPLOAD_BYTES.",
        )
    platform.settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(platform.settings.uploads_dir).free
    if size_bytes + _SPARE_BYTES > free:
        raise Unavailable(
            f"The upload needs {size_bytes} bytes, but the server's disk has {free} free.",
            hint="Ask an administrator to make room.",
        )


def _check_number(platform: Platform, session: Session, caller: Caller) -> None:
    unfinished = select(func.count(UploadRow.id)).where(
        UploadRow.created_by == caller.username, UploadRow.is_complete.is_(False)
    )
    number = session.scalar(unfinished) or 0
    if number >= platform.settings.max_open_uploads:
        raise Conflict(
            f"You have {number} unfinished uploads, as many as allowed.", hint="Complete or delete some."
        )


def _folder(platform: Platform, upload_id: int) -> Path:
    return platform.settings.uploads_dir / str(upload_id)


def _part(platform: Platform, upload_id: int) -> Path:
    return _folder(platform, upload_id) / _PART


def _final(platform: Platform, row: UploadRow) -> Path:
    return _folder(platform, row.id) / row.filename


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _upload_out(platform: Platform, row: UploadRow) -> UploadOut:
    return UploadOut(
        id=row.id,
        filename=row.filename,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        offset=row.size_bytes if row.is_complete else _size(_part(platform, row.id)),
        is_complete=row.is_complete,
        created_at=utc(row.created_at_s),
        created_by=row.created_by,
        expires_at=utc(row.expires_at_s),
    )
