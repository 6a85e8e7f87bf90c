"""How much a folder takes."""

import os
from pathlib import Path
from typing import NamedTuple


class FolderSize(NamedTuple):
    num_files: int
    size_bytes: int


def folder_size(folder: Path) -> FolderSize:
    """Files below a folder and their bytes, hard links once; links are not followed. What vanishes meanwhile, or may
    not be read, is left out, and a folder that does not exist is empty."""
    num_files = size_bytes = 0
    linked: set[tuple[int, int]] = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.lstat(f"{parent}{os.sep}{name}")
            except OSError:
                continue
            if stat.st_nlink > 1:
                if (stat.st_dev, stat.st_ino) in linked:
                    continue
                linked.add((stat.st_dev, stat.st_ino))
            num_files += 1
            size_bytes += stat.st_size
    return FolderSize(num_files, size_bytes)
