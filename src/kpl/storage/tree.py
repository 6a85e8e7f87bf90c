"""A folder of files as a value: its entries, its canonical manifest and the digest of that.

What counts is the path, the bytes and the executable bit of each file. Times, owners, other mode bits and
folders without files do not. A link is the file that it leads to.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpl.errors import Invalid
from kpl.sentence import Sentence

_FORMAT = "kpl.tree/v1"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file. `path` is relative, with `/`."""

    path: str
    size_bytes: int
    sha256: str
    is_executable: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of files, sorted by path. `digest` is the sha256 of `manifest_bytes`."""

    digest: str
    entries: tuple[TreeEntry, ...]
    size_bytes: int

    @classmethod
    def of(cls, entries: Iterable[TreeEntry]) -> "Tree":
        ordered = tuple(sorted(entries, key=lambda entry: entry.path))
        digest = hashlib.sha256(manifest_bytes(ordered)).hexdigest()
        return cls(digest, ordered, sum(entry.size_bytes for entry in ordered))


def manifest_bytes(entries: Iterable[TreeEntry]) -> bytes:
    """The canonical JSON of a tree: one spelling for equal trees, so that a digest can be its address."""
    files = [[e.path, e.size_bytes, e.sha256, e.is_executable] for e in entries]
    return json.dumps({"format": _FORMAT, "files": files}, separators=(",", ":"), sort_keys=True).encode()


def parse_manifest(data: bytes) -> Tree:
    """Read what `manifest_bytes` wrote."""
    document: dict[str, Any] = json.loads(data)
    if document.get("format") != _FORMAT:
        raise Invalid(
            f"A tree of format '{document.get('format')}' was found, but this KPL reads '{_FORMAT}'."
        )
    return Tree.of(TreeEntry(*fields) for fields in document["files"])


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file found in a folder. `location` is where its bytes are, `path` its name in the tree."""

    path: str
    location: Path
    stat: os.stat_result

    @property
    def is_executable(self) -> bool:
        return bool(self.stat.st_mode & 0o100)


def scan_folder(folder: Path, *, is_ignored: Callable[[str], bool] = lambda _: False) -> list[SourceFile]:
    """All files of a folder, sorted by path.

    Args:
        is_ignored: says of a path inside the folder, of a file or a folder, whether to leave it out unseen.
    Raises:
        Invalid: something in it cannot be part of a tree: a link that leads out of it, a broken or circular
            link, a socket or the like, a name that is not UTF-8.
    """
    if not folder.is_dir():
        raise Invalid(
            Sentence(f"{folder} is not a folder.", f"{folder} 不是文件夹。"),
            hint=Sentence("Give the path of an existing folder.", "请给出已有文件夹的路径。"),
        )
    root = folder.resolve()
    return sorted(_Scan(root, is_ignored).walk(root, "", (root,)), key=lambda file: file.path)


@dataclass(frozen=True, slots=True)
class _Scan:
    root: Path
    is_ignored: Callable[[str], bool]

    def walk(self, folder: Path, prefix: str, ancestors: tuple[Path, ...]) -> Iterator[SourceFile]:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
        for child in children:
            path = prefix + child.name
            if self.is_ignored(path):
                continue
            _check_name(path)
            location = _follow(self.root, Path(child.path)) if child.is_symlink() else Path(child.path)
            if location.is_dir():
                if location in ancestors:
                    raise Invalid(
                        Sentence(
                            f"{self.root}: the link '{path}' leads back to a folder around it.",
                            f"{self.root}：链接“{path}”指回其上级文件夹。",
                        ),
                        hint=Sentence("Remove the link.", "请删除该链接。"),
                    )
                yield from self.walk(location, path + "/", (*ancestors, location))
            elif location.is_file():
                yield SourceFile(path, location, location.stat())
            else:
                raise Invalid(
                    Sentence(
                        f"{self.root}: '{path}' is neither a file nor a folder.",
                        f"{self.root}：“{path}”既非文件也非文件夹。",
                    ),
                    hint=Sentence("Remove it.", "请删除它。"),
                )


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as err:
        raise Invalid(
            Sentence(f"The file name {path!r} is not UTF-8.", f"文件名 {path!r} 不是 UTF-8。"),
            hint=Sentence("Rename the file.", "请重命名该文件。"),
        ) from err


def _follow(root: Path, link: Path) -> Path:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as err:  # RuntimeError: a loop of links, before Python 3.13
        raise Invalid(
            Sentence(f"{link} is a link that leads nowhere.", f"{link} 是失效的链接。"),
            hint=Sentence("Remove it, or restore its target.", "请删除它，或恢复其目标。"),
        ) from err
    if not target.is_relative_to(root):
        raise Invalid(
            Sentence(
                f"{link} is a link out of the folder, to {target}.",
                f"{link} 是指向文件夹之外 {target} 的链接。",
            ),
            hint=Sentence(
                "Copy the file into the folder instead: a tree holds all of its files.",
                "请将该文件复制到文件夹中。",
            ),
        )
    return target


def hash_file(path: Path) -> str:
    """The sha256 of a file's bytes, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_digest(text: str) -> bool:
    """Whether `text` is spelled like a digest: 64 lower-case hex digits."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def read_chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes, 1 MiB at a time."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
