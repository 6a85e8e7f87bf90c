"""The console in a real browser on a real server: every page in both languages and themes, with axe looking on."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.client import LocalServer, local_server

from .console import NEEDS_BROWSER, NEEDS_TORCH, run_script, set_password  # noqa: TID252  tests are no package with a name of its own
from .sleepers import end_all  # noqa: TID252  tests are no package with a name of its own

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
        end_all(running)


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_every_page_works_and_hinders_nobody(server: LocalServer, language: str, theme: str) -> None:
    printed = run_script(
        "smoke.mjs", server.url, timeout_s=280, KPL_E2E_LANGUAGES=language, KPL_E2E_THEMES=theme
    )
    looked_at = re.search(r"(\d+) pages looked at", printed)
    assert looked_at is not None
    assert int(looked_at[1]) > 20, printed


@NEEDS_TORCH
def test_the_cells_of_the_notebooks_page_work_in_a_notebook_elsewhere(
    server: LocalServer, tmp_path: Path
) -> None:
    install, *cells = json.loads(run_script("notebooks.mjs", server.url).splitlines()[-1])
    assert install.startswith("%pip install ")
    with server.client() as client:
        token = client.tokens.create("notebook").token
    script = "\n".join(cells).replace("your-dataset", "shapes")
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=f"{token}\n",  # asked for by getpass, which reads the input where there is no terminal
        cwd=tmp_path,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert "shapes classification 60" in done.stdout
    last = re.findall(r"(\d+) of (\d+) steps", done.stdout)[-1]
    assert last[0] == last[1], done.stdout
