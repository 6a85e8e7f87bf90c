"""What lies below an address of an object store, copied into a folder."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kpl.errors import Invalid, NotFound
from kpl.sentence import Sentence
from kpl.storage.atomic import write_atomic
from kpl.storage.base import Storage, check_path
from kpl.storage.url import open_storage

OBJECT_STORES = ("s3://", "gs://", "az://")

_SAFE = frozenset({"endpoint", "region", "skip_signature"})
_PIECE = 16 << 20
_NUM_THREADS = 16


def check_store(url: str) -> None:
    """Refuse an address that cannot be one of an object store, or that holds a key.

    Raises:
        Invalid: it is not one, or has a key in it.
    """
    parts = urlsplit(url)
    if not url.startswith(OBJECT_STORES) or not parts.netloc:
        raise Invalid(
            Sentence(f"'{url}' is not the address of an object store.", f"“{url}”不是对象存储的地址。"),
            hint=Sentence(
                "Give bucket and prefix, as in s3://bucket/folder.",
                "请填写存储桶与前缀，例如 s3://bucket/folder。",
            ),
        )
    keys = parse_qs(parts.query, keep_blank_values=True).keys() - _SAFE
    if keys or "@" in parts.netloc:
        raise Invalid(
            Sentence(
                "The address may name endpoint, region and skip_signature, and nothing that could be a key: others "
                "of the project read it.",
                "地址中只能包含 endpoint、region 和 skip_signature，不能包含可能是密钥的内容：项目的其他成员会看到它。",
            ),
            hint=Sentence(
                "Give the server the key, in the variables that the store's own tools read.",
                "请通过对象存储自有工具所用的环境变量向服务器提供密钥。",
            ),
        )


def gather(
    url: str, folder: Path, *, max_bytes: int, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Copy the object at an address, or all below it; what is in the folder already is not copied again.

    Args:
        url: as `open_storage` takes it, of a store that can be listed.
        max_bytes: of all together.
        progress: called with the number of objects that are there, and of all.
    Returns:
        the one object's file, or the folder.
    Raises:
        NotFound: there is nothing.
        Invalid: there is more than `max_bytes`, or objects whose names do not go together as files.
        Denied, Unavailable: as the store says.
    """
    storage, names, chosen = _objects(url)
    copy = _Copy(storage, folder, max_bytes)
    with ThreadPoolExecutor(_NUM_THREADS) as threads:
        for number, _ in enumerate(threads.map(copy.one, names), start=1):
            if progress is not None:
                progress(number, len(names))
    return folder / chosen


def _objects(url: str) -> tuple[Storage, list[str], str]:
    """The storage, the names in it, and what of the folder is meant."""
    storage = open_storage(url)
    names = [name for name in storage.list() if not name.endswith("/")]  # as consoles of stores mark folders
    if names:
        return storage, names, ""
    base, mark, query = url.partition("?")
    above, _, name = base.rstrip("/").rpartition("/")
    around = open_storage(above + mark + query) if not above.endswith(":/") else None
    if around is None or not around.exists(name):
        raise NotFound(
            Sentence(f"There is nothing at {base}.", f"{base} 处没有内容。"),
            hint=Sentence("Check bucket and prefix.", "请检查存储桶与前缀。"),
        )
    return around, [name], name


class _Copy:
    def __init__(self, storage: Storage, folder: Path, max_bytes: int) -> None:
        self._storage, self._folder, self._max_bytes = storage, folder, max_bytes
        self._num_bytes, self._lock = 0, threading.Lock()

    def one(self, name: str) -> None:
        """Copy an object under its own name; the file is there whole or not at all."""
        target = self._folder / check_path(name)
        size = self._storage.size(name)
        self._count(size)
        if target.is_file() and target.stat().st_size == size:
            return
        try:
            write_atomic(target, self._pieces(name, size), is_durable=False)
        except (NotADirectoryError, FileExistsError, IsADirectoryError) as err:
            raise Invalid(
                Sentence(
                    f"Object '{name}' would lie in a folder of the name of another object.",
                    f"对象“{name}”所在的文件夹与另一个对象同名。",
                ),
                hint=Sentence("Rename one of them.", "请重命名其中一个。"),
            ) from err

    def _pieces(self, name: str, size: int) -> Iterator[bytes]:
        for start in count(0, _PIECE):
            if start >= size:
                return
            yield self._storage.read(name, start, min(_PIECE, size - start))

    def _count(self, size: int) -> None:
        with self._lock:
            self._num_bytes += size
            if self._num_bytes > self._max_bytes:
                raise Invalid(
                    Sentence(
                        f"There is more than the {self._max_bytes:,} bytes that are allowed.",
                        f"总大小超过了允许的 {self._max_bytes:,} 字节。",
                    ),
                    hint=Sentence("Import it in parts.", "请分批导入。"),
                )
