"""What is found in folders, archives and tables is added to datasets that are there."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.convert import append, export, pack
from kpl.dataset.splits import SplitRule
from kpl.dataset.verify import verify
from kpl.dataset.versions import history
from kpl.errors import Conflict, Invalid

MakePng = Callable[..., bytes]


def _write(root: Path, tree: dict[str, bytes | str]) -> Path:
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


@pytest.fixture
def pets(tmp_path: Path, make_png: MakePng) -> Path:
    """Four pictures of two classes, packed."""
    tree: dict[str, bytes | str] = {f"{'ab'[i % 2]}/{i}.png": make_png(seed=i) for i in range(4)}
    pack(_write(tmp_path / "source", tree), tmp_path / "pets")
    return tmp_path / "pets"


def test_a_folder_is_added_with_the_class_ids_of_the_dataset(
    pets: Path, tmp_path: Path, make_png: MakePng
) -> None:
    more = _write(tmp_path / "more", {"b/x.png": make_png(seed=9), "b/bad.png": b"no image"})
    report = append(more, pets, message="from Ann")
    assert (report.version, report.num_added, report.num_samples, report.num_problems) == (2, 1, 5, 1)
    dataset = Dataset.open(pets)
    assert dataset.find("b/x.png")["label"] == 1
    assert dataset.class_names == ("a", "b")
    assert [(each.message, each.num_samples) for each in history(pets)] == [("from Ann", 5), ("", 4)]
    assert dataset.attributes == Dataset.open(pets, version=1).attributes
    assert verify(pets).is_whole


def test_an_archive_is_added_and_known_keys_are_left_out_when_told(
    pets: Path, tmp_path: Path, make_png: MakePng
) -> None:
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as file:
        for name in ("a/0.png", "a/2.png", "a/new.png"):
            file.writestr(name, make_png(seed=77))
    with pytest.raises(Conflict, match=r"has 'a/0.png', 'a/2.png' already"):
        append(tmp_path / "more.zip", pets)
    before = Dataset.open(pets).find("a/0.png")["image"]
    report = append(tmp_path / "more.zip", pets, keep_first=True)
    assert (report.num_added, report.num_known) == (1, 2)
    assert Dataset.open(pets).find("a/0.png")["image"] == before
    report = append(tmp_path / "more.zip", pets, keep_first=True)
    assert (report.version, report.num_added, report.num_known) == (2, 0, 3)
    assert not (pets / "writing").exists()


def test_what_does_not_fit_is_refused_before_anything_is_written(
    pets: Path, tmp_path: Path, make_png: MakePng
) -> None:
    before = sorted(pets.rglob("*"))
    png = make_png(seed=9)
    with pytest.raises(Invalid, match=r"classes that .*pets has not: 'c', 'd'"):
        append(_write(tmp_path / "classes", {"c/1.png": png, "d/2.png": png, "a/3.png": png}), pets)
    with pytest.raises(Invalid, match="gives text, not classification"):
        append(_write(tmp_path / "table", {"a.csv": "text,label\nx,a\n"}), pets)
    with pytest.raises(Invalid, match="nothing could be imported"):
        append(_write(tmp_path / "broken", {"a/1.png": b"x"}), pets)
    assert sorted(pets.rglob("*")) == before


def test_rows_of_a_table_take_the_types_of_the_dataset(tmp_path: Path) -> None:
    table = _write(tmp_path / "t", {"t.csv": "key,code,size,colour\n1,007,1.5,red\n2,8,,blue\n"})
    pack(table, tmp_path / "set", label_column="colour")
    more = _write(tmp_path / "more", {"m.csv": "key,code,size,colour\n3,9,2,red\n"}) / "m.csv"
    append(more, tmp_path / "set", label_column="colour")
    sample = Dataset.open(tmp_path / "set").find("3")
    assert (sample["code"], sample["size"], sample["label"]) == ("9", 2.0, 1)
    for columns, message in (
        ("key,code,weight,colour", "has the fields weight"),
        ("key,size,colour", "lacks"),
    ):
        row = ",".join("4" if name != "colour" else "red" for name in columns.split(","))
        with pytest.raises(Invalid, match=message):
            append(
                _write(tmp_path / message, {"m.csv": f"{columns}\n{row}\n"}),
                tmp_path / "set",
                label_column="colour",
            )


@pytest.mark.parametrize("format_name", ["coco", "voc", "yolo", "webdataset"])
def test_halves_exported_and_put_together_are_the_whole(
    format_name: str, tmp_path: Path, make_png: MakePng
) -> None:
    with DatasetWriter(tmp_path / "set", kind="detection", class_names=["a", "b"]) as writer:
        for number in range(6):
            objects: dict[str, Any] = {"boxes": [[1, 1, 3, 3 + number / 8]], "labels": [number % 2]}
            writer.add(
                f"{number}.png",
                image=make_png(16, 16, seed=number),
                split=("first", "second")[number // 3],
                **objects,
            )
    whole = Dataset.open(tmp_path / "set")
    for name in whole.splits:
        export(whole.split(name), tmp_path / name, format=format_name)
    pack(tmp_path / "first", tmp_path / "made", kind="detection", class_names=["a", "b"])
    append(tmp_path / "second", tmp_path / "made")
    made = Dataset.open(tmp_path / "made")
    assert made.splits == whole.splits
    for name in ("boxes", "labels"):
        assert made.columns(name).values.tolist() == whole.columns(name).values.tolist()
    assert [bytes(sample["image"]) for sample in made] == [bytes(sample["image"]) for sample in whole]


def test_samples_without_a_split_are_placed_by_the_rule(tmp_path: Path) -> None:
    rule = SplitRule.of({"train": 0.5, "test": 0.5}, seed=1)
    with DatasetWriter(tmp_path / "set", kind="text", class_names=["a"], split_rule=rule) as writer:
        writer.add("0", text="x", label=0)
    rows = "".join(f"{number},text,a\n" for number in range(1, 41))
    append(_write(tmp_path / "in", {"more.csv": f"key,text,label\n{rows}"}), tmp_path / "set")
    splits = Dataset.open(tmp_path / "set").splits
    assert sum(splits.values()) == 41
    assert min(splits.values()) > 8


def test_an_interrupted_append_goes_on_and_nothing_is_twice(
    pets: Path, tmp_path: Path, make_png: MakePng
) -> None:
    def interrupt(done: int, total: int) -> None:
        del total
        if done == 3:
            raise KeyboardInterrupt

    more = _write(tmp_path / "more", {f"a/x{i}.png": make_png(seed=10 + i) for i in range(5)})
    with pytest.raises(KeyboardInterrupt):
        append(more, pets, progress=interrupt)
    assert Dataset.open(pets).version == 1
    report = append(more, pets)
    assert (report.num_resumed, report.num_added) == (3, 5)
    assert Dataset.open(pets).columns("key").tolist()[4:] == [f"a/x{i}.png" for i in range(5)]
