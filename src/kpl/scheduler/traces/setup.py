"""Policy files: the queues and rules that a simulation is made under, as YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import yaml

from kpl.errors import Invalid
from kpl.resources import parse_memory_mib
from kpl.scheduler.share import rate
from kpl.scheduler.simulate import Job, Setup
from kpl.scheduler.snapshot import ROOT, Discipline, Policy, Queue

DISCIPLINES = {
    # Strictly by age: who cannot start holds up all others.
    "fifo": Discipline((), has_shares=False, reclaims=False, reserves=False, passes_over=False),
    # By age, passing over what does not fit; room is kept for the oldest gang.
    "backfill": Discipline((), has_shares=False, reclaims=False),
    # Guarantees and shares, by age inside a queue.
    "fair": Discipline(()),
    # The same with least attained service inside a queue, as the server does it.
    "las": Discipline(),
}


@dataclass(frozen=True, slots=True)
class _Options:
    base: str = "las"
    service_levels_h: tuple[float, ...] | None = None
    patience_h: float | None = None
    patience_by_run: float | None = None
    has_shares: bool | None = None
    reclaims: bool | None = None
    reserves: bool | None = None
    passes_over: bool | None = None


@dataclass(frozen=True, slots=True)
class _QueueEntry:
    name: str
    parent: str = ROOT
    weight: float = 1.0
    guaranteed: dict[str, float | str] = field(default_factory=dict)
    limit: dict[str, float | str] = field(default_factory=dict)
    user_limit: dict[str, float | str] = field(default_factory=dict)
    min_run_s: float | None = None


@dataclass(frozen=True, slots=True)
class _File:
    name: str = ""
    discipline: str | _Options = "las"
    queues: tuple[_QueueEntry, ...] = ()
    guarantee_by_demand: dict[str, float] = field(default_factory=dict)
    min_run_s: float | None = None
    all_preemptible: bool = False


def read_setup(
    text: str, name: str = "policy", *, jobs: Sequence[Job] = (), total: Mapping[str, int] | None = None
) -> Setup:
    """Read a policy file.

    Args:
        jobs: of which `guarantee_by_demand` reads who asks for how much.
        total: what all machines have together, by resource.
    Raises:
        Invalid: it is not as in docs/guides/what-if.md.
    """
    try:
        file = msgspec.convert(yaml.safe_load(text) or {}, _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise Invalid(f"{name}: {error}.", hint="See docs/guides/what-if.md.") from error
    queues = [_queue(entry, name) for entry in file.queues]
    if file.guarantee_by_demand:
        queues = _by_demand(queues, file.guarantee_by_demand, jobs, total or {})
    if file.min_run_s is not None:
        queues = [queue for queue in queues if queue.name != ROOT]
        queues.append(Queue(ROOT, "", policy=Policy(min_run_s=file.min_run_s)))
    return Setup(file.name or name, tuple(queues), _discipline(file.discipline, name), file.all_preemptible)


def _discipline(wanted: str | _Options, name: str) -> Discipline:
    options = _Options(wanted) if isinstance(wanted, str) else wanted
    if options.base not in DISCIPLINES:
        raise Invalid(
            f"{name}: there is no discipline '{options.base}'.", hint=f"Known are {', '.join(DISCIPLINES)}."
        )
    changes: dict[str, Any] = {
        field: value
        for field in ("patience_by_run", "has_shares", "reclaims", "reserves", "passes_over")
        if (value := getattr(options, field)) is not None
    }
    if options.service_levels_h is not None:
        changes["service_levels_s"] = tuple(3600.0 * hours for hours in options.service_levels_h)
    if options.patience_h is not None:
        changes["patience_s"] = 3600.0 * options.patience_h
    return replace(DISCIPLINES[options.base], **changes)


def _queue(entry: _QueueEntry, name: str) -> Queue:
    def amounts(written: Mapping[str, float | str]) -> dict[str, int]:
        return {
            resource: _amount(resource, value, f"{name}, queue {entry.name}")
            for resource, value in written.items()
        }

    policy = Policy(min_run_s=entry.min_run_s)
    return Queue(
        entry.name, entry.parent, entry.weight, amounts(entry.guaranteed), amounts(entry.limit),
        amounts(entry.user_limit), policy,
    )  # fmt: skip


def _amount(resource: str, value: float | str, where: str) -> int:
    """Cores and devices are written as such, memory and storage with a unit."""
    if resource in ("memory", "storage"):
        return parse_memory_mib(value if isinstance(value, str) else int(value))
    if isinstance(value, str):
        raise Invalid(f"{where}: '{resource}' is '{value}', which is not a number.", hint="As in gpu: 8")
    return round(value) if resource == "tasks" else round(value * 1000)


def _by_demand(
    queues: Sequence[Queue], flat: Mapping[str, float], jobs: Sequence[Job], total: Mapping[str, int]
) -> list[Queue]:
    """Give each queue of the trace a guarantee: a part of all in equal shares, the rest by the device time it asks for.

    Queues with less than a five-hundredth of the demand get none.
    """
    demand: dict[str, float] = {}
    for job in jobs:
        if job.task.request.devices:
            of_it = rate(job.task, job.task.min_workers) * job.run_s
            demand[job.task.queue] = demand.get(job.task.queue, 0.0) + of_it
    all_demand = sum(demand.values())
    large = sorted(name for name, amount in demand.items() if amount > 0.002 * all_demand)
    of_large = sum(demand[name] for name in large)
    by_name = {queue.name: queue for queue in queues}
    for name in large:
        guaranteed = {
            kind: max(
                1, int(total.get(kind, 0) / 1000 * (part / len(large) + (1 - part) * demand[name] / of_large))
            )
            * 1000
            for kind, part in flat.items()
        }
        queue = by_name.get(name, Queue(name))
        by_name[name] = replace(queue, guaranteed={**queue.guaranteed, **guaranteed})
    return list(by_name.values())
