"""The console in a real browser on a real server: every page in both languages and themes, with axe looking on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[LocalServer]:
    """A server with a dataset, a pipeline and a run, and a password for its administrator."""
    with local_server(tmp_path_factory.mktemp("console") / "data") as running:
        with running.client() as client:
            client.tasks.wait(client.datasets.import_folder("shapes", images).id)
            document = {
                "schema": "kpl.pipeline/v1",
                "name": "split-shapes",
                "nodes": [
                    {"id": "data", "type": "dataset", "dataset": "shapes"},
                    {"id": "split", "type": "algorithm", "algorithm": "dataset_split", "function": "process"},
                ],
                "edges": [{"from": "data.dataset", "to": "split.dataset"}],
            }
            client.pipelines.create("split-shapes", document)
            client.runs.wait(client.runs.create(pipeline="split-shapes").id, timeout_s=60)
            set_password(client.users.sign_in_link("admin"))
        yield running


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_every_page_works_and_hinders_nobody(server: LocalServer, language: str, theme: str) -> None:
    printed = run_script(
        "smoke.mjs", server.url, timeout_s=280, KPL_E2E_LANGUAGES=language, KPL_E2E_THEMES=theme
    )
    looked_at = re.search(r"(\d+) pages looked at", printed)
    assert looked_at is not None
    assert int(looked_at[1]) > 20, printed
