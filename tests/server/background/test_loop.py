from pathlib import Path
from typing import Any

import pytest

from kpl.errors import Conflict, Invalid
from kpl.orchestrator.state import RunState
from kpl.schemas.endpoint import EndpointCreate
from kpl.schemas.pipeline import PlanRequest
from kpl.schemas.queue import QueuePut
from kpl.schemas.run import RerunRequest, RunCreate, RunDetail
from kpl.schemas.task import ConditionOut
from kpl.server.services import endpoints, logs, metrics, models, plans, queues, runs, tasks
from kpl.server.services.access import SERVER
from kpl.task import TaskKind, TaskState
from kpl.testing.pipelines import chain, toy_node, toy_pipeline
from kpl.testing.working_server import Working, wait_until, working


def states(run: RunDetail) -> dict[str, str]:
    return {task.name: task.state.value for task in run.tasks}


def test_chain_of_steps_hands_its_files_on(works: Working) -> None:
    run = works.run(chain("one", "two", "three"))
    assert run.state is RunState.SUCCEEDED
    assert (run.num_tasks, run.num_done) == (3, 3)
    file = tasks.output_file(
        works.platform, SERVER, "default", works.task(run, "three").id, output="files", path="text"
    )
    assert file.path.read_text() == "one+two+three"


def test_second_identical_run_executes_nothing_and_says_whom_it_reused(works: Working) -> None:
    first = works.run(chain("same", "again"))
    second = works.run(chain("same", "again"))
    assert states(second) == {"same": "reused", "again": "reused"}
    assert [task.why for task in second.tasks] == [f"reused from task {task.id}" for task in first.tasks]
    assert all(task.num_attempts == 0 for task in second.tasks)


def test_changed_parameter_reruns_only_what_lies_downstream(works: Working) -> None:
    works.run(chain("p", "q"))
    changed = works.run(chain("p", "q", lines=2))
    assert works.task(changed, "p").why == "ran: parameter lines 1 -> 2"
    assert states(changed) == {"p": "succeeded", "q": "reused"}  # what p wrote is the same


def test_plan_says_beforehand_what_the_run_will_do(works: Working) -> None:
    works.run(chain("plan", "ned"))
    asked = PlanRequest(document=chain("plan", "ned", lines=3))
    plan = plans.plan_run(works.platform, SERVER, "default", asked)
    assert [(step.node, step.will_run, step.why) for step in plan.steps] == [
        ("plan", True, "parameter lines 1 -> 3"),
        ("ned", True, "depends on plan that runs"),
    ]
    unchanged = plans.plan_run(works.platform, SERVER, "default", PlanRequest(document=chain("plan", "ned")))
    assert (unchanged.num_reused, unchanged.num_to_run) == (2, 0)


def test_plan_says_how_long_it_will_take_and_what_it_asks_for(works: Working) -> None:
    asked = PlanRequest(document=chain("how", "long", lines=4))
    run = works.run(chain("how", "long"))
    plan = plans.plan_run(works.platform, SERVER, "default", asked)
    ran_s = [task.duration_s for task in run.tasks]
    assert [step.expected_s for step in plan.steps] == ran_s
    assert None not in ran_s
    assert plan.expected_s == pytest.approx(sum(each for each in ran_s if each is not None), abs=0.01)
    assert all("cpu" in step.resources and "CPU" in step.resources_zh for step in plan.steps)
    assert [step.refusal for step in plan.steps] == ["", ""]
    # What is reused costs no time.
    same = plans.plan_run(works.platform, SERVER, "default", PlanRequest(document=chain("how", "long")))
    assert (same.num_to_run, same.expected_s) == (0, 0.0)


def test_plan_names_the_limits_and_what_could_never_start_under_them(works: Working) -> None:
    queues.put_queue(works.platform, SERVER, "default", QueuePut(limit={"cpu": 50, "tasks": 9}))
    try:
        plan = plans.plan_run(
            works.platform, SERVER, "default", PlanRequest(document=chain("too", "much", lines=5))
        )
    finally:
        queues.delete_queue(works.platform, SERVER, "default")
    assert plan.queue == "default"
    assert {(each.queue, each.resource, each.limit) for each in plan.quota} == {
        ("default", "cpu", 50),
        ("default", "tasks", 9),
    }
    assert "the limit of queue 'default' allows 0.05 cpu at most" in plan.steps[0].refusal


def test_each_retry_has_its_own_log(works: Working) -> None:
    node = toy_node("flaky", retries=2, parameters={"text": "try", "fail_until": 2})
    run = works.run(toy_pipeline(node))
    task = works.task(run, "flaky")
    assert (task.state, [each.exit_code for each in task.attempts]) == (TaskState.SUCCEEDED, [0, 3])
    for attempt in (1, 2):
        log = logs.read_log(works.platform, SERVER, "default", task.id, attempt=attempt)
        assert (log.attempt, log.lines, log.is_final) == (attempt, ["line 0: try"], True)


def test_failure_is_explained_and_what_depends_on_it_is_skipped(works: Working) -> None:
    run = works.run(chain("bad", "after", exit_code=7))
    assert run.state is RunState.FAILED
    assert states(run) == {"bad": "failed", "after": "skipped"}
    assert "7" in works.task(run, "bad").reason


def test_rerun_from_a_step_takes_what_lies_before_from_the_old_run(works: Working) -> None:
    old = works.run(chain("r1", "r2", "r3"))
    made = runs.rerun(works.platform, SERVER, "default", old.id, RerunRequest(from_node="r2"))
    again = works.finish(made.id)
    assert states(again) == {"r1": "reused", "r2": "succeeded", "r3": "succeeded"}
    assert again.rerun_of == old.id
    first = works.task(again, "r1")
    assert (first.reused_from, first.outputs) == (old.tasks[0].id, works.task(old, "r1").outputs)
    assert works.task(again, "r2").why == "ran: asked to run from here"


def test_rerun_of_everything_reuses_what_did_not_change(works: Working) -> None:
    old = works.run(chain("w1", "w2"))
    made = runs.rerun(works.platform, SERVER, "default", old.id, RerunRequest())
    assert set(states(works.finish(made.id)).values()) == {"reused"}


def judged(limit: float, operator: str = ">=", metric: str = "score") -> dict[str, Any]:
    """measured -> good -> publish -> tell, otherwise again; the toy reports a score of 0, 0.5 and 1."""
    good = {"id": "good", "type": "condition", "metric": metric, "operator": operator, "value": limit}
    nodes = [toy_node(name, parameters={"text": name}) for name in ("measured", "publish", "tell", "again")]
    edges = {
        "measured.files": "good.measured",
        "good.then": "publish",
        "good.otherwise": "again",
        "publish.files": "tell.files",
    }
    return toy_pipeline(*nodes, good, edges=edges)


def test_the_last_value_of_a_metric_decides_which_way_a_run_goes_on(works: Working) -> None:
    run = works.run(judged(1.0))
    assert states(run) == {
        "measured": "succeeded",
        "good": "succeeded",
        "publish": "succeeded",
        "tell": "succeeded",
        "again": "skipped",
    }
    assert run.state is RunState.SUCCEEDED
    assert run.reason == "condition 'good' holds: score 1 >= 1; skipped: again"
    assert run.reason_zh == "条件“good”成立：score 1 >= 1；已跳过：again"
    assert (run.num_done, run.num_tasks) == (5, 5)
    assert [each.branch for each in run.tasks if each.kind is TaskKind.CONDITION] == ["then"]
    decided = works.task(run, "good")
    assert (decided.num_attempts, decided.attempts, decided.used_by) == (0, [], [])
    assert decided.condition == ConditionOut(
        metric="score", operator=">=", value=1.0, measured=1.0, branch="then"
    )


def test_what_is_reused_is_judged_anew(works: Working) -> None:
    works.run(judged(1.0))
    run = works.run(judged(1.0, ">"))
    assert states(run) == {
        "measured": "reused",
        "good": "succeeded",
        "publish": "skipped",
        "tell": "skipped",
        "again": "succeeded",
    }
    sentence = "condition 'good' does not hold: score 1 <= 1"
    assert (works.task(run, "good").why, works.task(run, "publish").reason) == (sentence, sentence)
    assert works.task(run, "tell").reason.endswith("'publish' was skipped")
    assert (run.state, run.reason) == (RunState.SUCCEEDED, f"{sentence}; skipped: publish, tell")
    # As the plan says beforehand, for what would be reused is known.
    asked = PlanRequest(document=judged(2.0))
    plan = plans.plan_run(works.platform, SERVER, "default", asked)
    assert {step.node: step.action for step in plan.steps} == {
        "measured": "reuse",
        "good": "decide",
        "publish": "skip",
        "tell": "skip",
        "again": "reuse",
    }
    assert (plan.num_to_run, plan.num_reused, plan.expected_s) == (0, 2, 0.0)
    again = runs.rerun(works.platform, SERVER, "default", run.id, RerunRequest(from_node="good"))
    assert states(works.finish(again.id))["publish"] == "skipped"


def test_a_metric_that_was_not_reported_fails_the_run_with_those_that_were(works: Working) -> None:
    run = works.run(judged(1.0, metric="accuracy"))
    assert run.state is RunState.FAILED
    assert works.task(run, "good").reason == (
        f"Metric 'accuracy' was not reported by task {works.task(run, 'measured').id}, "
        "so nothing can be decided. It reported score."
    )
    assert (states(run)["publish"], states(run)["again"]) == ("skipped", "skipped")


def test_metrics_and_progress_are_shown(works: Working) -> None:
    run = works.run(chain("metered"))
    task = works.task(run, "metered")
    assert (task.progress, task.notes) == (0.5, ["noted"])
    assert (task.notes_zh, task.progress_message_zh) == (["已记录"], "一半")
    found = metrics.get_metrics(works.platform, SERVER, "default", task.id)
    assert [(each.name, each.last, each.num_points) for each in found.metrics] == [("score", 1.0, 3)]
    assert found.missing == []
    series = metrics.get_metric_series(works.platform, SERVER, "default", task.id, "score")
    assert (series.steps, series.values) == ([0, 1, 2], [0, 0.5, 1])


def test_running_task_can_be_stopped(works: Working, tmp_path: Path) -> None:
    document = chain("stop", "me", wait_for=str(tmp_path / "never"))
    made = runs.create_run(works.platform, SERVER, "default", RunCreate(document=document))
    works.task_in(made.tasks[0].id, TaskState.RUNNING)
    runs.cancel_run(works.platform, SERVER, "default", made.id)
    run = works.finish(made.id)
    assert (run.state, run.reason) == (RunState.CANCELLED, "stopped by kpl")
    assert states(run)["stop"] == "cancelled"
    with pytest.raises(Conflict, match="is over: cancelled"):
        tasks.cancel_task(works.platform, SERVER, "default", made.tasks[0].id)


def test_log_of_a_running_task_is_there_before_it_ends(works: Working, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    document = chain("live", wait_for=str(go_on))
    made = runs.create_run(works.platform, SERVER, "default", RunCreate(document=document))
    task_id = made.tasks[0].id
    log = wait_until(
        lambda: logs.read_log(works.platform, SERVER, "default", task_id), lambda log: log.num_lines == 1
    )
    assert (log.lines, log.is_final) == (["line 0: live"], False)
    assert works.task_in(task_id, TaskState.RUNNING).progress == 0.5
    go_on.write_text("")
    assert works.finish(made.id).state is RunState.SUCCEEDED


def test_request_that_fits_nowhere_is_refused_with_what_would_fit(works: Working) -> None:
    node = toy_node("huge", resources={"cpu": 64})
    with pytest.raises(Invalid, match=r"'huge' does not fit on any machine.* would fit"):
        runs.create_run(works.platform, SERVER, "default", RunCreate(document=toy_pipeline(node)))


def test_trained_model_is_published_once_and_its_endpoint_answers_for_it(works: Working) -> None:
    train = toy_node("train", "train", publish={"model": "pets"})
    serve = toy_node("deploy", "serve", endpoint="pets")
    document = toy_pipeline(train, serve, edges={"train.model": "deploy.model"})
    run = works.run(document)
    assert run.state is RunState.SUCCEEDED, run.reason
    assert states(run) == {"train": "succeeded", "deploy": "ready"}
    found = models.get_model(works.platform, SERVER, "default", "pets")
    assert (found.num_versions, found.latest.source_task_id) == (1, run.tasks[0].id)
    endpoint = endpoints.get_endpoint(works.platform, SERVER, "default", "pets")
    assert endpoint.state == "ready"
    assert endpoint.model is not None
    assert (endpoint.model.name, endpoint.model.version) == ("pets", 1)

    again = works.run(document)
    assert states(again) == {"train": "reused", "deploy": "reused"}
    assert models.get_model(works.platform, SERVER, "default", "pets").num_versions == 1

    asked = EndpointCreate(name="pets", model="pets", parameters={"greeting": "ho"})
    endpoints.create_endpoint(works.platform, SERVER, "default", asked)
    old_task = endpoint.task_id
    replaced = wait_until(
        lambda: endpoints.get_endpoint(works.platform, SERVER, "default", "pets"),
        lambda seen: seen.state == "ready" and seen.task_id != old_task,
    )
    assert replaced.model == endpoint.model
    ended = works.task_in(old_task, TaskState.CANCELLED)
    assert ended.reason == f"replaced by task {replaced.task_id}"
    now, before = endpoints.list_deployments(works.platform, SERVER, "default", "pets").items
    assert (now.task_id, now.is_current, now.parameters["greeting"]) == (replaced.task_id, True, "ho")
    assert (before.task_id, before.is_current, before.model) == (old_task, False, endpoint.model)
    assert before.ready_at is not None
    assert before.parameters != now.parameters

    endpoints.stop_endpoint(works.platform, SERVER, "default", "pets")
    works.endpoint_in("pets", "stopped")


def test_server_that_was_stopped_takes_its_run_back(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    folder = tmp_path / "data"
    with working(folder) as before:
        document = chain("long", "then", wait_for=str(go_on))
        made = runs.create_run(before.platform, SERVER, "default", RunCreate(document=document))
        before.task_in(made.tasks[0].id, TaskState.RUNNING)
    go_on.write_text("")
    with working(folder) as after:
        run = after.finish(made.id)
        assert states(run) == {"long": "succeeded", "then": "succeeded"}
        assert [task.num_attempts for task in run.tasks] == [1, 1]
