"""What machines measured, as a caller sees it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from kpl.errors import Invalid, NotFound
from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.server.db.tables.samples import SampleRow
from kpl.server.services import samples
from kpl.server.services.access import SERVER
from kpl.server.services.gauges import add_machine_gauges
from kpl.server.services.platform import Platform
from kpl.testing.server import START_S, FakeClock

GPU = DeviceSample("gpu", 0, utilisation=0.25, memory_used_mib=512, temperature_c=50.0, power_w=99.5)
SAMPLE = MachineSample("here", START_S, 0.5, 100, 1000, 5, 10, (GPU,))
MINUTE_S = START_S // 60 * 60


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def measure(platform: Platform, *seconds: float) -> None:
    for second in seconds:
        platform.samples.add(replace(SAMPLE, at_s=START_S + second))


def test_last_minutes_are_shown_by_the_second(platform: Platform, clock: FakeClock) -> None:
    measure(platform, 0, 1, 2)
    clock.advance(3)
    found = samples.get_machine_metrics(platform, SERVER, "here")
    assert (found.step_s, found.times) == (1, [at(START_S), at(START_S + 1), at(START_S + 2)])
    assert (found.cpu, found.memory_used_mib, found.memory_mib) == ([0.5] * 3, [100] * 3, 1000)
    [device] = found.devices
    assert (device.utilisation, device.memory_used_mib, device.power_w) == ([0.25] * 3, [512] * 3, [99.5] * 3)


def test_steps_are_as_asked_for(platform: Platform, clock: FakeClock) -> None:
    measure(platform, *range(20))
    clock.advance(20)
    found = samples.get_machine_metrics(platform, SERVER, "here", step_s=10)
    assert found.times == [at(START_S), at(START_S + 10)]
    found = samples.get_machine_metrics(
        platform, SERVER, "here", since=at(START_S + 5), until=at(START_S + 7)
    )
    assert found.times == [at(START_S + 5), at(START_S + 6)]


def test_minutes_outlive_what_is_in_memory(platform: Platform, clock: FakeClock) -> None:
    measure(platform, *range(40))
    samples.store_minute(platform, MINUTE_S)
    platform.samples._samples.clear()
    clock.advance(3600)
    found = samples.get_machine_metrics(platform, SERVER, "here", since=at(MINUTE_S))
    assert (found.step_s, found.times, found.cpu) == (60, [at(MINUTE_S)], [0.5])
    assert found.devices[0].utilisation == [0.25]


def test_minute_that_is_stored_twice_is_kept_once(platform: Platform) -> None:
    measure(platform, 0)
    samples.store_minute(platform, MINUTE_S)
    samples.store_minute(platform, MINUTE_S)
    with platform.db.read() as session:
        assert len(session.scalars(select(SampleRow)).all()) == 1


def test_week_is_kept_and_no_more(platform: Platform, clock: FakeClock) -> None:
    measure(platform, 0)
    samples.store_minute(platform, MINUTE_S)
    clock.advance(samples.KEPT_S - 60)
    samples.remove_old(platform)
    since = at(MINUTE_S)
    assert samples.get_machine_metrics(platform, SERVER, "here", since=since).times != []
    platform.samples._samples.clear()
    clock.advance(180)
    samples.remove_old(platform)
    with pytest.raises(NotFound, match="no machine 'here'"):
        samples.get_machine_metrics(platform, SERVER, "here", since=since)


def test_finding_and_removing_never_reads_all_rows(platform: Platform) -> None:
    with platform.db.read() as session:
        for statement in (
            "SELECT * FROM samples WHERE machine = 'a' AND at_s >= 1 AND at_s < 2 ORDER BY at_s",
            "DELETE FROM samples WHERE at_s < 1",
        ):
            plan = " ".join(str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
            assert "SEARCH samples USING" in plan
            assert "SCAN" not in plan


def test_range_that_is_none_is_refused(platform: Platform) -> None:
    measure(platform, 0)
    with pytest.raises(Invalid, match="not before `until`"):
        samples.get_machine_metrics(platform, SERVER, "here", since=at(START_S + 9), until=at(START_S + 9))
    with pytest.raises(Invalid, match=r"604,800 points.*Ask for 55"):
        samples.get_machine_metrics(platform, SERVER, "here", since=at(START_S - 7 * 86400), step_s=1)


def test_prometheus_says_what_the_page_says(platform: Platform, clock: FakeClock) -> None:
    add_machine_gauges(platform)
    measure(platform, 0, 1)
    clock.advance(2)
    page = numbers(platform)
    found = samples.get_machine_metrics(platform, SERVER, "here")
    [device], labels = found.devices, '{index="0",kind="gpu",machine="here"}'
    assert page['kpl_machine_cpu_ratio{machine="here"}'] == found.cpu[-1]
    assert page['kpl_machine_memory_used_bytes{machine="here"}'] == found.memory_used_mib[-1] << 20
    assert page['kpl_machine_disk_bytes{machine="here"}'] == found.disk_mib << 20
    assert page[f"kpl_device_utilisation_ratio{labels}"] == device.utilisation[-1]
    assert page[f"kpl_device_memory_used_bytes{labels}"] == 512 << 20
    assert page[f"kpl_device_temperature_celsius{labels}"] == device.temperature_c[-1]
    assert page[f"kpl_device_power_watts{labels}"] == device.power_w[-1]
    assert page[f"kpl_device_healthy{labels}"] == 1
    clock.advance(120)
    assert 'kpl_machine_cpu_ratio{machine="here"}' not in numbers(platform)  # it has fallen silent


def numbers(platform: Platform) -> dict[str, float]:
    lines = platform.telemetry.page().decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }
