from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.merge import merge
from kpl.dataset.verify import verify
from kpl.dataset.versions import correct, remove
from kpl.errors import Conflict, Invalid


def write_labels(path: Path, labels: dict[str, str], class_names: list[str]) -> Dataset:
    with DatasetWriter(path, kind="text", class_names=class_names) as writer:
        for key, name in labels.items():
            split = "train" if len(key) % 2 else "test"
            writer.add(key, split=split, text=f"text of {key}", label=class_names.index(name))
    return Dataset.open(path)


def named_labels(dataset: Dataset) -> dict[str, str]:
    return {sample.key: dataset.class_names[sample["label"]] for sample in dataset}


def test_classes_are_renumbered_and_the_samples_shared(tmp_path: Path) -> None:
    one = write_labels(tmp_path / "one", {"a": "cat", "bb": "dog"}, ["cat", "dog"])
    two = write_labels(tmp_path / "two", {"c": "cow", "dd": "cat", "e": "cow"}, ["cow", "cat"])
    merged = merge([one.path, two], tmp_path / "all").dataset
    assert merged.class_names == ("cat", "dog", "cow")
    assert named_labels(merged) == named_labels(one) | named_labels(two)
    assert [sample["text"] for sample in merged] == [f"text of {key}" for key in ("a", "bb", "c", "dd", "e")]
    assert {name: merged.split(name).columns("key").tolist() for name in merged.splits} == {
        "train": ["a", "c", "e"],
        "test": ["bb", "dd"],
    }
    for source in (one, two):
        shard = next((source.path / "data" / "samples").iterdir())
        assert (merged.path / "data" / "samples" / shard.name).samefile(shard)
    labels_of_one = next((one.path / "data" / "labels").iterdir())
    assert (merged.path / "data" / "labels" / labels_of_one.name).samefile(labels_of_one)
    assert verify(merged.path).is_whole


def test_boxes_come_along_with_their_classes(
    detection: Dataset, tmp_path: Path, make_png: Callable[..., bytes]
) -> None:
    with DatasetWriter(tmp_path / "more", kind="detection", class_names=["bird", "dog"]) as writer:
        writer.add("bird.png", image=make_png(4, 3, 50), boxes=[[0, 0, 1, 1], [1, 0, 2, 2]], labels=[0, 1])
        writer.add("nothing.png", image=make_png(4, 3, 51), boxes=[], labels=[])
    merged = merge([detection, tmp_path / "more"], tmp_path / "all").dataset
    assert merged.class_names == ("cat", "dog", "bird")
    bird = merged.find("bird.png")
    assert bird["labels"].tolist() == [2, 1]
    assert bird["boxes"].tolist() == [[0, 0, 1, 1], [1, 0, 2, 2]]
    assert merged.find("nothing.png")["boxes"].shape == (0, 4)
    for before, after in zip(detection, merged, strict=False):
        assert before["image"] == after["image"]
        assert np.array_equal(before["boxes"], after["boxes"])
    assert verify(merged.path).is_whole


def test_corrections_and_removals_hold_in_the_new_dataset(tmp_path: Path) -> None:
    write_labels(tmp_path / "one", {"a": "cat", "bb": "dog", "c": "dog"}, ["cat", "dog"])
    correct(tmp_path / "one", {"a": {"label": 1}})
    remove(tmp_path / "one", ["bb"])
    write_labels(tmp_path / "two", {"bb": "cat"}, ["cat", "dog"])
    merged = merge([tmp_path / "one", tmp_path / "two"], tmp_path / "all").dataset
    assert named_labels(merged) == {"a": "dog", "c": "dog", "bb": "cat"}
    assert verify(merged.path).is_whole


def test_a_key_in_two_datasets_is_refused_or_the_first_kept(tmp_path: Path) -> None:
    write_labels(tmp_path / "one", {"a": "cat"}, ["cat"])
    write_labels(tmp_path / "two", {"a": "dog", "b": "dog"}, ["dog"])
    sources = [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(Conflict, match=r"Sample 'a' is in .*one and in .*two"):
        merge(sources, tmp_path / "all")
    assert not (tmp_path / "all").exists()
    report = merge(sources, tmp_path / "all", on_duplicate="keep_first")
    assert report.num_dropped == 1
    assert named_labels(report.dataset) == {"a": "cat", "b": "dog"}
    assert report.dataset.splits == {"train": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds, root: [ds], "cannot be merged"),
        (lambda ds, root: [ds, ds.split("train")], "is a view"),
        (lambda ds, root: [ds, write_labels(root / "text", {"a": "x"}, ["x"])], "is for text, but"),
        (
            lambda ds, root: [ds, ds.derive(root / "derived", layers={"scores": {"score": np.zeros(10)}})],
            "differ in the fields scores.score",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    classification: Dataset, tmp_path: Path, change: Callable[[Dataset, Path], list[Dataset]], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        merge(change(classification, tmp_path), tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_masks_that_would_have_to_be_renumbered_are_refused(
    tmp_path: Path, make_png: Callable[..., bytes]
) -> None:
    for name, class_names in (("one", ["sky", "sea"]), ("two", ["sea", "sky"])):
        with DatasetWriter(tmp_path / name, kind="semantic_segmentation", class_names=class_names) as writer:
            writer.add(f"{name}.png", image=make_png())
    with pytest.raises(Invalid, match="pixel by pixel"):
        merge([tmp_path / "one", tmp_path / "two"], tmp_path / "all")
    assert not (tmp_path / "all").exists()
    merged = merge([tmp_path / "one", tmp_path / "one"], tmp_path / "same", on_duplicate="keep_first").dataset
    assert merged.columns("key").tolist() == ["one.png"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.sampled_from("xyz"), max_size=6),
        min_size=2,
        max_size=4,
    )
)
def test_every_sample_is_there_once_with_its_label(
    tmp_path_factory: pytest.TempPathFactory, labels: list[dict[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("merge")
    expected: dict[str, str] = {}
    for number, each in enumerate(labels):
        write_labels(root / str(number), each, sorted(set(each.values()), reverse=bool(number % 2)))
        expected = each | expected
    merged = merge(
        [root / str(n) for n in range(len(labels))], root / "all", on_duplicate="keep_first"
    ).dataset
    assert named_labels(merged) == expected
    assert len(merged) == len(expected)
