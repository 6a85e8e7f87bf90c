"""A dataset in PyTorch: tensors from KPL's own loader, or a map-style dataset for PyTorch's.

The only file of the package that needs torch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDatasetBase
from torch.utils.data import get_worker_info

from kpl.dataset.batch import BatchBuilder, Fields
from kpl.dataset.loader import Loader, Transform, stack
from kpl.dataset.order import Position
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample


class TorchDataset(TorchDatasetBase[Any]):
    """A map-style dataset for `torch.utils.data.DataLoader`.

    Pickles to a few bytes, so any start method will do. Blobs come as bytes from workers, else as memoryviews.

    Args:
        dataset: the samples, as a rule a split.
        what: fields of a batch, which is then made at once: give the DataLoader `collate_fn=whole`. Or a function
            that makes of a sample what the DataLoader collates, picklable for workers that are spawned.
    """

    def __init__(self, dataset: Dataset, what: Fields | Callable[[Sample], Any]) -> None:
        self.dataset, self.what = dataset, what
        self._builder = None if callable(what) else BatchBuilder(dataset, what)

    def __reduce__(self) -> tuple[Any, ...]:
        return TorchDataset, (self.dataset, self.what)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        if callable(self.what):
            return _portable(self.what(self.dataset[int(index)]))
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Any:
        if self._builder is None:
            assert callable(self.what)
            return [_portable(self.what(sample)) for sample in self.dataset[indices]]
        positions = np.asarray(indices, np.int64)
        batch = self._builder.begin(positions)
        self._builder.fill(batch, positions, 0, len(positions))
        return _portable(to_tensors(batch))


def _portable(value: Any) -> Any:
    """The value as a worker can send it: blobs are parts of a mapped file, which another process does not have.

    The DataLoader would wait for ever for what its worker cannot pickle.
    """
    if get_worker_info() is None:
        return value
    if type(value) is memoryview:
        return value.tobytes()
    if type(value) is dict:
        return {name: _portable(part) for name, part in value.items()}
    return type(value)(map(_portable, value)) if type(value) in (list, tuple) else value


def whole(batch: Any) -> Any:
    """The batch as it is: the `collate_fn` for a `TorchDataset` of fields."""
    return batch


def torch_loader(
    dataset: Dataset,
    transform: Transform | None = None,
    *,
    batch_size: int,
    fields: Fields | None = None,
    seed: int = 0,
    start: Position | None = None,
    is_shuffled: bool = True,
    drop_last: bool = False,
    rank: int = 0,
    world_size: int = 1,
    num_threads: int = 2,
) -> Loader:
    """A `Loader` whose batches are tensors: of `fields`, or of what `transform` gives, stacked."""
    return Loader(
        dataset,
        transform,
        batch_size=batch_size,
        fields=fields,
        collate=to_tensors if transform is None else stack_tensors,
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
    return to_tensors(stack(items))


def to_tensors(batch: Any) -> Any:
    """A batch with tensors in place of arrays, of the same memory; a list field becomes (offsets, values)."""
    if isinstance(batch, np.ndarray):
        return batch if batch.dtype == object else torch.from_numpy(batch)
    if isinstance(batch, tuple):
        return tuple(to_tensors(part) for part in batch)
    if isinstance(batch, dict):
        return {name: to_tensors(part) for name, part in batch.items()}
    return batch
