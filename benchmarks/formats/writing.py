"""Writing with KPL Dataset, with bagz where it is installed, and to a plain file: wall and CPU, with and without fsync.

    PYTHONPATH=src python benchmarks/formats/writing.py [--records 60000] [--images 5000] [--rounds 8]

KPL Dataset has everything on the disk when it is done (fsync); bagz leaves that to the system, and plain files do what
one asks. So each is measured both ways: with "synced", the others' files are brought to the disk at the end, and for
"not synced" this process makes fsync a call that does nothing. The plain file holds the payload alone, and synced it
is the floor. Two writes in a fresh process are a measurement, formats take turns, and the best and the median of all
rounds are shown. Ratios above 1 mean that KPL Dataset, synced, is the faster.
"""

import argparse
import gc
import json
import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import judge_adapter
import peers
import run

OURS = "kpl"
NAMES = ["plain file", "plain file, synced", "bagz", "bagz, synced", f"{OURS}, not synced", OURS]
Samples = list[tuple[Any, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--measure", nargs=3, metavar=("NAME", "WORKLOAD", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    names = [name for name in NAMES if not name.startswith("bagz") or find_spec("bagz")]
    with tempfile.TemporaryDirectory(prefix="kpl-bench-writing-") as folder:
        for workload, samples in (("A", run.records(arguments.records)), ("B", run.images(arguments.images))):
            Path(folder, f"{workload}.pickle").write_bytes(pickle.dumps(samples, 5))
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
            for _ in range(arguments.rounds):
                for name in names:
                    found[name] += run_alone(name, workload, folder)
            print_table(workload, sum(len(sample[0]) for sample in samples), found)


def run_alone(name: str, workload: str, folder: str) -> list[tuple[float, float]]:
    command = [sys.executable, __file__, "--measure", name, workload, folder]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [(wall, cpu) for wall, cpu in json.loads(output.splitlines()[-1])]


def measure(name: str, workload: str, folder: str) -> list[tuple[float, float]]:
    """Wall and CPU seconds of each of two writes."""
    samples: Samples = pickle.loads(Path(folder, f"{workload}.pickle").read_bytes())
    results = []
    for _ in range(2):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            gc.collect()
            began, cpu_before = time.perf_counter(), cpu_s()
            write(name, workload, samples, place)
            results.append((time.perf_counter() - began, cpu_s() - cpu_before))
    return results


def write(name: str, workload: str, samples: Samples, place: str) -> None:
    if name.startswith(OURS):
        if name != OURS:
            os.fsync = lambda fd: None  # noqa: ARG005
        judge_adapter.KplDataset(workload).write(place, samples)
        return
    if name.startswith("bagz"):
        peers.Bagz(workload).write(place, samples)
    else:
        with Path(place, "plain").open("wb", buffering=1 << 20) as file:
            for sample in samples:
                file.write(sample[0])
    if name.endswith("synced"):
        for path in (*Path(place).iterdir(), Path(place)):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def print_table(workload: str, num_bytes: int, found: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n{'small records' if workload == 'A' else 'images'}, {num_bytes / 1e6:.0f} MB")
    print(f"{'':22}{'wall ms':>10}{'median':>10}{'CPU ms':>10}{'median':>10}{'wall':>9}{'CPU':>9}")
    walls = {name: [wall for wall, _ in times] for name, times in found.items()}
    cpus = {name: [cpu for _, cpu in times] for name, times in found.items()}
    for name in found:
        cells = [
            min(walls[name]),
            statistics.median(walls[name]),
            min(cpus[name]),
            statistics.median(cpus[name]),
        ]
        ratios = [min(walls[name]) / min(walls[OURS]), min(cpus[name]) / min(cpus[OURS])]
        print(
            f"{name:22}"
            + "".join(f"{cell * 1e3:10.1f}" for cell in cells)
            + "".join(f"{each:8.2f}x" for each in ratios)
        )


if __name__ == "__main__":
    main()
