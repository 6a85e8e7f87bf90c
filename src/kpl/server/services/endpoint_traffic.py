"""What endpoints answered in the last seven days, minute by minute."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from kpl.schemas.endpoint import EndpointTrafficOut
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.traffic import TrafficRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.endpoints import require_endpoint
from kpl.server.services.latencies import merged, quantile
from kpl.server.services.platform import Platform
from kpl.server.services.time_ranges import MINUTE_S, TimeRange
from kpl.server.services.traffic import TrafficMinute

KEPT_S = 7 * 24 * 3600.0
_DEFAULT_RANGE_S = 3600.0


def get_endpoint_traffic(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    step_s: float | None = None,
) -> EndpointTrafficOut:
    """Show what an endpoint answered over a time, by default in the last hour.

    Raises:
        Invalid: the time ends before it begins, or has too many steps.
    """
    # Before the rows: a minute that is stored meanwhile is then seen twice for once, not lost.
    unstored = platform.traffic.minutes(project, name)
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        require_endpoint(session, owner, name)
        asked = TimeRange.of(since, until, now_s=platform.now_s(), usual_s=_DEFAULT_RANGE_S, step_s=step_s)
        step_s = max(MINUTE_S, step_s or asked.usual_step_s(MINUTE_S))
        minutes = [*_stored(session, owner.id, name, asked), *unstored]
    return _answer(minutes, asked, step_s)


def store_traffic(platform: Platform, before_s: float) -> None:
    """Keep the minutes that began before then; for the loop that looks every second."""
    taken = platform.traffic.take_minutes(before_s)
    if not taken:
        return
    with platform.db.write() as session:
        names = {project for project, _ in taken}
        projects = {row.name: row.id for row in session.scalars(_projects(names))}
        for (project, endpoint), minutes in taken.items():
            if project in projects:
                for minute in minutes:
                    _store(session, projects[project], endpoint, minute)


def remove_old(platform: Platform) -> None:
    """Delete what is older than seven days; for the housekeeping loop."""
    with platform.db.write() as session:
        session.execute(delete(TrafficRow).where(TrafficRow.at_s < platform.now_s() - KEPT_S))


def _projects(names: Iterable[str]) -> Select[ProjectRow]:
    return select(ProjectRow).where(ProjectRow.name.in_(names))


def _store(session: Session, project_id: int, endpoint: str, minute: TrafficMinute) -> None:
    """Add to what another server, or one before this, kept of the minute."""
    known = session.get(TrafficRow, (project_id, endpoint, minute.at_s), with_for_update=True)
    before = TrafficMinute(minute.at_s) if known is None else _minute_of(known)
    latencies = merged([before.latencies, minute.latencies])
    session.merge(
        TrafficRow(
            project_id=project_id,
            endpoint=endpoint,
            at_s=minute.at_s,
            num_requests=before.num_requests + minute.num_requests,
            num_errors=before.num_errors + minute.num_errors,
            latencies={str(step): number for step, number in latencies.items()},
        )
    )


def _stored(session: Session, project_id: int, endpoint: str, asked: TimeRange) -> list[TrafficMinute]:
    rows = session.scalars(
        select(TrafficRow).where(
            TrafficRow.project_id == project_id,
            TrafficRow.endpoint == endpoint,
            TrafficRow.at_s > asked.begin_s - MINUTE_S,
            TrafficRow.at_s < asked.end_s,
        )
    )
    return [_minute_of(row) for row in rows]


def _minute_of(row: TrafficRow) -> TrafficMinute:
    latencies = {int(step): number for step, number in row.latencies.items()}
    return TrafficMinute(row.at_s, row.num_requests, row.num_errors, latencies)


def _answer(minutes: Sequence[TrafficMinute], asked: TimeRange, step_s: float) -> EndpointTrafficOut:
    first_s = asked.begin_s // step_s * step_s
    num_steps = ceil((asked.end_s - first_s) / step_s)
    steps: list[list[TrafficMinute]] = [[] for _ in range(num_steps)]
    for minute in minutes:
        number = int((minute.at_s - first_s) // step_s)
        if 0 <= number < num_steps:
            steps[number].append(minute)
    latencies = [merged(minute.latencies for minute in members) for members in steps]
    return EndpointTrafficOut(
        step_s=step_s,
        last_step_s=round(asked.end_s - first_s - (num_steps - 1) * step_s, 3),
        times=[utc(first_s + number * step_s) for number in range(num_steps)],
        num_requests=[sum(minute.num_requests for minute in members) for members in steps],
        num_errors=[sum(minute.num_errors for minute in members) for members in steps],
        p50_ms=[_ms(quantile(each, 0.5)) for each in latencies],
        p95_ms=[_ms(quantile(each, 0.95)) for each in latencies],
        p99_ms=[_ms(quantile(each, 0.99)) for each in latencies],
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
