"""Divide a dataset into train, val and test. Only the lists of rows change; no image is written again."""

import numpy as np
from numpy.typing import NDArray

from kpl.algorithm import author
from kpl.dataset import Dataset
from kpl.dataset.splits import SplitRule, at_random

Rows = NDArray[np.int64]


def main() -> None:
    parameters = author.parameters()
    dataset = Dataset.open(author.input("dataset"))
    shares = {name: float(parameters[name]) for name in ("train", "val", "test")}
    rows = dataset.rows
    free = np.arange(len(rows), dtype=np.int64)  # positions of the samples to be divided
    kept: dict[str, Rows] = {}
    existing = dataset.split_rows()
    if parameters.keep_test and len(existing.get("test", ())):
        kept = {"test": np.asarray(existing["test"], dtype=np.int64)}
        free = np.flatnonzero(~np.isin(rows, kept["test"]))
        shares["test"] = 0.0
        author.note(
            f"The existing test split of {len(kept['test'])} samples was kept; the rest was divided.",
            text_zh=f"保留了原有测试集的 {len(kept['test'])} 个样本，其余样本重新划分。",
        )
    if sum(shares.values()) == 0:
        raise author.refusal(
            "The shares of the splits to make add up to 0. Give `train`, `val` or `test` a share above 0.",
            text_zh="各划分的比例之和为 0。请将 `train`、`val` 或 `test` 的比例设为大于 0。",
        )

    if parameters.method == "key":
        keys = np.asarray(dataset.columns("key"), dtype=object)[free]
        divided = SplitRule.of(shares, parameters.seed).rows(keys.tolist())
    else:
        divided = at_random(classes(dataset, free, parameters.stratify), shares, parameters.seed)
    splits = {name: rows[free[places]] for name, places in divided.items()} | kept
    dataset.derive(
        author.output("dataset"), splits={name: part for name, part in splits.items() if len(part)}
    )

    for name, part in splits.items():
        author.metric(f"{name}_samples", len(part))
        print(f"{name}: {len(part)} samples")
    author.progress(1.0, ", ".join(f"{name} {len(part)}" for name, part in splits.items() if len(part)))


def classes(dataset: Dataset, positions: Rows, stratify: bool) -> Rows:
    """The label at each position, or zeros where there are no labels to divide by."""
    if not stratify or "label" not in dataset.fields:
        return np.zeros(len(positions), dtype=np.int64)
    return np.asarray(dataset.columns("label"), dtype=np.int64)[positions]


if __name__ == "__main__":
    main()
