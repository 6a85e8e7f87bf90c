"""Archives and single files are imported as the folders that they stand for."""

import fcntl
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, Kind
from kpl.dataset.convert import FORMATS, archives, export, pack
from kpl.dataset.masks import encode_class_mask
from kpl.errors import Conflict, Invalid, NotFound

MakePng = Callable[..., bytes]
OPTIONAL = {"parquet": "pyarrow", "tfrecord": "google_crc32c"}


def _dataset(folder: Path, kind: Kind) -> Dataset:
    with DatasetWriter(folder, kind=kind, class_names=["a", "b"]) as writer:
        for number in range(4):
            image = {"image": encode_class_mask(np.full((9, 9), number))}
            objects = {"boxes": [[1, 2, 5, 6 + number / 2]], "labels": [number % 2]}
            values = {
                Kind.CLASSIFICATION: {**image, "label": number % 2},
                Kind.DETECTION: {**image, **objects},
                Kind.TEXT: {"text": f"text {number}", "label": number % 2},
            }[kind]
            writer.add(f"{number}.png", split=("train", "test")[number % 2], **values)
    return Dataset.open(folder)


def _kind(format_name: str) -> Kind:
    kinds = (Kind.CLASSIFICATION, Kind.DETECTION, Kind.TEXT)
    return next(kind for kind in kinds if kind in FORMATS[format_name].kinds)


@pytest.mark.parametrize("form", ["zip", "tar", "gztar"])
@pytest.mark.parametrize(
    "format_name", ["imagefolder", "voc", "coco", "yolo", "labelme", "cvat", "csv", "webdataset", "parquet"]
)
def test_an_archive_of_any_layout_is_unpacked(format_name: str, form: str, tmp_path: Path) -> None:
    if format_name in OPTIONAL:
        pytest.importorskip(OPTIONAL[format_name])
    dataset = _dataset(tmp_path / "set", _kind(format_name))
    export(dataset, tmp_path / "in" / "wrapped", format=format_name)
    archive = shutil.make_archive(str(tmp_path / "archive"), form, root_dir=tmp_path / "in")
    names: list[str] = []
    report = pack(archive, tmp_path / "there" / "made", unpacking=names.append)
    assert names == [Path(archive).name]
    assert report.problems == ()
    assert report.digest == pack(tmp_path / "in" / "wrapped", tmp_path / "expected").digest
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["made"]


def test_an_archive_alone_in_its_folder_is_unpacked(tmp_path: Path) -> None:
    export(_dataset(tmp_path / "set", Kind.DETECTION), tmp_path / "out", format="labelme")
    (tmp_path / "in").mkdir()
    shutil.make_archive(str(tmp_path / "in" / "archive"), "tar", root_dir=tmp_path / "out")
    assert pack(tmp_path / "in", tmp_path / "made").format == "labelme"


@pytest.mark.parametrize("kind", [Kind.CLASSIFICATION, Kind.DETECTION, Kind.TEXT])
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_tar_of_samples_is_read_as_it_is(kind: Kind, suffix: str, tmp_path: Path) -> None:
    export(_dataset(tmp_path / "set", kind), tmp_path / "out", format="webdataset")
    shard = tmp_path / f"train-0{suffix}"
    with (
        tarfile.open(tmp_path / "out" / "train-000000.tar") as exported,
        tarfile.open(shard, "w:gz" if suffix.endswith("gz") else "w") as again,
    ):
        for info in exported:
            again.addfile(info, exported.extractfile(info))
    report = pack(shard, tmp_path / "made", unpacking=lambda name: pytest.fail(f"{name} was unpacked"))
    assert (report.format, report.num_samples) == ("webdataset", 2)


@pytest.mark.parametrize("annotation", [("txt", "0 0.5 0.5 0.2 0.2"), ("xml", "<annotation></annotation>")])
def test_annotations_beside_their_images_are_no_samples_of_a_tar(
    annotation: tuple[str, str], tmp_path: Path, make_png: MakePng
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(2):
        (tmp_path / "in" / f"{number}.png").write_bytes(make_png(seed=number))
        (tmp_path / "in" / f"{number}.{annotation[0]}").write_text(annotation[1])
    archive = shutil.make_archive(str(tmp_path / "archive"), "tar", root_dir=tmp_path / "in")
    expected = {"txt": "yolo", "xml": "voc"}[annotation[0]]
    assert pack(archive, tmp_path / "made").format == expected
    assert pack(archive, tmp_path / "as told", format="webdataset").format == "webdataset"


@pytest.mark.parametrize("format_name", ["csv", "jsonl", "parquet", "tfrecord"])
def test_a_file_of_samples_is_imported_by_itself(format_name: str, tmp_path: Path) -> None:
    if format_name in OPTIONAL:
        pytest.importorskip(OPTIONAL[format_name])
    export(_dataset(tmp_path / "set", Kind.TEXT), tmp_path / "out", format=format_name)
    for other in (tmp_path / "out" / "kpl.json", tmp_path / "out" / "classes.json"):
        other.unlink(missing_ok=True)
    file = next(path for path in sorted((tmp_path / "out").rglob("*")) if path.suffix == f".{format_name}")
    (tmp_path / "alone").mkdir()
    shutil.copy(file, tmp_path / "alone")
    (file.parent / "beside.csv").write_text("other,columns\n1,2\n")
    report = pack(file, tmp_path / "made")
    assert (report.format, report.num_ignored) == (format_name, 0)
    assert report.digest == pack(tmp_path / "alone", tmp_path / "expected").digest


def test_an_archive_with_a_link_or_too_many_files_leaves_nothing(
    tmp_path: Path, make_png: MakePng, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(tmp_path / "link.tar", "w") as tar:
        info = tarfile.TarInfo("cat/1.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as file:
        for number in range(4):
            file.writestr(f"cat/{number}.png", make_png())
    with pytest.raises(Invalid, match="is a link"):
        pack(tmp_path / "link.tar", tmp_path / "there" / "made")
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    with pytest.raises(Invalid, match="more than 3 entries"):
        pack(tmp_path / "many.zip", tmp_path / "there" / "made")
    assert list((tmp_path / "there").iterdir()) == []


def test_what_a_killed_import_unpacked_is_replaced(tmp_path: Path, make_png: MakePng) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        file.writestr("cat/1.png", make_png())
    left = tmp_path / ".made.unpacked"
    (left / "files" / "dog").mkdir(parents=True)
    (left / "files" / "dog" / "2.png").write_bytes(make_png(seed=2))
    with (left / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="is at work"):
            pack(tmp_path / "set.zip", tmp_path / "made")
    pack(tmp_path / "set.zip", tmp_path / "made")
    assert [sample.key for sample in Dataset.open(tmp_path / "made")] == ["cat/1.png"]
    assert not left.exists()
    with pytest.raises(Conflict, match="holds a dataset already"):
        pack(tmp_path / "set.zip", tmp_path / "made", unpacking=pytest.fail)


def test_files_that_cannot_be_imported_by_themselves_are_named(tmp_path: Path, make_png: MakePng) -> None:
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(NotFound, match=r"notes.txt is neither an archive nor a file with samples"):
        pack(tmp_path / "notes.txt", tmp_path / "made")
    with pytest.raises(NotFound, match="does not exist"):
        pack(tmp_path / "nothing.zip", tmp_path / "made")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        file.writestr("cat/1.png", make_png())
    with pytest.raises(Invalid, match="unpacked first"):
        pack(tmp_path / "set.zip", tmp_path / "made", in_place=True)
    assert not (tmp_path / "made").exists()
