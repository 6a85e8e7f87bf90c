"""The folder to be imported: its files, found once, without ever leaving it."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.image import ImageInfo
from kpl.errors import NotFound

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


class SourceFolder(NamedTuple):
    """All regular files below a folder, as sorted paths relative to it; hidden ones are not among them."""

    root: Path
    files: tuple[PurePosixPath, ...]

    def images(self) -> list[PurePosixPath]:
        """Files that are images by their name."""
        return [file for file in self.files if file.suffix.lower() in IMAGE_SUFFIXES]

    def read(self, file: PurePosixPath) -> bytes:
        """The bytes of a file."""
        return (self.root / file).read_bytes()


class Annotation(Protocol):
    """What is said about one image."""

    def values(self, image: ImageInfo, log: ProblemLog) -> dict[str, Any]:
        """The label fields of the sample, checked against the image.

        What does not fit is left out and noted.
        """
        ...

    def renumbered(self, new_ids: Sequence[int]) -> "Annotation":
        """The same with class id `new_ids[i]` instead of i."""
        ...


class Item(NamedTuple):
    """A sample to be: the file of its image, its splits and what is said about it."""

    file: PurePosixPath
    splits: tuple[str, ...]
    annotation: Annotation


class Plan(NamedTuple):
    """Everything to import, in order."""

    class_names: tuple[str, ...]
    items: list[Item]


def scan(root: Path, log: ProblemLog) -> SourceFolder:
    """List the files of a folder.

    Links that lead out of it, devices, pipes and names that are not UTF-8 are problems.

    Raises:
        NotFound: it is not a folder.
    """
    if not root.is_dir():
        what = "is a file: unpack it first" if root.exists() else "does not exist"
        raise NotFound(f"{root} {what}.", hint="Give the folder that holds the images.")
    real_root = root.resolve()
    files: list[PurePosixPath] = []
    for folder, folder_names, file_names in os.walk(root, followlinks=False):
        below = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in sorted(folder_names):
            if (Path(folder) / name).is_symlink():
                log.problem(_printable(below / name), "a link to a folder is not followed; left out")
        folder_names[:] = sorted(name for name in folder_names if not _is_junk(name))
        for name in file_names:
            if not _is_junk(name) and _is_usable(Path(folder) / name, below / name, real_root, log):
                files.append(below / name)
    return SourceFolder(root, tuple(sorted(files)))


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in _JUNK


def _is_usable(path: Path, name: PurePosixPath, real_root: Path, log: ProblemLog) -> bool:
    try:
        str(name).encode()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            target = path.resolve()
            if not target.is_relative_to(real_root):
                log.problem(_printable(name), "a link that leads out of the folder; left out")
                return False
            mode = target.stat().st_mode
    except UnicodeEncodeError:
        log.problem(_printable(name), "the name is not UTF-8; left out")
        return False
    except OSError as err:
        log.problem(_printable(name), f"cannot be looked at: {err.strerror}; left out")
        return False
    if not stat.S_ISREG(mode):
        log.problem(_printable(name), "not a regular file; left out")
        return False
    return True


def _printable(name: PurePosixPath) -> str:
    return str(name).encode("utf-8", "backslashreplace").decode()
