"""The order of an epoch: position to row as a pure function of version, split, seed and epoch.

No list of rows is kept or shuffled, whatever the size: a keyed permutation is computed where it is needed.
Ranks and workers only pick positions, so the order is the same for any number of them, and the state of a
training run's reading is four numbers (version, seed, epoch, position) and the name of the order.

There are two shuffled orders. One takes any row next. The other takes rows from `WINDOW_BLOCKS` blocks of neighbours
in turn, so that blocks can be read as a whole; the last window is mixed row by row, so that what is left over does
not stay together. Where there is one window, that makes both orders the same.
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
WINDOW_BLOCKS = (
    64  # a power of two: where it is a multiple of the number of ranks, each reads blocks of its own
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: enough to go on exactly there, with any number of ranks and workers.

    Attributes:
        position: samples of the epoch that all ranks together have taken.
        order: what takes the rows in turn: "rows", "blocks" or "stored"; empty where it was not told.
    """

    version: int
    seed: int
    epoch: int = 0
    position: int = 0
    order: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A permutation of `0 .. num_rows - 1` for one epoch.

    Attributes:
        num_rows: length of the split.
        split: its name, empty for the whole dataset.
        is_shuffled: False gives the rows as they are stored.
        block_rows: rows of a block; 0 for the order without blocks.
    """

    num_rows: int
    version: int
    seed: int
    epoch: int = 0
    split: str = ""
    is_shuffled: bool = True
    block_rows: int = 0

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
        if self.num_windows > 1:
            return self._at_blocks(positions)
        return permute(positions, self.num_rows, self.key)

    @property
    def num_windows(self) -> int:
        """Into how many windows of blocks the epoch falls; 1 without blocks."""
        return max(1, self.num_rows // (WINDOW_BLOCKS * self.block_rows)) if self.block_rows else 1

    def window(self, position: int) -> tuple[int, int]:
        """[first, after the last) position of the window that a position lies in."""
        last = self.num_windows - 1
        if last == 0:
            return 0, self.num_rows
        size = WINDOW_BLOCKS * self.block_rows
        number = min(position // size, last)
        return number * size, (number + 1) * size if number < last else self.num_rows

    def _at_blocks(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows at these positions of the order with blocks.

        A window takes a row from each of its blocks in turn. The epoch's key turns the rows, so that the rows beyond
        the last whole block, and with them the last window, are others in each epoch.
        """
        block_rows, key = self.block_rows, self.key
        num_blocks = self.num_rows // block_rows
        last_start, _ = self.window(self.num_rows - 1)
        is_last = positions >= last_start
        # of a whole window, the places are counted: block by block, one row of each
        slots = positions // (WINDOW_BLOCKS * block_rows) * WINDOW_BLOCKS + positions % WINDOW_BLOCKS
        inside = positions % (WINDOW_BLOCKS * block_rows) // WINDOW_BLOCKS
        last = last_start + permute(
            positions[is_last] - last_start, self.num_rows - last_start, _subkey(key, 1)
        )
        slots[is_last], inside[is_last] = last // block_rows, last % block_rows
        is_whole = slots < num_blocks
        blocks = slots.copy()
        blocks[is_whole] = permute(slots[is_whole], num_blocks, _subkey(key, 2))
        whole_blocks = blocks[is_whole]
        keys = (whole_blocks.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER ^ np.uint64(_subkey(key, 3))
        inside[is_whole] = permute(inside[is_whole], block_rows, keys)
        rows: NDArray[np.int64] = (
            blocks * block_rows + inside + _subkey(key, 4) % self.num_rows
        ) % self.num_rows
        return rows

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
        mine = self._share(batch_size, rank, world_size)
        for first in range(0, num_full, at_once):
            starts = position + np.arange(first, min(first + at_once, num_full), dtype=np.int64) * step
            yield from self.at((starts[:, None] + mine).reshape(-1)).reshape(-1, batch_size)
        position += num_full * step
        rest = self.num_rows - position
        if rest > 0 and not drop_last:
            mine = self._share(-(-rest // world_size), rank, world_size)
            yield self.at((position + mine) % self.num_rows)

    def windows(
        self, batch_size: int, *, rank: int = 0, world_size: int = 1, position: int = 0
    ) -> Iterator[NDArray[np.int64]]:
        """What `batches` with the same arguments read, window by window: what to fetch before they come."""
        first = position
        while first < self.num_rows:
            _, stop = self.window(first)
            positions = np.arange(first, stop, dtype=np.int64)
            turns = (positions - position) // (1 if self._takes_turns else batch_size)
            yield self.at(positions[turns % world_size == rank])
            first = stop

    def _share(self, size: int, rank: int, world_size: int) -> NDArray[np.int64]:
        """What of the positions of a step, counted from its first, is a rank's."""
        if self._takes_turns:
            return rank + np.arange(size, dtype=np.int64) * world_size
        return np.arange(rank * size, (rank + 1) * size, dtype=np.int64)

    @property
    def _takes_turns(self) -> bool:
        """Whether ranks take one sample after another in turn, so that each meets the same blocks again."""
        return self.is_shuffled and self.num_windows > 1


def num_batches(num_rows: int, batch_size: int, *, world_size: int = 1, drop_last: bool = False) -> int:
    """How many batches each rank gets in an epoch."""
    step = batch_size * world_size
    return num_rows // step if drop_last else -(-num_rows // step)


def _subkey(key: int, number: int) -> int:
    return xxh3_64_intdigest(struct.pack("<QQ", key, number))


def permute(positions: NDArray[np.int64], size: int, key: int | NDArray[np.uint64]) -> NDArray[np.int64]:
    """Map positions to rows by a keyed permutation of `0 .. size - 1`.

    A Feistel network over the next even number of bits, walked until the result is below `size` (Black and
    Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).

    Args:
        key: one for all, or one for each position.
    """
    if size < 2:
        return positions.copy()
    half_bits = max(1, (int(size - 1).bit_length() + 1) // 2)
    half, mask = np.uint64(half_bits), np.uint64((1 << half_bits) - 1)
    keys = np.atleast_1d(np.asarray(key, np.uint64))
    values = _network(positions.astype(np.uint64), half, mask, keys)
    outside = values >= size
    while outside.any():
        values[outside] = _network(values[outside], half, mask, keys if len(keys) == 1 else keys[outside])
        outside = values >= size
    return values.astype(np.int64)


def _network(
    values: NDArray[np.uint64], half: np.uint64, mask: np.uint64, keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    left, right = values >> half, values & mask
    with np.errstate(over="ignore"):
        for round_number in range(_ROUNDS):
            mixed = (right + keys) + np.uint64(round_number * _GOLDEN & _MASK_64)
            mixed *= _MULTIPLIER
            mixed ^= mixed >> _SHIFT
            mixed *= _MULTIPLIER
            mixed ^= mixed >> _SHIFT
            left, right = right, left ^ (mixed & mask)
    return (left << half) | right
