import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.algorithm import protocol
from kpl.algorithm.protocol import Event, Figure, Metric, Note, Progress, ProvidedInput, read_events


def test_inputs_and_parameters_come_back_as_written(tmp_path: Path) -> None:
    given_inputs = [ProvidedInput("a", "dataset", "detection", tmp_path / "数据", "0" * 64)]
    protocol.write_inputs(tmp_path / "i.json", given_inputs)
    assert protocol.read_inputs(tmp_path / "i.json") == {"a": given_inputs[0]}
    protocol.write_parameters(tmp_path / "p.json", {"lr": 0.1, "名": None})
    assert protocol.read_parameters(tmp_path / "p.json") == {"lr": 0.1, "名": None}


def test_names_become_variables() -> None:
    assert protocol.input_variable("train_set") == "KPL_INPUT_TRAIN_SET"
    assert protocol.output_variable("model") == "KPL_OUTPUT_MODEL"


def test_a_command_is_filled_in(tmp_path: Path) -> None:
    command = ("python", "{algorithm}/train.py", "--python", "python")
    filled = protocol.fill_command(command, algorithm=tmp_path, python="/env/bin/python")
    assert filled == ["/env/bin/python", f"{tmp_path}/train.py", "--python", "python"]


def test_each_type_of_event_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(
        '{"type": "metric", "name": "loss", "value": 2, "step": 3, "time": 1.5}\n'
        '{"type": "progress", "value": 7, "message": "m"}\n'
        "\n"
        '{"type": "note", "text": "你好"}\n'
        '{"type": "figure", "name": "roc", "data": [1]}\n',
        encoding="utf-8",
    )
    events, problems, offset = read_events(path)
    assert events == [
        Metric("loss", 2.0, 3, 1.5), Progress(1.0, "m"), Note("你好"), Figure("roc", data=[1]),
    ]  # fmt: skip
    assert problems == []
    assert offset == path.stat().st_size


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "not an event"),
        ("[1]", "not a JSON object"),
        ('{"type": "metrik"}', "'metrik'"),
        ('{"type": "metric", "value": 1}', "'name' must be text"),
        ('{"type": "metric", "name": "a"}', "'value' is missing"),
        ('{"type": "metric", "name": "a", "value": "1"}', "finite number"),
        ('{"type": "metric", "name": "a", "value": true}', "finite number"),
        ('{"type": "metric", "name": "a", "value": NaN}', "finite number"),
        ('{"type": "note"}', "'text' must be text"),
        ('{"type": "figure", "name": "a"}', "'path' or 'data'"),
        ("[" * 100_000, "not an event"),
    ],
)
def test_a_malformed_line_is_reported_and_the_rest_is_read(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "events"
    path.write_text(f'{line}\n{{"type": "note", "text": "still here"}}\n')
    events, problems, _ = read_events(path)
    assert events == [Note("still here")]
    assert len(problems) == 1
    assert why in problems[0]


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text('{"type": "note", "text": "a"}\n{"type": "note"')
    events, problems, offset = read_events(path)
    assert (events, problems) == ([Note("a")], [])
    assert read_events(path, offset) == ([], [], offset)
    with path.open("a") as file:
        file.write(', "text": "b"}')
    assert read_events(path, offset)[0] == []
    assert read_events(path, offset, is_final=True)[0] == [Note("b")]


def test_no_file_yet_means_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none", 5) == ([], [], 5)


_events = st.builds(Metric, st.text(min_size=1, max_size=5), st.floats(-9, 9), st.none() | st.integers(0, 99))


@settings(max_examples=50, deadline=None)
@given(events=st.lists(_events, max_size=8), cuts=st.lists(st.integers(0, 600), max_size=6))
def test_however_the_file_grows_every_event_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("events") / "events"
    data = b"".join(
        json.dumps({"type": "metric", "name": e.name, "value": e.value, "step": e.step}).encode() + b"\n"
        for e in events
        if isinstance(e, Metric)
    )
    seen: list[Event] = []
    offset = 0
    for cut in (*sorted(min(cut, len(data)) for cut in cuts), len(data)):
        path.write_bytes(data[:cut])
        new, problems, offset = read_events(path, offset)
        seen += new
        assert problems == []
    assert seen == events
