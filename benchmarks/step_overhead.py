"""Overhead of steps: five no-op Python steps in a row through `kpl`, against five bare Python processes.

    python benchmarks/step_overhead.py [ROUNDS]

Both are timed in turn, in the same rounds; the ratio of the best rounds and of the medians is printed. The steps are
real tasks: planned, stored, placed, started under a supervisor, their outputs kept. Bar: at most 5; kfp.local is at 26
to 60.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kpl.client import Client, local_server

NUM_STEPS = 5
BAR = 5.0
MANIFEST = """\
name: no_op
version: "1.0.0"
title: {en: No operation, zh: 空操作}
description: {en: Does nothing., zh: 什么也不做。}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [python, -c, pass]
    outputs:
      - {name: nothing, type: files, optional: true}
    parameters:
      type: object
      properties:
        round: {type: integer, default: 0}
    resources: {cpu: 0.1, memory: 16Mi}
"""


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="kpl-bench-") as folder:
        algorithm = Path(folder, "no_op")
        algorithm.mkdir()
        (algorithm / "algorithm.yaml").write_text(MANIFEST)
        with local_server(Path(folder, "data")) as server, server.client() as client:
            client.algorithms.install(algorithm)
            _run_steps(client, 0)  # the first run also warms caches and connections
            bare, steps = [], []
            for number in range(1, rounds + 1):
                bare.append(_run_bare())
                steps.append(_run_steps(client, number))
    best, median = min(steps) / min(bare), statistics.median(steps) / statistics.median(bare)
    print(f"{'':24}{'best ms':>10}{'median ms':>12}")
    print(f"{'five bare processes':24}{min(bare) * 1e3:>10.1f}{statistics.median(bare) * 1e3:>12.1f}")
    print(f"{'five steps through kpl':24}{min(steps) * 1e3:>10.1f}{statistics.median(steps) * 1e3:>12.1f}")
    print(f"{'ratio (bar: 5)':24}{best:>10.2f}{median:>12.2f}")
    return 0 if median <= BAR else 1


def _run_bare() -> float:
    began_s = time.perf_counter()
    for _ in range(NUM_STEPS):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began_s


def _run_steps(client: Client, number: int) -> float:
    began_s = time.perf_counter()
    run = client.runs.wait(client.runs.create(document=_document(number)).id, timeout_s=60)
    took_s = time.perf_counter() - began_s
    ended = [f"{task.name} {task.state} {task.reason}".strip() for task in run.tasks]
    assert all(task.state == "succeeded" for task in run.tasks), ended
    return took_s


def _document(number: int) -> dict[str, Any]:
    """A chain of steps that no earlier round has run, so that nothing is reused."""
    return {
        "schema": "kpl.pipeline/v1",
        "name": "no-op",
        "nodes": [
            {
                "id": f"step{index}",
                "type": "algorithm",
                "algorithm": "no_op",
                "function": "process",
                "parameters": {"round": number * NUM_STEPS + index},
            }
            for index in range(NUM_STEPS)
        ],
        "edges": [{"from": f"step{index}", "to": f"step{index + 1}"} for index in range(NUM_STEPS - 1)],
    }


if __name__ == "__main__":
    sys.exit(main())
