"""A dataset in PyTorch: tensors from KPL's own loader, or a map-style dataset for PyTorch's.

The only file of the package that needs torch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDatasetBase

from kpl.dataset.loader import Loader, Transform, stack
from kpl.dataset.order import Position
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample


class TorchDataset(TorchDatasetBase[Any]):
    """A map-style dataset for `torch.utils.data.DataLoader`.

    Pickles to a few bytes, so any start method will do.

    Args:
        dataset: the samples, as a rule a split.
        transform: makes of a sample what the loader collates; must be picklable for workers that are spawned.
    """

    def __init__(self, dataset: Dataset, transform: Callable[[Sample], Any]) -> None:
        self.dataset, self.transform = dataset, transform

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self.transform(self.dataset[int(index)])

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self.transform(sample) for sample in self.dataset[indices]]


def torch_loader(
    dataset: Dataset,
    transform: Transform,
    *,
    batch_size: int,
    seed: int = 0,
    start: Position | None = None,
    is_shuffled: bool = True,
    drop_last: bool = False,
    rank: int = 0,
    world_size: int = 1,
    num_threads: int = 2,
) -> Loader:
    """A `Loader` whose batches are tensors.

    With the arrays of `transform` stacked along a new first dimension.
    """
    return Loader(
        dataset,
        transform,
        batch_size=batch_size,
        collate=stack_tensors,
        seed=seed,
        start=start,
        is_shuffled=is_shuffled,
        drop_last=drop_last,
        rank=rank,
        world_size=world_size,
        num_threads=num_threads,
    )


def stack_tensors(items: list[Any]) -> Any:
    """A batch as `stack` makes it, with tensors in place of arrays."""
    return _to_tensors(stack(items))


def _to_tensors(batch: Any) -> Any:
    if isinstance(batch, np.ndarray):
        return torch.from_numpy(batch)
    if isinstance(batch, tuple):
        return tuple(_to_tensors(part) for part in batch)
    if isinstance(batch, dict):
        return {name: _to_tensors(part) for name, part in batch.items()}
    return batch
