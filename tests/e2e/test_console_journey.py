"""From data to an answer in a real browser: built by mouse and by keyboard, run, deployed, tried."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = [*NEEDS_BROWSER, NEEDS_TORCH]


@pytest.fixture
def prepared(tmp_path: Path, images: Path) -> Iterator[LocalServer]:
    """A server with a dataset, and a password for its administrator."""
    with local_server(tmp_path / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            link = client.users.sign_in_link("admin")
        set_password(link)
        yield running
        with running.client() as client:
            for endpoint in client.endpoints.list():
                client.endpoints.stop(endpoint.name)


def test_a_pipeline_is_built_run_deployed_and_asked(prepared: LocalServer) -> None:
    printed = run_script("journey.mjs", prepared.url, timeout_s=280)
    assert "2 journeys made" in printed, printed
