"""Who starts now, and where: first come first served, passing over what does not fit."""

from collections.abc import Iterable, Sequence

from kpl.resources import Machine, Placement, ResourceRequest
from kpl.scheduler.fit import Free, describe, fit, reduce_to_fit, shortages
from kpl.scheduler.snapshot import Decision, Snapshot, WaitingTask
from kpl.task.ids import TaskId


def decide(snapshot: Snapshot) -> Decision:
    """Give waiting tasks to machines in order of priority and age; the first machine with room takes a task.

    A task that does not fit does not hold up those behind it. Equal snapshots give equal decisions.
    """
    free = [Free(machine) for machine in snapshot.machines]
    _hold(free, snapshot.held.values())
    starts: dict[TaskId, Placement] = {}
    reasons: dict[TaskId, str] = {}
    # Room only shrinks while a decision is made, so what did not fit once need not be tried again.
    misfits: dict[ResourceRequest, str] = {}
    for task in sorted(snapshot.waiting, key=_rank):
        if task.request not in misfits:
            placement = _first_fit(task.request, free)
            if placement is not None:
                starts[task.id] = placement
                continue
            misfits[task.request] = _explain(task.request, free)
        reasons[task.id] = misfits[task.request]
    return Decision(starts, reasons)


def never_fits(request: ResourceRequest, machines: Sequence[Machine]) -> str | None:
    """Why a request fits on none of the machines even when they are empty, with the nearest thing that does.

    Returns:
        None when it fits, or when no machine is known, since one may still appear.
    """
    if not machines:
        return None
    empty = [Free(machine) for machine in machines]
    if _first_fit(request, empty) is not None:
        return None
    nearest = _nearest(request, empty)
    machine = nearest.machine
    lacks = "; ".join(
        f"asks for {s.wanted}, but '{machine.name}' has {s.total}" for s in shortages(request, nearest)
    )
    return f"does not fit on any machine: {lacks}. {describe(reduce_to_fit(request, nearest))} would fit."


def _first_fit(request: ResourceRequest, machines: Sequence[Free]) -> Placement | None:
    for free in machines:
        placement = fit(request, free)
        if placement is not None:
            free.take(placement)
            return placement
    return None


def _explain(request: ResourceRequest, machines: Sequence[Free]) -> str:
    """Say what is missing on the machine that comes nearest, among those large enough if there are any."""
    if not machines:
        return f"waits for {describe(request)}: no machine is known yet"
    able = [free for free in machines if fit(request, Free(free.machine)) is not None]
    if not able:
        return never_fits(request, [free.machine for free in machines]) or ""
    nearest = _nearest(request, able)
    missing = "; ".join(f"{short.wanted}: {short.standing}" for short in shortages(request, nearest))
    where = (
        "" if len(machines) == 1 else f" on '{nearest.machine.name}', the nearest of {len(machines)} machines"
    )
    return f"waits for {missing}{where}"


def _nearest(request: ResourceRequest, machines: Sequence[Free]) -> Free:
    """The machine where least is missing: the fewest sorts of things, then the most of what was asked for."""

    def rank(free: Free) -> tuple[int, int, int, int]:
        fits = reduce_to_fit(request, free)
        num_devices = sum(wanted.count for wanted in fits.devices)
        return (len(shortages(request, free)), -num_devices, -fits.cpu_milli, -fits.memory_mib)

    return min(machines, key=rank)


def _hold(machines: Sequence[Free], placements: Iterable[Placement]) -> None:
    by_name = {free.machine.name: free for free in machines}
    for placement in placements:
        if placement.machine in by_name:
            by_name[placement.machine].take(placement)


def _rank(task: WaitingTask) -> tuple[int, float, TaskId]:
    return (-task.priority, task.since_s, task.id)
