"""Where the files of a dataset lie in its folder, and how they get there whole.

HEAD                     number of the newest version with its check, a hint only
tags/<name>              number of a version with its check
manifest/<number>.kpm    one per version, immutable
index/<number>.kpi       row tables of many shards in one file
data/<layer>/<id>.kpl    shards, immutable, named by their content
writing/                 of a writer at work or interrupted; no reader looks at it
"""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from xxhash import xxh3_64_intdigest

from kpl.dataset.errors import RESTORE_HINT, DatasetDamaged, NotADataset
from kpl.errors import Invalid
from kpl.sentence import Sentence
from kpl.storage.url import is_remote

WRITING = "writing"
_LAYER = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_NUM_DIGITS = 8
_SHARD_ID = re.compile(r"[0-9a-f]{32}")


def head_path(root: Path) -> Path:
    return root / "HEAD"


def manifest_path(root: Path, number: int) -> Path:
    return root / "manifest" / f"{number:08d}.kpm"


def index_path(root: Path, number: int) -> Path:
    return root / "index" / f"{number:08d}.kpi"


def shard_path(root: Path, layer: str, shard_id: str) -> Path:
    """Path of a shard.

    Names that could point anywhere else are refused, since manifests come from strangers too.
    """
    if _LAYER.fullmatch(layer) is None or _SHARD_ID.fullmatch(shard_id) is None:
        raise DatasetDamaged(
            Sentence(
                f"{root}: the manifest names the shard '{layer}/{shard_id}', which cannot be one.",
                f"{root}：清单中的分片“{layer}/{shard_id}”不合规则。",
            )
        )
    return root / "data" / layer / f"{shard_id}.kpl"


def is_layer_name(name: str) -> bool:
    """Whether a layer may be called so."""
    return _LAYER.fullmatch(name) is not None


def is_tag_name(name: str) -> bool:
    """Whether a version may be called so."""
    return _TAG.fullmatch(name) is not None


def versions(root: Path) -> list[int]:
    """Numbers of the committed versions, oldest first."""
    return _numbers(root / "manifest", "kpm")


def next_index_number(root: Path) -> int:
    """The first index number after all that exist."""
    return max(_numbers(root / "index", "kpi"), default=0) + 1


def newest_version(root: Path) -> int:
    """Number of the newest committed version.

    Raises:
        NotADataset: there is none.
    """
    numbers = versions(root)
    if numbers:
        return numbers[-1]
    if not root.is_dir():
        raise NotADataset(
            Sentence(f"{root} is not a folder.", f"{root} 不是文件夹。"),
            hint=Sentence(
                "Give the path of a dataset, the folder that holds HEAD.",
                "请指定数据集的路径，即 HEAD 所在的文件夹。",
            ),
        )
    if (root / WRITING).exists():
        raise NotADataset(
            Sentence(
                f"{root} holds an unfinished dataset: its writer was interrupted before the first version.",
                f"{root} 中的数据集尚未完成：写入在首个版本之前中断。",
            ),
            hint=Sentence(
                "Run the same conversion again, it goes on where it stopped.",
                "请再次运行同样的转换，会从中断处继续。",
            ),
        )
    raise NotADataset(
        Sentence(f"{root} is not a KPL Dataset: it has no manifest.", f"{root} 不是 KPL 数据集：没有清单。"),
        hint=Sentence(
            "Make one of a folder of images with `kpl dataset pack`.",
            "可用 `kpl dataset pack` 由图像文件夹制作数据集。",
        ),
    )


def _numbers(folder: Path, suffix: str) -> list[int]:
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(name[:8]) for name in names if re.fullmatch(rf"\d{{8}}\.{suffix}", name))


def folder_of(path: str | os.PathLike[str]) -> Path:
    """The folder of a dataset whose files are to be listed or changed.

    Raises:
        Invalid: it is an address.
    """
    text = os.fspath(path)
    if is_remote(text):
        raise Invalid(
            f"{text}: what is at an address is read there, not written nor listed.",
            hint="Do this in a folder of this machine, then copy data, index, manifest and at last HEAD there.",
        )
    return Path(text.removeprefix("file://"))


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, so that their names survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


@contextlib.contextmanager
def door(root: Path) -> Iterator[bool]:
    """Be the only one who begins or ends a writer of a dataset, or deletes files of it, for as long as the block runs.

    Yields:
        Whether nobody else is; on a file system that cannot lock folders (some over a network) it is not known.
    """
    while True:
        make_folder(root)
        handle = os.open(root, os.O_RDONLY)
        try:
            is_alone = _could(handle, fcntl.LOCK_EX)
            if is_alone and not _is_still(root, handle):
                continue  # it was deleted while we waited, and perhaps made anew
            yield is_alone
            return
        finally:
            _could(
                handle, fcntl.LOCK_UN
            )  # a process forked meanwhile has the handle too, and would keep the lock
            os.close(handle)


def _could(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how)
    except OSError:
        return False
    return True


def _is_still(root: Path, handle: int) -> bool:
    try:
        return os.path.samestat(root.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file that survives a power cut, once the caller has given it its final name."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def publish_new(path: Path, data: bytes) -> bool:
    """Put a whole file at `path` unless that name is taken; whether it was free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    write_durably(temporary, data)
    try:
        # link(2) is create-exclusive like O_EXCL, and the file is whole at the instant it appears
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links here (some network and FAT file systems)
        return _publish_without_links(path, data)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_folder(path.parent)
    return True


def _publish_without_links(path: Path, data: bytes) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(path.parent)
    return True


def write_head(root: Path, number: int) -> None:
    """Point the hint at a version; a reader that finds it stale or absent looks at `manifest/`."""
    write_pointer(head_path(root), number)


def tag_path(root: Path, name: str) -> Path:
    return root / "tags" / name


def pointers(root: Path) -> list[Path]:
    """The files that name a version, as many of them as there are: HEAD and the tags."""
    folder = root / "tags"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    tags = [file for file in found if is_tag_name(file.name)]
    return [*([head_path(root)] if head_path(root).exists() else []), *tags]


def pointer_content(number: int) -> bytes:
    """What a file that names a version holds: its number, and the check of that."""
    digits = b"%d" % number
    return b"%s %016x\n" % (digits, xxh3_64_intdigest(digits))


def parse_pointer(data: bytes, where: str) -> int:
    """The number of the version that a file names; without a check, as the first datasets have it, too.

    Raises:
        DatasetDamaged: it is not as it was written.
    """
    digits = data.split()[0] if data.split() else b""
    if digits.isdigit() and len(digits) <= _NUM_DIGITS:
        number = int(digits)
        if data in (pointer_content(number), b"%d\n" % number):
            return number
    raise DatasetDamaged(
        Sentence(
            f"{where}: {data[:40]!r} is no number of a version.", f"{where}：{data[:40]!r} 不是版本号。"
        ),
        hint=RESTORE_HINT,
    )


def read_pointer(file: Path) -> int:
    """The number of the version that HEAD or a tag names.

    Raises:
        DatasetDamaged: the file is not as it was written.
    """
    return parse_pointer(file.read_bytes(), str(file))


def write_pointer(file: Path, number: int) -> None:
    """Make a file name a version, at once and for good."""
    file.parent.mkdir(exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    write_durably(temporary, pointer_content(number))
    temporary.replace(file)
    fsync_folder(file.parent)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder unless there is something in it, or it is gone."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name; copies its bytes where the file system cannot."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(source, temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
