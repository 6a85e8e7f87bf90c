"""Playing traces in virtual time."""

from dataclasses import replace
from pathlib import Path

import pytest

from kpl.errors import Invalid
from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.scheduler import Decision, Discipline, Queue, Snapshot, WaitingTask
from kpl.scheduler.share import totals
from kpl.scheduler.simulate import Change, Costs, Job, Setup, simulate
from kpl.scheduler.traces import read_machines, read_setup, read_trace
from kpl.task.ids import TaskId
from kpl.testing.scheduling import violations

DATA = Path(__file__).parents[2].parent / "shared" / "data"
EXACT = Costs(cycle_s=0.0, restart_s=60.0)
ONE = (Machine("m", 0, 0, (Device("gpu", 0, model="a100"),)),)
GPU = ResourceRequest(0, 0, (DeviceRequest("gpu"),))


def job(number: int, since_s: float, run_s: float, queue: str = "a", **more: object) -> Job:
    return Job(replace(WaitingTask(TaskId(number), GPU, queue, since_s=since_s), **more), run_s)  # type: ignore[arg-type]


def test_tasks_run_one_after_the_other_on_one_device() -> None:
    report = simulate([job(1, 0, 100), job(2, 0, 100), job(3, 50, 100)], ONE, Setup("any"), costs=EXACT)
    assert (report.num_unfinished, report.makespan_s, report.num_preemptions) == (0, 300.0, 0)
    assert report.mean_wait_s == (0 + 100 + 150) / 3
    assert report.utilisation == {"gpu": 1.0}


def test_what_was_borrowed_is_taken_back_and_goes_on_later() -> None:
    flexible = {"is_preemptible": True, "saves_checkpoints": True}
    jobs = [job(1, 0, 2000, "a", **flexible), job(2, 100, 300, "b")]
    setup = Setup("any", (Queue("b", guaranteed={"gpu": 1000}),))
    report = simulate(jobs, ONE, setup, costs=EXACT)
    # Task 1 is left alone for 600 s, then loses a minute; it ends 300 s later than that.
    assert (report.num_preemptions, report.makespan_s, report.lost_device_s) == (1, 2360.0, 60.0)
    assert report.quota_shortfall == pytest.approx(500 / 800)
    assert simulate(jobs, ONE, replace(setup, queues=()), costs=EXACT).num_preemptions == 0


def test_a_task_ends_at_its_limit_and_a_lost_machine_gives_its_work_back() -> None:
    report = simulate([job(1, 0, 1000, max_run_time_s=400.0)], ONE, Setup("any"), costs=EXACT)
    assert report.makespan_s == 400.0
    changes = (Change(500.0, machines=()), Change(700.0, machines=ONE))
    assert simulate([job(1, 0, 1000)], ONE, Setup("any"), costs=EXACT, changes=changes).makespan_s == 1700.0
    saved = [job(1, 0, 1000, saves_checkpoints=True)]
    assert simulate(saved, ONE, Setup("any"), costs=EXACT, changes=changes).makespan_s == 1260.0


def test_nothing_waits_for_ever_for_a_machine_that_never_comes() -> None:
    report = simulate([job(1, 0, 100)], (), Setup("any"), costs=EXACT)
    assert (report.num_tasks, report.num_unfinished) == (1, 1)


def test_a_strict_line_is_held_up_by_its_first() -> None:
    two = (Machine("m", 0, 0, tuple(Device("gpu", index) for index in range(2))),)
    pair = ResourceRequest(0, 0, (DeviceRequest("gpu", 2),))
    jobs = [
        job(1, 0, 100, max_run_time_s=100.0), Job(WaitingTask(TaskId(2), pair, "a", since_s=1.0), 100),
        job(3, 2, 98, max_run_time_s=98.0),
    ]  # fmt: skip
    strict = read_setup("discipline: fifo")
    assert simulate(jobs, two, strict, costs=EXACT).makespan_s == 298.0
    assert simulate(jobs, two, read_setup("discipline: fair"), costs=EXACT).makespan_s == 200.0


# Files. -----------------------------------------------------------------------------------------------------

HISTORY = """
{"task_id": 41, "project": "p", "queue": "vision", "user": "ann", "priority": 2, "kind": "train",
 "submitted_at_s": 10, "started_at_s": 20, "ended_at_s": 95.5, "run_time_s": 70, "min_workers": 2, "max_workers": 4,
 "request": {"cpu_milli": 2000, "memory_mib": 512, "alternatives": [[]],
   "devices": [{"kind": "gpu", "count": 1, "share_milli": 1000, "share_mib": 0, "models": ["a100"]}]},
 "is_preemptible": true, "saves_checkpoints": true, "timeout_s": 3600, "num_preemptions": 0}
""".replace("\n", "")


def test_history_of_kpl_is_read() -> None:
    (read,) = read_trace(HISTORY + "\n\n")
    request = ResourceRequest(2000, 512, (DeviceRequest("gpu", models=("a100",)),), ((),))
    assert read == Job(
        WaitingTask(
            TaskId(41), request, "vision", "ann", 2, 10.0, 2, 4, is_preemptible=True, saves_checkpoints=True,
            max_run_time_s=3600.0,
        ),
        70.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"task_id": 1}', "line 1: Object missing required field `submitted_at_s`"),
        ("a,b,c\n1,2,3", "is of no known format: its first line is 'a,b,c'"),
        (
            "submit_s,duration_s,num_gpus,vc\n1,two,1,a",
            "line 2: 'duration_s' is 'two', which is not a number",
        ),
        ("submit_s,duration_s,num_gpus,vc\n1,2", "line 2 has no cell for 'num_gpus'"),
    ],
)
def test_a_trace_that_cannot_be_read_says_where(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told.replace("`", ".")):
        read_trace(text)


def test_machines_are_read_from_all_three_kinds_of_lists() -> None:
    written = read_machines(
        "- {count: 2, name: big, cpu: 64, memory: 256Gi, devices: 'gpu:a100=2'}\n- {cpu: 0.5}"
    )
    assert [(m.name, m.cpu_milli, m.memory_mib, len(m.devices)) for m in written] == [
        ("big-0", 64000, 262144, 2), ("big-1", 64000, 262144, 2), ("machine-2", 500, 0, 0),
    ]  # fmt: skip
    listed = (
        '[{"name": "m", "cpu_milli": 8000, "memory_mib": 4096, "is_cordoned": true, "holders": [], '
        '"devices": [{"kind": "npu", "index": 0, "vendor": "v", "model": "x", "memory_mib": 1, "held_milli": 5}]}]'
    )
    assert read_machines(listed) == (
        Machine("m", 8000, 4096, (Device("npu", 0, vendor="v", model="x", memory_mib=1),)),
    )
    openb = read_machines("sn,cpu_milli,memory_mib,gpu,model\nnode-1,64000,262144,2,P100")
    assert totals(openb)["gpu:P100"] == 2000
    with pytest.raises(Invalid, match="entry 1"):
        read_machines("- {count: many}")


def test_a_policy_file_is_read() -> None:
    text = """
    name: strict
    discipline: {base: fair, reclaims: false, patience_h: 2}
    min_run_s: 60
    queues:
    - {name: vision, weight: 2, guaranteed: {gpu: 1.5, memory: 4Gi}, limit: {tasks: 3}}
    """
    setup = read_setup(text)
    assert setup.name == "strict"
    assert setup.discipline == Discipline((), reclaims=False, patience_s=7200.0)
    vision, root = setup.queues
    assert (vision.guaranteed, vision.limit) == ({"gpu": 1500, "memory": 4096}, {"tasks": 3})
    assert root.policy.min_run_s == 60
    for wrong, told in (
        ("discipline: best", "no discipline 'best'"),
        ("queues: 3", "array"),
        ("{", "policy"),
    ):
        with pytest.raises(Invalid, match=told):
            read_setup(wrong)


def test_guarantees_follow_demand_when_asked_to() -> None:
    jobs = [job(1, 0, 300, "a"), job(2, 0, 100, "b")]
    setup = read_setup("guarantee_by_demand: {gpu: 0.5}", jobs=jobs, total={"gpu": 16000})
    assert {queue.name: queue.guaranteed for queue in setup.queues} == {
        "a": {"gpu": 10000}, "b": {"gpu": 6000},
    }  # fmt: skip


@pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not there")
def test_the_public_traces_are_played() -> None:
    philly = read_trace((DATA / "philly" / "philly_jobs.csv").read_text())
    pods = read_trace((DATA / "openb" / "openb_pod_list_default.csv").read_text())
    nodes = read_machines((DATA / "openb" / "openb_node_list_gpu_node.csv").read_text())
    assert (len(philly), len(pods), len(nodes)) == (82_247, 8_152, 1_213)
    day = [job for job in philly if 30 * 86400 <= job.task.since_s < 30.25 * 86400]
    machines = read_machines("- {count: 8, devices: gpu=8}")
    setup = read_setup("guarantee_by_demand: {gpu: 0.5}", jobs=day, total=totals(machines))

    def watch(snapshot: Snapshot, decision: Decision) -> None:
        assert violations(snapshot, decision) == []

    assert simulate(day, machines, setup, watch=watch).num_unfinished == 0
    some = simulate(pods[:300], nodes[::20], Setup("any"))
    assert some.num_tasks == 300
    assert some.utilisation["gpu"] > 0
