import multiprocessing
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kpl.errors import Invalid
from kpl.storage.cache import BLOCK_BYTES, BlockCache, Fetch

_LIMIT = 4 * BLOCK_BYTES
_SIZE = 10 * BLOCK_BYTES + 77


def _bytes_at(start: int, length: int) -> bytes:
    pattern = bytes(range(251))
    end = min(start + length, _SIZE)
    return (pattern * ((end - start) // 251 + 2))[start % 251 :][: max(end - start, 0)]


class _Source:
    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, start: int, length: int) -> bytes:
        self.calls.append((start, length))
        return _bytes_at(start, length)


def _taken(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("??/*"))


def test_bytes_come_once_and_then_from_the_disk(tmp_path: Path) -> None:
    cache, source = BlockCache(tmp_path, _LIMIT), _Source()
    for _ in range(2):
        assert cache.read("ab", 100, BLOCK_BYTES, size=_SIZE, fetch=source) == _bytes_at(100, BLOCK_BYTES)
    assert source.calls == [(0, 2 * BLOCK_BYTES)]
    end = _SIZE - 50
    assert cache.read("ab", end, 50, size=_SIZE, fetch=source) == _bytes_at(end, 50)
    again = BlockCache(tmp_path, _LIMIT)
    assert again.read("ab", end, 50, size=_SIZE, fetch=source) == _bytes_at(end, 50)
    assert source.calls[1:] == [(10 * BLOCK_BYTES, 77)]


def test_a_damaged_block_is_fetched_again(tmp_path: Path) -> None:
    cache, source = BlockCache(tmp_path, _LIMIT), _Source()
    cache.read("ab", 0, 10, size=_SIZE, fetch=source)
    [block] = tmp_path.glob("??/*")
    for content in (b"", block.read_bytes()[:-3], b"x" + block.read_bytes()[1:]):
        block.write_bytes(content)
        assert cache.read("ab", 0, 10, size=_SIZE, fetch=source) == _bytes_at(0, 10)
    cache.forget("ab", 0, 10)
    assert cache.read("ab", 0, 10, size=_SIZE, fetch=source) == _bytes_at(0, 10)
    assert len(source.calls) == 5


def test_the_block_longest_unused_goes_first(tmp_path: Path) -> None:
    cache, source = BlockCache(tmp_path, _LIMIT), _Source()
    for number in (0, 1, 2, 0, 3):
        cache.read("ab", number * BLOCK_BYTES, 1, size=_SIZE, fetch=source)
    known = len(source.calls)
    cache.read("ab", 0, 1, size=_SIZE, fetch=source)
    cache.read("ab", 3 * BLOCK_BYTES, 1, size=_SIZE, fetch=source)
    assert len(source.calls) == known
    cache.read("ab", BLOCK_BYTES, 1, size=_SIZE, fetch=source)
    assert len(source.calls) == known + 1


def _use(folder: Path, seed: int) -> int:
    cache = BlockCache(folder, _LIMIT)
    most = 0
    dice = random.Random(seed)
    for _ in range(25):
        start, length = dice.randrange(_SIZE - 1), dice.randrange(1, BLOCK_BYTES)
        length = min(length, _SIZE - start)
        data = cache.read(dice.choice(["ab", "cd"]), start, length, size=_SIZE, fetch=_bytes_at)
        assert data == _bytes_at(start, length)
        most = max(most, _taken_now(folder))
    return most


def _taken_now(folder: Path) -> int:
    total = 0
    for path in folder.glob("??/*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_and_threads_share_one_hard_limit(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        most = pool.starmap_async(_use, [(tmp_path, 1), (tmp_path, 2)]).get(timeout=60)
    with ThreadPoolExecutor(2) as threads:
        most += list(threads.map(_use, [tmp_path] * 2, [3, 4]))
    # a look at the folder is no snapshot: a block that is just replaced may be counted twice
    assert max(most) <= _LIMIT + BLOCK_BYTES + 8
    assert _taken(tmp_path) <= _LIMIT


_WRITER = """
import sys
from pathlib import Path
from kpl.storage.cache import BLOCK_BYTES, BlockCache

cache, number = BlockCache(Path(sys.argv[1]), int(sys.argv[2])), int(sys.argv[3])
size = 10 * BLOCK_BYTES
while True:
    for block in range(10):
        where = f"{number:02}", block * BLOCK_BYTES, 1
        cache.read(*where, size=size, fetch=lambda _, length: bytes([number]) * length)
        sys.stdout.write(".")
        sys.stdout.flush()
"""


def _constant(number: int) -> Fetch:
    return lambda _, length: bytes([number]) * length


def test_killed_writers_leave_the_cache_whole_and_within_its_limit(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", _WRITER, str(folder), str(_LIMIT)]
    for round_number in range(4):
        writers = [subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE) for number in (1, 2, 3)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.read(5 + round_number)  # each is in the middle of its work
            writer.kill()
        for writer in writers:
            writer.communicate(timeout=60)
        temporary = list(folder.glob("??/.*.tmp"))
        assert _taken(folder) <= _LIMIT
        cache = BlockCache(folder, _LIMIT)
        for number in (1, 2, 3):
            for block in range(10):
                start = block * BLOCK_BYTES
                data = cache.read(f"{number:02}", start, BLOCK_BYTES, size=_SIZE, fetch=_constant(number))
                assert data == bytes([number]) * BLOCK_BYTES
                assert _taken(folder) <= _LIMIT
        assert not [path for path in temporary if path.exists()]


def test_what_a_killed_writer_left_counts_and_goes(tmp_path: Path) -> None:
    cache, source = BlockCache(tmp_path, _LIMIT), _Source()
    cache.read("ab", 0, 1, size=_SIZE, fetch=source)
    left = tmp_path / "ab" / ".ab.7.tmp"
    left.write_bytes(bytes(2 * BLOCK_BYTES))
    os.utime(left, (0, 0))
    (tmp_path / "total").write_bytes(b"")  # as after a kill between the two writes of the count
    for number in range(1, 5):
        cache.read("ab", number * BLOCK_BYTES, 1, size=_SIZE, fetch=source)
        assert _taken(tmp_path) <= _LIMIT
    assert not left.exists()


def test_a_lost_count_is_made_anew(tmp_path: Path) -> None:
    cache, source = BlockCache(tmp_path, _LIMIT), _Source()
    for number in range(3):
        cache.read("ab", number * BLOCK_BYTES, 1, size=_SIZE, fetch=source)
        (tmp_path / "total").write_bytes(b"")
    for number in range(3, 10):
        cache.read("ab", number * BLOCK_BYTES, 1, size=_SIZE, fetch=source)
        assert _taken(tmp_path) <= _LIMIT


def test_a_cache_too_small_for_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="too small"):
        BlockCache(tmp_path, 1000)
