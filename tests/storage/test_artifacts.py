import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.errors import Invalid, NotFound
from kpl.storage import ArtifactStore, Tampered, Tree

_DAY_S = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def make_folder(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def blobs(store: ArtifactStore) -> set[str]:
    return {path.name for path in (store.root / "blobs").glob("*/*")}


def test_a_stored_folder_comes_back_as_it_was(store: ArtifactStore, tmp_path: Path) -> None:
    files = {"a.txt": b"a", "deep/er/b.bin": bytes(3_000_000), "empty": b""}
    tree = store.put_tree(make_folder(tmp_path / "in", files))
    assert contents(store.materialize(tree.digest)) == files
    assert store.get_tree(tree.digest) == tree
    assert tree.size_bytes == 3_000_001
    assert contents(tmp_path / "in") == files


def test_equal_folders_have_one_digest_and_share_their_blobs(store: ArtifactStore, tmp_path: Path) -> None:
    first = store.put_tree(make_folder(tmp_path / "one", {"x": b"same", "y": b"same"}))
    second = store.put_tree(make_folder(tmp_path / "two", {"y": b"same", "x": b"same"}))
    assert first == second
    assert len(blobs(store)) == 1


@pytest.mark.parametrize("other", [{"x": b"2"}, {"y": b"1"}, {"x": b"1", "y": b""}, {}])
def test_any_difference_changes_the_digest(
    store: ArtifactStore, tmp_path: Path, other: dict[str, bytes]
) -> None:
    assert (
        store.put_tree(make_folder(tmp_path / "one", {"x": b"1"})).digest
        != store.put_tree(make_folder(tmp_path / "two", other)).digest
    )


def test_the_executable_bit_counts_and_comes_back(store: ArtifactStore, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {"run.sh": b"#!/bin/sh", "copy.sh": b"#!/bin/sh"})
    plain = store.put_tree(folder)
    (folder / "run.sh").chmod(0o755)
    tree = store.put_tree(folder)
    assert tree.digest != plain.digest
    view = store.materialize(tree.digest)
    assert os.access(view / "run.sh", os.X_OK)
    assert not (view / "copy.sh").stat().st_mode & 0o111
    assert not (store.materialize(plain.digest) / "run.sh").stat().st_mode & 0o111


def test_an_empty_folder_has_a_digest_too(store: ArtifactStore, tmp_path: Path) -> None:
    tree = store.put_tree(make_folder(tmp_path / "in", {}))
    assert tree == Tree.of([])
    assert contents(store.materialize(tree.digest)) == {}


def test_moving_a_folder_takes_it_away(store: ArtifactStore, tmp_path: Path) -> None:
    files = {"small": b"s", "big": bytes(2_000_000), "same/big": bytes(2_000_000)}
    tree = store.put_tree(make_folder(tmp_path / "in", files), move=True)
    assert not (tmp_path / "in").exists()
    assert contents(store.materialize(tree.digest)) == files
    store.verify(tree.digest)


def test_moving_leaves_files_alone_that_have_other_names(store: ArtifactStore, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {"big": bytes(2_000_000)})
    os.link(folder / "big", tmp_path / "elsewhere")
    store.put_tree(folder, move=True)
    with (tmp_path / "elsewhere").open("ab") as file:
        file.write(b"more")
    store.verify(next(iter(store.root.glob("trees/*/*.json"))).stem)


def test_a_folder_whose_move_was_interrupted_is_stored_as_if_nothing_had_been(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a": bytes(2_000_000), "b": b"b", "c": bytes(3_000_000)}
    expected = store.put_tree(make_folder(tmp_path / "copy", files))
    collect(store, [])
    folder = make_folder(tmp_path / "in", files)

    def crash(self: Path, target: Path) -> Path:
        moved.append(target)
        if len(moved) == 3:
            raise KeyboardInterrupt
        return whole(self, target)

    moved: list[Path] = []
    whole = Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            store.put_tree(folder, move=True)
    assert store.put_tree(folder, move=True) == expected
    assert contents(store.materialize(expected.digest)) == files


def test_a_file_derived_by_hard_link_from_a_view_is_stored_again(
    store: ArtifactStore, tmp_path: Path
) -> None:
    tree = store.put_tree(make_folder(tmp_path / "in", {"shard": bytes(2_000_000)}))
    derived = make_folder(tmp_path / "out", {"split.json": b"{}"})
    os.link(store.materialize(tree.digest) / "shard", derived / "shard")
    again = store.put_tree(derived, move=True)
    assert contents(store.materialize(again.digest)).keys() == {"shard", "split.json"}
    store.verify(tree.digest)


def test_links_to_files_of_a_known_artifact_are_part_of_another(store: ArtifactStore, tmp_path: Path) -> None:
    large = bytes(3_000_000)
    first = store.put_tree(make_folder(tmp_path / "in", {"a.bin": large, "b.bin": b"b", "c.bin": b"c"}))
    view = store.materialize(first.digest)
    derived = make_folder(tmp_path / "derived", {"new.txt": b"new", "c.bin": b"other"})
    os.link(view / "a.bin", derived / "a.bin")
    os.link(view / "b.bin", derived / "moved.bin")
    second = store.put_tree(derived, move=True, like=first.digest)
    expected = {"a.bin": large, "moved.bin": b"b", "new.txt": b"new", "c.bin": b"other"}
    assert contents(store.materialize(second.digest)) == expected
    assert second == store.put_tree(make_folder(tmp_path / "copied", expected))


def test_a_link_that_was_changed_is_read(store: ArtifactStore, tmp_path: Path) -> None:
    first = store.put_tree(make_folder(tmp_path / "in", {"a.bin": b"before"}))
    view = store.materialize(first.digest)
    derived = make_folder(tmp_path / "derived", {})
    os.link(view / "a.bin", derived / "a.bin")
    (derived / "a.bin").chmod(0o644)
    (derived / "a.bin").write_bytes(b"after!")
    second = store.put_tree(derived, like=first.digest)
    assert second != first
    assert second == store.put_tree(make_folder(tmp_path / "copied", {"a.bin": b"after!"}))


def test_an_intact_link_to_a_known_artifact_is_believed(store: ArtifactStore, tmp_path: Path) -> None:
    """Reading it would find bytes that were changed with their time put back; only `verify` reads them."""
    first = store.put_tree(make_folder(tmp_path / "in", {"a.bin": b"before"}))
    view = store.materialize(first.digest)
    time_ns = (view / "a.bin").stat().st_mtime_ns
    (view / "a.bin").chmod(0o644)
    (view / "a.bin").write_bytes(b"after!")
    os.utime(view / "a.bin", ns=(time_ns, time_ns))
    derived = make_folder(tmp_path / "derived", {})
    os.link(view / "a.bin", derived / "a.bin")
    assert store.put_tree(derived, like=first.digest) == first
    with pytest.raises(Tampered):
        store.verify(first.digest)


def test_a_link_inside_the_folder_is_stored_as_the_file_it_leads_to(
    store: ArtifactStore, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "in", {"data/z": bytes(2_000_000)})
    (folder / "a").symlink_to("data/z")
    (folder / "more").symlink_to("data")
    tree = store.put_tree(folder, move=True)
    assert [entry.path for entry in tree.entries] == ["a", "data/z", "more/z"]
    assert contents(store.materialize(tree.digest))["a"] == bytes(2_000_000)


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "nowhere", "loop", "."])
def test_a_link_out_of_the_folder_or_in_a_circle_is_refused(
    store: ArtifactStore, tmp_path: Path, target: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = make_folder(tmp_path / "in", {"a": b"a"})
    (folder / "loop").symlink_to(target)
    with pytest.raises(Invalid, match="loop"):
        store.put_tree(folder)
    assert not list(store.root.glob("trees/*/*"))


def test_a_pipe_in_the_folder_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    os.mkfifo(make_folder(tmp_path / "in", {}) / "pipe")
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        store.put_tree(tmp_path / "in")


def test_a_range_of_a_file_is_read_without_the_rest(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"d/a": b"0123456789"})).digest
    assert store.read_file(digest, "d/a", 2, 3) == b"234"
    assert store.read_file(digest, "d/a", 8) == b"89"
    with pytest.raises(NotFound, match="no file 'd'"):
        store.open_file(digest, "d")


def test_what_is_not_stored_is_not_found(store: ArtifactStore) -> None:
    with pytest.raises(NotFound):
        store.get_tree("0" * 64)
    with pytest.raises(Invalid, match="not a digest"):
        store.materialize("../../etc")
    assert "0" * 64 not in store


def test_a_file_changed_in_place_is_noticed_and_named(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"weights": b"good", "other": b"o"})).digest
    victim = store.materialize(digest) / "weights"
    victim.chmod(0o644)
    victim.write_bytes(b"evil")
    for use in (store.materialize, store.verify, lambda d: store.open_file(d, "weights")):
        with pytest.raises(Tampered, match="weights"):
            use(digest)
    # Storing the true bytes again heals the store.
    assert store.put_tree(tmp_path / "in").digest == digest
    assert contents(store.materialize(digest))["weights"] == b"good"


def test_a_change_with_its_time_put_back_is_found_by_verify(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"weights": b"good"})).digest
    victim = store.open_file(digest, "weights")
    before = victim.stat()
    victim.chmod(0o644)
    victim.write_bytes(b"evil")
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Tampered, match="weights"):
        store.verify(digest)


def test_a_touched_but_unchanged_file_is_accepted(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"a": b"a"})).digest
    os.utime(store.materialize(digest) / "a")
    assert contents(store.materialize(digest)) == {"a": b"a"}


def test_a_changed_manifest_is_noticed(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"a": b"a"})).digest
    manifest = next(iter(store.root.glob("trees/*/*.json")))
    manifest.write_bytes(manifest.read_bytes().replace(b'"a"', b'"b"'))
    with pytest.raises(Tampered, match="manifest"):
        store.get_tree(digest)


def test_a_damaged_view_is_made_again(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put_tree(make_folder(tmp_path / "in", {"a": b"a", "d/b": b"b"})).digest
    view = store.materialize(digest)
    (view / "d").chmod(0o755)
    (view / "d/b").unlink()
    assert contents(store.materialize(digest)) == {"a": b"a", "d/b": b"b"}


def test_many_threads_may_store_and_open_the_same_folder(store: ArtifactStore, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {f"f{i}": bytes([i]) * 100 for i in range(20)})
    digests: list[str] = []

    def work() -> None:
        digest = store.put_tree(folder).digest
        assert len(contents(store.materialize(digest))) == 20
        digests.append(digest)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 8
    assert len(set(digests)) == 1
    assert not list((store.root / "temporary").iterdir())


def collect(
    store: ArtifactStore, referenced: Iterable[str], *, after_s: float = 2 * _DAY_S
) -> tuple[str, ...]:
    now_s = time.time() + after_s
    removed = store.collect_garbage(referenced, older_than_s=_DAY_S, now_s=now_s).removed
    return tuple(sorted(tree.digest for tree in removed))


def test_garbage_is_what_nobody_refers_to(store: ArtifactStore, tmp_path: Path) -> None:
    kept = store.put_tree(make_folder(tmp_path / "one", {"a": b"shared", "b": b"only one"})).digest
    dropped = store.put_tree(make_folder(tmp_path / "two", {"a": b"shared", "c": b"only two"})).digest
    store.materialize(dropped)
    assert collect(store, [kept]) == (dropped,)
    assert len(blobs(store)) == 2
    assert not (store.root / "views" / dropped).exists()
    store.verify(kept)
    with pytest.raises(NotFound):
        store.get_tree(dropped)


def test_what_was_stored_lately_is_kept(store: ArtifactStore, tmp_path: Path) -> None:
    tree = store.put_tree(make_folder(tmp_path / "in", {"a": b"a"}))
    assert collect(store, [], after_s=_DAY_S / 2) == ()
    store.verify(tree.digest)


def test_storing_again_begins_the_grace_age_anew(store: ArtifactStore, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", {"a": b"a"})
    digest = store.put_tree(folder).digest
    manifest = next(iter(store.root.glob("trees/*/*.json")))
    os.utime(manifest, (1.0, 1.0))
    store.put_tree(folder)
    assert collect(store, [], after_s=0) == ()
    store.verify(digest)


def test_a_referenced_artifact_that_is_gone_is_reported(store: ArtifactStore) -> None:
    report = store.collect_garbage(["0" * 64], older_than_s=0, now_s=time.time())
    assert report.missing == ("0" * 64,)


def test_what_would_be_removed_is_found_and_left_alone(store: ArtifactStore, tmp_path: Path) -> None:
    kept = store.put_tree(make_folder(tmp_path / "one", {"a": b"shared", "b": b"only one"})).digest
    second = store.put_tree(make_folder(tmp_path / "two", {"a": b"shared", "c": b"two"})).digest
    garbage = store.put_tree(make_folder(tmp_path / "three", {"a": b"shared", "d": b"three"})).digest
    now_s = time.time() + 2 * _DAY_S
    found = store.find_garbage([second, kept], older_than_s=_DAY_S, now_s=now_s)
    assert [(tree.digest, tree.size_bytes, tree.added_bytes) for tree in found.kept] == [
        (second, 9, 9),
        (kept, 14, 8),
    ]
    assert [(tree.digest, tree.size_bytes, tree.added_bytes, tree.num_files) for tree in found.removed] == [
        (garbage, 11, 5, 2)
    ]
    assert (found.num_kept_blobs, found.kept_bytes, found.num_removed_blobs, found.freed_bytes) == (
        3,
        17,
        1,
        5,
    )
    assert garbage in store
    assert found == store.collect_garbage([second, kept], older_than_s=_DAY_S, now_s=now_s)
    assert garbage not in store
    young = store.find_garbage([second], older_than_s=3 * _DAY_S, now_s=now_s)
    assert [tree.digest for tree in young.kept] == [second, kept]


def test_damaged_garbage_is_removed_all_the_same(store: ArtifactStore, tmp_path: Path) -> None:
    garbage = store.put_tree(make_folder(tmp_path / "in", {"a": b"a"})).digest
    manifest = next(iter(store.root.glob("trees/*/*.json")))
    manifest.write_bytes(b"{}")
    assert collect(store, []) == (garbage,)


def test_leftovers_of_a_crash_are_removed(store: ArtifactStore) -> None:
    make_folder(store.root / "temporary", {"half": b"x", "view/a": b"y"})
    collect(store, [])
    assert not list((store.root / "temporary").iterdir())


_folders = st.dictionaries(st.sampled_from(["a", "b", "c/d"]), st.sampled_from([b"", b"1", b"2", b"3"]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders=st.lists(_folders, max_size=6), data=st.data())
def test_garbage_collection_never_removes_what_is_referenced(
    tmp_path_factory: pytest.TempPathFactory, folders: list[dict[str, bytes]], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("gc")
    store = ArtifactStore(root / "store")
    stored = {
        store.put_tree(make_folder(root / str(i), files)).digest: files for i, files in enumerate(folders)
    }
    digests = sorted(stored)
    viewed = data.draw(st.sets(st.sampled_from(digests))) if digests else set()
    for digest in viewed:
        store.materialize(digest)
    referenced = data.draw(st.sets(st.sampled_from(digests))) if digests else set()
    collect(store, referenced)
    for digest in referenced:
        store.verify(digest)
        assert contents(store.materialize(digest)) == stored[digest]
    assert {digest for digest in digests if digest in store} == referenced
    used = {entry.sha256 for digest in referenced for entry in store.get_tree(digest).entries}
    assert blobs(store) == used
