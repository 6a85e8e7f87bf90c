import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpl.errors import Conflict, Invalid
from kpl.storage import ArchiveRejected, Extracted, extract, pack, write_atomic

_MiB = 1 << 20


def unpack(archive: Path, *, max_bytes: int = 10 * _MiB, max_files: int = 100) -> dict[str, bytes]:
    dest = archive.parent / "unpacked"
    extract(archive, dest, max_bytes=max_bytes, max_files=max_files)
    return {p.relative_to(dest).as_posix(): p.read_bytes() for p in dest.rglob("*") if p.is_file()}


def make_zip(path: Path, files: dict[str, bytes], mode: int = 0o100644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, data)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz", kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            info.type = kind
            info.linkname = "target" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            file.addfile(info, io.BytesIO(data))
    return path


_FILES = {"a.txt": b"a", "photos/one photo.jpg": bytes(5000), "数据/猫.png": b"cat"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked(tmp_path: Path, mode: str) -> None:
    assert unpack(make_tar(tmp_path / "x", _FILES, mode)) == _FILES


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    assert unpack(make_zip(tmp_path / "x.zip", _FILES)) == _FILES


def test_what_was_unpacked_is_counted(tmp_path: Path) -> None:
    report = extract(make_zip(tmp_path / "x", _FILES), tmp_path / "out", max_bytes=9999, max_files=9)
    assert report == Extracted(num_files=3, size_bytes=5004)


def test_folders_and_the_root_entry_are_fine(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as file:
        for name in (".", "./d", "./d/e"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            file.addfile(info)
    assert unpack(tmp_path / "x.tar") == {}
    assert (tmp_path / "unpacked/d/e").is_dir()


Make = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "a\\..\\evil", "C:evil", "a//b"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, make: Make, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(ArchiveRejected, match="not a plain path"):
        unpack(make(tmp_path / "in/x", {name: b"x"}))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "x"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ArchiveRejected, match="'bad' is a link or a device"):
        unpack(make_tar(tmp_path / "x", {"bad": b""}, kind=kind))


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRejected, match="'bad' is a link or a device"):
        unpack(make_zip(tmp_path / "x", {"bad": b"/etc/passwd"}, mode=0o120777))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_more_bytes_than_allowed_are_refused(tmp_path: Path, make: Make) -> None:
    archive = make(tmp_path / "x", {"a": bytes(600_000), "b": bytes(600_000)})
    assert archive.stat().st_size < 5000
    with pytest.raises(ArchiveRejected, match="more than 1000000 bytes"):
        unpack(archive, max_bytes=1_000_000)
    assert not (tmp_path / "unpacked").exists()


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "x", {"a": bytes(5_000_000)})
    size = (5_000_000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(ArchiveRejected):
        unpack(archive, max_bytes=1000)


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_more_files_than_allowed_are_refused(tmp_path: Path, make: Make) -> None:
    with pytest.raises(ArchiveRejected, match="more than 10 entries"):
        unpack(make(tmp_path / "x", {str(i): b"" for i in range(11)}), max_files=10)


def test_a_bomb_in_a_header_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    header.size = 1 << 33
    with gzip.open(tmp_path / "x", "wb", compresslevel=1) as file:
        file.write(header.tobuf() + bytes(64 * _MiB))
    with pytest.raises(ArchiveRejected, match="header"):
        unpack(tmp_path / "x", max_bytes=1 << 40)


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_one_name_twice_is_refused(tmp_path: Path, make: Make) -> None:
    with pytest.raises(ArchiveRejected, match="occurs twice"):
        unpack(make(tmp_path / "x", {"a": b"1", "./a": b"2"}))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_an_archive_cut_short_is_refused_and_nothing_is_left(tmp_path: Path, make: Make) -> None:
    archive = make(tmp_path / "x", {"a": bytes(range(256)) * 50, "b": b"b"})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ArchiveRejected, match="damaged"):
        unpack(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(ArchiveRejected, match="damaged"):
        unpack(tmp_path / "x")


def test_a_folder_with_files_is_not_unpacked_into(tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked/mine").touch()
    with pytest.raises(Conflict, match="not empty"):
        unpack(make_zip(tmp_path / "x", _FILES))


@settings(max_examples=60, deadline=None)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4))
@example(flips=[(447, 16)])  # in a zip: an entry that begins before the file does
@example(flips=[(22625, 100)])  # in a zip: an entry without a name
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_no_flipped_byte_makes_unpacking_crash(
    tmp_path_factory: pytest.TempPathFactory, make: Make, flips: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    archive = make(folder / "x", {"a": b"hello" * 20, "d/b": bytes(range(256))})
    data = bytearray(archive.read_bytes())
    for position, mask in flips:
        data[position % len(data)] ^= mask
    archive.write_bytes(data)
    try:
        unpack(archive)
    except ArchiveRejected:
        assert sorted(path.name for path in folder.iterdir()) == ["x"]


def test_packing_is_undone_by_unpacking_and_repeatable(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for path, data in (*_FILES.items(), ("deep/" * 60 + "x", b"long name"), ("empty", b"")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "a.txt").chmod(0o755)
    write_atomic(tmp_path / "x.tar", pack(folder))
    first = b"".join(pack(folder))
    (folder / "a.txt").touch()
    assert b"".join(pack(folder)) == first
    unpacked = unpack(tmp_path / "x.tar")
    assert unpacked == _FILES | {"deep/" * 60 + "x": b"long name", "empty": b""}
    assert (tmp_path / "unpacked/a.txt").stat().st_mode & 0o777 == 0o755


def test_packing_refuses_a_link_out(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="link out"):
        list(pack(tmp_path))
