"""Reading undoes writing, for every layout of field, any number of shards, and after damage: right data or an error."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.dataset import Dataset, DatasetWriter, Field, field
from kpl.dataset.verify import verify
from kpl.errors import KPLError

_FIELDS = (
    field("data", "blob"),
    field("extra", "blob"),
    field("flag", "bool"),
    field("small", "int8"),
    field("large", "uint64"),
    field("real", "float64"),
    field("half", "float16"),
    field("vector", "embedding", shape=(3,)),
    field("numbers", "numbers"),
    field("boxes", "boxes"),
    field("words", "text"),
    field("raw", "bytes"),
    field("tree", "json"),
    field("maybe", "int32", is_optional=True),
    field("note", "string", is_optional=True),
    field("list_or_none", "numbers", is_optional=True),
)
_reals = st.floats(-1e6, 1e6, width=32)
_rows = st.fixed_dictionaries(
    {
        "data": st.binary(max_size=70),
        "extra": st.binary(max_size=9),
        "flag": st.booleans(),
        "small": st.integers(-128, 127),
        "large": st.integers(0, 2**64 - 1),
        "real": st.floats(allow_nan=False),
        "half": st.floats(-1000, 1000, width=16),
        "vector": st.lists(_reals, min_size=3, max_size=3),
        "numbers": st.lists(_reals, max_size=4),
        "boxes": st.lists(st.lists(_reals, min_size=4, max_size=4), max_size=3),
        "words": st.text(st.characters(codec="utf-8"), max_size=9),
        "raw": st.binary(max_size=5),
        "tree": st.dictionaries(st.text("abc", max_size=2), st.integers(-5, 5) | st.none(), max_size=2),
        "maybe": st.none() | st.integers(-(2**31), 2**31 - 1),
        "note": st.none() | st.text("xyz", max_size=3),
        "list_or_none": st.none() | st.lists(_reals, max_size=2),
    }
)


def _write(
    path: Path, rows: list[dict[str, Any]], *, fields: tuple[Field, ...], shard_bytes: int = 1 << 20
) -> Dataset:
    with DatasetWriter(
        path, kind="custom", fields=fields, shard_bytes=shard_bytes, block_bytes=100
    ) as writer:
        for number, row in enumerate(rows):
            writer.add(str(number), split="even" if number % 2 == 0 else None, **row)
    return Dataset.open(path)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, np.asarray(other, one.dtype).reshape(one.shape)))
    if isinstance(one, memoryview):
        return one.tobytes() == bytes(other)
    return bool(one == other)


@settings(max_examples=35, deadline=None)
@given(st.lists(_rows, max_size=9), st.sampled_from([1, 200, 1 << 20]))
def test_reading_undoes_writing(rows: list[dict[str, Any]], shard_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dataset = _write(Path(folder) / "set", rows, fields=_FIELDS, shard_bytes=shard_bytes)
        assert len(dataset) == len(rows)
        for sample, row in zip(dataset, rows, strict=True):
            assert all(_equal(sample[name], value) for name, value in row.items()), (sample.fields, row)
        for name in ("small", "large", "flag", "half"):
            assert dataset.columns(name).tolist() == [row[name] for row in rows]
        lists = dataset.columns("numbers")
        assert lists.lengths.tolist() == [len(row["numbers"]) for row in rows]
        assert dataset.columns("maybe").tolist() == [row["maybe"] for row in rows]
        assert verify(dataset.path).is_whole


@settings(max_examples=10, deadline=None)
@given(st.lists(_rows, min_size=1, max_size=6))
def test_equal_samples_make_equal_bytes(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = _write(Path(folder) / "one", rows, fields=_FIELDS)
        other = _write(Path(folder) / "other", rows, fields=_FIELDS)
        assert one.digest == other.digest
        assert _files(one.path) == _files(other.path)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _everything(path: Path) -> list[Any]:
    dataset = Dataset.open(path)
    samples = [
        (s.key, s.split, bytes(s["image"]), s["width"], s["boxes"].tolist(), s["labels"].tolist())
        for s in dataset
    ]
    return [dataset.class_names, dataset.splits, samples, dataset.columns("labels").values.tolist()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, make_png: Callable[..., bytes]) -> Path:
    path = tmp_path_factory.mktemp("whole") / "set"
    with DatasetWriter(
        path, kind="detection", class_names=["a", "b"], shard_bytes=1, block_bytes=400
    ) as writer:
        for i in range(6):
            writer.add(
                f"{i}", split=["x", "y"][i % 2], image=make_png(4, 3, i), boxes=[[0, 0, 1, i + 1]], labels=[1]
            )
    return path


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_byte_gives_an_error_or_the_right_data(whole: Path, data: st.DataObject) -> None:
    files = sorted(file.relative_to(whole) for file in whole.rglob("*") if file.is_file())
    name = data.draw(st.sampled_from(files))
    content = bytearray((whole / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "set"
        shutil.copytree(whole, copy)
        (copy / name).write_bytes(content)
        if name.name != "HEAD":
            assert not verify(copy).is_whole
        try:
            found = _everything(copy)
        except KPLError as err:
            found = [str(err)]
    if len(found) == 1:
        assert str(copy) in found[0]
        return
    assert found == _everything(whole)


@settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_cut_or_lengthened_gives_an_error(whole: Path, data: st.DataObject) -> None:
    files = sorted(f.relative_to(whole) for f in whole.rglob("*") if f.is_file() and f.name != "HEAD")
    name = data.draw(st.sampled_from(files))
    content = (whole / name).read_bytes()
    changed = data.draw(
        st.integers(0, len(content) - 1).map(lambda end: content[:end])
        | st.binary(min_size=1, max_size=9).map(lambda more: content + more)
    )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "set"
        shutil.copytree(whole, copy)
        (copy / name).write_bytes(changed)
        assert not verify(copy).is_whole
        if "labels" not in name.parts:  # shards without blobs are read from the index alone
            with pytest.raises(KPLError):
                _everything(copy)
