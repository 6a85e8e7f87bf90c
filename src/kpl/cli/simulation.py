"""`kpl scheduler simulate`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, print_json, print_table
from kpl.resources import Machine
from kpl.scheduler.share import totals
from kpl.scheduler.simulate import Job, Report, simulate
from kpl.scheduler.traces import FORMATS, read_machines, read_setup, read_trace

SERVER = "server"


def simulate_traces(
    policy: Annotated[list[Path], typer.Option(help="Queues and rules, as YAML; several are compared.")],
    trace: Annotated[
        str, typer.Option(help="File with recorded tasks; `server` takes the server's own history.")
    ] = SERVER,
    machines: Annotated[
        Path | None, typer.Option(help="List of machines; by default those of the server.")
    ] = None,
    format: Annotated[
        str, typer.Option(help=f"Of the trace: {', '.join(FORMATS)}; `auto` tells it from the first line.")
    ] = "auto",
    from_day: Annotated[
        float, typer.Option(min=0, help="Leave out what came before, in days from the first.")
    ] = 0,
    days: Annotated[float | None, typer.Option(min=0, help="Leave out what came later than that.")] = None,
    json: Json = False,
) -> None:
    """Replay recorded tasks under other rules, through the same decisions, in virtual time."""
    jobs = _window(_read_jobs(trace, format), from_day, days)
    all_machines = _read_machines(machines)
    total = totals(all_machines)
    reports = [
        simulate(jobs, all_machines, read_setup(path.read_text(), path.stem, jobs=jobs, total=total))
        for path in policy
    ]
    if json:
        print_json([asdict(report) for report in reports])
        return
    kinds = sorted({kind for report in reports for kind in report.utilisation})
    print_table(
        ("", *(report.name for report in reports)),
        list(zip(*_columns(kinds, reports), strict=True)),
        empty="",
    )


def _read_jobs(trace: str, format: str) -> list[Job]:
    if trace != SERVER:
        return read_trace(Path(trace).read_text(), trace, format)
    with context.client() as client:
        lines = [line.model_dump_json() for line in client.scheduler.history()]
    return read_trace("\n".join(lines), "history of the server", "kpl")


def _read_machines(path: Path | None) -> tuple[Machine, ...]:
    if path is not None:
        return read_machines(path.read_text(), str(path))
    with context.client() as client:
        listed = client.machines.list()
    return read_machines("[" + ",".join(machine.model_dump_json() for machine in listed) + "]", "the server")


def _window(jobs: list[Job], from_day: float, days: float | None) -> list[Job]:
    if not jobs:
        return jobs
    first_s = min(job.task.since_s for job in jobs) + from_day * 86400
    until_s = float("inf") if days is None else first_s + days * 86400
    return [job for job in jobs if first_s <= job.task.since_s < until_s]


def _columns(kinds: Sequence[str], reports: Sequence[Report]) -> list[list[str]]:
    names = [
        "tasks", "unfinished", "wait, mean", "wait, 95 %", "completion, mean", "completion, median",
        "completion, 95 %", "slowdown, mean", "slowdown, worst queue", "quota shortfall", "preemptions",
        "work done twice", "until all ended", *(f"{kind} in use" for kind in kinds),
    ]  # fmt: skip
    return [names, *(_column(kinds, report) for report in reports)]


def _column(kinds: Sequence[str], report: Report) -> list[str]:
    return [
        str(report.num_tasks),
        str(report.num_unfinished),
        _hours(report.mean_wait_s),
        _hours(report.p95_wait_s),
        _hours(report.mean_completion_s),
        _hours(report.median_completion_s),
        _hours(report.p95_completion_s),
        f"{report.mean_slowdown:.2f}",
        f"{report.worst_slowdown:.2f}",
        f"{100 * report.quota_shortfall:.2f} %",
        str(report.num_preemptions),
        f"{report.lost_device_s / 3600:.1f} device h",
        f"{report.makespan_s / 86400:.1f} days",
        *(f"{100 * report.utilisation.get(kind, 0.0):.1f} %" for kind in kinds),
    ]


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} h"
