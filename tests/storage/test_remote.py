import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kpl.errors import Invalid, NotFound, Unavailable
from kpl.storage import open_storage
from kpl.storage.base import Storage
from kpl.testing.faulty_proxy import FaultyProxy
from kpl.testing.nginx import has_nginx, nginx

pytestmark = pytest.mark.skipif(not has_nginx(), reason="nginx is not installed")
DATA = bytes(range(256)) * 40


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "web" / "bucket" / "set"
    folder.mkdir(parents=True)
    folder.joinpath("a b.bin").write_bytes(DATA)
    with nginx(tmp_path / "web", tmp_path / "nginx") as port:
        yield port


def _http(port: int) -> Storage:
    return open_storage(f"http://127.0.0.1:{port}/bucket/set")


def _s3(port: int) -> Storage:
    pytest.importorskip("obstore", reason="obstore is not installed")
    query = f"endpoint=http://127.0.0.1:{port}&region=us-east-1&skip_signature=true"
    return open_storage(f"s3://bucket/set?{query}")


@pytest.mark.parametrize("kind", [_http, _s3])
def test_files_and_ranges_are_read(port: int, kind: Callable[[int], Storage]) -> None:
    for storage in (kind(port), pickle.loads(pickle.dumps(kind(port)))):
        assert storage.read("a b.bin") == DATA
        assert storage.read("a b.bin", 5, 10) == DATA[5:15]
        assert storage.read("a b.bin", 10000) == DATA[10000:]
        assert storage.read("a b.bin", 10000, 10**6) == DATA[10000:]
        assert storage.read("a b.bin", 5, 0) == b""
        assert storage.size("a b.bin") == len(DATA)
        assert storage.exists("a b.bin")
        assert not storage.exists("c")
        with pytest.raises(NotFound, match="'c'"):
            storage.read("c")
        with pytest.raises(Invalid, match="not a path inside"):
            storage.read("../c")


def test_nothing_is_written_over_http(port: int) -> None:
    storage = _http(port)
    with pytest.raises(Invalid, match="cannot be written over http"):
        storage.write_atomic("c", b"")
    with pytest.raises(Invalid, match="cannot be listed"):
        storage.list()
    with pytest.raises(Invalid, match="cannot be deleted"):
        storage.delete("c")


def test_a_failing_network_is_tried_again(port: int) -> None:
    with FaultyProxy(port, error_rate=0.2, cut_rate=0.2, seed=1) as proxy:
        storage = open_storage(f"{proxy.url}/bucket/set")
        for start in range(40):
            assert storage.read("a b.bin", start, 100) == DATA[start : start + 100]
        assert len(proxy.requests) > 40


def test_a_server_that_is_gone_is_unavailable(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpl.storage.remote._NUM_TRIES", 1)
    with FaultyProxy(port, error_rate=1) as proxy:
        storage = open_storage(f"{proxy.url}/bucket/set")
        with pytest.raises(Unavailable, match="cannot be read"):
            storage.read("a b.bin")
