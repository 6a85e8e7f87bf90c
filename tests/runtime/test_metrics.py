import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.algorithm.protocol import Metric
from kpl.runtime.metrics import Series, events_of, thin

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


def series_of(values: list[float]) -> Series:
    series = Series()
    for step, value in enumerate(values):
        series.add(Metric("loss", value, step))
    return series


@settings(max_examples=60, deadline=None)
@given(values=VALUES, points=st.integers(2, 60))
def test_thinning_keeps_ends_and_extremes_in_order(values: list[float], points: int) -> None:
    steps, kept, num_points = thin(series_of(values), from_step=None, to_step=None, points=points)
    assert num_points == len(values)
    assert len(kept) <= max(points + 2, len(values) if len(values) <= points else 0)
    assert steps == sorted(steps)
    assert (min(kept), max(kept)) == (min(values), max(values))
    assert (steps[0], steps[-1]) == (0, len(values) - 1)
    assert all(values[int(step)] == value for step, value in zip(steps, kept, strict=True))


def test_range_of_steps_includes_both_ends() -> None:
    steps, _, num_points = thin(series_of([0.0] * 10), from_step=3, to_step=5, points=100)
    assert (steps, num_points) == ([3, 4, 5], 3)


def test_steps_that_go_back_are_put_in_order() -> None:
    series = Series()
    for step in (2, 0, 1):
        series.add(Metric("loss", float(step), step))
    assert thin(series, from_step=None, to_step=None, points=10)[0] == [0, 1, 2]


def test_metric_without_steps_is_counted() -> None:
    series = Series()
    for value in (5.0, 6.0):
        series.add(Metric("loss", value))
    assert list(series.steps) == [0, 1]


def test_events_are_read_on_from_where_the_last_look_ended(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(json.dumps({"type": "metric", "name": "loss", "value": 1}) + "\nnonsense\n")
    assert events_of(path).series["loss"].last == 1
    with path.open("a") as file:
        file.write(json.dumps({"type": "metric", "name": "loss", "value": 2}) + "\n" + '{"type": "note"')
    events = events_of(path)
    assert list(events.series["loss"].values) == [1, 2]
    assert len(events.problems) == 1
