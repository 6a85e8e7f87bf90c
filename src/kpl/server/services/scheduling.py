"""What the scheduler would say now: the moment read from the database, the decision on it, and why a task waits.

The loop decides on its own; here is the same for those who look. Nothing that is decided here is carried out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from kpl.orchestrator import queueing
from kpl.orchestrator.state import State
from kpl.resources import Machine, amounts_of
from kpl.scheduler import Mix, Queue, Snapshot, WaitingTask, decide
from kpl.scheduler.quota import Tree
from kpl.scheduler.snapshot import Decision, RunningTask, Text, Wait
from kpl.schemas.queue import RejectionOut, TextOut, WhyOut
from kpl.server.db.tables.orchestration import InboxRow, OrchestrationRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import cordoned_machines, scheduling_queues
from kpl.server.services.store import read_tasks
from kpl.server.services.tasks import duration_s, task_row
from kpl.task import TaskState
from kpl.task.ids import TaskId

_IN_SNAPSHOT = (TaskState.QUEUED, *(state for state in TaskState if state.holds_resources))


@dataclass(frozen=True, slots=True)
class Outlook:
    """A moment and what the scheduler decides on it, with ways to find things in both."""

    snapshot: Snapshot
    decision: Decision
    queues: Mapping[str, Queue] = field(init=False)
    tree: Tree = field(init=False)
    waiting: Mapping[TaskId, WaitingTask] = field(init=False)
    running: Mapping[TaskId, RunningTask] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "queues", {queue.name: queue for queue in self.snapshot.queues})
        tasks = (*self.snapshot.waiting, *(each.task for each in self.snapshot.running))
        object.__setattr__(self, "tree", Tree(self.snapshot.queues, also={task.queue for task in tasks}))
        object.__setattr__(self, "waiting", {task.id: task for task in self.snapshot.waiting})
        object.__setattr__(self, "running", {each.task.id: each for each in self.snapshot.running})


def outlook(platform: Platform, session: Session) -> Outlook:
    """What the scheduler would say now; kept for a moment, since many look at once."""

    def look() -> Outlook:
        snapshot = snapshot_of(session, platform.executor.machines(), now_s=now_s)
        return Outlook(snapshot, decide(snapshot))

    now_s = platform.now_s()
    version = session.scalar(select(OrchestrationRow.version))
    asked = session.scalar(select(func.max(InboxRow.id)))
    return platform.outlook.get((version, asked), now_s, look)


def snapshot_of(
    session: Session, machines: Sequence[Machine], *, now_s: float, mix: Mix | None = None
) -> Snapshot:
    """The moment as the database has it.

    Args:
        machines: what the executor says; what administrators decided about them is added.
        mix: the demand of late; without it, places may be others than those of the loop, but not who waits for what.
    """
    tasks = read_tasks(session, TaskRow.is_final == false(), TaskRow.state.in_(_IN_SNAPSHOT))
    state = State(
        version=0,
        machines=tuple(machines),
        queues=scheduling_queues(session),
        cordoned=cordoned_machines(session),
        mix=mix or Mix(),
    )
    return queueing.snapshot_of(state, tasks, now_s)


def held_amounts(running: RunningTask) -> dict[str, int]:
    """What a running task takes of each resource that quotas count."""
    amounts = {"tasks": 1}
    for placement in running.placements:
        for resource, amount in amounts_of(placement).items():
            amounts[resource] = amounts.get(resource, 0) + amount
    return amounts


def explain_task(platform: Platform, caller: Caller, project: str, task_id: int) -> WhyOut:
    """Say why a task waits, what its place in the queue is and when it will probably start.

    Administrators of the platform also get the account of which filter passed over how many machines.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = task_row(session, owner, task_id)
        seen = outlook(platform, session)
        is_queued = row.state == TaskState.QUEUED
        wait = seen.decision.waits.get(TaskId(task_id)) if is_queued else None
        reason = wait.reason if wait is not None else _standing(platform, session, row)
    queue = row.queue or project
    is_told_all = caller.is_admin and caller.only_project_id is None
    return WhyOut(
        task_id=row.id,
        name=row.name,
        state=TaskState(row.state),
        queue=queue,
        priority=row.priority,
        reason=text_out(reason),
        obstacle=None if wait is None else wait.obstacle,
        position=None if wait is None else wait.position,
        num_waiting=sum(task.queue == queue for task in seen.waiting.values()),
        expected_start_at=None if wait is None else utc(wait.expected_start_s),
        rejections=None if wait is None or not is_told_all else _rejections(wait),
    )


def text_out(text: Text) -> TextOut:
    return TextOut(en=text.en, zh=text.zh)


def _rejections(wait: Wait) -> list[RejectionOut]:
    return [RejectionOut(why=text_out(each.why), num_machines=each.num_machines) for each in wait.rejections]


def _standing(platform: Platform, session: Session, row: TaskRow) -> Text:
    """Where a task stands that does not wait for the scheduler."""
    match TaskState(row.state):
        case TaskState.WAITING:
            return _upstream(session, row)
        case TaskState.RESOLVING:
            return Text(
                "its inputs are known; a finished task with the same is being looked for",
                "输入已就绪，正在查找可复用的已完成任务",
            )
        case TaskState.QUEUED if row.not_before_s > platform.now_s():
            left_s = row.not_before_s - platform.now_s()
            number = row.num_attempts + 1
            return Text(
                f"attempt {number} starts in {left_s:.0f} s at the earliest: {row.reason}",
                f"第 {number} 次尝试最早在 {left_s:.0f} 秒后开始：{row.reason_zh or row.reason}",
            )
        case TaskState.QUEUED:
            return Text("there is room: it starts now", "资源充足，即将开始")
        case state if state.is_final:
            en, zh = _details(row)
            return Text(f"it is over, {state}{en}", f"已结束（{state}）{zh}")
        case state:
            since_s = duration_s(row.started_at_s, None, now_s=platform.now_s()) or 0.0
            en, zh = _details(row)
            return Text(
                f"it does not wait: {state}, started {since_s:.0f} s ago{en}",
                f"无需等待：{state}，已开始 {since_s:.0f} 秒{zh}",
            )


def _details(row: TaskRow) -> tuple[str, str]:
    return (f": {row.reason}", f"：{row.reason_zh or row.reason}") if row.reason else ("", "")


def _upstream(session: Session, row: TaskRow) -> Text:
    tasks = session.scalars(select(TaskRow).where(TaskRow.id.in_(row.depends_on)).order_by(TaskRow.id))
    names = [f"{task.id} '{task.name}' ({task.state})" for task in tasks if not _is_done(task)]
    if not names:
        return Text("what it depends on is done; it goes on in a moment", "依赖任务已完成，即将继续")
    return Text(f"waits for task {', '.join(names)}", f"等待任务 {'、'.join(names)}")


def _is_done(task: TaskRow) -> bool:
    return task.state in (TaskState.SUCCEEDED, TaskState.REUSED, TaskState.READY)
