"""What every kind of storage offers: whole files and byte ranges, addressed by a path below one root."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from kpl.errors import Invalid


class Storage(Protocol):
    """Bytes under a root: a folder, a bucket with a prefix, a web address.

    Paths are relative, separated by `/`, without `.` and `..`. There are no folders, only paths that share a
    prefix. All methods may be called from several threads at once. `write_atomic` and `delete` may be
    repeated.
    """

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes from `start`, at most `length` of them; fewer, or none, where the file ends.

        Raises:
            NotFound: there is no such file.
        """

    def size(self, path: str) -> int:
        """Size in bytes.

        Raises:
            NotFound: there is no such file.
        """

    def exists(self, path: str) -> bool:
        """Whether a file has exactly this path."""

    def write_atomic(self, path: str, data: bytes | Iterable[bytes]) -> None:
        """Create or replace a file; readers see the old bytes or the new ones, never a part."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """Paths of all files that begin with `prefix`, sorted."""

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens when there is none."""


def check_path(path: str) -> str:
    """Give `path` back when it stays below its root and is written in its one normal form.

    Raises:
        Invalid: it is empty, absolute, or has empty, `.` or `..` parts.
    """
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise Invalid(
            f"'{path}' is not a path inside the storage.",
            hint="Write it relative and with '/', without empty, '.' or '..' parts.",
        )
    return path
