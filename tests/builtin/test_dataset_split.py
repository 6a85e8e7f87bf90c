"""The built-in split, run as the platform runs it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter

if TYPE_CHECKING:
    from tests.builtin.conftest import EncodePng, MakeTask

NAME = "dataset_split"


@pytest.fixture
def dataset(tmp_path: Path, encode_png: "EncodePng") -> Path:
    """100 samples of class `many`, 20 of class `few`; 10 of them are the test split."""
    path = tmp_path / "dataset"
    write(path, encode_png, range(120), test=range(0, 120, 12))
    return path


def write(path: Path, encode_png: "EncodePng", numbers: range, *, test: range = range(0)) -> None:
    with DatasetWriter(path, kind="classification", class_names=["many", "few"]) as writer:
        for number in numbers:
            image = encode_png(np.full((2, 2), number % 251, np.uint8))
            split = "test" if number in test else None
            writer.add(key=f"{number}.png", image=image, label=int(number % 6 == 0), split=split)


def keys(dataset: Dataset, split: str) -> set[str]:
    return set(dataset.split(split).columns("key"))


def test_every_class_is_divided_by_the_shares(make_task: "MakeTask", dataset: Path) -> None:
    task = make_task(
        NAME, "process", inputs={"dataset": dataset}, train=0.5, val=0.25, test=0.25, keep_test=False
    )
    finished = task.run()
    divided = Dataset.open(finished.outputs["dataset"])
    assert divided.splits == {"train": 60, "val": 30, "test": 30}
    for split, share in (("train", 0.5), ("val", 0.25), ("test", 0.25)):
        counts = np.bincount(divided.split(split).columns("label"))
        assert counts == pytest.approx([100 * share, 20 * share], abs=1)
    assert set.union(*(keys(divided, split) for split in divided.splits)) == set(divided.columns("key"))
    assert finished.metrics() == {"train_samples": 60, "val_samples": 30, "test_samples": 30}


def test_equal_seeds_divide_equally_and_others_differently(make_task: "MakeTask", dataset: Path) -> None:
    found = []
    for seed in (1, 1, 2):
        finished = make_task(NAME, "process", inputs={"dataset": dataset}, seed=seed, keep_test=False).run()
        found.append(keys(Dataset.open(finished.outputs["dataset"]), "test"))
    assert found[0] == found[1] != found[2]


def test_an_existing_test_split_is_kept(make_task: "MakeTask", dataset: Path) -> None:
    finished = make_task(NAME, "process", inputs={"dataset": dataset}, train=0.8, val=0.2).run()
    divided = Dataset.open(finished.outputs["dataset"])
    assert keys(divided, "test") == keys(Dataset.open(dataset), "test")
    assert divided.splits == {"train": 88, "val": 22, "test": 10}
    assert "test split of 10 samples was kept" in finished.notes()


def test_by_key_a_sample_stays_in_its_split_when_others_are_added(
    make_task: "MakeTask", dataset: Path, tmp_path: Path, encode_png: "EncodePng"
) -> None:
    write(tmp_path / "larger", encode_png, range(200))
    found = []
    for path in (dataset, tmp_path / "larger"):
        task = make_task(NAME, "process", inputs={"dataset": path}, method="key", keep_test=False)
        found.append(keys(Dataset.open(task.run().outputs["dataset"]), "test"))
    assert found[0] == {key for key in found[1] if int(key.removesuffix(".png")) < 120}
    assert 20 < len(found[1]) < 60


def test_images_are_shared_not_copied(make_task: "MakeTask", dataset: Path) -> None:
    finished = make_task(NAME, "process", inputs={"dataset": dataset}).run()
    before = {path.name: path.stat().st_ino for path in (dataset / "data").rglob("*") if path.is_file()}
    after = {
        path.name: path.stat().st_ino
        for path in (finished.outputs["dataset"] / "data").rglob("*")
        if path.is_file()
    }
    assert after == before


def test_shares_that_add_up_to_nothing_are_refused(make_task: "MakeTask", dataset: Path) -> None:
    finished = make_task(NAME, "process", inputs={"dataset": dataset}, train=0, val=0, test=1).run(fails=True)
    assert "add up to 0" in finished.log
