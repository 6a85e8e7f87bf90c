import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.algorithm.protocol import Metric, Progress, read_events
from kpl.runtime.metrics import AttemptEvents, Series, events_of, thin

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


def series_of(values: list[float]) -> Series:
    series = Series()
    series.add(list(range(len(values))), values)
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
    series.add([2], [2.0])
    series.add([0, 1], [0.0, 1.0])
    assert not series.is_ordered
    assert thin(series, from_step=None, to_step=None, points=10)[0] == [0, 1, 2]


def test_metric_without_steps_is_counted() -> None:
    series = Series()
    series.add([None], [5.0])
    series.add([None, None], [6.0, 7.0])
    assert list(series.steps) == [0, 1, 2]


def test_events_are_read_on_from_where_the_last_look_ended(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(json.dumps({"type": "metric", "name": "loss", "value": 1}) + "\nnonsense\n")
    assert events_of(path).series["loss"].last == 1
    with path.open("a") as file:
        file.write(json.dumps({"type": "metric", "name": "loss", "value": 2}) + "\n" + '{"type": "note"')
    events = events_of(path)
    assert list(events.series["loss"].values) == [1, 2]
    assert len(events.problems) == 1


ODD_LINES = st.sampled_from(
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"type": "note", "text": "seen"}',
        b'{"type": "figure", "name": "f", "data": 1}',
        b'{"type": "metric", "name": "", "value": 1}',
        b'{"type": "metric", "name": "loss", "value": true}',
        b'{"type": "metric", "name": "loss", "value": NaN}',
        b'{"type": "metric", "name": "loss", "value": 1e999}',
        b'{"type": "metric", "name": "loss", "value": 1, "step": 2.5}',
        b'{"type": "metric", "name": "loss", "value": 1, "step": null, "other": [1]}',
        b'{"type": "metric", "name": "loss", "value": "1"}',
        b'{"type": "metric", "name": "loss"',
        b'"value": 1}',
        b'{"type": "metric", "name": "loss", "value": 1} {"type": "note", "text": "b"}',
        b'{"type": "progress", "value": -3}',
        b'{"type": "progress", "value": 0.5, "message": "half"}',
        b'{"type": "note", "text": "\xff"}',
        b"\r",
    ]
)
POINTS = st.builds(
    lambda name, value, step: json.dumps(
        {"type": "metric", "name": name, "value": value, "step": step}
    ).encode(),
    st.sampled_from(["loss", "accuracy"]),
    st.floats(-1e6, 1e6) | st.integers(-9, 9),
    st.none() | st.integers(0, 1000),
)


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(POINTS | ODD_LINES, max_size=30), ends=st.booleans())
def test_many_lines_at_once_are_read_as_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ends: bool
) -> None:
    path = tmp_path_factory.mktemp("attempt") / "events"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ends else b""))
    events, problems, _ = read_events(path, is_final=True)
    taken = AttemptEvents(path)
    taken.read_on(is_final=True)
    values: dict[str, list[float]] = {}
    for event in events:
        if isinstance(event, Metric):
            values.setdefault(event.name, []).append(event.value)
    assert {name: list(series.values) for name, series in taken.series.items()} == values
    assert taken.problems == problems[:20]
    progress = [event for event in events if isinstance(event, Progress)]
    assert taken.progress == (progress[-1].value if progress else None)


def test_a_file_of_several_parts_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("w") as file:
        for step in range(20_000):
            file.write(json.dumps({"type": "metric", "name": "loss", "value": step / 2, "step": step}) + "\n")
            if step == 15_000:
                file.write("no event\n")
    events = events_of(path)
    assert list(events.series["loss"].steps) == list(range(20_000))
    assert len(events.problems) == 1
