"""The temporary file in which blobs wait for their columns, and how it gets to the disk."""

import ctypes
import os
from io import FileIO
from pathlib import Path
from typing import Any

from kpl.dataset import codec, layout

_MAX_PARTS = 1024  # of one writev(2)
_MIN_RESERVED_BYTES, _MAX_RESERVED_BYTES = 1 << 20, 32 << 20
_SYNC_BYTES = 4 << 20  # that are worth a request to the disk of their own

# of Linux, not in the standard library; where the system lacks one, files are written without it
_LIBC = ctypes.CDLL(None)
_fallocate: Any = getattr(_LIBC, "fallocate64", None)
_sync_file_range: Any = getattr(_LIBC, "sync_file_range", None)
if _fallocate is not None:
    _fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
if _sync_file_range is not None:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
_KEEP_SIZE, _START_WRITING = 1, 2  # FALLOC_FL_KEEP_SIZE, SYNC_FILE_RANGE_WRITE


class HeapFile:
    """Bytes are appended until the file becomes a shard; another heap may begin under the same name then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._end = self._reserved = self._written_out = 0

    def append(self, parts: list[bytes | memoryview]) -> None:
        """Write all the parts, one behind the other."""
        file = self._open()
        begin = self._end
        self._end += sum(map(len, parts))
        if self._end > max(self._reserved, _MIN_RESERVED_BYTES):
            # for these parts and as much again as there is
            self._reserved = self._end + min(self._end, _MAX_RESERVED_BYTES)
            _reserve(file, begin, self._reserved - begin)
        _write_all(file, parts)
        whole = self._end - self._end % _SYNC_BYTES  # so that no page is written twice
        if whole > self._written_out:
            _start_writing_out(file, self._written_out, whole - self._written_out)
            self._written_out = whole

    def _open(self) -> FileIO:
        if self._file is None:
            self._file = self._path.open("w+b", buffering=0)
            self._end = self._file.write(bytes(codec.HEADER_BYTES))
        return self._file

    def put_in_place(self, header: bytes, path: Path) -> None:
        """Bring the whole file to the disk and give it its final name."""
        with self._open() as file:
            file.truncate(self._end)
            os.pwrite(file.fileno(), header, 0)
            os.fsync(file.fileno())
        layout.make_folder(path.parent)
        self._path.replace(path)
        layout.fsync_folder(path.parent)

    def reopen(self) -> bool:
        """Go on with a file that is there, to be read from the first blob on; whether there is one."""
        if self._path.exists():
            self._file = self._path.open("r+b", buffering=0)
            self._end = self._file.seek(0, os.SEEK_END)
            self._file.seek(codec.HEADER_BYTES)
        return self._file is not None

    def read(self, length: int) -> bytes:
        """The next bytes of a file that was opened again; fewer where it ends."""
        return self._file.read(length) if self._file is not None and length > 0 else b""

    def cut(self, end: int) -> None:
        """Drop what comes after `end`; there the next bytes go."""
        if self._file is not None:
            self._file.truncate(end)
            self._file.seek(end)
            self._end = self._reserved = self._written_out = end

    def close(self) -> None:
        """Leave the file where it is, without the room that it did not need."""
        if self._file is not None and not self._file.closed:
            self._file.truncate(self._end)
            self._file.close()


def _write_all(file: FileIO, parts: list[bytes | memoryview]) -> None:
    """Write all bytes; the system may take fewer at a time."""
    for start in range(0, len(parts), _MAX_PARTS):
        some = parts[start : start + _MAX_PARTS]
        rest = sum(map(len, some))
        while rest:
            written = os.writev(file.fileno(), some)
            rest -= written
            while rest and written >= len(some[0]):
                written -= len(some.pop(0))
            if rest and written:
                some[0] = memoryview(some[0])[written:]


def _reserve(file: FileIO, begin: int, length: int) -> None:
    """Ask for room on the disk in one piece, which makes writing cheaper; the size of the file stays as it is.

    Unlike `os.posix_fallocate`, nothing happens where the file system cannot, instead of zeros being written. A full
    disk is left to the writing. `truncate` gives back what was not used.
    """
    if _fallocate is not None:
        _fallocate(file.fileno(), _KEEP_SIZE, begin, length)


def _start_writing_out(file: FileIO, begin: int, length: int) -> None:
    """Let the disk take in bytes while more are being made, so that fsync has less to wait for.

    Does not wait. An error is told by fsync too.
    """
    if _sync_file_range is not None:
        _sync_file_range(file.fileno(), begin, length, _START_WRITING)
