"""What is to be imported, wherever it is: a folder, an archive that is unpacked for the time being, or one file.

A tar of samples as WebDataset has them is read as it is; any other archive, by itself or alone in its folder, is
unpacked first, with the checks of `kpl.storage.archive`.
"""

import fcntl
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import IMAGE_SUFFIXES, SPLIT_NAMES, SourceFolder, scan
from kpl.dataset.convert.webdataset import holds_samples
from kpl.errors import Conflict, Invalid, NotFound
from kpl.sentence import Sentence
from kpl.storage.archive import extract

MAX_FILES = 20_000_000


@contextmanager
def opened(
    src: Path,
    dest: Path,
    log: ProblemLog,
    *,
    format_name: str,
    in_place: bool = False,
    unpacking: Callable[[str], None] | None = None,
) -> Iterator[SourceFolder]:
    """The files of a source for as long as the block runs.

    Args:
        dest: an archive is unpacked beside it, since there has to be room for what is in it there anyway.
        format_name: one of `FORMATS`, or `auto`.
        in_place: the files have to stay where they are, so that nothing is unpacked.
        unpacking: called with the name of an archive before it is unpacked.
    Raises:
        NotFound: there is nothing at `src`, or a file that holds no samples by itself.
        Invalid: an archive is damaged, over a limit or leads out of its folder, or is to be left in place.
        Conflict: somebody else is unpacking for the same destination.
    """
    source = scan(src, log) if src.is_dir() else _alone(src)
    archive = source.root / source.files[0] if len(source.files) == 1 else None
    if archive is None or not is_archive(archive) or _is_read_as_it_is(source, format_name, in_place):
        if src.is_file() and not any(each.matches(source) for each in FORMATS.values()):
            raise NotFound(
                Sentence(
                    f"{src} is neither an archive nor a file with samples.",
                    f"{src} 既不是压缩包，也不是含样本的文件。",
                ),
                hint=Sentence(
                    "Give a folder, a .zip or .tar of one, or a .csv, .jsonl, .parquet or .tfrecord file.",
                    "请指定文件夹、它的 .zip 或 .tar 压缩包，或 .csv、.jsonl、.parquet、.tfrecord 文件。",
                ),
            )
        yield source
        return
    if in_place:
        raise Invalid(
            Sentence(f"{archive} would have to be unpacked first.", f"{archive} 需要先解压。"),
            hint=Sentence("Unpack it, or pack it instead.", "请先解压，或改用打包导入。"),
        )
    if unpacking is not None:
        unpacking(archive.name)
    with _place_beside(dest) as place:
        folder = place / "files"
        extract(archive, folder, max_bytes=shutil.disk_usage(place).free // 2, max_files=MAX_FILES)
        yield scan(_without_wrapping(folder), log)


def _alone(file: Path) -> SourceFolder:
    if not file.is_file():
        raise NotFound(
            Sentence(f"{file} does not exist.", f"{file} 不存在。"),
            hint=Sentence(
                "Give the folder or archive that holds the data.", "请指定数据所在的文件夹或压缩包。"
            ),
        )
    return SourceFolder(file.parent, (PurePosixPath(file.name),))


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar, by what is in it."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
    ):  # a compressed file without a whole header
        return False


def _is_read_as_it_is(source: SourceFolder, format_name: str, in_place: bool) -> bool:
    is_records = FORMATS["webdataset"].matches(source)  # by its name
    if format_name == "webdataset" or in_place:
        return is_records
    return format_name == "auto" and is_records and holds_samples(source)


@contextmanager
def _place_beside(dest: Path) -> Iterator[Path]:
    """A folder beside the destination, gone after the block; one that a killed import left is emptied first."""
    place = dest.with_name(f".{dest.name}.unpacked")
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise Conflict(
                Sentence(f"Another import into {dest} is at work.", f"另一个导入正在写入 {dest}。"),
                hint=Sentence("Wait for it to end.", "请等它结束。"),
            ) from err
        shutil.rmtree(place / "files", ignore_errors=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _without_wrapping(folder: Path) -> Path:
    """Archives often hold one folder that holds everything: step into it, unless its name says something.

    That of a split does, and that of a class, which holds images alone.
    """
    children = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(children) != 1 or not children[0].is_dir() or children[0].name in SPLIT_NAMES:
        return folder
    inside = [path for path in children[0].iterdir() if not path.name.startswith(".")]
    is_class = all(path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES for path in inside)
    return folder if is_class else _without_wrapping(children[0])
