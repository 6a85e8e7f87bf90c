"""Letting go of old versions: their manifests, and the files that no other version needs."""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from kpl.dataset import layout
from kpl.dataset.files import needed_files
from kpl.dataset.versions import tags
from kpl.errors import Conflict, Invalid


class GarbageReport(NamedTuple):
    """What was let go of, or would be.

    Attributes:
        versions: numbers of the versions that are gone.
        files: paths below the folder.
    """

    versions: tuple[int, ...]
    files: tuple[str, ...]
    num_bytes: int


def collect(path: str | os.PathLike[str], *, keep: int = 1, is_dry: bool = False) -> GarbageReport:
    """Delete all but the newest versions and the tagged ones, and whatever files none of those needs.

    Readers that have an old version open keep what they have mapped; what they had not opened yet is gone.

    Args:
        keep: how many of the newest versions stay.
        is_dry: only say what would go.
    Raises:
        Conflict: somebody is writing to the dataset; files of theirs that no version names yet would be lost.
    """
    root = layout.folder_of(path)
    if keep < 1:
        raise Invalid(f"keep={keep}: the newest version always stays.", hint="Give 1 or more.")
    layout.newest_version(root)
    with layout.door(root):
        return _collect(root, keep=keep, is_dry=is_dry)


def _collect(root: Path, *, keep: int, is_dry: bool) -> GarbageReport:
    numbers = layout.versions(root)
    _refuse_writers(root)
    kept = {*numbers[-keep:], *(set(tags(root).values()) & set(numbers))}
    needed = needed_files(root, kept)
    gone = [layout.manifest_path(root, number) for number in numbers if number not in kept]
    stored = [*(root / "index").glob("*.kpi"), *(root / "data").glob("*/*.kpl"), *root.glob("*/.*.tmp")]
    gone += [file for file in sorted(stored) if file not in needed]
    num_bytes = sum(file.stat().st_size for file in gone)
    names = tuple(str(file.relative_to(root)) for file in gone)
    if not is_dry:
        for file in gone:  # manifests first: a version is never there without its files
            file.unlink()
        for folder in (root / "data").iterdir():
            if not any(folder.iterdir()):
                folder.rmdir()
    return GarbageReport(tuple(number for number in numbers if number not in kept), names, num_bytes)


def _refuse_writers(root: Path) -> None:
    folder = root / layout.WRITING
    for writer in folder.iterdir() if folder.is_dir() else ():
        lock = writer / "lock"
        if not lock.exists():
            raise Conflict(f"{root}: a correction is being written.", hint="Try again when it is done.")
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as err:
                raise Conflict(
                    f"{root}: the writer '{writer.name}' is at work.", hint="Wait for it to end."
                ) from err
        raise Conflict(
            f"{root}: the writer '{writer.name}' was interrupted and has samples that no version has yet.",
            hint="Run it again to finish, or `kpl dataset repair` to keep what it wrote.",
        )
