"""Who used how much, and the history of tasks."""

from datetime import UTC, datetime

import pytest

from kpl.errors import Denied, Invalid, NotFound
from kpl.server.db.tables.samples import SampleRow
from kpl.server.services import busy_times, usage
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.task import TaskState
from kpl.testing.queued_tasks import add_running, add_waiting, end, give_machines
from kpl.testing.server import START_S, FakeClock, add_project, add_user


@pytest.fixture
def root(platform: Platform) -> Caller:
    give_machines(platform)
    add_project(platform, "vision")
    return add_user(platform, "root", is_admin=True)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START_S + seconds, UTC)


def test_hours_are_added_up_by_project_user_and_kind_within_the_time(
    platform: Platform, root: Caller, clock: FakeClock
) -> None:
    ann = add_user(platform, "ann", roles={"vision": Role.DEVELOPER})
    done = add_running(platform, ann, 0, 1, project="vision")
    half = add_running(platform, root, 2, share_milli=500)
    clock.advance(3600)
    end(platform, done)
    clock.advance(3600)
    rows = {(r.project, r.username, r.kind): r for r in usage.get_usage(platform, root).rows}
    assert rows["vision", "ann", "gpu"].allocated_h == 2.0
    assert rows["default", "root", "gpu"].allocated_h == 1.0
    assert rows["default", "root", "cpu"].allocated_h == 1.0
    assert rows["vision", "ann", "gpu"].num_tasks == 1
    assert usage.get_usage(platform, root).rows[0].username == "ann"
    part = usage.get_usage(platform, root, since=at(1800), until=at(5400))
    assert {(r.username, r.kind): r.allocated_h for r in part.rows if r.kind == "gpu"} == {
        ("ann", "gpu"): 1.0,
        ("root", "gpu"): 0.5,
    }
    assert half
    assert {row.username for row in usage.get_usage(platform, ann, project="vision").rows} == {"ann"}


def measured(platform: Platform, seconds: float, utilisation: float | None) -> None:
    """The first GPU of machine one was measured in the minute that began then."""
    with platform.db.write() as session:
        devices = [{"kind": "gpu", "index": 0, "utilisation": utilisation}]
        session.add(SampleRow(machine="one", at_s=START_S + seconds, values={"devices": devices}))


def test_hours_in_which_devices_were_busy_stand_beside_those_that_they_were_held(
    platform: Platform, root: Caller, clock: FakeClock
) -> None:
    add_running(platform, root, 0, share_milli=500)
    for minute in range(60):
        measured(platform, minute * 60, 0.5 if minute < 30 else None)
    clock.advance(3600)
    (gpu,) = (row for row in usage.get_usage(platform, root).rows if row.kind == "gpu")
    assert (gpu.allocated_h, gpu.used_h) == (0.5, 0.125)
    (part,) = (row for row in usage.get_usage(platform, root, until=at(90)).rows if row.kind == "gpu")
    assert part.used_h == pytest.approx(90 * 0.25 / 3600, abs=1e-4)
    (later,) = (row for row in usage.get_usage(platform, root, since=at(1860)).rows if row.kind == "gpu")
    assert later.used_h is None, "nothing was measured"


def test_of_many_measurements_some_stand_for_the_others(
    platform: Platform, root: Caller, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy_times, "_MAX_ROWS", 25)
    add_running(platform, root, 0)
    for minute in range(60):
        measured(platform, minute * 60, 0.5)
    clock.advance(3600)
    (gpu,) = (row for row in usage.get_usage(platform, root).rows if row.kind == "gpu")
    assert gpu.used_h == pytest.approx(0.5, abs=0.03)


def test_only_members_and_administrators_see_who_used_what(platform: Platform, root: Caller) -> None:
    assert root.is_admin
    ann = add_user(platform, "ann", roles={"vision": Role.ADMIN})
    with pytest.raises(Denied):
        usage.get_usage(platform, ann)
    with pytest.raises(NotFound):
        usage.get_usage(platform, ann, project="default")
    with pytest.raises(Denied):
        usage.list_history(platform, ann)


def test_history_has_what_a_simulation_needs_of_tasks_that_ended(
    platform: Platform, root: Caller, clock: FakeClock
) -> None:
    first = add_running(platform, root, 0, is_preemptible=True)
    clock.advance(60)
    end(platform, first)
    second = add_running(platform, root, 1)
    add_waiting(platform, root)
    clock.advance(60)
    end(platform, second, TaskState.FAILED)
    page = usage.list_history(platform, root, limit=1)
    rest = usage.list_history(platform, root, limit=1, cursor=page.next_cursor)
    (one,), (two,) = page.items, rest.items
    assert (one.task_id, two.task_id, rest.next_cursor) == (first, second, None)
    assert (one.submitted_at_s, one.started_at_s, one.ended_at_s) == (START_S, START_S, START_S + 60)
    assert (one.run_time_s, one.queue, one.user, one.is_preemptible) == (60, "default", "root", True)
    assert one.request.devices[0].kind == "gpu"
    assert two.state is TaskState.FAILED
    assert [task.task_id for task in usage.list_history(platform, root, since=at(90)).items] == [second]


def test_a_time_that_ends_before_it_begins_is_refused(platform: Platform, root: Caller) -> None:
    with pytest.raises(Invalid, match="is not before"):
        usage.get_usage(platform, root, since=at(10), until=at(5))
