"""Machines: what each has, and which tasks hold it."""

from collections.abc import Sequence

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from kpl.resources import Machine, Placement
from kpl.schemas.machine import DeviceHolderOut, DeviceOut, HolderOut, MachineOut, MachinesOut
from kpl.server.db.tables.tasks import AttemptRow, TaskRow
from kpl.server.services.access import Caller, Scope, require_scope, visible_projects
from kpl.server.services.platform import Platform
from kpl.server.services.records import placement_from
from kpl.task import AttemptState


def list_machines(platform: Platform, caller: Caller) -> MachinesOut:
    """Show all machines. Everybody sees what is held; by which task, only who may see its project."""
    require_scope(caller, Scope.READ)
    with platform.db.read() as session:
        held = _held(session, caller)
    machines = platform.executor.machines()
    return MachinesOut(
        machines=[_answer(each, [h for h in held if h[1].machine == each.name]) for each in machines]
    )


def _held(session: Session, caller: Caller) -> list[tuple[HolderOut, Placement]]:
    visible = {row.id: row.name for row in session.scalars(visible_projects(caller))}
    rows = session.execute(
        select(TaskRow.id, TaskRow.name, TaskRow.project_id, AttemptRow.placement)
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
            project=visible.get(row.project_id, ""),
            name=row.name if is_visible else "",
            cpu_milli=placement.cpu_milli,
            memory_mib=placement.memory_mib,
        )
        found.append((holder, placement))
    return found


def _answer(machine: Machine, held: Sequence[tuple[HolderOut, Placement]]) -> MachineOut:
    return MachineOut(
        name=machine.name,
        is_simulated=machine.is_simulated,
        cpu_milli=machine.cpu_milli,
        memory_mib=machine.memory_mib,
        held_cpu_milli=sum(placement.cpu_milli for _, placement in held),
        held_memory_mib=sum(placement.memory_mib for _, placement in held),
        devices=[
            _device(
                DeviceOut(
                    kind=device.kind,
                    index=device.index,
                    vendor=device.vendor,
                    model=device.model,
                    memory_mib=device.memory_mib,
                    held_milli=0,
                    holders=[],
                ),
                held,
            )
            for device in machine.devices
        ],
        holders=[holder for holder, _ in held],
    )


def _device(device: DeviceOut, held: Sequence[tuple[HolderOut, Placement]]) -> DeviceOut:
    holders = [
        DeviceHolderOut(task_id=holder.task_id, share_milli=share.share_milli)
        for holder, placement in held
        for share in placement.devices
        if (share.kind, share.index) == (device.kind, device.index)
    ]
    held_milli = sum(holder.share_milli for holder in holders)
    return device.model_copy(update={"holders": holders, "held_milli": held_milli})
