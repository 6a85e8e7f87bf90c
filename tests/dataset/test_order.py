import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from kpl.dataset.order import WINDOW_BLOCKS, Order, num_batches, permute
from kpl.errors import Invalid

_sizes = st.integers(1, 3000)
_seeds = st.integers(0, 2**64 - 1)
_blocks = st.sampled_from([0, 1, 2, 3, 7, 16])


@given(_sizes, _seeds, _blocks)
def test_every_row_comes_exactly_once(size: int, seed: int, block_rows: int) -> None:
    rows = Order(size, version=1, seed=seed, block_rows=block_rows).rows(0, size)
    assert np.array_equal(np.sort(rows), np.arange(size))


@given(_sizes, _seeds, _blocks, st.data())
def test_any_part_of_the_order_is_the_same_alone(
    size: int, seed: int, block_rows: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    order = Order(size, version=1, seed=seed, block_rows=block_rows)
    assert np.array_equal(order.rows(start, stop), order.rows(0, size)[start:stop])


def test_the_order_depends_on_version_split_seed_and_epoch() -> None:
    base = Order(1000, version=1, seed=5, epoch=0, split="train")
    others = [
        Order(1000, version=2, seed=5, epoch=0, split="train"),
        Order(1000, version=1, seed=6, epoch=0, split="train"),
        Order(1000, version=1, seed=5, epoch=1, split="train"),
        Order(1000, version=1, seed=5, epoch=0, split="val"),
    ]
    for other in others:
        assert (base.rows(0, 1000) == other.rows(0, 1000)).mean() < 0.02
    assert others[2] == base.next_epoch()


def test_the_order_is_frozen_by_the_format() -> None:
    # these numbers stand in docs/reference/format.md; another permutation would be another format
    assert permute(np.arange(8), 8, key=0).tolist() == [1, 4, 0, 3, 5, 7, 2, 6]
    assert Order(10, version=1, seed=42, epoch=3, split="train").rows(0, 10).tolist() == [
        7,
        9,
        1,
        2,
        8,
        6,
        3,
        0,
        5,
        4,
    ]
    rows = Order(300, version=1, seed=42, epoch=3, split="train", block_rows=2).rows(0, 300)
    assert rows[[0, 1, 64, 127, 128, 299]].tolist() == [26, 291, 27, 136, 105, 174]


_MASK = (1 << 64) - 1
_C = 0xD6E8FEB86659FD93


def _specified_permutation(i: int, size: int, key: int) -> int:
    """`F` of docs/reference/format.md, as it stands there."""
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    while size > 1:
        left, right = i >> half, i & ((1 << half) - 1)
        for r in range(6):
            m = (right + key + r * 0x9E3779B97F4A7C15) * _C & _MASK
            m = (m ^ m >> 32) * _C & _MASK
            left, right = right, left ^ ((m ^ m >> 32) & ((1 << half) - 1))
        i = left << half | right
        if i < size:
            break
    return i


def _specified_row(i: int, n: int, block: int, key: int) -> int:
    """`P` in blocks."""
    window, permutation = 64 * block, _specified_permutation
    keys = [xxh3_64_intdigest(struct.pack("<QQ", key, j)) for j in range(5)]
    num_blocks, last = n // block, (max(1, n // window) - 1) * window
    if last == 0:
        return permutation(i, n, key)
    if i < last:
        slot, x = 64 * (i // window) + i % 64, i % window // 64
    else:
        slot, x = divmod(last + permutation(i - last, n - last, keys[1]), block)
    if slot < num_blocks:
        slot = permutation(slot, num_blocks, keys[2])
        x = permutation(x, block, ((slot + 1) * _C & _MASK) ^ keys[3])
    return (slot * block + x + keys[4]) % n


@pytest.mark.parametrize(("size", "block_rows"), [(300, 2), (1500, 7), (1000, 16), (777, 3), (130, 1)])
def test_the_order_in_blocks_is_the_specified_one(size: int, block_rows: int) -> None:
    order = Order(size, version=1, seed=8, epoch=2, split="train", block_rows=block_rows)
    expected = [_specified_row(i, size, block_rows, order.key) for i in range(size)]
    assert order.rows(0, size).tolist() == expected


def test_neighbours_are_not_kept_together() -> None:
    rows = Order(100_000, version=1, seed=1).rows(0, 100_000)
    assert abs(np.corrcoef(rows, np.arange(100_000))[0, 1]) < 0.02
    assert (np.abs(np.diff(rows)) == 1).mean() < 0.001


@settings(deadline=None)
@given(_sizes, _seeds, st.integers(1, 40))
def test_a_window_reads_few_blocks_of_neighbours(size: int, seed: int, block_rows: int) -> None:
    order = Order(size, version=1, seed=seed, block_rows=block_rows)
    everything, start = order.rows(0, size), 0
    for number in range(order.num_windows):
        first, stop = order.window(start)
        assert first == start
        rows = np.sort(everything[start:stop])
        num_runs = 1 + int((np.diff(rows) != 1).sum())
        # a window is 64 blocks, the last one up to twice as many and the rest; one of them may span the end
        limit = WINDOW_BLOCKS if number < order.num_windows - 1 else 2 * WINDOW_BLOCKS + 1
        assert num_runs <= limit + 1
        assert len(rows) <= limit * block_rows or order.num_windows == 1
        start = stop
    assert start == size


@settings(deadline=None)
@given(st.integers(130, 3000), _seeds, st.integers(1, 8), st.sampled_from([1, 2, 4, 8, 32]))
def test_each_of_a_few_ranks_reads_blocks_of_its_own(
    size: int, seed: int, block_rows: int, world_size: int
) -> None:
    order = Order(size, version=1, seed=seed, block_rows=block_rows)
    _, stop = order.window(0)
    if order.num_windows > 1:
        for rank in range(world_size):
            rows = np.sort(order.at(np.arange(rank, stop, world_size)))
            assert len(rows) == stop // world_size
            assert 1 + int((np.diff(rows) != 1).sum()) <= WINDOW_BLOCKS // world_size + 1


def test_blocks_are_mixed_and_differ_from_epoch_to_epoch() -> None:
    order = Order(100_000, version=1, seed=1, block_rows=100)
    rows = order.rows(0, 100_000)
    assert abs(np.corrcoef(rows, np.arange(100_000))[0, 1]) < 0.1
    assert (np.abs(np.diff(rows)) == 1).mean() < 0.01
    parts = [set((rows[start : start + 64] // 100).tolist()) for start in range(0, 99_968, 64)]
    assert min(map(len, parts)) > 40  # classes stored one behind the other come together in every batch
    assert (rows == order.next_epoch().rows(0, 100_000)).mean() < 0.01


@settings(deadline=None)
@given(_sizes, st.integers(1, 40), st.integers(1, 7), st.booleans(), _blocks)
def test_every_rank_gets_equal_batches_and_nothing_is_left_out(
    size: int, batch_size: int, world_size: int, drop_last: bool, block_rows: int
) -> None:
    order = Order(size, version=1, seed=3, block_rows=block_rows)
    ranks = [
        list(order.batches(batch_size, rank=rank, world_size=world_size, drop_last=drop_last))
        for rank in range(world_size)
    ]
    lengths = [[len(batch) for batch in batches] for batches in ranks]
    assert all(each == lengths[0] for each in lengths)
    assert len(lengths[0]) == num_batches(size, batch_size, world_size=world_size, drop_last=drop_last)
    together = [row for batches in ranks for batch in batches for row in batch.tolist()]
    if drop_last:
        assert len(set(together)) == len(together)
    else:
        assert set(together) == set(range(size))
        assert len(together) - size < world_size


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), _blocks, st.data())
def test_resuming_with_another_number_of_ranks_gives_the_remaining_rows(
    size: int, batch_size: int, before: int, after: int, block_rows: int, data: st.DataObject
) -> None:
    order = Order(size, version=1, seed=9, block_rows=block_rows)
    steps = data.draw(st.integers(0, size // (batch_size * before)))
    position = steps * batch_size * before
    taken = [
        row
        for rank in range(before)
        for batch in list(order.batches(batch_size, rank=rank, world_size=before))[:steps]
        for row in batch.tolist()
    ]
    rest = {
        row
        for rank in range(after)
        for batch in order.batches(batch_size, rank=rank, world_size=after, position=position)
        for row in batch.tolist()
    }
    assert sorted(taken) == sorted(order.rows(0, position).tolist())
    assert set(order.rows(position, size).tolist()) <= rest


@settings(deadline=None)
@given(
    st.integers(1, 3000), st.integers(1, 9), st.integers(1, 5), st.booleans(), st.integers(1, 9), st.data()
)
def test_windows_announce_what_the_batches_bring(
    size: int, batch_size: int, world_size: int, is_shuffled: bool, block_rows: int, data: st.DataObject
) -> None:
    order = Order(size, version=1, seed=9, is_shuffled=is_shuffled, block_rows=block_rows)
    rank = data.draw(st.integers(0, world_size - 1))
    position = data.draw(st.integers(0, size))
    batches = list(order.batches(batch_size, rank=rank, world_size=world_size, position=position))
    windows = list(order.windows(batch_size, rank=rank, world_size=world_size, position=position))
    announced = [row for window in windows for row in window.tolist()]
    read = [row for batch in batches for row in batch.tolist()]
    num_sure = (size - position) // (batch_size * world_size) * batch_size
    assert announced[:num_sure] == read[:num_sure]
    assert sum(map(len, windows)) <= len(read) + batch_size


def test_without_shuffling_rows_come_as_stored() -> None:
    assert Order(5, version=1, seed=1, is_shuffled=False).rows(1, 4).tolist() == [1, 2, 3]


def test_a_rank_outside_the_world_is_refused() -> None:
    with pytest.raises(Invalid, match="rank 2 of 2"):
        next(Order(5, version=1, seed=1).batches(1, rank=2, world_size=2))
