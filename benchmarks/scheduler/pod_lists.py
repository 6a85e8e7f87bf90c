"""Other pod lists of the openb cluster, sampled from its default list, to see that placement is not tuned to one.

    python3 pod_lists.py DEFAULT_LIST.csv OUT_FOLDER

After the description in Weng et al., "Beware of Fragmentation" (USENIX ATC 2023), section 6: lists with more CPU-only
tasks, with more sharing of GPUs, with more multi-GPU tasks, and with a part of the GPU tasks bound to models. These are
not the authors' lists, and figures on them do not compare with published ones.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

Row = dict[str, str]
SEED = 20230710
# Which models tasks are bound to, and how often: the scarce ones more often than their part of the cluster.
BOUND_TO = {"G2": 0.37, "T4": 0.30, "V100M16|V100M32": 0.15, "G3": 0.10, "P100": 0.08}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("default_list", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    with args.default_list.open(newline="") as file:
        rows = list(csv.DictReader(file))
    args.out.mkdir(parents=True, exist_ok=True)
    for percent in (50, 100, 200, 250):
        write(args.out / f"cpu{percent:03}.csv", with_more_cpu_only(rows, percent / 100))
    for percent in (40, 60, 80, 100):
        write(args.out / f"gpushare{percent}.csv", with_part(rows, is_share, percent / 100))
    for percent in (20, 30, 40, 50):
        write(args.out / f"multigpu{percent}.csv", with_part(rows, is_multi, percent / 100))
    for percent in (10, 20, 25, 33):
        write(args.out / f"gpuspec{percent}.csv", with_models(rows, percent / 100))


def with_more_cpu_only(rows: list[Row], more: float) -> list[Row]:
    """The list and so many more CPU-only tasks, 1.0 being as many again."""
    rng = np.random.default_rng(SEED)
    cpu_only = [row for row in rows if not milli(row)]
    return rows + [cpu_only[i] for i in rng.integers(len(cpu_only), size=round(more * len(cpu_only)))]


def with_part(rows: list[Row], belongs, part: float) -> list[Row]:  # type: ignore[no-untyped-def]
    """A list of the same GPU demand, of which this part comes from tasks that belong."""
    rng = np.random.default_rng(SEED)
    total = sum(milli(row) for row in rows)
    chosen = [row for row in rows if not milli(row)]
    for wanted, kept in ((part, [r for r in rows if belongs(r)]), (1 - part, [r for r in rows if not belongs(r)])):
        kept = [row for row in kept if milli(row)]
        amount = 0
        while amount < wanted * total:
            row = kept[rng.integers(len(kept))]
            amount += milli(row)
            chosen.append(row)
    return chosen


def with_models(rows: list[Row], part: float) -> list[Row]:
    """The list with this part of the GPU tasks bound to models."""
    rng = np.random.default_rng(SEED)
    names, weights = list(BOUND_TO), list(BOUND_TO.values())
    bound = []
    for row in rows:
        if milli(row) and rng.random() < part:
            row = {**row, "gpu_spec": names[rng.choice(len(names), p=weights)]}
        bound.append(row)
    return bound


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
