import multiprocessing
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetDamaged, Kind, NotADataset, TupleView
from kpl.errors import Invalid, NotFound


def test_a_dataset_says_what_it_is(detection: Dataset) -> None:
    assert len(detection) == 12
    assert detection.kind == Kind.DETECTION
    assert detection.class_names == ("cat", "dog")
    assert detection.splits == {"train": 8, "val": 4}
    assert detection.layers == ("samples", "labels")
    assert list(detection.fields) == [
        "key", "image", "width", "height", "channels", "boxes", "labels", "difficult", "truncated",
        "attributes",
    ]  # fmt: skip
    assert detection.version == 1
    assert len(detection.digest) == 64


def test_samples_come_by_position_slice_list_and_mask(detection: Dataset) -> None:
    assert detection[0].key == "folder 0/0.png"
    assert detection[-1].row == 11
    assert detection[int(np.int64(2))].row == 2
    assert [sample.row for sample in detection[2:5]] == [2, 3, 4]
    assert [sample.row for sample in detection[[7, 0, 7]]] == [7, 0, 7]
    mask = np.zeros(12, bool)
    mask[4] = True
    assert [sample.row for sample in detection[mask]] == [4]
    assert [sample.row for sample in detection] == list(range(12))


def test_positions_that_there_are_not_raise_index_error(detection: Dataset) -> None:
    for position in (12, -13):
        with pytest.raises(IndexError):
            detection[position]
    with pytest.raises(IndexError):
        detection.split("val").tuples("label" if "label" in detection.fields else "key")[4]
    with pytest.raises(TypeError):
        detection[["a"]]  # type: ignore[list-item]


def test_a_sample_is_a_mapping_read_in_place(detection: Dataset) -> None:
    sample = detection[7]
    assert isinstance(sample["image"], memoryview)
    assert sample["image"].readonly
    assert sample["boxes"].dtype == np.float32
    assert sample["boxes"].tolist() == [[0, 0, 1, 2], [1, 0, 2, 2], [2, 0, 3, 2]]
    assert sample["labels"].tolist() == [0, 1, 0]
    assert sample["difficult"].tolist() == [False] * 3
    assert sample.split == "train"
    assert set(sample) == set(detection.fields) == set(sample.fields)
    assert "nothing" not in sample
    with pytest.raises(NotFound, match="Did you mean 'boxes'"):
        sample["boxs"]


def test_get_gives_the_default_for_a_field_that_there_is_not(detection: Dataset) -> None:
    sample = detection[0]
    assert sample.get("width") == sample["width"]
    assert sample.get("wdith") is None
    assert sample.get("wdith", 7) == 7
    assert "wdith" not in sample
    with pytest.raises(NotFound, match="wdith"):
        sample["wdith"]


def test_a_split_is_a_view(detection: Dataset) -> None:
    val = detection.split("val")
    assert len(val) == 4
    assert [sample.row for sample in val] == [0, 3, 6, 9]
    assert {sample.split for sample in val} == {"val"}
    assert val.columns("key").tolist() == [sample.key for sample in val]
    assert val.columns("boxes").lengths.tolist() == [len(sample["boxes"]) for sample in val]
    assert [sample.row for sample in val.select([3, 1])] == [9, 3]
    with pytest.raises(NotFound, match="Did you mean 'val'"):
        detection.split("vale")


def test_columns_span_shards_without_touching_images(detection: Dataset) -> None:
    assert len(list((detection.path / "data" / "samples").iterdir())) > 1
    shutil.rmtree(detection.path / "data")
    fresh = Dataset.open(detection.path)
    columns = fresh.columns("width", "key")
    assert columns["width"].tolist() == [4] * 12
    assert fresh.columns("boxes").offsets.tolist()[:5] == [0, 0, 1, 3, 6]
    with pytest.raises(Invalid, match="holds blobs"):
        fresh.columns("image")


def test_tuples_are_the_same_by_position_in_order_and_in_batches(detection: Dataset) -> None:
    for names in (("image", "width"), ("key",), ("key", "labels", "channels")):
        for dataset in (detection, detection.split("train")):
            view = dataset.tuples(*names)
            expected = [tuple(sample[name] for name in names) for sample in dataset]
            order = [3, 0, 7, 3]
            for found, wanted in (
                (list(view), expected),
                (list(view), expected),
                ([view[i] for i in range(-1, len(view))], [expected[-1], *expected]),
                (view.take(order), [expected[i] for i in order]),
            ):
                assert str(found) == str(wanted) or all(
                    np.array_equal(a, b)
                    for x, y in zip(found, wanted, strict=True)
                    for a, b in zip(x, y, strict=True)
                )


def test_small_blobs_come_as_bytes_where_that_is_asked_for(detection: Dataset) -> None:
    for dataset in (detection, detection.split("train"), Dataset.open(detection.path, verify="always")):
        for names in (("image", "width"), ("image",), ("key", "image", "labels")):
            views = dataset.tuples(*names)
            copies: TupleView = pickle.loads(pickle.dumps(dataset.tuples(*names, as_bytes=True)))
            place = names.index("image")
            assert {type(row[place]) for row in copies} == {bytes}
            for found, wanted in (
                (list(copies), list(views)),
                ([copies[i] for i in (-1, 2)], [views[len(views) - 1], views[2]]),
                (copies.take([3, 0, 3]), views.take(np.array([3, 0, 3]))),
            ):
                assert [row[place] for row in found] == [row[place] for row in wanted]
            for position in (len(copies), -len(copies) - 1):
                with pytest.raises(IndexError, match=f"sample {position} of {len(copies)}"):
                    copies[position]


def test_one_shard_is_read_like_many(classification: Dataset) -> None:
    view = classification.tuples("image", "label")
    expected = [(sample["image"], sample["label"]) for sample in classification]
    for _ in range(2):  # unchecked and checked
        assert [view[i] for i in range(-10, 10)] == expected * 2
        assert view.take([9, 0, 9]) == [expected[9], expected[0], expected[9]]
        assert list(view) == expected
        for position in (10, -11):
            with pytest.raises(IndexError, match=f"sample {position} of 10"):
                view[position]
        with pytest.raises(IndexError, match="positions 0 to 10 of 10"):
            view.take([0, 10])
    assert all(isinstance(view[i][0], memoryview) for i in range(10))
    again: TupleView = pickle.loads(pickle.dumps(view))
    assert again[3] == expected[3]
    assert isinstance(again, TupleView)


def test_a_sample_is_found_by_its_key(detection: Dataset) -> None:
    assert detection.find("folder 1/3.png").row == 3
    with pytest.raises(NotFound, match=r"no sample 'folder 1/33\.png'"):
        detection.find("folder 1/33.png")


def test_a_dataset_pickles_to_few_bytes(detection: Dataset) -> None:
    for dataset in (detection, detection.split("val"), detection.select([5, 2])):
        data = pickle.dumps(dataset)
        again: Dataset = pickle.loads(data)
        assert [sample.key for sample in again] == [sample.key for sample in dataset]
    assert len(pickle.dumps(detection.split("val"))) < 120 + len(str(detection.path))


def _keys(dataset: Dataset) -> list[str]:
    return [sample.key for sample in dataset if len(sample["image"])]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_read_the_same(detection: Dataset, method: str) -> None:
    expected = _keys(detection)
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.starmap_async(Dataset.columns, [(detection, "key")] * 2).get(timeout=60)
    assert [keys.tolist() for keys in found] == [expected, expected]
    images = detection.tuples("image", as_bytes=True)
    with multiprocessing.get_context(method).Pool(2) as pool:
        blobs = pool.starmap_async(TupleView.take, [(images, list(range(12)))] * 2).get(timeout=60)
    assert blobs == [images.take(list(range(12)))] * 2


def test_threads_read_the_same(detection: Dataset) -> None:
    fresh = Dataset.open(detection.path)
    with ThreadPoolExecutor(8) as pool:
        assert len({tuple(keys) for keys in pool.map(_keys, [fresh] * 16)}) == 1


def _damage(dataset: Dataset, row: int) -> None:
    image = bytes(dataset[row]["image"])
    for file in (dataset.path / "data" / "samples").iterdir():
        content = file.read_bytes()
        if image in content:
            file.write_bytes(content.replace(image, image[:-1] + bytes([image[-1] ^ 1])))


def test_damage_is_named_and_can_be_skipped(detection: Dataset) -> None:
    _damage(detection, 5)
    for verify in ("once", "always"):
        damaged = Dataset.open(detection.path, verify=verify)
        with pytest.raises(DatasetDamaged, match=r"data/samples/\w+\.kpl: field 'image' of row 5 "):
            damaged[5]["image"]
        assert damaged[5]["width"] == 4
        with pytest.raises(DatasetDamaged):
            list(damaged.tuples("image"))
    skipping = Dataset.open(detection.path, on_damage="skip")
    assert [sample.row for sample in skipping] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert [damage.row for damage in skipping.damaged] == [5]
    assert len(Dataset.open(detection.path, verify="never")[5]["image"]) == len(detection[5]["image"])


def test_folders_that_are_no_dataset_are_named(tmp_path: Path, detection: Dataset) -> None:
    with pytest.raises(NotADataset, match="is not a folder"):
        Dataset.open(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotADataset, match="is not a KPL Dataset"):
        Dataset.open(tmp_path / "empty")
    with pytest.raises(NotADataset, match=r"no version 7\. It has: 1\."):
        Dataset.open(detection.path, version=7)
    with pytest.raises(Invalid, match="verify='ones'"):
        Dataset.open(detection.path, verify="ones")  # type: ignore[arg-type]


def test_a_stale_or_missing_head_does_no_harm(detection: Dataset) -> None:
    (detection.path / "HEAD").unlink()
    assert Dataset.open(detection.path).version == 1
