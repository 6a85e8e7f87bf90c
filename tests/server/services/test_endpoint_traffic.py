"""What endpoints answered, by time."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from kpl.errors import Invalid, NotFound
from kpl.schemas.endpoint import EndpointTrafficOut
from kpl.server.background.sampling import Sampling
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.db.tables.traffic import TrafficRow
from kpl.server.services import endpoint_traffic, endpoints
from kpl.server.services.access import SERVER
from kpl.server.services.platform import Platform
from kpl.server.services.traffic import Traffic
from kpl.testing.server import FakeClock

DAY_S = 24 * 3600.0


@pytest.fixture
def served(platform: Platform) -> Platform:
    """A project with an endpoint `digits` that has stopped."""
    with platform.db.write() as session:
        project_id = session.scalars(select(ProjectRow.id)).one()
        session.add(
            TaskRow(
                project_id=project_id,
                name="serve",
                kind="service",
                algorithm="toy",
                version="1",
                function="serve",
                endpoint="digits",
                depends_on=[],
                state="cancelled",
                is_final=True,
                created_at_s=0.0,
            )
        )
    return platform


def answer(platform: Platform, *, duration_s: float = 0.1, status: int = 200) -> None:
    platform.traffic.count("default", "digits", status=status, duration_s=duration_s, now_s=platform.now_s())


def shown(platform: Platform, **asked: datetime | float) -> EndpointTrafficOut:
    return endpoint_traffic.get_endpoint_traffic(platform, SERVER, "default", "digits", **asked)  # type: ignore[arg-type]


def test_an_hour_has_a_step_for_each_minute_also_without_requests(served: Platform, clock: FakeClock) -> None:
    loop = Sampling(served)
    loop.look()
    answer(served)
    answer(served, duration_s=1.0, status=503)
    clock.advance(60)
    loop.look()
    clock.advance(120)
    answer(served, duration_s=0.5)
    found = shown(served)
    assert (found.step_s, len(found.times)) == (60, 61)
    assert found.last_step_s == clock.now_s() - found.times[-1].timestamp()
    assert found.num_requests[-4:] == [2, 0, 0, 1]
    assert found.num_errors[-4:] == [1, 0, 0, 0]
    assert found.p50_ms[-4] == pytest.approx(100, rel=0.05)
    assert found.p99_ms[-4] == pytest.approx(1000, rel=0.05)
    assert found.p50_ms[-3:-1] == [None, None]
    assert found.p95_ms[-1] == pytest.approx(500, rel=0.05)


def test_a_restart_loses_nothing_and_adds_to_the_minute(served: Platform) -> None:
    loop = Sampling(served)
    loop.look()
    answer(served)
    loop.stop()
    after = Traffic()
    after.count("default", "digits", status=200, duration_s=0.2, now_s=served.now_s())
    assert shown(served).num_requests[-1] == 1
    minutes = after.take_minutes(served.now_s() + 60)
    served.traffic.count("default", "digits", status=200, duration_s=0.2, now_s=served.now_s())
    assert [each.num_requests for each in minutes["default", "digits"]] == [1]
    endpoint_traffic.store_traffic(served, served.now_s() + 60)
    assert shown(served).num_requests[-1] == 2


def test_a_day_and_a_week_come_in_coarser_steps(served: Platform, clock: FakeClock) -> None:
    answer(served)
    clock.advance(7 * DAY_S - 3600)
    answer(served)
    now = datetime.fromtimestamp(clock.now_s(), UTC)
    week = shown(served, since=datetime.fromtimestamp(clock.now_s() - 7 * DAY_S, UTC))
    assert sum(week.num_requests) == 2
    assert len(week.times) <= 601
    with pytest.raises(Invalid, match="since"):
        shown(served, since=now, until=now)


def test_minutes_are_kept_for_a_week_and_go_with_the_endpoint(served: Platform, clock: FakeClock) -> None:
    answer(served)
    endpoint_traffic.store_traffic(served, clock.now_s() + 60)
    clock.advance(6 * DAY_S)
    answer(served)
    endpoint_traffic.store_traffic(served, clock.now_s() + 60)
    clock.advance(2 * DAY_S)
    endpoint_traffic.remove_old(served)
    with served.db.read() as session:
        assert session.scalar(select(func.count()).select_from(TrafficRow)) == 1
    answer(served)
    endpoints.delete_endpoint(served, SERVER, "default", "digits")
    assert served.traffic.minutes("default", "digits") == []
    with served.db.read() as session:
        assert session.scalar(select(func.count()).select_from(TrafficRow)) == 0
    with pytest.raises(NotFound, match="digits"):
        shown(served)


def test_traffic_of_a_deleted_project_is_dropped(served: Platform) -> None:
    served.traffic.count("gone", "digits", status=200, duration_s=0.1, now_s=served.now_s())
    endpoint_traffic.store_traffic(served, served.now_s() + 60)
    assert served.traffic.take_minutes(served.now_s() + 60) == {}
