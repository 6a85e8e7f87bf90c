from dataclasses import replace

from kpl.orchestrator import RunState
from kpl.orchestrator.searching import FIRST_FAILURES
from kpl.orchestrator.state import (
    CancelRun,
    CancelTask,
    Choose,
    ChooseFailed,
    Chosen,
    Collected,
    Command,
    FellBehind,
    Resolve,
    Resolved,
    SetPriority,
    StartAttempt,
)
from kpl.orchestrator.work import commands_for
from kpl.resources import ResourceRequest
from kpl.sentence import chinese_of
from kpl.task import (
    ArtifactInput,
    OutputSpec,
    SearchProgress,
    SearchSpec,
    Task,
    TaskOutputInput,
    TaskState,
)
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.drive import Drive
from kpl.testing.tasks import tiny_search, tiny_task

DATA, MODEL = Digest("d" * 64), Digest("e" * 64)


def searching(drive: Drive, search: SearchSpec | None = None) -> None:
    """A run of a search, task 1, with a task behind it, task 2; its trials are numbered from 3."""
    train = tiny_task(
        1,
        run=1,
        name="train",
        outputs=[OutputSpec("model", "model", publish="digits")],
        inputs=[ArtifactInput("data", "dataset", "", DATA)],
        parameters={"epochs": 3, "rate": 0.5},
        search=search or tiny_search(),
    )
    test = tiny_task(2, run=1, after=[1], inputs=[TaskOutputInput("model", "model", "", TaskId(1), "model")])
    drive.submit(train, test, run=1)
    drive.resolve(1)


def choose(drive: Drive, number: int, rate: float = 0.5) -> tuple[Command, ...]:
    return drive.take(Chosen(TaskId(1), number, {"rate": rate}))


def end(drive: Drive, task: int, value: float | None) -> tuple[Command, ...]:
    """Let a trial come to its end with what it reported."""
    drive.resolve(task)
    drive.exit(f"{task}-1")
    made = Digest(f"{task}" * 64)
    return drive.take(Collected(AttemptId(f"{task}-1"), {"model": made}, value=value))


def progress(drive: Drive) -> SearchProgress:
    found = drive.tasks[TaskId(1)].search
    assert found is not None
    return found


def trial(drive: Drive, task: int) -> Task:
    return drive.tasks[TaskId(task)]


def test_a_search_tries_one_trial_after_another_and_ends_with_the_best() -> None:
    drive = Drive()
    searching(drive)
    assert drive.state_of(1) is TaskState.SEARCHING
    assert drive.commands == (Choose(TaskId(1), 1),)
    assert choose(drive, 1, 0.1) == (Resolve(TaskId(3)),)
    first = trial(drive, 3)
    assert (first.name, first.parent_id, first.trial, first.run_id) == ("train/1", 1, 1, 1)
    assert first.spec.parameters == {"epochs": 3, "rate": 0.1}
    assert (first.spec.search, first.spec.objective) == (None, tiny_search().objective)
    assert first.spec.outputs == (OutputSpec("model", "model"),), "the search publishes, not its trials"
    assert end(drive, 3, 0.7) == (Choose(TaskId(1), 2),)
    choose(drive, 2)
    assert end(drive, 4, 0.9) == (Choose(TaskId(1), 3),)
    choose(drive, 3)
    assert end(drive, 5, 0.9) == (Resolve(TaskId(2)),)
    search = trial(drive, 1)
    assert search.state is TaskState.SUCCEEDED
    assert search.outputs == {"model": "4" * 64}, "of equal trials the earlier is the best"
    assert search.reason == "trial 2 of 3 is the best: score 0.9"
    assert chinese_of(search.reason) == "3 次试验中第 2 次最好：score 0.9"
    assert progress(drive) == SearchProgress(3, done=3, best_task_id=TaskId(4), best_trial=2, best_value=0.9)
    assert trial(drive, 2).inputs == {"model": "4" * 64}


def test_the_run_ends_with_its_nodes_and_leaves_nothing_behind() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=1))
    choose(drive, 1)
    end(drive, 3, 0.5)
    drive.resolve(2)
    drive.exit("2-1")
    drive.take(Collected(AttemptId("2-1"), {}))
    assert drive.runs[RunId(1)].state is RunState.SUCCEEDED
    assert (drive.state.runs, drive.state.tasks) == ({}, {})


def test_the_least_is_the_best_where_the_metric_says_so_and_a_trial_without_a_value_is_none() -> None:
    drive = Drive()
    objective = replace(tiny_search().objective, direction="minimize")
    searching(drive, tiny_search(objective=objective))
    for number, value in enumerate((None, 0.4, 0.6), start=1):
        choose(drive, number)
        end(drive, number + 2, value)
    assert trial(drive, 1).outputs == {"model": "4" * 64}


def test_so_many_trials_go_on_at_once_as_asked_for() -> None:
    drive = Drive()
    searching(drive, tiny_search(parallel=2, trials=4))
    assert set(choose(drive, 1)) == {Choose(TaskId(1), 2), Resolve(TaskId(3))}
    assert choose(drive, 2) == (Resolve(TaskId(4)),)
    assert progress(drive).running == 2
    assert end(drive, 4, 0.5) == (Choose(TaskId(1), 3),)


def test_an_answer_that_comes_twice_late_or_for_another_trial_adds_nothing() -> None:
    drive = Drive()
    searching(drive, tiny_search(parallel=3))
    choose(drive, 2)
    assert TaskId(3) not in drive.tasks
    choose(drive, 1)
    choose(drive, 1)
    assert TaskId(4) not in drive.tasks
    assert commands_for(drive.state) == (Choose(TaskId(1), 2), Resolve(TaskId(3)))
    drive.take(CancelTask(TaskId(1)))
    choose(drive, 2)
    assert TaskId(4) not in drive.tasks


def test_a_trial_that_fails_does_not_fail_the_search() -> None:
    drive = Drive()
    searching(drive)
    choose(drive, 1)
    drive.resolve(3)
    assert drive.exit("3-1", exit_code=1) == (Choose(TaskId(1), 2),)
    choose(drive, 2)
    end(drive, 4, 0.1)
    choose(drive, 3)
    end(drive, 5, None)
    assert trial(drive, 1).outputs == {"model": "4" * 64}
    assert progress(drive).failed == 1


def test_a_search_whose_trials_all_fail_says_why_and_does_not_go_on_for_ever() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=1000))
    for number in range(FIRST_FAILURES):
        choose(drive, number + 1)
        drive.resolve(number + 3)
        drive.exit(f"{number + 3}-1", exit_code=number + 1)
    assert drive.state_of(1) is TaskState.FAILED
    assert drive.reason_of(1) == "all 5 trials failed, the first: the process ended with exit code 1"
    assert chinese_of(drive.reason_of(1)) == "全部 5 次试验失败，第一次失败：进程以退出码 1 结束"
    assert drive.state_of(2) is TaskState.SKIPPED


def test_a_search_of_which_nothing_was_reported_says_so() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=1))
    choose(drive, 1)
    end(drive, 3, None)
    assert drive.state_of(1) is TaskState.FAILED
    assert drive.reason_of(1) == "no trial reported 'score', so none is the best"


def test_no_trial_begins_after_the_budget_but_one_always_does() -> None:
    drive = Drive()
    searching(drive, tiny_search(budget_s=10))
    drive.now_s += 60
    choose(drive, 1)
    assert end(drive, 3, 0.5) == (Resolve(TaskId(2)),)
    assert progress(drive).num_trials == 1


def test_a_search_ends_when_nothing_is_left_to_try() -> None:
    drive = Drive()
    searching(drive, tiny_search(parallel=2))
    choose(drive, 1)
    drive.take(Chosen(TaskId(1), 2, None))
    assert end(drive, 3, 0.5) == (Resolve(TaskId(2)),)


def test_a_search_fails_when_no_values_could_be_chosen_and_keeps_what_it_has_otherwise() -> None:
    drive = Drive()
    searching(drive)
    drive.take(ChooseFailed(TaskId(1), 1, "no memory"))
    assert (drive.state_of(1), drive.reason_of(1)) == (TaskState.FAILED, "no memory")
    drive = Drive()
    searching(drive)
    choose(drive, 1)
    end(drive, 3, 0.5)
    drive.take(ChooseFailed(TaskId(1), 2, "no memory"))
    assert drive.state_of(1) is TaskState.SUCCEEDED


def test_trials_that_fall_behind_are_stopped_and_not_the_best() -> None:
    drive = Drive()
    searching(drive, tiny_search(parallel=2, trials=2, pruning=True))
    choose(drive, 1)
    choose(drive, 2)
    drive.resolve(4)
    drive.run("4-1")
    drive.take(FellBehind({TaskId(4): 0.99, TaskId(3): 0.5}))  # 3 waits, so there is nothing to stop
    assert drive.state_of(4) is TaskState.STOPPING
    drive.exit("4-1", exit_code=-15)
    assert (trial(drive, 4).state, trial(drive, 4).value) == (TaskState.CANCELLED, 0.99)
    assert drive.reason_of(4) == "stopped early: others were better at the same point"
    end(drive, 3, 0.5)
    assert (progress(drive).stopped_early, progress(drive).best_task_id) == (1, 3)
    assert drive.state_of(1) is TaskState.SUCCEEDED


def test_a_trial_that_ended_before_it_was_stopped_counts_as_done() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=1, pruning=True))
    choose(drive, 1)
    drive.resolve(3)
    drive.run("3-1")
    drive.take(FellBehind({TaskId(3): 0.2}))
    drive.exit("3-1")
    drive.take(Collected(AttemptId("3-1"), {"model": MODEL}, value=0.3))
    assert (progress(drive).done, progress(drive).stopped_early, progress(drive).best_value) == (1, 0, 0.3)


def test_stopping_a_search_or_its_run_stops_its_trials() -> None:
    for event in (CancelTask(TaskId(1), "enough"), CancelRun(RunId(1), "enough")):
        drive = Drive()
        searching(drive, tiny_search(parallel=2))
        choose(drive, 1)
        choose(drive, 2)
        drive.resolve(3)
        drive.run("3-1")
        drive.take(event)
        assert (drive.state_of(3), drive.state_of(4)) == (TaskState.STOPPING, TaskState.CANCELLED)
        assert drive.state_of(1) is TaskState.SEARCHING, "it ends with its last trial"
        drive.exit("3-1", exit_code=-15)
        assert [(drive.state_of(n), drive.reason_of(n)) for n in (1, 3)] == [
            (TaskState.CANCELLED, "enough")
        ] * 2
        assert drive.state_of(2) in (TaskState.SKIPPED, TaskState.CANCELLED)
        assert drive.runs[RunId(1)].state is RunState.CANCELLED


def test_a_trial_that_is_stopped_by_hand_is_one_of_many() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=2))
    choose(drive, 1)
    assert drive.take(CancelTask(TaskId(3))) == (Choose(TaskId(1), 2),)
    choose(drive, 2)
    end(drive, 4, 0.1)
    assert drive.state_of(1) is TaskState.SUCCEEDED


def test_a_search_that_was_done_before_is_reused_whole_with_what_it_came_to() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, run=1, search=tiny_search(), outputs=[OutputSpec("model", "model")]), run=1)
    came_to = SearchProgress(3, done=3, best_task_id=TaskId(7), best_trial=2, best_value=0.9)
    drive.take(Resolved(TaskId(1), DATA, "reused from task 5", TaskId(5), {"model": MODEL}, search=came_to))
    assert (drive.state_of(1), progress(drive)) == (TaskState.REUSED, came_to)


def test_a_reused_trial_counts_with_what_was_reported_then() -> None:
    drive = Drive()
    searching(drive, tiny_search(trials=1))
    choose(drive, 1)
    drive.take(Resolved(TaskId(3), DATA, "reused from task 9", TaskId(9), {"model": MODEL}, value=0.8))
    assert (drive.state_of(3), drive.state_of(1)) == (TaskState.REUSED, TaskState.SUCCEEDED)
    assert progress(drive).best_value == 0.8


def test_trials_have_the_priority_that_their_search_has_by_then() -> None:
    drive = Drive()
    searching(drive)
    drive.take(SetPriority(TaskId(1), 7))
    choose(drive, 1)
    assert trial(drive, 3).priority == 7


def test_a_search_that_could_never_start_a_trial_fails_at_once() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, run=1, search=tiny_search(), resources=ResourceRequest(99_000, 64)), run=1)
    drive.resolve(1)
    assert drive.state_of(1) is TaskState.FAILED


def test_trials_are_placed_like_any_task() -> None:
    drive = Drive()
    searching(drive)
    choose(drive, 1)
    assert drive.resolve(3) == (StartAttempt(TaskId(3), AttemptId("3-1")),)
