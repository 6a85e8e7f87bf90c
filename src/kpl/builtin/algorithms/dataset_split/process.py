"""Divide a dataset into train, val and test. Only the lists of rows change; no image is written again."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from kpl.algorithm import author
from kpl.dataset import Dataset

Rows = NDArray[np.int64]


def main() -> None:
    parameters = author.parameters()
    dataset = Dataset.open(author.input("dataset"))
    shares = {name: float(parameters[name]) for name in ("train", "val", "test")}
    rows = np.arange(len(dataset), dtype=np.int64)
    kept: dict[str, Rows] = {}
    existing = dataset.split_rows()
    if parameters.keep_test and len(existing.get("test", ())):
        kept = {"test": np.asarray(existing["test"], dtype=np.int64)}
        rows = np.setdiff1d(rows, kept["test"])
        shares["test"] = 0.0
        author.note(f"The existing test split of {len(kept['test'])} samples was kept; the rest was divided.")
    if sum(shares.values()) == 0:
        raise SystemExit(
            "The shares of the splits to make add up to 0. Give `train`, `val` or `test` a share above 0."
        )

    if parameters.method == "key":
        splits = by_key([dataset[int(row)].key for row in rows], rows, shares, parameters.seed)
    else:
        splits = at_random(rows, classes(dataset, rows, parameters.stratify), shares, parameters.seed)
    splits |= kept
    dataset.derive(
        author.output("dataset"), splits={name: part for name, part in splits.items() if len(part)}
    )

    for name, part in splits.items():
        author.metric(f"{name}_samples", len(part))
        print(f"{name}: {len(part)} samples")
    author.progress(1.0, ", ".join(f"{name} {len(part)}" for name, part in splits.items() if len(part)))


def classes(dataset: Dataset, rows: Rows, stratify: bool) -> Rows:
    """The label of each row, or zeros where there are no labels to divide by."""
    if not stratify or "label" not in dataset.fields:
        return np.zeros(len(rows), dtype=np.int64)
    return np.asarray(dataset.columns("label"), dtype=np.int64)[rows]


def at_random(rows: Rows, labels: Rows, shares: dict[str, float], seed: int) -> dict[str, Rows]:
    """Shuffle, then deal each class out by shares.

    Classes are laid end to end and cut as one sequence, so that classes of a few samples do not all round the same
    way and the whole keeps its shares.
    """
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    chosen = deal(len(rows), shares)
    names = list(shares)
    return {name: np.sort(rows[order[chosen == number]]) for number, name in enumerate(names)}


def deal(count: int, shares: dict[str, float]) -> Rows:
    """For each of `count` places the number of its split, such that any stretch of places holds about the shares."""
    weights = np.asarray(list(shares.values())) / sum(shares.values())
    owed = np.zeros(len(weights))
    dealt = np.empty(count, dtype=np.int64)
    for place in range(count):
        owed += weights
        dealt[place] = owed.argmax()
        owed[dealt[place]] -= 1
    return dealt


def by_key(keys: list[str], rows: Rows, shares: dict[str, float], seed: int) -> dict[str, Rows]:
    """Place each sample by a hash of its key: shares hold on average, and adding samples moves none."""
    digests = [hashlib.sha256(f"{seed}/{key}".encode()).digest()[:8] for key in keys]
    place = np.asarray([int.from_bytes(digest, "big") / 2**64 for digest in digests])
    bounds = np.cumsum(list(shares.values())) / sum(shares.values())
    chosen = np.minimum(np.searchsorted(bounds, place, side="right"), len(bounds) - 1)
    return {name: rows[chosen == number] for number, name in enumerate(shares)}


if __name__ == "__main__":
    main()
