from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kpl.errors import Invalid, NotFound
from kpl.schemas.pipeline import PlanRequest
from kpl.schemas.run import RerunRequest, RunCreate
from kpl.schemas.task import TrialOrder
from kpl.server.db.tables.tasks import TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services import going_on, plans, runs, tasks, trials
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec, encode_spec
from kpl.task import SearchProgress, TaskState
from kpl.task.ids import TaskId
from kpl.testing.pipelines import toy_node, toy_pipeline
from kpl.testing.toy_algorithm import install_toy_algorithm

P = "default"
VALUES = (0.3, None, 0.9, 0.9, 0.1)
SEARCH = {"parameters": {"lines": {"min": 1, "max": 9}}, "trials": 6, "parallel": 2, "budget_s": 60}
DOCUMENT = toy_pipeline(toy_node("a", search=SEARCH), toy_node("b"), edges={"a.files": "b.files"})


@pytest.fixture
def search_id(platform: Platform, tmp_path: Path) -> int:
    """A search under way of six trials at most, five of which have ended."""
    install_toy_algorithm(platform, tmp_path / "toy")
    made = runs.create_run(platform, SERVER, P, RunCreate(document=DOCUMENT))
    number = made.tasks[0].id
    with platform.db.write() as session:
        search = session.get_one(TaskRow, number)
        spec = decode_spec(session.get_one(TaskSpecRow, number).spec)
        for trial, value in enumerate(VALUES, start=1):
            row = TaskRow(
                project_id=search.project_id, run_id=search.run_id, name=f"a/{trial}", kind="batch", algorithm="toy",
                version="1.0.0", function="process", depends_on=[], parent_id=number, trial=trial, value=value,
                state=TaskState.CANCELLED if value is None else TaskState.SUCCEEDED, is_final=True,
                fell_behind=value is None, created_by="ann", created_at_s=1.0, started_at_s=5.0, finished_at_s=15.0,
            )  # fmt: skip
            session.add(row)
            session.flush()
            tried = replace(spec, search=None, parameters={**spec.parameters, "lines": trial})
            session.add(TaskSpecRow(task_id=row.id, spec=encode_spec(tried)))
        progress = SearchProgress(
            5, done=4, stopped_early=1, best_task_id=TaskId(number + 4), best_trial=3, best_value=0.9
        )
        search.state, search.started_at_s = TaskState.SEARCHING, platform.now_s()
        search.search = {**(search.search or {}), "progress": asdict(progress)}
    return number


@pytest.mark.parametrize(("sort", "order"), [("trial", [1, 2, 3, 4, 5]), ("value", [3, 4, 1, 5, 2])])
def test_trials_are_listed_page_by_page(
    sort: TrialOrder, order: list[int], platform: Platform, search_id: int
) -> None:
    seen, cursor = [], None
    while True:
        page = trials.list_trials(platform, SERVER, P, search_id, sort=sort, cursor=cursor, limit=2)
        assert len(page.items) <= 2
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [each.trial for each in seen] == order
    by_number = {each.trial: each for each in seen}
    assert by_number[2].parameters == {"lines": 2}, "what is searched, and nothing else"
    assert [each.trial for each in seen if each.is_best] == [3]
    assert [each.trial for each in seen if each.is_stopped_early] == [2]
    with pytest.raises(Invalid, match="is not a cursor of this list"):
        trials.list_trials(platform, SERVER, P, search_id, sort=sort, cursor="nonsense")


def test_lists_of_tasks_leave_trials_out_where_they_are_told_to(platform: Platform, search_id: int) -> None:
    run_id = tasks.get_task(platform, SERVER, P, search_id).run_id
    assert [task.name for task in tasks.list_tasks(platform, SERVER, P, run_id=run_id).items] == ["b", "a"]
    assert len(tasks.list_tasks(platform, SERVER, P).items) == 2 + len(VALUES)
    assert len(tasks.list_tasks(platform, SERVER, P, with_trials=False).items) == 2


def test_a_task_that_searches_nothing_has_no_trials(platform: Platform, search_id: int) -> None:
    with pytest.raises(NotFound, match="searches nothing"):
        trials.list_trials(platform, SERVER, P, search_id + 1)


def test_a_search_tells_how_far_it_is_and_trials_are_no_steps_of_the_run(
    platform: Platform, search_id: int
) -> None:
    task = tasks.get_task(platform, SERVER, P, search_id)
    assert task.search is not None
    assert (task.search.done, task.search.stopped_early, task.search.trials) == (4, 1, 6)
    assert task.search.ends_at is not None
    assert task.search.ends_at.timestamp() == platform.now_s() + 60
    assert task.progress == pytest.approx(5 / 6)
    assert task.progress_message == "5 of 6 trials; trial 3 is the best: score 0.9"
    assert task.parameters["lines"] == 3, "the values of the best trial"
    run_id = task.run_id
    assert run_id is not None
    assert [each.name for each in runs.get_run(platform, SERVER, P, run_id).tasks] == ["a", "b"]
    listed = tasks.list_tasks(platform, SERVER, P, run_id=run_id).items
    assert [each.name for each in listed] == ["b", "a"]
    (going,) = going_on.list_going_on(platform, SERVER, P).items
    assert going.run.num_done == 0
    assert going.step is not None
    assert going.step.id == search_id
    assert going.progress == pytest.approx(5 / 12)


def test_a_plan_estimates_a_search_by_its_trials(platform: Platform, search_id: int) -> None:
    step = plans.plan_run(platform, SERVER, P, PlanRequest(document=DOCUMENT)).steps[0]
    assert step.why.endswith("; search of up to 6 trials, 2 at once")
    assert step.why_zh.endswith("；自动调参，最多 6 次试验，同时 2 次")
    assert step.expected_s == 30, "three turns of 10 s"


def test_a_run_that_is_repeated_from_behind_a_search_takes_what_it_came_to(
    platform: Platform, search_id: int, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "text").write_text("hello")
    artifact = platform.artifacts.put_tree(tmp_path / "made").digest
    with platform.db.write() as session:
        search = session.get_one(TaskRow, search_id)
        search.state, search.is_final, run_id = TaskState.SUCCEEDED, True, search.run_id
        session.add(TaskOutputRow(task_id=search_id, name="files", artifact=artifact))
    assert run_id is not None
    again = runs.rerun(platform, SERVER, P, run_id, RerunRequest(from_node="b"))
    first = again.tasks[0]
    assert (first.state, first.reused_from) == (TaskState.REUSED, search_id)
    assert first.search is not None
    assert first.search.best_value == 0.9
    assert len(trials.list_trials(platform, SERVER, P, first.id).items) == 5
