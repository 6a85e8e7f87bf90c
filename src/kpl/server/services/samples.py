"""What machines and their devices measure: now, and in the last seven days."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from kpl.errors import NotFound, nearest
from kpl.resources import Device, Enforcement
from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.schemas.machine import DeviceHolderOut
from kpl.schemas.sample import DeviceSeriesOut, MachineMetricsOut
from kpl.sentence import Sentence
from kpl.server.db.tables.samples import SampleRow
from kpl.server.services.access import Caller, Scope, require_scope
from kpl.server.services.clock import utc
from kpl.server.services.machines import get_machine
from kpl.server.services.platform import Platform
from kpl.server.services.recent_samples import condense, in_steps
from kpl.server.services.time_ranges import MINUTE_S, TimeRange

KEPT_S = 7 * 24 * 3600.0
_DEFAULT_RANGE_S = 600.0


def get_machine_metrics(
    platform: Platform,
    caller: Caller,
    machine: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    step_s: float | None = None,
) -> MachineMetricsOut:
    """Show what a machine measured, at most about as finely as asked for: seconds of the last ten minutes, minutes of
    the last seven days."""
    require_scope(caller, Scope.READ)
    asked = TimeRange.of(since, until, now_s=platform.now_s(), usual_s=_DEFAULT_RANGE_S, step_s=step_s)
    begin_s, end_s = asked.begin_s, asked.end_s
    recent = platform.samples.of(machine)
    described = {each.name: each for each in platform.executor.machines()}
    stored = _stored(platform, machine, begin_s, min(end_s, recent[0].at_s if recent else end_s))
    if machine not in described and not recent and not stored:
        raise NotFound(
            Sentence(f"There is no machine '{machine}'.", f"没有机器“{machine}”。"),
            hint=nearest(machine, described),
        )
    samples = [*stored, *(each for each in recent if begin_s <= each.at_s < end_s)]
    step_s = step_s or asked.usual_step_s(MINUTE_S if stored else 1.0)
    devices = described[machine].devices if machine in described else ()
    holders = _holders(platform, caller, machine) if machine in described else {}
    return _answer(machine, in_steps(samples, step_s), step_s, devices, holders)


def _holders(
    platform: Platform, caller: Caller, machine: str
) -> dict[tuple[str, int], list[DeviceHolderOut]]:
    """Who holds each device now, as far as the caller may know."""
    found = get_machine(platform, caller, machine)
    return {(each.kind, each.index): each.holders for each in found.devices}


def _answer(
    machine: str,
    samples: Sequence[MachineSample],
    step_s: float,
    devices: Sequence[Device],
    holders: dict[tuple[str, int], list[DeviceHolderOut]],
) -> MachineMetricsOut:
    known = {(device.kind, device.index): device for device in devices}
    measured = {(device.kind, device.index) for sample in samples for device in sample.devices}
    newest = samples[-1] if samples else None
    return MachineMetricsOut(
        machine=machine,
        step_s=step_s,
        times=[utc(sample.at_s) for sample in samples],
        cpu=[sample.cpu for sample in samples],
        memory_used_mib=[sample.memory_used_mib for sample in samples],
        disk_used_mib=[sample.disk_used_mib for sample in samples],
        memory_mib=0 if newest is None else newest.memory_mib,
        disk_mib=0 if newest is None else newest.disk_mib,
        devices=[
            _series(known.get(key) or Device(*key), samples, holders.get(key, []))
            for key in sorted(measured | known.keys())
        ],
    )


def _series(
    device: Device, samples: Sequence[MachineSample], holders: list[DeviceHolderOut]
) -> DeviceSeriesOut:
    key = (device.kind, device.index)
    by_time = [next((d for d in sample.devices if (d.kind, d.index) == key), None) for sample in samples]
    return DeviceSeriesOut(
        kind=device.kind,
        index=device.index,
        model=device.model,
        memory_mib=device.memory_mib,
        is_healthy=device.is_healthy,
        sharing=device.sharing.value,
        holders=holders,
        utilisation=[None if each is None else each.utilisation for each in by_time],
        memory_used_mib=[None if each is None else each.memory_used_mib for each in by_time],
        temperature_c=[None if each is None else each.temperature_c for each in by_time],
        power_w=[None if each is None else each.power_w for each in by_time],
    )


# Keeping ---------------------------------------------------------------------------------------------------


def store_minute(platform: Platform, begin_s: float) -> None:
    """Keep what each machine measured in the minute that began then."""
    rows = []
    for machine in platform.samples.machines():
        samples = [each for each in platform.samples.of(machine) if begin_s <= each.at_s < begin_s + MINUTE_S]
        if samples:
            values = asdict(condense(samples, at_s=begin_s))
            rows.append(SampleRow(machine=machine, at_s=begin_s, values=values))
    if rows:
        with platform.db.write() as session:
            for row in rows:
                session.merge(row)  # instead of what a server before this one kept of the minute


def remove_old(platform: Platform) -> None:
    """Delete what is older than seven days; for the housekeeping loop."""
    with platform.db.write() as session:
        session.execute(delete(SampleRow).where(SampleRow.at_s < platform.now_s() - KEPT_S))


def _stored(platform: Platform, machine: str, begin_s: float, end_s: float) -> list[MachineSample]:
    with platform.db.read() as session:
        rows = session.scalars(
            select(SampleRow.values)
            .where(SampleRow.machine == machine, SampleRow.at_s >= begin_s, SampleRow.at_s < end_s)
            .order_by(SampleRow.at_s)
        )
        return [_sample_from(values) for values in rows]


def _sample_from(values: dict[str, Any]) -> MachineSample:
    devices = tuple(
        DeviceSample(**{**each, "sharing": each["sharing"] and Enforcement(each["sharing"])})
        for each in values["devices"]
    )
    return MachineSample(**{**values, "devices": devices})
