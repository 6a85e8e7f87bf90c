"""The files of a dataset at an address in a folder of this machine, fetched as they are needed.

What is known about folders then serves for addresses too.
"""

import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Self

from xxhash import xxh3_128

from kpl.dataset import codec, layout
from kpl.dataset.errors import DatasetDamaged
from kpl.errors import NotFound
from kpl.storage.base import Storage
from kpl.storage.url import open_storage

_PIECE_BYTES = 8 << 20
_NUM_AHEAD = 8
_NUM_TRIES = 4
_SEALED = (".kpm", ".kpi", ".kpl")


class Mirror:
    """A folder that has some of the files of an address.

    Args:
        root: the folder, empty.
    """

    def __init__(self, storage: Storage, root: Path) -> None:
        self.storage, self.root = storage, root
        self._fetched: set[str] = set()

    @classmethod
    @contextmanager
    def temporary(cls, address: str) -> Iterator[Self]:
        """A mirror that goes when the block ends."""
        with tempfile.TemporaryDirectory(prefix="kpl-mirror-") as folder:
            yield cls(open_storage(address), Path(folder))

    def fetch(self, relative: str) -> bool:
        """Bring a file here, again while it arrives other than it was written; whether there is one.

        A file that stays damaged is here as it came.
        """
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_NUM_TRIES):
            try:
                header, digest = self._download(relative, path)
            except NotFound:
                return False
            if _is_whole(path, header, digest):
                break
        self._fetched.add(relative)
        return True

    def _download(self, relative: str, path: Path) -> tuple[bytes, str]:
        """The header, and the id of all bytes after it."""
        starts = iter(range(0, self.storage.size(relative), _PIECE_BYTES))
        header, digest = b"", xxh3_128()
        waiting: deque[Future[bytes]] = deque()
        with path.open("wb") as file, ThreadPoolExecutor(_NUM_AHEAD) as pool:
            while True:
                for start in islice(starts, _NUM_AHEAD - len(waiting)):
                    waiting.append(pool.submit(self.storage.read, relative, start, _PIECE_BYTES))
                if not waiting:
                    break
                piece = waiting.popleft().result()
                file.write(piece)
                digest.update(piece if header else piece[codec.HEADER_BYTES :])
                header = header or piece[: codec.HEADER_BYTES]
        return header, digest.hexdigest()

    @contextmanager
    def holding(self, file: Path) -> Iterator[None]:
        """Have a file here for the block; a shard goes again afterwards, so that one at a time takes room."""
        relative = file.relative_to(self.root).as_posix()
        if relative not in self._fetched:
            self.fetch(relative)
        yield
        if relative.startswith("data/"):
            file.unlink(missing_ok=True)
            self._fetched.discard(relative)


def _is_whole(path: Path, header: bytes, digest: str) -> bool:
    if path.suffix in _SEALED:
        return digest == header[16:32].hex()
    try:
        layout.read_pointer(path)
    except DatasetDamaged:
        return False
    return True
