import copy
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kpl.algorithm import author, protocol
from kpl.algorithm.author import Parameters
from kpl.algorithm.protocol import Figure, Metric, Note, Progress, ProvidedInput, read_events
from kpl.errors import NotFound


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith("KPL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch, outside: Path) -> Path:
    """A folder laid out as the platform does."""
    inputs = [ProvidedInput("train_set", "dataset", "classification", outside / "set", "0" * 64)]
    protocol.write_inputs(outside / "inputs.json", inputs)
    protocol.write_parameters(outside / "parameters.json", {"lr": 0.1, "nested": {"deep": 1}})
    (outside / "out").mkdir()
    variables = protocol.task_variables(
        parameters=outside / "parameters.json",
        inputs_file=outside / "inputs.json",
        inputs=inputs,
        outputs={"model": outside / "out"},
        events=outside / "events",
        checkpoints=outside / "checkpoints",
        algorithm=outside,
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return outside


def test_a_task_finds_its_files(task: Path) -> None:
    assert author.is_on_platform()
    assert author.input("train_set") == task / "set"
    assert author.inputs()["train_set"].kind == "classification"
    assert author.has_input("train_set")
    assert not author.has_input("other")
    assert author.output("model") == task / "out"
    assert author.checkpoints() == task / "checkpoints"
    assert (task / "checkpoints").is_dir()


def test_an_unknown_name_comes_with_the_known_ones(task: Path) -> None:
    with pytest.raises(NotFound, match=r"no input 'train'.*Did you mean 'train_set'"):
        author.input("train")
    with pytest.raises(NotFound, match=r"no output 'modle'.*Did you mean 'model'"):
        author.output("modle")
    with pytest.raises(NotFound, match=r"no parameter 'learning'.*Known: 'lr'"):
        _ = author.parameters().learning


def test_parameters_are_read_by_key_and_by_attribute(task: Path) -> None:
    parameters = author.parameters()
    assert parameters.lr == parameters["lr"] == 0.1
    assert parameters.nested.deep == 1
    assert parameters.get("other", 5) == 5
    assert dict(parameters).keys() == {"lr", "nested"}


def test_parameters_can_be_copied_and_pickled() -> None:
    parameters = Parameters({"a": 1})
    assert copy.deepcopy(parameters) == parameters
    assert pickle.loads(pickle.dumps(parameters)).a == 1


def test_what_is_sent_is_what_the_platform_reads(task: Path) -> None:
    author.metric("loss", 0.5, step=3)
    author.progress(0.25, "quarter")
    author.note("你好")
    author.figure("roc", [1, 2])
    author.figure("confusion", path=task / "out/confusion.png")
    events, problems, _ = read_events(task / "events")
    assert problems == []
    metric = events[0]
    assert isinstance(metric, Metric)
    assert (metric.name, metric.value, metric.step) == ("loss", 0.5, 3)
    assert metric.time_s is not None
    assert events[1:] == [
        Progress(0.25, "quarter"),
        Note("你好"),
        Figure("roc", data=[1, 2]),
        Figure("confusion", path=str(task / "out/confusion.png")),
    ]


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_an_input_that_is_one_archive_is_unpacked(task: Path, is_wrapped: bool) -> None:
    (task / "set").mkdir()
    with zipfile.ZipFile(task / "set/photos.ZIP", "w") as archive:
        for name in ("a/1.png", "b/2.png"):
            archive.writestr(f"photos/{name}" if is_wrapped else name, b"x")
    folder = author.unpacked_input("train_set")
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]


def test_an_input_that_is_more_than_one_archive_is_left_as_it_is(task: Path) -> None:
    (task / "set/class").mkdir(parents=True)
    (task / "set/notes.zip").touch()
    assert author.unpacked_input("train_set") == task / "set"


def test_outside_the_platform_folders_are_local_and_events_go_nowhere(outside: Path) -> None:
    assert not author.is_on_platform()
    assert author.input("dataset") == outside / "inputs/dataset"
    assert not author.has_input("dataset")
    assert author.output("model") == outside / "outputs/model"
    assert (outside / "outputs/model").is_dir()
    assert author.checkpoints() == outside / "checkpoints"
    author.metric("loss", 1)
    author.progress(1)
    assert sorted(path.name for path in outside.iterdir()) == ["checkpoints", "outputs"]


def test_outside_the_platform_parameters_are_the_defaults_beside_the_script(outside: Path) -> None:
    (outside / "algorithm.yaml").write_text(
        'name: a\nversion: "1"\ntitle: {en: a, zh: a}\ndescription: {en: a, zh: a}\ntask: t\nlicence: MIT\n'
        "functions:\n  train:\n    command: [python, '{algorithm}/train.py']\n"
        "    parameters: {properties: {lr: {default: 0.5}}}\n"
    )
    script = outside / "train.py"
    script.write_text("from kpl.algorithm import author; print(author.parameters().lr)")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == 0.5


def test_the_kit_imports_nothing_heavy() -> None:
    code = "import sys; from kpl.algorithm import author; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"fastapi", "uvicorn", "pydantic", "yaml", "numpy", "jsonschema", "kpl.dataset", "kpl.storage"}
    assert heavy & set(ended.stdout.split()) == set()
