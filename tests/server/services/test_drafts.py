from pathlib import Path

import pytest

from kpl.errors import Invalid
from kpl.schemas.draft import PipelineDraftPut
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate
from kpl.server.services import drafts, pipelines
from kpl.server.services.access import SERVER, Caller, Role
from kpl.server.services.errors import Stale
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain
from kpl.testing.server import add_user
from kpl.testing.toy_algorithm import install_toy_algorithm

P = "default"


@pytest.fixture(autouse=True)
def mine(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")
    pipelines.create_pipeline(platform, SERVER, P, PipelineCreate(name="mine", document=chain("a")))


def put(platform: Platform, *nodes: str, caller: Caller = SERVER, expected: str | None = None) -> str:
    asked = PipelineDraftPut(base_revision=1, document=chain(*nodes))
    return drafts.put_draft(platform, caller, P, "mine", asked, expected_tag=expected).tag


def drawn(platform: Platform, caller: Caller = SERVER) -> list[str] | None:
    found = drafts.get_draft(platform, caller, P, "mine")
    return None if found is None else [node["id"] for node in found.document["nodes"]]


def test_draft_is_saved_over_and_over_and_makes_no_revision(platform: Platform) -> None:
    assert drawn(platform) is None
    tag = put(platform, "a", "b", expected=drafts.NO_DRAFT)
    put(platform, "a", "b", "c", expected=tag)
    assert drawn(platform) == ["a", "b", "c"]
    pipeline = pipelines.get_pipeline(platform, SERVER, P, "mine")
    assert (pipeline.revision, len(pipeline.document["nodes"])) == (1, 1)


def test_draft_of_one_person_is_not_that_of_another(platform: Platform) -> None:
    other = add_user(platform, "dev", roles={P: Role.DEVELOPER})
    put(platform, "a", "b")
    assert drawn(platform, other) is None
    put(platform, "x", caller=other, expected=drafts.NO_DRAFT)
    assert (drawn(platform), drawn(platform, other)) == (["a", "b"], ["x"])


def test_second_window_is_told_that_the_first_one_saved(platform: Platform) -> None:
    tag = put(platform, "a", "b", expected=drafts.NO_DRAFT)
    put(platform, "a", "c", expected=tag)
    with pytest.raises(Stale, match=f"this change follows save {tag}"):
        put(platform, "a", "d", expected=tag)
    with pytest.raises(Stale):
        put(platform, "a", "d", expected=drafts.NO_DRAFT)
    with pytest.raises(Stale):
        drafts.delete_draft(platform, SERVER, P, "mine", expected_tag=tag)
    assert drawn(platform) == ["a", "c"]


def test_tag_of_a_draft_thrown_away_is_never_good_again(platform: Platform) -> None:
    old = put(platform, "a", "b")
    drafts.delete_draft(platform, SERVER, P, "mine")
    drafts.delete_draft(platform, SERVER, P, "mine")
    assert drawn(platform) is None
    assert put(platform, "a", "c") != old
    with pytest.raises(Stale):
        put(platform, "a", "d", expected=old)


def test_draft_survives_that_somebody_else_saves(platform: Platform) -> None:
    put(platform, "a", "b")
    pipelines.update_pipeline(platform, SERVER, P, "mine", PipelineUpdate(document=chain("z")))
    found = drafts.get_draft(platform, SERVER, P, "mine")
    assert found is not None
    assert (found.base_revision, len(found.document["nodes"])) == (1, 2)


def test_draft_goes_with_its_pipeline(platform: Platform) -> None:
    put(platform, "a", "b")
    pipelines.delete_pipeline(platform, SERVER, P, "mine")
    pipelines.create_pipeline(platform, SERVER, P, PipelineCreate(name="mine", document=chain("a")))
    assert drawn(platform) is None


def test_draft_of_a_revision_that_is_not_there_is_refused(platform: Platform) -> None:
    with pytest.raises(Invalid, match="has no revision 7; it has 1"):
        drafts.put_draft(platform, SERVER, P, "mine", PipelineDraftPut(base_revision=7, document=chain("a")))
