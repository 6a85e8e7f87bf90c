"""Archives from people we do not know, and archives for them.

`extract` trusts nothing that an archive says about itself: names cannot lead out of the destination, links
and devices are refused, and bytes are counted while they are unpacked, so that a small file cannot fill the
disk or the memory.
"""

import bz2
import errno
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from kpl.errors import Conflict, Invalid
from kpl.sentence import Sentence
from kpl.storage.atomic import temporary_beside
from kpl.storage.tree import read_chunks, scan_folder

_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 512  # of a tar
# Long names and the like sit in extra headers; no honest one comes near this.
_MAX_HEADER_BYTES = 16 << 20
_HEADERS_PER_FILE_BYTES = 4 * _BLOCK_BYTES


class ArchiveRejected(Invalid):
    """An archive is damaged, too large, or holds something that is not allowed."""

    code = "archive_rejected"


@dataclass(frozen=True, slots=True)
class Extracted:
    """What `extract` wrote."""

    num_files: int
    size_bytes: int


def extract(archive: Path, dest: Path, *, max_bytes: int, max_files: int) -> Extracted:
    """Unpack a zip or a tar (plain, gz, bz2 or xz) into `dest`, wholly or not at all.

    Args:
        dest: a folder that does not exist yet, or is empty.
        max_bytes: most bytes of all files together, unpacked.
        max_files: most entries, folders included.
    Raises:
        ArchiveRejected: the archive is damaged, over a limit, or holds a link, a device or a name that leads
            out of `dest`; the entry is named.
        Conflict: `dest` has files already.
    """
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise Conflict(
            Sentence(f"{dest} is not empty.", f"{dest} 不是空文件夹。"),
            hint=Sentence("Give the path of a new folder.", "请给出新文件夹的路径。"),
        )
    dest.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(dest)
    temporary.mkdir()
    unpacking = _Unpacking(archive, temporary, max_bytes, max_files)
    try:
        with _errors_named(archive):
            (_extract_zip if zipfile.is_zipfile(archive) else _extract_tar)(unpacking)
        temporary.replace(dest)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return Extracted(unpacking.num_files, unpacking.size_bytes)


@contextmanager
def _errors_named(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as err:
        raise _damaged(archive, err) from err
    except OSError as err:
        # EINVAL comes from a seek to where the archive says and no file has a byte; others are faults of the disk.
        if err.errno not in (None, errno.EINVAL):
            raise
        raise _damaged(archive, err) from err
    except (NotImplementedError, RuntimeError, UnicodeError, ValueError) as err:
        raise ArchiveRejected(
            Sentence(f"{archive.name} cannot be unpacked: {err}.", f"{archive.name} 无法解压：{err}。"),
            hint=Sentence(
                "Pack it as an ordinary zip or tar.gz, without a password.",
                "请打成普通的 zip 或 tar.gz，不设密码。",
            ),
        ) from err


def _damaged(archive: Path, err: Exception) -> ArchiveRejected:
    return ArchiveRejected(
        Sentence(
            f"{archive.name} is damaged, or neither zip nor tar: {err}.",
            f"{archive.name} 已损坏，或既非 zip 也非 tar：{err}。",
        ),
        hint=Sentence("Make or upload the archive again.", "请重新制作或上传压缩包。"),
    )


class _Unpacking:
    """Counts and checks what comes out of one archive."""

    def __init__(self, archive: Path, root: Path, max_bytes: int, max_files: int) -> None:
        self.archive = archive
        self.max_bytes = max_bytes
        self.max_files = max_files
        self.size_bytes = 0
        self.num_files = 0
        self._root = root
        self._num_entries = 0

    def locate(self, name: str) -> Path:
        """Where an entry goes; counts it."""
        self._num_entries += 1
        if self._num_entries > self.max_files:
            raise ArchiveRejected(
                Sentence(
                    f"{self.archive.name} has more than {self.max_files} entries.",
                    f"{self.archive.name} 中的条目超过 {self.max_files} 个。",
                ),
                hint=Sentence("Split it, or raise the limit.", "请拆分，或提高上限。"),
            )
        parts = name.rstrip("/").split("/")
        parts = parts[1:] if parts[0] == "." and len(parts) > 1 else parts
        if any(part in ("", "..") or set(part) & {"\\", "\0", ":"} for part in parts) or len(name) > 4096:
            raise self.refuse(
                name,
                Sentence(
                    "has a name that is not a plain path inside the archive", "的名称不是压缩包内的普通路径"
                ),
            )
        return self._root.joinpath(*parts)

    def write_folder(self, name: str) -> None:
        try:
            self.locate(name).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as err:
            raise self.refuse(name, Sentence("is both a file and a folder", "既是文件又是文件夹")) from err

    def write_file(self, name: str, content: IO[bytes], *, is_executable: bool) -> None:
        target = self.locate(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                while chunk := content.read(_CHUNK_BYTES):
                    self._count(len(chunk))
                    file.write(chunk)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as err:
            raise self.refuse(name, Sentence("occurs twice", "出现了两次")) from err
        if is_executable:
            target.chmod(0o755)
        self.num_files += 1

    def _count(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        if self.size_bytes > self.max_bytes:
            raise self.too_large()

    def too_large(self) -> ArchiveRejected:
        return ArchiveRejected(
            Sentence(
                f"{self.archive.name} unpacks to more than {self.max_bytes} bytes.",
                f"{self.archive.name} 解压后超过 {self.max_bytes} 字节。",
            ),
            hint=Sentence("Split it, or raise the limit.", "请拆分，或提高上限。"),
        )

    def refuse(self, name: str, why: Sentence) -> ArchiveRejected:
        return ArchiveRejected(
            Sentence(
                f"{self.archive.name}: the entry {name!r} {why}.",
                f"{self.archive.name}：条目 {name!r} {why.zh}。",
            ),
            hint=Sentence("Pack plain files and folders only.", "请只打包普通文件和文件夹。"),
        )


def _extract_zip(unpacking: _Unpacking) -> None:
    with zipfile.ZipFile(unpacking.archive) as file:
        infos = file.infolist()
        if sum(info.file_size for info in infos) > unpacking.max_bytes:
            raise unpacking.too_large()
        for info in infos:
            mode = info.external_attr >> 16
            kind = mode & 0o170000
            if kind not in (0, 0o100000, 0o040000):
                raise unpacking.refuse(info.filename, Sentence("is a link or a device", "是链接或设备"))
            if info.filename.endswith("/"):  # is_dir() fails where a damaged name is empty
                unpacking.write_folder(info.filename)
                continue
            with file.open(info) as content:
                unpacking.write_file(info.filename, content, is_executable=bool(mode & 0o100))


def _extract_tar(unpacking: _Unpacking) -> None:
    most_bytes = unpacking.max_bytes + unpacking.max_files * _HEADERS_PER_FILE_BYTES + _MAX_HEADER_BYTES
    with _open_plain(unpacking.archive) as plain:
        guarded = cast(IO[bytes], _Guarded(plain, most_bytes, unpacking))
        with tarfile.open(fileobj=guarded, mode="r:") as file:
            for info in file:
                if info.isdir():
                    # "./" stands for the archive's root in many archives.
                    if info.name != ".":
                        unpacking.write_folder(info.name)
                    continue
                if not info.isreg():
                    raise unpacking.refuse(info.name, Sentence("is a link or a device", "是链接或设备"))
                content = file.extractfile(info)
                assert content is not None, "only links and devices have no content"
                unpacking.write_file(info.name, content, is_executable=bool(info.mode & 0o100))


def _open_plain(archive: Path) -> IO[bytes]:
    with archive.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(archive))
    if magic.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(archive))
    if magic == b"\xfd7zXZ\0":
        return cast(IO[bytes], lzma.open(archive))
    return archive.open("rb")


class _Guarded(io.RawIOBase):
    """A tar's plain bytes, with an end to bombs in padding and headers: tarfile reads those in one piece."""

    def __init__(self, file: IO[bytes], most_bytes: int, unpacking: _Unpacking) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._unpacking = unpacking

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _MAX_HEADER_BYTES:
            raise ArchiveRejected(
                Sentence(
                    f"{self._unpacking.archive.name} has a header of more than {_MAX_HEADER_BYTES} bytes.",
                    f"{self._unpacking.archive.name} 中有超过 {_MAX_HEADER_BYTES} 字节的头部。",
                ),
                hint=Sentence("Pack plain files and folders only.", "请只打包普通文件和文件夹。"),
            )
        data = self._file.read(size)
        self._check_position()
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset > self._most_bytes:
            raise self._unpacking.too_large()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def _check_position(self) -> None:
        if self._file.tell() > self._most_bytes:
            raise self._unpacking.too_large()


def pack(folder: Path) -> Iterator[bytes]:
    """A tar of a folder's files, chunk by chunk; equal trees give equal bytes.

    Hand it to `write_atomic`, or to a client as it comes.

    Raises:
        Invalid: `folder` holds something that cannot be part of a tree.
    """
    for source in scan_folder(folder):
        info = tarfile.TarInfo(source.path)
        info.size = source.stat.st_size
        info.mode = 0o755 if source.is_executable else 0o644
        yield info.tobuf(tarfile.PAX_FORMAT)
        written = 0
        for chunk in read_chunks(source.location):
            written += len(chunk)
            yield chunk
        if written != info.size:
            raise Conflict(
                f"{source.location} changed while it was packed.", hint="Pack it when nobody writes to it."
            )
        yield bytes(-info.size % _BLOCK_BYTES)
    yield bytes(2 * _BLOCK_BYTES)
