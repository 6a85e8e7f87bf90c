"""An evaluation is divided by what its dataset says of samples, and by the size of objects; parts lead to samples."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl import evaluation
from kpl.dataset import DatasetWriter
from kpl.dataset.fields import field
from kpl.errors import NotFound
from kpl.evaluation import Detections, Truth
from kpl.schemas.evaluation import EvaluatedSamplesOut, EvaluationSlicesOut
from kpl.server.services import evaluations
from kpl.server.services.access import Caller
from kpl.server.services.evaluation_slices import division_of
from kpl.server.services.platform import Platform
from kpl.testing.published import CLASSES, add_test, image_bytes
from kpl.testing.server import add_user

SMALL, LARGE = [0, 0, 10, 10], [0, 0, 100, 100]
WEATHER = ("sun", "rain", None, "sun")


@pytest.fixture
def viewer_of(platform: Platform) -> Caller:
    return add_user(platform, "ann", is_admin=True)


@pytest.fixture
def boxes(platform: Platform, tmp_path: Path) -> int:
    """Four pictures, two in each split: all large objects are found, the small ones when the sun shines."""
    weather = field("weather", "string", is_optional=True)
    with DatasetWriter(
        tmp_path / "dataset", kind="detection", class_names=list(CLASSES), fields=[weather]
    ) as writer:
        for number, name in enumerate(WEATHER):
            image = image_bytes(number, size=100 + number // 2)
            split = "train" if number < 2 else "test"
            writer.add(
                f"{number}.png", image=image, boxes=[SMALL, LARGE], labels=[0, 1], split=split, weather=name
            )
    found = [[SMALL, LARGE] if name == "sun" else [LARGE] for name in WEATHER]
    evaluation.write_detection(
        tmp_path / "report",
        rows=np.arange(4),
        truth=Truth([[SMALL, LARGE]] * 4, [[0, 1]] * 4),
        answers=Detections(
            found, [[0, 1] if len(one) == 2 else [1] for one in found], [[0.9] * len(one) for one in found]
        ),
        classes=CLASSES,
    )
    return add_test(platform, tmp_path / "report", dataset=tmp_path / "dataset")


def slices(platform: Platform, caller: Caller, task: int, by: str | None = None) -> EvaluationSlicesOut:
    return evaluations.get_slices(platform, caller, "default", task, threshold=None, by=by)


def samples(platform: Platform, caller: Caller, task: int, **filters: Any) -> EvaluatedSamplesOut:
    chosen: dict[str, Any] = {
        "threshold": None, "label": None, "predicted": None, "outcome": None, "by": None, "value": None,
        "order": "row", "cursor": None, "limit": 50,
    }  # fmt: skip
    return evaluations.list_evaluated_samples(platform, caller, "default", task, **chosen | filters)


def test_the_worst_part_comes_first(platform: Platform, viewer_of: Caller, boxes: int) -> None:
    found = slices(platform, viewer_of, boxes)
    assert found.divisions == ["split", "object_size", "image_size", "field:weather"]
    assert (found.by, [one.value for one in found.slices]) == ("split", ["train", "test"])
    by_size = slices(platform, viewer_of, boxes, "object_size")
    assert [(one.value, one.support, one.num_unanswered) for one in by_size.slices] == [
        ("small", 4, 2),
        ("large", 4, 0),
    ]
    by_weather = slices(platform, viewer_of, boxes, "field:weather")
    assert [(one.value, one.recall) for one in by_weather.slices] == [
        ("rain", 0.5),
        (None, 0.5),
        ("sun", 1.0),
    ]


def test_parts_lead_to_their_samples(platform: Platform, viewer_of: Caller, boxes: int) -> None:
    def rows(**filters: Any) -> list[int]:
        return [each.row for each in samples(platform, viewer_of, boxes, **filters).items]

    assert rows(by="split", value="test") == [2, 3]
    assert rows(by="field:weather", outcome="missed") == [2]
    assert rows(by="field:weather", value="sun", outcome="missed") == []
    assert rows(by="object_size", value="small", outcome="error") == [1, 2]
    assert samples(platform, viewer_of, boxes, by="object_size", value="large").num_counted == 4
    for by in slices(platform, viewer_of, boxes).divisions:
        for one in slices(platform, viewer_of, boxes, by).slices:
            found = samples(platform, viewer_of, boxes, by=by, value=one.value, outcome="missed")
            assert found.num_counted == one.num_unanswered


def test_a_division_or_part_that_is_not_there_is_named(
    platform: Platform, viewer_of: Caller, boxes: int
) -> None:
    with pytest.raises(NotFound, match="not divided by 'field:wether'") as caught:
        slices(platform, viewer_of, boxes, "field:wether")
    assert "field:weather" in caught.value.hint
    with pytest.raises(NotFound, match="no part 'sum'"):
        samples(platform, viewer_of, boxes, by="field:weather", value="sum")


def test_classifications_are_divided_too(platform: Platform, viewer_of: Caller, tmp_path: Path) -> None:
    with DatasetWriter(
        tmp_path / "dataset", kind="classification", class_names=list(CLASSES),
        fields=[field("age", "float32")],
    ) as writer:  # fmt: skip
        for number in range(6):
            writer.add(f"{number}.png", image=image_bytes(number), label=number % 2, age=float(number // 3))
    scores = np.eye(3, dtype=np.float32)[[0, 1, 0, 0, 0, 0]]
    evaluation.write_classification(
        tmp_path / "report", rows=np.arange(6), labels=np.arange(6) % 2, scores=scores, classes=CLASSES
    )
    task = add_test(platform, tmp_path / "report", dataset=tmp_path / "dataset")
    found = slices(platform, viewer_of, task)
    assert found.divisions == ["field:age"]
    assert [(one.value, one.num_right, one.num_wrong) for one in found.slices] == [("1", 1, 2), ("0", 3, 0)]
    assert [each.row for each in samples(platform, viewer_of, task, by="field:age", value="1").items] == [
        3,
        4,
        5,
    ]


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6) | st.just(math.nan)), min_size=1, max_size=80))
def test_numbers_are_put_in_few_ranges_and_gaps_apart(values: list[float | None]) -> None:
    found = division_of(values)
    assert found is not None
    assert len(found.codes) == len(values)
    assert set(found.codes.tolist()) == set(range(len(found.values)))
    assert len(found.values) <= 13
    gaps = [value is None or math.isnan(value) for value in values]
    assert (None in found.values) == any(gaps)
    numbers = [(value, code) for value, code, gap in zip(values, found.codes, gaps, strict=True) if not gap]
    assert [code for _, code in sorted(numbers)] == sorted(code for _, code in numbers)


def test_too_many_names_do_not_divide() -> None:
    assert division_of([str(number) for number in range(100)]) is None
