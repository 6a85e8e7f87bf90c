"""Drive `kpl.scheduler.decide`, unchanged, inside an independent queueing judge that replays the Philly trace.

    python benchmarks/scheduler/queue_adapter.py JUDGE_FOLDER [--from-day 21 --days 21] [--policy quota_las,fifo]

The judge (`queuesim.py` in that folder) keeps the books: who waits and runs, what ends when, what a preemption costs.
Here a snapshot is made of its state in each of its cycles, and the decision is carried out in it. Machines have 8 GPUs;
a job of up to 8 is one worker, a larger one is a gang of workers with 8 each, as the judge places them. All jobs are
preemptible and save checkpoints, as the judge assumes. No run time is known in advance.
"""

import argparse
import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.scheduler import (
    Cluster,
    Decision,
    Discipline,
    Queue,
    RunningTask,
    Snapshot,
    WaitingTask,
    decide,
)
from kpl.task.ids import TaskId

GPUS = 8
_REQUESTS = {number: ResourceRequest(0, 0, (DeviceRequest("gpu", number),)) for number in range(1, GPUS + 1)}


class KplPolicy:
    """A policy of the judge: `schedule` is called in each cycle."""

    name = "kpl"

    def __init__(self, discipline: Discipline) -> None:
        self.discipline = discipline
        self.sim: Any = None
        self.cluster = Cluster()
        self.running: dict[int, tuple[int, RunningTask]] = {}
        self.favoured: set[int] = set()
        self.wake_at_s: float | None = None
        self.num_decisions = 0
        self.decide_s = 0.0

    def prepare(self, quota: dict[str, int], num_machines: int) -> None:
        devices = tuple(Device("gpu", index, model="p100") for index in range(GPUS))
        self.machines = tuple(Machine(f"m{n:03}", 0, 0, devices) for n in range(num_machines))
        self.numbers = {machine.name: number for number, machine in enumerate(self.machines)}
        self.queues = tuple(
            Queue(vc, weight=float(gpus), guaranteed={"gpu": gpus * 1000})
            for vc, gpus in sorted(quota.items())
        )

    def next_tick(self) -> float:
        return float("inf") if self.wake_at_s is None or not self.sim.wait else self.wake_at_s

    def arrive(self, job: Any) -> None: ...

    def finish(self, job: Any) -> None:
        self.running.pop(job.i, None)

    def schedule(self) -> None:
        if not self.sim.wait:
            return
        decision = self.decide()
        self.carry_out(decision)
        while decision.preemptions:  # in the judge's world those that are preempted are gone at once
            self.favoured.update(preemption.in_favour_of for preemption in decision.preemptions)
            decision = self.decide()
            self.carry_out(decision)
        self.wake_at_s = decision.wake_at_s

    def decide(self) -> Decision:
        sim = self.sim
        snapshot = Snapshot(
            self.machines,
            tuple(running for _, running in self.running.values()),
            tuple(_task(job, job.i in self.favoured) for job in sim.wait.values()),
            self.queues,
            sim.now,
            discipline=self.discipline,
        )
        started = time.perf_counter()
        decision = decide(snapshot, self.cluster)
        self.decide_s += time.perf_counter() - started
        self.num_decisions += 1
        return decision

    def carry_out(self, decision: Decision) -> None:
        sim = self.sim
        for preemption in decision.preemptions:
            self.running.pop(preemption.task)
            sim.stop(sim.run[preemption.task], False)
        for task_id, placements in decision.starts.items():
            job = sim.wait[task_id]
            where = [(self.numbers[p.machine], len(p.devices)) for p in placements]
            check(job, where, sim.free)
            task = _task(job)
            self.favoured.discard(job.i)
            sim.start(job, where)
            self.running[job.i] = (job.ver, RunningTask(task, placements, sim.now))


def check(job: Any, where: list[tuple[int, int]], free: Any) -> None:
    """Nothing is given twice, and gangs sit as the judge would place them: whole machines, or one for a small job."""
    assert sum(gpus for _, gpus in where) == job.g
    assert len({number for number, _ in where}) == len(where)
    assert all(free[number] >= gpus for number, gpus in where)
    assert len(where) == 1 if job.g <= GPUS else all(gpus == GPUS for _, gpus in where)


def _task(job: Any, is_favoured: bool = False) -> WaitingTask:
    workers = max(1, -(-job.g // GPUS))
    return WaitingTask(
        TaskId(job.i), _REQUESTS[min(job.g, GPUS)], job.vc, since_s=job.sub, min_workers=workers, max_workers=workers,
        is_preemptible=True, saves_checkpoints=True, attained_s=job.att,
        is_favoured=is_favoured,
    )  # fmt: skip


def load_judge(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("queuesim", folder / "queuesim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["queuesim"] = module
    spec.loader.exec_module(module)
    return module


SHOWN = (
    "jct_mean_h", "jct_p95_h", "wait_p95_h", "wait_mean_8gpu_h", "slowdown_mean", "vc_slowdown_max",
    "quota_shortfall_pct", "preemptions", "lost_gpu_h", "unfinished",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("judge", type=Path, help="folder of queuesim.py")
    parser.add_argument("--nodes", type=int, default=60)
    parser.add_argument("--from-day", type=float, default=21)
    parser.add_argument("--days", type=float, default=21)
    parser.add_argument("--cap-days", type=float, default=7)
    parser.add_argument("--policy", default="quota_las", help="policies of the judge to show beside it")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    judge = load_judge(arguments.judge)
    results = {}
    for name in ["kpl", *filter(None, arguments.policy.split(","))]:
        jobs = judge.load(judge.DATA, arguments.from_day, arguments.days)
        for job in jobs:
            job.dur = job.left = job.est = min(job.dur, arguments.cap_days * 86400)
        quota = judge.quotas(jobs, arguments.nodes * judge.NODE)
        policy = KplPolicy(Discipline()) if name == "kpl" else judge.ALL[name]()
        if isinstance(policy, KplPolicy):
            policy.prepare(quota, arguments.nodes)
        started = time.perf_counter()
        metrics = judge.metrics(judge.Sim(jobs, arguments.nodes, policy, quota).go())
        wall_s = time.perf_counter() - started
        results[name] = {key: float(value) for key, value in metrics.items()} | {"wall_s": wall_s}
        if isinstance(policy, KplPolicy):
            per_decision_ms = 1000 * policy.decide_s / max(1, policy.num_decisions)
            results[name] |= {"decisions": policy.num_decisions, "ms_per_decision": per_decision_ms}
        print(
            f"{name:20}", {key: round(results[name][key], 2) for key in SHOWN}, f"{wall_s:.0f} s", flush=True
        )
        if name == "kpl":
            print(f"{'':20} {policy.num_decisions} decisions, {per_decision_ms:.2f} ms each", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
