"""Workspaces: folders in the cache for what a use case makes on the way.

What a killed server left in them goes at the next start.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kpl.server.services.platform import Platform

_EARLIER_PLACES = (
    "review-*",
    "import-*",
    "install-*",
)  # in the cache itself, before they had a folder of their own


@contextmanager
def workspace(platform: Platform) -> Iterator[Path]:
    """A new empty folder, gone after the block."""
    root = _root(platform)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def remove_abandoned(platform: Platform) -> None:
    """Remove all workspaces; for the start of the server, which is alone in its data folder and has begun nothing."""
    found = [each for pattern in _EARLIER_PLACES for each in platform.settings.cache_dir.glob(pattern)]
    for folder in (_root(platform), *found):
        shutil.rmtree(folder, ignore_errors=True)


def _root(platform: Platform) -> Path:
    return platform.settings.cache_dir / "work"
