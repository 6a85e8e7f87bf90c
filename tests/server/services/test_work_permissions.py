"""Nobody does to pipelines, runs, tasks and endpoints what their role does not allow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kpl.errors import Denied, NotFound
from kpl.schemas.draft import PipelineDraftPut
from kpl.schemas.endpoint import EndpointCreate
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate, PlanRequest, ValidateRequest
from kpl.schemas.run import RerunRequest, RunCreate
from kpl.schemas.template import TemplateCreate, TemplatePut
from kpl.server.services import (
    drafts,
    endpoint_traffic,
    endpoints,
    logs,
    machines,
    metrics,
    pipelines,
    plans,
    runs,
    tasks,
    templates,
)
from kpl.server.services.access import SERVER, Caller, Role, Scope
from kpl.server.services.platform import Platform
from kpl.testing.pipelines import chain
from kpl.testing.server import add_user
from kpl.testing.toy_algorithm import install_toy_algorithm

Use = Callable[[Platform, Caller], object]
P = "default"

LOOKING: dict[str, Use] = {
    "list_pipelines": lambda p, c: pipelines.list_pipelines(p, c, P),
    "get_pipeline": lambda p, c: pipelines.get_pipeline(p, c, P, "mine"),
    "list_pipeline_revisions": lambda p, c: pipelines.list_pipeline_revisions(p, c, P, "mine"),
    "get_draft": lambda p, c: drafts.get_draft(p, c, P, "mine"),
    "validate": lambda p, c: pipelines.validate_document(p, c, P, ValidateRequest(document=chain("a"))),
    "plan": lambda p, c: plans.plan_run(p, c, P, PlanRequest(pipeline="mine")),
    "list_templates": lambda p, c: templates.list_templates(p, c, P),
    "get_template": lambda p, c: templates.get_template(p, c, P, "mine"),
    "list_runs": lambda p, c: runs.list_runs(p, c, P),
    "get_run": lambda p, c: runs.get_run(p, c, P, 1),
    "list_tasks": lambda p, c: tasks.list_tasks(p, c, P),
    "get_task": lambda p, c: tasks.get_task(p, c, P, 1),
    "list_attempts": lambda p, c: tasks.list_attempts(p, c, P, 1),
    "list_outputs": lambda p, c: tasks.list_outputs(p, c, P, 1),
    "read_log": lambda p, c: logs.read_log(p, c, P, 1),
    "find_error": lambda p, c: logs.find_error(p, c, P, 1),
    "search_log": lambda p, c: logs.search_log(p, c, P, 1, text="x"),
    "get_metrics": lambda p, c: metrics.get_metrics(p, c, P, 1),
    "list_endpoints": lambda p, c: endpoints.list_endpoints(p, c, P),
}
ABSENT: dict[str, Use] = {
    "output_file": lambda p, c: tasks.output_file(p, c, P, 1, output="files", path="text"),
    "get_metric_series": lambda p, c: metrics.get_metric_series(p, c, P, 1, "score"),
    "get_endpoint": lambda p, c: endpoints.get_endpoint(p, c, P, "toy"),
    "list_deployments": lambda p, c: endpoints.list_deployments(p, c, P, "toy"),
    "get_endpoint_traffic": lambda p, c: endpoint_traffic.get_endpoint_traffic(p, c, P, "toy"),
    "find_target": lambda p, c: endpoints.find_target(p, c, P, "toy"),
}
CHANGING: dict[str, Use] = {
    "create_pipeline": lambda p, c: pipelines.create_pipeline(
        p, c, P, PipelineCreate(name="new", document=chain("a"))
    ),
    "update_pipeline": lambda p, c: pipelines.update_pipeline(
        p, c, P, "mine", PipelineUpdate(document=chain("b"))
    ),
    "put_draft": lambda p, c: drafts.put_draft(
        p, c, P, "mine", PipelineDraftPut(base_revision=1, document=chain("b"))
    ),
    "delete_draft": lambda p, c: drafts.delete_draft(p, c, P, "mine"),
    "create_template": lambda p, c: templates.create_template(
        p, c, P, TemplateCreate(name="new-template", document=chain("a"))
    ),
    "put_template": lambda p, c: templates.put_template(p, c, P, "mine", TemplatePut(document=chain("c"))),
    "delete_pipeline": lambda p, c: pipelines.delete_pipeline(p, c, P, "mine"),
    "create_run": lambda p, c: runs.create_run(p, c, P, RunCreate(pipeline="mine")),
    "rerun": lambda p, c: runs.rerun(p, c, P, 1, RerunRequest()),
    "cancel_run": lambda p, c: runs.cancel_run(p, c, P, 1),
    "cancel_task": lambda p, c: tasks.cancel_task(p, c, P, 1),
    "create_endpoint": lambda p, c: endpoints.create_endpoint(p, c, P, EndpointCreate(name="e", model="m")),
    "stop_endpoint": lambda p, c: endpoints.stop_endpoint(p, c, P, "toy"),
    "delete_endpoint": lambda p, c: endpoints.delete_endpoint(p, c, P, "toy"),
}
NEEDS_MORE = frozenset({"create_endpoint", "stop_endpoint", "delete_endpoint"})


@pytest.fixture
def filled(platform: Platform, tmp_path: Path) -> Platform:
    """A project with a pipeline, which is a template too, and a run of it."""
    install_toy_algorithm(platform, tmp_path / "toy")
    asked = PipelineCreate(name="mine", document=chain("a"), is_template=True)
    pipelines.create_pipeline(platform, SERVER, P, asked)
    runs.create_run(platform, SERVER, P, RunCreate(pipeline="mine"))
    return platform


def test_stranger_learns_nothing(filled: Platform) -> None:
    stranger = add_user(filled, "stranger")
    for use in (LOOKING | ABSENT | CHANGING).values():
        with pytest.raises(NotFound, match="no project 'default'"):
            use(filled, stranger)


def test_viewer_sees_everything_and_changes_nothing(filled: Platform) -> None:
    viewer = add_user(filled, "viewer", roles={P: Role.VIEWER})
    for use in LOOKING.values():
        use(filled, viewer)
    for use in ABSENT.values():
        with pytest.raises(NotFound):
            use(filled, viewer)
    for use in CHANGING.values():
        with pytest.raises(Denied, match="is viewer of project 'default'; this needs developer"):
            use(filled, viewer)


def test_developer_may_change_things(filled: Platform) -> None:
    developer = add_user(filled, "developer", roles={P: Role.DEVELOPER})
    for name, use in CHANGING.items():
        if name in NEEDS_MORE:
            with pytest.raises(NotFound):
                use(filled, developer)
        elif name != "delete_pipeline":
            use(filled, developer)
    CHANGING["delete_pipeline"](filled, developer)


def test_token_that_may_only_read_changes_nothing(filled: Platform) -> None:
    reading = replace(add_user(filled, "admin", is_admin=True), scopes=frozenset({Scope.READ}))
    for use in CHANGING.values():
        with pytest.raises(Denied, match="no scope 'write'"):
            use(filled, reading)


def test_machines_are_shown_to_those_who_may_read(filled: Platform) -> None:
    caller = add_user(filled, "somebody")
    assert machines.list_machines(filled, caller).machines == []
    with pytest.raises(Denied):
        machines.list_machines(filled, replace(caller, scopes=frozenset()))
