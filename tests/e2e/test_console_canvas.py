"""Drawing in a real browser: what is offered, swapped, pasted, checked, planned, searched, and carried elsewhere."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own
from .sleepers import end_all  # noqa: TID252  tests are no package with a name of its own

pytestmark = [*NEEDS_BROWSER, NEEDS_TORCH]

HELLO = Path(__file__).parents[2] / "examples" / "algorithms" / "hello_python"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server with data of two kinds, two versions of one, and pipelines in either language."""
    folder = tmp_path_factory.mktemp("canvas")
    more = shutil.copytree(images, folder / "more")
    shutil.copy(more / "star" / "star 0.png", more / "circle" / "one more.png")
    with local_server(folder / "data") as running:
        with running.client() as client:
            client.algorithms.install(HELLO)
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            boxes = _boxes(folder / "boxes", images)
            client.tasks.wait(client.datasets.import_folder("boxes", boxes, kind="detection").id)
            for name in ("canvas-en", "paste-en", "canvas-zh"):
                client.pipelines.create(name, _pipeline(name))
            client.pipelines.create("swap", _two_branches())
            client.pipelines.create("search", _data_alone())
            for name in ("canvas-en", "swap"):
                run = client.runs.wait(client.runs.create(pipeline=name).id, timeout_s=120)
                assert run.state == "succeeded", run.reason
            client.tasks.wait(client.datasets.import_folder("shapes", more).id)
            set_password(client.users.sign_in_link("admin"))
        yield running
        end_all(running)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server that has the same data, and no pipeline."""
    with local_server(tmp_path_factory.mktemp("other") / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            set_password(client.users.sign_in_link("admin"))
        yield running


def _boxes(folder: Path, images: Path) -> Path:
    """Images with boxes, as COCO has them."""
    shutil.copytree(images / "star", folder / "images")
    names = sorted(path.name for path in (folder / "images").iterdir())
    coco = {
        "images": [
            {"id": number, "file_name": name, "width": 16, "height": 12} for number, name in enumerate(names)
        ],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 8, 8]}
            for number in range(len(names))
        ],
        "categories": [{"id": 1, "name": "thing"}],
    }
    (folder / "annotations.json").write_text(json.dumps(coco), encoding="utf-8")
    return folder


def _node(name: str, algorithm: str, function: str, **parameters: Any) -> dict[str, Any]:
    node = {"id": name, "type": "algorithm", "algorithm": algorithm, "function": function}
    return node | ({"parameters": parameters} if parameters else {})


def _pipeline(name: str) -> dict[str, Any]:
    return {
        "schema": "kpl.pipeline/v1",
        "name": name,
        "title": {"en": "Shapes", "zh": "形状"},
        "nodes": [
            {"id": "data", "type": "dataset", "dataset": "shapes"},
            _node("split", "dataset_split", "process"),
            _node("train", "image_classification", "train", epochs=2),
            _node("test", "image_classification", "test"),
        ],
        "edges": [
            {"from": "data.dataset", "to": "split.dataset"},
            {"from": "split.dataset", "to": "train.dataset"},
            {"from": "split.dataset", "to": "test.dataset"},
            {"from": "train.model", "to": "test.model"},
        ],
    }


def _two_branches() -> dict[str, Any]:
    return {
        "schema": "kpl.pipeline/v1",
        "name": "swap",
        "nodes": [
            {"id": "data", "type": "dataset", "dataset": "shapes@1"},
            {"id": "more", "type": "dataset", "dataset": "shapes@1"},
            _node("first", "dataset_split", "process"),
            _node("second", "dataset_split", "process", seed=1),
        ],
        "edges": [
            {"from": "data.dataset", "to": "first.dataset"},
            {"from": "more.dataset", "to": "second.dataset"},
        ],
    }


def _data_alone() -> dict[str, Any]:
    nodes = [{"id": "data", "type": "dataset", "dataset": "shapes@1"}]
    return {"schema": "kpl.pipeline/v1", "name": "search", "nodes": nodes}


def test_what_is_drawn_is_offered_swapped_checked_and_carried(drawn: LocalServer, other: LocalServer) -> None:
    printed = run_script("canvas.mjs", drawn.url, KPL_E2E_OTHER=other.url)
    assert "2 rounds made" in printed, printed
