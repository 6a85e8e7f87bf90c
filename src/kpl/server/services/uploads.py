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
from kpl.sentence import Sentence
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
                    Sentence(
                        f"Upload-Offset: the piece begins at byte {offset}, but {self.offset} bytes have arrived.",
                        f"Upload-Offset：分片从第 {offset} 字节开始，但已到达 {self.offset} 字节。",
                    ),
                    hint=Sentence(f"Go on at byte {self.offset}.", f"请从第 {self.offset} 字节继续。"),
                    offset=self.offset,
                )
            os.lseek(self._file, offset, os.SEEK_SET)
        except BlockingIOError as err:
            os.close(self._file)
            raise Conflict(
                Sentence("Another piece of this upload is arriving.", "此上传的另一个分片正在到达。"),
                hint=Sentence("Wait for it to end.", "请等待其结束。"),
            ) from err
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
                Sentence(
                    f"The piece goes beyond byte {self._size_bytes}, the announced size.",
                    f"该分片超出第 {self._size_bytes} 字节，即声明的大小。",
                ),
                hint=Sentence("Announce the right size in a new upload.", "请在新的上传中声明正确的大小。"),
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
        raise Conflict(
            Sentence(f"Upload {upload_id} is complete.", f"上传 {upload_id} 已完成。"),
            hint=Sentence("Begin a new one.", "请重新开始一个上传。"),
        )
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
        raise Conflict(
            Sentence(f"Upload {upload_id} is not complete.", f"上传 {upload_id} 尚未完成。"),
            hint=Sentence("Send the rest, then complete it.", "请发送剩余部分，然后完成上传。"),
        )
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
            Sentence(
                f"There is no upload {upload_id} in project '{project.name}'.",
                f"项目“{project.name}”中没有上传 {upload_id}。",
            ),
            hint=Sentence("It may have expired.", "它可能已过期。"),
        )
    if row.created_by != caller.username and not caller.is_admin:
        raise Denied(
            Sentence(
                f"Upload {upload_id} belongs to '{row.created_by}'.",
                f"上传 {upload_id} 属于“{row.created_by}”。",
            ),
            hint=Sentence("Begin one of your own.", "请自己开始一个上传。"),
        )
    return row


def _check_digest(platform: Platform, row: UploadRow) -> None:
    part = _part(platform, row.id)
    part.parent.mkdir(parents=True, exist_ok=True)
    arrived = _size(part)
    if arrived != row.size_bytes:
        raise WrongOffset(
            Sentence(
                f"{arrived} of {row.size_bytes} bytes of upload {row.id} have arrived.",
                f"上传 {row.id} 已到达 {arrived} 字节，共 {row.size_bytes} 字节。",
            ),
            hint=Sentence(f"Go on at byte {arrived}.", f"请从第 {arrived} 字节继续。"),
            offset=arrived,
        )
    with UploadWriter(part, offset=arrived, size_bytes=row.size_bytes):
        digest = _sha256(part)
        if digest != row.sha256:
            os.truncate(part, 0)
            raise Invalid(
                Sentence(
                    f"sha256: the {arrived} bytes that arrived have digest {digest}, announced was {row.sha256}.",
                    f"sha256：已到达的 {arrived} 字节的摘要为 {digest}，声明的是 {row.sha256}。",
                ),
                hint=Sentence("Send the file again from byte 0.", "请从第 0 字节重新发送文件。"),
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
        raise Invalid(
            Sentence(
                f"filename: {filename!r} is not a plain file name.",
                f"filename：{filename!r} 不是普通文件名。",
            ),
            hint=Sentence("Leave folders out.", "请去掉文件夹部分。"),
        )
    if len(filename.encode()) > 255:
        raise Invalid(
            Sentence("filename: it is longer than 255 bytes.", "filename：长度超过 255 字节。"),
            hint=Sentence("Shorten it.", "请缩短。"),
        )


def _check_room(platform: Platform, size_bytes: int) -> None:
    limit = platform.settings.max_upload_bytes
    if size_bytes > limit:
        raise TooLarge(
            Sentence(
                f"size_bytes: {size_bytes} is more than the {limit} bytes that this server takes.",
                f"size_bytes：{size_bytes} 超过此服务器接受的 {limit} 字节。",
            ),
            hint=Sentence(
                "The administrator can raise KPL_MAX_UPLOAD_BYTES.", "管理员可以提高 KPL_MAX_UPLOAD_BYTES。"
            ),
        )
    platform.settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(platform.settings.uploads_dir).free
    if size_bytes + _SPARE_BYTES > free:
        raise Unavailable(
            Sentence(
                f"The upload needs {size_bytes} bytes, but the server's disk has {free} free.",
                f"上传需要 {size_bytes} 字节，但服务器磁盘只剩 {free} 字节。",
            ),
            hint=Sentence("Ask an administrator to make room.", "请联系管理员清理空间。"),
        )


def _check_number(platform: Platform, session: Session, caller: Caller) -> None:
    unfinished = select(func.count(UploadRow.id)).where(
        UploadRow.created_by == caller.username, UploadRow.is_complete.is_(False)
    )
    number = session.scalar(unfinished) or 0
    if number >= platform.settings.max_open_uploads:
        raise Conflict(
            Sentence(
                f"You have {number} unfinished uploads, as many as allowed.",
                f"您有 {number} 个未完成的上传，已达上限。",
            ),
            hint=Sentence("Complete or delete some.", "请完成或删除一些。"),
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
