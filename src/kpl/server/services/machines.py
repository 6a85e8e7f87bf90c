"""Machines: what each has, which tasks hold it, and whether new tasks are kept away from it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from kpl.errors import NotFound, nearest
from kpl.resources import Device, Machine, Placement
from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.scheduler.share import totals
from kpl.schemas.machine import (
    DeviceHolderOut,
    DeviceOut,
    DrainOut,
    DrainRequest,
    HolderOut,
    MachineOut,
    MachinesOut,
    MachineState,
    MachineUpdate,
)
from kpl.sentence import Sentence
from kpl.server.db.tables.machines import MachineRow
from kpl.server.db.tables.tasks import AttemptRow, TaskRow, TaskSpecRow
from kpl.server.services import audit
from kpl.server.services.access import (
    Caller,
    Scope,
    require_platform_admin,
    require_scope,
    visible_projects,
)
from kpl.server.services.clock import utc
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import machine_settings
from kpl.server.services.records import placement_from
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.store import MOVE_ON, post, post_settings
from kpl.task import AttemptState


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """Which machines to list; what is left out does not narrow.

    Args:
        name: a part of the name, in any case.
        kind: of a device that it has.
    """

    name: str = ""
    cluster: str | None = None
    kind: str | None = None
    state: MachineState | None = None


def list_machines(
    platform: Platform,
    caller: Caller,
    wanted: MachineFilter = MachineFilter(),
    *,
    offset: int = 0,
    limit: int | None = None,
) -> MachinesOut:
    """Show machines from the `offset`-th on. Everybody sees what is held; by whom, only who may see the project."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        held, settings = _by_machine(_held(session, caller)), machine_settings(session)
    machines = platform.executor.machines()
    states = {each.name: _state(each, settings.get(each.name)) for each in machines}
    found = [each for each in machines if _matches(each, states[each.name], wanted)]
    measured = _measured(platform)
    shown = found[offset:] if limit is None else found[offset : offset + limit]
    return MachinesOut(
        machines=[_answer(each, held.get(each.name, ()), settings, measured) for each in shown],
        num_machines=len(found),
        total=totals(found),
        held=_sum(each.placement for machine in found for each in held.get(machine.name, ())),
        states=Counter(states[each.name] for each in found),
        clusters=sorted({each.cluster for each in machines}),
        kinds=sorted({device.kind for each in machines for device in each.devices}),
    )


def get_machine(platform: Platform, caller: Caller, name: str) -> MachineOut:
    """Show a machine; who holds it, as `list_machines` does."""
    require_scope(caller, Scope.READ)
    machine = _require(platform, name)
    with platform.db.read() as session:
        return _shown(platform, session, caller, machine)


def update_machine(platform: Platform, caller: Caller, name: str, change: MachineUpdate) -> MachineOut:
    """Keep new tasks away from a machine, or open it again. What runs on it goes on."""
    require_platform_admin(caller)
    machine = _require(platform, name)
    with platform.db.write() as session:
        known = session.get(MachineRow, name)
        is_draining = change.is_cordoned and known is not None and known.is_draining
        _set(
            platform,
            session,
            caller,
            name,
            is_cordoned=change.is_cordoned,
            is_draining=is_draining,
            reason=change.reason,
        )
        action = "machine.cordon" if change.is_cordoned else "machine.uncordon"
        details = {"reason": change.reason}
        audit.record(platform, session, caller, action, f"machine:{name}", details=details)
        return _shown(platform, session, caller, machine)


def drain_machine(platform: Platform, caller: Caller, name: str, asked: DrainRequest) -> DrainOut:
    """Close a machine and ask what can be stopped and resumed to move on; the answer lists what stays.

    Asking again asks those that came to stay meanwhile.
    """
    require_platform_admin(caller)
    machine = _require(platform, name)
    with platform.db.write() as session:
        _set(platform, session, caller, name, is_cordoned=True, is_draining=True, reason=asked.reason)
        held = _held(session, caller)
        here = [each for each in held if each.placement.machine == name]
        movable = _movable(session, [each.holder.task_id for each in here])
        en, zh = (f": {asked.reason}", f"：{asked.reason}") if asked.reason else ("", "")
        why = Sentence(f"machine '{name}' is drained{en}", f"机器“{name}”正在排空{zh}")
        for task_id in sorted(movable):
            post(platform, session, MOVE_ON, task_id=task_id, reason=why)
        details = {"reason": asked.reason, "moving": sorted(movable)}
        audit.record(platform, session, caller, "machine.drain", f"machine:{name}", details=details)
        return DrainOut(
            machine=_answer(machine, here, machine_settings(session), _measured(platform)),
            moving=[each.holder for each in here if each.holder.task_id in movable],
            staying=[each.holder for each in here if each.holder.task_id not in movable],
        )


def stop_drain(platform: Platform, caller: Caller, name: str) -> MachineOut:
    """Open a machine that is being drained. What moved on already does not come back by that."""
    require_platform_admin(caller)
    machine = _require(platform, name)
    with platform.db.write() as session:
        _set(platform, session, caller, name, is_cordoned=False, is_draining=False, reason="")
        audit.record(platform, session, caller, "machine.stop_drain", f"machine:{name}")
        return _shown(platform, session, caller, machine)


@dataclass(frozen=True, slots=True)
class _Held:
    task_id: int
    holder: HolderOut
    placement: Placement


def _require(platform: Platform, name: str) -> Machine:
    machines = {machine.name: machine for machine in platform.executor.machines()}
    if name not in machines:
        raise NotFound(
            Sentence(f"There is no machine '{name}'.", f"没有机器“{name}”。"), hint=nearest(name, machines)
        )
    return machines[name]


def _set(
    platform: Platform,
    session: Session,
    caller: Caller,
    name: str,
    *,
    is_cordoned: bool,
    is_draining: bool,
    reason: str,
) -> None:
    settings = MachineRow(
        name=name,
        is_cordoned=is_cordoned,
        is_draining=is_draining,
        reason=reason,
        changed_at_s=platform.now_s(),
        changed_by=caller.username,
    )
    session.merge(settings)
    post_settings(platform, session)
    session.flush()


def _movable(session: Session, task_ids: Iterable[int]) -> set[int]:
    """Those of the tasks that can be stopped and queued again."""
    rows = session.scalars(select(TaskSpecRow).where(TaskSpecRow.task_id.in_(list(task_ids))))
    return {row.task_id for row in rows if decode_spec(row.spec).is_preemptible}


def _held(session: Session, caller: Caller) -> list[_Held]:
    visible = {row.id: row.name for row in session.scalars(visible_projects(caller))}
    rows = session.execute(
        select(
            TaskRow.id,
            TaskRow.run_id,
            TaskRow.name,
            TaskRow.project_id,
            TaskRow.created_by,
            AttemptRow.placement,
        )
        .join(AttemptRow, AttemptRow.task_id == TaskRow.id)
        .where(
            TaskRow.is_final == false(),
            AttemptRow.number == TaskRow.num_attempts,
            AttemptRow.state != AttemptState.ENDED,
        )
        .order_by(TaskRow.id)
    )
    found = []
    for row in rows:
        placement = placement_from(row.placement)
        is_visible = row.project_id in visible
        holder = HolderOut(
            task_id=row.id if is_visible else 0,
            run_id=row.run_id if is_visible else None,
            project=visible.get(row.project_id, ""),
            name=row.name if is_visible else "",
            username=row.created_by if is_visible else "",
            cpu_milli=placement.cpu_milli,
            memory_mib=placement.memory_mib,
        )
        found.append(_Held(row.id, holder, placement))
    return found


def _by_machine(held: Iterable[_Held]) -> dict[str, list[_Held]]:
    found: dict[str, list[_Held]] = {}
    for each in held:
        found.setdefault(each.placement.machine, []).append(each)
    return found


def _sum(placements: Iterable[Placement]) -> dict[str, int]:
    """What placements hold together, by resource."""
    found = {"cpu": 0, "memory": 0}
    for placement in placements:
        found["cpu"] += placement.cpu_milli
        found["memory"] += placement.memory_mib
        for share in placement.devices:
            for name in (share.kind, f"{share.kind}:{share.model}") if share.model else (share.kind,):
                found[name] = found.get(name, 0) + share.share_milli
    return found


def _state(machine: Machine, row: MachineRow | None) -> MachineState:
    if not machine.is_healthy:
        return MachineState.LOST
    if row is not None and row.is_draining:
        return MachineState.DRAINING
    is_cordoned = machine.is_cordoned or (row is not None and row.is_cordoned)
    return MachineState.CORDONED if is_cordoned else MachineState.OPEN


def _matches(machine: Machine, state: MachineState, wanted: MachineFilter) -> bool:
    return (
        wanted.name.lower() in machine.name.lower()
        and wanted.cluster in (None, machine.cluster)
        and wanted.state in (None, state)
        and (wanted.kind is None or any(device.kind == wanted.kind for device in machine.devices))
    )


_Measured = Mapping[str, MachineSample]


def _measured(platform: Platform) -> _Measured:
    """What each machine measured last, of those that did within a minute."""
    return {sample.machine: sample for sample in platform.samples.newest(now_s=platform.now_s())}


def _shown(platform: Platform, session: Session, caller: Caller, machine: Machine) -> MachineOut:
    held = _by_machine(_held(session, caller)).get(machine.name, [])
    answer = _answer(machine, held, machine_settings(session), _measured(platform))
    answer.num_movable = len(_movable(session, [each.task_id for each in held]))
    return answer


def _answer(
    machine: Machine, held: Sequence[_Held], settings: Mapping[str, MachineRow], measured: _Measured
) -> MachineOut:
    sample = measured.get(machine.name)
    devices = {} if sample is None else {(each.kind, each.index): each for each in sample.devices}
    row = settings.get(machine.name)
    return MachineOut(
        name=machine.name,
        cluster=machine.cluster,
        labels=machine.labels,
        is_simulated=machine.is_simulated,
        is_healthy=machine.is_healthy,
        is_cordoned=machine.is_cordoned or (row is not None and row.is_cordoned),
        is_draining=row is not None and row.is_draining,
        reason="" if row is None else row.reason,
        changed_at=None if row is None else utc(row.changed_at_s),
        changed_by="" if row is None else row.changed_by,
        cpu_milli=machine.cpu_milli,
        memory_mib=machine.memory_mib,
        held_cpu_milli=sum(each.placement.cpu_milli for each in held),
        held_memory_mib=sum(each.placement.memory_mib for each in held),
        devices=[_device(each, held, devices.get((each.kind, each.index))) for each in machine.devices],
        holders=[each.holder for each in held],
    )


def _device(device: Device, held: Sequence[_Held], sample: DeviceSample | None) -> DeviceOut:
    holders = [
        DeviceHolderOut(
            task_id=each.holder.task_id,
            share_milli=share.share_milli,
            share_mib=share.share_mib,
            enforcement=share.enforcement,
        )
        for each in held
        for share in each.placement.devices
        if (share.kind, share.index) == (device.kind, device.index)
    ]
    return DeviceOut(
        kind=device.kind,
        index=device.index,
        vendor=device.vendor,
        model=device.model,
        memory_mib=device.memory_mib,
        is_instance=device.is_instance,
        is_healthy=device.is_healthy,
        sharing=device.sharing,
        held_milli=sum(holder.share_milli for holder in holders),
        utilisation=None if sample is None else sample.utilisation,
        memory_used_mib=None if sample is None else sample.memory_used_mib,
        temperature_c=None if sample is None else sample.temperature_c,
        holders=holders,
    )
