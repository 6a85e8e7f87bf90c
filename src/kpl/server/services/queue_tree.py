"""The tree of queues as the scheduler sees it, and the settings of machines: read from what administrators set.

A project without a row has a queue of its name under the root, with no quota and no limit. A user's queue exists
only where somebody set it up; the user's tasks wait in the project's queue otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.scheduler import Policy, Queue
from kpl.scheduler.quota import Tree
from kpl.scheduler.snapshot import ROOT, Hours
from kpl.server.db.tables.machines import MachineRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.queues import QueueRow


def scheduling_queues(session: Session) -> tuple[Queue, ...]:
    """All queues: the root, those that were set up, and those of the other projects."""
    set_up = {row.name: queue_from(row) for row in session.scalars(select(QueueRow))}
    projects = {name: Queue(name) for name in session.scalars(select(ProjectRow.name))}
    queues = {**projects, ROOT: Queue(ROOT, parent=""), **set_up}
    return tuple(queues[name] for name in sorted(queues))


def queue_of(session: Session, project: str, user: str) -> str:
    """The name of the queue in which what a user submits to a project waits."""
    own = user_queue(project, user)
    is_set_up = session.scalar(select(QueueRow.id).where(QueueRow.name == own)) is not None
    return own if is_set_up else project


def user_queue(project: str, user: str) -> str:
    """The name of a user's queue below that of a project."""
    return f"{project}/{user}"


def cordoned_machines(session: Session) -> frozenset[str]:
    """Names of the machines that new tasks are kept away from."""
    return frozenset(session.scalars(select(MachineRow.name).where(MachineRow.is_cordoned)))


def machine_settings(session: Session) -> dict[str, MachineRow]:
    """What administrators decided about machines, by name."""
    return {row.name: row for row in session.scalars(select(MachineRow))}


def queue_from(row: QueueRow) -> Queue:
    return Queue(
        name=row.name,
        parent="" if row.name == ROOT else row.parent,
        weight=row.weight,
        guaranteed=row.guaranteed,
        limit=row.limits,
        user_limit=row.user_limits,
        policy=policy_from(row.policy),
    )


def policy_from(plain: Mapping[str, Any]) -> Policy:
    kinds, hours = plain.get("allowed_kinds"), plain.get("hours")
    return Policy(
        max_run_time_s=plain.get("max_run_time_s"),
        max_request=plain.get("max_request"),
        idle_stop_s=plain.get("idle_stop_s"),
        allowed_kinds=None if kinds is None else tuple(kinds),
        hours=None if hours is None else tuple(_hours(each) for each in hours),
        min_run_s=plain.get("min_run_s"),
    )


def policy_values(policy: Policy) -> dict[str, Any]:
    """The rules of a policy that are set, as JSON."""
    plain = {name: value for name, value in asdict(policy).items() if value is not None}
    if policy.hours is not None:
        plain["hours"] = [asdict(each) | {"weekdays": sorted(each.weekdays)} for each in policy.hours]
    return plain


def above(tree: Tree, name: str) -> list[Queue]:
    """A queue and those above it, up to the root."""
    return [tree.nodes[number].queue for number in reversed(tree[name].path)]


def below(queues: Iterable[Queue], name: str) -> frozenset[str]:
    """Names of a queue and of all queues below it."""
    children: dict[str, list[str]] = {}
    for queue in queues:
        children.setdefault(queue.parent, []).append(queue.name)
    found, todo = {name}, [name]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return frozenset(found)


def _hours(plain: Mapping[str, Any]) -> Hours:
    return Hours(**{**plain, "weekdays": frozenset(plain["weekdays"])})
