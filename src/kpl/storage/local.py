"""Storage in a folder of this machine."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kpl.errors import NotFound
from kpl.storage.atomic import is_temporary, write_atomic
from kpl.storage.base import check_path


class LocalStorage:
    """Files below `root`. Links are followed: whoever can write into the folder decides where it leads."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        try:
            with self._locate(path).open("rb") as file:
                file.seek(start)
                return file.read(-1 if length is None else length)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as err:
            raise self._not_found(path) from err

    def size(self, path: str) -> int:
        located = self._locate(path)
        if not located.is_file():
            raise self._not_found(path)
        return located.stat().st_size

    def exists(self, path: str) -> bool:
        return self._locate(path).is_file()

    def write_atomic(self, path: str, data: bytes | Iterable[bytes]) -> None:
        write_atomic(self._locate(path), data)

    def list(self, prefix: str = "") -> Iterator[str]:
        # Only the folder that the prefix names completely has to be walked.
        folder = self.root / prefix.rpartition("/")[0]
        found = (
            Path(parent, name).relative_to(self.root).as_posix()
            for parent, _, names in os.walk(folder)
            for name in names
            if not is_temporary(name)
        )
        yield from sorted(path for path in found if path.startswith(prefix))

    def delete(self, path: str) -> None:
        self._locate(path).unlink(missing_ok=True)

    def _locate(self, path: str) -> Path:
        return self.root / check_path(path)

    def _not_found(self, path: str) -> NotFound:
        return NotFound(f"There is no file '{path}' in {self.root}.")
