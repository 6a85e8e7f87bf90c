from pathlib import Path

import pytest

from kpl.errors import Conflict, Denied, Invalid, NotFound
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate
from kpl.schemas.run import RunCreate
from kpl.schemas.template import TemplateCreate, TemplatePut, TemplateUpdate
from kpl.server.services import audit, pipelines, runs, templates
from kpl.server.services.access import SERVER, Role
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain
from kpl.testing.server import add_project, add_user
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


SHARED = TemplateUpdate(is_shared=True)
OURS = f"{P}/ours"


@pytest.fixture
def other(platform: Platform, tmp_path: Path) -> str:
    """Another project, with the algorithm but nothing else."""
    add_project(platform, "other")
    install_toy_algorithm(platform, tmp_path / "toy of the other", project="other")
    return "other"


def names(platform: Platform, project: str) -> list[tuple[str, str]]:
    return [(each.name, each.origin) for each in templates.list_templates(platform, SERVER, project).items]


def test_shared_template_runs_in_another_project_and_its_old_revision_still_does(
    platform: Platform, other: str
) -> None:
    create(platform, "ours", "a")
    assert (OURS, "shared") not in names(platform, other)
    with pytest.raises(NotFound, match="no template 'default/ours'"):
        runs.create_run(platform, SERVER, other, RunCreate(template=OURS))
    templates.update_template(platform, SERVER, P, "ours", SHARED)
    assert names(platform, other)[-1] == (OURS, "shared")
    assert ("ours", "project") in names(platform, P)
    first = runs.create_run(platform, SERVER, other, RunCreate(template=OURS))
    assert (first.template, first.revision) == (OURS, 1)

    templates.put_template(platform, SERVER, P, "ours", TemplatePut(document=chain("a", "b")))
    found = templates.get_template(platform, SERVER, other, OURS)
    assert (found.project, found.revision, [each.revision for each in found.revisions]) == (P, 2, [2, 1])
    assert templates.get_template(platform, SERVER, other, OURS, revision=1).num_nodes == 1
    pinned = runs.create_run(platform, SERVER, other, RunCreate(template=OURS, revision=1))
    assert (pinned.revision, len(pinned.tasks)) == (1, 1)
    with pytest.raises(NotFound, match="no revision 3"):
        runs.create_run(platform, SERVER, other, RunCreate(template=OURS, revision=3))

    templates.update_template(platform, SERVER, P, "ours", TemplateUpdate(is_shared=False))
    with pytest.raises(NotFound, match="no template 'default/ours'"):
        templates.get_template(platform, SERVER, other, OURS)
    log = audit.list_audit(platform, SERVER, project=P, username=None, action=None, cursor=None, limit=2)
    assert [each.action for each in log.items] == ["template.unshare", "template.update"]


def test_shared_template_asks_for_data_instead_of_naming_what_another_project_lacks(
    platform: Platform, other: str
) -> None:
    document = chain("a")
    document["parameters"] = {"data": {"type": "string", "x-kpl": "dataset", "default": "digits"}}
    document["nodes"].append({"id": "data", "type": "dataset", "dataset": "${parameters.data}"})
    templates.create_template(platform, SERVER, P, TemplateCreate(name="ours", document=document))
    shared = templates.update_template(platform, SERVER, P, "ours", SHARED)
    assert shared.parameters["data"]["default"] == "digits"
    seen = templates.get_template(platform, SERVER, other, OURS)
    assert "default" not in seen.parameters["data"]
    document["nodes"][-1]["dataset"] = "digits@1"
    with pytest.raises(Invalid, match="'data' names 'digits@1'"):
        templates.put_template(platform, SERVER, P, "ours", TemplatePut(document=document))
    templates.create_template(platform, SERVER, P, TemplateCreate(name="fixed", document=document))
    with pytest.raises(Invalid, match="cannot be shared"):
        templates.update_template(platform, SERVER, P, "fixed", SHARED)


def test_template_is_shared_by_admins_of_its_project_alone(platform: Platform, other: str) -> None:
    create(platform, "ours", "a")
    developer = add_user(platform, "dee", roles={P: Role.DEVELOPER})
    with pytest.raises(Denied, match="needs admin"):
        templates.update_template(platform, developer, P, "ours", SHARED)
    templates.update_template(platform, SERVER, P, "ours", SHARED)
    with pytest.raises(Conflict, match="belongs to project 'default'"):
        templates.update_template(platform, SERVER, other, OURS, SHARED)
    with pytest.raises(Conflict, match="comes with KPL"):
        templates.update_template(platform, SERVER, P, "image_classification", SHARED)


def test_templates_come_page_by_page_own_first(platform: Platform, other: str) -> None:
    for name in ("b", "a"):
        create(platform, name, "x")
        templates.update_template(platform, SERVER, P, name, SHARED)
    templates.create_template(platform, SERVER, other, TemplateCreate(name="own", document=chain("x")))
    whole = names(platform, other)
    assert whole[0] == ("own", "project")
    assert whole[-2:] == [(f"{P}/a", "shared"), (f"{P}/b", "shared")]
    seen, cursor = [], None
    while True:
        page = templates.list_templates(platform, SERVER, other, cursor=cursor, limit=1)
        seen += [(each.name, each.origin) for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == whole
    only = templates.list_templates(platform, SERVER, other, origin="shared").items
    assert [each.name for each in only] == [f"{P}/a", f"{P}/b"]
    with pytest.raises(Invalid, match="not a cursor"):
        templates.list_templates(platform, SERVER, other, cursor="Ijki")


def test_pipeline_that_is_a_template_no_longer_is_not_shared_either(platform: Platform, other: str) -> None:
    create(platform, "ours", "a")
    templates.update_template(platform, SERVER, P, "ours", SHARED)
    for is_template in (False, True):
        change = PipelineUpdate(document=chain("a"), is_template=is_template)
        pipelines.update_pipeline(platform, SERVER, P, "ours", change)
    assert not templates.get_template(platform, SERVER, P, "ours").is_shared
    assert (OURS, "shared") not in names(platform, other)
