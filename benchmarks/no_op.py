"""An algorithm that does nothing, for benchmarks of everything around algorithms."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kpl.client import Client, local_server

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


@contextmanager
def client_of_server() -> Iterator[Client]:
    """A client of a server of its own in a temporary folder, in which the algorithm is installed."""
    with tempfile.TemporaryDirectory(prefix="kpl-bench-") as folder:
        algorithm = Path(folder, "no_op")
        algorithm.mkdir()
        (algorithm / "algorithm.yaml").write_text(MANIFEST)
        with local_server(Path(folder, "data")) as server, server.client() as client:
            client.algorithms.install(algorithm)
            yield client


def document(number: int, num_steps: int) -> dict[str, Any]:
    """A chain of steps that no document of another number has, so that nothing is reused."""
    return {
        "schema": "kpl.pipeline/v1",
        "name": "no-op",
        "nodes": [
            {
                "id": f"step{index}",
                "type": "algorithm",
                "algorithm": "no_op",
                "function": "process",
                "parameters": {"round": number * num_steps + index},
            }
            for index in range(num_steps)
        ],
        "edges": [{"from": f"step{index}", "to": f"step{index + 1}"} for index in range(num_steps - 1)],
    }


def run_bare(num_processes: int) -> float:
    """Seconds that as many bare Python processes take, one after another."""
    began_s = time.perf_counter()
    for _ in range(num_processes):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began_s
