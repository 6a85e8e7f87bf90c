"""The console where something failed, where much is listed and for who may only look, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.client import Client, LocalServer, local_server
from kpl.storage import ArtifactStore

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

NUM_RUNS = 101  # one beyond the first page of the list
MANIFEST = """
name: NAME
version: "1.0.0"
title: {en: Labels, zh: 标注}
description: {en: Reads labels., zh: 读取标注。}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [python, "{algorithm}/read.py"]
    parameters: {properties: {isBroken: {type: boolean, default: false}}}
    resources: {cpu: 0.1, memory: 32Mi}
    outputs: [{name: labels, type: files}]
"""
PROGRAM = """
import json, os
from pathlib import Path

for line in range(400):
    print("read line", line)
if json.loads(Path(os.environ["KPL_PARAMETERS"]).read_text())["isBroken"]:
    raise ValueError("label 17 is none of the 10 classes")
Path(os.environ["KPL_OUTPUT_LABELS"], "labels.txt").write_text("0")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server with a run that failed and more good ones than one page lists, three pipelines, and a viewer."""
    folder = tmp_path_factory.mktemp("states")
    algorithm = _write_algorithm(folder, "labels")
    with local_server(folder / "data", variables={"KPL_GARBAGE_AFTER_S": "0.01"}) as running:
        with running.client() as client:
            client.algorithms.install(algorithm)
            assert (
                client.runs.wait(_start(client, "good", is_broken=False), timeout_s=60).state == "succeeded"
            )
            failed = client.runs.wait(_start(client, "缺陷检测", is_broken=True), timeout_s=60)
            assert failed.state == "failed"
            for number in range(NUM_RUNS - 2):
                _start(client, f"again-{number}", is_broken=False)
            for run in client.runs.list():
                client.runs.wait(run.id, timeout_s=60)
            for name in ("beta", "alpha", "gamma"):
                client.pipelines.create(name, _document(is_broken=False))
            client.users.create("vera", display_name="Vera")
            client.projects.set_member("default", "vera", "viewer")
            set_password(client.users.sign_in_link("admin"))
            set_password(client.users.sign_in_link("vera"), "vera")
        yield running


def _write_algorithm(folder: Path, name: str) -> Path:
    algorithm = folder / name
    algorithm.mkdir()
    (algorithm / "algorithm.yaml").write_text(MANIFEST.replace("NAME", name), encoding="utf-8")
    (algorithm / "README.md").write_text("# Labels\n")
    (algorithm / "read.py").write_text(PROGRAM)
    return algorithm


def _document(*, is_broken: bool) -> dict[str, Any]:
    node = {
        "id": "read",
        "type": "algorithm",
        "algorithm": "labels",
        "function": "process",
        "parameters": {"isBroken": is_broken},
    }
    return {"schema": "kpl.pipeline/v1", "name": "labels", "nodes": [node]}


def _start(client: Client, name: str, *, is_broken: bool) -> int:
    return client.runs.create(document=_document(is_broken=is_broken), name=name).id


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_failures_lists_and_dialogs_are_shown_to_who_may_do_what(
    server: LocalServer, tmp_path: Path, language: str, theme: str
) -> None:
    algorithm = _write_algorithm(tmp_path, f"labels_{language}_{theme}")
    garbage = tmp_path / "garbage"
    garbage.mkdir()
    (garbage / "nobody-needs-it.txt").write_text(language * 1000)
    ArtifactStore(server.data_dir / "artifacts").put_tree(garbage)
    printed = run_script(
        "states.mjs",
        server.url,
        KPL_E2E_LANGUAGES=language,
        KPL_E2E_THEMES=theme,
        KPL_E2E_ALGORITHM=str(algorithm),
    )
    assert "1 walks made" in printed, printed
