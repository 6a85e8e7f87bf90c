"""Numbers about work and endpoints, for Prometheus; looked up whenever somebody asks."""

from sqlalchemy import false, func, select

from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services.platform import Platform

Values = list[tuple[dict[str, str], float]]


def add_gauges(platform: Platform) -> None:
    """Show open tasks by state, and the traffic of each endpoint."""

    def tasks() -> Values:
        with platform.db.read() as session:
            counted = select(TaskRow.state, func.count()).where(TaskRow.is_final == false())
            return [({"state": s}, number) for s, number in session.execute(counted.group_by(TaskRow.state))]

    def requests() -> Values:
        return [(labels, number) for labels, number, _ in platform.traffic.samples()]

    def errors() -> Values:
        return [(labels, number) for labels, _, number in platform.traffic.samples()]

    def latencies() -> Values:
        found: Values = []
        for labels, _, _ in platform.traffic.samples():
            summary = platform.traffic.summary(labels["project"], labels["endpoint"], platform.now_s())
            for quantile, value in (("0.5", summary.p50_s), ("0.99", summary.p99_s)):
                if value is not None:
                    found.append(({**labels, "quantile": quantile}, value))
        return found

    add = platform.telemetry.add_gauge
    names = ["project", "endpoint"]
    add("kpl_tasks", "Tasks that are not over.", ["state"], tasks)
    add("kpl_endpoint_requests", "Requests passed on since the start.", names, requests)
    add("kpl_endpoint_errors", "Of these, answered with 500 and above.", names, errors)
    add("kpl_endpoint_latency_seconds", "Of the last 1,024 requests.", [*names, "quantile"], latencies)
