"""Services that nobody uses: stopped after the time that the policy of their queue gives them."""

from dataclasses import dataclass

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from kpl.scheduler.quota import Tree
from kpl.sentence import Sentence
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.access import SERVER
from kpl.server.services.audit import record
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import scheduling_queues
from kpl.server.services.store import CANCEL_TASK, post
from kpl.task import TaskKind, TaskState


@dataclass(frozen=True, slots=True)
class IdleService:
    """A service that was asked nothing for longer than its queue allows."""

    task_id: int
    project: str
    idle_s: float
    limit_s: float
    queue: str


def stop_idle(platform: Platform) -> None:
    """Stop services that have been idle for too long; for the patrol loop.

    A service is idle from its last request on, or from when it became ready. Requests are counted by each server since
    its own start, so that nothing counts as idle from before that.
    """
    with platform.db.read() as session:
        queues = scheduling_queues(session)
        if all(queue.policy.idle_stop_s is None for queue in queues):
            return
        idle = _idle_services(platform, session, Tree(queues))
    for service in idle:
        with platform.db.write() as session:
            _stop(platform, session, service)


def _idle_services(platform: Platform, session: Session, tree: Tree) -> list[IdleService]:
    rows = session.execute(
        select(TaskRow.id, TaskRow.endpoint, TaskRow.queue, TaskRow.ready_at_s, ProjectRow.name)
        .join(ProjectRow, ProjectRow.id == TaskRow.project_id)
        .where(
            TaskRow.is_final == false(),
            TaskRow.kind == TaskKind.SERVICE,
            TaskRow.state == TaskState.READY,
            TaskRow.cancel_requested == false(),
        )
    )
    now_s, idle = platform.now_s(), []
    for row in rows:
        limit_s = tree.policy_of(row.queue).idle_stop_s
        if limit_s is None or row.ready_at_s is None:
            continue
        last_s = platform.traffic.summary(row.name, row.endpoint, now_s).last_request_at_s or 0.0
        idle_s = now_s - max(row.ready_at_s, last_s, platform.traffic.since_s)
        if idle_s >= limit_s:
            idle.append(IdleService(row.id, row.name, idle_s, limit_s, row.queue))
    return idle


def _stop(platform: Platform, session: Session, service: IdleService) -> None:
    idle_min, limit_min = f"{service.idle_s / 60:.0f}", f"{service.limit_s / 60:g}"
    reason = Sentence(
        f"stopped: nothing was asked of it for {idle_min} min, "
        f"and queue '{service.queue}' stops what is idle for {limit_min} min",
        f"已停止：{idle_min} 分钟没有请求，队列“{service.queue}”会停止空闲 {limit_min} 分钟的服务",
    )
    post(platform, session, CANCEL_TASK, task_id=service.task_id, reason=reason)
    details = {"reason": reason}
    record(
        platform,
        session,
        SERVER,
        "task.stop_idle",
        f"task:{service.task_id}",
        project=service.project,
        details=details,
    )
