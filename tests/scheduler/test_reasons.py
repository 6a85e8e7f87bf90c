"""Why tasks wait and what can never fit, in words."""

from dataclasses import replace

from kpl.resources import Device, DeviceRequest, DeviceShare, Machine, Placement, ResourceRequest
from kpl.scheduler import Obstacle, RunningTask, Snapshot, Wait, WaitingTask, decide, never_fits, refusal
from kpl.scheduler.estimate import expected_end_s
from kpl.task.ids import TaskId


def machine(name: str, gpu: int, *, model: str = "a100", cpu: int = 8, memory_mib: int = 8192) -> Machine:
    devices = tuple(Device("gpu", index, model=model, memory_mib=16384) for index in range(gpu))
    return Machine(name, cpu * 1000, memory_mib, devices)


def gpus(count: int = 1, *, share_mib: int = 0, models: tuple[str, ...] = ()) -> ResourceRequest:
    return ResourceRequest(1000, 512, (DeviceRequest("gpu", count, models=models, share_mib=share_mib),))


def holding(number: int, where: str, *indexes: int, **more: object) -> RunningTask:
    task = replace(WaitingTask(TaskId(number), gpus(len(indexes)), max_run_time_s=1500.0), **more)  # type: ignore[arg-type]
    shares = tuple(DeviceShare("gpu", index, model="a100") for index in indexes)
    return RunningTask(task, (Placement(where, 1000, 512, shares),))


def wait_of(
    machines: tuple[Machine, ...], request: ResourceRequest, *running: RunningTask, **more: object
) -> Wait:
    task = replace(WaitingTask(TaskId(1), request, "vision"), **more)  # type: ignore[arg-type]
    return decide(Snapshot(machines, running, (task,))).waits[TaskId(1)]


def test_a_wait_says_what_is_missing_of_how_much_where_and_for_how_long() -> None:
    machines = (
        machine("new", 4),
        machine("old", 4, model="v100"),
        replace(machine("off", 4), is_cordoned=True),
    )
    wait = wait_of(machines, gpus(2, models=("a100",)), holding(7, "new", 0, 1, 2))
    assert wait.reason.en == (
        "waits for 2 GPUs (A100): 1 of 4 is free on machines that allow model A100; "
        "1st in queue vision; about 25 min"
    )
    assert wait.reason.zh == (
        "等待 2 个 GPU (A100)：4 个中 1 个空闲（允许型号 A100 的机器）；在队列 vision 中排第 1 位；约 25 分钟"
    )
    assert (wait.obstacle, wait.position, wait.expected_start_s) == (Obstacle.ROOM, 1, 1500.0)
    assert {(rejection.why.en, rejection.num_machines) for rejection in wait.rejections} == {
        ("has no GPU of model a100", 1), ("is cordoned", 1), ("has too few free GPUs", 1),
    }  # fmt: skip


def test_free_devices_on_several_machines_are_not_free_on_one() -> None:
    machines = (machine("a", 2), machine("b", 2))
    wait = wait_of(machines, gpus(2), holding(7, "a", 0), holding(8, "b", 0))
    assert "2 of 4 are free, but at most 1 on one machine" in wait.reason.en


def test_a_share_waits_for_the_freest_device_and_cores_for_the_nearest_machine() -> None:
    wait = wait_of((machine("a", 1),), gpus(share_mib=8192), holding(7, "a", 0))
    assert "waits for 8 GiB of a GPU: the freest of 1 has 0 % left" in wait.reason.en
    busy = holding(7, "a")
    held = (replace(busy, placements=(Placement("a", 6000, 8000),)),)
    wait = wait_of((machine("a", 0), machine("b", 0, cpu=1)), ResourceRequest(4000, 1), *held)
    assert "waits for 4 cpu: 2 of 8 are free" in wait.reason.en
    wait = wait_of((machine("a", 0),), ResourceRequest(0, 4096), *held)
    assert "192 MiB of 8 GiB of memory is free" in wait.reason.en


def test_without_a_machine_a_task_waits_for_one() -> None:
    wait = wait_of((), gpus())
    assert wait.reason.en.startswith("waits for 1 GPU: no machine is known yet")
    assert wait.obstacle is Obstacle.NOTHING_FITS
    closed = wait_of((replace(machine("a", 1), is_healthy=False),), gpus())
    assert closed.obstacle is Obstacle.NOTHING_FITS
    assert "none of 1 machine takes new tasks" in closed.reason.en


def test_what_can_never_fit_is_told_with_the_nearest_thing_that_does() -> None:
    told = refusal(gpus(8), (machine("small", 1), machine("large", 4)))
    assert told is not None
    assert told.en == (
        "does not fit on any machine: asks for 8 gpu, but 'large' has 4. "
        "1 cpu, 512 MiB of memory, 4 gpu would fit."
    )
    assert told.zh == (
        "没有任何机器能满足：请求 1 核 CPU、512 MiB 内存、8 个 GPU，最接近的机器 'large' 最多可提供 "
        "1 核 CPU、512 MiB 内存、4 个 GPU。"
    )
    assert never_fits(gpus(models=("h100",)), (machine("a", 4),)) is not None
    assert never_fits(gpus(), ()) is None
    assert never_fits(gpus(share_mib=16384), (machine("a", 1),)) is None
    assert never_fits(gpus(share_mib=16385), (machine("a", 1),)) is not None


def test_a_gang_that_no_machines_hold_is_told_how_large_it_may_be() -> None:
    farm = (machine("a", 4), machine("b", 2))
    assert never_fits(gpus(2), farm, min_workers=3) is None
    told = never_fits(gpus(2), farm, min_workers=4)
    assert told is not None
    assert told.endswith("there is room for 3 even when nothing else runs. 3 workers would fit.")
    together = never_fits(gpus(2), farm, min_workers=3, on_one_machine=True)
    assert together is not None
    assert "on one machine there is room for 2" in together


def test_what_runs_with_an_alternative_fits() -> None:
    request = replace(gpus(8), alternatives=((DeviceRequest("gpu", 2),),))
    assert never_fits(request, (machine("a", 4),)) is None
    assert refusal(replace(request, alternatives=()), (machine("a", 4),)) is not None


def test_the_end_of_work_is_expected_by_history_up_to_its_limit() -> None:
    running = holding(1, "a", 0, expected_run_s=600.0)
    assert expected_end_s(running, 100.0) == 600.0
    assert expected_end_s(running, 700.0) == 1400.0  # it has outrun that: as long again
    assert expected_end_s(running, 1000.0) == 1500.0
    assert expected_end_s(replace(running, task=replace(running.task, attained_s=100.0)), 100.0) == 500.0
    assert expected_end_s(holding(1, "a", 0, max_run_time_s=None), 100.0) is None


def test_equal_moments_have_equal_waits_whatever_was_read_of_them() -> None:
    waiting = tuple(WaitingTask(TaskId(number), gpus(2), since_s=float(number)) for number in range(1, 6))
    one, other = (decide(Snapshot((machine("a", 3),), waiting=waiting)) for _ in range(2))
    assert one.waits[TaskId(4)].position == 3
    assert one == other
    assert one.waits != {}
    assert len(one.waits) == 4
