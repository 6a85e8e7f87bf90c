"""`kpl dataset` on folders, from files to versions and back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from kpl.cli.main import app
from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.masks import encode_class_mask
from kpl.dataset.versions import branch, remove, restore
from kpl.errors import Invalid
from kpl.testing.nginx import has_nginx, nginx

runner = CliRunner()


def _run(*words: object, exit_code: int = 0) -> Result:
    result = runner.invoke(app, ["dataset", *map(str, words)])
    assert result.exit_code == exit_code, result.output
    return result


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Six images of two classes, packed by the command."""
    for number in range(6):
        file = tmp_path / "source" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode_class_mask(np.full((9, 9), number)))
    _run("pack", tmp_path / "source", tmp_path / "set")
    return tmp_path / "set"


def test_versions_are_named_listed_compared_and_let_go_of(packed: Path) -> None:
    _run("tag", packed, "first")
    remove(packed, ["a/0.png"], message="blurred")
    listed = json.loads(_run("history", packed, "--json").stdout)
    assert [(each["number"], each["tags"]) for each in listed] == [(2, []), (1, ["first"])]
    assert "blurred" in _run("history", packed).stdout
    assert _run("diff", packed, "first").stdout.splitlines()[0] == "- a/0.png"
    assert json.loads(_run("diff", packed, "2", "1", "--json").stdout)["added"] == ["a/0.png"]
    assert "0 versions deleted" in _run("gc", packed, "--yes").stdout
    _run("tag", packed, "first", "--remove")
    assert json.loads(_run("gc", packed, "--yes", "--json").stdout)["versions"] == [1]
    _run("verify", packed)


def test_an_older_version_is_looked_at(packed: Path) -> None:
    _run("tag", packed, "first")
    remove(packed, ["a/0.png"])
    for version, count in (("", 5), ("first", 6), ("1", 6)):
        chosen = ("--version", version) if version else ()
        assert json.loads(_run("info", packed, *chosen, "--json").stdout)["num_samples"] == count
        assert ("a/0.png" in _run("head", packed, *chosen).stdout) == (count == 6)
        assert json.loads(_run("health", packed, *chosen, "--json").stdout)["is_healthy"]
        assert json.loads(_run("verify", packed, *chosen, "--json").stdout)["is_intact"]
    manifest = packed / "manifest" / "00000001.kpm"
    manifest.write_bytes(manifest.read_bytes()[:-1] + b"x")
    _run("verify", packed)
    assert "00000001.kpm" in _run("verify", packed, "--version", "first", exit_code=1).output
    assert "00000001.kpm" in _run("verify", packed, "--all-versions", exit_code=1).output
    both = _run("verify", packed, "--version", "1", "--all-versions", exit_code=1)
    assert "exclude each other" in str(both.exception)
    assert "no version 'second'" in str(_run("info", packed, "--version", "second", exit_code=1).exception)


def test_packing_says_what_it_could_not_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_text("size,colour\n1,red\n2\n3\n4,blue\n")
    monkeypatch.setattr("kpl.cli.dataset.MAX_PROBLEMS", 1)
    told = json.loads(_run("pack", tmp_path / "source", tmp_path / "set", "--json").stdout)
    assert (told["format"], told["kind"], told["num_samples"], told["num_problems"]) == (
        "csv",
        "tabular",
        2,
        2,
    )
    assert told["problems"] == [{"file": "a.csv", "line": 3, "reason": "1 cells for 2 columns; left out"}]


def test_a_dataset_is_exported_and_its_health_reported(packed: Path, tmp_path: Path) -> None:
    assert "6 samples" in _run("export", packed, tmp_path / "out", "--format", "imagefolder").stdout
    assert (tmp_path / "out" / "b" / "1.png").is_file()
    assert json.loads(_run("health", packed, "--json").stdout)["is_healthy"]
    image = (tmp_path / "source" / "a" / "0.png").read_bytes()
    (tmp_path / "source" / "b" / "again.png").write_bytes(image)
    _run("pack", tmp_path / "source", tmp_path / "worse")
    assert "duplicates" in _run("health", tmp_path / "worse", exit_code=1).stdout


def test_an_export_says_how_boxes_change(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", kind="instance_segmentation", class_names=["a"]) as writer:
        image = encode_class_mask(np.zeros((9, 9), np.uint8))
        writer.add("a.png", image=image, labels=[0], boxes=[[0, 0, 8, 8]], masks=[[[1, 1, 6, 1, 6, 5.5]]])
    told = _run("export", tmp_path / "set", tmp_path / "out", "--format", "cvat")
    assert "boxes that are not those around the masks: 1" in told.stderr
    assert "change by up to 2.5 pixels" in told.stderr
    wrong = _run("export", tmp_path / "set", tmp_path / "other", "--format", "csv", exit_code=1).exception
    assert str(wrong).startswith(f"{tmp_path / 'set'}: the format 'csv' cannot hold")


@pytest.mark.skipif(not has_nginx(), reason="nginx is not installed")
def test_a_dataset_is_read_at_its_address_and_changed_in_folders_only(packed: Path, tmp_path: Path) -> None:
    remove(packed, ["a/0.png"])
    with nginx(tmp_path, tmp_path / "nginx") as port:
        address = f"http://127.0.0.1:{port}/set"
        assert "intact" in _run("verify", address).stdout
        assert json.loads(_run("info", address, "--json").stdout)["num_samples"] == 5
        assert "b/1.png" in _run("head", address).stdout
        assert json.loads(_run("health", address, "--json").stdout)["is_healthy"]
        assert _run("diff", address, "1", "2").stdout.splitlines()[0] == "- a/0.png"
        _run("export", address, tmp_path / "out", "--format", "imagefolder", "--version", "1")
        assert (tmp_path / "out" / "a" / "0.png").is_file()
        _run("merge", address, "--to", tmp_path / "merged", exit_code=1)
        words = (("history",), ("tag", "x"), ("gc", "--yes"), ("repair",), ("append", tmp_path / "source"))
        for command in (*words, ("remove", "b/1.png"), ("restore", "1"), ("branch", tmp_path / "own")):
            refused = _run(command[0], address, *command[1:], exit_code=1).exception
            assert "at an address is read there, not written" in str(refused)
        with pytest.raises(Invalid, match="not written"):
            remove(address, ["b/1.png"])
        with pytest.raises(Invalid, match="not written"):
            restore(address, 1)
        with pytest.raises(Invalid, match="not written"):
            DatasetWriter(address, kind="custom", fields=[field("n", "int32")])


@pytest.mark.parametrize("address", ["s3://bucket/set", "https://example.org/set"])
def test_nothing_is_written_to_an_address(
    address: str, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for command in (
        ("pack", tmp_path / "source", address),
        ("index", tmp_path / "source", address),
        ("export", packed, address, "--format", "imagefolder"),
        ("branch", packed, address),
        ("merge", packed, packed, "--to", address, "--keep-first"),
    ):
        refused = _run(*command, exit_code=1).exception
        assert str(refused).startswith(f"{address}: ")
        assert "not written" in str(refused)
    for write in (Dataset.open(packed).derive, lambda dest: branch(packed, dest)):
        with pytest.raises(Invalid, match="not written"):
            write(address)
    assert list(folder.iterdir()) == []


def test_a_damaged_dataset_is_repaired(packed: Path) -> None:
    shard = next((packed / "data" / "samples").iterdir())
    data = bytearray(shard.read_bytes())
    data[100] ^= 255
    shard.write_bytes(data)
    assert "1 sample lost" in " ".join(_run("repair", packed).stdout.split())
    assert len(Dataset.open(packed)) == 5
    _run("verify", packed)


def test_samples_are_added_removed_and_brought_back(packed: Path, tmp_path: Path) -> None:
    more = tmp_path / "more" / "b" / "new.png"
    more.parent.mkdir(parents=True)
    more.write_bytes(encode_class_mask(np.full((9, 9), 200)))
    told = json.loads(_run("append", packed, tmp_path / "more", "-m", "one more", "--json").stdout)
    assert (told["version"], told["num_added"], told["num_samples"]) == (2, 1, 7)
    assert "b/new.png already" in str(
        _run("append", packed, tmp_path / "more", exit_code=1).exception
    ).replace("'", "")
    again = _run("append", packed, tmp_path / "more", "--keep-first")
    assert "version 2, 0 samples added to 7, 0 problems" in again.stdout
    assert "left out: 1 sample" in again.stderr
    (tmp_path / "keys.txt").write_text("a/0.png\na/2.png\n")
    gone = _run("remove", packed, "b/1.png", "a/0.png", "--list", tmp_path / "keys.txt", "-m", "blurred")
    assert "version 3, 4 samples, 3 samples removed" in gone.stdout
    assert "no sample 'b/1.png'" in str(_run("remove", packed, "b/1.png", exit_code=1).exception)
    assert "Nothing is to be removed" in str(_run("remove", packed, exit_code=1).exception)
    _run("tag", packed, "full", "--version", "2")
    assert "version 4, 7 samples, as version 2" in _run("restore", packed, "full").stdout
    assert "no version '9'" in str(_run("restore", packed, "9", exit_code=1).exception)
    messages = [each["message"] for each in json.loads(_run("history", packed, "--json").stdout)]
    assert messages == ["as version 2", "blurred", "one more", ""]


def test_a_version_becomes_a_dataset_of_its_own(packed: Path, tmp_path: Path) -> None:
    _run("remove", packed, "a/0.png")
    told = json.loads(
        _run("branch", packed, tmp_path / "own", "--version", "1", "-m", "try", "--json").stdout
    )
    assert (told["version"], told["num_samples"]) == (1, 6)
    assert json.loads(_run("history", tmp_path / "own", "--json").stdout)[0]["message"] == "try"
    assert Dataset.open(tmp_path / "own").digest == Dataset.open(packed, version=1).digest
    assert "holds a dataset already" in str(_run("branch", packed, tmp_path / "own", exit_code=1).exception)


def test_archives_and_tables_are_packed(packed: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "photos"), "gztar", root_dir=tmp_path / "source")
    told = _run("pack", archive, tmp_path / "again")
    assert "Unpacking photos.tar.gz" in told.stderr
    assert Dataset.open(tmp_path / "again").digest == Dataset.open(packed).digest
    (tmp_path / "a.csv").write_text("size,colour\n1,red\n2,blue\n")
    assert "2 samples" in _run("pack", tmp_path / "a.csv", tmp_path / "table", "--label", "colour").stdout


def test_the_class_column_of_a_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_text("size,colour\n1,red\n2,blue\n")
    _run("pack", tmp_path / "source", tmp_path / "set", "--label", "colour")
    assert Dataset.open(tmp_path / "set").class_names == ("blue", "red")


def test_datasets_become_one(packed: Path, tmp_path: Path) -> None:
    refused = _run("merge", packed, packed, "--to", tmp_path / "all", exit_code=1)
    assert "Sample 'a/0.png' is in" in str(refused.exception)
    _run("merge", packed, packed, "--to", tmp_path / "all", "--keep-first")
    assert (
        Dataset.open(tmp_path / "all").columns("key").tolist() == Dataset.open(packed).columns("key").tolist()
    )


def test_an_index_leaves_the_images_where_they_are(packed: Path, tmp_path: Path) -> None:
    _run("index", tmp_path / "source", tmp_path / "index", "--json")
    assert [bytes(s["image"]) for s in Dataset.open(tmp_path / "index")] == [
        bytes(s["image"]) for s in Dataset.open(packed)
    ]
    _run("verify", tmp_path / "index")
    (tmp_path / "source" / "a" / "0.png").write_bytes(b"x")
    assert "0.png" in _run("verify", tmp_path / "index", exit_code=1).output
