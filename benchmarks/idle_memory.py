"""Memory of an idle server: proportional set size (PSS) of the whole process tree, `kpl up` beside its peers.

    python benchmarks/idle_memory.py [--peer NAME=COMMAND ...]

A peer is any command that starts a server in the foreground, as in
`--peer "prefect=/path/to/venv/bin/prefect server start --port 4299"`. Without peers only KPL is measured.
Each is measured after SETTLE_S seconds of rest. Bar: at most `prefect server` in the same run.
"""

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from kpl.client import start_server

SETTLE_S = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds of rest before measuring")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kpl-bench-") as folder:
        server = start_server(Path(folder))
        time.sleep(options.settle)
        own = tree_pss_mib(server.process.pid)
        server.stop()
    print(f"{'kpl up':24}{own:8.1f} MiB")
    for peer in options.peer:
        name, _, command = peer.partition("=")
        used = _measure_peer(command, options.settle)
        print(f"{name:24}{used:8.1f} MiB   kpl / {name} = {own / used:.2f}")


def _measure_peer(command: str, settle_s: float) -> float:
    with tempfile.TemporaryDirectory(prefix="kpl-bench-peer-") as home:
        process = subprocess.Popen(
            shlex.split(command),
            env={**os.environ, "HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            time.sleep(settle_s + 20.0)  # peers take up to 18 s to start
            if process.poll() is not None:
                sys.exit(f"the peer ended with {process.returncode}: {command}")
            return tree_pss_mib(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def tree_pss_mib(pid: int) -> float:
    """PSS of a process and all below it: shared pages are counted once, divided among their users."""
    root = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in (root, *root.children(recursive=True))) / (1 << 20)


if __name__ == "__main__":
    main()
