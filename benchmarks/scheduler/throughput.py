"""Placement decisions a second, beside a plain Python loop over the machines, in one run.

    PYTHONPATH=src python3 benchmarks/scheduler/throughput.py --data FOLDER [--judge FOLDER] [--repeats 3]

`--data` is a folder with the openb node list and default pod list, `--judge` one with an independent judge's
`simcluster.py`, `baselines.py` and `throughput.py`, whose naive loop is then used beside the one of this file. The
cluster is filled to 60 % of its devices, untimed; then tasks drawn from the list are placed for some seconds. Times
on a shared machine are noise: compare the ratios.
"""

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kpl.resources import Device, DeviceRequest, Machine, Placement, ResourceRequest
from kpl.scheduler.cluster import Cluster
from kpl.scheduler.fit import Free, fit
from kpl.scheduler.mix import Mix
from kpl.task.ids import TaskId

NUM_MACHINES = (1213, 10_000)
WARM = 0.6
LOOP_S = 4.0
SKIPPED = 200  # decisions before the clock runs: each kind of demand is scored for the first time

Place = Callable[[ResourceRequest], Placement | None]
Hold = Callable[[Placement], None]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    if args.judge is not None and not (args.judge / "throughput.py").exists():
        sys.exit(f"{args.judge}: has no throughput.py; name the judge's folder, or leave --judge out")
    base = machines(args.data / "openb_node_list_gpu_node.csv")
    requests = pod_requests(args.data / "openb_pod_list_default.csv")
    for number in NUM_MACHINES:
        some = [renamed(base[i % len(base)], f"n{i:05}") for i in range(number)]
        ratios: dict[str, list[float]] = {}
        for _ in range(args.repeats):
            ours = speed(some, requests, ours_on)
            naive = {"naive loop of this file": speed(some, requests, naive_on)}
            if args.judge is not None:
                naive["naive loop of the judge"] = judged(args, number, NAIVE)
                ours_judged = judged(args, number, ADAPTER)
                ratios.setdefault("judge's loop, adapter / its naive", []).append(
                    ours_judged / naive["naive loop of the judge"]
                )
                print(f"{number} machines: KPL through the adapter {ours_judged:,.0f}/s", flush=True)
            for name, rate in naive.items():
                ratios.setdefault(f"KPL / {name}", []).append(ours / rate)
                print(f"{number} machines: KPL {ours:,.0f}/s, {name} {rate:,.0f}/s", flush=True)
        for name, values in ratios.items():
            every = " ".join(f"{value:.2f}" for value in values)
            print(f"{number} machines: {name}: median x{statistics.median(values):.2f} ({every})", flush=True)


def machines(path: Path) -> list[Machine]:
    with path.open(newline="") as file:
        return [
            Machine(
                row["sn"],
                int(row["cpu_milli"]),
                int(row["memory_mib"]),
                tuple(Device("gpu", index, model=row["model"]) for index in range(int(row["gpu"]))),
            )
            for row in csv.DictReader(file)
        ]


def renamed(machine: Machine, name: str) -> Machine:
    return Machine(name, machine.cpu_milli, machine.memory_mib, machine.devices)


def pod_requests(path: Path) -> list[ResourceRequest]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        ResourceRequest(
            int(row["cpu_milli"]),
            int(row["memory_mib"]),
            (DeviceRequest("gpu", int(row["num_gpu"]), int(row["gpu_milli"])),)
            if int(row["num_gpu"])
            else (),
        )
        for row in rows
    ]


def speed(
    some: list[Machine],
    requests: list[ResourceRequest],
    policy: Callable[[list[Machine], list[Placement]], tuple[Place, Hold]],
) -> float:
    """Decisions a second from a cluster that is 60 % full on."""
    arrivals = arriving(requests, len(some))
    place, hold = policy(some, warmed(some, arrivals))
    num_timed, spent_s = 0, 0.0
    for number, request in enumerate(arrivals):
        start = time.perf_counter()
        placement = place(request)
        took_s = time.perf_counter() - start
        if placement is not None:
            hold(placement)
        if number >= SKIPPED or policy is naive_on:
            num_timed += 1
            spent_s += took_s
        if spent_s > LOOP_S:
            break
    return num_timed / spent_s


def arriving(requests: list[ResourceRequest], num_machines: int) -> Iterator[ResourceRequest]:
    order = np.random.default_rng(3).integers(len(requests), size=8 * num_machines)
    return (requests[i] for i in order.tolist())


_warm: dict[int, tuple[list[Placement], int]] = {}


def warmed(some: list[Machine], arrivals: Iterator[ResourceRequest]) -> list[Placement]:
    """What is held once most devices are: each machine in turn takes what it can."""
    known = _warm.get(len(some))
    if known is not None:
        for _ in range(known[1]):
            next(arrivals)
        return known[0]
    wanted = WARM * sum(1000 * len(machine.devices) for machine in some)
    frees = iter([Free(machine) for machine in some])
    free, given, placements, used = next(frees), 0, [], 0
    while used < wanted:
        request = next(arrivals)
        given += 1
        placement = fit(request, free)
        while placement is None:
            free = next(frees)
            placement = fit(request, free)
        free.take(placement)
        placements.append(placement)
        used += sum(share.share_milli for share in placement.devices)
    _warm[len(some)] = (placements, given)
    return placements


def ours_on(some: list[Machine], placements: list[Placement]) -> tuple[Place, Hold]:
    cluster, mix, number = Cluster(), Mix(), len(placements)
    held = {TaskId(task): (placement,) for task, placement in enumerate(placements)}
    cluster.sync(some, held, mix)

    def place(request: ResourceRequest) -> Placement | None:
        nonlocal mix
        mix = mix.observed(request)
        cluster.learn(mix)
        found = cluster.place(request)
        return None if found is None else found[0]

    def hold(placement: Placement) -> None:
        nonlocal number
        number += 1
        cluster.hold(TaskId(number), (placement,))

    return place, hold


def naive_on(some: list[Machine], placements: list[Placement]) -> tuple[Place, Hold]:
    """Best fit by a loop over plain lists, as a first version would have it."""
    cpu, memory = [m.cpu_milli for m in some], [m.memory_mib for m in some]
    pieces = [[1000] * len(m.devices) for m in some]
    rows = {machine.name: row for row, machine in enumerate(some)}

    def hold(placement: Placement) -> None:
        row = rows[placement.machine]
        cpu[row] -= placement.cpu_milli
        memory[row] -= placement.memory_mib
        for share in placement.devices:
            pieces[row][share.index] -= share.share_milli

    for placement in placements:
        hold(placement)

    def place(request: ResourceRequest) -> Placement | None:
        count, milli = (
            (request.devices[0].count, request.devices[0].share_milli) if request.devices else (0, 0)
        )
        best, best_row = 0.0, -1
        for row in range(len(cpu)):
            if cpu[row] < request.cpu_milli or memory[row] < request.memory_mib:
                continue
            if count and sum(piece >= milli for piece in pieces[row]) < count:
                continue
            left = 0.5 * (cpu[row] - request.cpu_milli) / 128_000 + 0.5 * sum(pieces[row]) / 8000
            if best_row < 0 or left < best:
                best, best_row = left, row
        if best_row < 0:
            return None
        free = Free(some[best_row])
        free.cpu_milli, free.memory_mib = cpu[best_row], memory[best_row]
        free.share_milli = {("gpu", index): piece for index, piece in enumerate(pieces[best_row])}
        return fit(request, free)

    return place, hold


NAIVE, ADAPTER = "naive", "adapter"


def judged(args: argparse.Namespace, num_machines: int, which: str) -> float:
    """Decisions a second in the judge's own loop."""
    for folder in (args.judge, Path(__file__).parent):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    import importlib.util

    import judge_adapter
    import simcluster

    spec = importlib.util.spec_from_file_location("judge_throughput", args.judge / "throughput.py")
    assert spec is not None
    assert spec.loader is not None
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    base = simcluster.load_nodes(args.data / "openb_node_list_gpu_node.csv")
    nodes = [dict(base[i % len(base)], name=f"n{i:05}") for i in range(num_machines)]
    pods = simcluster.load_pods(args.data / "openb_pod_list_default.csv")
    policy, skipped = (judge.NaiveBestFit(), 0) if which == NAIVE else (judge_adapter.make(), SKIPPED)
    return float(judge.speed(policy, nodes, pods, num_machines / 1213, LOOP_S, skipped))


if __name__ == "__main__":
    main()
