"""Folders kept for good, addressed by the digest of their content.

    root/blobs/aa/<sha256>      bytes of a file, read-only; `<sha256>.x` where the file is executable
    root/trees/aa/<digest>.json manifest of a folder
    root/views/<digest>/        a folder of hard links to blobs, made when first asked for
    root/temporary/             what is being written

A blob's modification time is always `BLOB_MTIME_S`. Whoever writes into a blob changes it, so that damage is
noticed by a look at size and time, without reading all bytes again; `verify` reads them.

Several processes may use one store. Whoever adds holds the lock shared, garbage collection holds it alone.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kpl.errors import Conflict, Invalid, NotFound
from kpl.sentence import Sentence
from kpl.storage.atomic import fsync_files
from kpl.storage.tree import (
    SourceFile,
    Tree,
    TreeEntry,
    hash_file,
    is_digest,
    manifest_bytes,
    parse_manifest,
    scan_folder,
)

# 2000-01-01: fits every archive format, and no file of ours is written at that time.
BLOB_MTIME_S = 946_684_800
_IN_MEMORY_BYTES = 1 << 20
_NO_HARD_LINK = frozenset({errno.EMLINK, errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EACCES})


class Tampered(Invalid):
    """Stored bytes are not those that were stored."""

    code = "tampered"


@dataclass(frozen=True, slots=True)
class StoredTree:
    """An artifact in the store.

    Args:
        added_bytes: what it takes beyond those that were counted before it; files that several share are counted once.
        stored_at_s: when it was stored, or stored again.
    """

    digest: str
    size_bytes: int
    added_bytes: int
    num_files: int
    stored_at_s: float


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What a collection removed or would remove, and what stays.

    Args:
        kept: in the order of what refers to them; what nothing refers to, but is too young to go, comes last.
        missing: referenced digests that the store does not have.
    """

    removed: tuple[StoredTree, ...]
    num_removed_blobs: int
    freed_bytes: int
    kept: tuple[StoredTree, ...]
    num_kept_blobs: int
    kept_bytes: int
    missing: tuple[str, ...]


class ArtifactStore:
    """Content-addressed folders below `root`. Threads and processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._trees = root / "trees"
        self._views = root / "views"
        self._temporary = root / "temporary"
        for folder in (self._blobs, self._trees, self._views, self._temporary):
            folder.mkdir(parents=True, exist_ok=True)

    def put_tree(
        self,
        folder: Path,
        *,
        move: bool = False,
        is_ignored: Callable[[str], bool] = lambda _: False,
        like: str | None = None,
    ) -> Tree:
        """Store a folder; storing the same content again changes nothing and costs a hash.

        Costs one fsync for each blob that is new and one for the manifest, all at once. Names are not synced on
        their own: journalled file systems write them in order, so that a manifest on the disk has its blobs
        there too.

        Args:
            move: keep the files themselves instead of copies, where both are on one file system, and remove
                `folder` when all is stored; until then it is whole, so that it can be stored again after a crash.
            is_ignored: says of a path inside the folder whether to leave it out unseen.
            like: digest of an artifact that `folder` was made from. Files that are hard links to those of it, under
                the same names, are not read again.
        Raises:
            Invalid: `folder` holds something that cannot be part of a tree.
            Conflict: a file changed while it was stored.
        """
        root = folder.resolve()
        sources = scan_folder(folder, is_ignored=is_ignored)
        known = {} if like is None else {entry.path: entry for entry in self.get_tree(like).entries}
        with self._lock(fcntl.LOCK_SH), _staging() as staged:
            entries = [
                self._renew_link(source, known.get(source.path))
                or self._stage_file(source, staged, keep=move and _is_alone(source, root))
                for source in sources
            ]
            tree = Tree.of(entries)
            self._stage_manifest(tree, staged)
            fsync_files(staged.values())
            for target, temporary in staged.items():
                target.parent.mkdir(exist_ok=True)
                temporary.replace(target)
        if move:
            shutil.rmtree(folder)
        return tree

    def get_tree(self, digest: str) -> Tree:
        """The entries of a stored folder.

        Raises:
            NotFound: nothing is stored under the digest.
            Tampered: the manifest was changed.
        """
        try:
            data = self._manifest_path(digest).read_bytes()
        except FileNotFoundError as err:
            raise NotFound(
                Sentence(
                    f"The store {self.root} has no artifact {digest}.",
                    f"存储 {self.root} 中没有制品 {digest}。",
                )
            ) from err
        if hashlib.sha256(data).hexdigest() != digest:
            raise Tampered(f"The manifest of artifact {digest} in {self.root} was changed.", hint=_RESTORE)
        return parse_manifest(data)

    def __contains__(self, digest: str) -> bool:
        return is_digest(digest) and self._manifest_path(digest).exists()

    def materialize(self, digest: str) -> Path:
        """A read-only folder with the files of an artifact. It is shared: do not write into it.

        The first call makes hard links, later ones look at the size and time of each file.

        Raises:
            NotFound: nothing is stored under the digest.
            Tampered: a file was changed; it is named.
        """
        tree = self.get_tree(digest)
        view = self._views / digest
        if _is_intact_view(view, tree):
            return view
        with self._lock(fcntl.LOCK_SH):
            self._make_view(view, tree)
        return view

    def open_file(self, digest: str, path: str) -> Path:
        """Where the bytes of one file of an artifact are. Read them, do not write.

        Raises:
            NotFound: the artifact, or the file in it, does not exist.
            Tampered: the file was changed.
        """
        tree = self.get_tree(digest)
        for entry in tree.entries:
            if entry.path == path:
                return self._checked_blob(entry)
        raise NotFound(
            Sentence(f"Artifact {digest} has no file '{path}'.", f"制品 {digest} 中没有文件“{path}”。")
        )

    def read_file(self, digest: str, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of one file from `start`, at most `length` of them."""
        with self.open_file(digest, path).open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def verify(self, digest: str) -> None:
        """Read every byte of an artifact again.

        Raises:
            Tampered: a file was changed; it is named.
        """
        for entry in self.get_tree(digest).entries:
            blob = self._blob_path(entry)
            if not blob.exists() or hash_file(blob) != entry.sha256:
                raise _tampered(entry, blob)

    def collect_garbage(
        self, referenced: Iterable[str], *, older_than_s: float, now_s: float
    ) -> GarbageReport:
        """Remove the artifacts that nobody refers to, and every file that only they used.

        Args:
            referenced: digests to keep; hand in all of them. The order says which of several that share a file it is
                counted with: the first.
            older_than_s: keep what was stored, or stored again, less than this long before `now_s`: it may be
                about to be referred to.
        Raises:
            Tampered: the manifest of an artifact to keep was changed; nothing was removed.
        """
        limit_s = now_s - older_than_s
        with self._lock(fcntl.LOCK_EX):
            report, blobs = self._find_garbage(referenced, limit_s)
            for tree in report.removed:
                self._manifest_path(tree.digest).unlink()
                _remove_folder(self._views / tree.digest)
            for blob in blobs:
                blob.unlink()
            self._drop_leftovers({tree.digest for tree in report.kept}, limit_s)
        return report

    def find_garbage(self, referenced: Iterable[str], *, older_than_s: float, now_s: float) -> GarbageReport:
        """What `collect_garbage` would remove. Removes nothing, and keeps nobody from adding meanwhile."""
        with self._lock(fcntl.LOCK_SH):
            return self._find_garbage(referenced, now_s - older_than_s)[0]

    def _find_garbage(self, referenced: Iterable[str], limit_s: float) -> tuple[GarbageReport, list[Path]]:
        """The report, and the files to remove."""
        wanted = dict.fromkeys(referenced)
        stored = {path.stem: path.stat().st_mtime for path in self._trees.glob("*/*.json")}
        kept = [digest for digest in wanted if digest in stored]
        unwanted = [digest for digest in stored if digest not in wanted]
        kept += [digest for digest in unwanted if stored[digest] >= limit_s]
        counted: set[str] = set()
        staying = tuple(self._count(digest, stored[digest], counted) for digest in kept)
        used = counted.copy()
        removed = tuple(
            self._count_garbage(digest, stored[digest], counted)
            for digest in unwanted
            if stored[digest] < limit_s
        )
        num_kept = kept_bytes = freed_bytes = 0
        unused: list[Path] = []
        for blob in self._blobs.glob("*/*"):
            # The time of the last change of links or mode: storing the same bytes again renews it.
            stat = blob.stat()
            if blob.name not in used and stat.st_ctime < limit_s:
                unused.append(blob)
                freed_bytes += stat.st_size
            else:
                num_kept += 1
                kept_bytes += stat.st_size
        missing = tuple(sorted(wanted.keys() - stored.keys()))
        report = GarbageReport(removed, len(unused), freed_bytes, staying, num_kept, kept_bytes, missing)
        return report, unused

    def _count(self, digest: str, stored_at_s: float, counted: set[str]) -> StoredTree:
        """One artifact; its files are put to those that are counted."""
        tree, added_bytes = self.get_tree(digest), 0
        for entry in tree.entries:
            name = _blob_name(entry)
            if name not in counted:
                counted.add(name)
                added_bytes += entry.size_bytes
        return StoredTree(digest, tree.size_bytes, added_bytes, len(tree.entries), stored_at_s)

    def _count_garbage(self, digest: str, stored_at_s: float, counted: set[str]) -> StoredTree:
        try:
            return self._count(digest, stored_at_s, counted)
        except Tampered:  # damage is no reason to keep what nobody refers to
            return StoredTree(digest, 0, 0, 0, stored_at_s)

    def _drop_leftovers(self, digests: set[str], limit_s: float) -> None:
        for view in self._views.iterdir():
            if view.name not in digests:
                _remove_folder(view)
        for path in self._temporary.iterdir():
            if path.lstat().st_ctime < limit_s:
                _remove_folder(path) if path.is_dir() else path.unlink()

    def _stage_manifest(self, tree: Tree, staged: dict[Path, Path]) -> None:
        path = self._manifest_path(tree.digest)
        if path.exists():
            os.utime(path)  # begins the grace age anew
            return
        staged[path] = self._fresh_path()
        staged[path].write_bytes(manifest_bytes(tree.entries))

    def _renew_link(self, source: SourceFile, known: TreeEntry | None) -> TreeEntry | None:
        """The entry of a file that is a link to a blob which is there and was not changed."""
        if known is None:
            return None
        blob = self._blob_path(known)
        if not _looks_intact(blob, known) or not os.path.samestat(source.stat, blob.stat()):
            return None
        os.utime(blob, (BLOB_MTIME_S, BLOB_MTIME_S))  # begins the grace age anew
        return known

    def _stage_file(self, source: SourceFile, staged: dict[Path, Path], *, keep: bool) -> TreeEntry:
        small = source.location.read_bytes() if source.stat.st_size <= _IN_MEMORY_BYTES else None
        sha256 = hash_file(source.location) if small is None else hashlib.sha256(small).hexdigest()
        size_bytes = source.stat.st_size if small is None else len(small)
        entry = TreeEntry(source.path, size_bytes, sha256, source.is_executable)
        blob = self._blob_path(entry)
        if blob in staged:
            return entry
        if _looks_intact(blob, entry):
            os.utime(blob, (BLOB_MTIME_S, BLOB_MTIME_S))  # begins the grace age anew
            return entry
        staged[blob] = self._fresh_path()
        _fill(staged[blob], source, small, keep=keep)
        staged[blob].chmod(0o555 if entry.is_executable else 0o444)
        os.utime(staged[blob], (BLOB_MTIME_S, BLOB_MTIME_S))
        return entry

    def _make_view(self, view: Path, tree: Tree) -> None:
        temporary = self._fresh_path()
        temporary.mkdir()
        try:
            for entry in tree.entries:
                target = temporary / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                _link_or_copy(self._checked_blob(entry), target)
            for parent, _, _ in os.walk(temporary):
                Path(parent).chmod(0o555)
            self._install_view(temporary, view, tree)
        finally:
            _remove_folder(temporary)

    def _install_view(self, temporary: Path, view: Path, tree: Tree) -> None:
        temporary.chmod(0o755)  # an ordinary user cannot rename a folder that is read-only
        try:
            temporary.rename(view)
        except OSError as err:
            if err.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if _is_intact_view(view, tree):
                return  # someone else was faster
            damaged = self._fresh_path()
            view.chmod(0o755)
            view.rename(damaged)
            temporary.rename(view)
            _remove_folder(damaged)
        view.chmod(0o555)

    def _checked_blob(self, entry: TreeEntry) -> Path:
        blob = self._blob_path(entry)
        if _looks_intact(blob, entry):
            return blob
        if not blob.exists() or hash_file(blob) != entry.sha256:
            raise _tampered(entry, blob)
        os.utime(blob, (BLOB_MTIME_S, BLOB_MTIME_S))
        return blob

    def _fresh_path(self) -> Path:
        return self._temporary / secrets.token_hex(12)

    def _blob_path(self, entry: TreeEntry) -> Path:
        return self._blobs / entry.sha256[:2] / _blob_name(entry)

    def _manifest_path(self, digest: str) -> Path:
        if not is_digest(digest):
            raise Invalid(
                Sentence(f"'{digest}' is not a digest.", f"“{digest}”不是摘要。"),
                hint=Sentence("A digest has 64 lower-case hex digits.", "摘要是 64 位小写十六进制数。"),
            )
        return self._trees / digest[:2] / f"{digest}.json"

    @contextmanager
    def _lock(self, how: int) -> Iterator[None]:
        with (self.root / "lock").open("ab") as file:
            fcntl.flock(file, how)
            yield


_RESTORE = "Restore the store from a backup, or delete the artifact and make it again."


def _tampered(entry: TreeEntry, blob: Path) -> Tampered:
    what = "was changed" if blob.exists() else "is gone"
    return Tampered(
        f"The stored file '{entry.path}' ({blob}) {what}: sha256 {entry.sha256} is expected.", hint=_RESTORE
    )


def _blob_name(entry: TreeEntry) -> str:
    # Hard links share their mode, so the same bytes with and without the executable bit are two blobs.
    return entry.sha256 + (".x" if entry.is_executable else "")


def _is_alone(source: SourceFile, root: Path) -> bool:
    """Whether no other name leads to the file, so that it may be taken away and be made read-only."""
    return source.location == root / source.path and source.stat.st_nlink == 1


def _looks_intact(path: Path, entry: TreeEntry) -> bool:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.st_size == entry.size_bytes and stat.st_mtime_ns == BLOB_MTIME_S * 10**9


def _is_intact_view(view: Path, tree: Tree) -> bool:
    return view.is_dir() and all(_looks_intact(view / entry.path, entry) for entry in tree.entries)


@contextmanager
def _staging() -> Iterator[dict[Path, Path]]:
    """Temporary files by the place that they are meant for; those that did not get there are removed."""
    staged: dict[Path, Path] = {}
    try:
        yield staged
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)


def _fill(temporary: Path, source: SourceFile, small: bytes | None, *, keep: bool) -> None:
    if small is not None:
        temporary.write_bytes(small)
        return
    if keep:
        _link_or_copy(source.location, temporary)
    else:
        shutil.copyfile(source.location, temporary)
    now = source.location.stat()
    if (now.st_size, now.st_mtime_ns) != (source.stat.st_size, source.stat.st_mtime_ns):
        raise Conflict(
            f"{source.location} changed while it was stored.", hint="Store it when nobody writes to it."
        )


def _link_or_copy(blob: Path, target: Path) -> None:
    try:
        os.link(blob, target)
    except OSError as err:
        if err.errno not in _NO_HARD_LINK:
            raise
        shutil.copy2(blob, target)


def _remove_folder(folder: Path) -> None:
    """Remove a folder of ours, read-only or not; nothing happens when there is none."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
