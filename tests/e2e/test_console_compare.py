"""Two real trainings compared in a real browser, in both languages and themes, with axe looking on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = [*NEEDS_BROWSER, NEEDS_TORCH]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server with two runs that differ in how long they trained, and a password for its administrator."""
    with local_server(tmp_path_factory.mktemp("compare") / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            for epochs in (2, 3):
                run = client.runs.wait(client.runs.create(document=_pipeline(epochs)).id, timeout_s=120)
                assert run.state == "succeeded", run.reason
            link = client.users.sign_in_link("admin")
        set_password(link)
        yield running


def _pipeline(epochs: int) -> dict[str, Any]:
    return {
        "schema": "kpl.pipeline/v1",
        "name": f"train-{epochs}",
        "nodes": [
            {"id": "data", "type": "dataset", "dataset": "shapes"},
            {"id": "split", "type": "algorithm", "algorithm": "dataset_split", "function": "process"},
            {
                "id": "train",
                "type": "algorithm",
                "algorithm": "image_classification",
                "function": "train",
                "parameters": {"epochs": epochs},
            },
        ],
        "edges": [
            {"from": "data.dataset", "to": "split.dataset"},
            {"from": "split.dataset", "to": "train.dataset"},
        ],
    }


def test_two_runs_are_compared_from_the_list_to_the_file(trained: LocalServer) -> None:
    printed = run_script("compare.mjs", trained.url)
    assert "2 comparisons made" in printed, printed
