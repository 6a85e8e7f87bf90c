from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.splits import SplitRule, at_random, k_fold
from kpl.dataset.versions import correct
from kpl.errors import Invalid

shares = st.dictionaries(st.sampled_from(["train", "val", "test"]), st.floats(0, 9), min_size=1).filter(
    lambda each: sum(each.values()) > 0.001
)


def write_texts(
    path: Path, keys: list[str], *, rule: SplitRule | None = None, append: bool = False
) -> Dataset:
    with DatasetWriter(path, kind="text", class_names=["x"], append=append, split_rule=rule) as writer:
        for key in keys:
            writer.add(key, text=key, label=0)
    return Dataset.open(path)


@given(st.lists(st.text(max_size=8), unique=True), shares, st.integers(-(2**40), 2**40))
def test_a_rule_places_every_key_and_never_moves_one(
    keys: list[str], wanted: dict[str, float], seed: int
) -> None:
    rule = SplitRule.of(wanted, seed)
    rows = rule.rows(keys)
    assert sorted(row for part in rows.values() for row in part.tolist()) == list(range(len(keys)))
    fewer = rule.rows(keys[: len(keys) // 2])
    for name, part in fewer.items():
        assert part.tolist() == [row for row in rows[name].tolist() if row < len(keys) // 2]


def test_shares_hold_on_average() -> None:
    rows = SplitRule.of({"train": 8, "val": 1, "test": 1}, 3).rows([f"{n}.png" for n in range(20_000)])
    assert [round(len(part) / 20_000, 2) for part in rows.values()] == [0.8, 0.1, 0.1]


def test_the_rule_of_the_specification() -> None:
    rows = SplitRule.of({"a": 1, "b": 1}, 7).rows(["0", "1", "2", "3", "4", "5", "6", "7"])
    assert {name: part.tolist() for name, part in rows.items()} == {"a": [1, 3, 4, 5], "b": [0, 2, 6, 7]}


def test_a_dataset_with_a_rule_places_what_is_added_later(tmp_path: Path) -> None:
    rule = SplitRule.of({"train": 1, "test": 1}, 5)
    first = write_texts(tmp_path / "set", [f"{n}" for n in range(40)], rule=rule)
    later = write_texts(tmp_path / "set", [f"{n}" for n in range(40, 90)], append=True)
    expected = {name: rows.tolist() for name, rows in rule.rows([f"{n}" for n in range(90)]).items()}
    assert {name: rows.tolist() for name, rows in later.split_rows().items()} == expected
    assert set(first.split_rows()["train"].tolist()) <= set(expected["train"])
    correct(tmp_path / "set", {"3": {"label": -1}})
    again = write_texts(tmp_path / "set", ["more"], append=True)
    assert sum(again.splits.values()) == 91


def test_a_rule_can_be_given_to_a_dataset_that_is_there(tmp_path: Path) -> None:
    dataset = write_texts(tmp_path / "set", [f"{n}" for n in range(30)])
    rule = SplitRule.of({"train": 0.5, "val": 0.5})
    derived = dataset.derive(tmp_path / "divided", splits=rule)
    assert {name: rows.tolist() for name, rows in derived.split_rows().items()} == {
        name: rows.tolist() for name, rows in rule.rows([f"{n}" for n in range(30)]).items()
    }
    kept = derived.derive(tmp_path / "kept", layers={"scores": {"score": np.zeros(30)}})
    assert kept.snapshot.manifest.split_rule == rule
    assert derived.derive(tmp_path / "by_hand", splits={"train": [1]}).snapshot.manifest.split_rule is None


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), shares, st.integers(0, 9))
def test_a_random_division_keeps_the_shares_of_each_class(
    labels: list[int], wanted: dict[str, float], seed: int
) -> None:
    rows = at_random(labels, wanted, seed)
    assert sorted(row for part in rows.values() for row in part.tolist()) == list(range(len(labels)))
    for name, part in rows.items():
        share = wanted[name] / sum(wanted.values())
        for label in set(labels):
            count = sum(labels[row] == label for row in part.tolist())
            assert abs(count - share * labels.count(label)) <= 2


@given(st.lists(st.integers(0, 2), min_size=4, max_size=40), st.integers(2, 4))
def test_every_sample_is_validated_in_one_fold(labels: list[int], num_folds: int) -> None:
    folds = k_fold(labels, num_folds)
    assert sorted(row for fold in folds for row in fold["val"].tolist()) == list(range(len(labels)))
    for fold in folds:
        assert sorted([*fold["train"].tolist(), *fold["val"].tolist()]) == list(range(len(labels)))
        for label in set(labels):
            count = sum(labels[row] == label for row in fold["val"].tolist())
            assert abs(count - labels.count(label) / num_folds) < 2


@pytest.mark.parametrize("wanted", [{}, {"train": 0.0}, {"train": -1.0, "val": 3.0}])
def test_shares_that_divide_nothing_are_refused(wanted: dict[str, float]) -> None:
    with pytest.raises(Invalid, match="divide nothing"):
        SplitRule.of(wanted)
    with pytest.raises(Invalid, match="divide nothing"):
        at_random([0, 1], wanted)


def test_more_folds_than_samples_are_refused() -> None:
    with pytest.raises(Invalid, match="cannot be divided into 3 folds"):
        k_fold([0, 1], 3)
