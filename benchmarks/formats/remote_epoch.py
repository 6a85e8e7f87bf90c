"""A shuffled epoch over the network, row by row and in blocks: requests, bytes and seconds.

    python benchmarks/formats/remote_epoch.py JUDGE ROOT

`JUDGE` is the folder with the `tinys3.py` of an independent benchmark, a server on loopback with 30 ms a request and
60 MB/s a connection; `ROOT/A/kpl_dataset/set` and `ROOT/B/kpl_dataset/set` are what `judge_adapter.KplDataset` writes.
"""

import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from kpl.dataset import Dataset


def main() -> None:
    judge, root = sys.argv[1:3]
    port = random.randrange(20_000, 40_000)
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(Path(judge, "tinys3.py")), str(port), root, "30", "60"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(base)
        for workload in ("B", "A"):
            for shuffle in ("rows", "blocks"):
                measure(base, workload, shuffle)
    finally:
        server.terminate()
        server.wait()


def measure(base: str, workload: str, shuffle: str) -> None:
    dataset = Dataset.open(f"{base}/b/{workload}/kpl_dataset/set")
    if shuffle == "rows":
        dataset = dataset.select(range(min(len(dataset), 6000)))  # small records take a request each
    statistics(base)
    start, cpu, num_samples, num_bytes = time.perf_counter(), time.process_time(), 0, 0
    for batch in dataset.loader(["data"], batch_size=64, shuffle=shuffle, seed=1):
        num_samples += len(batch["data"])
        num_bytes += sum(map(len, batch["data"]))
    wall, cpu, found = time.perf_counter() - start, time.process_time() - cpu, statistics(base)
    print(
        f"{workload} {shuffle}: {num_samples} samples, {num_bytes / 1e6:.0f} MB, {wall:.2f} s, CPU {cpu:.2f} s, "
        f"{found['get']} requests, {found['bytes'] / num_bytes:.2f} of the bytes"
    )


def statistics(base: str) -> dict[str, Any]:
    """Counts since the last call."""
    with urllib.request.urlopen(f"{base}/__stats") as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def wait_for(base: str) -> None:
    for _ in range(100):
        try:
            statistics(base)
        except URLError:
            threading.Event().wait(0.1)
        else:
            return
    raise TimeoutError(f"{base} does not answer.")


if __name__ == "__main__":
    main()
