"""Differences between versions of a dataset: counted, listed in pages, for those who may see them."""

from pathlib import Path

import pytest

from kpl.dataset import Dataset, DatasetWriter
from kpl.errors import NotFound
from kpl.schemas.dataset import ChangedSamplesOut, SampleChange
from kpl.server.services import differences
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.published import CLASSES, image_bytes, publish_dataset, write_dataset
from kpl.testing.server import add_user


@pytest.fixture
def viewer_of(platform: Platform) -> Caller:
    return add_user(platform, "view", roles={"default": Role.VIEWER})


@pytest.fixture
def pets(platform: Platform, tmp_path: Path) -> str:
    """Version 2 lacks sample 0, has two more, another class for sample 4 and another image for sample 5."""
    publish_dataset(platform, write_dataset(tmp_path / "first"), "pets")
    with DatasetWriter(tmp_path / "second", kind="classification", class_names=list(CLASSES)) as writer:
        for number in range(1, 11):
            writer.add(
                f"{number}.png",
                image=image_bytes(200 if number == 5 else number),
                label=0 if number == 4 else number % 3,
                split="test" if number % 3 == 2 else "train",
            )
    publish_dataset(platform, tmp_path / "second", "pets")
    return "pets"


def listed(
    platform: Platform, caller: Caller, name: str, change: SampleChange, **filters: object
) -> ChangedSamplesOut:
    chosen: dict[str, object] = {"field": None, "cursor": None, "limit": 50, "before": 1, "after": 2}
    return differences.list_changed_samples(
        platform, caller, "default", name, change=change, **chosen | filters  # type: ignore[arg-type]
    )  # fmt: skip


def test_samples_that_differ_are_counted(platform: Platform, viewer_of: Caller, pets: str) -> None:
    found = differences.get_difference(platform, viewer_of, "default", pets, before=1, after=2)
    assert (found.num_added, found.num_removed, found.num_changed, found.num_same) == (2, 1, 2, 6)
    assert found.fields == {"image": 1, "label": 1}
    back = differences.get_difference(platform, viewer_of, "default", pets, before=2, after=1)
    assert (back.num_added, back.num_removed, back.num_changed) == (1, 2, 2)
    same = differences.get_difference(platform, viewer_of, "default", pets, before=2, after=2)
    assert (same.num_added, same.num_removed, same.num_changed, same.num_same) == (0, 0, 0, 10)


def test_each_sample_is_listed_with_its_rows_and_labels(
    platform: Platform, viewer_of: Caller, pets: str
) -> None:
    (removed,) = listed(platform, viewer_of, pets, "removed").items
    assert (removed.key, removed.row_before, removed.row_after) == ("0.png", 0, None)
    added = listed(platform, viewer_of, pets, "added").items
    assert [(each.key, each.row_before, each.row_after) for each in added] == [
        ("9.png", None, 8),
        ("10.png", None, 9),
    ]
    (relabelled,) = listed(platform, viewer_of, pets, "changed", field="label").items
    assert (relabelled.key, relabelled.row_before, relabelled.row_after) == ("4.png", 4, 3)
    assert (relabelled.label_before, relabelled.label_after) == ("dog", "cat")
    assert relabelled.fields == ["label"]


def test_pages_hold_every_sample_once(platform: Platform, viewer_of: Caller, pets: str) -> None:
    first = listed(platform, viewer_of, pets, "changed", limit=1)
    second = listed(platform, viewer_of, pets, "changed", limit=1, cursor=first.next_cursor)
    assert [each.key for each in (*first.items, *second.items)] == ["4.png", "5.png"]
    assert (first.num_matches, second.next_cursor) == (2, None)


def test_a_field_that_did_not_change_is_named(platform: Platform, viewer_of: Caller, pets: str) -> None:
    with pytest.raises(NotFound, match="'lable' changed in no sample") as caught:
        listed(platform, viewer_of, pets, "changed", field="lable")
    assert "label" in caught.value.hint


def test_a_version_that_is_not_there_is_named(platform: Platform, viewer_of: Caller, pets: str) -> None:
    with pytest.raises(NotFound, match="no version 7"):
        differences.get_difference(platform, viewer_of, "default", pets, before=7, after=2)


def test_strangers_learn_nothing(platform: Platform, pets: str) -> None:
    stranger = add_user(platform, "stranger")
    with pytest.raises(NotFound, match="no project 'default'"):
        differences.get_difference(platform, stranger, "default", pets, before=1, after=2)


def test_an_empty_dataset_differs_by_all(platform: Platform, viewer_of: Caller, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "none", kind="classification", class_names=list(CLASSES)):
        pass
    assert len(Dataset.open(tmp_path / "none")) == 0
    publish_dataset(platform, tmp_path / "none", "empty")
    publish_dataset(platform, write_dataset(tmp_path / "some"), "empty")
    found = differences.get_difference(platform, viewer_of, "default", "empty", before=1, after=2)
    assert (found.num_added, found.num_removed, found.num_changed) == (9, 0, 0)
