"""Runs functions of built-in algorithms as the platform does: a process, files and variables."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import kpl
from kpl.algorithm import protocol
from kpl.algorithm.manifest import load_manifest
from kpl.algorithm.parameters import check_parameters
from kpl.dataset import DatasetWriter

ALGORITHMS = Path(kpl.__file__).parent / "builtin" / "algorithms"
DEADLINE_S = 120


@dataclass(frozen=True)
class Finished:
    """What a process left behind."""

    returncode: int
    log: str
    events: list[protocol.Event]
    outputs: dict[str, Path]

    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return {event.name: event.value for event in self.events if isinstance(event, protocol.Metric)}

    def notes(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, protocol.Note))


@dataclass
class Task:
    """One task of a function; every `run` is another attempt with the same checkpoints.

    Outputs and the working directory are new in each attempt.
    """

    folder: Path
    algorithm: str
    function: str
    inputs: dict[str, Path] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    num_attempts: int = 0

    def run(
        self, *, kill_when: Callable[[protocol.Event], bool] | None = None, fails: bool = False
    ) -> Finished:
        """Run to the end, or kill the process group as soon as an event says so."""
        process, attempt, outputs = self.start()
        log = attempt / "log"
        if kill_when is not None:
            for event in self.events_of(process, attempt):
                if kill_when(event):
                    os.killpg(process.pid, signal.SIGKILL)
                    break
        returncode = process.wait(DEADLINE_S)
        text = log.read_text(errors="replace")
        events, problems, _ = protocol.read_events(attempt / "events.jsonl", is_final=True)
        assert problems == []
        if kill_when is None:
            assert (returncode != 0) == fails, text
        return Finished(returncode, text, events, outputs)

    def start(self, **variables: str) -> tuple[subprocess.Popen[bytes], Path, dict[str, Path]]:
        self.num_attempts += 1
        attempt = self.folder / f"attempt-{self.num_attempts}"
        algorithm = ALGORITHMS / self.algorithm
        function = load_manifest(algorithm).function(self.function)
        checkpoints = self.folder / "checkpoints"
        outputs = {port.name: attempt / "outputs" / port.name for port in function.outputs}
        for folder in (attempt / "work", checkpoints, *outputs.values()):
            folder.mkdir(parents=True, exist_ok=True)
        inputs = [
            protocol.ProvidedInput(port.name, port.type, port.kind, self.inputs[port.name])
            for port in function.inputs
            if port.name in self.inputs
        ]
        protocol.write_inputs(attempt / "inputs.json", inputs)
        values = check_parameters(function.parameters, self.parameters)
        protocol.write_parameters(attempt / "parameters.json", values)
        environment = dict(os.environ) | protocol.task_variables(
            parameters=attempt / "parameters.json",
            inputs_file=attempt / "inputs.json",
            inputs=inputs,
            outputs=outputs,
            events=attempt / "events.jsonl",
            checkpoints=checkpoints,
            algorithm=algorithm,
        )
        environment["PYTHONWARNINGS"] = "default"
        with (attempt / "log").open("wb") as log:
            process = subprocess.Popen(
                protocol.fill_command(function.command, algorithm=algorithm, python=sys.executable),
                cwd=attempt / "work",
                env=environment | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return process, attempt, outputs

    def events_of(self, process: subprocess.Popen[bytes], attempt: Path) -> Iterator[protocol.Event]:
        """Events as they come, until the process ends."""
        offset = 0
        while True:
            ended = process.poll() is not None
            events, _, offset = protocol.read_events(attempt / "events.jsonl", offset)
            yield from events
            if ended:
                return
            if not events:
                try:
                    process.wait(0.01)
                except subprocess.TimeoutExpired:
                    continue


MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    """make_task(algorithm, function, inputs={...}, **parameters) -> Task"""

    def make(algorithm: str, function: str, *, inputs: dict[str, Path], **parameters: Any) -> Task:
        number = len(list(tmp_path.glob("task-*")))
        return Task(tmp_path / f"task-{number}-{function}", algorithm, function, inputs, parameters)

    return make


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 of scikit-learn's handwritten digits as a dataset: 400 train, 100 test."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn brings the digits")
    bunch = datasets.load_digits()
    path = tmp_path_factory.mktemp("digits") / "dataset"
    with DatasetWriter(
        path, kind="classification", class_names=[str(digit) for digit in range(10)]
    ) as writer:
        for number in range(500):
            label = int(bunch.target[number])
            pixels = (bunch.images[number] * 255 / 16).astype(np.uint8)
            split = "test" if number % 5 == 4 else "train"
            writer.add(key=f"{label}/{number}.png", image=png(pixels), label=label, split=split)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Finished:
    """A small classifier of the digits, trained once for all tests."""
    pytest.importorskip("torch", reason="training needs PyTorch")
    folder = tmp_path_factory.mktemp("trained")
    return Task(folder, "image_classification", "train", {"dataset": digits}, {"epochs": 10}).run()


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, trained: Finished, digits: Path) -> Finished:
    """The small classifier, compiled once for all tests."""
    pytest.importorskip("onnxruntime", reason="compiling needs ONNX Runtime")
    pytest.importorskip("onnx", reason="int8 needs onnx")
    inputs = {"model": trained.outputs["model"], "dataset": digits}
    parameters = {"name": "digits", "calibration_samples": 32}
    folder = tmp_path_factory.mktemp("package")
    return Task(folder, "image_classification", "compile", inputs, parameters).run()


EncodePng = Callable[[NDArray[np.uint8]], bytes]


@pytest.fixture
def encode_png() -> EncodePng:
    return png


@pytest.fixture
def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
