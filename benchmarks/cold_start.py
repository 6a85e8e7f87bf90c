"""Cold start: from `kpl up` to the first 200 answer, each time with a new data folder, and again with that folder.

    python benchmarks/cold_start.py [ROUNDS]

Printed in seconds and as multiples of a bare Python process timed in the same rounds.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kpl.client import start_server


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    first, again, bare = [], [], []
    for _ in range(rounds):
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        bare.append(time.perf_counter() - began_s)
        with tempfile.TemporaryDirectory(prefix="kpl-bench-") as folder:
            first.append(_start(Path(folder)))
            again.append(_start(Path(folder)))
    print(f"{'':32}{'best s':>8}{'median s':>10}{'x bare Python':>16}")
    for name, times in (("kpl up, new data folder", first), ("kpl up, the same folder again", again)):
        median = statistics.median(times)
        print(f"{name:32}{min(times):>8.2f}{median:>10.2f}{median / statistics.median(bare):>16.0f}")


def _start(folder: Path) -> float:
    began_s = time.perf_counter()
    server = start_server(folder)
    took_s = time.perf_counter() - began_s
    server.stop()
    return took_s


if __name__ == "__main__":
    main()
