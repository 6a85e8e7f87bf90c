"""The evaluation of boxes, from a run of real tasks to a real browser, in both languages and themes."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import Client, LocalServer, local_server

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

MANIFEST = """
name: hasty_glance
version: "1.0.0"
title: {en: Hasty glance, zh: 匆匆一瞥}
description: {en: Answers with shaken labels., zh: 以扰动后的标注作答。}
task: test
licence: Apache-2.0
functions:
  process:
    command: [python, "{algorithm}/process.py"]
    inputs: [{name: dataset, type: dataset}]
    outputs: [{name: dataset, type: dataset}]
    resources: {cpu: 0.25, memory: 256Mi}
"""
# As a detector of little skill: it overlooks things, small ones above all, confuses cars and buses, sees what is not
# there, and is less sure of what is wrong.
PROCESS = """
import numpy as np

from kpl.algorithm import author
from kpl.dataset import Dataset

dataset = Dataset.open(author.input("dataset"))
chance = np.random.default_rng(5)
columns = dataset.columns("boxes", "labels")
boxes, labels = (np.split(each.values, each.offsets[1:-1]) for each in columns.values())
car, bus = (dataset.class_names.index(name) for name in ("car", "bus"))
found = {"boxes": [], "labels": [], "scores": []}
for truth, named in zip(boxes, labels, strict=True):
    sides = np.tile(truth[:, 2:] - truth[:, :2], 2)
    seen = chance.random(len(truth)) < np.where(sides.min(axis=1) < 30, 0.55, 0.9)
    near = truth[seen] + chance.normal(0, 0.06, (seen.sum(), 4)) * sides[seen]
    said = named[seen].copy()
    swapped = (chance.random(len(said)) < 0.25) & np.isin(said, (car, bus))
    said[swapped] = car + bus - said[swapped]
    scores = np.where(swapped, chance.uniform(0.3, 0.8, len(said)), chance.uniform(0.4, 1, len(said)))
    corner = chance.uniform(0, (800, 400), (2, 2))
    ghosts = np.concatenate((corner, corner + chance.uniform(20, 140, (2, 2))), axis=1)
    found["boxes"].append(np.concatenate((near, ghosts)).astype(np.float32))
    found["labels"].append(np.append(said, chance.integers(0, len(dataset.class_names), 2)))
    found["scores"].append(np.append(scores, chance.uniform(0.05, 0.6, 2)).astype(np.float32))
dataset.derive(author.output("dataset"), layers={"predictions": found})
"""
PIPELINE = {
    "schema": "kpl.pipeline/v1",
    "name": "glance-and-evaluate",
    "nodes": [
        {"id": "data", "type": "dataset", "dataset": "streets"},
        {
            "id": "glance",
            "type": "algorithm",
            "algorithm": "hasty_glance",
            "function": "process",
            "publish": {"dataset": "glanced"},
        },
        {
            "id": "evaluate",
            "type": "algorithm",
            "algorithm": "prediction_evaluation",
            "function": "test",
            "parameters": {"split": "all"},
        },
    ],
    "edges": [
        {"from": "data.dataset", "to": "glance.dataset"},
        {"from": "glance.dataset", "to": "evaluate.dataset"},
    ],
}


def draw_streets(folder: Path) -> Path:
    """Forty drawn scenes with their boxes, as COCO."""
    path = Path(__file__).parents[2] / "tools" / "street_scenes.py"
    spec = importlib.util.spec_from_file_location("street_scenes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Path = module.write(folder, num_images=40, seed=3)
    return written


def evaluate(client: Client, folder: Path) -> int:
    """Import scenes, answer them and evaluate the answers; the number of the last task."""
    algorithm = folder / "hasty_glance"
    algorithm.mkdir(parents=True)
    (algorithm / "algorithm.yaml").write_text(MANIFEST)
    (algorithm / "process.py").write_text(PROCESS)
    client.algorithms.install(algorithm)
    streets = draw_streets(folder / "streets")
    client.tasks.wait(client.datasets.import_folder("streets", streets, kind="detection").id)
    run = client.runs.wait(client.runs.create(document=PIPELINE).id, timeout_s=120)
    assert run.state == "succeeded", run.reason
    return next(task.id for task in client.tasks.list() if task.name == "evaluate")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalServer, int]]:
    """A server whose first run evaluated answers, with the number of the task that did."""
    folder = tmp_path_factory.mktemp("detection")
    with local_server(folder / "data") as running:
        with running.client() as client:
            task = evaluate(client, folder)
            link = client.users.sign_in_link("admin")
        set_password(link)
        yield running, task


def test_the_client_reads_the_evaluation_of_boxes(evaluated: tuple[LocalServer, int]) -> None:
    server, task = evaluated
    with server.client() as client:
        found = client.tasks.evaluation(task)
        assert found.detection is not None
        assert (found.dataset.name, found.model) == ("glanced", None)
        assert found.threshold == found.detection.best_threshold
        assert found.metrics["f1"] == pytest.approx(found.detection.f1)
        assert 0.2 < found.metrics["map"] < found.metrics["map50"] < 1
        errors = list(client.tasks.evaluated_samples(task, outcome="missed", order="most"))
        counts = [each.detection.num_counted for each in errors if each.detection]
        assert sum(counts) == found.detection.num_missed
        assert counts == sorted(counts, reverse=True)
        best = errors[0].detection
        assert best is not None
        assert (best.width, best.height) == (960, 600)
        parts = client.tasks.evaluation_slices(task, by="object_size")
        assert {"split", "object_size"} <= set(parts.divisions)
        assert parts.slices[0].value == "small"
        assert sum(each.num_unanswered for each in parts.slices) == found.detection.num_missed
        curve = client.tasks.evaluation_curve(task, class_name="car")
        car = next(one for one in found.classes if one.name == "car")
        assert curve.average_precision == pytest.approx(car.average_precision_50)


def test_numbers_lead_to_boxes_in_the_console(evaluated: tuple[LocalServer, int]) -> None:
    server, task = evaluated
    printed = run_script("detection.mjs", server.url, KPL_E2E_TASK=str(task))
    assert "2 readings made" in printed, printed
