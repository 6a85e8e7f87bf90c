"""Services that nobody uses are stopped by the policy of their queue."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpl.schemas.queue import QueuePut
from kpl.server.app import close_platform, open_platform
from kpl.server.db.tables.audit import AuditRow
from kpl.server.db.tables.orchestration import InboxRow
from kpl.server.db.tables.tasks import TaskRow, TaskSpecRow
from kpl.server.services import queues
from kpl.server.services.access import SERVER
from kpl.server.services.idle import stop_idle
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import encode_spec
from kpl.server.settings import Settings
from kpl.testing.server import FakeClock, IdleExecutor, add_project
from kpl.testing.tasks import tiny_task


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def here(tmp_path: Path, clock: FakeClock) -> Iterator[Platform]:
    settings = Settings(data_dir=tmp_path / "data", password_hash_memory_mib=8)
    platform = open_platform(settings, executor=IdleExecutor(tmp_path), clock=clock)
    add_project(platform, "vision")
    yield platform
    close_platform(platform)


def add_service(platform: Platform, *, state: str = "ready", kind: str = "service") -> int:
    with platform.db.write() as session:
        row = TaskRow(
            project_id=1, name="serve", kind=kind, algorithm="a", version="1", function="serve",
            endpoint="digits", depends_on=[], state=state, queue="vision", digest=None, run_id=None,
            reused_from=None, ready_at_s=platform.now_s(), created_at_s=platform.now_s(),
            started_at_s=platform.now_s(), finished_at_s=None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(TaskSpecRow(task_id=row.id, spec=encode_spec(tiny_task(row.id).spec)))
        return row.id


def asked_to_stop(platform: Platform) -> list[tuple[int | None, str]]:
    with platform.db.read() as session:
        return [(row.task_id, row.reason) for row in session.query(InboxRow) if row.kind == "cancel_task"]


def test_a_service_is_stopped_when_it_was_asked_nothing_for_as_long_as_its_queue_allows(
    here: Platform, clock: FakeClock
) -> None:
    task = add_service(here)
    queues.put_queue(here, SERVER, "vision", QueuePut(policy={"idle_stop_s": 600}))
    clock.advance(500)
    here.traffic.count("vision", "digits", status=200, duration_s=0.1, now_s=clock.now_s())
    clock.advance(599)
    stop_idle(here)
    assert asked_to_stop(here) == []
    clock.advance(1)
    stop_idle(here)
    assert asked_to_stop(here) == [
        (
            task,
            "stopped: nothing was asked of it for 10 min, and queue 'vision' stops what is idle for 10 min",
        )
    ]
    with here.db.read() as session:
        assert [row.action for row in session.query(AuditRow) if row.target == f"task:{task}"] == [
            "task.stop_idle"
        ]


def test_nothing_is_stopped_without_a_policy_or_when_it_is_no_ready_service(
    here: Platform, clock: FakeClock
) -> None:
    add_service(here)
    clock.advance(10**6)
    stop_idle(here)
    assert asked_to_stop(here) == []
    queues.put_queue(here, SERVER, "vision", QueuePut(policy={"idle_stop_s": 600}))
    with here.db.write() as session:
        session.query(TaskRow).update({TaskRow.state: "starting"})
    add_service(here, state="running", kind="batch")
    stop_idle(here)
    assert asked_to_stop(here) == []
