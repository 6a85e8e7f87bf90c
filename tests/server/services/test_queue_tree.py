"""The tree of queues as the loop and submissions read it."""

from hypothesis import given
from hypothesis import strategies as st

from kpl.orchestrator.state import SetPriority, SetQueues
from kpl.scheduler import Hours, Policy
from kpl.schemas.machine import MachineUpdate
from kpl.schemas.queue import QueuePut
from kpl.schemas.task import TaskUpdate
from kpl.server.services import machines, queues, tasks
from kpl.server.services.access import SERVER, Role
from kpl.server.services.platform import Platform
from kpl.server.services.queue_tree import (
    below,
    cordoned_machines,
    policy_from,
    policy_values,
    queue_of,
    scheduling_queues,
)
from kpl.task.ids import TaskId
from kpl.testing.queued_tasks import add_waiting, give_machines, store_of
from kpl.testing.server import add_project, add_user


def test_the_tree_holds_the_root_what_was_set_up_and_every_other_project(platform: Platform) -> None:
    add_project(platform, "vision")
    add_user(platform, "ann", roles={"vision": Role.DEVELOPER})
    queues.put_queue(platform, SERVER, "lab", QueuePut(guaranteed={"gpu": 2000}))
    queues.put_queue(platform, SERVER, "vision", QueuePut(parent="lab", limit={"gpu": 3000}, weight=2))
    queues.put_queue(platform, SERVER, "vision/ann", QueuePut(user_limit={"tasks": 2}))
    with platform.db.read() as session:
        tree = scheduling_queues(session)
        assert (queue_of(session, "vision", "ann"), queue_of(session, "vision", "bob")) == (
            "vision/ann",
            "vision",
        )
    parents = {queue.name: queue.parent for queue in tree}
    assert parents == {"default": "root", "lab": "root", "root": "", "vision": "lab", "vision/ann": "vision"}
    vision = next(queue for queue in tree if queue.name == "vision")
    assert (vision.limit, vision.weight, vision.guaranteed) == ({"gpu": 3000}, 2, {})
    assert below(tree, "lab") == {"lab", "vision", "vision/ann"}


def test_tasks_go_to_the_queue_of_their_user_and_the_loop_hears_of_changes(platform: Platform) -> None:
    give_machines(platform)
    ann = add_user(platform, "ann", roles={"default": Role.DEVELOPER})
    store = store_of(platform)
    queues.put_queue(platform, SERVER, "default/ann", QueuePut(limit={"gpu": 1000}))
    task_id = add_waiting(platform, ann, "gpu", priority=3)
    tasks.update_task(platform, ann, "default", task_id, TaskUpdate(priority=7))
    machines.update_machine(platform, SERVER, "two", MachineUpdate(is_cordoned=True))
    heard = store.inbox(0).events
    changed = [event for event in heard if isinstance(event, SetQueues)]
    assert {queue.name for queue in changed[-1].queues} == {"root", "default", "default/ann"}
    assert changed[-1].cordoned == {"two"}
    assert [event for event in heard if isinstance(event, SetPriority)] == [SetPriority(TaskId(task_id), 7)]
    shown = tasks.get_task(platform, ann, "default", task_id)
    assert (shown.queue, shown.priority, shown.created_by) == ("default/ann", 7, "ann")
    state = store.load()
    assert {queue.name for queue in state.queues} == {"root", "default", "default/ann"}
    assert state.cordoned == {"two"}
    with platform.db.read() as session:
        assert cordoned_machines(session) == {"two"}


AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "gpu", "gpu:a100"]), st.integers(0, 9000), max_size=2)
HOURS = st.builds(
    Hours, st.frozensets(st.integers(0, 6), min_size=1), st.just(60), st.integers(61, 1440), st.just(60)
)
POLICIES = st.builds(
    Policy,
    max_run_time_s=st.none() | st.floats(1, 1e6),
    max_request=st.none() | AMOUNTS,
    idle_stop_s=st.none() | st.floats(1, 1e6),
    allowed_kinds=st.none() | st.lists(st.sampled_from(["gpu", "npu"]), max_size=2).map(tuple),
    hours=st.none() | st.lists(HOURS, max_size=2).map(tuple),
    min_run_s=st.none() | st.floats(0, 1e6),
)


@given(POLICIES)
def test_a_policy_that_was_kept_is_what_it_was(policy: Policy) -> None:
    assert policy_from(policy_values(policy)) == policy
