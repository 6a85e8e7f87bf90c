"""The evaluation of boxes, from a run of real tasks to a real browser, in both languages and themes."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kpl.client import Client, LocalServer, local_server

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

ROOT = Path(__file__).parents[2]
ALGORITHM = ROOT / "examples" / "algorithms" / "noisy_predictions"
PIPELINE = ROOT / "examples" / "pipelines" / "evaluate_predictions.yaml"


def draw_streets(folder: Path) -> Path:
    """Forty drawn scenes with their boxes, as COCO."""
    path = ROOT / "tools" / "street_scenes.py"
    spec = importlib.util.spec_from_file_location("street_scenes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Path = module.write(folder, num_images=40, seed=3)
    return written


def evaluate(client: Client, folder: Path) -> int:
    """Import scenes, answer them and evaluate the answers; the number of the last task."""
    client.algorithms.install(ALGORITHM)
    streets = draw_streets(folder / "streets")
    client.tasks.wait(client.datasets.import_folder("streets", streets, kind="detection").id)
    document = yaml.safe_load(PIPELINE.read_text("utf-8"))
    values = {"dataset": "streets", "answered": "glanced"}
    run = client.runs.wait(client.runs.create(document=document, parameters=values).id, timeout_s=120)
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
