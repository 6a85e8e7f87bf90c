from pathlib import Path

import pytest
from sqlalchemy import select

from kpl.errors import Conflict, NotFound
from kpl.orchestrator.state import RunState
from kpl.pipeline.plan import InvalidPipeline
from kpl.schemas.run import RunCreate
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskInputRow
from kpl.server.services import audit, runs, tasks
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.task import TaskState
from kpl.testing.pipelines import chain, toy_node, toy_pipeline
from kpl.testing.server import FakeClock, add_project
from kpl.testing.toy_algorithm import install_toy_algorithm


@pytest.fixture(autouse=True)
def toy(platform: Platform, tmp_path: Path) -> None:
    install_toy_algorithm(platform, tmp_path / "toy")


def start(platform: Platform, *names: str) -> int:
    return runs.create_run(platform, SERVER, "default", RunCreate(document=chain(*names))).id


def test_run_freezes_versions_and_parameters(platform: Platform, tmp_path: Path) -> None:
    document = chain("a")
    document["parameters"] = {"n": {"type": "integer", "default": 4}}
    document["nodes"][0]["parameters"] = {"lines": "${parameters.n}"}
    made = runs.create_run(platform, SERVER, "default", RunCreate(document=document, parameters={"n": 6}))
    install_toy_algorithm(platform, tmp_path / "newer", version="1.1.0")
    task = tasks.get_task(platform, SERVER, "default", made.tasks[0].id)
    assert (task.version, task.parameters["lines"]) == ("1.0.0", 6)
    assert runs.get_run(platform, SERVER, "default", made.id).document["nodes"][0]["algorithm"] == "toy@1.0.0"
    assert made.parameters == {"n": 6}


def test_pipeline_that_cannot_run_is_refused_and_leaves_nothing(platform: Platform) -> None:
    with pytest.raises(InvalidPipeline, match=r"nodes.x.function: .*Did you mean 'process'"):
        runs.create_run(
            platform, SERVER, "default", RunCreate(document=toy_pipeline(toy_node("x", "proces")))
        )
    assert runs.list_runs(platform, SERVER, "default").items == []


def test_runs_are_listed_newest_first_page_by_page(platform: Platform) -> None:
    made = [start(platform, "a") for _ in range(3)]
    first = runs.list_runs(platform, SERVER, "default", limit=2)
    second = runs.list_runs(platform, SERVER, "default", limit=2, cursor=first.next_cursor)
    assert [run.id for run in (*first.items, *second.items)] == made[::-1]
    assert second.next_cursor is None
    assert runs.list_runs(platform, SERVER, "default", state=RunState.FAILED).items == []
    assert len(runs.list_runs(platform, SERVER, "default", state=RunState.QUEUED).items) == 3


def test_tasks_are_listed_by_run_and_state(platform: Platform) -> None:
    start(platform, "a")
    run_id = start(platform, "b", "c")
    listed = tasks.list_tasks(platform, SERVER, "default", run_id=run_id)
    assert [task.name for task in listed.items] == ["c", "b"]
    assert tasks.list_tasks(platform, SERVER, "default", state=TaskState.RUNNING).items == []


def test_stop_is_asked_for_once_the_run_is_not_over(platform: Platform) -> None:
    run_id = start(platform, "a")
    assert runs.cancel_run(platform, SERVER, "default", run_id).state is RunState.QUEUED
    entries = audit.list_audit(
        platform, SERVER, project="default", username=None, action="run.cancel", cursor=None, limit=10
    )
    assert [entry.target for entry in entries.items] == [f"run:{run_id}"]


def test_run_of_another_project_does_not_exist_here(platform: Platform) -> None:
    run_id = start(platform, "a")
    add_project(platform, "other")
    with pytest.raises(NotFound, match=f"'other' has no run {run_id}"):
        runs.get_run(platform, SERVER, "other", run_id)
    with pytest.raises(NotFound, match="'other' has no task 1"):
        tasks.get_task(platform, SERVER, "other", 1)


def test_waiting_run_has_no_duration(platform: Platform, clock: FakeClock) -> None:
    run_id = start(platform, "a")
    clock.advance(5)
    run = runs.get_run(platform, SERVER, "default", run_id)
    assert (run.duration_s, run.tasks[0].duration_s) == (None, None)


def test_task_shows_what_it_takes_before_it_is_there(platform: Platform) -> None:
    made = runs.create_run(platform, SERVER, "default", RunCreate(document=chain("a", "b")))
    first, second = made.tasks
    task = tasks.get_task(platform, SERVER, "default", second.id)
    (taken,) = task.inputs
    assert (taken.from_task, taken.from_output, taken.artifact) == (first.id, "files", None)
    (output,) = tasks.list_outputs(platform, SERVER, "default", first.id)
    assert (output.name, output.artifact, output.files) == ("files", None, [])
    with pytest.raises(NotFound, match="has no stored output 'files'"):
        tasks.output_file(platform, SERVER, "default", first.id, output="files", path="text")


def test_task_names_the_version_that_its_input_is(platform: Platform) -> None:
    made = runs.create_run(platform, SERVER, "default", RunCreate(document=chain("a", "b")))
    digest = "ab" * 32
    with platform.db.write() as session:
        project_id = session.scalars(select(ProjectRow.id)).one()
        about = {"project_id": project_id, "created_at_s": 0.0, "created_by": "dev"}
        model = ModelRow(name="digits", **about)
        session.add(model)
        session.flush()
        versions = (
            ModelVersionRow(model_id=model.id, version=n, task="toy", digest=digest, manifest={}, **about)
            for n in (1, 2)
        )
        session.add_all(versions)
        taken = session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == made.tasks[1].id)).one()
        taken.artifact = digest
    (shown,) = tasks.get_task(platform, SERVER, "default", made.tasks[1].id).inputs
    assert (shown.artifact, shown.published_as) == (digest, "digits@2")


def test_task_that_is_over_cannot_be_stopped(platform: Platform) -> None:
    run_id = start(platform, "a")
    task_id = runs.get_run(platform, SERVER, "default", run_id).tasks[0].id
    with platform.db.write() as session:
        session.connection().exec_driver_sql("UPDATE tasks SET state = 'failed', is_final = 1")
    with pytest.raises(Conflict, match="is over: failed"):
        tasks.cancel_task(platform, SERVER, "default", task_id)
