"""Decisions over single moments, by example."""

from dataclasses import replace

from kpl.resources import Device, DeviceRequest, DeviceShare, Machine, Placement, ResourceRequest
from kpl.scheduler import (
    Hours,
    Obstacle,
    Policy,
    Queue,
    RunningTask,
    Snapshot,
    WaitingTask,
    decide,
)
from kpl.scheduler.hours import opens_at_s
from kpl.task.ids import TaskId

HOUR_S = 3600.0


def machine(
    name: str = "local", *, cpu: int = 8, memory_mib: int = 8192, gpu: int = 0, model: str = "a100"
) -> Machine:
    devices = tuple(Device("gpu", index, model=model) for index in range(gpu))
    return Machine(name, cpu * 1000, memory_mib, devices)


def gpus(count: int = 1, *, share_milli: int = 1000, models: tuple[str, ...] = ()) -> ResourceRequest:
    return ResourceRequest(100, 100, (DeviceRequest("gpu", count, share_milli, models),))


def task(
    number: int, request: ResourceRequest | None = None, queue: str = "root", **more: object
) -> WaitingTask:
    return replace(WaitingTask(TaskId(number), request or gpus(), queue, since_s=float(number)), **more)  # type: ignore[arg-type]


def flexible(
    number: int, request: ResourceRequest | None = None, queue: str = "root", **more: object
) -> WaitingTask:
    return task(number, request, queue, is_preemptible=True, saves_checkpoints=True, **more)


def on(
    one: WaitingTask, where: str, *indexes: int, at_s: float = 0.0, is_stopping: bool = False
) -> RunningTask:
    request = one.request
    shares = tuple(DeviceShare("gpu", index, model="a100") for index in indexes)
    return RunningTask(
        one, (Placement(where, request.cpu_milli, request.memory_mib, shares),), at_s, is_stopping
    )


def test_tasks_start_in_the_order_in_which_they_came() -> None:
    waiting = (
        task(7, ResourceRequest(6000, 512), since_s=2.0),
        task(8, ResourceRequest(6000, 512), since_s=1.0),
    )
    decision = decide(Snapshot((machine(),), waiting=waiting))
    assert list(decision.starts) == [8]
    assert decision.waits[TaskId(7)].reason.en == "waits for 6 cpu: 2 of 8 are free; 1st in line"


def test_a_higher_priority_goes_first() -> None:
    decision = decide(Snapshot((machine(gpu=1),), waiting=(task(1), task(2, priority=1))))
    assert list(decision.starts) == [2]


def test_who_has_had_less_goes_first() -> None:
    waiting = (
        task(1, attained_s=2 * HOUR_S),
        task(2, attained_s=HOUR_S / 2),
        task(3, attained_s=20 * HOUR_S),
    )
    decision = decide(Snapshot((machine(gpu=1),), waiting=waiting))
    assert list(decision.starts) == [2]
    assert [decision.waits[TaskId(number)].position for number in (1, 3)] == [1, 2]


def test_who_has_waited_beyond_patience_goes_first_again() -> None:
    waiting = (task(1, attained_s=2 * HOUR_S), task(2))
    decision = decide(Snapshot((machine(gpu=1),), waiting=waiting, now_s=48 * HOUR_S))
    assert list(decision.starts) == [1]


def test_what_does_not_fit_does_not_hold_up_those_behind() -> None:
    decision = decide(Snapshot((machine(gpu=2),), waiting=(task(1, gpus(4)), task(2))))
    assert list(decision.starts) == [2]
    assert decision.waits[TaskId(1)].obstacle is Obstacle.NOTHING_FITS


# Queues. ----------------------------------------------------------------------------------------------------


def test_a_queue_within_its_guarantee_goes_before_one_that_borrows() -> None:
    queues = (Queue("a", guaranteed={"gpu": 2000}), Queue("b", guaranteed={"gpu": 2000}))
    running = (on(task(1, queue="a"), "local", 0), on(task(2, queue="a"), "local", 1))
    waiting = (task(3, queue="a"), task(4, queue="b"))
    decision = decide(Snapshot((machine(gpu=3),), running, waiting, queues))
    assert list(decision.starts) == [4]


def test_what_lies_idle_is_borrowed_by_weight() -> None:
    queues = (Queue("a", weight=1.0), Queue("b", weight=2.0))
    waiting = tuple(task(number, queue="a" if number < 10 else "b") for number in range(1, 19))
    decision = decide(Snapshot((machine(gpu=6),), waiting=waiting, queues=queues))
    by_queue = ["a" if number < 10 else "b" for number in decision.starts]
    assert (by_queue.count("a"), by_queue.count("b")) == (2, 4)


def test_a_guarantee_holds_at_every_level_of_the_tree() -> None:
    queues = (
        Queue("org", guaranteed={"gpu": 2000}), Queue("team", "org"), Queue("other"), Queue("loner", "other"),
    )  # fmt: skip
    running = (on(task(1, queue="loner"), "local", 0), on(task(2, queue="team"), "local", 1))
    waiting = (task(3, queue="loner"), task(4, queue="team"))
    decision = decide(Snapshot((machine(gpu=3),), running, waiting, queues))
    assert list(decision.starts) == [4]


def test_those_that_cannot_be_stopped_borrow_last() -> None:
    waiting = (task(1, queue="a"), flexible(2, queue="b"))
    decision = decide(Snapshot((machine(gpu=1),), waiting=waiting, queues=(Queue("a"), Queue("b"))))
    assert list(decision.starts) == [2]


def test_a_limit_of_a_queue_above_is_never_exceeded() -> None:
    queues = (Queue("org", limit={"gpu": 2000}), Queue("a", "org"), Queue("b", "org"))
    waiting = (task(1, queue="a"), task(2, queue="b"), task(3, queue="b"))
    decision = decide(Snapshot((machine(gpu=4),), waiting=waiting, queues=queues))
    assert len(decision.starts) == 2
    (wait,) = decision.waits.values()
    assert wait.obstacle is Obstacle.LIMIT
    assert wait.reason.en == "waits for 1 GPU: queue org uses 2 GPUs of at most 2 GPUs; 1st in queue b"
    assert wait.reason.zh == "等待 1 个 GPU：队列 org 上限 2 个 GPU，已用 2 个 GPU；在队列 b 中排第 1 位"


def test_a_limit_for_each_user_leaves_others_alone() -> None:
    queues = (Queue("a", user_limit={"tasks": 1}),)
    waiting = (task(1, queue="a", user="ann"), task(2, queue="a", user="ann"), task(3, queue="a", user="bob"))
    decision = decide(Snapshot((machine(gpu=4),), waiting=waiting, queues=queues))
    assert sorted(decision.starts) == [1, 3]
    assert decision.waits[TaskId(2)].reason.en == (
        "waits for 1 GPU: ann uses 1 task of 1 task that queue a allows each user; 1st in queue a"
    )


def test_at_the_limit_of_a_model_others_of_the_kind_are_given() -> None:
    machines = (machine("new", gpu=2), machine("old", gpu=2, model="v100"))
    queues = (Queue("a", limit={"gpu:a100": 1000, "storage": 100}),)
    waiting = (
        task(1, gpus(models=("a100",)), queue="a"), task(2, gpus(), queue="a"),
        task(3, gpus(models=("a100",)), queue="a"), task(4, queue="a", storage_mib=200),
    )  # fmt: skip
    decision = decide(Snapshot(machines, waiting=waiting, queues=queues))
    assert {number: placements[0].machine for number, placements in decision.starts.items()} == {
        1: "new", 2: "old",
    }  # fmt: skip
    assert decision.waits[TaskId(3)].obstacle is Obstacle.LIMIT
    assert "at most 100 MiB" in decision.waits[TaskId(4)].reason.en


def test_a_policy_of_the_queue_above_holds_and_tells_when_it_opens() -> None:
    night = (Hours(frozenset(range(7)), 22 * 60, 1440),)
    queues = (Queue("org", policy=Policy(hours=night)), Queue("a", "org"))
    snapshot = Snapshot((machine(gpu=1),), waiting=(task(1, queue="a"),), queues=queues)
    decision = decide(snapshot)
    assert decision.waits[TaskId(1)].obstacle is Obstacle.HOURS
    assert decision.wake_at_s == 22 * HOUR_S == decision.waits[TaskId(1)].expected_start_s
    assert list(decide(replace(snapshot, now_s=22 * HOUR_S)).starts) == [1]


def test_hours_follow_the_weekday_and_the_clock_of_the_place() -> None:
    monday_morning = Hours(frozenset({0}), 8 * 60, 12 * 60, utc_offset_minutes=8 * 60)
    assert (
        opens_at_s((monday_morning,), 0.0) == 4 * 86400
    )  # 1970-01-01 was a Thursday; 8:00 there is 0:00 UTC
    assert opens_at_s((monday_morning,), 4 * 86400 + 5.0) == 4 * 86400 + 5.0
    assert opens_at_s((), 0.0) is None


def test_a_policy_may_forbid_kinds_and_sizes() -> None:
    queues = (
        Queue("a", policy=Policy(allowed_kinds=("npu",))),
        Queue("b", policy=Policy(max_request={"gpu": 1000})),
    )
    waiting = (task(1, queue="a"), task(2, gpus(2), queue="b"), task(3, gpus(1), queue="b"))
    decision = decide(Snapshot((machine(gpu=4),), waiting=waiting, queues=queues))
    assert list(decision.starts) == [3]
    assert decision.waits[TaskId(1)].reason.en.startswith("waits: queue a allows no GPU")
    assert "allows one task at most 1 GPU" in decision.waits[TaskId(2)].reason.en


# Preemption. ------------------------------------------------------------------------------------------------

TWO_QUEUES = (Queue("a", guaranteed={"gpu": 1000}), Queue("b", guaranteed={"gpu": 1000}))


def borrowed(*, at_s: float = 0.0, is_flexible: bool = True) -> tuple[RunningTask, ...]:
    make = flexible if is_flexible else task
    return (on(make(1, queue="a"), "local", 0), on(make(2, queue="a"), "local", 1, at_s=at_s))


def test_a_queue_within_its_guarantee_takes_back_what_was_lent() -> None:
    snapshot = Snapshot((machine(gpu=2),), borrowed(), (task(3, queue="b"),), TWO_QUEUES, now_s=HOUR_S)
    decision = decide(snapshot)
    assert [(p.task, p.in_favour_of) for p in decision.preemptions] == [(2, 3)]
    assert decision.waits[TaskId(3)].obstacle is Obstacle.PREEMPTING
    assert "taken back" in decision.preemptions[0].reason.en
    assert decision.reservations[0].task == 3


def test_nobody_is_stopped_twice_for_the_same_task() -> None:
    first, second = borrowed()
    stopping = (first, replace(second, is_stopping=True))
    snapshot = Snapshot((machine(gpu=2),), stopping, (task(3, queue="b"),), TWO_QUEUES, now_s=HOUR_S)
    decision = decide(snapshot)
    assert decision.preemptions == ()
    assert decision.waits[TaskId(3)].obstacle is Obstacle.PREEMPTING


def test_room_that_was_made_goes_to_whom_it_was_made_for() -> None:
    waiting = (task(3, queue="a", priority=9), task(4, queue="b", is_favoured=True))
    running = (on(flexible(2, queue="b"), "local", 0),)
    decision = decide(Snapshot((machine(gpu=2),), running, waiting, (Queue("a", guaranteed={"gpu": 2000}),)))
    assert list(decision.starts) == [4]


def test_work_is_left_alone_until_it_has_run_for_a_while() -> None:
    running = borrowed(at_s=HOUR_S - 60)
    running = (replace(running[0], started_at_s=HOUR_S - 120), running[1])
    snapshot = Snapshot((machine(gpu=2),), running, (task(3, queue="b"),), TWO_QUEUES, now_s=HOUR_S)
    decision = decide(snapshot)
    assert decision.preemptions == ()
    assert decision.wake_at_s == HOUR_S - 120 + 600
    assert decide(replace(snapshot, now_s=decision.wake_at_s)).preemptions


def test_work_without_checkpoints_is_not_stopped_for_fairness() -> None:
    running = tuple(
        replace(one, task=replace(one.task, is_preemptible=True)) for one in borrowed(is_flexible=False)
    )
    snapshot = Snapshot((machine(gpu=2),), running, (task(3, queue="b"),), TWO_QUEUES, now_s=HOUR_S)
    assert decide(snapshot).preemptions == ()


def test_a_queue_is_not_pushed_below_its_own_guarantee() -> None:
    running = (on(flexible(1, queue="a"), "local", 0),)
    snapshot = Snapshot((machine(gpu=1),), running, (task(3, queue="b"),), TWO_QUEUES, now_s=HOUR_S)
    assert decide(snapshot).preemptions == ()


def test_a_lower_level_of_service_takes_the_place_of_a_higher_one() -> None:
    running = (on(flexible(1), "local", 0), on(flexible(2), "local", 1, at_s=5.5 * HOUR_S))
    decision = decide(Snapshot((machine(gpu=2),), running, (flexible(3),), now_s=6 * HOUR_S))
    assert [preemption.task for preemption in decision.preemptions] == [1]


def test_a_higher_priority_takes_the_place_of_a_lower_one_at_once() -> None:
    running = (on(task(1, is_preemptible=True), "local", 0), on(task(2), "local", 1))
    decision = decide(Snapshot((machine(gpu=2),), running, (task(3, priority=1),), now_s=1.0))
    assert [preemption.task for preemption in decision.preemptions] == [1]
    assert decide(Snapshot((machine(gpu=2),), running, (task(3),), now_s=1.0)).preemptions == ()


def test_a_higher_priority_gets_past_the_limit_of_its_queue_by_taking_from_it() -> None:
    queues = (Queue("a", limit={"gpu": 1000}),)
    running = (on(task(1, queue="a", is_preemptible=True), "local", 0),)
    snapshot = Snapshot((machine(gpu=2),), running, (task(3, queue="a", priority=1),), queues, now_s=1.0)
    decision = decide(snapshot)
    assert [preemption.task for preemption in decision.preemptions] == [1]
    stopping = (replace(running[0], is_stopping=True),)
    later = decide(replace(snapshot, running=stopping))
    assert (later.starts, later.preemptions) == ({}, ())
    assert list(decide(replace(snapshot, running=())).starts) == [3]


def test_the_machine_that_loses_least_is_cleared() -> None:
    machines = (machine("a", gpu=4), machine("b", gpu=4))
    running = (
        on(flexible(1, gpus(4), queue="x"), "a", 0, 1, 2, 3),
        on(flexible(2, gpus(1), queue="x"), "b", 0), on(flexible(3, gpus(3), queue="x"), "b", 1, 2, 3),
    )  # fmt: skip
    queues = (Queue("y", guaranteed={"gpu": 4000}),)
    decision = decide(Snapshot(machines, running, (task(4, queue="y"),), queues, now_s=HOUR_S))
    assert [preemption.task for preemption in decision.preemptions] == [2]


def test_a_gang_gets_all_machines_that_it_needs_or_none() -> None:
    machines = tuple(machine(name, gpu=2) for name in "abc")
    running = tuple(
        on(flexible(number, gpus(2), queue="x"), name, 0, 1) for number, name in enumerate("abc", start=1)
    )
    gang = task(9, gpus(2), queue="y", min_workers=2, max_workers=3)
    snapshot = Snapshot(machines, running, (gang,), (Queue("y", guaranteed={"gpu": 4000}),), now_s=HOUR_S)
    assert len(decide(snapshot).preemptions) == 2
    one_fixed = (replace(running[0], task=task(1, gpus(2), queue="x")), *running[1:])
    assert len(decide(replace(snapshot, running=one_fixed)).preemptions) == 2
    two_fixed = (*one_fixed[:1], replace(running[1], task=task(2, gpus(2), queue="x")), running[2])
    assert decide(replace(snapshot, running=two_fixed)).preemptions == ()


# Reservations. ----------------------------------------------------------------------------------------------


def test_room_is_kept_for_the_oldest_blocked_gang() -> None:
    running = (on(task(1, max_run_time_s=2 * HOUR_S), "local", 0),)
    waiting = (
        task(2, gpus(2)),
        task(3, max_run_time_s=1.5 * HOUR_S),  # would end too late
        task(4, max_run_time_s=0.5 * HOUR_S),  # ends before
    )
    decision = decide(Snapshot((machine(gpu=2),), running, waiting, now_s=HOUR_S))
    assert list(decision.starts) == [4]
    assert decision.waits[TaskId(3)].obstacle is Obstacle.RESERVED
    assert decision.waits[TaskId(3)].reason.en == (
        "waits for 1 GPU: there is room, but it is kept for task 2; 2nd in line; about 60 min"
    )
    assert decision.reservations[0].at_s == 2 * HOUR_S
    flexible_too = (waiting[0], flexible(5))
    assert list(decide(Snapshot((machine(gpu=2),), running, flexible_too, now_s=HOUR_S)).starts) == [5]


def test_room_kept_for_a_gang_is_there_for_those_before_it() -> None:
    running = (on(task(1, max_run_time_s=2 * HOUR_S), "local", 0),)
    older, gang, younger = task(2, since_s=10), task(3, gpus(2), since_s=20), task(4, since_s=30)
    snapshot = Snapshot((machine(gpu=2),), running, (older, gang, younger), now_s=HOUR_S)
    assert list(decide(snapshot).starts) == [2]
    had_more = replace(older, attained_s=5 * HOUR_S)  # so it is behind the gang in the order
    assert list(decide(replace(snapshot, waiting=(had_more, gang, younger))).starts) == []


def test_alternatives_are_taken_where_the_preferred_devices_are_not_free() -> None:
    request = ResourceRequest(100, 100, (DeviceRequest("gpu"),), alternatives=((),))
    decision = decide(Snapshot((machine(gpu=1),), waiting=(task(1, request), task(2, request))))
    assert [len(placements[0].devices) for placements in decision.starts.values()] == [1, 0]


def test_many_waiting_tasks_are_few_kinds() -> None:
    waiting = tuple(task(number, gpus(1 + number % 3), queue=f"q{number % 7}") for number in range(20_000))
    queues = tuple(Queue(f"q{number}") for number in range(7))
    decision = decide(Snapshot((machine(gpu=4),), waiting=waiting, queues=queues))
    assert len(decision.waits) == 20_000 - len(decision.starts)
    assert decision.waits[TaskId(19_999)].position == len(range(19_999 % 7, 20_000, 7)) - sum(
        number % 7 == 19_999 % 7 for number in decision.starts
    )
