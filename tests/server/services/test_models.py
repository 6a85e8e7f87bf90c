"""Models: versions, cards, tampering, and who may do what."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kpl.algorithm.model import ModelTampered
from kpl.errors import Denied, Invalid, NotFound
from kpl.schemas.page import Order, Sort
from kpl.server.services import models
from kpl.server.services.access import SERVER, Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.clock import FakeClock
from kpl.testing.published import publish_model
from kpl.testing.server import add_user


@pytest.fixture
def viewer_of(platform: Platform) -> Caller:
    return add_user(platform, "view", roles={"default": Role.VIEWER})


@pytest.fixture
def pets(platform: Platform, tmp_path: Path) -> str:
    assert publish_model(platform, tmp_path / "model", "pets") == "pets@1"
    return "pets"


def test_a_version_shows_its_manifest_files_and_metrics(
    platform: Platform, viewer_of: Caller, pets: str
) -> None:
    found = models.get_model_version(platform, viewer_of, "default", pets, 1)
    assert found.metrics == {"accuracy": 0.9}
    assert found.class_names == ["cat", "dog", "owl"]
    assert {file.path for file in found.files} == {"model.json", "weights.bin"}
    assert found.manifest["files"]["weights.bin"]["size_bytes"] == 16
    assert found.algorithm == "maker 1.0"


def test_versions_count_up_and_equal_files_stay_the_same_version(
    platform: Platform, viewer_of: Caller, pets: str, tmp_path: Path
) -> None:
    assert publish_model(platform, tmp_path / "again", pets) == "pets@1"
    assert publish_model(platform, tmp_path / "better", pets, metrics={"accuracy": 0.95}) == "pets@2"
    found = models.get_model(platform, viewer_of, "default", pets)
    assert (found.num_versions, found.latest.version) == (2, 2)


def test_models_are_listed_by_name_or_by_their_latest_version(
    platform: Platform, clock: FakeClock, viewer_of: Caller, tmp_path: Path
) -> None:
    for number, name in enumerate(("b", "a", "c", "b")):
        clock.advance(1.5)
        publish_model(platform, tmp_path / str(number), name, metrics={"accuracy": number / 10})

    def names(sort: Sort, order: Order | None = None) -> str:
        found, cursor = "", None
        while True:
            page = models.list_models(
                platform, viewer_of, "default", sort=sort, order=order, cursor=cursor, limit=2
            )
            found += "".join(each.name for each in page.items)
            if (cursor := page.next_cursor) is None:
                return found

    assert [names("created"), names("name"), names("updated")] == ["cab", "abc", "bca"]
    assert [names("created", "asc"), names("name", "desc"), names("updated", "asc")] == ["bac", "cba", "acb"]
    models.delete_model_version(platform, SERVER, "default", "b", 2)
    assert names("updated") == "cab"


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Where it comes from"), ("zh", "来源"), ("zh", "图像分类模型")]
)
def test_a_card_is_written_in_both_languages(
    platform: Platform, viewer_of: Caller, pets: str, language: str, word: str
) -> None:
    card = models.get_model_card(
        platform, viewer_of, "default", pets, 1, language="zh" if language == "zh" else "en"
    )
    assert word in card.markdown
    assert "accuracy" in card.markdown
    assert "0.9" in card.markdown


def test_a_tampered_file_is_refused_when_it_is_published(platform: Platform, tmp_path: Path) -> None:
    publish_model(platform, tmp_path / "model", "pets")
    (tmp_path / "model" / "weights.bin").write_bytes(b"something else")
    folder = tmp_path / "model"
    manifest = (folder / "model.json").read_text()
    publish_model(platform, tmp_path / "other", "other")
    (tmp_path / "other" / "model.json").write_text(manifest.replace('"accuracy": 0.9', '"accuracy": 1.0'))
    (tmp_path / "other" / "weights.bin").write_bytes(b"x" * 16)
    with pytest.raises(ModelTampered, match=r"weights\.bin"):
        _publish_as_is(platform, tmp_path / "other")


def _publish_as_is(platform: Platform, folder: Path) -> None:
    from kpl.server.db.tables.projects import ProjectRow
    from kpl.server.services.publishing import publisher
    from kpl.task import OutputSpec

    digest = platform.artifacts.put_tree(folder).digest
    with platform.db.write() as session:
        project_id = session.query(ProjectRow).filter_by(name="default").one().id
        publisher(platform.artifacts, platform.clock)(
            session,
            project_id=project_id,
            task_id=1,
            output=OutputSpec("model", "model"),
            name="tampered",
            digest=digest,
        )


def test_a_file_is_found_and_an_unknown_one_is_not(platform: Platform, viewer_of: Caller, pets: str) -> None:
    file = models.get_model_file(platform, viewer_of, "default", pets, 1, "weights.bin")
    assert file.path.read_bytes() == bytes(range(16))
    for path in ("nothing.bin", "../../kpl.db", "/etc/passwd"):
        with pytest.raises((NotFound, Invalid)):
            models.get_model_file(platform, viewer_of, "default", pets, 1, path)


READS: list[Callable[[Platform, Caller], object]] = [
    lambda p, c: models.list_models(p, c, "default", cursor=None, limit=10),
    lambda p, c: models.get_model(p, c, "default", "pets"),
    lambda p, c: models.get_model_version(p, c, "default", "pets", 1),
    lambda p, c: models.get_model_card(p, c, "default", "pets", 1, language="en"),
    lambda p, c: models.get_model_file(p, c, "default", "pets", 1, "weights.bin"),
]
WRITES: list[Callable[[Platform, Caller], object]] = [
    lambda p, c: models.delete_model(p, c, "default", "pets"),
    lambda p, c: models.delete_model_version(p, c, "default", "pets", 1),
]


@pytest.mark.parametrize("use", READS + WRITES)
def test_strangers_learn_nothing(
    platform: Platform, pets: str, use: Callable[[Platform, Caller], object]
) -> None:
    with pytest.raises(NotFound, match="no project 'default'"):
        use(platform, add_user(platform, "stranger"))


@pytest.mark.parametrize("use", WRITES)
def test_viewers_change_nothing(
    platform: Platform, viewer_of: Caller, pets: str, use: Callable[[Platform, Caller], object]
) -> None:
    with pytest.raises(Denied, match="needs developer"):
        use(platform, viewer_of)
