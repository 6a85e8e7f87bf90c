"""Other pod lists of the openb cluster, sampled from its default list, to see that placement is not tuned to one.

    python3 pod_lists.py DEFAULT_LIST.csv OUT_FOLDER

After the description in Weng et al., "Beware of Fragmentation" (USENIX ATC 2023), section 6: lists with more CPU-only
tasks, with more sharing of GPUs, with more multi-GPU tasks, and with a part of the GPU tasks bound to models. These are
not the authors' lists, and figures on them do not compare with published ones.
"""

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

Row = dict[str, str]
SEED = 20230710
# Which models tasks are bound to, and how often: the scarce ones more often than their part of the cluster.
BOUND_TO = {"G2": 0.37, "T4": 0.30, "V100M16|V100M32": 0.15, "G3": 0.10, "P100": 0.08}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("default_list", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    with args.default_list.open(newline="") as file:
        rows = list(csv.DictReader(file))
    args.out.mkdir(parents=True, exist_ok=True)
    for percent in (50, 150, 200, 250):
        write(args.out / f"cpu{percent:03}.csv", with_cpu_only(rows, percent / 100))
    for percent in (40, 60, 80, 100):
        write(args.out / f"gpushare{percent}.csv", with_part(rows, is_share, percent / 100))
    for percent in (20, 30, 40, 50):
        write(args.out / f"multigpu{percent}.csv", with_part(rows, is_multi, percent / 100))
    for percent in (10, 20, 25, 33):
        write(args.out / f"gpuspec{percent}.csv", with_models(rows, percent / 100))


def with_cpu_only(rows: list[Row], times: float) -> list[Row]:
    """The list with so many times the CPU-only tasks that it has."""
    rng = np.random.default_rng(SEED)
    cpu_only = [row for row in rows if not milli(row)]
    others = [row for row in rows if milli(row)]
    return others + [cpu_only[i] for i in rng.integers(len(cpu_only), size=round(times * len(cpu_only)))]


def with_part(rows: list[Row], belongs: Callable[[Row], bool], part: float) -> list[Row]:
    """A list of the same GPU demand, of which this part comes from tasks that belong."""
    rng = np.random.default_rng(SEED)
    total = sum(milli(row) for row in rows)
    chosen = [row for row in rows if not milli(row)]
    for wanted, is_in in ((part, True), (1 - part, False)):
        source = [row for row in rows if milli(row) and belongs(row) is is_in]
        amount = 0
        while amount < wanted * total:
            chosen.append(source[rng.integers(len(source))])
            amount += milli(chosen[-1])
    return chosen


def with_models(rows: list[Row], part: float) -> list[Row]:
    """The list with this part of the GPU tasks bound to models."""
    rng = np.random.default_rng(SEED)
    names, weights = list(BOUND_TO), list(BOUND_TO.values())
    return [
        {**row, "gpu_spec": names[rng.choice(len(names), p=weights)]}
        if milli(row) and rng.random() < part
        else row
        for row in rows
    ]


def milli(row: Row) -> int:
    return int(row["num_gpu"]) * int(row["gpu_milli"] or 0)


def is_share(row: Row) -> bool:
    return int(row["num_gpu"]) == 1 and milli(row) < 1000


def is_multi(row: Row) -> bool:
    return int(row["num_gpu"]) > 1


def write(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
