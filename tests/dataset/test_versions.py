"""Corrections, removals, tags, branches and differences of versions, and garbage of old ones."""

import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import BadSample, Dataset, DatasetWriter, NotADataset, UnsupportedFormat
from kpl.dataset.gc import collect
from kpl.dataset.masks import encode_class_mask
from kpl.dataset.stats import summary
from kpl.dataset.verify import verify
from kpl.dataset.versions import (
    branch,
    correct,
    diff,
    evolve,
    history,
    remove,
    resolve,
    restore,
    tag,
    tags,
    untag,
)
from kpl.errors import Conflict, Invalid, KPLError, NotFound

MakePng = Callable[..., bytes]


def _files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*.k*") if path.is_file()}


def _stored(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*.k*"))


def test_a_dataset_derived_from_a_corrected_one_is_corrected_again(
    classification: Dataset, tmp_path: Path
) -> None:
    once = correct(classification.path, {"0.png": {"label": 1}})
    derived = once.derive(tmp_path / "derived")
    twice = correct(derived.path, {"2.png": {"label": 1}})
    assert twice.columns("label").tolist() == [1, 1, 1, 1, 0, 1, 0, 1, 0, 1]


def test_a_correction_changes_what_it_names_and_nothing_else(detection: Dataset) -> None:
    before = _files(detection.path)
    key = "folder 1/3.png"
    changed = correct(
        detection.path,
        {key: {"labels": [1, 1, 1]}, "folder 0/0.png": {"boxes": [[0, 0, 1, 1]], "labels": [0]}},
    )
    assert changed.version == 2
    assert changed.find(key)["labels"].tolist() == [1, 1, 1]
    assert changed.find(key)["boxes"].tolist() == detection.find(key)["boxes"].tolist()
    assert changed.layers == detection.layers
    assert changed.fields == detection.fields
    assert diff(detection, changed).changed == {
        "folder 0/0.png": ("boxes", "labels", "difficult", "truncated"), key: ("labels",),
    }  # fmt: skip
    labels = changed.columns("labels")
    assert [row.tolist() for row in np.split(labels.values, labels.offsets[1:-1])] == [
        s["labels"].tolist() for s in changed
    ]
    assert [s["labels"].tolist() for s in changed[[3, 0]]] == [[1, 1, 1], [0]]
    assert [row[0].tolist() for row in changed.tuples("labels")] == [s["labels"].tolist() for s in changed]
    assert {path: path.read_bytes() for path in before} == before
    assert Dataset.open(detection.path, version=1).digest == detection.digest != changed.digest
    assert verify(detection.path).is_whole


def test_v2_with_one_percent_of_labels_changed_stores_one_percent_more(tmp_path: Path) -> None:
    root = tmp_path / "set"
    masks = np.random.default_rng(1).integers(0, 9, (400, 32, 32))
    image = encode_class_mask(np.zeros((32, 32)))
    with DatasetWriter(root, kind="semantic_segmentation", class_names=[str(i) for i in range(9)]) as writer:
        for number, mask in enumerate(masks):
            writer.add(
                f"{number}", split="train" if number % 2 else "val", image=image, mask=encode_class_mask(mask)
            )
    before = _stored(root)
    chosen = random.Random(1).sample(range(400), 4)
    correct(root, {f"{number}": {"mask": encode_class_mask(masks[number].T)} for number in chosen})
    assert _stored(root) - before < 0.025 * before  # one percent of masks, and the index of a small dataset
    newest = Dataset.open(root)
    assert bytes(newest[chosen[0]]["mask"]) == encode_class_mask(masks[chosen[0]].T)
    assert set(diff(Dataset.open(root, version=1), newest).changed) == {f"{number}" for number in chosen}
    assert history(root)[0].new_bytes < 0.015 * before


def test_wrong_corrections_are_refused_and_leave_nothing(detection: Dataset) -> None:
    before = set(_files(detection.path))
    with pytest.raises(NotFound, match="no sample 'x'"):
        correct(detection.path, {"x": {}})
    with pytest.raises(NotFound, match="no field 'lable'"):
        correct(detection.path, {"folder 0/0.png": {"lable": 1}})
    with pytest.raises(BadSample, match="class 9"):
        correct(detection.path, {"folder 1/1.png": {"labels": [9]}})
    with pytest.raises(Invalid, match="'samples' cannot be corrected"):
        correct(detection.path, {}, layer="samples")
    assert set(_files(detection.path)) == before
    assert not (detection.path / "writing").exists()


def test_removed_samples_are_gone_from_everything(detection: Dataset) -> None:
    left = remove(detection.path, ["folder 0/0.png", "folder 1/5.png"], message="blurred")
    assert len(left) == 10
    assert left.splits == {"train": 7, "val": 3}
    assert "folder 0/0.png" not in left.columns("key")
    assert [sample.key for sample in left] == left.columns("key").tolist()
    assert left[0].row == 1
    assert left.split("val").columns("key").tolist() == [s.key for s in left.split("val")]
    assert summary(left)["num_samples"] == 10
    again = pickle.loads(pickle.dumps(left))
    assert [sample.key for sample in again] == [sample.key for sample in left]
    assert len(pickle.dumps(left)) < 400
    assert len(pickle.loads(pickle.dumps(left.split("val")))) == 3
    assert diff(detection, left).removed == ("folder 0/0.png", "folder 1/5.png")
    assert diff(left, detection).added == ("folder 0/0.png", "folder 1/5.png")
    assert verify(detection.path).is_whole
    with pytest.raises(NotFound):
        remove(detection.path, ["folder 0/0.png"])


def test_removals_and_corrections_outlive_appending_and_deriving(
    detection: Dataset, tmp_path: Path, make_png: MakePng
) -> None:
    remove(detection.path, ["folder 0/0.png"])
    correct(detection.path, {"folder 1/1.png": {"labels": [1]}})
    with DatasetWriter(detection.path, kind="detection", class_names=["cat", "dog"], append=True) as writer:
        writer.add("new.png", split="val", image=make_png(), boxes=[[0, 0, 2, 2]], labels=[0])
    newest = Dataset.open(detection.path)
    assert len(newest) == 12
    assert newest.find("folder 1/1.png")["labels"].tolist() == [1]
    assert newest.find("new.png").split == "val"
    names = ["a" if position % 2 else "b" for position in range(12)]
    derived = newest.derive(tmp_path / "derived", splits=names, layers={"scores": {"value": np.arange(12)}})
    assert not (set(derived.path.rglob("labels-fix*")) - set(derived.path.glob("data/*")))
    assert derived.columns("scores.value").tolist() == list(range(12))
    assert [sample.split for sample in derived] == names
    assert derived.find("folder 1/1.png")["labels"].tolist() == [1]
    assert verify(derived.path).is_whole
    fresh = {
        name: [sample[name] for sample in newest] for name in ("boxes", "labels", "difficult", "truncated")
    }
    fresh["labels"] = [np.zeros_like(row) for row in fresh["labels"]]
    relabelled = newest.derive(tmp_path / "relabelled", layers={"labels": fresh})
    assert relabelled.find("folder 1/1.png")["labels"].tolist() == [0]
    with pytest.raises(Invalid, match="removed"):
        newest.derive(tmp_path / "bad", splits={"a": [0]})


@given(steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=1, max_size=12))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_corrections_reads_as_a_dictionary_would(
    steps: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("steps") / "set"
    with DatasetWriter(root, kind="text", class_names=["a", "b"]) as writer:
        for number in range(10):
            writer.add(f"{number}", text=f"text {number}", label=0)
    expected = dict.fromkeys(map(str, range(10)), 0)
    for number, label in steps:
        expected[str(number)] = label
        correct(root, {str(number): {"label": label}})
    dataset = Dataset.open(root)
    assert dict(zip(dataset.columns("key"), dataset.columns("label").tolist(), strict=True)) == expected
    assert {sample.key: sample["label"] for sample in dataset} == expected
    assert len(dataset.snapshot.manifest.deltas) <= 8


def test_versions_have_names_and_a_history(detection: Dataset) -> None:
    root = detection.path
    remove(root, ["folder 0/0.png"], message="blurred")
    assert tag(root, "first", version=1) == 1
    assert tag(root, "best") == 2
    assert tags(root) == {"best": 2, "first": 1}
    with pytest.raises(Conflict, match="is version 1 already"):
        tag(root, "first")
    tag(root, "first", move=True)
    assert (resolve(root, "first"), resolve(root, "1")) == (2, 1)
    with pytest.raises(NotFound, match="frist"):
        resolve(root, "frist")
    with pytest.raises(Invalid, match="not a name"):
        tag(root, "../x")
    untag(root, "first")
    with pytest.raises(NotFound):
        untag(root, "first")
    newest, oldest = history(root)
    assert (newest.number, newest.made_of, newest.message, newest.num_samples, newest.tags) == (
        2,
        1,
        "blurred",
        11,
        ("best",),
    )
    assert newest.new_bytes == 0
    assert oldest.new_bytes > 0


def test_an_older_version_comes_back_as_a_new_one(detection: Dataset) -> None:
    remove(detection.path, ["folder 0/0.png"])
    back = restore(detection.path, 1)
    assert back.version == 3
    assert back.digest == detection.digest
    assert diff(detection, back).is_empty
    assert history(detection.path)[0].made_of == 1


def test_a_branch_lives_by_itself(detection: Dataset, tmp_path: Path) -> None:
    remove(detection.path, ["folder 0/0.png"])
    twig = branch(detection.path, tmp_path / "branch", version=1)
    assert len(twig) == 12
    correct(twig.path, {"folder 1/1.png": {"labels": [1]}})
    assert len(history(detection.path)) == 2
    assert diff(detection, Dataset.open(twig.path)).changed == {"folder 1/1.png": ("labels",)}


def test_garbage_of_old_versions_is_collected_and_tagged_ones_stay(detection: Dataset) -> None:
    root = detection.path
    for label in (1, 0, 1):
        correct(root, {"folder 1/1.png": {"labels": [label]}})
    tag(root, "kept", version=2)
    newest = [sample.fields for sample in Dataset.open(root)]
    would = collect(root, is_dry=True)
    assert would.versions == (1, 3)
    assert len(history(root)) == 4
    assert collect(root) == would
    assert collect(root).files == ()
    assert [version.number for version in history(root)] == [4, 2]
    assert Dataset.open(root, version=2).find("folder 1/1.png")["labels"].tolist() == [1]
    assert str([sample.fields for sample in Dataset.open(root)]).count("folder") == str(newest).count(
        "folder"
    )
    assert verify(root).is_whole
    assert verify(root, version=2).is_whole
    with pytest.raises(NotADataset, match="no version 1"):
        Dataset.open(root, version=1)


def test_garbage_is_not_collected_under_a_writer(detection: Dataset, make_png: MakePng) -> None:
    root = detection.path
    more: dict[str, Any] = {"kind": "detection", "class_names": ["cat", "dog"], "append": True}
    writer = DatasetWriter(root, **more)
    writer.add("new.png", image=make_png())
    with pytest.raises(Conflict, match="is at work"):
        collect(root)
    writer.close()
    with pytest.raises(Conflict, match="was interrupted"):
        collect(root)
    with DatasetWriter(root, **more, resume=True) as writer:
        pass
    assert collect(root).versions == (1,)
    assert len(Dataset.open(root)) == 13


def test_fields_are_renamed_dropped_and_widened_without_touching_a_shard(
    classification: Dataset, tmp_path: Path
) -> None:
    layers = {"scores": {"score": np.arange(10, dtype=np.float32), "rank": np.arange(10, dtype=np.int16)}}
    path = classification.derive(tmp_path / "new", layers=layers).path
    correct(path, {"3.png": {"score": 33.0}}, layer="scores")
    files = set(path.glob("data/*/*"))
    evolved = evolve(path, layer="scores", rename={"score": "confidence"}, widen={"rank": "int64"})
    assert set(path.glob("data/*/*")) == files
    assert evolved.columns("scores.confidence").tolist() == [0, 1, 2, 33, 4, 5, 6, 7, 8, 9]
    assert evolved.columns("scores.rank").dtype == np.int64
    assert "scores.score" not in evolved.fields
    again = correct(path, {"4.png": {"confidence": 44.0, "rank": 1 << 40}}, layer="scores")
    assert again.columns("scores.confidence").tolist() == [0, 1, 2, 33, 44, 5, 6, 7, 8, 9]
    assert again.find("4.png")["scores.rank"] == 1 << 40
    dropped = evolve(path, layer="scores", drop=["rank"])
    assert set(dropped.fields) & {"scores.rank", "scores.confidence"} == {"scores.confidence"}
    gone = evolve(path, layer="scores", drop=["confidence"])
    assert gone.layers == ("samples", "labels")
    assert Dataset.open(path, version=1).columns("scores.score").tolist() == list(range(10))
    assert verify(path).is_whole


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layer": "nothing", "drop": ["a"]}, NotFound, "has no layer 'nothing'"),
        ({"layer": "scores", "drop": ["scor"]}, NotFound, "has no field 'scor'"),
        ({"layer": "labels", "drop": ["label"]}, Invalid, "needs the fields label"),
        ({"layer": "scores", "rename": {"score": "rank"}}, Invalid, "Two fields of layer 'scores'"),
        ({"layer": "scores", "widen": {"score": "float16"}}, Invalid, "without loss"),
        ({"layer": "scores", "widen": {"score": "flaot64"}}, Invalid, "without loss"),
        ({"layer": "scores", "rename": {"score": "Not a name"}}, UnsupportedFormat, "not a field name"),
    ],
)
def test_an_evolution_that_loses_or_confuses_is_refused(
    classification: Dataset, tmp_path: Path, change: dict[str, Any], error: type[KPLError], message: str
) -> None:
    layers = {"scores": {"score": np.zeros(10, np.float32), "rank": np.zeros(10, np.int16)}}
    path = classification.derive(tmp_path / "new", layers=layers).path
    with pytest.raises(error, match=message):
        evolve(path, **change)
    assert Dataset.open(path).version == 1
