"""Time from asking for a run to its process running, with free capacity, on the embedded server.

    python benchmarks/submit_to_start.py [SUBMISSIONS]

A real server, real processes: each submission is a run of one step that nothing can stand in for. Measured from just
before the request leaves the client to the moment at which the supervisor started the process. Bars: p95 of 1 s, aim
0.25 s. Beside it, in the same rounds, a bare Python process, as a measure of how busy the machine is.
"""

import sys
import time

from no_op import client_of_server, document, run_bare

from kpl.client import Client

BAR_S, AIM_S = 1.0, 0.25


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with client_of_server() as client:
        _start(client, 0)
        waits, bare = [], []
        for number in range(1, rounds + 1):
            bare.append(run_bare(1))
            waits.append(_start(client, number))
    print(f"{'':28}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}")
    for name, values in (("a bare Python process", bare), ("submit to start", waits)):
        numbers = [_quantile(values, share) * 1e3 for share in (0.5, 0.95, 1.0)]
        print(f"{name:28}" + "".join(f"{number:>10.1f}" for number in numbers))
    p95_s = _quantile(waits, 0.95)
    print(f"p95 against bar {BAR_S:g} s: {p95_s / BAR_S:.2f}; against aim {AIM_S:g} s: {p95_s / AIM_S:.2f}")
    return 0 if p95_s <= BAR_S else 1


def _start(client: Client, number: int) -> float:
    asked_at_s = time.time()
    run = client.runs.wait(client.runs.create(document=document(number, 1)).id, timeout_s=60)
    (task,) = run.tasks
    assert task.state == "succeeded", f"{task.state} {task.reason}"
    assert task.started_at is not None
    return task.started_at.timestamp() - asked_at_s


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    sys.exit(main())
