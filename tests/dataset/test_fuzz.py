"""Hostile and damaged bytes in every kind of file: an error of ours or the right data, in bounded memory and time.

A stranger's file can carry checks that fit, so besides bytes that merely changed there are directories whose
numbers are lies under a valid seal.
"""

import random
import shutil
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest, xxh3_128

from kpl.dataset import Dataset
from kpl.dataset.codec import HEADER_BYTES, TRAILER_BYTES, encode_header
from kpl.dataset.columns import BlobColumn
from kpl.dataset.fields import Field
from kpl.dataset.shard import Shard, Verify, open_shard_file
from kpl.errors import KPLError

_GOLDEN = Path(__file__).parents[1] / "golden" / "dataset-v1"
_FILES = sorted(path.relative_to(_GOLDEN) for path in _GOLDEN.rglob("*.kp?"))
_MAX_BYTES = 32 << 20
_SETTINGS = settings(
    max_examples=50, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Content = tuple[list[tuple[str, str]], str]


def _content(root: Path) -> Content:
    """Everything that a reader hands out."""
    dataset = Dataset.open(root)
    rows = [
        (sample.key, repr({name: _plain(value) for name, value in sample.fields.items()}))
        for sample in dataset
    ]
    splits = {name: rows.tolist() for name, rows in dataset.split_rows().items()}
    columns = {name: repr(dataset.columns(name)) for name in dataset.fields if name != "data"}
    return rows, repr((splits, dataset.class_names, dict(dataset.attributes), columns))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


_EXPECTED = _content(_GOLDEN)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(_GOLDEN, tmp_path_factory.mktemp("fuzz") / "set"))


@pytest.fixture(scope="module", autouse=True)
def _memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def _read(root: Path, file: Path, data: bytes) -> Content | None:
    """What is read when a file has these bytes; None when an error of ours came out. Anything else is a failure."""
    whole = (root / file).read_bytes()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    # a new file instead of new bytes: maps of the old one may still be alive
    (root / file).unlink()
    (root / file).write_bytes(data)
    try:
        return _content(root)
    except KPLError:
        return None
    finally:
        (root / file).unlink()
        (root / file).write_bytes(whole)
        assert tracemalloc.get_traced_memory()[1] - before < _MAX_BYTES


@pytest.mark.parametrize("file", _FILES, ids=str)
def test_no_changed_byte_of_a_file_gives_wrong_data(root: Path, file: Path) -> None:
    whole = (_GOLDEN / file).read_bytes()
    dice = random.Random(str(file))
    places = range(len(whole)) if len(whole) < 100 else sorted(dice.sample(range(len(whole)), 80))
    for place in places:
        changed = bytes([whole[place] ^ (1 << dice.randrange(8))])
        assert _read(root, file, whole[:place] + changed + whole[place + 1 :]) in (None, _EXPECTED)


@pytest.mark.parametrize("file", _FILES, ids=str)
def test_no_cut_or_swollen_file_gives_wrong_data(root: Path, file: Path) -> None:
    whole = (_GOLDEN / file).read_bytes()
    for length in {0, 1, 31, 63, 64, 95, 96, len(whole) // 2, len(whole) - 33, len(whole) - 1}:
        assert _read(root, file, whole[:length]) in (None, _EXPECTED)
    for more in (b"\0", whole, bytes(64)):
        assert _read(root, file, whole + more) in (None, _EXPECTED)


@_SETTINGS
@given(file=st.sampled_from(_FILES), data=st.binary(max_size=400))
@example(file=_FILES[0], data=b"")
def test_any_bytes_are_refused(root: Path, file: Path, data: bytes) -> None:
    assert _read(root, file, data) is None


_LIES = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0, 1, 63, 64, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**64 - 1]),
    st.text(max_size=5),
    st.sampled_from(
        ["", "../../etc", "<f8", "|O8", "|V9999999999", "rows", "runs", "blob", "list", "fixed", "bytes"]
    ),
    st.none(),
    st.just([]),
    st.just({}),
    st.floats(),
)


def _replace(value: Any, path: list[int], lie: Any) -> Any:
    """The value with one leaf, which the path leads to, replaced."""
    if isinstance(value, (list, dict)) and value:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = keys[path[0] % len(keys)]
        changed = dict(value) if isinstance(value, dict) else list(value)
        changed[key] = _replace(value[key], path[1:] or [0], lie)
        return changed
    return lie


def _sealed(whole: bytes, change: Callable[[Any], Any]) -> bytes:
    """The file with another directory, and with all its own checks made to fit."""
    position, length, num_rows = struct.unpack_from("<QII", whole, len(whole) - TRAILER_BYTES)
    directory = msgspec.msgpack.encode(change(msgspec.msgpack.decode(whole[position : position + length])))
    located = struct.pack("<QII", position, len(directory), num_rows)
    rest = whole[HEADER_BYTES:position] + directory + located
    rest += struct.pack("<Q8s", xxh3_64_intdigest(directory + located), b"KPL.END\n")
    (kind,) = struct.unpack_from("<H", whole, 10)
    return encode_header(kind, xxh3_128(rest).digest(), HEADER_BYTES + len(rest)) + rest


@settings(_SETTINGS, max_examples=100)
@given(path=st.lists(st.integers(0, 40), min_size=1, max_size=8), lie=_LIES)
def test_a_sealed_manifest_that_lies_neither_crashes_nor_fills_the_memory(
    root: Path, path: list[int], lie: Any
) -> None:
    [file] = [each for each in _FILES if each.suffix == ".kpm"]
    _read(root, file, _sealed((_GOLDEN / file).read_bytes(), lambda value: _replace(value, path, lie)))


@settings(_SETTINGS, max_examples=100)
@given(path=st.lists(st.integers(0, 40), min_size=1, max_size=8), lie=_LIES)
def test_a_sealed_shard_that_lies_neither_crashes_nor_fills_the_memory(
    root: Path, path: list[int], lie: Any
) -> None:
    file = next(each for each in _FILES if each.suffix == ".kpl")
    data = _sealed((_GOLDEN / file).read_bytes(), lambda value: _replace(value, path, lie))
    place = root.parent / f"{xxh3_64_intdigest(data):016x}.kpl"
    place.write_bytes(data)
    try:
        shard = open_shard_file(place)
        for field in shard.fields:
            column = shard.column(field)
            for value in column.values():
                assert value is None or len(repr(_plain(value))) < 100_000
    except KPLError:
        pass
    finally:
        place.unlink()


def _with_fitting_checks(directory: Any, body: bytes) -> Any:
    """The directory of a shard with the check of every buffer made to fit."""
    for column in directory["columns"]:
        for buffer in column["buffers"]:
            _, _, position, length, _ = buffer
            buffer[4] = xxh3_64_intdigest(body[position : position + length])
    return directory


@settings(_SETTINGS, max_examples=150)
@given(
    places=st.lists(st.integers(0, 1 << 16), min_size=1, max_size=3),
    lie=st.one_of(st.binary(min_size=1, max_size=16), st.sampled_from([b"\xff" * 8, bytes(8), b"\xff" * 4])),
    verify=st.sampled_from(["once", "always", "never"]),
)
def test_sealed_columns_that_lie_neither_crash_nor_fill_the_memory(
    root: Path, places: list[int], lie: bytes, verify: Verify
) -> None:
    file = next(each for each in _FILES if each.suffix == ".kpl")
    whole = (_GOLDEN / file).read_bytes()
    (end,) = struct.unpack_from("<Q", whole, len(whole) - TRAILER_BYTES)
    body = bytearray(whole)
    for place in places:
        begin = HEADER_BYTES + place % (end - HEADER_BYTES)
        part = lie[: end - begin]
        body[begin : begin + len(part)] = part
    data = _sealed(bytes(body), lambda directory: _with_fitting_checks(directory, bytes(body)))
    lying = root.parent / f"{xxh3_64_intdigest(data):016x}-{verify}.kpl"
    lying.write_bytes(data)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        shard = open_shard_file(lying, verify=verify)
        for field in shard.fields:
            for read in _ways_to_read(shard, field):
                try:
                    assert len(repr(read())) < 1_000_000
                except KPLError:
                    continue
    finally:
        lying.unlink()
    assert tracemalloc.get_traced_memory()[1] - before < _MAX_BYTES


def _ways_to_read(shard: Shard, field: Field) -> list[Callable[[], Any]]:
    rows = np.array([shard.num_rows - 1, 0])
    ways: list[Callable[[], Any]] = [
        lambda: list(map(_plain, shard.column(field).values())),
        lambda: list(map(_plain, shard.column(field).take(rows))),
        lambda: _plain(shard.column(field).getter()(0)),
    ]
    if field.layout != "blob":
        return [*ways, lambda: shard.column(field).array()]

    def heads() -> Any:
        column = shard.column(field)
        return column.heads(rows, 7) if isinstance(column, BlobColumn) else None

    return [*ways, heads]
