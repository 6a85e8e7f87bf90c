"""Samples of every kind in a real browser: masks, marks, groups, predictions, texts, tables, a broken picture."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.convert import pack
from kpl.dataset.fields import field
from kpl.dataset.masks import encode_class_mask, runs_segmentation
from kpl.server.app import close_platform, open_platform
from kpl.server.db import Database
from kpl.server.db.schema import migrate
from kpl.server.services.access import Role
from kpl.server.settings import Settings
from kpl.testing.published import publish_dataset
from kpl.testing.server import (
    PASSWORD,
    FakeClock,
    IdleExecutor,
    LoopThread,
    RunningServer,
    add_project,
    add_user,
)

from .console import NEEDS_BROWSER, run_script  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

WIDTH, HEIGHT = 240, 160
REAL_DATA = Path(os.environ.get("KPL_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a dataset of each kind."""
    folder = tmp_path_factory.mktemp("samples")
    data = folder / "data"
    data.mkdir(mode=0o700)
    db = Database(f"sqlite:///{data}/kpl.db")
    migrate(db)
    db.close()
    settings = Settings(data_dir=data, password_hash_memory_mib=8)
    platform = open_platform(settings, executor=IdleExecutor(settings.runtime_dir), clock=FakeClock())
    add_project(platform, "default")
    add_user(platform, "admin", is_admin=True)
    add_user(platform, "onlooker", roles={"default": Role.VIEWER})
    for make in (scenes, cells, faces, people, letters, flowers, plain, digits, streets):
        publish_dataset(platform, make(folder / make.__name__), make.__name__)
    thread = LoopThread()
    running = RunningServer(platform, thread)
    yield running
    running.close()
    thread.close()
    close_platform(platform)


def picture(number: int, *, is_broken: bool = False) -> bytes:
    """A PNG of stripes; a broken one has a good header and end, and noise between."""
    columns = (np.arange(WIDTH) * (number + 2) % 200 + 30).astype(np.uint8)
    pixels = np.broadcast_to(columns[None, :, None], (HEIGHT, WIDTH, 3))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    data = out.getvalue()
    return data[:45] + bytes(len(data) - 61) + data[-16:] if is_broken else data


def scenes(folder: Path) -> Path:
    """Classes of pixels, and a model that is shifted to the right."""
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[:, 80:] = 1
    ids[100:, 120:] = 2
    truth = folder.with_name("scenes-labels")
    with DatasetWriter(truth, kind="semantic_segmentation", class_names=["sky", "road", "car"]) as writer:
        for number in range(12):
            writer.add(f"{number}.png", image=picture(number), mask=encode_class_mask(ids))
    shifted = encode_class_mask(np.roll(ids, 24, axis=1))
    Dataset.open(truth).derive(folder, layers={"predictions": {"mask": [shifted] * 12}})
    return folder


def cells(folder: Path) -> Path:
    """Objects with outlines; two models, of which `second` finds one of two, and one that is not there."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[20:80, 20:90] = True
    objects: dict[str, Any] = {
        "boxes": [[20, 20, 90, 80], [120, 60, 220, 140]],
        "labels": [0, 1],
        "masks": [runs_segmentation(mask), [[120, 60, 220, 60, 220, 140, 120, 140]]],
    }
    truth = folder.with_name("cells-labels")
    with DatasetWriter(truth, kind="instance_segmentation", class_names=["round", "flat"]) as writer:
        for number in range(8):
            writer.add(f"{number}.png", image=picture(number), split="train", **objects)
    answer = {
        "boxes": [np.array([[24, 20, 90, 80], [0, 100, 60, 150]], np.float32)] * 8,
        "labels": [np.array([0, 1], np.int32)] * 8,
        "scores": [np.array([0.9, 0.4], np.float32)] * 8,
    }
    Dataset.open(truth).derive(folder, layers={"first": answer, "second": answer})
    return folder


def faces(folder: Path) -> Path:
    marks = [[[60, 60], [100, 60], [80, 80], [66, 100], [94, 100]]]
    with DatasetWriter(folder, kind="face_detection", class_names=["face"]) as writer:
        for number in range(6):
            writer.add(
                f"{number}.png",
                image=picture(number),
                boxes=[[40, 30, 120, 120]],
                labels=[0],
                landmarks=marks,
            )
    return folder


def people(folder: Path) -> Path:
    """150 persons, more than a page of them; the first has the most pictures."""
    names = [f"person {number:03d}" for number in range(150)]
    with DatasetWriter(folder, kind="face_recognition", class_names=names) as writer:
        for number in range(306):
            label = number % 150 if number < 300 else 0
            writer.add(f"{number}.png", image=picture(number % 50), label=label)
    return folder


def letters(folder: Path) -> Path:
    with DatasetWriter(folder, kind="text", class_names=["praise", "blame"]) as writer:
        for number in range(300):
            writer.add(str(number), text=f"Letter {number}: " + "a long story " * number, label=number % 2)
    return folder


def flowers(folder: Path) -> Path:
    columns = (field("height_cm", "float64"), field("garden", "string"))
    with DatasetWriter(folder, kind="tabular", class_names=["rose", "tulip"], fields=columns) as writer:
        for number in range(50):
            height = float("nan") if number == 3 else number / 7
            writer.add(str(number), height_cm=height, garden=f"garden {number % 5}", label=number % 2)
    return folder


def plain(folder: Path) -> Path:
    """Pictures without labels; the second cannot be decoded."""
    with DatasetWriter(folder, kind="unlabelled") as writer:
        for number in range(5):
            writer.add(f"{number}.png", image=picture(number, is_broken=number == 1))
    return folder


def digits(folder: Path) -> Path:
    """Tiny pictures without labels that a model has answered, the surest first."""
    raw = folder.with_name("digits-raw")
    with DatasetWriter(raw, kind="unlabelled", class_names=["zero", "one", "two"]) as writer:
        for number in range(40):
            pixels = np.roll(np.eye(8, dtype=np.uint8) * 255, number, axis=1)
            out = io.BytesIO()
            Image.fromarray(pixels).save(out, "PNG")
            writer.add(f"{number}.png", image=out.getvalue(), split="train" if number < 30 else "test")
    answers = {"label": np.arange(40) % 3, "score": np.linspace(0.99, 0.4, 40, dtype=np.float32)}
    Dataset.open(raw).derive(folder, layers={"predictions": answers})
    return folder


def streets(folder: Path) -> Path:
    """Pictures without labels: in all but the first a model has found a sure object and an unsure one."""
    raw = folder.with_name("streets-raw")
    with DatasetWriter(raw, kind="unlabelled", class_names=["car", "sign"]) as writer:
        for number in range(12):
            writer.add(f"{number}.png", image=picture(number))
    answers = {
        "boxes": np.array([[20, 30, 90, 110], [120, 20, 200, 90]], np.float32),
        "labels": np.array([0, 1], np.int32),
        "scores": np.array([0.9, 0.3], np.float32),
    }
    layer = {name: [values[:0], *[values] * 11] for name, values in answers.items()}
    Dataset.open(raw).derive(folder, layers={"predictions": layer})
    return folder


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", "1440"), ("zh", "dark", "1280")])
def test_the_console_shows_samples_of_every_kind(
    server: RunningServer, language: str, theme: str, width: str
) -> None:
    printed = run_script("samples.mjs", server.url, language, theme, width, password=PASSWORD)
    assert f"read in {language}" in printed, printed


def test_the_answers_of_a_model_become_labels(server: RunningServer) -> None:
    printed = run_script("samples.mjs", server.url, "review", password=PASSWORD)
    assert "reviewed" in printed, printed


def test_a_selection_and_a_place_are_there_again_after_another_tab(server: RunningServer) -> None:
    printed = run_script("samples.mjs", server.url, "kept", password=PASSWORD)
    assert "found again" in printed, printed


def test_samples_stand_below_headings_of_their_splits_and_classes(server: RunningServer) -> None:
    printed = run_script("samples.mjs", server.url, "arranged", password=PASSWORD)
    assert "arranged" in printed, printed


def test_who_may_look_only_is_offered_nothing_that_writes(server: RunningServer) -> None:
    printed = run_script("samples.mjs", server.url, "viewer", password=PASSWORD, KPL_E2E_USER="onlooker")
    assert "looked only" in printed, printed


def test_the_console_shows_real_cells(server: RunningServer, tmp_path: Path) -> None:
    source = REAL_DATA / "nuclei-coco"
    if not source.is_dir():
        pytest.skip(f"no real data: {source} is not there")
    pack(source, tmp_path / "nuclei")
    publish_dataset(server.platform, tmp_path / "nuclei", "nuclei")
    printed = run_script("samples.mjs", server.url, "nuclei", password=PASSWORD)
    assert "nuclei read" in printed, printed
