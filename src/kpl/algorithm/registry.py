"""Installed algorithm versions: a manifest and the digest of the folder's tree in the artifact store.

Which projects may use a version is for the server to remember; here is what a version is.
"""

from dataclasses import dataclass
from pathlib import Path

from kpl.algorithm.manifest import AlgorithmManifest, load_manifest
from kpl.storage.artifacts import ArtifactStore

# What tools leave behind. It says nothing about what an algorithm does, so it is neither stored nor hashed.
_IGNORED_NAMES = frozenset(
    {
        "__pycache__", ".git", ".hg", ".svn", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
        ".ipynb_checkpoints", ".idea", ".vscode", ".coverage", ".DS_Store", "Thumbs.db",
    }
)  # fmt: skip
_IGNORED_SUFFIXES = (".pyc", ".pyo", ".swp", "~")


@dataclass(frozen=True, slots=True)
class InstalledAlgorithm:
    """One version. `tree` is the digest of its files; equal files have an equal digest."""

    manifest: AlgorithmManifest
    tree: str


def install(folder: Path, store: ArtifactStore) -> InstalledAlgorithm:
    """Check the manifest and store the files; doing it again with the same files changes nothing.

    Raises:
        ManifestInvalid: the manifest has problems; each is named with its line and fix.
        Invalid: the folder holds something that cannot be stored, such as a link out of it.
    """
    manifest = load_manifest(folder)
    return InstalledAlgorithm(manifest, store.put_tree(folder, is_ignored=is_ignored).digest)


def open_installed(tree: str, store: ArtifactStore) -> InstalledAlgorithm:
    """The version that was stored as `tree`.

    Raises:
        NotFound: nothing is stored under the digest.
    """
    return InstalledAlgorithm(load_manifest(store.materialize(tree)), tree)


def is_ignored(path: str) -> bool:
    """Whether a path in an algorithm's folder is left out: caches, version control, editors' files."""
    name = path.rpartition("/")[2]
    return name in _IGNORED_NAMES or name.endswith(_IGNORED_SUFFIXES)
