"""Queues: who is promised what, by which rules, who runs in them and who waits.

Administrators of the platform set up all of them. Admins of a project divide what their project has among its
members, in queues called `PROJECT/USER`. Everybody sees the queues of their projects and those above.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Invalid, NotFound, nearest
from kpl.resources import Amounts, format_amount, format_devices
from kpl.scheduler import Policy, Queue
from kpl.scheduler.hours_text import format_hours, minutes_of
from kpl.scheduler.quota import Tree, devices_in
from kpl.scheduler.snapshot import MIN_RUN_S, ROOT, Hours
from kpl.schemas.names import NAME_PATTERN
from kpl.schemas.page import Page
from kpl.schemas.pipeline import PlanQuotaOut
from kpl.schemas.queue import PolicyBody, QueuedTaskOut, QueueOut, QueuePut
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.projects import MemberRow, ProjectRow
from kpl.server.db.tables.queues import QueueRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.db.tables.users import UserRow
from kpl.server.services import audit
from kpl.server.services.access import (
    Caller,
    Role,
    Scope,
    project_for,
    require_platform_admin,
    require_scope,
    visible_projects,
)
from kpl.server.services.clock import utc
from kpl.server.services.paging import decode_cursor, encode_cursor
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import (
    above,
    below,
    policy_values,
    queue_from,
    scheduling_queues,
)
from kpl.server.services.scheduling import Outlook, held_amounts, outlook, text_out
from kpl.server.services.store import post_settings
from kpl.server.services.stored import stored_mib
from kpl.task import TaskState
from kpl.task.ids import TaskId

RESERVED_USER = "tasks"
"""Its queue's address would be that of the tasks of the project's queue."""


def list_queues(
    platform: Platform, caller: Caller, *, cursor: str | None = None, limit: int = 50
) -> Page[QueueOut]:
    """List the queues that the caller may see, by name."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        seen = outlook(platform, session)
        after = "" if cursor is None else str(decode_cursor(cursor, str))
        names = sorted(name for name in _visible(session, caller, seen) if name > after)
        items = _answers(session, seen, names[:limit])
    return Page(items=items, next_cursor=encode_cursor(names[limit - 1]) if len(names) > limit else None)


def get_queue(platform: Platform, caller: Caller, name: str) -> QueueOut:
    """Show a queue: what it has, what it is promised and by which rules."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        seen = outlook(platform, session)
        _require_visible(session, caller, seen, name)
        return _answers(session, seen, [name])[0]


def list_queued(
    platform: Platform, caller: Caller, name: str, *, cursor: str | None = None, limit: int = 50
) -> Page[QueuedTaskOut]:
    """List who runs in a queue and those below it, the oldest first, then who waits, by place in the queue."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        seen = outlook(platform, session)
        _require_visible(session, caller, seen, name)
        names = below(seen.queues.values(), name)
        running = sorted((r.started_at_s, id_) for id_, r in seen.running.items() if r.task.queue in names)
        waiting = sorted(
            (wait.position, wait.queue, id_)
            for id_, wait in seen.decision.waits.items()
            if seen.waiting[id_].queue in names
        )
        starting = sorted(id_ for id_ in seen.decision.starts if seen.waiting[id_].queue in names)
        ids = [*(each[-1] for each in running), *starting, *(each[-1] for each in waiting)]
        first = 0 if cursor is None else int(decode_cursor(cursor, int))
        items = _queued(session, caller, seen, ids[first : first + limit])
    following = first + limit
    return Page(items=items, next_cursor=encode_cursor(following) if len(ids) > following else None)


def put_queue(platform: Platform, caller: Caller, name: str, asked: QueuePut) -> QueueOut:
    """Set up a queue or change it; what is left out stays as it is.

    Raises:
        Invalid: it would promise more than the queue above has, or less than was promised below it.
    """
    with platform.db.write() as session:
        project, username = _require_may_set(session, caller, name)
        queues = {queue.name: queue for queue in scheduling_queues(session)}
        row = session.scalar(select(QueueRow).where(QueueRow.name == name))
        if row is None:
            row = _new_row(name, project, username)
            session.add(row)
        _take_in(row, asked)
        row.changed_at_s, row.changed_by = platform.now_s(), caller.username
        changed = queue_from(row)
        _require_place(queues, changed)
        _require_within(queues, changed)
        if not _is_platform_admin(caller):
            _require_no_looser(changed, Tree({**queues, name: changed}.values())[changed.parent].policy)
        audit.record(
            platform,
            session,
            caller,
            "queue.put",
            f"queue:{name}",
            project=None if project is None else project.name,
            details=asked.model_dump(mode="json", exclude_unset=True),
        )
        post_settings(platform, session)
    with platform.db.read() as session:
        return _answers(session, outlook(platform, session), [name])[0]


def delete_queue(platform: Platform, caller: Caller, name: str) -> None:
    """Take away what was set up: a project's queue has no quota and no rules then, any other is gone."""
    with platform.db.write() as session:
        project, username = _require_may_set(session, caller, name)
        row = session.scalar(select(QueueRow).where(QueueRow.name == name))
        if row is None:
            known = session.scalars(select(QueueRow.name))
            raise NotFound(
                Sentence(f"No queue '{name}' was set up.", f"没有设置过队列“{name}”。"),
                hint=nearest(name, known),
            )
        is_gone = username != "" or (project is None and name != ROOT)
        if is_gone:
            _refuse_while_used(session, name)
        else:
            changed = Queue(name, parent="" if name == ROOT else ROOT)
            _require_within({queue.name: queue for queue in scheduling_queues(session)}, changed)
        session.delete(row)
        audit.record(
            platform,
            session,
            caller,
            "queue.delete",
            f"queue:{name}",
            project=None if project is None else project.name,
        )
        post_settings(platform, session)


# Who may. ---------------------------------------------------------------------------------------------------


def _is_platform_admin(caller: Caller) -> bool:
    return caller.is_admin and caller.only_project_id is None


def _require_may_set(session: Session, caller: Caller, name: str) -> tuple[ProjectRow | None, str]:
    """The project that the queue belongs to, and its member; refuses who may not set it up."""
    owner, slash, username = name.partition("/")
    if not slash:
        require_platform_admin(caller)
        if not re.fullmatch(NAME_PATTERN, name):
            raise Invalid(
                Sentence(f"'{name}' cannot name a queue.", f"“{name}”不能作队列名称。"),
                hint=Sentence(
                    "Use lower-case letters, digits, '_', '-' and '.'; PROJECT/USER for the queue of a user.",
                    "请使用小写字母、数字、'_'、'-' 和 '.'；用户的队列写作 PROJECT/USER。",
                ),
            )
        return session.scalar(select(ProjectRow).where(ProjectRow.name == name)), ""
    project = project_for(session, caller, owner, Role.ADMIN)
    members = select(UserRow.username).join(MemberRow).where(MemberRow.project_id == project.id)
    known = session.scalars(members.where(UserRow.username == username)).all()
    has_row = session.scalar(select(QueueRow.id).where(QueueRow.name == name)) is not None
    if username == RESERVED_USER:
        raise Invalid(
            Sentence(
                f"A user called '{username}' cannot have a queue.", f"名为“{username}”的用户不能有队列。"
            ),
            hint=Sentence("Limit the project's users.", "请限制该项目的用户。"),
        )
    if not known and not has_row:
        raise NotFound(
            Sentence(
                f"'{username}' is not a member of project '{owner}'.",
                f"“{username}”不是项目“{owner}”的成员。",
            ),
            hint=nearest(username, session.scalars(members.limit(200))),
        )
    return project, username


def _visible(session: Session, caller: Caller, seen: Outlook) -> frozenset[str]:
    if _is_platform_admin(caller):
        return frozenset(seen.queues)
    projects = {row.name for row in session.scalars(visible_projects(caller))}
    mine = [name for name in seen.queues if name.partition("/")[0] in projects]
    return frozenset(queue.name for name in mine for queue in above(seen.tree, name))


def _require_visible(session: Session, caller: Caller, seen: Outlook, name: str) -> None:
    visible = _visible(session, caller, seen)
    if name not in visible:
        raise NotFound(
            Sentence(f"There is no queue '{name}' that you may see.", f"没有您可查看的队列“{name}”。"),
            hint=nearest(name, visible),
        )


# What may be set. -------------------------------------------------------------------------------------------


def _new_row(name: str, project: ProjectRow | None, username: str) -> QueueRow:
    return QueueRow(
        name=name,
        parent=project.name if project is not None and username else ("" if name == ROOT else ROOT),
        project_id=None if project is None else project.id,
        username=username,
        weight=1.0,
        guaranteed={},
        limits={},
        user_limits={},
        policy={},
    )


def _take_in(row: QueueRow, asked: QueuePut) -> None:
    if asked.parent is not None and asked.parent != row.parent:
        if row.username or row.name == ROOT:
            why = (
                Sentence("the root is above all.", "根队列在最上层。")
                if row.name == ROOT
                else Sentence("a user's queue hangs below the project's.", "用户的队列挂在其项目的队列之下。")
            )
            raise Invalid(
                Sentence(
                    f"Queue '{row.name}' stays where it is: {why}", f"队列“{row.name}”不能移动：{why.zh}"
                ),
                hint=Sentence("Leave 'parent' out.", "请不要填写 'parent'。"),
            )
        row.parent = asked.parent
    if row.name == ROOT and (asked.weight is not None or asked.guaranteed):
        raise Invalid(
            Sentence("The root has nobody to share with.", "根队列没有可分享的对象。"),
            hint=Sentence("Set a limit or a policy of it.", "请设置它的上限或策略。"),
        )
    row.weight = row.weight if asked.weight is None else asked.weight
    row.guaranteed = row.guaranteed if asked.guaranteed is None else dict(asked.guaranteed)
    row.limits = row.limits if asked.limit is None else dict(asked.limit)
    row.user_limits = row.user_limits if asked.user_limit is None else dict(asked.user_limit)
    if asked.policy is not None:
        named = asked.policy.model_dump(mode="json", exclude_unset=True)
        row.policy = {rule: value for rule, value in {**row.policy, **named}.items() if value is not None}
        for window in asked.policy.hours or ():
            begin, end = window.from_minute, window.until_minute
            if begin >= end:
                raise Invalid(
                    Sentence(
                        f"policy.hours: from minute {begin} until minute {end} is no time.",
                        f"policy.hours：从第 {begin} 分钟到第 {end} 分钟不构成时段。",
                    ),
                    hint=Sentence("Write a window over midnight as two.", "跨零点的时段请写成两段。"),
                )


def _require_place(queues: Mapping[str, Queue], queue: Queue) -> None:
    """Refuse a parent that is not there, or is below the queue itself."""
    if queue.name == ROOT:
        return
    if queue.parent not in queues:
        raise NotFound(
            Sentence(f"There is no queue '{queue.parent}'.", f"没有队列“{queue.parent}”。"),
            hint=nearest(queue.parent, queues),
        )
    if queue.parent in below(queues.values(), queue.name):
        raise Invalid(
            Sentence(
                f"Queue '{queue.name}' cannot hang below '{queue.parent}', which is below it already.",
                f"队列“{queue.name}”不能挂在“{queue.parent}”之下，后者本就在它之下。",
            ),
            hint=Sentence("Move that one first.", "请先移动后者。"),
        )


def _require_within(queues: Mapping[str, Queue], queue: Queue) -> None:
    """Refuse quotas that contradict each other, above the queue or below it."""
    for resource, amount in queue.guaranteed.items():
        limit = queue.limit.get(resource)
        if limit is not None and amount > limit:
            raise Invalid(
                Sentence(
                    f"Queue '{queue.name}' is guaranteed {_words(resource, amount)}, more than its limit of "
                    f"{_words(resource, limit)}.",
                    f"队列“{queue.name}”的保障配额 {_words(resource, amount)} 超过其上限 {_words(resource, limit)}。",
                ),
                hint=Sentence("Raise the limit, or promise less.", "请提高上限，或降低保障配额。"),
            )
    tree = {**queues, queue.name: queue}
    parent = tree.get(queue.parent)
    if parent is not None and parent.name != ROOT:
        _require_promises_kept(tree, parent)
    if queue.name != ROOT:
        _require_promises_kept(tree, queue)
    for child in (parent, queue):
        if child is not None:
            _require_limits_kept(tree, child)


def _require_promises_kept(tree: Mapping[str, Queue], parent: Queue) -> None:
    """Refuse to promise more below a queue than was promised to it."""
    promised: dict[str, int] = {}
    children = [queue for queue in tree.values() if queue.parent == parent.name]
    for child in children:
        for resource, amount in child.guaranteed.items():
            promised[resource] = promised.get(resource, 0) + amount
    for resource, amount in promised.items():
        has = parent.guaranteed.get(resource, 0)
        if amount > has:
            names = ", ".join(f"'{c.name}'" for c in children if c.guaranteed.get(resource))
            raise Invalid(
                Sentence(
                    f"Below queue '{parent.name}', {names} would be guaranteed {_words(resource, amount)}; "
                    f"'{parent.name}' itself is guaranteed {_words(resource, has)}.",
                    f"队列“{parent.name}”之下的 {names} 的保障配额合计将达 {_words(resource, amount)}；"
                    f"而“{parent.name}”自身的保障配额为 {_words(resource, has)}。",
                ),
                hint=Sentence(
                    f"Promise less below it, or guarantee more to '{parent.name}' first.",
                    f"请降低下级的保障配额，或先提高“{parent.name}”的保障配额。",
                ),
            )


_LIMIT = Sentence("limit", "上限")
_USER_LIMIT = Sentence("limit of a user", "每用户上限")


def _require_limits_kept(tree: Mapping[str, Queue], parent: Queue) -> None:
    """Refuse a limit below a queue that is above its own: it would never be reached."""
    for child in tree.values():
        if child.parent != parent.name:
            continue
        for what, amounts in ((_LIMIT, child.limit), (_USER_LIMIT, child.user_limit)):
            for resource, amount in amounts.items():
                most = parent.limit.get(resource)
                if most is not None and amount > most:
                    raise Invalid(
                        Sentence(
                            f"The {what} of queue '{child.name}' is {_words(resource, amount)}, "
                            f"but '{parent.name}' above it never holds more than {_words(resource, most)}.",
                            f"队列“{child.name}”的{in_chinese(what)}为 {_words(resource, amount)}，"
                            f"但上级“{parent.name}”最多只有 {_words(resource, most)}。",
                        ),
                        hint=Sentence(
                            f"Give {_words(resource, most)} or less, or raise the limit of '{parent.name}'.",
                            f"请填写不超过 {_words(resource, most)} 的值，或提高“{parent.name}”的上限。",
                        ),
                    )


def _require_no_looser(queue: Queue, upper: Policy) -> None:
    """Refuse rules that allow what those above do not; only who sets those may."""
    rules = queue.policy
    problem = ""
    if _exceeds(rules.max_run_time_s, upper.max_run_time_s):
        problem = _more("max_run_time_s", rules.max_run_time_s, upper.max_run_time_s)
    elif _exceeds(rules.idle_stop_s, upper.idle_stop_s):
        problem = _more("idle_stop_s", rules.idle_stop_s, upper.idle_stop_s)
    elif rules.min_run_s is not None and rules.min_run_s > (upper.min_run_s or MIN_RUN_S):
        problem = _more("min_run_s", rules.min_run_s, upper.min_run_s or MIN_RUN_S)
    elif rules.max_request is not None and (loose := _looser(rules.max_request, upper.max_request or {})):
        problem = Sentence(
            f"max_request allows more {loose} than the rules above it",
            f"max_request 允许的 {loose} 多于上级规则",
        )
    elif rules.allowed_kinds is not None and upper.allowed_kinds is not None:
        extra = sorted(set(rules.allowed_kinds) - set(upper.allowed_kinds))
        if extra:
            problem = Sentence(
                f"allowed_kinds has {', '.join(extra)}, which the rules above it do not",
                f"allowed_kinds 含上级规则没有的 {'、'.join(extra)}",
            )
    if not problem and not _is_within(rules.hours, upper.hours):
        hours = format_hours(upper.hours or ())
        problem = Sentence(
            f"its hours are not within {hours}, the hours above it", f"其时段不在上级时段 {hours} 之内"
        )
    if problem:
        raise Invalid(
            Sentence(
                f"The policy of queue '{queue.name}' is looser than what holds above it: {problem}.",
                f"队列“{queue.name}”的策略比上级宽松：{in_chinese(problem)}。",
            ),
            hint=Sentence("An admin of a project can only make rules stricter.", "项目管理员只能收紧规则。"),
        )


def _more(rule: str, value: float | None, most: float | None) -> Sentence:
    return Sentence(
        f"{rule} {value:g} is more than the {most:g} above it", f"{rule} {value:g} 大于上级的 {most:g}"
    )


def _is_within(hours: Sequence[Hours] | None, upper: Sequence[Hours] | None) -> bool:
    return hours is None or upper is None or minutes_of(hours) <= minutes_of(upper)


def _exceeds(value: float | None, most: float | None) -> bool:
    return value is not None and most is not None and value > most


def _looser(amounts: Amounts, upper: Amounts) -> str:
    """A resource of which the amounts allow more; they replace those above, so a missing one is no limit."""
    return next((resource for resource, most in upper.items() if amounts.get(resource, most + 1) > most), "")


def _refuse_while_used(session: Session, name: str) -> None:
    children = session.scalars(select(QueueRow.name).where(QueueRow.parent == name).limit(5)).all()
    if children:
        raise Conflict(
            Sentence(
                f"Queue '{name}' cannot be deleted: below it are {', '.join(children)}.",
                f"队列“{name}”不能删除：其下还有 {'、'.join(children)}。",
            ),
            hint=Sentence("Move or delete these first.", "请先移动或删除它们。"),
        )
    going_on = select(TaskRow.id).where(TaskRow.is_final == false(), TaskRow.queue == name)
    tasks = session.scalars(going_on.order_by(TaskRow.id).limit(5)).all()
    if tasks:
        raise Conflict(
            Sentence(
                f"Queue '{name}' cannot be deleted: tasks {', '.join(map(str, tasks))} wait or run in it.",
                f"队列“{name}”不能删除：任务 {'、'.join(map(str, tasks))} 在其中等待或运行。",
            ),
            hint=Sentence("Let them end, or cancel them.", "请等它们结束，或取消它们。"),
        )


def _words(resource: str, amount: int) -> str:
    return f"{resource}={format_amount(resource, amount)}"


# Answers. ---------------------------------------------------------------------------------------------------


def _answers(session: Session, seen: Outlook, names: Iterable[str]) -> list[QueueOut]:
    rows = {row.name: row for row in session.scalars(select(QueueRow))}
    projects = set(session.scalars(select(ProjectRow.name)))
    used, num_running, num_waiting = _counted(session, seen)
    return [
        _answer(
            seen.queues[name],
            rows.get(name),
            project=name.partition("/")[0] if name.partition("/")[0] in projects else "",
            policy=seen.tree[name].policy,
            used=used.get(name, {}),
            num_running=num_running.get(name, 0),
            num_waiting=num_waiting.get(name, 0),
        )
        for name in names
    ]


def _answer(
    queue: Queue,
    row: QueueRow | None,
    *,
    project: str,
    policy: Policy,
    used: Amounts,
    num_running: int,
    num_waiting: int,
) -> QueueOut:
    return QueueOut(
        name=queue.name,
        parent=queue.parent,
        project=project,
        username="" if row is None else row.username,
        is_set_up=row is not None,
        weight=queue.weight,
        guaranteed=dict(queue.guaranteed),
        limit=dict(queue.limit),
        user_limit=dict(queue.user_limit),
        policy=PolicyBody.model_validate(policy_values(queue.policy)),
        effective_policy=PolicyBody.model_validate(policy_values(policy)),
        used=dict(used),
        borrowed={} if queue.name == ROOT else _borrowed(queue.guaranteed, used),
        num_running=num_running,
        num_waiting=num_waiting,
        changed_at=None if row is None else utc(row.changed_at_s),
        changed_by="" if row is None else row.changed_by,
    )


def quota_of(session: Session, seen: Outlook, name: str) -> list[PlanQuotaOut]:
    """What a queue and those above it allow at most, and what of it is used."""
    used, _, _ = _counted(session, seen)
    return [
        PlanQuotaOut(
            queue=queue.name, resource=resource, used=used.get(queue.name, {}).get(resource, 0), limit=limit
        )
        for queue in above(seen.tree, name)
        for resource, limit in queue.limit.items()
    ]


def _borrowed(guaranteed: Amounts, used: Amounts) -> dict[str, int]:
    """What is used beyond a guarantee, of what it names and of kinds of devices that it says nothing about."""
    named = {resource.partition(":")[0] for resource in guaranteed}
    kinds = {resource for resource in devices_in(used) if ":" not in resource and resource not in named}
    return {
        resource: amount - guaranteed.get(resource, 0)
        for resource, amount in used.items()
        if (resource in guaranteed or resource in kinds) and amount > guaranteed.get(resource, 0)
    }


_Counts = dict[str, int]


def _counted(session: Session, seen: Outlook) -> tuple[dict[str, _Counts], _Counts, _Counts]:
    """What is used in each queue and below it, how many tasks run there and how many wait."""
    used: dict[str, _Counts] = {}
    num_running: _Counts = {}
    num_waiting: _Counts = {}
    for running in seen.running.values():
        _add(seen.tree, running.task.queue, held_amounts(running), used)
        for queue in above(seen.tree, running.task.queue):
            num_running[queue.name] = num_running.get(queue.name, 0) + 1
    for task in seen.waiting.values():
        for queue in above(seen.tree, task.queue):
            num_waiting[queue.name] = num_waiting.get(queue.name, 0) + 1
    for project, kept_mib in stored_mib(session).items():
        _add(seen.tree, project, {"storage": kept_mib}, used)
    return used, num_running, num_waiting


def _add(tree: Tree, name: str, amounts: Amounts, totals: dict[str, _Counts]) -> None:
    for queue in above(tree, name):
        total = totals.setdefault(queue.name, {})
        for resource, amount in amounts.items():
            total[resource] = total.get(resource, 0) + amount


def _queued(session: Session, caller: Caller, seen: Outlook, ids: Sequence[TaskId]) -> list[QueuedTaskOut]:
    visible = {row.id: row.name for row in session.scalars(visible_projects(caller))}
    rows = {row.id: row for row in session.scalars(select(TaskRow).where(TaskRow.id.in_(ids)))}
    return [_queued_task(rows[id_], seen, visible) for id_ in ids if id_ in rows]


def _queued_task(row: TaskRow, seen: Outlook, visible: Mapping[int, str]) -> QueuedTaskOut:
    is_visible = row.project_id in visible
    running, wait = seen.running.get(TaskId(row.id)), seen.decision.waits.get(TaskId(row.id))
    waiting = seen.waiting.get(TaskId(row.id))
    task = running.task if running is not None else waiting
    amounts = {} if running is None else held_amounts(running)
    if running is None and waiting is not None:
        request = waiting.request
        amounts = {"cpu": request.cpu_milli, "memory": request.memory_mib}
    return QueuedTaskOut(
        task_id=row.id if is_visible else 0,
        run_id=row.run_id if is_visible else None,
        project=visible.get(row.project_id, ""),
        name=row.name if is_visible else "",
        username=row.created_by if is_visible else "",
        queue=row.queue,
        state=TaskState(row.state),
        priority=row.priority,
        amounts=amounts,
        devices="" if task is None else format_devices((task.request.devices, *task.request.alternatives)),
        position=None if wait is None else wait.position,
        reason=None if wait is None or not is_visible else text_out(wait.reason),
        obstacle=None if wait is None else wait.obstacle,
        expected_start_at=None if wait is None else utc(wait.expected_start_s),
        created_at=utc(row.created_at_s),
        started_at=None if running is None else utc(running.started_at_s),
    )
