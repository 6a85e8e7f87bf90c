"""The folder to be imported: its files, found once, without ever leaving it."""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.fields import Field
from kpl.dataset.image import ImageInfo
from kpl.dataset.kinds import Kind
from kpl.errors import NotFound
from kpl.sentence import Sentence, in_chinese

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_NO_ANNOTATION = Sentence("the image has no annotation", "图像没有标注")
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

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:
        """The label fields of the sample, checked against the image.

        What does not fit is left out and noted.
        """
        ...

    def renumbered(self, new_ids: Sequence[int]) -> "Annotation":
        """The same with class id `new_ids[i]` instead of i."""
        ...


def renumber(values: dict[str, Any], new_ids: Sequence[int]) -> None:
    """Put `new_ids[i]` in the place of every class id i of a sample; no label stays none."""
    if "label" in values and values["label"] >= 0:
        values["label"] = new_ids[values["label"]]
    if "labels" in values:
        values["labels"] = [new_ids[each] for each in values["labels"]]


class Options(NamedTuple):
    """What the caller wants of an import.

    Attributes:
        kind: of the dataset to be made.
        label_column: name of the column with the class, in tables; guessed by default.
        texts: fields that are to be text, whatever a table's cells look like.
    """

    kind: Kind
    label_column: str = ""
    texts: frozenset[str] = frozenset()


class Extract(NamedTuple):
    """Bytes of a file of the source, to be read when they are needed.

    Attributes:
        position, length: in the file, unpacked where it is compressed; a length of -1 means all of it.
        is_image: they begin as an image does.
    """

    file: PurePosixPath
    position: int = 0
    length: int = -1
    is_image: bool = False


class Item(NamedTuple):
    """A sample to be: the file it comes from, its splits and what is said about it.

    Attributes:
        key: of the sample; the path of the file by default.
        has_image: the file is the sample's image, not a table that holds it.
        image: where in the file the image is; all of it by default.
        line: or record of the file that it comes from, for messages; 0 where they mean nothing.
    """

    file: PurePosixPath
    splits: tuple[str, ...]
    annotation: Annotation
    key: str = ""
    has_image: bool = True
    image: Extract | None = None
    line: int = 0

    @property
    def sample_key(self) -> str:
        """The key that the sample gets."""
        return self.key or str(self.file)


class Plan(NamedTuple):
    """Everything to import, in order.

    Attributes:
        fields: that samples have beside those of their kind.
        attributes: texts about the dataset, for what an exporter must know to give back what was there.
        close: lets go of files that reading the annotations has opened.
    """

    class_names: tuple[str, ...]
    items: list[Item]
    fields: tuple[Field, ...] = ()
    attributes: Mapping[str, str] = MappingProxyType({})
    close: Callable[[], None] = lambda: None


def scan(root: Path, log: ProblemLog) -> SourceFolder:
    """List the files of a folder.

    Links that lead out of it, devices, pipes and names that are not UTF-8 are problems.

    Raises:
        NotFound: it is not a folder.
    """
    if not root.is_dir():
        what = Sentence("is a file", "是文件") if root.exists() else Sentence("does not exist", "不存在")
        raise NotFound(
            Sentence(f"{root} {what}.", f"{root} {in_chinese(what)}。"),
            hint=Sentence("Give the folder that holds the images.", "请指定图像所在的文件夹。"),
        )
    real_root = root.resolve()
    files: list[PurePosixPath] = []
    for folder, folder_names, file_names in os.walk(root, followlinks=False):
        below = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in sorted(folder_names):
            if (Path(folder) / name).is_symlink():
                log.problem(
                    _printable(below / name),
                    Sentence(
                        "a link to a folder is not followed; left out", "指向文件夹的链接不会跟随，已跳过"
                    ),
                )
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
                log.problem(
                    _printable(name),
                    Sentence("a link that leads out of the folder; left out", "链接指向文件夹之外，已跳过"),
                )
                return False
            mode = target.stat().st_mode
    except UnicodeEncodeError:
        log.problem(
            _printable(name), Sentence("the name is not UTF-8; left out", "文件名不是 UTF-8 编码，已跳过")
        )
        return False
    except OSError as err:
        log.problem(
            _printable(name),
            Sentence(f"cannot be looked at: {err.strerror}; left out", f"无法访问（{err.strerror}），已跳过"),
        )
        return False
    if not stat.S_ISREG(mode):
        log.problem(_printable(name), Sentence("not a regular file; left out", "不是普通文件，已跳过"))
        return False
    return True


def _printable(name: PurePosixPath) -> str:
    return str(name).encode("utf-8", "backslashreplace").decode()


class ImageIndex:
    """Finds images by what annotations call them, among the files of the source and never anywhere else."""

    def __init__(self, source: SourceFolder) -> None:
        self._files = frozenset(source.images())
        self._by_stem: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        for image in source.images():
            self._by_stem[image.stem].append(image)
            self._by_name[image.name].append(image)

    def find(self, name: str, near: PurePosixPath, *, split: str = "") -> PurePosixPath | None:
        """The image of that name or path, the nearest to the annotation where there are several.

        Args:
            name: as the annotation has it; folders that are somebody else's are passed over.
            near: file of the annotation.
            split: that the annotation speaks of; an image in a folder of that name comes first.
        """
        path = PurePosixPath(name.replace("\\", "/"))
        for candidate in (path, near.parent / path):
            if candidate in self._files:
                return candidate
        found = self._by_name.get(path.name) or self._by_stem.get(path.stem) or self._by_stem.get(path.name)
        if not path.name or not found:
            return None
        return max(found, key=lambda image: (split in _splits_in(image), *_likeness(image, path, near)))

    def of_stem(self, stem: str, near: PurePosixPath) -> PurePosixPath | None:
        """The image of that name without its suffix."""
        found = self._by_stem.get(stem)
        return max(found, key=lambda image: _likeness(image, image, near)) if found else None


def _likeness(image: PurePosixPath, path: PurePosixPath, near: PurePosixPath) -> tuple[int, int, int]:
    return (
        _common(image.parts[::-1], path.parts[::-1]),
        _common(image.parts[:-1], near.parts[:-1]),
        -len(image.parts),
    )


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many leading parts two paths share."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _splits_in(path: PurePosixPath) -> list[str]:
    return [SPLIT_NAMES[part.lower()] for part in path.parts[:-1] if part.lower() in SPLIT_NAMES]


def splits_of_folder(file: PurePosixPath) -> tuple[str, ...]:
    """The split that a file belongs to by the folder train, val or test that it lies in."""
    return tuple(_splits_in(file)[:1])


SPLIT_LISTS = "splits"


def read_split_lists(source: SourceFolder, log: ProblemLog) -> dict[PurePosixPath, tuple[str, ...]] | None:
    """The splits of each image from lists `splits/<name>.txt` of paths; None where there are no lists."""
    lists = [file for file in source.files if file.parts[:-1] == (SPLIT_LISTS,) and file.suffix == ".txt"]
    if not lists:
        return None
    images = frozenset(source.images())
    splits: dict[PurePosixPath, list[str]] = defaultdict(list)
    for file in lists:
        for number, line in enumerate(read_text(source, file, log).splitlines(), 1):
            image = PurePosixPath(line.strip())
            if line.strip() and image not in images:
                log.not_in_split(str(file), line.strip(), number)
            elif line.strip():
                splits[image].append(file.stem)
    return {image: tuple(dict.fromkeys(names)) for image, names in splits.items()}


def splits_of(file: PurePosixPath, lists: dict[PurePosixPath, tuple[str, ...]] | None) -> tuple[str, ...]:
    """The splits of an image by lists, or by its folder where there are none."""
    return splits_of_folder(file) if lists is None else lists.get(file, ())


def read_text(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> str:
    """The text of a file; bytes that are not UTF-8 are a problem and replaced."""
    try:
        data = source.read(file)
    except OSError as err:
        log.problem(
            str(file),
            Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
        )
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        log.problem(
            str(file),
            Sentence(
                "not in UTF-8 from here on; letters replaced", "从这里起不是 UTF-8 编码，无法识别的字符已替换"
            ),
            data[: err.start].count(b"\n") + 1,
        )
        return data.decode("utf-8-sig", "replace")


def note_unused(
    source: SourceFolder,
    used: set[PurePosixPath],
    log: ProblemLog,
    *,
    reason: Sentence = _NO_ANNOTATION,
) -> None:
    """Report the images that no sample uses; other files are no data."""
    for file in source.files:
        if file in used:
            continue
        if file.suffix.lower() in IMAGE_SUFFIXES:
            log.problem(str(file), Sentence(f"{reason}; left out", f"{in_chinese(reason)}，已跳过"))
        else:
            log.ignore(str(file))
