import gc
import threading
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, Sample, field
from kpl.dataset.batch import Head, Pixels
from kpl.dataset.loader import Loader
from kpl.dataset.order import Position
from kpl.errors import Conflict, Invalid


def _image_and_key(sample: Sample) -> tuple[memoryview, str]:
    return sample["image"], sample.key


def _row(sample: Sample) -> dict[str, Any]:
    return {"row": sample.row, "length": len(sample["image"]), "key": sample.key}


def _rows(loader: Loader) -> list[list[int]]:
    return [batch["row"].tolist() for batch in loader]


def _flat(batches: Iterable[list[int]]) -> list[int]:
    return [row for batch in batches for row in batch]


def test_an_epoch_gives_every_sample_once_in_the_same_order(detection: Dataset) -> None:
    first = _rows(Loader(detection, _row, batch_size=5, seed=3, num_threads=3))
    assert [len(batch) for batch in first] == [5, 5, 2]
    assert sorted(_flat(first)) == list(range(12))
    assert _rows(Loader(detection, _row, batch_size=5, seed=3, num_threads=1)) == first
    assert _rows(Loader(detection, _row, batch_size=5, seed=4)) != first


def test_each_epoch_has_an_order_of_its_own(detection: Dataset) -> None:
    loader = Loader(detection.split("train"), _row, batch_size=4)
    assert len(loader) == 2
    first, second = _rows(loader), _rows(loader)
    assert first != second
    assert sorted(_flat(first)) == sorted(_flat(second))


def test_resuming_gives_exactly_what_was_left(detection: Dataset) -> None:
    whole = _rows(Loader(detection, _row, batch_size=2, seed=8))
    loader = Loader(detection, _row, batch_size=2, seed=8)
    taken = []
    for batch in loader:
        taken.append(batch["row"].tolist())
        if len(taken) == 3:
            break
    position = loader.position
    assert position == Position(version=1, seed=8, epoch=0, position=6, order="rows")
    resumed = Loader(detection, _row, batch_size=2, start=position)
    assert len(resumed) == 3
    assert taken + _rows(resumed) == whole
    ranks = [
        _rows(Loader(detection, _row, batch_size=1, start=position, rank=r, world_size=2)) for r in (0, 1)
    ]
    together = [row for pair in zip(*ranks, strict=True) for batch in pair for row in batch]
    assert together == _flat(whole[3:])


def test_an_error_in_the_transform_comes_out(detection: Dataset) -> None:
    def fail(sample: Sample) -> int:
        if sample.row == 6:
            raise ValueError("row 6")
        return sample.row

    with pytest.raises(ValueError, match="row 6"):
        list(Loader(detection, fail, batch_size=2))


def test_damaged_samples_are_left_out_and_counted(detection: Dataset) -> None:
    image = bytes(detection[4]["image"])
    for file in (detection.path / "data" / "samples").iterdir():
        file.write_bytes(file.read_bytes().replace(image, bytes(len(image))))
    dataset = Dataset.open(detection.path, on_damage="skip")
    loader = Loader(dataset, _row, batch_size=3)
    assert sorted(_flat(_rows(loader))) == [row for row in range(12) if row != 4]
    assert [damage.row for damage in loader.damaged] == [4]


def test_a_position_of_another_version_is_refused(detection: Dataset) -> None:
    with pytest.raises(Conflict, match="version 9"):
        Loader(detection, _row, batch_size=1, start=Position(9, 0))
    with pytest.raises(Invalid, match="batch_size 0"):
        Loader(detection, _row, batch_size=0)


def test_a_position_goes_on_in_its_own_order(detection: Dataset) -> None:
    first = Loader(detection, _row, batch_size=3, seed=5, shuffle="blocks")
    expected = _flat(_rows(first))
    batches = iter(Loader(detection, _row, batch_size=3, seed=5, shuffle="blocks"))
    assert _flat([next(batches)["row"]]) == expected[:3]
    at = replace(Position(detection.version, 5), position=3, order="blocks")
    assert _flat(_rows(Loader(detection, _row, batch_size=3, start=at))) == expected[3:]
    with pytest.raises(Conflict, match="of the order 'blocks', not of 'rows'"):
        Loader(detection, _row, batch_size=3, start=at, shuffle="rows")
    with pytest.raises(Conflict, match="of the order 'blocks', not of 'stored'"):
        Loader(detection, _row, batch_size=3, start=at, is_shuffled=False)


def test_torch_gets_tensors(detection: Dataset, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from kpl.dataset.torch import TorchDataset, torch_loader

    def transform(sample: Sample) -> tuple[np.ndarray[Any, Any], int]:
        return sample["boxes"].sum(axis=0), sample.row

    sums, rows = next(iter(torch_loader(detection, transform, batch_size=4, is_shuffled=False)))
    assert sums.shape == (4, 4)
    assert sums.dtype == torch.float32
    assert rows.tolist() == [0, 1, 2, 3]
    loader: Callable[..., Any] = torch.utils.data.DataLoader
    batches = list(loader(TorchDataset(detection, _row), batch_size=5))
    assert _flat(batch["row"].tolist() for batch in batches) == list(range(12))


def test_no_more_batches_are_prepared_than_were_asked_for(detection: Dataset) -> None:
    begun: list[int] = []

    def note(sample: Sample) -> int:
        begun.append(sample.row)
        return sample.row

    batches = iter(Loader(detection, note, batch_size=2, num_threads=2, num_ahead=3))
    for num_taken in range(1, 4):
        next(batches)
        assert len(begun) <= 2 * (num_taken + 3)
    batches.close()  # type: ignore[attr-defined]
    inline = iter(Loader(detection, note, batch_size=2, num_threads=0, num_ahead=3))
    begun.clear()
    next(inline)
    assert len(begun) == 2


@pytest.mark.parametrize("fields", [None, {"image": Pixels(2, 2), "key": None}])
def test_a_loader_that_is_left_ends_its_threads(detection: Dataset, fields: Any) -> None:
    def threads() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name.startswith("kpl-loader")]

    def fail(sample: Sample) -> int:
        raise ValueError(f"row {sample.row}")

    transform = None if fields else _row
    for _ in Loader(detection, transform, fields=fields, batch_size=2, num_threads=3):
        assert threads()
        break
    gc.collect()
    assert threads() == []
    batches = iter(Loader(detection, transform, fields=fields, batch_size=2, num_threads=3))
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert threads() == []
    with pytest.raises(ValueError, match="row "):
        list(Loader(detection, fail, batch_size=2, num_threads=3))
    assert threads() == []


def test_a_pass_over_large_blobs_takes_little_memory(tmp_path: Path) -> None:
    blob = np.random.default_rng(0).bytes(1 << 20)
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        for number in range(24):
            writer.add(str(number), data=blob[number:])
    del blob
    dataset = Dataset.open(tmp_path / "set")
    ways: list[Callable[[], Iterable[Any]]] = [
        lambda: dataset.tuples("data"),
        lambda: dataset.tuples("data", as_bytes=True),
        lambda: dataset.loader({"data": Head(1 << 20)}, batch_size=1, num_threads=2, num_ahead=2),
        lambda: dataset.loader({"data": None}, batch_size=4, num_threads=2),
    ]
    for way in ways:
        tracemalloc.start()
        assert sum(1 for _ in way()) in (24, 6)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6 << 20, "more than the batches in preparation and in use"


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_of_torch_give_the_same(detection: Dataset, method: str) -> None:
    torch = pytest.importorskip("torch")
    from kpl.dataset.torch import whole

    data = detection.torch({"image": Head(9), "width": None})
    loader: Callable[..., Any] = torch.utils.data.DataLoader
    one, many = (
        list(loader(data, batch_size=5, collate_fn=whole, num_workers=n, multiprocessing_context=context))
        for n, context in ((0, None), (2, method))
    )
    assert [batch["image"].tolist() for batch in many] == [batch["image"].tolist() for batch in one]
    assert [len(batch["width"]) for batch in many] == [5, 5, 2]


@pytest.mark.parametrize("what", [["image"], _image_and_key])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_of_torch_send_blobs(detection: Dataset, what: Any) -> None:
    torch = pytest.importorskip("torch")
    from kpl.dataset.torch import whole

    # a blob is part of a mapped file, for which nothing came and the loader waited for ever
    options = {"batch_size": 12, "collate_fn": whole, "num_workers": 1, "timeout": 60}
    loader: Callable[..., Any] = torch.utils.data.DataLoader
    [batch] = loader(detection.torch(what), multiprocessing_context="fork", **options)
    images = batch["image"] if isinstance(batch, dict) else [image for image, _ in batch]
    assert images == [bytes(sample["image"]) for sample in detection]
