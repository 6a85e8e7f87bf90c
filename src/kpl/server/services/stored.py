"""How much each project keeps, and the limits of storage that its queue and those above it have."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kpl.errors import Conflict
from kpl.resources import format_memory
from kpl.scheduler.quota import Tree
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.datasets import DatasetVersionRow
from kpl.server.db.tables.models import ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.queue_tree import above, below, scheduling_queues

_MIB = 1 << 20


def stored_mib(session: Session) -> dict[str, int]:
    """MiB that the versions of datasets and models of each project have, added up and rounded up."""
    totals: dict[str, int] = {}
    for table in (DatasetVersionRow, ModelVersionRow):
        sizes = select(ProjectRow.name, func.sum(table.size_bytes)).join(
            ProjectRow, ProjectRow.id == table.project_id
        )
        for name, size_bytes in session.execute(sizes.group_by(ProjectRow.name)):
            totals[name] = totals.get(name, 0) + int(size_bytes)
    return {name: -(-size_bytes // _MIB) for name, size_bytes in totals.items()}


def require_storage(session: Session, project: str, what: str, more_bytes: int = 1) -> None:
    """Refuse new data for a project that keeps as much as it may.

    Args:
        what: the data, for the message.
        more_bytes: its size where that is known.
    Raises:
        Conflict: a limit of the project's queue, or of one above it, would be exceeded.
    """
    queues = scheduling_queues(session)
    limited = [queue for queue in above(Tree(queues, also=[project]), project) if "storage" in queue.limit]
    stored = stored_mib(session) if limited else {}
    for queue in limited:
        kept = sum(stored.get(name, 0) for name in below(queues, queue.name))
        limit = queue.limit["storage"]
        if kept + -(-more_bytes // _MIB) > limit:
            raise Conflict(
                Sentence(
                    f"There is no room for {what}: queue '{queue.name}' keeps {format_memory(kept)} "
                    f"of at most {format_memory(limit)}.",
                    f"没有空间存放{in_chinese(what)}：队列“{queue.name}”已存 {format_memory(kept)}，"
                    f"上限 {format_memory(limit)}。",
                ),
                hint=Sentence(
                    "Delete what nobody needs, or ask an administrator for more.",
                    "请删除不再需要的内容，或联系管理员提高上限。",
                ),
            )
