"""The pipeline editor in a real browser: drafts, history, templates, notes and what flows, with axe looking on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = [*NEEDS_BROWSER, NEEDS_TORCH]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server with a pipeline that has run to its end, once in each language, and a password for its administrator."""
    with local_server(tmp_path_factory.mktemp("editor") / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            for name in ("shapes-en", "shapes-zh", "notes-en", "notes-zh"):
                client.pipelines.create(name, _pipeline(name))
            run = client.runs.wait(client.runs.create(pipeline="shapes-en").id, timeout_s=120)
            assert run.state == "succeeded", run.reason
            link = client.users.sign_in_link("admin")
        set_password(link)
        yield running


def _pipeline(name: str) -> dict[str, Any]:
    return {
        "schema": "kpl.pipeline/v1",
        "name": name,
        "nodes": [
            {"id": "data", "type": "dataset", "dataset": "shapes"},
            {"id": "split", "type": "algorithm", "algorithm": "dataset_split", "function": "process"},
            {
                "id": "train",
                "type": "algorithm",
                "algorithm": "image_classification",
                "function": "train",
                "parameters": {"epochs": 2},
            },
            {
                "id": "test",
                "type": "algorithm",
                "algorithm": "image_classification",
                "function": "test",
            },
        ],
        "edges": [
            {"from": "data.dataset", "to": "split.dataset"},
            {"from": "split.dataset", "to": "train.dataset"},
            {"from": "split.dataset", "to": "test.dataset"},
            {"from": "train.model", "to": "test.model"},
        ],
    }


def test_what_is_drawn_is_kept_told_and_shown(drawn: LocalServer) -> None:
    printed = run_script("editor.mjs", drawn.url)
    assert "2 drawings made" in printed, printed
