"""The moment as the database has it, and why tasks wait."""

import pytest

from kpl.errors import NotFound
from kpl.resources import amounts_of
from kpl.schemas.machine import MachineUpdate
from kpl.schemas.queue import QueuePut
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services import machines, queues
from kpl.server.services.access import SERVER, Caller, Role
from kpl.server.services.new_trials import SUBMITTED
from kpl.server.services.platform import Platform
from kpl.server.services.scheduling import explain_task, outlook, snapshot_of
from kpl.server.services.store import post
from kpl.task import TaskState
from kpl.task.ids import TaskId
from kpl.testing.queued_tasks import MACHINES, add_running, add_waiting, end, give_machines
from kpl.testing.server import FakeClock, add_user


@pytest.fixture
def ann(platform: Platform) -> Caller:
    give_machines(platform)
    return add_user(platform, "ann", roles={"default": Role.DEVELOPER})


def test_a_snapshot_has_who_runs_who_waits_and_what_administrators_set(
    platform: Platform, ann: Caller
) -> None:
    queues.put_queue(platform, SERVER, "default", QueuePut(limit={"gpu": 3000}))
    machines.update_machine(platform, SERVER, "two", MachineUpdate(is_cordoned=True))
    running = add_running(platform, ann, 0, 1, is_preemptible=True)
    waiting = add_waiting(platform, ann, "gpu=2", priority=4)
    add_waiting(platform, ann, state=TaskState.WAITING)
    end(platform, add_running(platform, ann, 2))
    with platform.db.read() as session:
        snapshot = snapshot_of(session, MACHINES, now_s=platform.now_s())
    (runs,), (waits,) = snapshot.running, snapshot.waiting
    assert (runs.task.id, waits.id, waits.priority) == (running, waiting, 4)
    assert amounts_of(runs.placements[0])["gpu"] == 2000
    assert (runs.task.queue, runs.task.user, runs.task.is_preemptible) == ("default", "ann", True)
    assert {machine.name: machine.is_cordoned for machine in snapshot.machines} == {"one": False, "two": True}
    assert {queue.name: queue.limit for queue in snapshot.queues} == {"default": {"gpu": 3000}, "root": {}}


def test_what_was_seen_is_kept_until_something_changes_or_time_passes(
    platform: Platform, ann: Caller, clock: FakeClock
) -> None:
    task_id = add_waiting(platform, ann)
    with platform.db.read() as session:
        seen = outlook(platform, session)
        assert outlook(platform, session) is seen
    with platform.db.write() as session:
        post(platform, session, SUBMITTED, task_id=task_id)
    with platform.db.read() as session:
        anew = outlook(platform, session)
        assert anew is not seen
        clock.advance(6)
        assert outlook(platform, session) is not anew


def test_a_waiting_task_has_a_reason_in_two_languages_a_place_and_an_obstacle(
    platform: Platform, ann: Caller
) -> None:
    add_running(platform, ann, 0, 1, 2)
    first = add_waiting(platform, ann, "gpu=2")
    second = add_waiting(platform, ann, "gpu:a100=4")
    why = explain_task(platform, ann, "default", second)
    assert why.reason.en.startswith("waits for 4 GPUs (A100): 1 of 4 is free")
    assert "2nd in queue default" in why.reason.en
    assert "等待" in why.reason.zh
    assert (why.position, why.num_waiting, why.queue, why.obstacle) == (2, 2, "default", "room")
    assert explain_task(platform, ann, "default", first).position == 1


def test_only_administrators_of_the_platform_get_the_account_of_machines(
    platform: Platform, ann: Caller
) -> None:
    add_running(platform, ann, 0, 1, 2, 3)
    task_id = add_waiting(platform, ann, "gpu")
    assert explain_task(platform, ann, "default", task_id).rejections is None
    told = explain_task(platform, SERVER, "default", task_id).rejections
    assert told is not None
    assert sum(each.num_machines for each in told) == 2
    assert {each.why.en for each in told} == {"has no GPU", "has too few free GPUs"}


def test_a_task_that_does_not_wait_for_the_scheduler_says_where_it_stands(
    platform: Platform, ann: Caller, clock: FakeClock
) -> None:
    upstream = add_waiting(platform, ann, "gpu")
    task_id = add_running(platform, ann, 0)

    def reason(**values: object) -> str:
        with platform.db.write() as session:
            row = session.get_one(TaskRow, task_id)
            for name, value in values.items():
                setattr(row, name, value)
        clock.advance(6)
        why = explain_task(platform, ann, "default", task_id)
        assert (why.position, why.obstacle) == (None, None)
        assert why.reason.zh
        return why.reason.en

    assert reason() == "it does not wait: running, started 6 s ago"
    assert reason(state="waiting", depends_on=[upstream]) == f"waits for task {upstream} 'work' (queued)"
    assert "goes on in a moment" in reason(state="waiting", depends_on=[])
    assert "is being looked for" in reason(state="resolving")
    not_before_s = platform.now_s() + 66
    assert reason(state="queued", not_before_s=not_before_s, reason="attempt 1 failed") == (
        "attempt 2 starts in 60 s at the earliest: attempt 1 failed"
    )
    assert reason(not_before_s=0.0) == "there is room: it starts now"
    assert reason(state="failed", is_final=True, reason="exit code 1") == "it is over, failed: exit code 1"


def test_strangers_do_not_hear_why(platform: Platform, ann: Caller) -> None:
    task_id = TaskId(add_waiting(platform, ann))
    with pytest.raises(NotFound):
        explain_task(platform, add_user(platform, "stranger"), "default", task_id)
