"""The built-in import, run as the platform runs it."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kpl.algorithm import protocol
from kpl.dataset import Dataset
from kpl.sentence import in_chinese

if TYPE_CHECKING:
    from tests.builtin.conftest import EncodePng, MakeTask

NAME = "dataset_import"


@pytest.fixture
def source(tmp_path: Path, encode_png: "EncodePng") -> Path:
    """Five images in two classes, one broken file, one README."""
    folder = tmp_path / "source"
    for number in range(5):
        path = folder / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(np.full((4, 4), number, np.uint8)))
    (folder / "dog" / "broken.png").write_bytes(b"no image")
    (folder / "README.md").write_text("about")
    return folder


def test_files_become_a_dataset_and_problems_are_told(make_task: "MakeTask", source: Path) -> None:
    finished = make_task(NAME, "process", inputs={"files": source}, kind="classification").run()
    dataset = Dataset.open(finished.outputs["dataset"])
    assert (len(dataset), dataset.class_names) == (5, ("cat", "dog"))
    assert "dog/broken.png" in finished.notes()
    [note] = [event.text for event in finished.events if isinstance(event, protocol.Note)]
    assert in_chinese(note) == "dog/broken.png：不是图像，已跳过"
    assert finished.metrics() == {"samples": 5, "problems": 1}
    report = json.loads((finished.outputs["report"] / "report.json").read_text())
    assert report["problems"][0]["file"] == "dog/broken.png"
    assert report["digest"] == dataset.digest
    progress = [event.value for event in finished.events if isinstance(event, protocol.Progress)]
    assert progress == sorted(progress)
    assert progress[-1] == 1


def test_a_path_on_the_server_takes_the_place_of_the_input(make_task: "MakeTask", source: Path) -> None:
    finished = make_task(NAME, "process", inputs={}, path=str(source)).run()
    assert Dataset.open(finished.outputs["dataset"]).kind == "classification"


@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_an_uploaded_archive_is_unpacked(
    make_task: "MakeTask", source: Path, tmp_path: Path, form: str
) -> None:
    upload = tmp_path / "upload"
    shutil.make_archive(str(upload / "pets"), form, root_dir=source.parent, base_dir=source.name)
    finished = make_task(NAME, "process", inputs={"files": upload}).run()
    assert Dataset.open(finished.outputs["dataset"]).class_names == ("cat", "dog")


def test_an_archive_that_leads_out_of_its_folder_is_refused(make_task: "MakeTask", tmp_path: Path) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../outside.png", b"")
    finished = make_task(NAME, "process", inputs={}, path=str(archive)).run(fails=True)
    assert "outside.png" in finished.log


def test_a_broken_file_ends_the_import_when_asked_to(make_task: "MakeTask", source: Path) -> None:
    finished = make_task(NAME, "process", inputs={"files": source}, on_error="stop").run(fails=True)
    assert "dog/broken.png" in finished.log


def test_nothing_to_import_is_said(make_task: "MakeTask", source: Path) -> None:
    nothing = make_task(NAME, "process", inputs={}).run(fails=True)
    assert "There is nothing to import" in nothing.log
    relative = make_task(NAME, "process", inputs={}, path="relative/path").run(fails=True)
    assert "not the absolute path of a folder or archive" in relative.log
