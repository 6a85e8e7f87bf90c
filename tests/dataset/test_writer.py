import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import BadSample, Dataset, DatasetWriter, NotADataset, field, layout
from kpl.dataset.gc import collect
from kpl.dataset.verify import verify
from kpl.dataset.versions import remove
from kpl.errors import Conflict

MakePng = Callable[..., bytes]


def test_nothing_is_visible_before_the_commit(tmp_path: Path, make_png: MakePng) -> None:
    writer = DatasetWriter(tmp_path / "set", kind="unlabelled")
    writer.add("a", image=make_png())
    with pytest.raises(NotADataset, match="unfinished"):
        Dataset.open(tmp_path / "set")
    writer.commit()
    assert Dataset.open(tmp_path / "set")[0].key == "a"
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["HEAD", "data", "index", "manifest"]


def test_an_exception_commits_nothing_and_abort_leaves_nothing(tmp_path: Path, make_png: MakePng) -> None:
    def fail() -> None:
        with DatasetWriter(tmp_path / "set", kind="unlabelled", shard_bytes=1, block_bytes=1) as writer:
            writer.add("a", image=make_png())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    with pytest.raises(NotADataset):
        Dataset.open(tmp_path / "set")
    DatasetWriter(tmp_path / "set", kind="unlabelled", resume=True).abort()
    assert not (tmp_path / "set").exists()


def test_width_height_and_channels_come_from_the_image(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="unlabelled") as writer:
        writer.add("a", image=make_png(5, 7))
    sample = Dataset.open(tmp_path / "set")[0]
    assert (sample["width"], sample["height"], sample["channels"]) == (5, 7, 3)


def test_a_bad_sample_is_refused_whole_and_the_writer_goes_on(tmp_path: Path, make_png: MakePng) -> None:
    png = make_png()
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["x"]) as writer:
        writer.add("first", image=png, boxes=[[0, 0, 1, 1]], labels=[0])
        bad: list[tuple[str, dict[str, Any]]] = [
            ("not an image|cut short", {"image": b"no image", "boxes": [], "labels": []}),
            ("class 1 is not one of 0 to 0", {"image": png, "boxes": [[0, 0, 1, 1]], "labels": [1]}),
            ("1 boxes, but 2 entries", {"image": png, "boxes": [[0, 0, 1, 1]], "labels": [0, 0]}),
            ("has no area", {"image": png, "boxes": [[1, 0, 1, 1]], "labels": [0]}),
            ("not a number", {"image": png, "boxes": [[0, 0, float("nan"), 1]], "labels": [0]}),
            ("no such field.*labels", {"image": png, "lables": [0]}),
            ("field 'image'", {"boxes": []}),
            ("field 'width'", {"image": png, "width": 1 << 40, "height": 1, "channels": 3}),
        ]
        for message, values in bad:
            with pytest.raises(BadSample, match=message):
                writer.add("bad", **values)
        writer.add("last", image=png)
    dataset = Dataset.open(tmp_path / "set")
    assert [sample.key for sample in dataset] == ["first", "last"]
    assert dataset[0]["boxes"].tolist() == [[0, 0, 1, 1]]
    assert dataset[1]["boxes"].shape == (0, 4)
    assert bytes(dataset[1]["image"]) == png
    assert verify(dataset.path).is_whole


def test_labels_outside_of_the_classes_are_refused(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="classification", class_names=["x"]) as writer:
        for label in (1, -2, 1 << 40, None):
            with pytest.raises(BadSample, match=r"field 'label'.* class"):
                writer.add("bad", image=make_png(), label=label)
        writer.add("unlabelled", image=make_png())
    assert Dataset.open(tmp_path / "set")[0]["label"] == -1


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    fields = [field("small", "uint8"), field("vector", "embedding", shape=(2,)), field("ids", "categories")]
    good: dict[str, Any] = {"small": 3, "vector": [1, 2], "ids": [1]}
    with DatasetWriter(tmp_path / "set", kind="custom", fields=fields) as writer:
        wrongs: list[dict[str, Any]] = [
            {"small": 256}, {"small": 1.5}, {"vector": [1, 2, 3]}, {"ids": [1.5]}, {"ids": [1 << 40]}
        ]  # fmt: skip
        for wrong in wrongs:
            with pytest.raises(BadSample):
                writer.add("bad", **{**good, **wrong})
        writer.add("good", **good)
    assert Dataset.open(tmp_path / "set").columns("ids").values.tolist() == [1]


def test_two_samples_of_one_key_are_refused_at_the_commit(tmp_path: Path, make_png: MakePng) -> None:
    writer = DatasetWriter(tmp_path / "set", kind="unlabelled")
    for key in ("a", "b", "a"):
        writer.add(key, image=make_png())
    with pytest.raises(BadSample, match="samples 0 and 2 have the same key, 'a'"):
        writer.commit()
    writer.abort()


def test_a_folder_with_a_dataset_is_not_overwritten(classification: Dataset) -> None:
    with pytest.raises(Conflict, match="holds a dataset already"):
        DatasetWriter(classification.path, kind="classification")


def test_two_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    first = DatasetWriter(tmp_path / "set", kind="unlabelled")
    with pytest.raises(Conflict, match="Another writer"):
        DatasetWriter(tmp_path / "set", kind="unlabelled")
    first.abort()


def test_an_empty_dataset_can_be_written_and_read(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["a"]):
        pass
    dataset = Dataset.open(tmp_path / "set")
    assert list(dataset) == []
    assert len(dataset.columns("boxes").values) == 0
    assert verify(dataset.path).is_whole


def test_appending_makes_a_version_and_keeps_the_old_one(classification: Dataset, make_png: MakePng) -> None:
    path, old = classification.path, classification.digest
    with DatasetWriter(path, kind="classification", class_names=["a", "b"], append=True) as writer:
        writer.add("new", image=make_png(9, 9), label=1, split="test")
    newest = Dataset.open(path)
    assert (newest.version, len(newest), newest.splits) == (2, 11, {"train": 7, "test": 4})
    assert newest.split("test")[-1].key == "new"
    assert newest.columns("label").tolist() == [*classification.columns("label").tolist(), 1]
    assert Dataset.open(path, version=1).digest == old
    assert verify(path, version=1).is_whole
    assert verify(path, version=2).is_whole


def test_writers_that_append_at_once_both_get_in(classification: Dataset, make_png: MakePng) -> None:
    writers = [
        DatasetWriter(
            classification.path, kind="classification", class_names=["a", "b"], append=True, name=name
        )
        for name in ("one", "two")
    ]
    for number, writer in enumerate(writers):
        writer.add(f"new {number}", image=make_png(seed=50 + number), label=0)
    for writer in writers:
        writer.commit()
    newest = Dataset.open(classification.path)
    assert newest.version == 3
    assert newest.columns("key").tolist()[-2:] == ["new 0", "new 1"]


def _files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


def _write_and_fail(root: Path, name: str = "main", *, key: str = "b", **more: Any) -> None:
    """Append two shards, then fail in the block, or at the commit where the key is known."""
    options: dict[str, Any] = {"kind": "custom", "fields": [field("n", "int64")], "append": True, **more}
    with DatasetWriter(root, name=name, shard_bytes=1, block_bytes=1, **options) as writer:
        writer.extend([key], n=[1])
        writer.extend(["c"], n=[1])
        if key == "b":
            raise RuntimeError("stop")


@pytest.mark.parametrize("key", ["a", "b"])
def test_a_failed_append_leaves_the_dataset_as_it_was(key: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    with DatasetWriter(root, kind="custom", fields=[field("n", "int64")]) as writer:
        writer.extend(["a"], n=[1])
    before = _files(root)
    with pytest.raises(RuntimeError if key == "b" else BadSample):
        _write_and_fail(root, key=key)
    assert _files(root) == before
    assert not (root / "writing").exists()
    assert Dataset.open(root).version == 1


def test_a_failed_append_leaves_what_others_may_need(tmp_path: Path) -> None:
    root = tmp_path / "set"
    fields = [field("n", "int64")]
    with DatasetWriter(root, kind="custom", fields=fields) as writer:
        writer.extend(["a"], n=[1])
    # of this one a shard is in place that is equal to one of the writer that fails
    other = DatasetWriter(
        root, kind="custom", fields=fields, append=True, name="other", shard_bytes=1, block_bytes=1
    )
    other.extend(["b"], n=[1])
    with pytest.raises(RuntimeError):
        _write_and_fail(root)
    other.commit()
    assert Dataset.open(root).columns("key").tolist() == ["a", "b"]
    assert verify(root).is_whole
    remove(root, ["b"])
    with pytest.raises(RuntimeError):  # nor what an older version names
        _write_and_fail(root)
    assert verify(root, version=2).is_whole
    with pytest.raises(RuntimeError):
        _write_and_fail(root, resume=True)
    with pytest.raises(Conflict, match="was interrupted"):
        collect(root)
    with DatasetWriter(root, kind="custom", fields=fields, append=True, resume=True) as writer:
        assert writer.resumed_keys == {"b", "c"}
    assert Dataset.open(root).columns("key").tolist() == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_forked_meanwhile_keeps_no_writer_out(tmp_path: Path) -> None:
    with layout.door(tmp_path / "set") as is_alone:
        assert is_alone
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    os.close(reader)
    with layout.door(tmp_path / "set") as is_alone:  # and does not wait for the child
        assert is_alone
    os.close(writer)
    os.waitpid(child, 0)


def test_interrupted_work_on_another_source_is_not_gone_on_with(tmp_path: Path) -> None:
    options: dict[str, Any] = {"kind": "custom", "fields": [field("n", "int64")], "resume": True}
    first = DatasetWriter(tmp_path / "set", **options, source="first", shard_bytes=1, block_bytes=1)
    first.extend(["a"], n=[1])
    first.extend(["b"], n=[2])
    first.close()
    with DatasetWriter(tmp_path / "set", **options, source="second") as writer:
        assert writer.resumed_keys == frozenset()
        writer.extend(["c"], n=[3])
    assert Dataset.open(tmp_path / "set").columns("key").tolist() == ["c"]
    assert collect(tmp_path / "set", is_dry=True).files == ()


_APPENDING_CHILD = """
import sys
from kpl.dataset import DatasetWriter, field
for turn in range(4):
    root, name = sys.argv[1:]
    with DatasetWriter(root, kind="custom", fields=[field("n", "int64")], append=True, name=name) as writer:
        for i in range(5):
            writer.add(f"{name}-{turn}-{i}", n=i, split=name)
"""


def test_many_processes_append_and_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    root = tmp_path / "set"
    with DatasetWriter(root, kind="custom", fields=[field("n", "int64")]) as writer:
        writer.add("first", n=-1)
    names = [f"writer{number}" for number in range(3)]
    children = [subprocess.Popen([sys.executable, "-c", _APPENDING_CHILD, str(root), name]) for name in names]
    assert [child.wait(timeout=120) for child in children] == [0, 0, 0]
    newest = Dataset.open(root)
    expected = {f"{name}-{turn}-{i}" for name in names for turn in range(4) for i in range(5)}
    assert newest.version == 13
    assert sorted(newest.columns("key")) == sorted({"first", *expected})
    assert newest.splits == dict.fromkeys(names, 20)
    assert verify(root).is_whole


def test_appending_a_known_key_or_other_classes_is_refused(
    classification: Dataset, make_png: MakePng
) -> None:
    writer = DatasetWriter(classification.path, kind="classification", class_names=["a", "b"], append=True)
    writer.add("3.png", image=make_png())
    for number in range(7):
        writer.add(f"{number}.png" if number != 3 else "new", image=make_png())
    with pytest.raises(
        BadSample, match=r"has '0.png', '1.png', '2.png', '3.png', '4.png' and 2 more already"
    ):
        writer.commit()
    writer.abort()
    writer = DatasetWriter(classification.path, kind="classification", class_names=["b"], append=True)
    with pytest.raises(Conflict, match="other classes"):
        writer.commit()
    writer.abort()
    assert Dataset.open(classification.path).version == 1


def test_many_appended_versions_stay_readable(classification: Dataset, make_png: MakePng) -> None:
    for number in range(10):
        with DatasetWriter(
            classification.path, kind="classification", class_names=["a", "b"], append=True
        ) as writer:
            writer.add(f"more {number}", image=make_png(seed=number), label=number % 2)
    newest = Dataset.open(classification.path)
    assert len(newest.snapshot.manifest.indexes) <= 8
    assert newest.columns("key").tolist()[-1] == "more 9"
    assert verify(classification.path).is_whole
    assert len(Dataset.open(classification.path, version=6)) == 15


def test_after_a_commit_every_file_and_folder_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def remember(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", remember)
    root = tmp_path / "new" / "set"
    with DatasetWriter(root, kind="custom", fields=[field("data", "blob")], shard_bytes=1000) as writer:
        writer.extend(["a", "b"], data=[bytes(900), b"b"], split="train")
        writer.add("c", data=b"c")
    kept = {path: path.stat().st_ino for path in (tmp_path, root.parent, root, *root.rglob("*"))}
    assert [str(path) for path, inode in kept.items() if inode not in synced] == []


_CHILD = """
import signal, sys
import numpy as np
from kpl.dataset import DatasetWriter, field
writer = DatasetWriter(sys.argv[1], kind="custom", fields=[field("data", "blob"), field("n", "int64")],
                       shard_bytes=30_000, block_bytes=3_000, resume=True)
print("resumed", writer.num_samples, flush=True)
for i in range(writer.num_samples, 200):
    data = np.random.default_rng(i).bytes(500 + i)
    writer.add(str(i), data=data, n=i, split="even" if i % 2 == 0 else None)
    print(i, flush=True)
    if str(i) == sys.argv[2]:
        signal.pause()
writer.commit()
print("done", flush=True)
"""


def _run_child(path: Path, kill_at: str) -> list[str]:
    """Run the writer and kill it with SIGKILL when it prints `kill_at`; what it printed."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path), kill_at], stdout=subprocess.PIPE, text=True
    )
    lines = []
    assert child.stdout is not None
    with child.stdout as output:
        for line in output:
            lines.append(line.strip())
            if line.strip() == kill_at:
                os.kill(child.pid, signal.SIGKILL)
    child.wait(timeout=30)
    return lines


def test_a_killed_writer_goes_on_and_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    undisturbed = tmp_path / "undisturbed"
    assert _run_child(undisturbed, "never")[-1] == "done"
    for attempt in range(3):
        path = tmp_path / f"killed-{attempt}"
        first = int(rng.integers(1, 190))
        lines = _run_child(path, str(first))
        assert "done" not in lines
        with pytest.raises(NotADataset):
            Dataset.open(path)
        lines = _run_child(path, str(min(first + 5, 198)))
        resumed = int(lines[0].split()[1])
        assert first - 7 <= resumed <= 200, "more than a block was lost"
        assert _run_child(path, "never")[-1] == "done"
        dataset = Dataset.open(path)
        assert dataset.digest == Dataset.open(undisturbed).digest
        assert dataset.columns("n").tolist() == list(range(200))
        assert verify(path).is_whole
        assert not (path / "writing").exists()


@pytest.mark.parametrize("victim", ["samples.heap", "journal"])
def test_resuming_believes_only_what_is_whole(tmp_path: Path, victim: str) -> None:
    fields = [field("data", "blob")]
    whole = tmp_path / "set" / "writing" / "main"
    writer = DatasetWriter(tmp_path / "set", kind="custom", fields=fields, block_bytes=10)
    for number in range(6):
        writer.add(str(number), data=bytes([number]) * 100)
    writer.close()
    size = (whole / victim).stat().st_size
    with (whole / victim).open("r+b") as file:
        file.seek(size - 150)
        file.write(b"\xff" * 3)
    with DatasetWriter(tmp_path / "set", kind="custom", fields=fields, block_bytes=10, resume=True) as writer:
        start = writer.num_samples
        assert 0 < start < 6
        assert writer.resumed_keys == {str(number) for number in range(start)}
        for number in range(start, 6):
            writer.add(str(number), data=bytes([number]) * 100)
    dataset = Dataset.open(tmp_path / "set")
    assert [bytes(sample["data"]) for sample in dataset] == [bytes([number]) * 100 for number in range(6)]


def test_a_writer_that_begins_otherwise_does_not_resume(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "set", kind="custom", fields=[field("data", "blob")])
    writer.add("old", data=b"old")
    writer.close()
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("n", "int8")], resume=True) as writer:
        assert writer.num_samples == 0
        writer.add("new", n=1)
    assert [sample.key for sample in Dataset.open(tmp_path / "set")] == ["new"]


def test_wide_columns_stay_out_of_the_index(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).random((20, 256), np.float32)
    with DatasetWriter(
        tmp_path / "set",
        kind="custom",
        fields=[field("vector", "embedding", shape=(256,)), field("n", "int8")],
    ) as writer:
        for number, vector in enumerate(vectors):
            writer.add(str(number), vector=vector, n=number)
    dataset = Dataset.open(tmp_path / "set")
    assert np.array_equal(dataset.columns("vector"), vectors)
    assert dataset[3]["n"] == 3
    assert (tmp_path / "set" / "index" / "00000001.kpi").stat().st_size < vectors.nbytes / 4


def test_many_samples_at_once_make_the_same_bytes_as_one_by_one(tmp_path: Path) -> None:
    fields = [
        field("data", "blob"),
        field("n", "int64"),
        field("v", "embedding", shape=(2,)),
        field("word", "text"),
    ]
    keys = [str(i) for i in range(5000)]
    data = [bytes(i % 11) for i in range(5000)]
    numbers = np.arange(5000)
    vectors = np.ones((5000, 2), np.float32)
    with DatasetWriter(tmp_path / "many", kind="custom", fields=fields) as writer:
        writer.extend(keys, split="all", data=data, n=numbers, v=vectors, word=keys)
    with DatasetWriter(tmp_path / "single", kind="custom", fields=fields) as writer:
        for i, key in enumerate(keys):
            writer.add(key, split="all", data=data[i], n=i, v=[1, 1], word=key)
    many = Dataset.open(tmp_path / "many")
    assert many.digest == Dataset.open(tmp_path / "single").digest
    assert many.splits == {"all": 5000}


def test_many_samples_at_once_are_checked(tmp_path: Path, make_png: MakePng) -> None:
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("n", "int8")]) as writer:
        writer.extend(["a", "b"], n=[1, 2])
        for numbers, message in (([1], "1 values of 'n' for 2 keys"), ([3, 300], "field 'n'")):
            with pytest.raises(BadSample, match=message):
                writer.extend(["c", "d"], n=numbers)
        with pytest.raises(BadSample, match="no such field"):
            writer.extend(["c"], n=[1], m=[2])
        writer.extend(["c"], n=[-3])
    assert Dataset.open(tmp_path / "set").columns("n").tolist() == [1, 2, -3]
    with DatasetWriter(tmp_path / "images", kind="classification", class_names=["x"]) as writer:
        writer.extend(["a", "b"], image=[make_png(), make_png(5, 5)], label=np.zeros(2, int))
        with pytest.raises(BadSample, match="class 1"):
            writer.extend(["c"], image=[make_png()], label=[1])
    assert Dataset.open(tmp_path / "images").columns("width").tolist() == [4, 5]
