"""What pages cost: bytes a fresh browser fetches, and elements in the document however much lies behind a page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import Client, LocalServer, local_server

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

ALGORITHMS = Path(__file__).parents[2] / "benchmarks" / "web" / "algorithms"
NUM_SAMPLES = 20_000
NUM_LINES = 20_000
NUM_NODES = 200


@pytest.fixture
def large(tmp_path: Path) -> Iterator[tuple[LocalServer, dict[str, Any]]]:
    """A server with a large dataset, a long log and a pipeline of many steps."""
    with local_server(tmp_path / "data") as server:
        with server.client() as client:
            for name in ("many_samples", "long_log", "grid_step"):
                client.algorithms.install(ALGORITHMS / name)
            write = _node("write", "many_samples", num_samples=NUM_SAMPLES)
            _run(client, [write | {"publish": {"dataset": "large"}}])
            run = _run(client, [_node("talk", "long_log", num_lines=NUM_LINES)])
            steps = [_node(f"step-{number}", "grid_step") for number in range(NUM_NODES)]
            layout = {
                step["id"]: {"x": 300 * (number // 10), "y": 190 * (number % 10)}
                for number, step in enumerate(steps)
            }
            client.pipelines.create("large", _document(steps) | {"layout": layout})
            set_password(client.users.sign_in_link("admin"))
        yield server, {"dataset": "large", "pipeline": "large", "run": run}


def test_pages_keep_to_their_budgets_of_bytes_and_elements(large: tuple[LocalServer, dict[str, Any]]) -> None:
    server, objects = large
    printed = run_script("budget.mjs", server.url, timeout_s=280, KPL_E2E_LARGE=json.dumps(objects))
    for page in ("first", "dataset", "pipelines", "canvas"):
        assert f"\n{page} /p/default" in f"\n{printed}", printed
    assert printed.count("elements") == 3, printed


def _run(client: Client, nodes: list[dict[str, Any]]) -> int:
    run = client.runs.wait(client.runs.create(document=_document(nodes)).id, timeout_s=100)
    assert run.state == "succeeded", run.reason
    return run.id


def _node(name: str, algorithm: str, **parameters: Any) -> dict[str, Any]:
    node = {"id": name, "type": "algorithm", "algorithm": algorithm, "function": "process"}
    return node | {"parameters": parameters}


def _document(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": "kpl.pipeline/v1", "name": "large", "nodes": nodes}
