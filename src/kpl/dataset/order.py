"""The order of an epoch: position to row as a pure function of version, split, seed and epoch.

No list of rows is kept or shuffled, whatever the size: a keyed permutation is computed where it is needed.
Ranks and workers only pick positions, so the order is the same for any number of them, and the state of a
training run's reading is four numbers: version, seed, epoch, position.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.errors import Invalid

_ROUNDS = 6
_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_GOLDEN = 0x9E3779B97F4A7C15
_MASK_64 = (1 << 64) - 1
_SHIFT = np.uint64(32)
_POSITIONS_AT_ONCE = 1 << 14  # NumPy's cost per call is spread over them


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: enough to go on exactly there, with any number of ranks and workers.

    Attributes:
        position: samples of the epoch that all ranks together have taken.
    """

    version: int
    seed: int
    epoch: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """A permutation of `0 .. num_rows - 1` for one epoch.

    Attributes:
        num_rows: length of the split.
        split: its name, empty for the whole dataset.
        is_shuffled: False gives the rows as they are stored.
    """

    num_rows: int
    version: int
    seed: int
    epoch: int = 0
    split: str = ""
    is_shuffled: bool = True

    @property
    def key(self) -> int:
        """What the permutation depends on, as 64 bits."""
        return xxh3_64_intdigest(
            struct.pack("<QQQ", self.version, self.seed & _MASK_64, self.epoch) + self.split.encode()
        )

    def rows(self, start: int, stop: int) -> NDArray[np.int64]:
        """[stop - start] rows at these positions of the epoch."""
        positions = np.arange(start, stop, dtype=np.int64)
        return self.at(positions)

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows at any positions of `0 .. num_rows - 1`."""
        if not self.is_shuffled or self.num_rows < 2:
            return positions
        return permute(positions, self.num_rows, self.key)

    def next_epoch(self) -> "Order":
        """The order of the epoch after this one."""
        return replace(self, epoch=self.epoch + 1)

    def batches(
        self,
        batch_size: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        position: int = 0,
        drop_last: bool = False,
    ) -> Iterator[NDArray[np.int64]]:
        """The batches of one rank from a position on; every rank gets as many batches, of equal sizes.

        At the end of the epoch the rest is spread evenly; where it does not come out even, fewer than
        `world_size` samples are given a second time, or with `drop_last` the rest is left out.

        Args:
            batch_size: samples of a batch on each rank.
            position: samples that all ranks together took before, as `Position` says.
        """
        if batch_size < 1 or not 0 <= rank < world_size:
            raise Invalid(
                f"batch_size {batch_size}, rank {rank} of {world_size}: at least 1, and rank < world_size."
            )
        step = batch_size * world_size
        num_full = max(self.num_rows - position, 0) // step
        at_once = max(1, _POSITIONS_AT_ONCE // batch_size)
        mine = np.arange(rank * batch_size, (rank + 1) * batch_size, dtype=np.int64)
        for first in range(0, num_full, at_once):
            starts = position + np.arange(first, min(first + at_once, num_full), dtype=np.int64) * step
            yield from self.at((starts[:, None] + mine).reshape(-1)).reshape(-1, batch_size)
        position += num_full * step
        rest = self.num_rows - position
        if rest > 0 and not drop_last:
            share = -(-rest // world_size)
            first = position + rank * share
            yield self.at(np.arange(first, first + share, dtype=np.int64) % self.num_rows)


def num_batches(num_rows: int, batch_size: int, *, world_size: int = 1, drop_last: bool = False) -> int:
    """How many batches each rank gets in an epoch."""
    step = batch_size * world_size
    return num_rows // step if drop_last else -(-num_rows // step)


def permute(positions: NDArray[np.int64], size: int, key: int) -> NDArray[np.int64]:
    """Map positions to rows by a keyed permutation of `0 .. size - 1`.

    A Feistel network over the next even number of bits, walked until the result is below `size` (Black and
    Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
    """
    half_bits = max(1, (int(size - 1).bit_length() + 1) // 2)
    half, mask = np.uint64(half_bits), np.uint64((1 << half_bits) - 1)
    keys = [np.uint64((key + i * _GOLDEN) & _MASK_64) for i in range(_ROUNDS)]
    values = _network(positions.astype(np.uint64), half, mask, keys)
    outside = values >= size
    while outside.any():
        values[outside] = _network(values[outside], half, mask, keys)
        outside = values >= size
    return values.astype(np.int64)


def _network(
    values: NDArray[np.uint64], half: np.uint64, mask: np.uint64, keys: list[np.uint64]
) -> NDArray[np.uint64]:
    left, right = values >> half, values & mask
    with np.errstate(over="ignore"):
        for key in keys:
            mixed = (right + key) * _MULTIPLIER
            mixed ^= mixed >> _SHIFT
            mixed *= _MULTIPLIER
            mixed ^= mixed >> _SHIFT
            left, right = right, left ^ (mixed & mask)
    return (left << half) | right
