"""Lists are searched on the server, so that a thing is found however far down it stands."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from kpl.schemas.pipeline import PipelineCreate
from kpl.schemas.run import RunCreate
from kpl.server.services import algorithms, datasets, endpoints, models, pipelines, runs
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain
from kpl.testing.published import publish_dataset, publish_model, write_dataset
from kpl.testing.toy_algorithm import install_toy_algorithm

P = "default"


@pytest.fixture(autouse=True)
def toy(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")


def names(items: Iterable[object]) -> list[str]:
    return [str(getattr(each, "name")) for each in items]  # noqa: B009  several kinds of answers


def test_run_is_found_by_number_name_or_owner_beyond_the_first_page(platform: Platform) -> None:
    asked = [RunCreate(document=chain("a"), name=name) for name in ("Night 100%", "day", "day")]
    made = [runs.create_run(platform, SERVER, P, each).id for each in asked]

    def found(search: str) -> list[int]:
        return [run.id for run in runs.list_runs(platform, SERVER, P, search=search, limit=1).items]

    assert found("night") == found("100%") == found("NIGHT kpl") == found(f"#{made[0]}") == made[:1]
    assert found("100_") == found("night day") == []
    page = runs.list_runs(platform, SERVER, P, search="day", limit=1)
    rest = runs.list_runs(platform, SERVER, P, search="day", limit=1, cursor=page.next_cursor)
    assert [run.id for run in (*page.items, *rest.items)] == made[:0:-1]
    assert rest.next_cursor is None


def test_pipeline_is_found_by_any_of_its_texts(platform: Platform) -> None:
    for name, text in (("one", "Counts cats."), ("two", "")):
        asked = PipelineCreate(name=name, description=text, document=chain("a"))
        pipelines.create_pipeline(platform, SERVER, P, asked)
    for search, expected in (("CATS", ["one"]), ("o", ["two", "one"]), ("cats two", [])):
        assert names(pipelines.list_pipelines(platform, SERVER, P, search=search).items) == expected


def test_datasets_and_models_are_found_by_name_and_by_what_they_are_for(
    platform: Platform, tmp_path: Path
) -> None:
    publish_dataset(platform, write_dataset(tmp_path / "data"), "pets")
    publish_model(platform, tmp_path / "model", "owls")
    for search, is_found in (("PET", True), ("pets classification", True), ("owls", False)):
        found = datasets.list_datasets(platform, SERVER, P, search=search, cursor=None, limit=1)
        assert names(found.items) == ["pets"] * is_found
    for search, is_found in (("owl", True), ("classif maker", True), ("pets", False)):
        listed = models.list_models(platform, SERVER, P, search=search, cursor=None, limit=1)
        assert names(listed.items) == ["owls"] * is_found


@pytest.mark.parametrize("search", ["残差", "residual", "SERVE 图像", "image_class"])
def test_algorithm_is_found_in_either_language_and_by_its_functions(platform: Platform, search: str) -> None:
    algorithms.install_builtin(platform)
    found = algorithms.list_algorithms(platform, SERVER, P, search=search, cursor=None, limit=50)
    assert names(found.items) == ["image_classification"]


def test_search_for_nothing_finds_all(platform: Platform) -> None:
    whole = algorithms.list_algorithms(platform, SERVER, P, search=" ", cursor=None, limit=50)
    assert "toy" in names(whole.items)
    assert endpoints.list_endpoints(platform, SERVER, P, search="x").items == []
