"""Overhead of steps: five no-op Python steps in a row through `kpl`, against five bare Python processes.

    python benchmarks/step_overhead.py [ROUNDS]

Both are timed in turn, in the same rounds; the ratio of the best rounds and of the medians is printed. The steps are
real tasks: planned, stored, placed, started under a supervisor, their outputs kept. Bar: at most 5; kfp.local is at 26
to 60.
"""

import statistics
import sys
import time

from no_op import client_of_server, document, run_bare

from kpl.client import Client

NUM_STEPS = 5
BAR = 5.0


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with client_of_server() as client:
        _run_steps(client, 0)  # the first run also warms caches and connections
        bare, steps = [], []
        for number in range(1, rounds + 1):
            bare.append(run_bare(NUM_STEPS))
            steps.append(_run_steps(client, number))
    best, median = min(steps) / min(bare), statistics.median(steps) / statistics.median(bare)
    print(f"{'':24}{'best ms':>10}{'median ms':>12}")
    print(f"{'five bare processes':24}{min(bare) * 1e3:>10.1f}{statistics.median(bare) * 1e3:>12.1f}")
    print(f"{'five steps through kpl':24}{min(steps) * 1e3:>10.1f}{statistics.median(steps) * 1e3:>12.1f}")
    print(f"{'ratio (bar: 5)':24}{best:>10.2f}{median:>12.2f}")
    return 0 if median <= BAR else 1


def _run_steps(client: Client, number: int) -> float:
    began_s = time.perf_counter()
    run = client.runs.wait(client.runs.create(document=document(number, NUM_STEPS)).id, timeout_s=60)
    took_s = time.perf_counter() - began_s
    ended = [f"{task.name} {task.state} {task.reason}".strip() for task in run.tasks]
    assert all(task.state == "succeeded" for task in run.tasks), ended
    return took_s


if __name__ == "__main__":
    sys.exit(main())
