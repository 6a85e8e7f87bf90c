"""One decision of a large, full cluster: from nothing, and after a few tasks ended, as it is in a running server.

    python benchmarks/scheduler/large.py [--machines 10000] [--waiting 100000] [--repeats 5]

The tasks, queues and machines are those of `soak.py`. First as many tasks start as find room, in one decision; the
times (of the processor) are of the decisions after that, with a hundred running tasks gone and a hundred new ones
waiting before each.
"""

import argparse
import random
import statistics
import time

from soak import jobs, machines, queues

from kpl.scheduler import Cluster, Decision, RunningTask, Snapshot, WaitingTask, decide
from kpl.testing.scheduling import violations

_CHURN = 100


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--machines", type=int, default=10_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    rng = random.Random(1)
    slots = arguments.machines * 10
    number = arguments.waiting + slots + arguments.repeats * _CHURN
    coming = [job.task for job in jobs(number, arguments.machines, 1.0, rng)]
    fleet, tree = machines(arguments.machines), queues(arguments.machines, rng)
    now_s = coming[-1].since_s
    waiting = {task.id: task for task in coming[: arguments.waiting + slots]}
    later = coming[arguments.waiting + slots :]
    running: dict[int, RunningTask] = {}
    cluster = Cluster()

    def decided() -> tuple[Decision, float]:
        snapshot = Snapshot(fleet, tuple(running.values()), tuple(waiting.values()), tree, now_s=now_s)
        started = time.process_time()
        decision = decide(snapshot, cluster)
        spent_s = time.process_time() - started
        assert violations(snapshot, decision) == []
        for task_id, placements in decision.starts.items():
            running[task_id] = RunningTask(waiting.pop(task_id), placements, now_s)
        return decision, spent_s

    first, first_s = decided()
    print(f"first: {len(first.starts)} starts of {len(coming)} in {first_s:.2f} s; {len(waiting)} wait")
    spans: list[float] = []
    for turn in range(arguments.repeats):
        now_s += 1.0
        for task_id in rng.sample(sorted(running), _CHURN):
            del running[task_id]
        fresh: list[WaitingTask] = later[turn * _CHURN : (turn + 1) * _CHURN]
        waiting.update((task.id, task) for task in fresh)
        decision, spent_s = decided()
        spans.append(spent_s)
        print(
            f"{len(running)} running, {len(waiting)} waiting: {len(decision.starts)} starts, "
            f"{len(decision.preemptions)} preemptions in {spent_s:.2f} s"
        )
    print(f"median {statistics.median(spans):.2f} s")


if __name__ == "__main__":
    main()
