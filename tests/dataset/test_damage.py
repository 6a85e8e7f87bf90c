"""Every byte of every file changed, one after another: noticed at the first touch, or nothing is read from it."""

from pathlib import Path

import pytest

from kpl.dataset import Dataset, DatasetDamaged, DatasetWriter, field
from kpl.dataset.batch import Head
from kpl.dataset.columns import BlobColumn
from kpl.dataset.gc import collect
from kpl.dataset.repair import repair
from kpl.dataset.verify import verify
from kpl.dataset.versions import history, resolve, tag, tags, untag
from kpl.errors import KPLError
from kpl.sentence import chinese_of

_ROWS = [("a", b"KPL", 7), ("bc", b"dataset", -1), ("d", b"", 0)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fields = [field("data", "blob"), field("n", "int16")]
    with DatasetWriter(tmp_path / "set", kind="custom", fields=fields) as writer:
        for key, data, n in _ROWS:
            writer.add(key, split="train", data=data, n=n)
    return tmp_path / "set"


def _message(root: Path) -> str:
    """What reading everything says; empty if it gives what was written."""
    try:
        assert _read(root) == _ROWS
    except KPLError as err:
        return err.sentence
    return ""


def _read(root: Path) -> list[tuple[str, bytes, int]]:
    dataset = Dataset.open(root)
    assert dataset.splits == {"train": 3}
    assert dataset.split("train").rows.tolist() == [0, 1, 2]
    return [(sample.key, bytes(sample["data"]), sample["n"]) for sample in dataset]


def test_any_changed_byte_of_any_file_is_noticed(root: Path) -> None:
    [shard] = (root / "data" / "samples").iterdir()
    column = Dataset.open(root).snapshot.column("data", 0)
    assert isinstance(column, BlobColumn)
    extents = list(zip(*(bounds.tolist() for bounds in column.extents()), strict=True))
    num_noticed = 0
    for file in [path for path in root.rglob("*.kp?") if path.is_file()]:
        whole = file.read_bytes()
        for place in range(len(whole)):
            file.unlink()  # a new file instead of new bytes: maps of the old one may still be alive
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
            row = next((row for row, (begin, end) in enumerate(extents) if begin <= place < end), None)
            message = _message(root)
            assert not message or chinese_of(message), message
            if file == shard and row is not None:
                assert f"{shard}: field 'data' of row {row} " in message
            assert not message or str(file) in message or str(shard) in message, f"byte {place} of {file}"
            num_noticed += bool(message)
        file.unlink()
        file.write_bytes(whole)
    assert num_noticed > 1000
    (root / "HEAD").write_bytes(b"\xff")
    assert _read(root) == _ROWS


def test_verification_notices_every_changed_byte(root: Path) -> None:
    tag(root, "kept")
    assert verify(root).is_whole
    for file in [path for path in root.rglob("*") if path.is_file()]:
        whole = file.read_bytes()
        for place in range(len(whole)):
            file.unlink()
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
            problems = verify(root).problems
            assert str(file.relative_to(root)) in {problem.file for problem in problems}, place
        file.unlink()
        file.write_bytes(whole)


@pytest.mark.parametrize("change", [0xFF, 1])
def test_a_changed_byte_of_a_tag_is_noticed_where_the_tag_is_used(root: Path, change: int) -> None:
    tag(root, "kept")
    file = root / "tags" / "kept"
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        for use in (tags, history, collect, lambda root: resolve(root, "kept")):
            with pytest.raises(DatasetDamaged, match="tags/kept"):
                use(root)
        assert resolve(root, "1") == 1
        assert repair(root).actions == ("the damaged tag 'kept' names version 1 again",)
        assert file.read_bytes() == whole
    file.write_bytes(b"?")
    untag(root, "kept")
    assert tags(root) == {}


def test_a_tag_of_which_nothing_is_left_is_set_aside(root: Path) -> None:
    tag(root, "kept")
    (root / "tags" / "kept").write_bytes(b"")
    assert repair(root).actions == ("the tag 'kept' is lost: its file names no version",)
    assert tags(root) == {}
    assert [file.name for file in (root / "tags").iterdir()] == [".kept.damaged"]


def test_a_damaged_head_is_written_again(root: Path) -> None:
    whole = (root / "HEAD").read_bytes()
    for damaged in (b"", b"2\n", whole.replace(b"1", b"2", 1)):
        (root / "HEAD").write_bytes(damaged)
        assert repair(root).actions == ("HEAD did not name the newest version, 1; it does now",)
        assert (root / "HEAD").read_bytes() == whole


def test_a_number_without_a_check_is_read(root: Path) -> None:
    tag(root, "kept")
    for file in (root / "HEAD", root / "tags" / "kept"):
        file.write_bytes(b"1\n")
    assert tags(root) == {"kept": 1}
    assert verify(root).is_whole


@pytest.mark.parametrize("verify_when", ["once", "always"])
def test_every_way_to_read_notices_a_changed_blob(root: Path, verify_when: str) -> None:
    [shard] = (root / "data" / "samples").iterdir()
    whole = shard.read_bytes()
    shard.unlink()
    shard.write_bytes(whole.replace(b"dataset", b"Dataset"))

    def fresh() -> Dataset:
        return Dataset.open(root, verify=verify_when)  # type: ignore[arg-type]

    for as_bytes in (False, True):
        for names in (("data", "n"), ("data",), ("n", "data", "key")):
            reads = (
                lambda view: view[1],
                lambda view: view[-2],
                lambda view: view.take([2, 0, 1]),
                list,
            )
            for read in reads:
                view = fresh().tuples(*names, as_bytes=as_bytes)
                assert len(view.take([0, 2])) == 2
                for _ in range(2):  # what was damaged once is so again
                    with pytest.raises(DatasetDamaged, match=r"\.kpl: field 'data' of row 1 "):
                        read(view)
    for part in (None, Head(3), Head(100)):
        with pytest.raises(DatasetDamaged, match=r"\.kpl: field 'data' of row 1 "):
            list(fresh().loader({"data": part}, batch_size=2, num_threads=0))
