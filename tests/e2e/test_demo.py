"""`kpl demo` as a user runs it, twice: the second run reuses what the first one finished."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kpl.client import Client, local_server

PIPELINES = Path(__file__).parents[2] / "examples" / "pipelines"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "onnxruntime", "sklearn")),
        reason="needs the extra `demo`: pip install 'kpl-platform[demo]'",
    ),
]


def test_the_demo_does_all_that_it_promises_and_reuses_it(tmp_path: Path) -> None:
    first = _demo(tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert float(_fact(first.stdout, "test accuracy")) >= 0.97
    assert Path(_fact(first.stdout, "SDK package").split(" (")[0]).stat().st_size > 0
    assert (Path(_fact(first.stdout, "model")) / "model.json").is_file()
    assert '"label": "7"' in _fact(first.stdout, "answer of the endpoint")
    assert _fact(first.stdout, "steps reused").startswith("0 of")

    again = _demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    # Everything but the service, which the end of the first demo stopped.
    assert _fact(again.stdout, "steps reused") == "6 of 7"
    assert "reused from task" in again.stdout

    with local_server(tmp_path / "data") as server, server.client() as client:
        _run_all_kinds_of_node(client)
        _deploy_only_what_is_good_enough(client)
        _search(client)


def _run_all_kinds_of_node(client: Client) -> None:
    """The example that goes on from what the demo made: every kind of node in one pipeline."""
    document = yaml.safe_load((PIPELINES / "fine_tune.yaml").read_text(encoding="utf-8"))
    run = client.runs.wait(client.runs.create(document=document).id, timeout_s=120)
    assert run.state == "succeeded", run.reason
    tasks = {task.name: task for task in run.tasks}
    assert {metric.name: metric.last for metric in client.tasks.metrics(tasks["test"].id).metrics}[
        "accuracy"
    ] >= 0.95
    assert any("matched" in line for line in client.tasks.log_lines(tasks["train"].id))
    assert client.models.version("fine-tuned", 1).datasets == ["digits@1"]
    assert client.endpoints.get("fine-tuned").state == "ready"
    client.endpoints.stop("fine-tuned")
    client.tasks.wait(tasks["deploy"].id, until_over=True)


def _deploy_only_what_is_good_enough(client: Client) -> None:
    """The example with a condition, both ways; the steps before it are reused from the example before."""
    document = yaml.safe_load((PIPELINES / "deploy_if_good.yaml").read_text(encoding="utf-8"))
    for limit, taken, left in ((1.0, "predict", "deploy"), (0.9, "deploy", "predict")):
        made = client.runs.create(document=document, parameters={"min_accuracy": limit})
        run = client.runs.wait(made.id, timeout_s=120)
        tasks = {task.name: task for task in run.tasks}
        assert run.state == "succeeded", run.reason
        assert (tasks["train"].state, tasks["test"].state) == ("reused", "reused")
        assert tasks[taken].state in ("succeeded", "ready", "reused")
        assert tasks[left].state == "skipped"
        assert tasks[left].reason == tasks["good_enough"].why
        assert run.reason == f"{tasks['good_enough'].why}; skipped: {left}"
        assert ("does not hold" in run.reason) == (left == "deploy")
    assert client.endpoints.get("good-enough").state == "ready"
    client.endpoints.stop("good-enough")
    client.tasks.wait(tasks["deploy"].id, until_over=True)


def _search(client: Client) -> None:
    """The example that searches over parameters, cut short: two trials of one epoch."""
    document = yaml.safe_load((PIPELINES / "search.yaml").read_text(encoding="utf-8"))
    train = next(node for node in document["nodes"] if node["id"] == "train")
    train["search"]["trials"] = 2
    made = client.runs.create(document=document, parameters={"epochs": 1})
    run = client.runs.wait(made.id, timeout_s=120)
    assert run.state == "succeeded", run.reason
    (best,) = [trial for trial in client.tasks.trials(run.tasks[0].id) if trial.is_best]
    version = client.models.version("searched", 1)
    assert (version.source_task_id, version.datasets) == (best.task_id, ["digits@1"])
    assert version.metrics["val_accuracy"] == best.value


def _demo(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "kpl.cli", "demo", "--standalone", "--data-dir", str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )


def _fact(output: str, name: str) -> str:
    match = re.search(rf"^{re.escape(name)}  +(.+)$", output, flags=re.MULTILINE)
    assert match is not None, f"'{name}' is not in:\n{output}"
    return match[1].strip()
