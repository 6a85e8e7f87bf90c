from dataclasses import replace

import pytest

from kpl.orchestrator import RunState
from kpl.orchestrator.state import (
    CancelRun,
    CancelTask,
    Collect,
    Collected,
    CollectFailed,
    Command,
    Resolve,
    Resolved,
    ResolveFailed,
    StartAttempt,
    StopAttempt,
    Submitted,
)
from kpl.orchestrator.work import commands_for
from kpl.resources import DeviceRequest, ResourceRequest
from kpl.task import AttemptState, Outcome, OutputSpec, Task, TaskKind, TaskOutputInput, TaskState
from kpl.task.ids import AttemptId, Digest, RunId, TaskId
from kpl.testing.drive import Drive
from kpl.testing.tasks import tiny_machine, tiny_task

A, B = Digest("a" * 64), Digest("b" * 64)


def service(number: int, *, run: int | None = None, endpoint: str = "digits") -> Task:
    return tiny_task(number, kind=TaskKind.SERVICE, run=run, endpoint=endpoint)


def test_a_task_goes_from_waiting_to_succeeded() -> None:
    drive = Drive()
    assert drive.submit(tiny_task(1, outputs=[OutputSpec("model", "model")])) == (Resolve(TaskId(1)),)
    assert drive.resolve(1) == (StartAttempt(TaskId(1), AttemptId("1-1")),)
    assert drive.run("1-1") == ()
    assert drive.state_of(1) is TaskState.RUNNING
    assert drive.exit("1-1") == (Collect(TaskId(1), AttemptId("1-1")),)
    assert drive.take(Collected(AttemptId("1-1"), {"model": B}, "a remark")) == ()
    task = drive.tasks[TaskId(1)]
    assert (task.state, task.outputs, task.reason) == (TaskState.SUCCEEDED, {"model": B}, "a remark")
    assert (task.digest, task.why, task.finished_at_s) == (A, "ran: first time", 100.0)
    assert (drive.state.runs, drive.state.tasks) == ({}, {})


def test_a_process_that_ends_before_anybody_saw_it_run_is_collected() -> None:
    drive = Drive()
    drive.submit(tiny_task(1))
    drive.resolve(1)
    drive.exit("1-1")
    assert drive.state_of(1) is TaskState.COLLECTING
    assert drive.tasks[TaskId(1)].started_at_s == 100.0


def test_outputs_of_one_task_are_the_inputs_of_the_next() -> None:
    drive = Drive()
    model = TaskOutputInput("model", "model", "classification", TaskId(1), "model")
    tasks = (
        tiny_task(1, run=1, outputs=[OutputSpec("model", "model")]),
        tiny_task(2, run=1, after=[1], inputs=[model]),
    )
    drive.start(*tasks, run=1)
    assert drive.reason_of(2) == "waits for task 1 'node1'"
    drive.exit("1-1")
    assert drive.take(Collected(AttemptId("1-1"), {"model": B})) == (Resolve(TaskId(2)),)
    assert drive.tasks[TaskId(2)].inputs == {"model": B}


def test_an_optional_output_left_empty_is_no_input() -> None:
    drive = Drive()
    model = TaskOutputInput("model", "model", "", TaskId(1), "model")
    outputs = [OutputSpec("model", "model", is_optional=True)]
    drive.start(tiny_task(1, run=1, outputs=outputs), tiny_task(2, run=1, after=[1], inputs=[model]), run=1)
    drive.exit("1-1")
    drive.take(Collected(AttemptId("1-1"), {}))
    assert (drive.state_of(2), drive.tasks[TaskId(2)].inputs) == (TaskState.RESOLVING, {})


def test_a_reused_task_starts_nothing_and_lets_the_next_go_on() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, run=1), tiny_task(2, run=1, after=[1]), run=1)
    commands = drive.take(Resolved(TaskId(1), A, "reused from task 41", TaskId(41), {"model": B}))
    assert commands == (Resolve(TaskId(2)),)
    task = drive.tasks[TaskId(1)]
    assert (task.state, task.reused_from, task.outputs) == (TaskState.REUSED, 41, {"model": B})


def test_a_run_whose_tasks_are_all_reused_succeeds() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, run=1), run=1)
    drive.take(Resolved(TaskId(1), A, "reused from task 41", TaskId(41)))
    assert drive.runs[RunId(1)].state is RunState.SUCCEEDED


def test_branches_run_at_the_same_time_as_far_as_there_is_room() -> None:
    drive = Drive(machines=(tiny_machine(cpu=2),))
    drive.submit(*(tiny_task(number, run=1) for number in (1, 2, 3)), run=1)
    for number in (1, 2, 3):
        drive.resolve(number)
    assert [drive.state_of(n) for n in (1, 2, 3)] == [TaskState.STARTING] * 2 + [TaskState.QUEUED]
    assert drive.reason_of(3) == "waits for 1 cpu: 0 of 2 are free; 1st in line"
    assert drive.exit("1-1") == (
        Collect(TaskId(1), AttemptId("1-1")),
        StartAttempt(TaskId(3), AttemptId("3-1")),
    )


def test_what_never_fits_fails_at_once() -> None:
    drive = Drive()
    drive.submit(tiny_task(1, resources=ResourceRequest(1000, 64, (DeviceRequest("gpu", 2),))))
    drive.resolve(1)
    assert drive.state_of(1) is TaskState.FAILED
    assert drive.reason_of(1).startswith("does not fit on any machine: asks for 2 gpu, but 'local' has 0.")


def test_a_task_waits_for_a_machine_that_is_gone_rather_than_failing() -> None:
    drive = Drive(machines=())
    drive.submit(tiny_task(1))
    drive.resolve(1)
    assert drive.reason_of(1) == "waits for 1 cpu: no machine is known yet; 1st in line"
    drive.machines = (tiny_machine(),)
    assert drive.take() == (StartAttempt(TaskId(1), AttemptId("1-1")),)


def test_a_failed_attempt_is_tried_again_after_a_delay_that_doubles() -> None:
    drive = Drive()
    drive.start(tiny_task(1, max_attempts=3))
    assert drive.exit("1-1", 3) == ()
    assert drive.reason_of(1) == (
        "attempt 1 of 3 failed: the process ended with exit code 3; next try after 1 s"
    )
    assert drive.wake_at_s == 101.0
    drive.now_s = 101.0
    assert drive.take() == (StartAttempt(TaskId(1), AttemptId("1-2")),)
    drive.exit("1-2", 3)
    assert drive.wake_at_s == 103.0
    drive.now_s = 103.0
    drive.take()
    drive.exit("1-3", 3)
    assert drive.state_of(1) is TaskState.FAILED
    assert drive.reason_of(1) == "the process ended with exit code 3 (attempt 3 of 3)"


@pytest.mark.parametrize(
    ("outcome", "exit_code", "message", "reason"),
    [
        (Outcome.EXITED, 2, "", "the process ended with exit code 2"),
        (Outcome.EXITED, 1, "KeyError: 'x'", "KeyError: 'x' (the process ended with exit code 1)"),
        (
            Outcome.SIGNALLED,
            -9,
            "",
            "the process was killed by signal 9 (SIGKILL), as happens when memory runs out",
        ),
        (Outcome.SIGNALLED, -11, "", "the process was killed by signal 11 (SIGSEGV)"),
        (Outcome.TIMED_OUT, None, "", "the process ran longer than its time limit of 60 s and was ended"),
        (
            Outcome.NOT_STARTED,
            None,
            "no file 'train.py'",
            "the process could not be started: no file 'train.py'",
        ),
        (Outcome.LOST, None, "", "the process was lost: it is gone and left no exit status"),
        (Outcome.STOPPED, None, "", "the process was stopped, but not by a user of KPL"),
    ],
)
def test_the_reason_of_a_failure_names_what_happened(
    outcome: Outcome, exit_code: int | None, message: str, reason: str
) -> None:
    drive = Drive()
    drive.start(tiny_task(1, timeout_s=60.0))
    drive.report("1-1", AttemptState.ENDED, outcome, exit_code, message)
    assert (drive.state_of(1), drive.reason_of(1)) == (TaskState.FAILED, reason)


def test_tasks_after_a_failed_one_are_skipped_and_independent_branches_finish() -> None:
    drive = Drive()
    tasks = [tiny_task(1, run=1), tiny_task(2, run=1), tiny_task(3, run=1, after=[1])]
    drive.start(*tasks, tiny_task(4, run=1, after=[3, 2]), tiny_task(5, run=1, after=[2]), run=1)
    drive.exit("1-1", 1)
    assert drive.reason_of(3) == "task 1 'node1' failed"
    assert drive.reason_of(4) == "task 3 'node3' was skipped"
    assert drive.runs[RunId(1)].state is RunState.RUNNING
    drive.exit("2-1")
    drive.take(Collected(AttemptId("2-1"), {}))
    drive.resolve(5)
    drive.exit("5-1")
    drive.take(Collected(AttemptId("5-1"), {}))
    run = drive.runs[RunId(1)]
    assert (run.state, drive.state_of(5)) == (RunState.FAILED, TaskState.SUCCEEDED)
    assert run.reason == "task 1 'node1' failed: the process ended with exit code 1"


def test_a_task_whose_digest_cannot_be_computed_fails_with_the_reason() -> None:
    drive = Drive()
    drive.submit(tiny_task(1))
    drive.take(ResolveFailed(TaskId(1), "the algorithm is gone"))
    assert (drive.state_of(1), drive.reason_of(1)) == (TaskState.FAILED, "the algorithm is gone")


def test_outputs_that_cannot_be_stored_fail_the_attempt() -> None:
    drive = Drive()
    drive.start(tiny_task(1, max_attempts=2))
    drive.exit("1-1")
    drive.take(CollectFailed(AttemptId("1-1"), "output 'model' was left empty"))
    assert drive.state_of(1) is TaskState.QUEUED
    drive.now_s += 1
    drive.take()
    drive.exit("1-2")
    drive.take(CollectFailed(AttemptId("1-2"), "output 'model' was left empty"))
    assert drive.reason_of(1) == "output 'model' was left empty (attempt 2 of 2)"


def test_reports_that_come_twice_or_late_change_nothing() -> None:
    drive = Drive()
    drive.start(tiny_task(1, max_attempts=2))
    drive.exit("1-1", 1)
    drive.now_s += 1
    drive.take()
    drive.run("1-2")
    before = drive.state
    drive.run("1-1")
    drive.exit("1-1", 0)
    drive.report("1-2", AttemptState.STARTING)
    drive.report("1-2", None)
    drive.run("9-1")
    drive.take(Collected(AttemptId("1-1"), {}), CollectFailed(AttemptId("1-2"), "late"))
    drive.take(Resolved(TaskId(1), B, "late"), ResolveFailed(TaskId(1), "late"), Submitted((tiny_task(1),)))
    assert drive.state == before


def test_a_waiting_task_is_cancelled_at_once() -> None:
    drive = Drive()
    drive.start(tiny_task(1, run=1), tiny_task(2, run=1, after=[1]), tiny_task(3, run=1, after=[2]), run=1)
    assert drive.take(CancelTask(TaskId(2), "stopped by alice")) == ()
    assert (drive.state_of(2), drive.reason_of(2)) == (TaskState.CANCELLED, "stopped by alice")
    assert drive.reason_of(3) == "task 2 'node2' was cancelled"


def test_a_running_task_is_stopped_and_then_cancelled() -> None:
    drive = Drive()
    drive.start(tiny_task(1))
    assert drive.take(CancelTask(TaskId(1))) == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.take(CancelTask(TaskId(1))) == ()
    assert drive.state_of(1) is TaskState.STOPPING
    drive.report("1-1", AttemptState.ENDED, Outcome.STOPPED)
    assert (drive.state_of(1), drive.reason_of(1)) == (TaskState.CANCELLED, "stopped by a user")


def test_a_stopping_task_still_holds_its_resources() -> None:
    drive = Drive(machines=(tiny_machine(cpu=1),))
    drive.start(tiny_task(1))
    drive.submit(tiny_task(2))
    drive.resolve(2)
    assert drive.take(CancelTask(TaskId(1))) == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.report("1-1", AttemptState.ENDED, Outcome.STOPPED) == (
        StartAttempt(TaskId(2), AttemptId("2-1")),
    )


def test_work_that_was_done_before_the_stop_came_is_kept() -> None:
    drive = Drive()
    drive.start(tiny_task(1))
    drive.take(CancelTask(TaskId(1)))
    assert drive.exit("1-1") == (Collect(TaskId(1), AttemptId("1-1")),)
    drive.take(Collected(AttemptId("1-1"), {}))
    assert drive.state_of(1) is TaskState.SUCCEEDED


def test_a_cancelled_task_is_not_tried_again() -> None:
    drive = Drive()
    drive.start(tiny_task(1, max_attempts=3), tiny_task(2, max_attempts=3))
    drive.exit("2-1")
    drive.take(CancelTask(TaskId(1)), CancelTask(TaskId(2)))
    drive.exit("1-1", 1)
    drive.take(CollectFailed(AttemptId("2-1"), "disk full"))
    assert (drive.state_of(1), drive.state_of(2)) == (TaskState.CANCELLED, TaskState.CANCELLED)


def test_stopping_a_run_ends_all_of_its_tasks() -> None:
    drive = Drive()
    drive.start(tiny_task(1, run=1), tiny_task(2, run=1, after=[1]), run=1)
    assert drive.take(CancelRun(RunId(1), "stopped by alice")) == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.runs[RunId(1)].state is RunState.STOPPING
    drive.report("1-1", AttemptState.ENDED, Outcome.STOPPED)
    run = drive.runs[RunId(1)]
    assert (run.state, run.reason) == (RunState.CANCELLED, "stopped by alice")
    assert (drive.state_of(1), drive.state_of(2)) == (TaskState.CANCELLED, TaskState.CANCELLED)


def test_a_service_that_is_ready_counts_as_done_and_outlives_its_run() -> None:
    drive = Drive()
    drive.start(service(1, run=1), tiny_task(2, run=1, after=[1]), run=1)
    assert drive.ready("1-1") == (Resolve(TaskId(2)),)
    drive.resolve(2)
    drive.exit("2-1")
    drive.take(Collected(AttemptId("2-1"), {}))
    assert drive.runs[RunId(1)].state is RunState.SUCCEEDED
    assert (list(drive.state.runs), list(drive.state.tasks)) == ([], [1])


def test_stopping_a_run_leaves_a_service_that_is_ready() -> None:
    drive = Drive()
    drive.start(service(1, run=1), tiny_task(2, run=1), run=1)
    drive.ready("1-1")
    drive.take(CancelRun(RunId(1)))
    drive.report("2-1", AttemptState.ENDED, Outcome.STOPPED)
    assert (drive.runs[RunId(1)].state, drive.state_of(1)) == (RunState.CANCELLED, TaskState.READY)


def crash(drive: Drive, attempt: int) -> float:
    """Let a service of task 1 crash, and return the delay until its next try."""
    drive.exit(f"1-{attempt}", 1)
    assert drive.wake_at_s is not None
    return drive.wake_at_s - drive.now_s


def restart(drive: Drive, attempt: int, *, ready_for_s: float) -> None:
    assert drive.wake_at_s is not None
    drive.now_s = drive.wake_at_s
    drive.take()
    drive.ready(f"1-{attempt}")
    drive.now_s += ready_for_s


def test_a_service_that_crashes_is_restarted_with_growing_delays_for_as_long_as_it_is_wanted() -> None:
    drive = Drive()
    drive.start(service(1))
    drive.ready("1-1")
    delays = []
    for attempt in range(1, 10):
        delays.append(crash(drive, attempt))
        restart(drive, attempt + 1, ready_for_s=1.0)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_service_that_was_ready_for_a_minute_counts_its_failures_anew() -> None:
    drive = Drive()
    drive.start(service(1))
    drive.ready("1-1")
    assert crash(drive, 1) == 1
    restart(drive, 2, ready_for_s=1.0)
    assert crash(drive, 2) == 2
    restart(drive, 3, ready_for_s=60.0)
    assert crash(drive, 3) == 1


def test_a_service_that_never_became_ready_fails_after_three_attempts() -> None:
    drive = Drive()
    drive.start(service(1, run=1), tiny_task(2, run=1, after=[1]), run=1)
    for attempt in (1, 2, 3):
        drive.exit(f"1-{attempt}", 7)
        drive.now_s += 60
        drive.take()
    assert drive.reason_of(1) == (
        "was never ready in 3 attempts, the last time: the process ended with exit code 7"
    )
    assert (drive.state_of(2), drive.runs[RunId(1)].state) == (TaskState.SKIPPED, RunState.FAILED)


def test_a_service_that_ends_by_itself_is_restarted() -> None:
    drive = Drive()
    drive.start(service(1))
    drive.ready("1-1")
    drive.exit("1-1", 0)
    assert "a service should not end" in drive.reason_of(1)
    assert drive.state_of(1) is TaskState.QUEUED


def test_a_service_that_is_stopped_is_cancelled_whatever_its_exit_code() -> None:
    drive = Drive()
    drive.start(service(1))
    drive.ready("1-1")
    drive.take(CancelTask(TaskId(1)))
    drive.exit("1-1", 0)
    assert drive.state_of(1) is TaskState.CANCELLED


def test_a_new_service_replaces_the_older_one_once_it_is_ready() -> None:
    drive = Drive()
    drive.start(service(1), service(2, endpoint="other"), service(3))
    drive.ready("1-1")
    drive.ready("2-1")
    assert drive.state_of(1) is TaskState.READY
    assert drive.ready("3-1") == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.reason_of(1) == "replaced by task 3"
    assert drive.state_of(2) is TaskState.READY


def test_services_of_other_projects_are_left_alone() -> None:
    drive = Drive()
    drive.start(replace(service(1), project_id=2), service(3))
    drive.ready("1-1")
    assert drive.ready("3-1") == ()


def test_an_equal_service_that_is_ready_stands_in_for_a_new_one() -> None:
    drive = Drive()
    drive.start(service(1))
    drive.ready("1-1")
    drive.submit(service(2, run=1), run=1)
    drive.take(Resolved(TaskId(2), A, "reused from task 1", TaskId(1)))
    assert (drive.state_of(2), drive.runs[RunId(1)].state) == (TaskState.REUSED, RunState.SUCCEEDED)


def test_a_service_about_to_be_replaced_does_not_stand_in() -> None:
    drive = Drive()
    drive.start(service(1), service(2))
    drive.ready("1-1")
    drive.submit(service(3))
    drive.take(Resolved(TaskId(3), A, "reused from task 1", TaskId(1)))
    assert drive.state_of(3) is TaskState.STARTING
    assert drive.tasks[TaskId(3)].why == "ran: task 1 no longer serves 'digits'"


def test_the_commands_of_a_state_are_those_that_its_steps_gave() -> None:
    drive = Drive(machines=(tiny_machine(cpu=8),))
    given: list[Command] = []
    for number in (1, 2, 3, 4, 5):
        given += drive.submit(tiny_task(number))
    for number in (2, 3, 4, 5):
        given += drive.resolve(number)
    drive.run("3-1")
    given += drive.take(CancelTask(TaskId(3)))
    given += drive.exit("4-1")
    drive.run("5-1")
    outstanding = (
        Resolve(TaskId(1)),
        StartAttempt(TaskId(2), AttemptId("2-1")),
        StopAttempt(AttemptId("3-1"), 5.0),
        Collect(TaskId(4), AttemptId("4-1")),
    )
    assert commands_for(drive.state) == outstanding
    assert set(outstanding) <= set(given)


def test_an_empty_run_succeeds() -> None:
    drive = Drive()
    drive.submit(run=1)
    assert drive.runs[RunId(1)].state is RunState.SUCCEEDED


def test_a_task_that_depends_on_nothing_known_fails_instead_of_waiting_for_ever() -> None:
    drive = Drive()
    drive.submit(tiny_task(2, after=[1]))
    assert drive.reason_of(2) == "depends on task 1, which is not part of its run"


def test_a_chain_of_skips_is_followed_to_its_end_in_one_step() -> None:
    drive = Drive()
    tasks = [tiny_task(1000, run=1)] + [tiny_task(n, run=1, after=[n + 1]) for n in range(999, 0, -1)]
    drive.submit(*tasks, run=1)
    drive.take(ResolveFailed(TaskId(1000), "broken"))
    assert {drive.state_of(n) for n in range(1, 1000)} == {TaskState.SKIPPED}
