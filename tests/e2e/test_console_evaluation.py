"""The evaluation of a real test in a real browser, in both languages and themes, with axe looking on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = [*NEEDS_BROWSER, NEEDS_TORCH]

PIPELINE = {
    "schema": "kpl.pipeline/v1",
    "name": "train-and-test",
    "nodes": [
        {"id": "data", "type": "dataset", "dataset": "shapes"},
        {"id": "split", "type": "algorithm", "algorithm": "dataset_split", "function": "process"},
        {
            "id": "train",
            "type": "algorithm",
            "algorithm": "image_classification",
            "function": "train",
            "parameters": {"epochs": 2},
            "publish": {"model": "shapes"},
        },
        {"id": "test", "type": "algorithm", "algorithm": "image_classification", "function": "test"},
        {
            "id": "compile",
            "type": "algorithm",
            "algorithm": "image_classification",
            "function": "compile",
            "parameters": {"name": "shapes", "max_accuracy_drop": 1.0},
        },
    ],
    "edges": [
        {"from": "data.dataset", "to": "split.dataset"},
        {"from": "split.dataset", "to": "train.dataset"},
        {"from": "split.dataset", "to": "test.dataset"},
        {"from": "train.model", "to": "test.model"},
        {"from": "split.dataset", "to": "compile.dataset"},
        {"from": "train.model", "to": "compile.model"},
    ],
}


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server whose first run trained a model, tested and compiled it, and a password for its administrator."""
    with local_server(tmp_path_factory.mktemp("evaluation") / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            run = client.runs.wait(client.runs.create(document=PIPELINE).id, timeout_s=120)
            assert run.state == "succeeded", run.reason
            link = client.users.sign_in_link("admin")
        set_password(link)
        yield running


def test_the_client_reads_the_evaluation_of_a_test(tested: LocalServer) -> None:
    with tested.client() as client:
        task = next(task for task in client.tasks.list() if task.name == "test")
        found = client.tasks.evaluation(task.id)
        assert found.num_right / found.num_samples == pytest.approx(found.metrics["accuracy"])
        wrong = list(client.tasks.evaluated_samples(task.id, outcome="wrong"))
        assert len(wrong) == found.num_samples - found.num_right
        assert client.tasks.evaluation_curve(task.id).precision[-1] == pytest.approx(found.accuracy)


def test_figures_lead_to_samples_in_the_console(tested: LocalServer) -> None:
    printed = run_script("evaluation.mjs", tested.url)
    assert "2 readings made" in printed, printed
