"""Which samples are asked for, in which order, and how they divide."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter, versions
from kpl.errors import Invalid
from kpl.server.services import datasets
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.services.sample_facets import facets
from kpl.server.services.sample_filters import SampleFilter, matching_rows
from kpl.server.services.sample_sections import sections
from kpl.testing.published import image_bytes, publish_dataset, write_dataset

SIZES = [12, 70, 12, 300, 12, 40]
NUM_OBJECTS = [0, 2, 1, 12, 2, 0]
SCORES: list[list[float]] = [[], [0.5, 0.9], [0.7], [0.2], [0.9, 0.1], []]


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Six samples of several sizes with objects, and a model's scores; keys fall while rows rise."""
    with DatasetWriter(tmp_path / "raw", kind="detection", class_names=["a", "b"]) as writer:
        for number, (size, count) in enumerate(zip(SIZES, NUM_OBJECTS, strict=True)):
            writer.add(
                f"{9 - number}.png",
                image=image_bytes(number, size=size),
                boxes=[[0, 0, 2 + index, 5] for index in range(count)],
                labels=[index % 2 for index in range(count)],
                split="train" if number < 4 else "test",
            )
    answers: dict[str, Any] = {
        "boxes": [np.tile(np.array([[0, 0, 1, 1]], np.float32), (len(each), 1)) for each in SCORES],
        "labels": [np.zeros(len(each), np.int32) for each in SCORES],
        "scores": [np.array(each, np.float32) for each in SCORES],
    }
    Dataset.open(tmp_path / "raw").derive(tmp_path / "boxes", layers={"predictions": answers})
    return tmp_path / "boxes"


def rows(folder: Path, **chosen: str) -> list[int]:
    found: list[int] = matching_rows(folder, SampleFilter(**chosen)).tolist()
    return found


def test_samples_are_sorted_and_ties_stay_in_order(boxes: Path) -> None:
    assert rows(boxes, order="-row") == [5, 4, 3, 2, 1, 0]
    assert rows(boxes, order="key") == [5, 4, 3, 2, 1, 0]
    assert rows(boxes, order="size") == [0, 2, 4, 5, 1, 3]
    assert rows(boxes, order="-size") == [3, 1, 5, 0, 2, 4]
    assert rows(boxes, order="objects") == [0, 5, 2, 1, 4, 3]
    assert rows(boxes, order="-objects", split="train") == [3, 1, 2, 0]


def test_samples_without_a_score_stay_last(boxes: Path) -> None:
    assert rows(boxes, order="score") == [3, 2, 1, 4, 0, 5]
    assert rows(boxes, order="-score") == [1, 4, 2, 3, 0, 5]


def test_samples_are_filtered_by_size_and_objects(boxes: Path) -> None:
    assert rows(boxes, size="12x12") == [0, 2, 4]
    assert rows(boxes, size="65-128") == [1]
    assert rows(boxes, size="65-", order="-key") == [1, 3]
    assert rows(boxes, objects="2-2", label="b") == [1, 4]
    assert rows(boxes, objects="11-") == [3]


def test_facets_count_what_the_other_filters_let_through(boxes: Path) -> None:
    def counts(**chosen: str) -> tuple[dict[str, int], dict[str, int]]:
        found = facets(boxes, SampleFilter(**chosen))
        return {each.id: each.count for each in found.sizes}, {each.id: each.count for each in found.objects}

    assert counts() == (
        {"12x12": 3, "40x40": 1, "70x70": 1, "300x300": 1},
        {"0-0": 2, "1-1": 1, "2-2": 2, "11-20": 1},
    )
    assert counts(size="12x12") == (counts()[0], {"0-0": 1, "1-1": 1, "2-2": 1})
    assert counts(objects="0-0", order="-score") == ({"12x12": 1, "40x40": 1}, counts()[1])
    assert counts(split="test")[0] == {"12x12": 1, "40x40": 1}


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """Nine texts of three classes, one of which none has, and two splits; some have neither."""
    with DatasetWriter(tmp_path / "letters", kind="text", class_names=["a", "unused", "b"]) as writer:
        for number in range(9):
            label: dict[str, Any] = {} if number % 3 == 2 else {"label": (0, 2)[number % 3]}
            writer.add(str(number), text="words", split=("train", "val", None)[number // 3], **label)
    return tmp_path / "letters"


def test_samples_are_arranged_by_class_and_by_split(letters: Path) -> None:
    def counts(**chosen: str) -> list[tuple[str | None, int | None, int]]:
        found = sections(letters, SampleFilter(**chosen))
        assert found.num_samples == len(rows(letters, **chosen))
        return [(each.id, each.class_id, each.count) for each in found.items]

    assert rows(letters, group="label") == [0, 3, 6, 1, 4, 7, 2, 5, 8]
    assert rows(letters, group="label", order="-row", split="train") == [0, 1, 2]
    assert rows(letters, group="split", order="-row") == [2, 1, 0, 5, 4, 3, 8, 7, 6]
    assert counts(group="label") == [("a", 0, 3), ("b", 2, 3), (None, None, 3)]
    assert counts(group="split", label="b", order="-key") == [
        ("train", None, 1),
        ("val", None, 1),
        (None, None, 1),
    ]


def test_sections_of_a_version_with_fewer_samples_are_exact(letters: Path) -> None:
    versions.remove(letters, ["0", "8"])
    assert rows(letters, group="label") == [3, 6, 1, 4, 7, 2, 5]
    assert [each.count for each in sections(letters, SampleFilter(group="split")).items] == [2, 3, 2]


def test_samples_without_a_class_of_their_own_are_not_arranged_by_it(boxes: Path) -> None:
    assert [each.id for each in sections(boxes, SampleFilter(group="split")).items] == ["train", "test"]
    with pytest.raises(Invalid, match="no class of their own"):
        rows(boxes, group="label")
    with pytest.raises(Invalid, match="nothing is named"):
        sections(boxes, SampleFilter())


def test_many_sizes_are_counted_in_ranges(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="unlabelled") as writer:
        for number in range(10):
            writer.add(f"{number}", image=image_bytes(number, size=60 + number))
    found = facets(tmp_path / "set", SampleFilter())
    assert {each.id: each.count for each in found.sizes} == {"0-64": 5, "65-128": 5}
    assert found.objects == []
    assert rows(tmp_path / "set", size="0-64") == [0, 1, 2, 3, 4]


def test_objects_of_a_model_count_where_nothing_is_labelled(boxes: Path, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "bare", kind="unlabelled", class_names=["a"]) as writer:
        for number in range(2):
            writer.add(f"{number}", image=image_bytes(number))
    answers = {"boxes": [[[0, 0, 1, 1]], []], "labels": [[0], []], "scores": [[0.5], []]}
    source = Dataset.open(tmp_path / "bare")
    source.derive(tmp_path / "set", layers={"predictions": answers, "second": answers})
    assert rows(tmp_path / "set", objects="1-") == [0]
    assert rows(tmp_path / "set", order="-score", layer="second") == [0, 1]


def test_what_samples_do_not_have_cannot_sort_them(tmp_path: Path) -> None:
    pets = write_dataset(tmp_path / "pets")
    with pytest.raises(Invalid, match="have no objects"):
        rows(pets, order="objects")
    with pytest.raises(Invalid, match="no scores in a layer 'predictions'"):
        rows(pets, order="-score")
    with DatasetWriter(tmp_path / "text", kind="text", class_names=["x"]) as writer:
        writer.add("0", text="words", label=0)
    with pytest.raises(Invalid, match="have no size"):
        rows(tmp_path / "text", order="size")
    assert facets(tmp_path / "text", SampleFilter()).model_dump() == {"sizes": [], "objects": []}


def test_rows_that_a_version_has_removed_are_in_no_list(boxes: Path) -> None:
    versions.remove(boxes, ["9.png", "6.png"])
    assert rows(boxes, order="-score") == [1, 4, 2, 5]
    assert rows(boxes, objects="2-2") == [1, 4]
    assert sum(each.count for each in facets(boxes, SampleFilter()).objects) == 4


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.sampled_from(["row", "key", "size", "objects", "score"]).flatmap(
        lambda name: st.sampled_from([name, f"-{name}"])
    ),
    split=st.sampled_from([None, "train", "test"]),
    low=st.integers(0, 13),
    width=st.integers(0, 13) | st.none(),
)
def test_a_list_is_a_filtered_and_sorted_copy_of_all(
    boxes: Path, order: str, split: str | None, low: int, width: int | None
) -> None:
    bounds = f"{low}-{'' if width is None else low + width}"
    found = matching_rows(boxes, SampleFilter(split=split, objects=bounds, order=order)).tolist()
    high = 99 if width is None else low + width
    expected = [
        row
        for row in range(6)
        if low <= NUM_OBJECTS[row] <= high and split in (None, "train" if row < 4 else "test")
    ]
    values = {
        "row": [*range(6)],
        "key": [9 - row for row in range(6)],
        "size": SIZES,
        "objects": NUM_OBJECTS,
        "score": [max(each, default=None) for each in SCORES],
    }[order.removeprefix("-")]
    sign = -1 if order.startswith("-") else 1
    assert found == sorted(expected, key=lambda row: (values[row] is None, sign * (values[row] or 0)))


def test_sorted_samples_are_paged(platform: Platform, boxes: Path) -> None:
    publish_dataset(platform, boxes, "boxes")
    chosen = SampleFilter(order="-size")
    first = datasets.list_samples(platform, SERVER, "default", "boxes", 1, chosen, cursor=None, limit=4)
    second = datasets.list_samples(
        platform, SERVER, "default", "boxes", 1, chosen, cursor=first.next_cursor, limit=4
    )
    assert [each.row for each in (*first.items, *second.items)] == [3, 1, 5, 0, 2, 4]
    keys = datasets.list_sample_keys(platform, SERVER, "default", "boxes", 1, chosen, cursor=None, limit=2)
    assert keys.items == ["6.png", "8.png"]
