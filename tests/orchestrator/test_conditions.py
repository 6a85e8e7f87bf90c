from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kpl.errors import Invalid
from kpl.orchestrator import RunState
from kpl.orchestrator.conditions import decide
from kpl.orchestrator.handlers import Handlers
from kpl.orchestrator.memory_store import InMemoryStore
from kpl.orchestrator.state import CancelRun, Collected, Decided, Resolve, Resolved, ResolveFailed
from kpl.orchestrator.work import commands_for
from kpl.sentence import in_chinese
from kpl.storage.artifacts import ArtifactStore
from kpl.task import OTHERWISE, THEN, Branch, Condition, OutputSpec, SearchProgress, Task, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.drive import Drive
from kpl.testing.null_executor import NullExecutor
from kpl.testing.tasks import tiny_condition, tiny_machine, tiny_run, tiny_task

A, B = Digest("a" * 64), Digest("b" * 64)
GOOD_ENOUGH = tiny_condition(2, measures=1, run=1, name="good_enough")


@dataclass(frozen=True)
class Last:
    last: float


@pytest.mark.parametrize(
    ("operator", "measured", "branch", "compared"),
    [
        (">=", 0.9, THEN, "holds: accuracy 0.9 >= 0.9"),
        (">=", 0.87, OTHERWISE, "does not hold: accuracy 0.87 < 0.9"),
        (">=", 0.8999999999, OTHERWISE, "does not hold: accuracy 0.8999999999 < 0.9"),
        (">", 0.9, OTHERWISE, "does not hold: accuracy 0.9 <= 0.9"),
        ("<=", 0.9, THEN, "holds: accuracy 0.9 <= 0.9"),
        ("<", 0.95, OTHERWISE, "does not hold: accuracy 0.95 >= 0.9"),
    ],
)
def test_a_condition_says_what_was_compared(
    operator: str, measured: float, branch: str, compared: str
) -> None:
    condition = Condition("accuracy", operator, 0.9)  # type: ignore[arg-type]
    verdict = decide("good_enough", condition, source=TaskId(1), reported={"accuracy": Last(measured)})
    assert (verdict.branch, verdict.why) == (branch, f"condition 'good_enough' {compared}")
    assert in_chinese(verdict.why).startswith("条件“good_enough”")


def test_a_metric_that_was_not_reported_is_refused_with_those_that_were() -> None:
    condition = Condition("acuracy", ">=", 0.9)
    with pytest.raises(
        Invalid, match=r"Metric 'acuracy' was not reported by task 1.*It reported accuracy, loss"
    ):
        decide("x", condition, source=TaskId(1), reported={"loss": Last(1.0), "accuracy": Last(0.5)})
    with pytest.raises(Invalid, match="It reported no metric"):
        decide("x", condition, source=TaskId(1), reported={})


def deploy_or_retrain() -> tuple[Task, ...]:
    """test -> good_enough -> deploy -> tell, otherwise retrain; `deploy` waits for `slow` as well."""
    condition = GOOD_ENOUGH.id
    return (
        tiny_task(1, run=1, outputs=[OutputSpec("out", "files")]),
        GOOD_ENOUGH,
        tiny_task(3, run=1, name="slow"),
        tiny_task(4, run=1, after=[2, 3], name="deploy", branches=[Branch(condition, THEN)]),
        tiny_task(5, run=1, after=[4], name="tell"),
        tiny_task(6, run=1, after=[2], name="retrain", branches=[Branch(condition, OTHERWISE)]),
    )


def decided(branch: str) -> Drive:
    drive = Drive()
    drive.start(*deploy_or_retrain(), run=1)
    drive.exit("1-1")
    assert drive.take(Collected(AttemptId("1-1"), {"out": A})) == (Resolve(TaskId(2)),)
    drive.take(Decided(TaskId(2), {branch: B}, f"took {branch}", "accuracy 1 >= 0.9"))
    return drive


def test_the_branch_that_was_taken_goes_on_and_the_other_is_skipped() -> None:
    drive = decided(THEN)
    condition = drive.tasks[TaskId(2)]
    assert (condition.state, condition.branch, condition.why) == (TaskState.SUCCEEDED, THEN, "took then")
    assert condition.reason == "accuracy 1 >= 0.9"
    assert (drive.state_of(4), drive.state_of(6)) == (TaskState.WAITING, TaskState.SKIPPED)
    assert drive.reason_of(6) == "took then"


def test_what_is_not_to_run_is_skipped_at_once_with_all_that_depends_on_it() -> None:
    drive = decided(OTHERWISE)
    assert drive.state_of(3) is TaskState.RUNNING
    assert [drive.state_of(n) for n in (4, 5)] == [TaskState.SKIPPED] * 2
    assert (drive.reason_of(4), drive.reason_of(5)) == ("took otherwise", "task 4 'deploy' was skipped")
    assert drive.state_of(6) is TaskState.RESOLVING


def test_a_run_succeeds_though_a_condition_skipped_some_of_it_and_says_so() -> None:
    drive = decided(OTHERWISE)
    for number in (3, 6):
        if number == 6:
            drive.resolve(6)
        drive.exit(f"{number}-1")
        drive.take(Collected(AttemptId(f"{number}-1"), {}))
    run = drive.runs[RunId(1)]
    assert (run.state, run.reason) == (RunState.SUCCEEDED, "took otherwise; skipped: deploy, tell")


def test_a_condition_that_cannot_be_decided_fails_the_run() -> None:
    drive = Drive()
    drive.start(tiny_task(1, run=1, outputs=[OutputSpec("out", "files")]), GOOD_ENOUGH, run=1)
    drive.exit("1-1")
    drive.take(Collected(AttemptId("1-1"), {"out": A}))
    drive.take(ResolveFailed(TaskId(2), "no such metric"))
    assert drive.runs[RunId(1)].state is RunState.FAILED
    assert drive.runs[RunId(1)].reason == "task 2 'good_enough' failed: no such metric"


def test_a_condition_that_was_cancelled_meanwhile_is_not_decided() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, run=1, outputs=[OutputSpec("out", "files")]), GOOD_ENOUGH, run=1)
    drive.take(Resolved(TaskId(1), A, "reused from task 41", TaskId(41), {"out": A}))
    assert commands_for(drive.state) == (Resolve(TaskId(2)),)
    drive.take(CancelRun(RunId(1)))
    drive.take(Decided(TaskId(2), {THEN: B}, "took then"))
    assert drive.tasks[TaskId(2)].state is TaskState.CANCELLED


def test_the_value_reported_last_decides_also_through_reuse_and_each_time_alike(tmp_path: Path) -> None:
    executor = NullExecutor(tmp_path / "attempts", (tiny_machine(),))
    store = InMemoryStore()
    handlers = Handlers(store, executor, ArtifactStore(tmp_path / "artifacts"))
    drive = Drive()
    drive.start(tiny_task(9))
    drive.exit("9-1")
    drive.take(Collected(AttemptId("9-1"), {"out": A}))
    drive.submit(tiny_task(1, run=1, outputs=[OutputSpec("out", "files")]), GOOD_ENOUGH, run=1)
    drive.take(Resolved(TaskId(1), A, "reused from task 9", TaskId(9), {"out": A}))
    search = replace(tiny_task(11), search=SearchProgress(best_task_id=TaskId(1)))
    store.submit([search])
    store.submit(list(drive.tasks.values()), tiny_run(1, [drive.tasks[TaskId(1)], drive.tasks[TaskId(2)]]))
    events = executor.files(AttemptId("9-1")).events
    events.parent.mkdir(parents=True)
    events.write_text(
        '{"type": "metric", "name": "accuracy", "value": 0.99}\n'
        '{"type": "metric", "name": "accuracy", "value": 0.87}'
    )
    assert store.find_reported(search.id) == store.find_reported(TaskId(1)) == AttemptId("9-1")
    answers = {str(handlers.resolve(drive.tasks[TaskId(2)])) for _ in range(2)}
    answer = handlers.resolve(drive.tasks[TaskId(2)])
    assert isinstance(answer, Decided)
    assert len(answers) == 1
    assert list(answer.outputs) == [OTHERWISE]
    assert answer.why == "condition 'good_enough' does not hold: accuracy 0.87 < 0.9"
    assert answer.reason == "accuracy 0.87 < 0.9"
