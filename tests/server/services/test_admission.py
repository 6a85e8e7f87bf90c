"""What is refused at submission, and with which words."""

from typing import Any

import pytest

from kpl.errors import Conflict, Denied, Invalid
from kpl.resources import Device, Machine
from kpl.schemas.queue import QueuePut
from kpl.schemas.task import TaskUpdate
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskRow
from kpl.server.services import queues, tasks
from kpl.server.services.access import SERVER, Caller, Role
from kpl.server.services.admission import require_priority
from kpl.server.services.platform import Platform
from kpl.task import TaskState
from kpl.testing.queued_tasks import add_running, add_waiting, give_machines
from kpl.testing.server import add_user


@pytest.fixture
def ann(platform: Platform) -> Caller:
    give_machines(platform)
    return add_user(platform, "ann", roles={"default": Role.DEVELOPER})


def put(platform: Platform, **values: Any) -> None:
    queues.put_queue(platform, SERVER, "default", QueuePut.model_validate(values))


@pytest.mark.parametrize(
    ("devices", "what", "fits"),
    [
        (
            "gpu=3",
            "asks for 3 gpu, but the limit of queue 'default' allows 2 gpu at most",
            "2 gpu would be admitted",
        ),
        (
            "gpu:a100=2",
            "asks for 2 gpu:a100, but the limit of a user in queue 'default' allows 1 gpu:a100",
            "1 gpu (a100)",
        ),
        ("npu=1", "asks for npu, but queue 'default' allows only: gpu", ""),
        ("gpu:h100", "does not fit on any machine", "would fit"),
    ],
)
def test_what_can_never_start_is_refused_with_the_nearest_that_can(
    platform: Platform, ann: Caller, devices: str, what: str, fits: str
) -> None:
    put(platform, limit={"gpu": 2000}, user_limit={"gpu:a100": 1000}, policy={"allowed_kinds": ["gpu"]})
    with pytest.raises(Invalid) as caught:
        add_waiting(platform, ann, devices)
    assert what in caught.value.message
    assert fits in caught.value.message
    assert caught.value.hint


def test_a_rule_for_one_task_is_a_limit_too_and_the_strictest_is_named(
    platform: Platform, ann: Caller
) -> None:
    queues.put_queue(
        platform, SERVER, "root", QueuePut.model_validate({"policy": {"max_request": {"gpu": 1000}}})
    )
    put(platform, limit={"gpu": 2000})
    with pytest.raises(Invalid) as caught:
        add_waiting(platform, ann, "gpu=4")
    assert "the policy of queue 'default' allows 1 gpu at most" in caught.value.message
    assert "the limit of queue" not in caught.value.message
    put(platform, policy={"max_request": {"cpu": 100}})
    with pytest.raises(
        Invalid, match=r"asks for 0\.5 cpu, but the policy of queue 'default' allows 0\.1 cpu"
    ):
        add_waiting(platform, ann, "cpu")
    put(platform, policy={"max_request": {}}, user_limit={"tasks": 0})
    with pytest.raises(
        Invalid, match=r"asks for 1 tasks, but the limit of a user in queue 'default' allows 0"
    ):
        add_waiting(platform, ann, "cpu")


def test_one_set_of_devices_that_could_do_is_enough(platform: Platform, ann: Caller) -> None:
    put(platform, limit={"gpu": 2000}, policy={"allowed_kinds": ["gpu"]})
    assert add_waiting(platform, ann, "npu or gpu=8 or gpu:h100 or cpu")
    with pytest.raises(Invalid, match="asks for npu"):
        add_waiting(platform, ann, "npu or gpu=8 or gpu:h100")


def test_more_than_is_free_or_left_of_a_quota_waits(platform: Platform, ann: Caller) -> None:
    put(platform, guaranteed={"gpu": 1000}, limit={"gpu": 2000})
    add_running(platform, ann, 0, 1)
    task_id = add_waiting(platform, ann, "gpu=2")
    assert tasks.get_task(platform, ann, "default", task_id).state is TaskState.QUEUED


def test_a_share_by_memory_counts_as_its_part_of_the_largest_device(platform: Platform, ann: Caller) -> None:
    devices = (Device("gpu", 0, memory_mib=16384), Device("gpu", 1, memory_mib=32768))
    give_machines(platform, Machine("one", 8000, 16384, devices))
    put(platform, policy={"max_request": {"gpu": 250}})
    assert add_waiting(platform, ann, "gpu=8Gi")
    with pytest.raises(Invalid, match=r"asks for 0\.282 gpu"):
        add_waiting(platform, ann, "gpu=9Gi")


@pytest.mark.parametrize(("role", "most"), [(Role.DEVELOPER, 100), (Role.ADMIN, 1000)])
def test_priorities_are_bounded_by_role(platform: Platform, role: Role, most: int) -> None:
    caller = add_user(platform, "someone", roles={"default": role})
    with platform.db.read() as session:
        project = session.query(ProjectRow).filter_by(name="default").one()
        for priority in (most, -most):
            require_priority(session, caller, project, priority)
        for priority in (most + 1, -most - 1):
            with pytest.raises(Denied, match=f"Priority {priority} is not for a {role.label}"):
                require_priority(session, caller, project, priority)


def test_a_priority_changes_while_a_task_waits_and_what_an_admin_gave_stays(
    platform: Platform, ann: Caller
) -> None:
    lead = add_user(platform, "lead", roles={"default": Role.ADMIN})
    viewer = add_user(platform, "view", roles={"default": Role.VIEWER})
    task_id = add_waiting(platform, ann)

    def give(caller: Caller, priority: int) -> int:
        change = TaskUpdate(priority=priority)
        return tasks.update_task(platform, caller, "default", task_id, change).priority

    assert give(ann, 100) == 100
    with pytest.raises(Denied):
        give(ann, 101)
    with pytest.raises(Denied):
        give(viewer, 1)
    assert give(lead, 500) == 500
    with pytest.raises(Denied, match="Priority 500"):
        give(ann, 0)
    with platform.db.write() as session:
        session.get_one(TaskRow, task_id).state = TaskState.RUNNING
    with pytest.raises(Conflict, match="it is running"):
        give(lead, 1)
