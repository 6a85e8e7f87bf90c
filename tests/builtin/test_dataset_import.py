"""The built-in import, run as the platform runs it."""

import hashlib
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
from kpl.storage import open_storage
from kpl.testing.faulty_proxy import FaultyProxy
from kpl.testing.nginx import has_nginx, nginx
from kpl.testing.s3 import has_moto, moto

if TYPE_CHECKING:
    from tests.builtin.conftest import EncodePng, MakeTask

NAME = "dataset_import"
needs_nginx = pytest.mark.skipif(not has_nginx(), reason="nginx is not installed")


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


def test_a_refusal_names_no_folder_of_the_machine_that_nobody_named(
    make_task: "MakeTask", tmp_path: Path
) -> None:
    folder, packed = tmp_path / "given", tmp_path / "packed"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "one.png").write_bytes(b"no image")
    packed.mkdir()
    shutil.make_archive(str(packed / "pets"), "zip", folder)
    for source in (folder, packed):
        refused = make_task(NAME, "process", inputs={"files": source}).run(fails=True)
        [note] = [event.text for event in refused.events if isinstance(event, protocol.Note)]
        assert str(tmp_path) not in note + in_chinese(note)
        assert "cats/one.png" in note


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


@needs_nginx
def test_an_archive_is_fetched_from_the_web_through_a_bad_network(
    make_task: "MakeTask", source: Path, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "web" / "pets"), "zip", root_dir=source)
    with (
        nginx(tmp_path / "web", tmp_path / "nginx") as port,
        FaultyProxy(port, error_rate=0.3, cut_rate=0.5, seed=1) as proxy,
    ):
        task = make_task(NAME, "process", inputs={}, url=f"{proxy.url}/pets.zip", private_hosts=["127.0.0.1"])
        finished = task.run()
    assert len(Dataset.open(finished.outputs["dataset"])) == 5
    assert hashlib.sha256(Path(archive).read_bytes()).hexdigest() in finished.notes()
    progress = [event.value for event in finished.events if isinstance(event, protocol.Progress)]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert not (task.folder / "checkpoints" / "fetched").exists()


@pytest.mark.skipif(not has_moto(), reason="moto is not installed")
def test_a_folder_of_an_object_store_is_imported(
    make_task: "MakeTask", source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto(tmp_path / "moto") as server:
        pets = open_storage(server.url("pets"))
        for path in source.rglob("*.png"):
            pets.write_atomic(path.relative_to(source).as_posix(), path.read_bytes())
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
        url = f"s3://bucket/pets?endpoint=http://127.0.0.1:{server.port}&region=us-east-1"
        finished = make_task(NAME, "process", inputs={}, url=url).run()
    assert Dataset.open(finished.outputs["dataset"]).class_names == ("cat", "dog")


def test_an_address_in_a_private_network_is_refused(make_task: "MakeTask") -> None:
    refused = make_task(NAME, "process", inputs={}, url="http://127.0.0.1:9/pets.zip").run(fails=True)
    assert "not on the public internet" in refused.notes()
    [note] = [event.text for event in refused.events if isinstance(event, protocol.Note)]
    assert "不在公网上" in in_chinese(note)
