"""Tasks that wait and run in the database of a platform whose loop does not run."""

from sqlalchemy import insert

from kpl.resources import Device, DeviceShare, Machine, Placement, ResourceRequest, parse_devices
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.server.services.access import Caller
from kpl.server.services.announcements import announcer
from kpl.server.services.platform import Platform
from kpl.server.services.publishing import publisher
from kpl.server.services.records import new_attempt_values
from kpl.server.services.store import SqlStore
from kpl.server.services.submission import NewTask, submit_task
from kpl.task import Attempt, AttemptState, Program, TaskKind, TaskSpec, TaskState
from kpl.task.ids import Digest, TaskId, attempt_id
from kpl.testing.server import IdleExecutor

PROGRAM = Program("toy", "1.0.0", "process", Digest("a" * 64), ("run",))
MACHINES = (
    Machine(
        "one",
        cpu_milli=8000,
        memory_mib=16384,
        devices=tuple(Device("gpu", index, model="a100", memory_mib=16384) for index in range(4)),
    ),
    Machine("two", cpu_milli=4000, memory_mib=8192, devices=(Device("npu", 0),)),
)


def give_machines(platform: Platform, *machines: Machine) -> None:
    """Let the platform's executor have machines, `MACHINES` by default."""
    assert isinstance(platform.executor, IdleExecutor)
    platform.executor.known = machines or MACHINES


def add_waiting(
    platform: Platform,
    caller: Caller,
    devices: str = "gpu",
    *,
    project: str = "default",
    state: TaskState = TaskState.QUEUED,
    priority: int = 0,
    is_preemptible: bool = False,
) -> int:
    """A task that stands alone and waits for its devices."""
    first, *others = parse_devices(devices)
    spec = TaskSpec(
        PROGRAM,
        resources=ResourceRequest(500, 256, first, tuple(others)),
        is_preemptible=is_preemptible,
        saves_checkpoints=is_preemptible,
    )
    with platform.db.write() as session:
        owner = session.query(ProjectRow).filter_by(name=project).one()
        task = NewTask("work", TaskKind.BATCH, spec, priority=priority)
        row = submit_task(platform, session, caller, owner, task)
        row.state = state
        return row.id


def add_running(
    platform: Platform,
    caller: Caller,
    *indexes: int,
    project: str = "default",
    machine: str = "one",
    share_milli: int = 1000,
    is_preemptible: bool = False,
) -> int:
    """A task that runs since now on the GPUs of these indexes."""
    shares = tuple(DeviceShare("gpu", index, share_milli, model="a100") for index in indexes)
    task_id = add_waiting(
        platform,
        caller,
        f"gpu={len(shares)}" if shares else "cpu",
        project=project,
        is_preemptible=is_preemptible,
    )
    now_s = platform.now_s()
    attempt = Attempt(
        attempt_id(TaskId(task_id), 1),
        TaskId(task_id),
        1,
        Placement(machine, 500, 256, shares),
        AttemptState.RUNNING,
        created_at_s=now_s,
        started_at_s=now_s,
    )
    with platform.db.write() as session:
        session.execute(insert(AttemptRow), new_attempt_values(attempt))
        row = session.get_one(TaskRow, task_id)
        row.state, row.num_attempts, row.started_at_s = TaskState.RUNNING, 1, now_s
    return task_id


def end(platform: Platform, task_id: int, state: TaskState = TaskState.SUCCEEDED) -> None:
    """Let a running task end now."""
    with platform.db.write() as session:
        row = session.get_one(TaskRow, task_id)
        row.state, row.is_final, row.finished_at_s = state, True, platform.now_s()
        attempt = session.get_one(AttemptRow, attempt_id(TaskId(task_id), row.num_attempts))
        attempt.state, attempt.ended_at_s = AttemptState.ENDED, platform.now_s()


def store_of(platform: Platform) -> SqlStore:
    """A store as the loop has it."""
    return SqlStore(
        platform.db,
        publish=publisher(platform.artifacts, platform.clock),
        announce=announcer(platform.live, platform.clock),
    )
