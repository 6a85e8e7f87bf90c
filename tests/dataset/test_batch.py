"""Loaders of fields: what a batch holds, whatever the number of threads and ranks."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.batch import BatchBuilder, Head, Pixels
from kpl.dataset.errors import BadSample, DatasetDamaged
from kpl.dataset.loader import Loader
from kpl.dataset.pixels import decode_image, decode_into
from kpl.errors import Invalid, NotFound

FIELDS = {"key": None, "image": None, "width": None, "boxes": None}


def _keys(batches: Loader) -> list[str]:
    return [key for batch in batches for key in batch["key"]]


def test_a_batch_holds_what_its_samples_hold(detection: Dataset) -> None:
    for dataset in (detection, detection.split("train")):
        for num_threads in (0, 1, 3):
            loader = dataset.loader(FIELDS, batch_size=5, seed=3, num_threads=num_threads)
            for batch in loader:
                for place, key in enumerate(batch["key"]):
                    sample = dataset.find(key)
                    assert batch["image"][place] == sample["image"]
                    assert batch["width"][place] == sample["width"]
                    begin, end = batch["boxes"].offsets[place : place + 2]
                    assert np.array_equal(batch["boxes"].values[begin:end], sample["boxes"])


def test_ranks_and_resumed_loaders_share_one_order(detection: Dataset) -> None:
    whole = _keys(detection.loader(["key"], batch_size=2, seed=1))
    assert sorted(whole) == sorted(detection.columns("key"))
    first = detection.loader(["key"], batch_size=2, seed=1)
    batches = iter(first)
    taken = [key for _ in range(2) for key in next(batches)["key"]]
    batches.close()  # type: ignore[attr-defined]
    ranks = [
        [
            batch["key"]
            for batch in detection.loader(
                ["key"], batch_size=1, start=first.position, rank=rank, world_size=4
            )
        ]
        for rank in range(4)
    ]
    assert [len(batches) for batches in ranks] == [2] * 4
    rest = [key for step in zip(*ranks, strict=True) for batch in step for key in batch]
    assert taken + rest == whole


def test_heads_are_cut_or_filled_with_zeros(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        for i in range(6):
            writer.add(str(i), data=bytes([i]) * i)
    dataset = Dataset.open(tmp_path / "set")
    [batch] = dataset.loader({"data": Head(3)}, batch_size=6, is_shuffled=False)
    assert batch["data"].tolist() == [[0, 0, 0], [1, 0, 0], [2, 2, 0], [3, 3, 3], [4, 4, 4], [5, 5, 5]]
    assert batch["data"].flags.writeable


def test_images_are_decoded_into_their_place(detection: Dataset) -> None:
    fields = {"image": Pixels(3, 4, decoder="pillow"), "key": None}
    for num_threads in (0, 1, 2):
        [batch] = detection.loader(fields, batch_size=64, num_threads=num_threads)
        for pixels, key in zip(batch["image"], batch["key"], strict=True):
            assert np.array_equal(pixels, decode_image(detection.find(key)["image"], size=(3, 4)))


def test_many_threads_decode_one_batch(detection: Dataset) -> None:
    builder = BatchBuilder(detection, {"image": Pixels(2, 2)})
    assert builder.num_chunks(64, 4) == 4
    assert builder.num_chunks(6, 4) == 1
    dataset = detection.select(np.arange(48) % 12)
    one, many = (
        next(iter(dataset.loader({"image": Pixels(2, 2)}, batch_size=48, num_threads=n))) for n in (1, 4)
    )
    assert np.array_equal(one["image"], many["image"])


def test_opencv_and_pillow_give_nearly_the_same(detection: Dataset) -> None:
    pytest.importorskip("cv2", reason="opencv-python-headless is not installed")
    for channels in (1, 3):
        one, other = (np.empty((3, 4, channels), np.uint8) for _ in range(2))
        decode_into(detection[0]["image"], one, decoder="opencv")
        decode_into(detection[0]["image"], other, decoder="pillow")
        assert np.abs(one.astype(int) - other).max() <= 1


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("image", "image")]) as writer:
        writer.add("a", image=b"no image")
    with pytest.raises(BadSample, match="field 'image' of row 0: The image cannot be decoded"):
        list(Dataset.open(tmp_path / "set").loader({"image": Pixels(2, 2)}, batch_size=1))


@pytest.mark.parametrize("fields", [{"image": None, "key": None}, {"image": Pixels(2, 2), "key": None}])
@pytest.mark.parametrize("num_threads", [0, 2])
def test_damaged_samples_are_left_out_of_batches(detection: Dataset, fields: Any, num_threads: int) -> None:
    image = bytes(detection[4]["image"])
    for file in (detection.path / "data" / "samples").iterdir():
        file.write_bytes(file.read_bytes().replace(image, bytes(len(image))))
    loader = Dataset.open(detection.path, on_damage="skip").loader(
        fields, batch_size=4, num_threads=num_threads
    )
    assert len(_keys(loader)) == 11
    assert [damage.row for damage in loader.damaged] == [4]
    with pytest.raises(DatasetDamaged, match="row 4 "):
        list(Dataset.open(detection.path).loader(fields, batch_size=4, num_threads=num_threads))


def test_fields_that_do_not_fit_are_refused(detection: Dataset) -> None:
    with pytest.raises(NotFound, match="Did you mean 'image'"):
        detection.loader(["imag"], batch_size=1)
    with pytest.raises(Invalid, match="holds no blobs"):
        detection.loader({"width": Pixels(2, 2)}, batch_size=1)
    with pytest.raises(Invalid, match="either a transform or fields"):
        Loader(detection, batch_size=1)


def test_all_columns_come_as_arrays(detection: Dataset) -> None:
    arrays = detection.numpy()
    assert "image" not in arrays
    assert arrays["width"].tolist() == [4] * 12
    assert set(detection.numpy("key")) == {"key"}


def test_a_loader_pickles_to_few_bytes_and_goes_on(detection: Dataset) -> None:
    loader = detection.split("train").loader(["key"], batch_size=3, seed=5)
    expected = _keys(pickle.loads(pickle.dumps(loader)))
    assert _keys(loader) == expected


def test_torch_gets_whole_batches(detection: Dataset) -> None:
    torch = pytest.importorskip("torch")
    from kpl.dataset.torch import torch_loader, whole

    data = detection.torch({"image": Pixels(2, 2), "width": None, "boxes": None})
    assert len(pickle.dumps(data)) < 400 + len(str(detection.path))
    loader: Callable[..., Any] = torch.utils.data.DataLoader
    for batch in loader(pickle.loads(pickle.dumps(data)), batch_size=5, collate_fn=whole):
        assert batch["image"].shape[1:] == (2, 2, 3)
        assert batch["boxes"][0].dtype == torch.int64
    assert detection.torch(["key"])[3]["key"] == [detection[3].key]
    [batch] = torch_loader(detection, fields=["width"], batch_size=20)
    assert batch["width"].tolist() == [4] * 12


def test_arrow_gets_the_same(detection: Dataset) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    table = detection.arrow()
    assert table["key"].to_pylist() == detection.columns("key").tolist()
    assert table["boxes"].to_pylist() == [sample["boxes"].tolist() for sample in detection]


def test_tensorflow_gets_the_same(detection: Dataset) -> None:
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    names = [name for name in detection.fields if name != "attributes"]
    batches = list(detection.split("train").tf([*names, "attributes"], batch_size=5, num_threads=2))
    assert [batch["width"].shape[0] for batch in batches] == [5, 3]
    for batch in batches:
        for place, key in enumerate(batch["key"].numpy()):
            sample = detection.find(key.decode())
            assert batch["image"][place].numpy() == bytes(sample["image"])
            assert batch["attributes"][place].numpy() == b"null"
            for name in ("width", "channels", "boxes", "labels", "difficult"):
                assert batch[name][place].numpy().tolist() == np.asarray(sample[name]).tolist()
    data = detection.tf({"image": Pixels(2, 2), "key": None}, batch_size=12, seed=3)
    assert data.element_spec["image"].shape.as_list() == [None, 2, 2, 3]
    first, second = ([key for batch in data for key in batch["key"].numpy()] for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)
    whole = data.map(lambda batch: tf.reduce_sum(tf.cast(batch["image"], tf.int64))).prefetch(1)
    expected = next(iter(detection.loader({"image": Pixels(2, 2)}, batch_size=12)))["image"].sum()
    assert [int(total) for total in whole] == [expected]
    assert list(detection.select([]).tf(["key", "boxes"], batch_size=5)) == []


def test_tensorflow_gets_every_type_but_no_gaps(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    fields = [
        field("half", "embedding", dtype="float16", shape=(2,)),
        field("json", "json"),
        field("raw", "bytes"),
        field("points", "landmarks"),
        field("gaps", "int32", is_optional=True),
        field("word", "text", is_optional=True),
    ]
    with DatasetWriter(tmp_path / "set", kind="custom", fields=fields) as writer:
        for i in range(6):
            writer.add(
                str(i),
                half=[i, 1],
                json={"i": i},
                raw=b"\xff" * i,
                points=np.full((i, 5, 2), i),
                gaps=i if i < 3 else None,
                word="x" if i < 3 else None,
            )
    dataset = Dataset.open(tmp_path / "set")
    [batch] = dataset.tf(["half", "json", "raw", "points"], batch_size=6, is_shuffled=False)
    assert batch["half"].numpy().tolist() == [[i, 1] for i in range(6)]
    assert batch["json"].numpy().tolist() == [b'{"i":%d}' % i for i in range(6)]
    assert batch["raw"].numpy().tolist() == [b"\xff" * i for i in range(6)]
    assert [len(batch["points"][i]) for i in range(6)] == list(range(6))
    for name in ("gaps", "word"):
        [batch] = dataset.select([0, 1, 2]).tf([name], batch_size=3, is_shuffled=False)
        assert batch[name].shape == [3]
        with pytest.raises(Invalid, match=f"'{name}' has no value in some samples"):
            dataset.select([4]).tf([name], batch_size=3)
        with pytest.raises(tf.errors.OpError, match=f"'{name}' has no value in some samples"):
            list(dataset.tf([name], batch_size=6, is_shuffled=False))
