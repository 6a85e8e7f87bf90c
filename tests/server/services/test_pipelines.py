from pathlib import Path
from typing import Any

import pytest

from kpl.errors import Conflict, NotFound
from kpl.pipeline.parsing import InvalidDocument
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate, ValidateRequest
from kpl.schemas.run import RunCreate
from kpl.server.services import pipelines, runs, templates
from kpl.server.services.access import SERVER
from kpl.server.services.errors import Stale
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain, toy_node, toy_pipeline
from kpl.testing.toy_algorithm import install_toy_algorithm


@pytest.fixture(autouse=True)
def toy(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")


def create(platform: Platform, name: str, document: dict[str, Any], **fields: Any) -> None:
    pipelines.create_pipeline(
        platform, SERVER, "default", PipelineCreate(name=name, document=document, **fields)
    )


def update(platform: Platform, name: str, document: dict[str, Any], expected: int | None = None) -> int:
    saved = pipelines.update_pipeline(
        platform, SERVER, "default", name, PipelineUpdate(document=document), expected_revision=expected
    )
    return saved.revision


def test_each_save_is_a_revision_of_its_own(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    assert update(platform, "mine", chain("a", "b")) == 2
    latest = pipelines.get_pipeline(platform, SERVER, "default", "mine")
    first = pipelines.get_pipeline(platform, SERVER, "default", "mine", revision=1)
    assert [node["id"] for node in latest.document["nodes"]] == ["a", "b"]
    assert [node["id"] for node in first.document["nodes"]] == ["a"]
    assert (latest.revision, latest.num_nodes) == (2, 2)
    assert (first.revision, first.num_nodes) == (1, 1)
    revisions = pipelines.list_pipeline_revisions(platform, SERVER, "default", "mine").items
    assert [(each.revision, each.num_nodes) for each in revisions] == [(2, 2), (1, 1)]


def test_save_without_a_change_makes_no_revision(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    assert update(platform, "mine", chain("a")) == 1


def test_document_is_kept_under_the_name_of_its_pipeline(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    assert pipelines.get_pipeline(platform, SERVER, "default", "mine").document["name"] == "mine"


def test_save_based_on_an_older_revision_is_refused(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    update(platform, "mine", chain("a", "b"), expected=1)
    with pytest.raises(Stale, match="is at revision 2, saved by kpl; this change is based on revision 1"):
        update(platform, "mine", chain("a", "c"), expected=1)
    with pytest.raises(Stale):
        pipelines.delete_pipeline(platform, SERVER, "default", "mine", expected_revision=1)


def test_name_that_is_taken_is_refused(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    with pytest.raises(Conflict, match="has a pipeline 'mine' already"):
        create(platform, "mine", chain("a"))


def test_half_drawn_pipeline_is_saved_with_what_it_lacks(platform: Platform) -> None:
    create(platform, "draft", toy_pipeline(toy_node("s", "serve", endpoint="e"), toy_node("x", "nothing")))
    problems = pipelines.get_pipeline(platform, SERVER, "default", "draft").problems
    assert {(each.node, each.severity) for each in problems} == {("s", "error"), ("x", "error")}


def test_text_that_is_no_pipeline_is_not_saved(platform: Platform) -> None:
    with pytest.raises(InvalidDocument, match="nodes"):
        create(platform, "junk", {"schema": "kpl.pipeline/v1", "nodes": [{"id": "a", "type": "toaster"}]})
    with pytest.raises(NotFound):
        pipelines.get_pipeline(platform, SERVER, "default", "junk")


def test_validation_names_node_port_reason_and_fix(platform: Platform) -> None:
    document = chain("a", "b")
    document["edges"] = [{"from": "a.fils", "to": "b.files"}]
    answer = pipelines.validate_document(platform, SERVER, "default", ValidateRequest(document=document))
    assert not answer.is_valid
    (problem,) = answer.problems
    assert (problem.node, problem.port) in {("a", "fils"), ("b", "files")}
    assert "'fils'" in problem.reason
    assert "'files'" in problem.fix
    good = pipelines.validate_document(platform, SERVER, "default", ValidateRequest(document=chain("a", "b")))
    assert (good.is_valid, good.problems) == (True, [])


def test_deleted_pipeline_leaves_its_runs(platform: Platform) -> None:
    create(platform, "mine", chain("a"))
    made = runs.create_run(platform, SERVER, "default", RunCreate(pipeline="mine"))
    listed = pipelines.list_pipelines(platform, SERVER, "default").items
    assert [(each.name, each.num_runs, each.last_run_id) for each in listed] == [("mine", 1, made.id)]
    pipelines.delete_pipeline(platform, SERVER, "default", "mine")
    assert pipelines.list_pipelines(platform, SERVER, "default").items == []
    kept = runs.get_run(platform, SERVER, "default", made.id)
    assert (kept.pipeline, kept.revision, kept.document["nodes"][0]["algorithm"]) == ("mine", 1, "toy@1.0.0")


def test_unknown_pipeline_is_named_with_the_nearest(platform: Platform) -> None:
    create(platform, "digits", chain("a"))
    with pytest.raises(NotFound, match="Did you mean 'digits'"):
        pipelines.get_pipeline(platform, SERVER, "default", "digit")


def test_pipeline_saved_as_template_is_listed_with_the_built_in_ones(platform: Platform) -> None:
    create(platform, "ours", chain("a"), is_template=True)
    create(platform, "plain", chain("a"))
    listed = {each.name: each.origin for each in templates.list_templates(platform, SERVER, "default").items}
    assert listed["ours"] == "project"
    assert "plain" not in listed
    assert listed["image_classification"] == "builtin"
    assert templates.get_template(platform, SERVER, "default", "ours").num_nodes == 1
    made = runs.create_run(platform, SERVER, "default", RunCreate(template="ours"))
    assert (made.template, made.pipeline) == ("ours", None)
