"""Tasks that are stopped for the sake of others, policies that end what runs for too long, closed machines."""

from kpl.orchestrator.state import CancelTask, Collect, MoveOn, SetPriority, SetQueues, StopAttempt
from kpl.resources import DeviceRequest, ResourceRequest
from kpl.scheduler import Policy, Queue
from kpl.task import AttemptState, Outcome, Task, TaskState
from kpl.task.ids import AttemptId, TaskId
from kpl.testing.drive import Drive
from kpl.testing.tasks import tiny_machine, tiny_task

GPU = ResourceRequest(1000, 64, (DeviceRequest("gpu"),))
QUEUES = (
    Queue("lender", guaranteed={"gpu": 1000}, policy=Policy(min_run_s=30.0)),
    Queue("borrower", policy=Policy(min_run_s=30.0)),
)


def borrowing(*, saves_checkpoints: bool = True, number: int = 1) -> Task:
    return tiny_task(
        number, queue="borrower", resources=GPU, saves_checkpoints=saves_checkpoints, max_attempts=1
    )


def lent(number: int = 2) -> Task:
    return tiny_task(number, queue="lender", resources=GPU)


def drive_with_one_gpu(first: Task) -> Drive:
    """A machine with one GPU that a task of the borrower runs on, and a task of the lender that wants it."""
    drive = Drive(machines=(tiny_machine(gpu=1),))
    drive.take(SetQueues(QUEUES, frozenset()))
    drive.start(first)
    drive.submit(lent())
    drive.now_s += 10
    drive.resolve(2)
    return drive


def test_borrowed_work_is_stopped_after_its_least_time_and_queued_again_with_what_it_had() -> None:
    drive = drive_with_one_gpu(borrowing())
    assert drive.state_of(1) is TaskState.RUNNING
    assert drive.wake_at_s == 130.0
    drive.now_s = 130.0
    assert drive.take() == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.state_of(1) is TaskState.STOPPING
    assert drive.state_of(2) is TaskState.QUEUED
    drive.now_s = 132.0
    drive.report("1-1", AttemptState.ENDED, Outcome.SIGNALLED, -15)
    assert drive.state_of(2) is TaskState.STARTING
    stopped = drive.tasks[TaskId(1)]
    assert stopped.state is TaskState.QUEUED
    assert (stopped.num_preemptions, stopped.num_failures, stopped.attained_s) == (1, 0, 32.0)
    drive.run("2-1")
    drive.exit("2-1")
    assert drive.state_of(1) is TaskState.STARTING
    attempt = drive.tasks[TaskId(1)].attempt
    assert attempt is not None
    assert attempt.number == 2
    drive.run("1-2")
    drive.exit("1-2", 1)
    assert drive.state_of(1) is TaskState.FAILED, "the stop was no attempt of its own, the failure was"


def test_a_task_without_checkpoints_is_not_stopped() -> None:
    drive = drive_with_one_gpu(borrowing(saves_checkpoints=False))
    drive.now_s += 1000
    drive.take()
    assert drive.state_of(1) is TaskState.RUNNING


def test_work_done_before_the_stop_reached_it_is_kept() -> None:
    drive = drive_with_one_gpu(borrowing())
    drive.now_s = 130.0
    drive.take()
    assert drive.exit("1-1")[0] == Collect(TaskId(1), AttemptId("1-1"))
    assert drive.state_of(1) is TaskState.COLLECTING


def test_a_user_who_stops_a_task_that_makes_room_cancels_it() -> None:
    drive = drive_with_one_gpu(borrowing())
    drive.now_s = 130.0
    drive.take()
    drive.take(CancelTask(TaskId(1), "stopped by ann"))
    assert drive.state_of(1) is TaskState.STOPPING
    drive.report("1-1", AttemptState.ENDED, Outcome.STOPPED)
    assert (drive.state_of(1), drive.reason_of(1)) == (TaskState.CANCELLED, "stopped by ann")


def test_a_policy_ends_what_runs_for_longer_than_it_allows() -> None:
    drive = Drive()
    drive.take(SetQueues((Queue("vision", policy=Policy(max_run_time_s=60.0)),), frozenset()))
    drive.start(tiny_task(1, queue="vision"))
    assert drive.wake_at_s == 160.0
    drive.now_s = 160.0
    assert drive.take() == (StopAttempt(AttemptId("1-1"), 5.0),)
    drive.report("1-1", AttemptState.ENDED, Outcome.STOPPED)
    assert drive.state_of(1) is TaskState.CANCELLED
    assert drive.reason_of(1) == "stopped: queue 'vision' lets nothing run for longer than 60 s"


def test_nothing_starts_on_a_closed_machine_until_it_is_opened() -> None:
    drive = Drive()
    drive.take(SetQueues((), frozenset({"local"})))
    drive.submit(tiny_task(1))
    drive.resolve(1)
    assert drive.state_of(1) is TaskState.QUEUED
    drive.take(SetQueues((), frozenset()))
    assert drive.state_of(1) is TaskState.STARTING


def test_a_higher_priority_goes_first_also_when_it_was_given_later() -> None:
    drive = Drive(machines=(tiny_machine(cpu=1),))
    drive.start(tiny_task(1))
    drive.submit(tiny_task(2), tiny_task(3))
    drive.resolve(2)
    drive.resolve(3)
    drive.take(SetPriority(TaskId(3), 10))
    drive.exit("1-1")
    assert (drive.state_of(2), drive.state_of(3)) == (TaskState.QUEUED, TaskState.STARTING)


def test_a_task_that_saves_checkpoints_moves_on_when_it_is_asked_to_and_no_other() -> None:
    drive = Drive(machines=(tiny_machine(gpu=2),))
    drive.take(SetQueues(QUEUES, frozenset()))
    drive.start(borrowing())
    drive.start(borrowing(number=2, saves_checkpoints=False))
    asked = [MoveOn(TaskId(number), "machine 'local' is drained") for number in (1, 2, 3)]
    assert drive.take(*asked) == (StopAttempt(AttemptId("1-1"), 5.0),)
    assert drive.reason_of(1) == "machine 'local' is drained"
    assert drive.take(*asked) == ()
    assert drive.state_of(2) is TaskState.RUNNING
    drive.take(SetQueues(QUEUES, frozenset({"local"})))
    drive.report("1-1", AttemptState.ENDED, Outcome.SIGNALLED, -15)
    assert drive.state_of(1) is TaskState.QUEUED
    assert drive.tasks[TaskId(1)].num_preemptions == 1
