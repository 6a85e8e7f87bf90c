from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.errors import Invalid, NotFound
from kpl.storage.gather import check_store, gather
from kpl.storage.url import open_storage
from kpl.testing.s3 import S3Server, has_moto, moto

pytest.importorskip("obstore", reason="obstore is not installed")
pytestmark = pytest.mark.skipif(not has_moto(), reason="moto is not installed")
PETS = {"cat/1.png": b"cat", "dog/1.png": b"dog" * 1000, "dog/2.png": b""}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto(tmp_path_factory.mktemp("moto")) as server:
        pets = open_storage(server.url("pets"))
        for name, data in PETS.items():
            pets.write_atomic(name, data)
        open_storage(server.url("clash")).write_atomic("a", b"1")
        open_storage(server.url("clash")).write_atomic("a/b", b"2")
        yield server


def test_all_below_a_prefix_is_copied_once(server: S3Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        found = gather(server.url("pets"), tmp_path, max_bytes=10_000, progress=lambda *now: seen.append(now))
        assert found == tmp_path
    assert {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*.png")} == PETS
    assert seen == [(1, 3), (2, 3), (3, 3)] * 2


def test_what_was_cut_off_is_copied_again(server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "1.png").write_bytes(b"dog")
    gather(server.url("pets"), tmp_path, max_bytes=10_000)
    assert (tmp_path / "dog" / "1.png").read_bytes() == PETS["dog/1.png"]


def test_one_object_is_copied_as_a_file(server: S3Server, tmp_path: Path) -> None:
    assert gather(server.url("pets/cat/1.png"), tmp_path, max_bytes=10).read_bytes() == b"cat"


def test_nothing_and_too_much_are_refused(server: S3Server, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is nothing at s3://bucket/birds"):
        gather(server.url("birds"), tmp_path, max_bytes=10)
    with pytest.raises(Invalid, match="more than the 10 bytes"):
        gather(server.url("pets"), tmp_path, max_bytes=10)
    with pytest.raises(Invalid, match="name of another object"):
        gather(server.url("clash"), tmp_path, max_bytes=10)


@pytest.mark.parametrize(
    "url",
    ["https://bucket/a", "s3://", "s3://bucket/a?secret_access_key=x", "s3://key:secret@bucket/a", "az:///a"],
)
def test_what_is_no_store_or_holds_a_key_is_refused(url: str) -> None:
    check_store("s3://bucket/a?endpoint=http://minio:9000&region=eu")
    with pytest.raises(Invalid):
        check_store(url)
