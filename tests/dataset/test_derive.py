from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import BadSample, Dataset, Field, field
from kpl.dataset.derive import parse_splits
from kpl.dataset.manifest import decode_rows, encode_rows
from kpl.dataset.snapshot import Snapshot
from kpl.dataset.verify import verify
from kpl.errors import Conflict, Invalid


def test_new_splits_share_the_images(classification: Dataset, tmp_path: Path) -> None:
    derived = classification.derive(tmp_path / "new", splits={"train": [0, 9, 4], "val": np.arange(5, 8)})
    assert derived.splits == {"train": 3, "val": 3}
    assert derived.split("train").rows.tolist() == [0, 4, 9]
    assert derived[1].split is None
    for old, new in zip(classification, derived, strict=True):
        assert old["image"] == new["image"]
    old_shard = next((classification.path / "data" / "samples").iterdir())
    assert (tmp_path / "new" / "data" / "samples" / old_shard.name).samefile(old_shard)
    assert derived.digest != classification.digest
    assert verify(derived.path).is_whole


def test_splits_can_be_names_of_rows(classification: Dataset, tmp_path: Path) -> None:
    names = ["b", "a", None, "b", "", "a", "a", "a", "a", "a"]
    derived = classification.derive(tmp_path / "new", splits=names)
    assert derived.splits == {"b": 2, "a": 6}
    assert [sample.split for sample in derived] == [name or None for name in names]


def test_predictions_become_a_layer(classification: Dataset, tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((10, 2), np.float32)
    derived = classification.derive(
        tmp_path / "new",
        layers={
            "predictions": {
                "label": scores.argmax(axis=1),
                "score": scores.max(axis=1),
                "scores": scores,
                "remark": [None, "unsure", *[None] * 8],
                "boxes": [np.zeros((i % 2, 4), np.float32) for i in range(10)],
            }
        },
    )
    assert derived.layers == ("samples", "labels", "predictions")
    assert derived.splits == classification.splits
    assert np.array_equal(derived.columns("predictions.scores"), scores)
    assert derived.columns("predictions.label").dtype == np.int32
    sample = derived[1]
    assert sample["label"] == 1
    assert sample["predictions.label"] == scores[1].argmax()
    assert sample["predictions.remark"] == "unsure"
    assert derived[0]["predictions.remark"] is None
    assert sample["predictions.boxes"].shape == (1, 4)
    assert derived.fields["predictions.scores"] == Field("scores", "tensor", "fixed", "<f4", (2,))
    assert derived.derive(tmp_path / "again").digest == derived.digest
    assert verify(derived.path).is_whole


def test_labels_can_be_replaced_or_added(detection: Dataset, tmp_path: Path) -> None:
    labels = np.arange(12) % 3
    derived = detection.derive(
        tmp_path / "new",
        kind="classification",
        class_names=["x", "y", "z"],
        layers={"labels": {"label": labels}},
    )
    assert derived.kind == "classification"
    assert derived.columns("label").tolist() == labels.tolist()
    assert "boxes" not in derived.fields
    assert [bytes(s["image"]) for s in derived] == [bytes(s["image"]) for s in detection]
    assert verify(derived.path).is_whole


def test_values_that_do_not_fit_are_named(classification: Dataset, tmp_path: Path) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("3 values for 10 rows", {"layers": {"p": {"score": [1.0, 2.0, 3.0]}}}),
        ("names row 10", {"splits": {"train": [1, 10]}}),
        ("names row -1", {"splits": {"train": [-1]}}),
        ("named twice", {"splits": {"train": [1, 1]}}),
        ("2 names of splits", {"splits": ["a", "b"]}),
        ("not a name for a layer", {"layers": {"../p": {"score": [1.0] * 10}}}),
        ("'samples' cannot be replaced", {"layers": {"samples": {"score": [1.0] * 10}}}),
        ("lacks", {"layers": {"labels": {"score": [1.0] * 10}}}),
    ]
    for message, arguments in cases:
        with pytest.raises(Invalid, match=message):
            classification.derive(tmp_path / "new", **arguments)
    with pytest.raises(BadSample, match=r"layers\['p'\]\['n'\]\[3\]"):
        classification.derive(tmp_path / "new", layers={"p": {"n": [1, 2, 3, "four", *[5] * 6]}})
    with pytest.raises(Invalid, match="is a view"):
        classification.split("train").derive(tmp_path / "new")


def test_a_dataset_is_not_derived_onto_another(classification: Dataset, detection: Dataset) -> None:
    with pytest.raises(Conflict, match="holds a dataset already"):
        classification.derive(detection.path)


@given(st.sets(st.integers(0, 300)), st.booleans())
def test_rows_of_a_split_survive_either_encoding(rows: set[int], is_high: bool) -> None:
    given_rows = np.array(sorted(rows), np.int64) + ((1 << 32) if is_high else 0)
    role, data = encode_rows(given_rows)
    assert np.array_equal(
        decode_rows(role, memoryview(data.tobytes()), data.dtype.str, count=len(rows)), given_rows
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", None]), max_size=30))
def test_names_of_splits_and_rows_of_splits_agree(names: list[str | None]) -> None:
    by_name = parse_splits(names, len(names))
    again = parse_splits({name: rows[::-1] for name, rows in by_name.items()}, len(names))
    assert {n: r.tolist() for n, r in again.items()} == {n: r.tolist() for n, r in by_name.items()}
    assert sum(map(len, by_name.values())) == sum(name is not None for name in names)


def test_unknown_types_of_field_are_named_with_the_nearest() -> None:
    with pytest.raises(BadSample, match="Did you mean 'boxes'"):
        field("b", "boxs")


def test_a_field_added_renamed_or_widened_later_reads_old_shards(classification: Dataset) -> None:
    manifest = classification.snapshot.manifest
    samples, labels = manifest.layers
    label = labels.fields[0]
    newer = (
        msgspec.structs.replace(label, name="class_id", stored_as="label", dtype="<i8"),
        field("remark", "string", is_optional=True),
    )
    snapshot = Snapshot(
        classification.path,
        msgspec.structs.replace(manifest, layers=(samples, msgspec.structs.replace(labels, fields=newer))),
        "once",
    )
    dataset = Dataset(snapshot)
    assert dataset.columns("class_id").dtype == np.int64
    assert dataset.columns("class_id").tolist() == classification.columns("label").tolist()
    assert dataset[1]["class_id"] == 1
    assert dataset[1]["remark"] is None
