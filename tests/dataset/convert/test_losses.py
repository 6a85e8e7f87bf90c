"""What the guide says that a format loses is what it loses, and an export tells of it."""

from pathlib import Path

import pytest

from kpl.dataset import Kind
from kpl.dataset.convert import FORMATS

from .losses import Losses, losses, table  # noqa: TID252  tests are no package with a name of its own

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "datasets.md"
NEEDED = {"parquet": "pyarrow", "tfrecord": "google_crc32c"}
# keys become names of files, and classes that nothing is of have no place: the guide says so, not each report
QUIET = {"key", "class_names"}
# what reports call a field that is lost
CALLED = {"labels": "classes", "masks": "polygons", "boxes": "polygons", "predictions.score": "predictions"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Kind], Losses]:
    folder = tmp_path_factory.mktemp("losses")
    made: dict[tuple[str, Kind], Losses] = {}
    for name, each in FORMATS.items():
        if name in NEEDED:
            pytest.importorskip(NEEDED[name])
        for kind in each.kinds:
            here = folder / f"{name}-{kind}"
            here.mkdir()
            made[name, kind] = losses(here, name, kind)
    return made


def test_an_export_tells_of_everything_that_is_lost(found: dict[tuple[str, Kind], Losses]) -> None:
    for where, (names, told) in found.items():
        for name in {*names} - QUIET:
            word = CALLED.get(name, name.rstrip("s"))
            assert any(word in each for each in told), (where, name, told)


def test_every_format_keeps_samples_and_labels_alone(found: dict[tuple[str, Kind], Losses]) -> None:
    assert all("predictions.score" in names for names, _ in found.values())


def test_the_table_of_the_guide_says_what_is_lost(found: dict[tuple[str, Kind], Losses]) -> None:
    assert table(found) in GUIDE.read_text(encoding="utf-8"), table(found)
