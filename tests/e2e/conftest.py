"""Servers: one for all tests that only need some, and busy ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import Client, LocalServer, local_server
from kpl.task import TaskState

from .sleepers import MANIFEST, end_all, sleep, wait_for  # noqa: TID252  tests are no package with a name of its own


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with local_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    with server.client() as connected:
        yield connected


@pytest.fixture(scope="package")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small images in three folders, as people have them."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("shapes") / "my images"
    for index, name in enumerate(("circle", "square", "star")):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            picture = Image.new("RGB", (16, 12), (80 * index, 10 * number, 120))
            picture.save(folder / name / f"{name} {number}.png")
    (folder / "README.txt").write_text("not an image")
    return folder


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[LocalServer]:
    """A server with two GPUs, both held by runs of project default; a third run waits."""
    folder = tmp_path / "busy"
    folder.mkdir()
    (folder / "sleeper").mkdir()
    (folder / "sleeper" / "algorithm.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "sleeper" / "README.md").write_text("# Sleeper\n")
    with local_server(folder / "data", options=("--simulate", "gpu:a100=2")) as server:
        with server.client() as client:
            client.algorithms.install(folder / "sleeper")
            for number in range(3):
                sleep(client, number)
            for task_id in (1, 2):
                wait_for(client, task_id, TaskState.RUNNING)
            wait_for(client, 3, TaskState.QUEUED)
        yield server
        end_all(server)
