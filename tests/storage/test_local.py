from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid, NotFound
from kpl.storage import LocalStorage, Storage, open_storage, write_atomic


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path)


def test_what_was_written_is_read_whole_and_in_ranges(storage: Storage) -> None:
    storage.write_atomic("a/b.bin", [b"01234", b"56789"])
    assert storage.read("a/b.bin") == b"0123456789"
    assert storage.read("a/b.bin", 3, 4) == b"3456"
    assert storage.read("a/b.bin", 8, 100) == b"89"
    assert storage.read("a/b.bin", 100) == b""
    assert storage.size("a/b.bin") == 10
    assert storage.exists("a/b.bin")
    assert not storage.exists("a")


def test_writing_again_replaces(storage: Storage) -> None:
    storage.write_atomic("x", b"old")
    storage.write_atomic("x", b"new")
    assert storage.read("x") == b"new"


def test_files_are_listed_by_prefix_and_in_order(storage: Storage) -> None:
    for path in ("data/2", "data/10", "data/sub/x", "database", "other"):
        storage.write_atomic(path, b"")
    assert list(storage.list("data/")) == ["data/10", "data/2", "data/sub/x"]
    assert list(storage.list("data")) == ["data/10", "data/2", "data/sub/x", "database"]
    assert list(storage.list()) == ["data/10", "data/2", "data/sub/x", "database", "other"]
    assert list(storage.list("nothing/here")) == []


def test_deleting_twice_is_fine(storage: Storage) -> None:
    storage.write_atomic("x", b"1")
    storage.delete("x")
    storage.delete("x")
    assert not storage.exists("x")


def test_what_does_not_exist_is_not_found(storage: Storage) -> None:
    storage.write_atomic("d/x", b"1")
    for path in ("nothing", "d", "d/x/y"):
        with pytest.raises(NotFound, match=path):
            storage.read(path)
        with pytest.raises(NotFound, match=path):
            storage.size(path)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\0b"])
def test_a_path_out_of_the_storage_is_refused(storage: Storage, path: str) -> None:
    with pytest.raises(Invalid, match="not a path inside"):
        storage.read(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def broken() -> object:
        yield b"half"
        raise OSError("the source broke")

    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(OSError, match="broke"):
        write_atomic(target, broken())  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@given(data=st.binary(max_size=200), start=st.integers(0, 250), length=st.none() | st.integers(0, 250))
def test_a_range_is_the_slice_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: int, length: int | None
) -> None:
    storage = LocalStorage(tmp_path_factory.getbasetemp() / "ranges")
    write_atomic(storage.root / "x", data, is_durable=False)
    end = None if length is None else start + length
    assert storage.read("x", start, length) == data[start:end]


def test_a_storage_is_opened_by_its_address(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    for url in (str(folder), f"file://{folder}", f"file://{str(folder).replace(' ', '%20')}"):
        open_storage(url).write_atomic("x", url.encode())
        assert (folder / "x").read_bytes() == url.encode()


def test_an_unknown_kind_of_storage_is_named_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"no storage is known for 'flie://'.*Did you mean 'file'"):
        open_storage("flie:///tmp")
    with pytest.raises(Invalid, match="this machine alone"):
        open_storage("file://host/tmp")
