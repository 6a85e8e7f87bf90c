import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kpl.dataset import Dataset, NotADataset
from kpl.dataset.convert import ImportStopped, detect_format, export, pack
from kpl.dataset.stats import summary
from kpl.dataset.verify import verify
from kpl.errors import Conflict, Invalid, NotFound

MakePng = Callable[..., bytes]
Tree = dict[str, bytes]


def _write(root: Path, tree: Tree) -> Path:
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def _voc_xml(name: str, *objects: str, size: str = "") -> bytes:
    return f"<annotation>\n<filename>{name}</filename>{size}\n{''.join(objects)}</annotation>".encode()


def _object(name: str, *box: object) -> str:
    corners = "".join(
        f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=False)
    )
    return f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>\n"


def test_bccd_is_imported_with_splits_and_its_traps_reported(real_data: Path, tmp_path: Path) -> None:
    report = pack(real_data / "bccd", tmp_path / "set")
    assert (report.format, report.kind, report.num_samples) == ("voc", "detection", 364)
    assert report.splits == {"train": 205, "val": 87, "test": 72}
    assert [(Path(p.file).name, p.line) for p in report.problems] == [
        ("BloodImage_00338.xml", 163),
        ("BloodImage_00343.xml", 55),
    ]
    dataset = Dataset.open(tmp_path / "set")
    assert dataset.class_names == ("Platelets", "RBC", "WBC")
    counts = {each["name"]: each["num_objects"] for each in summary(dataset)["classes"]}
    assert counts == {"Platelets": 361, "RBC": 4153, "WBC": 372}
    sample = dataset.find("JPEGImages/BloodImage_00000.jpg")
    assert sample["boxes"][0].tolist() == [260, 177, 491, 376]
    assert sample["labels"][0] == 2
    original = (real_data / "bccd" / "JPEGImages" / "BloodImage_00000.jpg").read_bytes()
    assert bytes(sample["image"]) == original
    assert verify(dataset.path).is_whole


def test_bccd_survives_export_and_import(real_data: Path, tmp_path: Path) -> None:
    pack(real_data / "bccd", tmp_path / "set")
    before = Dataset.open(tmp_path / "set")
    assert export(before, tmp_path / "voc", format="voc").num_samples == 364
    assert pack(tmp_path / "voc", tmp_path / "again").problems == ()
    assert Dataset.open(tmp_path / "again").digest == before.digest


def test_trashnet_is_imported_by_folder(real_data: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = pack(real_data / "trashnet-small", tmp_path / "set", progress=lambda *done: seen.append(done))
    assert (report.format, report.kind, report.num_samples) == ("imagefolder", "classification", 2527)
    assert report.ignored == ("SOURCE.md",)
    assert report.problems == ()
    assert seen[-1] == (2527, 2527)
    dataset = Dataset.open(tmp_path / "set")
    counts = np.bincount(dataset.columns("label")).tolist()
    assert dict(zip(dataset.class_names, counts, strict=True)) == {
        "cardboard": 403, "glass": 501, "metal": 410, "paper": 594, "plastic": 482, "trash": 137,
    }  # fmt: skip


def test_face_masks_are_imported_as_face_detection(real_data: Path, tmp_path: Path) -> None:
    report = pack(real_data / "face-mask-voc", tmp_path / "set", kind="face_detection")
    assert (report.kind, report.num_samples) == ("face_detection", 430)


def test_folders_train_and_test_become_splits(tmp_path: Path, make_png: MakePng) -> None:
    tree = {
        f"my set/{split}/{name}/{i} x.png": make_png(seed=i)
        for split in ("train", "valid", "test")
        for name in ("big cat", "dog")
        for i in range(2)
    }
    report = pack(_write(tmp_path / "src", tree), tmp_path / "set")
    assert report.class_names == ("big cat", "dog")
    assert report.splits == {"train": 4, "val": 4, "test": 4}
    sample = Dataset.open(tmp_path / "set").find("my set/valid/dog/1 x.png")
    assert (sample["label"], sample.split) == (1, "val")


def test_bad_images_are_reported_and_left_out(tmp_path: Path, make_png: MakePng) -> None:
    png = make_png(20, 20)
    source = _write(
        tmp_path / "src",
        {
            "README.md": b"about",
            "cat/1.png": png,
            "cat/deeper/2.png": png,
            "cat/notes.txt": b"notes",
            "cat/cut.png": png[: len(png) // 2],
            "cat/empty.jpg": b"",
            "dog/text.jpg": b"this is no image",
            "dog/3.png": png,
            "stray.png": png,
            ".hidden/4.png": png,
            "__MACOSX/cat/1.png": png,
        },
    )
    (source / "cat" / "fifo.png").unlink(missing_ok=True)
    os.mkfifo(source / "cat" / "fifo.png")
    report = pack(source, tmp_path / "set")
    assert [sample.key for sample in Dataset.open(tmp_path / "set")] == [
        "cat/1.png",
        "cat/deeper/2.png",
        "dog/3.png",
    ]
    assert {problem.file: problem.reason for problem in report.problems} == {
        "cat/cut.png": "the PNG is cut short: it has no end; left out",
        "cat/empty.jpg": "not an image; left out",
        "cat/fifo.png": "not a regular file; left out",
        "dog/text.jpg": "not an image; left out",
        "stray.png": "the image lies in no class folder; left out",
    }
    assert report.ignored == ("README.md", "cat/notes.txt")


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path, make_png: MakePng) -> None:
    secret = _write(tmp_path / "secret", {"x/5.png": make_png(seed=9)})
    source = _write(tmp_path / "src", {"cat/1.png": make_png()})
    (source / "cat" / "out.png").symlink_to(secret / "x" / "5.png")
    (source / "cat" / "inside.png").symlink_to("1.png")
    (source / "cat" / "dangling.png").symlink_to("nothing.png")
    (source / "loop").symlink_to(source)
    (source / "other").symlink_to(secret / "x")
    report = pack(source, tmp_path / "set")
    assert [sample.key for sample in Dataset.open(tmp_path / "set")] == ["cat/1.png", "cat/inside.png"]
    reasons = {problem.file: problem.reason for problem in report.problems}
    assert set(reasons) == {"cat/out.png", "cat/dangling.png", "loop", "other"}
    assert "leads out of the folder" in reasons["cat/out.png"]


def test_names_that_are_not_utf8_are_reported(tmp_path: Path, make_png: MakePng) -> None:
    source = _write(tmp_path / "src", {"cat/1.png": make_png()})
    (Path(os.fsdecode(os.fsencode(source / "cat") + b"/\xff.png"))).write_bytes(make_png())
    report = pack(source, tmp_path / "set")
    assert report.num_samples == 1
    assert "not UTF-8" in report.problems[0].reason
    str(report).encode()


def test_bad_annotations_are_reported_by_file_line_and_reason(tmp_path: Path, make_png: MakePng) -> None:
    png = make_png(10, 10)
    good = _object("cat", 1, 1, 5, 5)
    source = _write(
        tmp_path / "src",
        {
            **{f"JPEGImages/{name}.png": png for name in ("good", "broken", "boxes", "bomb", "alone", "gbk")},
            "Annotations/good.xml": _voc_xml("good.png", good),
            "Annotations/broken.xml": b"<annotation>\n<object>\n</annotation>",
            "Annotations/lost.xml": _voc_xml("lost.png", good),
            "Annotations/other.xml": b"<settings/>",
            "Annotations/bomb.xml": b'<!DOCTYPE a [<!ENTITY a "aaa">]>\n<annotation>&a;</annotation>',
            "Annotations/gbk.xml": "<?xml version='1.0' encoding='gbk'?><annotation>"
            "<object><name>猫</name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
            "</object></annotation>".encode("gbk"),
            "Annotations/boxes.xml": _voc_xml(
                "boxes.png",
                good,
                _object("cat", 3, 3, 3, 9),
                _object("cat", 5, 5, 30, 9),
                _object("cat", 50, 50, 60, 60),
                _object("cat", 1, 1, "wide", 9),
                _object("cat", 1, 1),
                "<object><name>cat</name></object>\n",
                _object("", 1, 1, 2, 2),
                _object("cat", 0, 0, 11, 10),
                _object("cat", "nan", 0, 11, 10),
            ),
            "ImageSets/Main/train.txt": b"good\nboxes\nmissing\n",
            "ImageSets/Main/cat_train.txt": b"good 1\nboxes -1\n",
        },
    )
    report = pack(source, tmp_path / "set")
    dataset = Dataset.open(tmp_path / "set")
    assert [sample.key for sample in dataset] == [
        f"JPEGImages/{name}.png" for name in ("boxes", "gbk", "good")
    ]
    assert dataset.class_names == ("cat", "猫")
    assert dataset[0]["boxes"].tolist() == [[1, 1, 5, 5], [5, 5, 10, 9], [0, 0, 10, 10]]
    assert report.splits == {"train": 2}
    found = {(Path(p.file).name, p.line): p.reason for p in report.problems}
    expected = {
        ("broken.xml", 3): "mismatched tag",
        ("lost.xml", 2): "there is no image 'lost.png'",
        ("other.xml", 1): "<settings>",
        ("bomb.xml", 1): "entities",
        ("boxes.xml", 4): "has no area",
        ("boxes.xml", 5): "reaches out of",
        ("boxes.xml", 6): "lies outside",
        ("boxes.xml", 7): "'wide', not a number",
        ("boxes.xml", 8): "<xmax> is '', not a number",
        ("boxes.xml", 9): "no <bndbox>",
        ("boxes.xml", 10): "no <name>",
        ("boxes.xml", 12): "'nan', not a number",
        ("train.txt", 3): "'missing' has no annotation",
        ("broken.png", 0): "no annotation",
        ("bomb.png", 0): "no annotation",
        ("alone.png", 0): "no annotation",
    }
    assert set(found) == set(expected)
    for place, reason in expected.items():
        assert reason in found[place], place


def test_annotations_beside_the_images_take_their_split_from_the_folder(
    tmp_path: Path, make_png: MakePng
) -> None:
    tree = {}
    for split in ("train", "valid"):
        tree[f"{split}/a.png"] = make_png(seed=len(split))
        tree[f"{split}/a.xml"] = _voc_xml("wrong name.png", _object("x", 0, 0, 2, 2))
    report = pack(_write(tmp_path / "src", tree), tmp_path / "set")
    assert report.splits == {"train": 1, "val": 1}
    assert {s.key: s.split for s in Dataset.open(tmp_path / "set")} == {
        "train/a.png": "train",
        "valid/a.png": "val",
    }


def test_stopping_at_the_first_problem_imports_nothing(tmp_path: Path, make_png: MakePng) -> None:
    source = _write(tmp_path / "src", {"cat/1.png": make_png(), "cat/2.png": b"no image"})
    with pytest.raises(ImportStopped, match=r"cat/2\.png: not an image"):
        pack(source, tmp_path / "set", on_error="stop")
    assert not (tmp_path / "set").exists()


def test_sources_that_cannot_be_imported_are_named(tmp_path: Path, make_png: MakePng) -> None:
    source = _write(tmp_path / "src", {"cat/1.png": make_png()})
    with pytest.raises(NotFound, match="does not exist"):
        pack(tmp_path / "nothing", tmp_path / "set")
    with pytest.raises(Invalid, match="lies inside"):
        pack(source, source / "set")
    with pytest.raises(Invalid, match="no images or tables"):
        pack(_write(tmp_path / "texts", {"a.txt": b""}), tmp_path / "set")
    with pytest.raises(Invalid, match="gives classification, not detection"):
        pack(source, tmp_path / "set", kind="detection")
    with pytest.raises(Invalid, match="Did you mean 'imagefolder'"):
        pack(source, tmp_path / "set", format="imagefolders")
    with pytest.raises(Invalid, match="nothing could be imported"):
        pack(_write(tmp_path / "bad", {"cat/1.png": b"x"}), tmp_path / "set")
    assert not (tmp_path / "set").exists()
    pack(source, tmp_path / "set")
    with pytest.raises(Conflict, match="holds a dataset already"):
        pack(source, tmp_path / "set")


def test_images_without_labels_are_imported_flat(tmp_path: Path, make_png: MakePng) -> None:
    source = _write(tmp_path / "src", {"1.png": make_png(), "2.png": make_png(seed=1)})
    assert detect_format(source) == "images"
    assert pack(source, tmp_path / "set").kind == "unlabelled"
    folders = _write(tmp_path / "folders", {"a/1.png": make_png(), "b/2.png": make_png(seed=1)})
    assert pack(folders, tmp_path / "unlabelled", kind="unlabelled").class_names == ()


def test_class_names_can_be_given_in_another_order(tmp_path: Path, make_png: MakePng) -> None:
    source = _write(tmp_path / "src", {"a/1.png": make_png(), "b/2.png": make_png(seed=1)})
    pack(source, tmp_path / "set", class_names=["c", "b", "a"])
    assert Dataset.open(tmp_path / "set").columns("label").tolist() == [2, 1]
    with pytest.raises(Invalid, match=r"the classes \['b'\]"):
        pack(source, tmp_path / "other", class_names=["a"])


def test_an_image_folder_survives_export_and_import(classification: Dataset, tmp_path: Path) -> None:
    export(classification, tmp_path / "folders", format="imagefolder")
    pack(tmp_path / "folders", tmp_path / "again")
    again = Dataset.open(tmp_path / "again")
    assert again.splits == classification.splits
    before = {(bytes(s["image"]), s["label"], s.split) for s in classification}
    assert {(bytes(s["image"]), s["label"], s.split) for s in again} == before
    with pytest.raises(Conflict, match="not empty"):
        export(classification, tmp_path / "folders", format="imagefolder")
    with pytest.raises(Invalid, match="cannot hold"):
        export(classification, tmp_path / "voc", format="voc")


_CHILD = """
import signal, sys
from kpl.dataset.convert import pack
def progress(done, total):
    print(done, flush=True)
    if str(done) == sys.argv[3]:
        signal.pause()
report = pack(sys.argv[1], sys.argv[2], progress=progress)
print("resumed", report.num_resumed, flush=True)
"""


def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path, make_png: MakePng) -> None:
    tree = {f"{'ab'[i % 2]}/{i:03}.png": make_png(300, 200, seed=i) for i in range(60)}
    source = _write(tmp_path / "src", tree)
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(source), str(tmp_path / "set"), "50"],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "50":
                child.send_signal(signal.SIGKILL)
    with pytest.raises(NotADataset):
        Dataset.open(tmp_path / "set")
    report = pack(source, tmp_path / "set")
    assert 0 < report.num_resumed < 50
    pack(source, tmp_path / "undisturbed")
    assert report.digest == Dataset.open(tmp_path / "undisturbed").digest
    assert report.num_samples == 60


def test_an_interrupted_import_of_another_folder_is_not_mixed_in(tmp_path: Path, make_png: MakePng) -> None:
    def interrupt(done: int, total: int) -> None:
        del total
        if done == 2:
            raise KeyboardInterrupt

    for name in ("one", "two"):
        _write(tmp_path / name, {f"a/{name} {i}.png": make_png(seed=i) for i in range(3)})
    for name in ("one", "two"):
        with pytest.raises(KeyboardInterrupt):
            pack(tmp_path / name, tmp_path / "set", progress=interrupt, shard_bytes=1)
    pack(tmp_path / "two", tmp_path / "set")
    assert [sample.key for sample in Dataset.open(tmp_path / "set")] == [f"a/two {i}.png" for i in range(3)]
