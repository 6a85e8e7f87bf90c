"""Tasks that hold what they were given until they are cancelled, and the end of all that a test began."""

import time

from kpl.client import Client, LocalServer
from kpl.task import TaskState

DEADLINE_S = 60.0
MANIFEST = """
name: sleeper
version: "1.0.0"
title: {en: Sleeper, zh: 睡眠}
description: {en: Sleeps., zh: 睡眠。}
task: test
licence: Apache-2.0
functions:
  process:
    command: [python, -c, "import time; time.sleep(300)"]
    parameters: {properties: {number: {type: integer, default: 0}}}
    resources: {cpu: 0.1, memory: 32Mi}
    checkpoints: true
"""


def sleep(client: Client, number: int, devices: str = "gpu", priority: int = 0) -> int:
    """Start a run of one task; returns the number of the task."""
    node = {
        "id": "sleep",
        "type": "algorithm",
        "algorithm": "sleeper",
        "function": "process",
        "parameters": {"number": number},
        "resources": {"devices": devices},
    }
    document = {"schema": "kpl.pipeline/v1", "name": "sleep", "nodes": [node]}
    return client.runs.create(document=document, priority=priority).tasks[0].id


def wait_for(client: Client, task_id: int, state: TaskState) -> None:
    end = time.monotonic() + DEADLINE_S
    while (seen := client.tasks.get(task_id)).state is not state:
        assert time.monotonic() < end, f"still {seen.state}: {seen.reason}"
        time.sleep(0.1)


def end_all(server: LocalServer) -> None:
    """Stop what still runs of project default, services too, which outlive the server otherwise."""
    with server.client() as client:
        for run in client.runs.list(limit=100):
            if not run.state.is_final:
                client.runs.cancel(run.id)
        going = [task for task in client.tasks.list(limit=500) if not task.state.is_final]
        for task in going:
            if (
                task.run_id is None or task.state is TaskState.READY
            ):  # a service is done, and goes on after its run
                client.tasks.cancel(task.id)
        for task in going:
            client.tasks.wait(task.id, until_over=True, timeout_s=DEADLINE_S)
