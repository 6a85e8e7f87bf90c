"""Quotas, queues, policies and machines as a user types them, against a real server with simulated GPUs."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kpl.client import LocalServer
from kpl.schemas.queue import WhyOut
from kpl.task import TaskState

from .sleepers import sleep, wait_for  # noqa: TID252  tests are no package with a name of its own

pytestmark = pytest.mark.e2e

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "share-a-cluster.md"


def kpl(server: LocalServer, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KPL_")}
    return subprocess.run(
        [sys.executable, "-m", "kpl.cli", "--data-dir", str(server.data_dir), *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment, "NO_COLOR": "1", "TZ": "UTC"},
        check=False,
    )


def text(server: LocalServer, *words: str) -> str:
    done = kpl(server, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_waiting_task_says_why_and_what_its_place_is(busy: LocalServer) -> None:
    with busy.client() as client:
        why = client.tasks.why(3)
    assert why.reason.en.startswith("waits for 1 GPU: 0 of 2 are free")
    assert "等待 1 个 GPU" in why.reason.zh
    shown = text(busy, "task", "why", "3")
    assert why.reason.en in shown
    assert "1 of 1 in queue default" in shown
    assert "has too few free GPUs" in shown
    assert WhyOut.model_validate_json(text(busy, "task", "why", "3", "--json")).position == 1


def test_queues_are_set_up_listed_as_a_tree_and_shown_with_their_tasks(busy: LocalServer) -> None:
    assert "gpu=1" in text(busy, "quota", "set", "lab", "--guaranteed", "cpu=4,memory=8Gi,gpu=1")
    text(busy, "queue", "set", "default", "--parent", "lab", "--limit", "gpu=2,tasks=9", "--weight", "2")
    tree = text(busy, "queue", "list")
    assert [line.split()[0] for line in tree.splitlines()[2:]] == ["root", "lab", "default"]
    assert "    default" in tree
    shown = text(busy, "queue", "show", "default")
    assert "default below lab" in shown
    assert "waits for 1 GPU: queue default uses 2 GPUs of at most 2 GPUs" in shown
    assert len(json.loads(text(busy, "queue", "show", "default", "--json"))["tasks"]) == 3
    refused = kpl(busy, "queue", "set", "default", "--guaranteed", "gpu=2")
    assert refused.returncode == 1
    assert "'lab' itself is guaranteed gpu=1" in refused.stderr
    assert kpl(busy, "queue", "set", "lab", "--limit", "gpu=many").stderr.startswith("Error: 'gpu=many'")


def test_a_user_of_a_project_gets_a_queue_that_later_tasks_go_to(busy: LocalServer) -> None:
    with busy.client() as client:
        me = client.tasks.get(1).created_by
        client.projects.set_member("default", me, "admin")
        client.queues.put(f"default/{me}", limit={"gpu": 1000})
        task_id = sleep(client, 10)
        wait_for(client, task_id, TaskState.QUEUED)
        assert client.tasks.get(task_id).queue == f"default/{me}"
        assert client.queues.get(f"default/{me}").num_waiting == 1
        client.runs.cancel(client.tasks.get(task_id).run_id or 0)
        wait_for(client, task_id, TaskState.CANCELLED)
    assert kpl(busy, "queue", "delete", f"default/{me}").returncode == 2, "nobody is there to confirm"
    text(busy, "queue", "delete", f"default/{me}", "--yes")


def test_what_can_never_start_is_refused_in_two_lines(busy: LocalServer, tmp_path: Path) -> None:
    document = tmp_path / "pipeline.yaml"
    document.write_text(
        "schema: kpl.pipeline/v1\nname: big\nnodes:\n"
        "  - {id: big, type: algorithm, algorithm: sleeper, function: process, resources: {devices: gpu=4}}\n"
    )
    refused = kpl(busy, "run", "create", str(document))
    assert refused.returncode == 1
    assert "asks for 4 gpu" in refused.stderr
    assert "2 gpu would" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 2
    assert "Priority 5000 is not for" in kpl(busy, "task", "priority", "3", "5000").stderr


def test_policies_are_set_shown_and_cleared(busy: LocalServer) -> None:
    text(busy, "queue", "set", "lab")
    text(busy, "queue", "set", "default", "--parent", "lab")
    words = ["--max-run-time", "2h", "--max", "gpu=2,cpu=8", "--idle-stop", "30m", "--kinds", "gpu,npu"]
    told = text(busy, "policy", "set", "lab", *words, "--hours", "mon-fri 20:00-08:00; sat,sun 00:00-24:00")
    assert (
        "max-run-time 2h; max cpu=8, gpu=2; idle-stop 30m; kinds gpu, npu; hours mon-fri 20:00-08:00" in told
    )
    shown = text(busy, "policy", "show", "default")
    rule = next(line for line in shown.splitlines() if line.startswith("hours"))
    assert rule.split()[1:4] == ["-", "mon-fri", "20:00-08:00;"]
    assert kpl(busy, "policy", "set", "lab", "--max-run-time", "soon").stderr.startswith(
        "Error: 'soon' is not a time"
    )
    assert kpl(busy, "policy", "set", "lab").stderr.startswith("Error: No rule is named")
    text(busy, "policy", "clear", "lab", "hours", "kinds")
    policy = json.loads(text(busy, "policy", "show", "lab", "--json"))["own"]
    assert (policy["hours"], policy["allowed_kinds"], policy["max_run_time_s"]) == (None, None, 7200)
    assert text(busy, "policy", "clear", "lab") == "lab: no rules\n"


def test_a_drained_machine_asks_its_tasks_to_move_on_and_opens_again(busy: LocalServer) -> None:
    name = json.loads(text(busy, "machine", "list", "--json"))[0]["name"]
    assert "sleep (task 1)" in text(busy, "machine", "list")
    assert "task 1 sleep: 100 %" in text(busy, "machine", "show", name)
    assert "takes no new tasks" in kpl(busy, "machine", "cordon", name, "--reason", "loud fan").stderr
    assert "loud fan" in text(busy, "machine", "show", name)
    assert kpl(busy, "machine", "uncordon", name).returncode == 0
    drained = json.loads(text(busy, "machine", "drain", name, "--json"))
    assert {holder["task_id"] for holder in drained["moving"]} >= {1, 2}
    assert drained["staying"] == []
    with busy.client() as client:
        for task_id in (1, 2, 3):
            wait_for(client, task_id, TaskState.QUEUED)
        assert "draining" in text(busy, "machine", "list")
        why = client.tasks.why(3)
        assert why.rejections is not None
        assert [each.why.en for each in why.rejections] == ["is cordoned"]
        assert client.runs.set_priority(client.tasks.get(3).run_id or 0, 50).id
        assert kpl(busy, "machine", "drain", name, "--stop").returncode == 0
        wait_for(client, 3, TaskState.RUNNING)
        assert client.tasks.get(1).num_preemptions == 1
    assert kpl(busy, "machine", "show", "nowhere").returncode == 1


def test_usage_and_history_are_told(busy: LocalServer) -> None:
    with busy.client() as client:
        usage = client.scheduler.usage(project="default")
        assert {row.kind for row in usage.rows} == {"cpu", "gpu"}
        client.runs.cancel(client.tasks.get(1).run_id or 0)
        client.tasks.wait(1, until_over=True)
        (ended,) = (task for task in client.scheduler.history() if task.task_id == 1)
    assert (ended.state, ended.priority, ended.queue) == (TaskState.CANCELLED, 0, "default")
    assert "gpu" in text(busy, "scheduler", "usage", "--all", "--last", "1h")
    lines = text(busy, "scheduler", "history").splitlines()
    assert 1 in [json.loads(line)["task_id"] for line in lines]


def test_the_commands_of_the_guide_work(busy: LocalServer) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) > 20
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "kpl"
        done = kpl(busy, *words)
        assert done.returncode == 0, f"{line}: {done.stderr}"
