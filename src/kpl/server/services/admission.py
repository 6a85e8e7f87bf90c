"""What is refused at submission: requests that could never start, and priorities that a role may not give.

What is merely too much right now, for the machines or for a quota, is accepted and waits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kpl.errors import Denied, Invalid
from kpl.resources import Amounts, DeviceRequest, Machine, ResourceRequest, format_amount
from kpl.scheduler import describe, never_fits
from kpl.scheduler.quota import Tree
from kpl.scheduler.reasons import describe_zh
from kpl.sentence import Sentence, in_chinese
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.access import Caller, Role, role_in
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import above, queue_of, scheduling_queues
from kpl.task import TaskSpec

HIGHEST_PRIORITY: Mapping[Role, int] = {Role.VIEWER: 0, Role.DEVELOPER: 100, Role.ADMIN: 1000}
"""How far from 0 a priority may be, in both directions, by the role of whoever gives it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What decides whether a request could ever start: the machines, and the queue with those above it."""

    machines: Sequence[Machine]
    tree: Tree
    queue: str


def admission_for(platform: Platform, session: Session, caller: Caller, project: ProjectRow) -> Admission:
    """What holds for what the caller submits to the project."""
    queue = queue_of(session, project.name, caller.username)
    tree = Tree(scheduling_queues(session), also=[queue])
    return Admission(platform.executor.machines(), tree, queue)


def require_admissible(admission: Admission, name: str, spec: TaskSpec) -> None:
    """Refuse what could never start, with the nearest thing that could.

    Of devices and what else would do, one set that could start is enough.

    Raises:
        Invalid: it fits on no machine, even an empty one, or is more than a limit or policy of its queue allows.
    """
    refusal = admission_refusal(admission, spec.resources)
    if refusal is not None:
        raise Invalid(
            Sentence(f"'{name}' {refusal}", f"“{name}”{in_chinese(refusal)}"),
            hint=Sentence(
                "Ask for less, or ask an administrator for more.", "请减少资源请求，或联系管理员提高配额。"
            ),
        )


def admission_refusal(admission: Admission, request: ResourceRequest) -> str | None:
    """Why a request could never start, beginning with a verb; None when one set of what would do could."""
    choices = [replace(request, devices=d, alternatives=()) for d in (request.devices, *request.alternatives)]
    if any(_refusal(admission, choice) is None for choice in choices):
        return None
    return _refusal(admission, choices[0])


def require_priority(session: Session, caller: Caller, project: ProjectRow, priority: int) -> None:
    """Refuse a priority that the caller's role in the project may not give."""
    role = role_in(session, caller, project) or Role.VIEWER
    most = HIGHEST_PRIORITY[role]
    if abs(priority) > most:
        raise Denied(
            Sentence(
                f"Priority {priority} is not for a {role.label} of project '{project.name}', "
                f"who may give -{most} to {most}.",
                f"项目“{project.name}”中的 {role.label} 不能设优先级 {priority}，可设 -{most} 到 {most}。",
            ),
            hint=Sentence(
                "Choose one of these, or ask an admin of the project.", "请在此范围内选择，或联系项目管理员。"
            ),
        )


@dataclass(frozen=True, slots=True)
class _Cap:
    """The most of a resource that one task can ever have, and what says so, as in "queue 'vision'"."""

    resource: str
    amount: int
    source: Sentence


def _refusal(admission: Admission, request: ResourceRequest) -> str | None:
    kinds = admission.tree[admission.queue].policy.allowed_kinds
    forbidden = [wanted.kind for wanted in request.devices if kinds is not None and wanted.kind not in kinds]
    if kinds is not None and forbidden:
        allowed, zh = ", ".join(kinds) or "no devices at all", "、".join(kinds) or "不用设备"
        return Sentence(
            f"asks for {forbidden[0]}, but queue '{admission.queue}' allows only: {allowed}.",
            f"请求 {forbidden[0]}，但队列“{admission.queue}”只允许：{zh}。",
        )
    asked = _asked(request, admission.machines)
    over = [cap for cap in _caps(admission) if asked.get(cap.resource, 0) > cap.amount]
    if not over:
        return never_fits(request, admission.machines)
    caps: dict[str, int] = {}
    for cap in over:
        caps[cap.resource] = min(cap.amount, caps.get(cap.resource, cap.amount))
    parts = [_lack(cap, asked[cap.resource]) for cap in over if cap.amount == caps[cap.resource]]
    lacks, zh = "; ".join(parts), "；".join(map(in_chinese, parts))
    reduced = _reduced(request, caps)
    if reduced is None:
        return Sentence(f"could never start: {lacks}.", f"永远无法启动：{zh}。")
    nearest = never_fits(reduced, admission.machines) or Sentence(
        f"{describe(reduced)} would be admitted.", f"可改为 {describe_zh(reduced)}。"
    )
    return Sentence(
        f"could never start: {lacks}. {nearest[:1].upper()}{nearest[1:]}",
        f"永远无法启动：{zh}。{in_chinese(nearest)}",
    )


def _lack(cap: _Cap, asked: int) -> Sentence:
    wanted, most = _amount(cap.resource, asked), _amount(cap.resource, cap.amount)
    return Sentence(
        f"asks for {wanted}, but {cap.source} allows {most} at most",
        f"请求 {wanted}，但{in_chinese(cap.source)}最多允许 {most}",
    )


def _caps(admission: Admission) -> Iterator[_Cap]:
    for queue in above(admission.tree, admission.queue):
        for resource, amount in queue.limit.items():
            source = Sentence(f"the limit of queue '{queue.name}'", f"队列“{queue.name}”的上限")
            yield _Cap(resource, amount, source)
        for resource, amount in queue.user_limit.items():
            name = queue.name
            source = Sentence(f"the limit of a user in queue '{name}'", f"队列“{name}”中每个用户的上限")
            yield _Cap(resource, amount, source)
    for resource, amount in (admission.tree[admission.queue].policy.max_request or {}).items():
        source = Sentence(f"the policy of queue '{admission.queue}'", f"队列“{admission.queue}”的策略")
        yield _Cap(resource, amount, source)


def _asked(request: ResourceRequest, machines: Sequence[Machine]) -> Amounts:
    """What a request takes at least; of a model, only where no other will do."""
    amounts = {"cpu": request.cpu_milli, "memory": request.memory_mib, "tasks": 1}
    for wanted in request.devices:
        amount = wanted.count * _share_milli(wanted, machines)
        resources = [wanted.kind, *(f"{wanted.kind}:{model}" for model in wanted.models[:1])]
        for resource in resources if len(wanted.models) == 1 else resources[:1]:
            amounts[resource] = amounts.get(resource, 0) + amount
    return amounts


def _share_milli(wanted: DeviceRequest, machines: Sequence[Machine]) -> int:
    """The share that it takes at least: a share by memory takes least of the largest device."""
    if not wanted.share_mib:
        return wanted.share_milli
    largest = max((d.memory_mib for m in machines for d in m.devices if d.kind == wanted.kind), default=0)
    return -(-wanted.share_mib * 1000 // largest) if largest else 1


def _reduced(request: ResourceRequest, caps: Mapping[str, int]) -> ResourceRequest | None:
    """The request cut down to what the caps leave of it; None when they leave nothing to run in."""
    cpu, memory = caps.get("cpu", request.cpu_milli), caps.get("memory", request.memory_mib)
    if min(cpu, memory, caps.get("tasks", 1)) <= 0:
        return None
    devices, left = [], dict(caps)
    for wanted in request.devices:
        counted = [
            name for name in (wanted.kind, *(f"{wanted.kind}:{m}" for m in wanted.models)) if name in left
        ]
        room = min((left[name] // wanted.share_milli for name in counted), default=wanted.count)
        count = min(wanted.count, room)
        for name in counted:
            left[name] -= count * wanted.share_milli
        if count > 0:
            devices.append(replace(wanted, count=count))
    return replace(
        request,
        cpu_milli=min(cpu, request.cpu_milli),
        memory_mib=min(memory, request.memory_mib),
        devices=tuple(devices),
    )


def _amount(resource: str, amount: int) -> str:
    return f"{format_amount(resource, amount)} {resource}"
