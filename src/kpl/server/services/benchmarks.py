"""How accurate and how fast algorithms have proved to be: read from the reports that tests and compilations left.

Nothing is estimated: an algorithm that no test or compilation in the project has measured is not there. Reports are
immutable, so that each is read once.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import KPLError
from kpl.schemas.benchmark import BenchmarkOut, BestOut, DeviceBenchmarkOut
from kpl.server.db.tables.tasks import TaskOutputRow, TaskRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.platform import Platform
from kpl.storage.artifacts import ArtifactStore
from kpl.task import TaskState

MOST_REPORTS = 200
"""Of tests, and of compilations, so many of the latest are looked at."""
MOST_REPORT_BYTES = 4 << 20
_FUNCTIONS = ("test", "compile")
_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one report says of one target on one device; None for what it does not say."""

    device: str
    device_kind: str
    target: str
    metric: str
    accuracy: float | None
    latency_ms: float | None


def list_benchmarks(platform: Platform, caller: Caller, project: str) -> list[BenchmarkOut]:
    """List the algorithms that were measured in a project, each with its best figures by device.

    The latest MOST_REPORTS tests and as many compilations count.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        reports = [each for function in _FUNCTIONS for each in _reports(session, owner.id, function)]
    found: dict[str, list[tuple[int, Fact]]] = {}
    for task_id, algorithm, digest in reports:
        for fact in _facts(platform.artifacts, digest):
            found.setdefault(algorithm, []).append((task_id, fact))
    return [BenchmarkOut(algorithm=name, devices=_by_device(facts)) for name, facts in sorted(found.items())]


def _reports(session: Session, project_id: int, function: str) -> Iterable[tuple[int, str, str]]:
    latest = (
        select(TaskRow.id, TaskRow.algorithm)
        .where(
            TaskRow.project_id == project_id,
            TaskRow.function == function,
            TaskRow.state == TaskState.SUCCEEDED,
        )
        .order_by(TaskRow.id.desc())
        .limit(MOST_REPORTS)
        .subquery()
    )
    chosen = select(latest.c.id, latest.c.algorithm, TaskOutputRow.artifact)
    rows = session.execute(chosen.join(TaskOutputRow, TaskOutputRow.task_id == latest.c.id))
    return [(row.id, row.algorithm, row.artifact) for row in rows]


@lru_cache(maxsize=4 * MOST_REPORTS)
def _facts(artifacts: ArtifactStore, digest: str) -> tuple[Fact, ...]:
    """What the report of an artifact says; nothing for an artifact that has none, or one that cannot be read."""
    try:
        size = {entry.path: entry.size_bytes for entry in artifacts.get_tree(digest).entries}.get(_REPORT)
        if size is None or size > MOST_REPORT_BYTES:
            return ()
        report = json.loads(artifacts.read_file(digest, _REPORT))
    except (KPLError, OSError, ValueError):
        return ()
    return tuple(facts_of(report)) if isinstance(report, dict) else ()


def facts_of(report: Mapping[str, Any]) -> Iterator[Fact]:
    """Accuracy and speed in the report of a test or of a compilation, whoever wrote it."""
    hardware = _members(report.get("hardware"))
    device, kind = str(hardware.get("device") or ""), str(hardware.get("device_kind") or "")
    if not device:
        return
    if report.get("schema") == "kpl.compile-report/v1":
        for target in report.get("targets") or ():
            row = _members(target)
            yield Fact(
                device,
                kind,
                target=str(row.get("target") or ""),
                metric="accuracy",
                accuracy=_number(row.get("accuracy_after")),
                latency_ms=_number(row.get("latency_p50_ms")),
            )
    elif report.get("schema") == "kpl.report/v1":
        metric, accuracy = _first_number(_members(report.get("metrics")))
        latency_ms = _number(_members(report.get("cost")).get("latency_p50_ms"))
        yield Fact(device, kind, target="", metric=metric, accuracy=accuracy, latency_ms=latency_ms)


def _by_device(facts: Iterable[tuple[int, Fact]]) -> list[DeviceBenchmarkOut]:
    devices: dict[tuple[str, str], list[tuple[int, Fact]]] = {}
    for task_id, fact in facts:
        devices.setdefault((fact.device, fact.device_kind), []).append((task_id, fact))
    answers = [
        DeviceBenchmarkOut(device=device, device_kind=kind, accuracy=_best(own), latency_ms=_fastest(own))
        for (device, kind), own in devices.items()
    ]
    return sorted(answers, key=lambda each: math.inf if each.latency_ms is None else each.latency_ms.value)


def _best(facts: Iterable[tuple[int, Fact]]) -> BestOut | None:
    known = [
        BestOut(value=fact.accuracy, metric=fact.metric, target=fact.target, task_id=task_id)
        for task_id, fact in facts
        if fact.accuracy is not None
    ]
    return max(known, key=lambda each: each.value, default=None)


def _fastest(facts: Iterable[tuple[int, Fact]]) -> BestOut | None:
    known = [
        BestOut(value=fact.latency_ms, metric="latency_p50_ms", target=fact.target, task_id=task_id)
        for task_id, fact in facts
        if fact.latency_ms is not None
    ]
    return min(known, key=lambda each: each.value, default=None)


def _members(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _first_number(metrics: Mapping[str, Any]) -> tuple[str, float | None]:
    """The metric that a report puts first, which is its main one."""
    return next(
        ((name, number) for name, value in metrics.items() if (number := _number(value)) is not None),
        ("", None),
    )
