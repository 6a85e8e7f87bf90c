"""Bytes and byte ranges at addresses, and the store of artifacts addressed by digest."""

from kpl.storage.archive import ArchiveRejected, Extracted, extract, pack
from kpl.storage.artifacts import ArtifactStore, GarbageReport, StoredTree, Tampered
from kpl.storage.atomic import fsync_dir, write_atomic
from kpl.storage.base import Storage
from kpl.storage.local import LocalStorage
from kpl.storage.tree import Tree, TreeEntry
from kpl.storage.url import open_storage

__all__ = [
    "ArchiveRejected",
    "ArtifactStore",
    "Extracted",
    "GarbageReport",
    "LocalStorage",
    "Storage",
    "StoredTree",
    "Tampered",
    "Tree",
    "TreeEntry",
    "extract",
    "fsync_dir",
    "open_storage",
    "pack",
    "write_atomic",
]
