"""The temporary heap: every byte arrives in order, and room that was asked for ahead is given back."""

from pathlib import Path

import pytest

from kpl.dataset import codec
from kpl.dataset.heap import HeapFile

_HEADER = bytes(codec.HEADER_BYTES)


def _parts(num_parts: int, size: int) -> list[bytes | memoryview]:
    return [bytes([number % 251]) * (number % size) for number in range(num_parts)]


def test_more_parts_than_one_call_takes_arrive_in_order(tmp_path: Path) -> None:
    heap = HeapFile(tmp_path / "samples.heap")
    for _ in range(2):
        heap.append(_parts(3000, 700))
    heap.close()
    assert (tmp_path / "samples.heap").read_bytes() == _HEADER + 2 * b"".join(_parts(3000, 700))


@pytest.mark.parametrize("is_finished", [False, True])
def test_no_more_room_is_kept_than_the_bytes_take(tmp_path: Path, *, is_finished: bool) -> None:
    path, shard = tmp_path / "samples.heap", tmp_path / "data" / "samples" / "shard.kpl"
    heap = HeapFile(path)
    for _ in range(3):
        heap.append([bytes(5 << 20)])
    if is_finished:
        heap.put_in_place(b"h" * codec.HEADER_BYTES, shard)
    else:
        heap.close()
    found = (shard if is_finished else path).stat()
    assert found.st_size == codec.HEADER_BYTES + 3 * (5 << 20)
    assert found.st_blocks * 512 < found.st_size + (1 << 20)
    assert path.exists() is not is_finished


def test_a_heap_is_whole_where_the_system_has_no_calls_of_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpl.dataset.heap._fallocate", None)
    monkeypatch.setattr("kpl.dataset.heap._sync_file_range", None)
    heap = HeapFile(tmp_path / "samples.heap")
    heap.append([bytes(5 << 20), b"end"])
    heap.put_in_place(b"h" * codec.HEADER_BYTES, tmp_path / "shard.kpl")
    assert (tmp_path / "shard.kpl").read_bytes() == b"h" * codec.HEADER_BYTES + bytes(5 << 20) + b"end"


def test_the_name_of_a_finished_heap_is_free_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "samples.heap"
    for number in range(2):
        heap = HeapFile(path)
        heap.append([b"%d" % number])
        heap.put_in_place(b"h" * codec.HEADER_BYTES, tmp_path / f"{number}.kpl")
    ends = [(tmp_path / f"{number}.kpl").read_bytes()[codec.HEADER_BYTES :] for number in range(2)]
    assert ends == [b"0", b"1"]


def test_a_heap_goes_on_behind_what_was_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "samples.heap"
    heap = HeapFile(path)
    assert not heap.reopen()
    heap.append([b"whole", b"torn"])
    heap.close()
    heap = HeapFile(path)
    assert heap.reopen()
    assert heap.read(5) == b"whole"
    assert heap.read(9) == b"torn"
    heap.cut(codec.HEADER_BYTES + 5)
    heap.append([b" and more"])
    heap.close()
    assert path.read_bytes() == _HEADER + b"whole and more"
