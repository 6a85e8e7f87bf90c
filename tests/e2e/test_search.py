"""Automatic search over parameters on a real server: better than the defaults, trials stopped early, the best one
published, all of it reused, and a server that is killed meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import Client, LocalServer, start_server
from kpl.schemas.run import RunDetail
from kpl.schemas.task import SearchState, TaskDetail, TrialOut
from kpl.task import TaskState
from kpl.testing.working_server import wait_until

pytestmark = pytest.mark.e2e

TIMEOUT_S = 120.0
MANIFEST = """\
name: descent
version: "1.0.0"
title: {en: Descent, zh: 下降}
description: {en: Fits a line to points by gradient descent., zh: 用梯度下降拟合直线。}
task: regression
licence: Apache-2.0
functions:
  train:
    command: [python, "{algorithm}/train.py"]
    inputs: [{name: before, type: files, optional: true}]
    outputs: [{name: model, type: model, kind: regression}]
    metrics: [{name: loss, direction: min, primary: true}]
    resources: {cpu: 0.1, memory: 16Mi}
    parameters:
      type: object
      required: [journal]
      properties:
        journal: {type: string}
        rate: {type: number, exclusiveMinimum: 0, maximum: 1, default: 0.001}
        momentum: {type: number, minimum: 0, maximum: 0.99, default: 0}
        rounds: {type: integer, minimum: 1, default: 80}
"""
# Notes each start outside of KPL; slow enough for trials to be compared, and for the server to be killed.
TRAIN = """\
import hashlib, json, os, time
from pathlib import Path

parameters = json.loads(Path(os.environ["KPL_PARAMETERS"]).read_text())
with open(parameters["journal"], "a") as journal:
    journal.write(os.environ["KPL_TASK_ID"] + "\\n")
points = [(x / 10, 3 * x / 10 - 1) for x in range(-10, 11)]
slope = offset = speed_a = speed_b = 0.0
losses = []
with open(os.environ["KPL_EVENTS"], "a") as events:
    for step in range(parameters["rounds"]):
        wrong = [(slope * x + offset - y, x) for x, y in points]
        losses.append(sum(each * each for each, _ in wrong) / len(points))
        metric = {"type": "metric", "name": "loss", "value": losses[-1], "step": step}
        events.write(json.dumps(metric) + "\\n")
        events.flush()
        speed_a = parameters["momentum"] * speed_a - parameters["rate"] * sum(e * x for e, x in wrong) / len(points)
        speed_b = parameters["momentum"] * speed_b - parameters["rate"] * sum(e for e, _ in wrong) / len(points)
        slope, offset = slope + speed_a, offset + speed_b
        time.sleep(0.03)
folder = Path(os.environ["KPL_OUTPUT_MODEL"])
weights = json.dumps([slope, offset]).encode()
folder.joinpath("weights").write_bytes(weights)
file = {"size_bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}
manifest = {"schema": "kpl.model/v1", "task": "regression", "classes": [], "signature": {}, "preprocessing": {},
            "metrics": {"loss": min(losses)}, "files": {"weights": file}}
folder.joinpath("model.json").write_text(json.dumps(manifest))
"""
NUM_TRIALS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("searched")


@pytest.fixture(scope="module")
def holder(folder: Path) -> Iterator[list[LocalServer]]:
    """One server at a time, in a list so that a test can put its successor there."""
    algorithm = folder / "descent"
    algorithm.mkdir()
    (algorithm / "algorithm.yaml").write_text(MANIFEST)
    (algorithm / "train.py").write_text(TRAIN)
    servers = [start_server(folder / "data")]
    with servers[0].client() as client:
        client.algorithms.install(algorithm)
    yield servers
    servers[-1].stop()


def document(journal: Path, search: dict[str, Any] | None, **parameters: Any) -> dict[str, Any]:
    train: dict[str, Any] = {
        "id": "train",
        "type": "algorithm",
        "algorithm": "descent",
        "function": "train",
        "parameters": {"journal": str(journal), **parameters},
    }
    if search is not None:
        train |= {"search": search, "publish": {"model": "line"}}
    return {"schema": "kpl.pipeline/v1", "name": "descent", "nodes": [train]}


SEARCH = {
    "parameters": {"rate": {"min": 0.0001, "max": 0.5, "log": True}, "momentum": {"choices": [0, 0.5, 0.9]}},
    "trials": NUM_TRIALS,
    "parallel": 4,
    "pruning": True,
    "seed": 5,
}


def test_a_search_beats_the_defaults_survives_a_kill_and_is_reused_whole(
    holder: list[LocalServer], folder: Path
) -> None:
    journal = folder / "journal"
    searched = document(journal, SEARCH)
    with holder[-1].client() as client:
        defaults = finish(client, client.runs.create(document=document(journal, None)).id)
        default_task = defaults.tasks[0].id
        default_loss = client.tasks.metrics(default_task).metrics[0].min
        (step,) = client.pipelines.plan(document=searched).steps
        assert step.why.endswith("search of up to 12 trials, 4 at once")
        assert step.expected_s is not None
        run = client.runs.create(document=searched)
        wait_until(lambda: trials_of(client, run), lambda trials: len(trials) >= 5)
    holder[-1].kill()
    holder.append(start_server(folder / "data"))
    with holder[-1].client() as client:
        run = finish(client, run.id)
        assert run.state == "succeeded"
        assert [task.name for task in run.tasks] == ["train"], "trials are no steps"
        assert (run.num_tasks, run.num_done) == (1, 1)
        search, trials = client.tasks.get(run.tasks[0].id), trials_of(client, run)
        check_trials(search, trials, journal, default_task)
        check_best(client, search, trials, default_loss)
        starts = journal.read_text()
        again = finish(client, client.runs.create(document=searched).id)
        (reused,) = again.tasks
        assert (reused.state, reused.reused_from) == (TaskState.REUSED, search.id)
        assert journal.read_text() == starts, "nothing ran a second time"
        assert state_of(reused).best_value == state_of(search).best_value
        assert list(client.tasks.trials(reused.id)) == trials
        assert client.tasks.metrics(reused.id) == client.tasks.metrics(search.id)


def check_trials(search: TaskDetail, trials: list[TrialOut], journal: Path, default_task: int) -> None:
    """Each was started once, whatever the server lived through; the first is the one that ran with the defaults."""
    assert [trial.trial for trial in trials] == list(range(1, NUM_TRIALS + 1))
    assert (trials[0].parameters, trials[0].reused_from) == ({"rate": 0.001, "momentum": 0}, default_task)
    ran = [
        str(trial.task_id) for trial in trials if trial.reused_from is None and trial.started_at is not None
    ]
    assert sorted(journal.read_text().split()) == sorted([str(default_task), *ran])
    assert len({str(trial.parameters) for trial in trials}) == NUM_TRIALS
    progress = state_of(search)
    assert progress.stopped_early == sum(trial.is_stopped_early for trial in trials) > 0
    assert progress.done + progress.stopped_early == NUM_TRIALS
    assert (progress.metric, progress.direction, progress.running) == ("loss", "minimize", 0)


def check_best(client: Client, search: TaskDetail, trials: list[TrialOut], default_loss: float) -> None:
    """The best trial is what the search comes to, and what is published."""
    (best,) = [trial for trial in trials if trial.is_best]
    assert best.value is not None
    assert best.value < default_loss / 10
    done = [
        trial.value for trial in trials if trial.state in ("succeeded", "reused") and trial.value is not None
    ]
    assert best.value == min(done) == state_of(search).best_value
    assert best.task_id == state_of(search).best_task_id
    assert search.outputs == client.tasks.get(best.task_id).outputs
    assert {name: search.parameters[name] for name in best.parameters} == best.parameters
    assert client.tasks.metrics(search.id).metrics[0].min == best.value
    by_value = [trial.value for trial in client.tasks.trials(search.id, sort="value")]
    assert by_value == sorted(by_value, key=lambda value: (value is None, value))
    version = client.models.get("line").latest
    assert version.source_task_id == best.task_id
    assert version.metrics == {"loss": best.value}


def test_stopping_a_run_stops_the_trials_of_its_search(holder: list[LocalServer], folder: Path) -> None:
    endless = document(folder / "journal", SEARCH, rounds=100_000)
    with holder[-1].client() as client:
        run = client.runs.create(document=endless)
        wait_until(
            lambda: trials_of(client, run), lambda trials: any(trial.state == "running" for trial in trials)
        )
        client.runs.cancel(run.id)
        assert finish(client, run.id).state == "cancelled"
        trials = trials_of(client, run)
        assert {trial.state for trial in trials} == {TaskState.CANCELLED}
        assert client.tasks.get(run.tasks[0].id).state == TaskState.CANCELLED


def finish(client: Client, run_id: int) -> RunDetail:
    return client.runs.wait(run_id, timeout_s=TIMEOUT_S)


def trials_of(client: Client, run: RunDetail) -> list[TrialOut]:
    return list(client.tasks.trials(run.tasks[0].id))


def state_of(task: Any) -> SearchState:
    found: SearchState | None = task.search
    assert found is not None
    return found
