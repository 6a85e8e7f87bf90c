"""A real web server, a proxy with the faults of a network, and the same samples as from the disk."""

import multiprocessing
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xxhash import xxh3_64_intdigest

from kpl.dataset import Dataset, DatasetDamaged, DatasetWriter, NotADataset, Sample, UnsupportedFormat, field
from kpl.dataset.loader import Loader
from kpl.dataset.order import WINDOW_BLOCKS
from kpl.dataset.ranges import coalesce
from kpl.dataset.references import Reference
from kpl.dataset.remote import RemoteSnapshot
from kpl.dataset.verify import verify
from kpl.errors import Invalid
from kpl.storage.cache import BLOCK_BYTES, BlockCache
from kpl.testing.faulty_proxy import FaultyProxy
from kpl.testing.nginx import has_nginx, nginx

pytestmark = pytest.mark.skipif(not has_nginx(), reason="nginx is not installed")

_NUM_ROWS = 300
Sums = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 samples of 0 to 40 KB in three shards, with vectors wide enough to stand outside the index."""
    root = tmp_path_factory.mktemp("remote")
    fields = [field("data", "blob"), field("n", "int32"), field("vector", "embedding", shape=(80,))]
    generator = np.random.default_rng(0)
    with DatasetWriter(
        root / "set", kind="custom", fields=fields, shard_bytes=2 << 20, block_bytes=1 << 18
    ) as writer:
        for i in range(_NUM_ROWS):
            data = generator.bytes(int(generator.integers(0, 40_000)))
            split = "train" if i % 3 else "val"
            writer.add(f"{i}", split=split, data=data, n=i, vector=np.full(80, i, np.float32))
    assert len(list((root / "set" / "data" / "samples").iterdir())) >= 3
    return root


@pytest.fixture(scope="module")
def port(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with nginx(folder, tmp_path_factory.mktemp("nginx")) as port:
        yield port


def _sums(dataset: Dataset) -> Sums:
    return [(sample.key, len(sample["data"]), sum(sample["data"][:50])) for sample in dataset]


_WAYS: dict[str, Callable[[Dataset], Any]] = {
    "one after another": _sums,
    "in tuples": lambda d: [(key, bytes(data)) for key, data in d.tuples("key", "data")],
    "by position": lambda d: [bytes(d[i]["data"]) for i in (5, 299, 0, 1, 2, 2, 3, 150, 151, 152)],
    "many at once": lambda d: [bytes(s["data"]) for s in d[[200, 7, 7, 100, 8, 9]]],
    "a slice": lambda d: [bytes(s["data"]) for s in d[90:130]],
    "a batch": lambda d: [(bytes(data), n) for data, n in d.tuples("data", "n").take([1, 299, 2, 130])],
    "a split": lambda d: _sums(d.split("val")),
    "columns": lambda d: (d.columns("n").tolist(), d.columns("vector").sum(axis=1).tolist()),
    "batches": lambda d: [
        [bytes(blob) for blob in batch["data"]] for batch in d.loader(["data"], batch_size=64, seed=4)
    ],
}


@pytest.mark.parametrize("way", list(_WAYS))
def test_every_way_to_read_gives_what_the_folder_gives(folder: Path, port: int, way: str) -> None:
    read = _WAYS[way]
    expected = read(Dataset.open(folder / "set"))
    assert read(Dataset.open(f"http://127.0.0.1:{port}/set")) == expected
    assert read(Dataset.open(f"http://127.0.0.1:{port}/set", verify="never")) == expected


def test_a_network_with_faults_gives_the_same(folder: Path, port: int) -> None:
    local = Dataset.open(folder / "set")
    with FaultyProxy(
        port, latency_s=0.002, error_rate=0.05, cut_rate=0.05, corrupt_rate=0.05, seed=3
    ) as proxy:
        for way in ("one after another", "in tuples", "many at once", "batches", "columns"):
            assert _WAYS[way](Dataset.open(f"{proxy.url}/set")) == _WAYS[way](local)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of two rows, so that 300 samples are several windows."""
    monkeypatch.setattr("kpl.dataset.snapshot._BLOCK_BYTES", 50_000)


def _loaded(dataset: Dataset, **options: Any) -> list[list[bytes]]:
    loader = dataset.loader(["data"], batch_size=8, seed=4, shuffle="blocks", **options)
    return [[bytes(blob) for blob in batch["data"]] for batch in loader]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("options", [{}, {"is_shuffled": False}, {"drop_last": True}, {"num_threads": 0}])
def test_an_epoch_in_blocks_is_the_same_over_the_network(
    folder: Path, port: int, options: dict[str, Any]
) -> None:
    local = Dataset.open(folder / "set")
    with FaultyProxy(port, error_rate=0.05, cut_rate=0.05, corrupt_rate=0.05, seed=5) as proxy:
        remote = Dataset.open(f"{proxy.url}/set")
        for rank in range(2):
            expected = _loaded(local, rank=rank, world_size=2, **options)
            assert _loaded(remote, rank=rank, world_size=2, **options) == expected
        assert _loaded(remote.split("val"), **options) == _loaded(local.split("val"), **options)


@pytest.mark.usefixtures("small_blocks")
def test_an_epoch_in_blocks_takes_a_request_a_block(port: int) -> None:
    with FaultyProxy(port) as proxy:
        dataset = Dataset.open(f"{proxy.url}/set")
        opened, before = len(proxy.requests), proxy.num_bytes
        passed = [len(blob) for batch in _loaded(dataset) for blob in batch]
        assert len(passed) == _NUM_ROWS
        assert proxy.num_bytes - before <= 1.2 * sum(passed)  # small gaps are fetched along
        assert dataset.snapshot.block_rows == 2
        assert len(proxy.requests) - opened <= _NUM_ROWS / 2


@pytest.mark.usefixtures("small_blocks")
def test_what_a_transform_reads_is_fetched_ahead_once_it_is_known(folder: Path, port: int) -> None:
    def row(sample: Sample) -> tuple[int, int]:
        return sample.row, len(sample["data"])

    options: dict[str, Any] = {"batch_size": 8, "collate": list, "shuffle": "blocks"}
    expected = list(Loader(Dataset.open(folder / "set"), row, **options))
    with FaultyProxy(port) as proxy:
        dataset = Dataset.open(f"{proxy.url}/set")
        loader = Loader(dataset, row, **options)
        opened = len(proxy.requests)
        assert list(loader) == expected
        first = len(proxy.requests) - opened
        list(loader)
        assert len(proxy.requests) - opened - first <= first


@pytest.mark.usefixtures("small_blocks")
def test_a_loader_holds_two_windows_and_leaves_nothing(port: int) -> None:
    dataset = Dataset.open(f"http://127.0.0.1:{port}/set")
    snapshot = dataset.snapshot
    assert isinstance(snapshot, RemoteSnapshot)

    def num_held() -> int:
        return sum(map(len, snapshot.ranges.held.values()))

    num_window = WINDOW_BLOCKS * snapshot.block_rows
    for stop_after in (1, 5, 1000):
        most = 0
        loader = iter(dataset.loader(["data"], batch_size=8, shuffle="blocks"))
        for number, _ in enumerate(loader):
            most = max(most, num_held())
            if number == stop_after:
                break
        loader.close()  # type: ignore[attr-defined]
        assert num_held() == 0
        assert 0 < most <= 3 * num_window  # the last window may be as large as two


def test_the_first_sample_takes_two_rounds(port: int) -> None:
    with FaultyProxy(port) as proxy:
        dataset = Dataset.open(f"{proxy.url}/set")
        assert sorted(path for path, _ in proxy.requests) == [
            "/set/HEAD", "/set/index/00000001.kpi", "/set/manifest/00000001.kpm",
        ]  # fmt: skip
        dataset[0]["data"]
        assert len(proxy.requests) == 4


def test_only_what_is_asked_for_is_fetched(port: int) -> None:
    with FaultyProxy(port) as proxy:
        dataset = Dataset.open(f"{proxy.url}/set")
        dataset.columns("n", "key")
        opened, before = len(proxy.requests), proxy.num_bytes
        assert opened == 3
        samples = dataset[list(range(0, 300, 17))]
        wanted = sum(len(sample["data"]) for sample in samples)
        assert proxy.num_bytes - before <= 1.1 * wanted
        before, count = proxy.num_bytes, len(proxy.requests)
        passed = sum(len(sample["data"]) for sample in dataset)
        assert proxy.num_bytes - before <= 1.1 * passed
        assert len(proxy.requests) - count < _NUM_ROWS / 4


def test_neighbours_come_in_one_range() -> None:
    begins = np.array([1000, 64, 500, 10_000_000, 9_950_000])
    ranges = coalesce(begins, begins + 100)
    assert [(each.begin, each.end, each.places) for each in ranges] == [
        (64, 1100, [1, 2, 0]), (9_950_000, 9_950_100, [4]), (10_000_000, 10_000_100, [3]),
    ]  # fmt: skip
    assert coalesce(np.array([], np.int64), np.array([], np.int64)) == []


def test_a_cache_spares_the_network(folder: Path, port: int, tmp_path: Path) -> None:
    expected = _sums(Dataset.open(folder / "set"))
    with FaultyProxy(port, corrupt_rate=0.1, seed=2) as proxy:
        cache = BlockCache(tmp_path / "cache", 64 * BLOCK_BYTES)
        first = Dataset.open(f"{proxy.url}/set", cache=cache)
        assert _sums(first) == expected
        count = len(proxy.requests)
        again: Dataset = pickle.loads(pickle.dumps(first))
        assert _sums(again) == expected
        shards = [path for path, _ in proxy.requests[count:] if "/data/" in path]
        assert shards == []


def test_a_remote_dataset_pickles_to_few_bytes(port: int) -> None:
    dataset = Dataset.open(f"http://127.0.0.1:{port}/set")
    assert len(pickle.dumps(dataset)) < 200
    assert len(pickle.dumps(dataset.split("train"))) < 200


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_read_over_connections_of_their_own(folder: Path, port: int, method: str) -> None:
    dataset = Dataset.open(f"http://127.0.0.1:{port}/set")
    dataset[3]["data"]
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.starmap_async(Dataset.columns, [(dataset, "vector")] * 2).get(timeout=60)
    expected = Dataset.open(folder / "set").columns("vector")
    assert all(np.array_equal(each, expected) for each in found)


def test_a_reader_that_stops_early_leaves_no_work(port: int) -> None:
    with FaultyProxy(port, latency_s=0.01) as proxy:
        stream = iter(Dataset.open(f"{proxy.url}/set").tuples("data"))
        for _ in range(3):
            next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert len(proxy.requests) < 24


def test_what_is_not_there_or_damaged_is_named(folder: Path, port: int, tmp_path: Path) -> None:
    with pytest.raises(NotADataset, match="has no HEAD"):
        Dataset.open(f"http://127.0.0.1:{port}/nothing")
    with pytest.raises(NotADataset, match="no version 7"):
        Dataset.open(f"http://127.0.0.1:{port}/set", version=7)
    with pytest.raises(Invalid, match=r"no storage is known for 'htp://'"):
        Dataset.open("htp://example.org/set")


def test_damage_at_the_server_is_named(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "web" / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        for i in range(9):
            writer.add(str(i), data=bytes([i]) * 1000)
    [shard] = (tmp_path / "web" / "set" / "data" / "samples").iterdir()
    shard.write_bytes(shard.read_bytes().replace(bytes([5]) * 1000, bytes(1000)))
    with nginx(tmp_path / "web", tmp_path / "nginx") as port:
        dataset = Dataset.open(f"http://127.0.0.1:{port}/set", on_damage="skip")
        for read in (lambda: dataset[5]["data"], lambda: list(dataset.tuples("data").take([4, 5]))):
            with pytest.raises(DatasetDamaged, match=r"samples/\w+\.kpl: field 'data' of row 5 "):
                read()
        for _ in range(2):
            assert [sample.row for sample in dataset] == [0, 1, 2, 3, 4, 6, 7, 8]
        shard.unlink()
        with pytest.raises(DatasetDamaged, match="the file is missing"):
            dataset[0]["data"]


def test_a_dataset_at_an_address_is_verified(folder: Path, port: int, tmp_path: Path) -> None:
    with FaultyProxy(port, error_rate=0.05, cut_rate=0.05, corrupt_rate=0.05, seed=6) as proxy:
        assert verify(f"{proxy.url}/set") == verify(folder / "set")
    with pytest.raises(NotADataset, match="no version 7"):
        verify(f"http://127.0.0.1:{port}/set", version=7)
    with pytest.raises(NotADataset, match="has no HEAD"):
        verify(f"http://127.0.0.1:{port}/nothing")
    shutil.copytree(folder / "set", tmp_path / "web" / "set")
    first, second, *_ = sorted((tmp_path / "web" / "set" / "data" / "samples").iterdir())
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.unlink()
    with nginx(tmp_path / "web", tmp_path / "nginx") as damaged:
        found = verify(f"http://127.0.0.1:{damaged}/set")
    assert found.problems == verify(tmp_path / "web" / "set").problems
    files = {problem.file for problem in found.problems}
    assert files == {f"data/samples/{first.name}", f"data/samples/{second.name}"}
    assert any(problem.row >= 0 and problem.field for problem in found.problems)


def test_the_newest_of_several_versions_is_read(tmp_path: Path) -> None:
    root = tmp_path / "web" / "set"
    for number in range(3):
        with DatasetWriter(root, kind="custom", fields=[field("n", "int32")], append=number > 0) as writer:
            writer.add(str(number), n=number)
    with nginx(tmp_path / "web", tmp_path / "nginx") as port:
        url = f"http://127.0.0.1:{port}/set"
        assert Dataset.open(url).columns("n").tolist() == [0, 1, 2]
        assert Dataset.open(url, version=2).columns("n").tolist() == [0, 1]
        whole = (root / "HEAD").read_bytes()
        for place in range(len(whole)):
            (root / "HEAD").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(DatasetDamaged, match=r"/set/HEAD: .* is no number of a version"):
                Dataset.open(url)
        (root / "HEAD").write_bytes(b"2\n")
        assert Dataset.open(url).version == 2


def test_an_index_in_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "x").write_bytes(b"abc")
    with DatasetWriter(tmp_path / "web" / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        writer.add("a", data=Reference("../x", 3, 0, 3, xxh3_64_intdigest(b"abc")))
    with nginx(tmp_path / "web", tmp_path / "nginx") as port:
        dataset = Dataset.open(f"http://127.0.0.1:{port}/set")
        with pytest.raises(UnsupportedFormat, match="lies in files beside the dataset"):
            dataset[0]["data"]
