"""Blobs that stay in files of the user: read like any other, checked at first touch, named when they have changed."""

import contextlib
import gc
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from kpl.dataset import Dataset, DatasetDamaged, DatasetWriter, field, references
from kpl.dataset.references import Reference
from kpl.dataset.shard import Verify
from kpl.dataset.verify import verify
from kpl.errors import Invalid, KPLError

BLOBS = [bytes([i]) * (i * 7 + 1) for i in range(20)]


def _reference(root: Path, file: Path, position: int, blob: bytes) -> Reference:
    path = os.path.relpath(file.resolve(), root.resolve())
    return Reference(path, file.stat().st_size, position, len(blob), xxh3_64_intdigest(blob))


def _write(tmp_path: Path, **options: Any) -> Path:
    """Twenty samples: of three, two lie in one file, and one in the dataset itself."""
    (tmp_path / "source").mkdir()
    archive = tmp_path / "source" / "all ü.bin"
    archive.write_bytes(b"head" + b"".join(BLOBS))
    root = tmp_path / "set"
    position = 4
    with DatasetWriter(
        root, kind="custom", fields=[field("data", "blob"), field("n", "int32")], **options
    ) as writer:
        for i, blob in enumerate(BLOBS):
            value = blob if i % 3 == 1 else _reference(root, archive, position, blob)
            writer.add(f"{i}", data=value, n=i, split="a" if i % 2 else "b")
            position += len(blob)
    return root


def _num_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _blobs(dataset: Dataset) -> list[bytes]:
    return [bytes(sample["data"]) for sample in dataset]


def test_referred_blobs_read_like_stored_ones(tmp_path: Path) -> None:
    root = _write(tmp_path, shard_bytes=1, block_bytes=64)
    checks: tuple[Verify, ...] = ("once", "always", "never")
    for check in checks:
        dataset = Dataset.open(root, verify=check)
        assert _blobs(dataset) == _blobs(dataset) == BLOBS
        assert [bytes(data) for data, _ in dataset.tuples("data", "n")] == BLOBS
        assert [bytes(data) for data, _ in dataset.tuples("data", "n").take([3, 0, 19])] == [
            BLOBS[3],
            BLOBS[0],
            BLOBS[19],
        ]
        assert _blobs(dataset.split("a")) == BLOBS[1::2]
        assert _blobs(pickle.loads(pickle.dumps(dataset))) == BLOBS
        assert dataset.snapshot.blob_sizes("data").tolist() == [len(blob) for blob in BLOBS]
    assert dataset.snapshot.manifest.features == ("references",)
    assert verify(root).is_whole


def test_folder_and_source_move_together(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    _write(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert _blobs(Dataset.open(tmp_path / "there" / "set")) == BLOBS
    shutil.move(tmp_path / "there" / "set", tmp_path / "alone")
    with pytest.raises(DatasetDamaged, match=r"data/samples/.*'data' of row 0 .*all ü.bin, which is missing"):
        _blobs(Dataset.open(tmp_path / "alone"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-1], "bytes instead of"),
        (lambda data: data + b"x", "bytes instead of"),
        (lambda data: data[:4] + b"\xff" + data[5:], "whose bytes 4 to 5 have changed"),
    ],
)
@pytest.mark.parametrize("check", ["once", "always", "never"])
def test_a_changed_source_is_named_at_first_touch(
    tmp_path: Path, damage: Callable[[bytes], bytes], reason: str, check: Verify
) -> None:
    root = _write(tmp_path)
    file = tmp_path / "source" / "all ü.bin"
    file.write_bytes(damage(file.read_bytes()))
    dataset = Dataset.open(root, verify=check)
    assert dataset.columns("n").tolist() == list(range(20))
    with pytest.raises(DatasetDamaged, match=f"row 0 .*lies in .*all ü.bin, .*{reason}"):
        dataset[0]["data"]
    assert bytes(dataset[1]["data"]) == BLOBS[1]  # which lies in the dataset
    report = verify(root)
    assert "all ü.bin" in report.problems[0].reason
    assert report.problems[0].row == 0


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    root = _write(tmp_path)
    file = tmp_path / "source" / "all ü.bin"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(DatasetDamaged, match="not a regular file"):
        Dataset.open(root)[0]["data"]


def test_many_files_are_not_all_kept_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "_MAX_MAPPED", 3)
    monkeypatch.setattr(references, "_MAX_ALIVE", 5)
    gc.collect()
    source = tmp_path / "source"
    source.mkdir()
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        for i in range(12):
            file = source / f"{i}.bin"
            file.write_bytes(b"head" + BLOBS[i])
            writer.add(f"{i}", data=_reference(tmp_path / "set", file, 4, BLOBS[i]))
    dataset = Dataset.open(tmp_path / "set")
    before = _num_open()
    held = [sample["data"] for sample in dataset]
    assert _num_open() - before <= 5 + 1  # and the index
    assert [bytes(blob) for blob in held] == BLOBS[:12]
    assert _blobs(dataset) == BLOBS[:12]


def test_an_interrupted_writer_goes_on_with_references(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    file = tmp_path / "source" / "x"
    file.write_bytes(b"".join(BLOBS))
    root = tmp_path / "set"
    begins = np.cumsum([0, *map(len, BLOBS)]).tolist()
    for stop in (7, 20):
        writer = DatasetWriter(
            root, kind="custom", fields=[field("data", "blob", is_optional=True)], resume=True
        )
        for i in range(len(writer.resumed_keys), stop):
            writer.add(f"{i}", data=_reference(root, file, begins[i], BLOBS[i]) if i != 5 else None)
        with pytest.raises(KPLError, match="field 'nothing'"):
            writer.add("bad", data=_reference(root, file, 0, BLOBS[0]), nothing=1)
        if stop == 7:
            writer.close()
    dataset = writer.commit()
    assert [None if s["data"] is None else bytes(s["data"]) for s in dataset] == [
        *BLOBS[:5],
        None,
        *BLOBS[6:],
    ]


def test_versions_keep_references_and_other_places_are_refused(tmp_path: Path) -> None:
    root = _write(tmp_path)
    with DatasetWriter(
        root, kind="custom", fields=[field("data", "blob"), field("n", "int32")], append=True
    ) as writer:
        writer.add("more", data=b"stored", n=1)
    dataset = Dataset.open(root)
    assert _blobs(dataset) == [*BLOBS, b"stored"]
    derived = dataset.derive(tmp_path / "beside", layers={"scores": {"x": np.arange(21.0)}})
    assert _blobs(derived) == [*BLOBS, b"stored"]
    with pytest.raises(Invalid, match="index over files beside it"):
        dataset.derive(tmp_path / "elsewhere" / "set")


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_byte_gives_other_data(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    root = _write(folder)
    file = data.draw(
        st.sampled_from(sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "HEAD"))
    )
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    with contextlib.suppress(KPLError):
        assert _blobs(Dataset.open(root)) == BLOBS
