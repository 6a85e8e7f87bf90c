"""The server is killed with SIGKILL at random moments of a run; everything must end as if nothing had happened.

`KPL_KILL_SEEDS=20` runs twenty seeds; three are run otherwise.
"""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kpl.client import Client, LocalServer, start_server

pytestmark = pytest.mark.e2e

NUM_SEEDS = int(os.environ.get("KPL_KILL_SEEDS", "3"))
NUM_LINES = 400
RUN_TIMEOUT_S = 90.0

MANIFEST = """\
name: counting
version: "1.0.0"
title: {en: Counting, zh: 计数}
description: {en: Counts aloud., zh: 大声计数。}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [python, "{algorithm}/process.py"]
    inputs:
      - {name: left, type: files, optional: true}
      - {name: right, type: files, optional: true}
    outputs:
      - {name: numbers, type: files}
    metrics:
      - {name: count, direction: max}
    parameters:
      type: object
      required: [journal, seed]
      properties:
        journal: {type: string}
        seed: {type: integer}
    resources: {cpu: 0.1, memory: 16Mi}
"""
# Notes each start in a file outside of KPL, then counts slowly enough to be interrupted anywhere.
PROGRAM = f"""\
import json, os, sys, time

parameters = json.load(open(os.environ["KPL_PARAMETERS"]))
with open(parameters["journal"], "a") as journal:
    journal.write(os.environ["KPL_TASK_ID"] + "\\n")
with open(os.environ["KPL_EVENTS"], "a") as events:
    for number in range({NUM_LINES}):
        print("line", number, flush=True)
        if number % 100 == 0:
            events.write(json.dumps({{"type": "metric", "name": "count", "value": number, "step": number}}) + "\\n")
            events.flush()
        time.sleep(0.001)
inputs = json.load(open(os.environ["KPL_INPUTS"]))
with open(os.environ["KPL_OUTPUT_NUMBERS"] + "/numbers.txt", "w") as file:
    file.write(" ".join(sorted(inputs)) + " {NUM_LINES}")
"""


@dataclass(frozen=True)
class Result:
    """What a run leaves behind, without numbers and times that differ from run to run."""

    state: str
    tasks: dict[str, tuple[str, int, str]]
    logs: dict[str, list[str]]
    metrics: dict[str, tuple[int, float]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def holder(folder: Path) -> Iterator[list[LocalServer]]:
    """One server at a time, in a list so that a test can put its successor there."""
    algorithm = folder / "counting"
    algorithm.mkdir()
    (algorithm / "algorithm.yaml").write_text(MANIFEST)
    (algorithm / "process.py").write_text(PROGRAM)
    servers = [start_server(folder / "data")]
    with servers[0].client() as client:
        client.algorithms.install(algorithm)
    yield servers
    servers[-1].stop()


@pytest.fixture(scope="module")
def undisturbed(holder: list[LocalServer], folder: Path) -> Result:
    journal = folder / "journal-undisturbed"
    with holder[-1].client() as client:
        run = client.runs.create(document=_diamond(journal, seed=-1))
        client.runs.wait(run.id, timeout_s=RUN_TIMEOUT_S)
        result = _result(client, run.id)
    assert result.state == "succeeded"
    assert len(journal.read_text().split()) == 4
    return result


@pytest.mark.parametrize("seed", range(NUM_SEEDS))
def test_a_run_ends_as_if_the_server_had_never_been_killed(
    seed: int, holder: list[LocalServer], folder: Path, undisturbed: Result
) -> None:
    chance = random.Random(seed)
    journal = folder / f"journal-{seed}"
    with holder[-1].client() as client:
        run_id = client.runs.create(document=_diamond(journal, seed=seed)).id
    for _ in range(chance.randint(1, 3)):
        time.sleep(chance.uniform(0.0, 1.2))  # the point of the test: kill at any moment
        holder[-1].kill()
        time.sleep(chance.uniform(0.0, 0.5))
        holder.append(start_server(folder / "data"))
    with holder[-1].client() as client:
        client.runs.wait(run_id, timeout_s=RUN_TIMEOUT_S)
        result = _result(client, run_id)
        task_ids = sorted(str(task.id) for task in client.runs.get(run_id).tasks)
    assert result == undisturbed
    assert sorted(journal.read_text().split()) == task_ids, "each task was started exactly once"


def test_who_follows_a_run_or_its_log_is_not_thrown_off_by_a_restart(
    holder: list[LocalServer], folder: Path
) -> None:
    port = holder[-1].url.rpartition(":")[2]
    with holder[-1].client() as client, ThreadPoolExecutor(2) as pool:
        run = client.runs.create(document=_diamond(folder / "journal-followed", seed=-2))
        end = pool.submit(client.runs.wait, run.id, timeout_s=RUN_TIMEOUT_S)
        last_task = run.tasks[-1].id  # has no attempt yet
        lines = pool.submit(lambda: list(client.tasks.log_lines(last_task, follow=True)))
        holder[-1].kill()
        time.sleep(0.3)
        holder.append(start_server(folder / "data", options=("--port", port)))
        assert end.result(RUN_TIMEOUT_S).state == "succeeded"
        assert lines.result(RUN_TIMEOUT_S) == [f"line {number}" for number in range(NUM_LINES)]


def _diamond(journal: Path, *, seed: int) -> dict[str, Any]:
    """a -> (b, c) -> d; the seed keeps runs from reusing each other's steps."""
    parameters = {"journal": str(journal), "seed": seed}
    nodes = [
        {
            "id": name,
            "type": "algorithm",
            "algorithm": "counting",
            "function": "process",
            "parameters": parameters,
        }
        for name in "abcd"
    ]
    edges = [("a", "b", "left"), ("a", "c", "left"), ("b", "d", "left"), ("c", "d", "right")]
    return {
        "schema": "kpl.pipeline/v1",
        "name": "diamond",
        "nodes": nodes,
        "edges": [{"from": f"{source}.numbers", "to": f"{target}.{port}"} for source, target, port in edges],
    }


def _result(client: Client, run_id: int) -> Result:
    run = client.runs.get(run_id)
    details = {task.name: client.tasks.get(task.id) for task in run.tasks}
    reported = {name: client.tasks.metrics(task.id).metrics for name, task in details.items()}
    return Result(
        state=str(run.state),
        tasks={
            name: (str(task.state), task.num_attempts, task.outputs.get("numbers", ""))
            for name, task in details.items()
        },
        logs={name: list(client.tasks.log_lines(task.id)) for name, task in details.items()},
        metrics={name: (metrics[0].num_points, metrics[0].last) for name, metrics in reported.items()},
    )
