from pathlib import Path

import pytest

from kpl.errors import Conflict, NotFound
from kpl.schemas.pipeline import PipelineCreate
from kpl.schemas.run import RunCreate
from kpl.schemas.template import TemplateCreate, TemplatePut
from kpl.server.services import audit, pipelines, runs, templates
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain
from kpl.testing.toy_algorithm import install_toy_algorithm

P = "default"


@pytest.fixture(autouse=True)
def toy(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")


def create(platform: Platform, name: str, *nodes: str) -> None:
    asked = TemplateCreate(name=name, title={"en": "Ours", "zh": "我们的"}, document=chain(*nodes))
    templates.create_template(platform, SERVER, P, asked)


def test_template_is_saved_listed_run_saved_anew_and_deleted(platform: Platform) -> None:
    create(platform, "ours", "a")
    (listed,) = [each for each in templates.list_templates(platform, SERVER, P).items if each.name == "ours"]
    assert (listed.origin, listed.title, listed.num_nodes) == ("project", {"en": "Ours", "zh": "我们的"}, 1)
    first = runs.create_run(platform, SERVER, P, RunCreate(template="ours"))
    templates.put_template(platform, SERVER, P, "ours", TemplatePut(document=chain("a", "b")))
    assert templates.get_template(platform, SERVER, P, "ours").num_nodes == 2
    assert len(runs.get_run(platform, SERVER, P, first.id).document["nodes"]) == 1
    revisions = pipelines.list_pipeline_revisions(platform, SERVER, P, "ours").items
    assert [each.num_nodes for each in revisions] == [2, 1]
    templates.delete_template(platform, SERVER, P, "ours")
    with pytest.raises(NotFound, match="no template 'ours'"):
        templates.get_template(platform, SERVER, P, "ours")
    assert runs.get_run(platform, SERVER, P, first.id).template == "ours"


def test_what_is_done_to_templates_is_in_the_audit_log(platform: Platform) -> None:
    create(platform, "ours", "a")
    templates.put_template(platform, SERVER, P, "ours", TemplatePut(document=chain("b")))
    templates.delete_template(platform, SERVER, P, "ours")
    log = audit.list_audit(platform, SERVER, project=P, username=None, action=None, cursor=None, limit=10)
    deeds = [(each.action, each.target) for each in log.items]
    assert deeds[:3] == [
        ("template.delete", "template:ours"),
        ("template.update", "template:ours"),
        ("template.create", "template:ours"),
    ]


def test_template_that_comes_with_kpl_stays_as_it_is(platform: Platform) -> None:
    with pytest.raises(Conflict, match="comes with KPL"):
        templates.delete_template(platform, SERVER, P, "image_classification")
    with pytest.raises(Conflict, match="comes with KPL"):
        templates.put_template(platform, SERVER, P, "image_classification", TemplatePut(document=chain("a")))


def test_pipeline_that_is_no_template_is_not_made_one_by_mistake(platform: Platform) -> None:
    pipelines.create_pipeline(platform, SERVER, P, PipelineCreate(name="plain", document=chain("a")))
    with pytest.raises(NotFound, match="no template 'plain'"):
        templates.put_template(platform, SERVER, P, "plain", TemplatePut(document=chain("b")))
    with pytest.raises(Conflict, match="has a pipeline 'plain' already"):
        create(platform, "plain", "b")
    assert not pipelines.get_pipeline(platform, SERVER, P, "plain").is_template
