"""Writing a file so that a reader, or a crash, sees the whole old file or the whole new one."""

import os
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def write_atomic(path: Path, data: bytes | Iterable[bytes], *, is_durable: bool = True) -> None:
    """Put `data` at `path` under a temporary name first and rename it when it is complete; makes missing
    folders.

    Args:
        is_durable: wait until file and name are on the disk, so that a power loss right afterwards loses
            nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        _write(temporary, (data,) if isinstance(data, bytes) else data, is_durable)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if is_durable:
        fsync_dir(path.parent)


def _write(path: Path, chunks: Iterable[bytes], is_durable: bool) -> None:
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())


def temporary_beside(path: Path) -> Path:
    """A fresh name in the same folder, hence on the same file system, that `is_temporary` knows."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")


def is_temporary(name: str) -> bool:
    """Whether a file name is one that an unfinished `write_atomic` leaves behind."""
    return name.startswith(".") and name.endswith(TEMPORARY_SUFFIX)


def fsync_dir(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk: a rename is durable only then."""
    _fsync(folder, os.O_RDONLY | os.O_DIRECTORY)


def fsync_file(path: Path) -> None:
    """Wait until a file's bytes, size, mode and times are on the disk."""
    _fsync(path, os.O_RDONLY)


def fsync_files(paths: Iterable[Path]) -> None:
    """`fsync_file` for many, at once: the file system then commits them together, many times faster."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fsync_file, paths))


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
