"""One server of its own for the tests that only need some server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import Client, LocalServer, local_server


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
