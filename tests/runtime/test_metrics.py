"""Metrics are read while they are written, and thinned out without losing a peak."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.algorithm.protocol import Figure, Progress
from kpl.runtime.metrics import EventsCache, EventsReader, Series


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "41-1.jsonl"


def append(path: Path, *events: object) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def metric(name: str, value: float, step: int | None = None) -> dict[str, object]:
    return {"type": "metric", "name": name, "value": value, "step": step, "time": 5.0}


def test_missing_file_reads_as_nothing(path: Path) -> None:
    report = EventsReader(path).read()
    assert (dict(report.series), report.progress, report.num_problems) == ({}, None, 0)


def test_series_grow_with_the_file(path: Path) -> None:
    reader = EventsReader(path)
    append(path, metric("loss", 2.0, 0), metric("accuracy", 0.5, 0))
    assert reader.read().latest == {"loss": 2.0, "accuracy": 0.5}
    append(path, metric("loss", 1.0, 10))
    series = reader.read().series["loss"]
    assert series.step.tolist() == [0, 10]
    assert series.value.tolist() == [2.0, 1.0]
    assert series.time_s.tolist() == [5.0, 5.0]


def test_values_without_step_or_time_get_them(path: Path) -> None:
    append(
        path, {"type": "metric", "name": "loss", "value": 3}, {"type": "metric", "name": "loss", "value": 2}
    )
    series = EventsReader(path, now_s=lambda: 7.0).read().series["loss"]
    assert series.step.tolist() == [0, 1]
    assert series.time_s.tolist() == [7.0, 7.0]


def test_steps_out_of_order_are_sorted(path: Path) -> None:
    append(path, metric("loss", 3.0, 2), metric("loss", 5.0, 1))
    assert EventsReader(path).read().series["loss"].value.tolist() == [5.0, 3.0]


def test_line_being_written_is_left_for_later(path: Path) -> None:
    reader = EventsReader(path)
    path.write_text('{"type": "progress", "val')
    assert reader.read().progress is None
    with path.open("a") as file:
        file.write('ue": 0.25, "message": "half"}')
    assert reader.read().num_problems == 0
    assert reader.read(is_final=True).progress == Progress(0.25, "half")


def test_malformed_lines_are_reported_and_hide_nothing(path: Path) -> None:
    bad = [b"nonsense\n", b"[1]\n", b'{"type":"metric","name":"a","value":"x"}\n', b"\xff\n", b"\n"]
    bad.append(b'{"type":"metric","name":"a","value":1,"step":1e30}\n')
    path.write_bytes(b"".join(bad) + b'{"type":"note","text":"hi"}\n')
    report = EventsReader(path).read()
    assert report.notes == ("hi",)
    assert report.num_problems == 5
    assert report.problems[0].startswith("byte 0: b'nonsense'") or "nonsense" in report.problems[0]
    assert report.problems[1].startswith("byte 9:")


def test_enormous_line_is_dropped(path: Path) -> None:
    path.write_bytes(b"x" * (9 << 20) + b'\n{"type":"note","text":"hi"}\n')
    report = EventsReader(path).read()
    assert report.notes == ("hi",)
    assert report.num_problems >= 1


def test_figures_are_replaced_by_name(path: Path) -> None:
    append(
        path,
        {"type": "figure", "name": "roc", "path": "a.png"},
        {"type": "figure", "name": "roc", "data": [1]},
    )
    assert EventsReader(path).read().figures == (Figure("roc", "", [1]),)


def test_replaced_file_is_read_anew(path: Path) -> None:
    reader = EventsReader(path)
    append(path, metric("loss", 2.0, 0), metric("loss", 1.0, 1))
    reader.read()
    path.unlink()
    append(path, metric("f1", 1.0, 0))
    assert reader.read().latest == {"f1": 1.0}


def test_cache_reads_on_and_forgets_the_oldest(tmp_path: Path) -> None:
    cache = EventsCache(max_files=2)
    for name in ("a", "b", "c"):
        append(tmp_path / name, metric("loss", 1.0, 0))
        assert cache.read(tmp_path / name).latest == {"loss": 1.0}
    assert cache.read(tmp_path / "c") is cache.read(tmp_path / "c")
    append(tmp_path / "a", metric("loss", 0.5, 1))
    assert cache.read(tmp_path / "a").latest == {"loss": 0.5}


def series_of(values: list[float]) -> Series:
    steps = np.arange(len(values), dtype=np.int64)
    return Series(steps, steps.astype(np.float64), np.array(values, np.float64))


def test_downsampling_keeps_a_peak() -> None:
    values = [0.0] * 100_000
    values[54_321] = 9.0
    values[12_345] = -9.0
    thin = series_of(values).downsample(points=200)
    assert len(thin) <= 202
    assert thin.value.max() == 9.0
    assert thin.step[thin.value.argmin()] == 12_345


def test_downsampling_takes_a_range_of_steps() -> None:
    thin = series_of([float(i) for i in range(100)]).downsample(from_step=10, to_step=20)
    assert thin.step.tolist() == list(range(10, 20))
    assert len(series_of([]).downsample()) == 0


@settings(max_examples=80)
@given(
    values=st.lists(st.floats(-1e6, 1e6), max_size=300),
    points=st.integers(1, 50),
    low=st.integers(-5, 310),
    high=st.integers(-5, 310),
)
def test_downsampling_keeps_extremes_and_ends(values: list[float], points: int, low: int, high: int) -> None:
    thin = series_of(values).downsample(from_step=low, to_step=high, points=points)
    chosen = values[max(0, low) : max(0, high)]
    assert len(thin) <= points + 3
    assert np.all(np.diff(thin.step) > 0)
    if chosen:
        assert (thin.value.min(), thin.value.max()) == (min(chosen), max(chosen))
        assert (thin.value[0], thin.value[-1]) == (chosen[0], chosen[-1])
    else:
        assert len(thin) == 0
