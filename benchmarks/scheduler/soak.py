"""A million tasks in virtual time: arrivals, ends, preemption, machines that fail and come back, quotas that change.

    python benchmarks/scheduler/soak.py [--tasks 1000000] [--machines 100] [--check-every 50]

Every start and preemption is made by `kpl.scheduler.decide`. All along, what starts is checked for what must hold of a
decision (`kpl.testing.scheduling.violations`): each n-th decision in full; the first violation ends the run.
"""

import argparse
import random
import time
from collections.abc import Iterator

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.scheduler import Decision, Queue, Snapshot, WaitingTask
from kpl.scheduler.simulate import Change, Job, Setup, simulate
from kpl.task.ids import TaskId
from kpl.testing.scheduling import violations

QUEUES = tuple(f"team{number}" for number in range(8))
_MODELS = ("a100", "v100", "t4")
_SHAPES = [
    # (weight, GPUs, share, workers, cores)
    (50, 1, 1000, 1, 4), (15, 1, 500, 1, 2), (8, 2, 1000, 1, 8), (6, 4, 1000, 1, 16),
    (5, 8, 1000, 1, 32), (1, 8, 1000, 2, 32), (15, 0, 1000, 1, 4),
]  # fmt: skip


def machines(number: int) -> tuple[Machine, ...]:
    return tuple(
        Machine(
            f"m{n:04}",
            96_000,
            512 * 1024,
            tuple(Device("gpu", index, model=_MODELS[n % 3]) for index in range(8)),
        )
        for n in range(number)
    )


def jobs(number: int, num_machines: int, load: float, rng: random.Random) -> Iterator[Job]:
    """Tasks of many sorts; work is offered at `load` of what the GPUs can do."""
    requests: dict[object, ResourceRequest] = {}
    weights = [shape[0] for shape in _SHAPES]
    mean_gpus = sum(w * gpus * share / 1000 * workers for w, gpus, share, workers, _ in _SHAPES) / sum(
        weights
    )
    mean_run_s = 1800.0
    between_s = mean_gpus * mean_run_s / (load * 8 * num_machines)
    now_s = 0.0
    for task in range(1, number + 1):
        now_s += rng.expovariate(1 / between_s)
        _, gpus, share, workers, cores = rng.choices(_SHAPES, weights)[0]
        models = (rng.choice(_MODELS),) if gpus and rng.random() < 0.2 else ()
        devices = (DeviceRequest("gpu", gpus, share, models),) if gpus else ()
        key = (cores, devices)
        request = requests.setdefault(key, ResourceRequest(cores * 1000, cores * 4096, devices))
        is_flexible = rng.random() < 0.7
        yield Job(
            WaitingTask(
                TaskId(task), request, rng.choice(QUEUES), f"user{rng.randrange(20)}", rng.choice((0, 0, 0, 0, 1)),
                now_s, workers, workers, is_preemptible=is_flexible, saves_checkpoints=is_flexible,
                max_run_time_s=rng.choice((None, 86400.0)),
            ),
            min(rng.lognormvariate(6.2, 1.6), 86400.0),
        )  # fmt: skip


def queues(num_machines: int, rng: random.Random) -> tuple[Queue, ...]:
    parts = [rng.random() for _ in QUEUES]
    whole = sum(parts)
    orgs = (Queue("org0"), Queue("org1", limit={"gpu": num_machines * 8 * 900}))
    return (
        *orgs,
        *(
            Queue(
                name,
                f"org{number % 2}",
                rng.choice((1.0, 2.0)),
                {"gpu": int(num_machines * 8 * part / whole * 0.8) * 1000},
                user_limit={"gpu": num_machines * 8 * 250},
            )
            for number, (name, part) in enumerate(zip(QUEUES, parts, strict=True))
        ),
    )


def changes(until_s: float, all_machines: tuple[Machine, ...], rng: random.Random) -> list[Change]:
    """A machine in twenty fails or is mended every two hours; quotas change every day."""
    found = []
    now_s = 0.0
    while (now_s := now_s + 7200.0) < until_s:
        here = tuple(machine for machine in all_machines if rng.random() > 0.05)
        found.append(Change(now_s, machines=here))
        if rng.random() < 1 / 12:
            found.append(Change(now_s, queues=queues(len(all_machines), rng)))
    return [*found, Change(until_s, machines=all_machines)]


class Check:
    def __init__(self, every: int) -> None:
        self.every, self.number, self.checked, self.most_waiting = every, 0, 0, 0
        self.slowest_s, self.started = 0.0, time.perf_counter()

    def __call__(self, snapshot: Snapshot, decision: Decision) -> None:
        self.number += 1
        self.most_waiting = max(self.most_waiting, len(snapshot.waiting))
        if self.number % self.every == 0:
            wrong = violations(snapshot, decision)
            if wrong:
                raise SystemExit(f"decision {self.number} at {snapshot.now_s:.0f} s: {wrong}")
            self.checked += 1
        if self.number % 20_000 == 0:
            spent_s = time.perf_counter() - self.started
            print(
                f"{spent_s:6.0f} s: {self.number} decisions, day {snapshot.now_s / 86400:.1f}, "
                f"{len(snapshot.running)} run, {len(snapshot.waiting)} wait",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--load", type=float, default=0.85)
    parser.add_argument("--check-every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    all_machines = machines(arguments.machines)
    all_jobs = list(jobs(arguments.tasks, arguments.machines, arguments.load, rng))
    until_s = all_jobs[-1].task.since_s
    setup = Setup("soak", queues(arguments.machines, rng))
    check = Check(arguments.check_every)
    started = time.perf_counter()
    report = simulate(all_jobs, all_machines, setup, changes=changes(until_s, all_machines, rng), watch=check)
    spent_s = time.perf_counter() - started
    print(report)
    print(
        f"{report.num_tasks} tasks, {report.makespan_s / 86400:.1f} days of virtual and {spent_s:.0f} s of real time; "
        f"{check.number} decisions, {1000 * spent_s / max(1, check.number):.2f} ms each with all else; "
        f"{check.checked} checked in full, 0 violations; at most {check.most_waiting} tasks waited"
    )
    assert report.num_unfinished == 0


if __name__ == "__main__":
    main()
