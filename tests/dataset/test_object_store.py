"""Datasets in real object stores, with the faults of a network in between."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, NotADataset, field
from kpl.storage import open_storage
from kpl.testing.clouds import AzureServer, GoogleServer, azurite, fake_gcs, has_azurite, has_fake_gcs
from kpl.testing.faulty_proxy import FaultyProxy
from kpl.testing.s3 import S3Server, has_moto, has_swift, moto, swift

pytest.importorskip("obstore", reason="obstore is not installed")

Server = S3Server | GoogleServer | AzureServer

_SERVERS: dict[str, tuple[Callable[[], bool], Callable[[Path], Any]]] = {
    "swift": (has_swift, swift),
    "moto": (has_moto, moto),
    "fake-gcs-server": (has_fake_gcs, fake_gcs),
    "azurite": (has_azurite, azurite),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 samples of 0 to 30 KB in several shards."""
    root = tmp_path_factory.mktemp("local") / "set"
    generator = np.random.default_rng(1)
    with DatasetWriter(
        root, kind="custom", fields=[field("data", "blob"), field("n", "int32")], shard_bytes=1 << 19
    ) as writer:
        for i in range(120):
            data = generator.bytes(int(generator.integers(0, 30_000)))
            writer.add(f"{i}", split="train" if i % 4 else "val", data=data, n=i)
    return root


@pytest.fixture(scope="module", params=list(_SERVERS))
def server(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    is_there, start = _SERVERS[request.param]
    if not is_there():
        pytest.skip(f"{request.param} is not installed")
    with start(tmp_path_factory.mktemp(request.param)) as running:
        storage = open_storage(running.url("sets/one"))
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            name, data = str(file.relative_to(folder)), file.read_bytes()
            if isinstance(running, GoogleServer):
                running.put(f"sets/one/{name}", data)
            else:
                storage.write_atomic(name, data)
        yield running


def _everything(dataset: Dataset) -> list[tuple[str, bytes]]:
    return [(key, bytes(data)) for key, data in dataset.tuples("key", "data")]


def _batches(dataset: Dataset) -> list[list[bytes]]:
    loader = dataset.loader(["data"], batch_size=16, seed=2, shuffle="blocks")
    return [[bytes(blob) for blob in batch["data"]] for batch in loader]


def test_a_dataset_in_a_store_reads_as_in_its_folder(folder: Path, server: Server) -> None:
    local, remote = Dataset.open(folder), Dataset.open(server.url("sets/one"))
    assert _everything(remote) == _everything(local)
    assert _batches(remote) == _batches(local)
    assert remote.split("val").columns("n").tolist() == local.split("val").columns("n").tolist()
    with pytest.raises(NotADataset, match="has no HEAD"):
        Dataset.open(server.url("sets/two"))


def test_an_epoch_comes_whole_through_a_network_with_faults(folder: Path, server: Server) -> None:
    local = Dataset.open(folder)
    with FaultyProxy(
        server.port, latency_s=0.005, error_rate=0.05, cut_rate=0.05, corrupt_rate=0.05, seed=1
    ) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        remote = Dataset.open(server.url("sets/one", port=port))
        assert _batches(remote) == _batches(local)
        assert _everything(remote) == _everything(local)
        samples = remote[[5, 119, 7, 7]]
        assert [bytes(s["data"]) for s in samples] == [bytes(s["data"]) for s in local[[5, 119, 7, 7]]]


def test_a_store_is_listed_written_and_cleared(server: Server) -> None:
    if isinstance(server, GoogleServer):
        pytest.skip("fake-gcs-server does not take the writes that obstore sends")
    storage = open_storage(server.url("other"))
    for name in ("a/1", "a/2", "b c"):
        storage.write_atomic(name, name.encode())
    assert list(storage.list("a/")) == ["a/1", "a/2"]
    assert storage.read("b c", 2) == b"c"
    storage.delete("a/1")
    assert not storage.exists("a/1")
    assert list(storage.list()) == ["a/2", "b c"]
