"""Queues: who may set what, which quotas are refused, who sees what."""

from typing import Any

import pytest

from kpl.errors import Conflict, Denied, Invalid, NotFound
from kpl.schemas.project import ProjectCreate
from kpl.schemas.queue import QueuePut
from kpl.server.services import audit, projects, queues
from kpl.server.services.access import Caller, Role
from kpl.server.services.platform import Platform
from kpl.testing.queued_tasks import add_running, add_waiting, give_machines
from kpl.testing.server import add_project, add_user

NIGHTS = {"weekdays": [0, 1, 2, 3, 4], "from_minute": 1200, "until_minute": 1440}


@pytest.fixture
def root(platform: Platform) -> Caller:
    add_project(platform, "vision")
    return add_user(platform, "root", is_admin=True)


@pytest.fixture
def lead(platform: Platform, root: Caller) -> Caller:
    """An admin of project vision; ann is a developer of it."""
    assert root.is_admin
    add_user(platform, "ann", roles={"vision": Role.DEVELOPER})
    return add_user(platform, "lead", roles={"vision": Role.ADMIN})


def put(platform: Platform, caller: Caller, name: str, **values: Any) -> None:
    queues.put_queue(platform, caller, name, QueuePut.model_validate(values))


def names(platform: Platform, caller: Caller) -> list[str]:
    return [queue.name for queue in queues.list_queues(platform, caller).items]


def test_every_project_has_a_queue_without_quota(platform: Platform, root: Caller) -> None:
    assert names(platform, root) == ["default", "root", "vision"]
    queue = queues.get_queue(platform, root, "vision")
    assert (queue.parent, queue.project, queue.is_set_up, queue.limit) == ("root", "vision", False, {})


def test_what_is_left_out_stays_and_null_takes_a_rule_away(platform: Platform, root: Caller) -> None:
    put(platform, root, "vision", guaranteed={"gpu": 2000}, limit={"gpu": 4000}, weight=2)
    put(platform, root, "vision", policy={"max_run_time_s": 60, "hours": [NIGHTS], "allowed_kinds": ["gpu"]})
    put(platform, root, "vision", policy={"max_run_time_s": None}, limit={"gpu": 3000})
    queue = queues.get_queue(platform, root, "vision")
    assert (queue.guaranteed, queue.limit, queue.weight) == ({"gpu": 2000}, {"gpu": 3000}, 2)
    assert queue.policy.max_run_time_s is None
    assert queue.policy.allowed_kinds == ["gpu"]
    assert queue.policy.hours is not None
    assert queue.policy.hours[0].from_minute == 1200
    assert queue.changed_by == "root"
    entries = audit.list_audit(
        platform, root, project="vision", username=None, action="queue.put", cursor=None, limit=9
    ).items
    assert [entry.details for entry in entries][-1] == {
        "guaranteed": {"gpu": 2000}, "limit": {"gpu": 4000}, "weight": 2,
    }  # fmt: skip


def test_rules_come_from_the_queues_above_where_none_is_set(platform: Platform, root: Caller) -> None:
    put(platform, root, "root", policy={"max_run_time_s": 3600, "idle_stop_s": 600})
    put(platform, root, "research", policy={"idle_stop_s": 60})
    put(platform, root, "vision", parent="research")
    effective = queues.get_queue(platform, root, "vision").effective_policy
    assert (effective.max_run_time_s, effective.idle_stop_s) == (3600, 60)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"guaranteed": {"gpu": 5000}, "limit": {"gpu": 4000}},
            "guaranteed gpu=5, more than its limit of gpu=4",
        ),
        ({"guaranteed": {"gpu": 3000}}, "guaranteed gpu=4; 'research' itself is guaranteed gpu=3"),
        ({"guaranteed": {"npu": 1000}}, "npu=1; 'research' itself is guaranteed npu=0"),
        (
            {"limit": {"gpu": 9000}},
            "limit of queue 'vision' is gpu=9, but 'research' above it never holds more than gpu=6",
        ),
        ({"user_limit": {"gpu": 9000}}, "limit of a user of queue 'vision' is gpu=9"),
        ({"parent": "vision"}, "cannot hang below 'vision'"),
    ],
)
def test_quotas_that_contradict_each_other_are_refused(
    platform: Platform, root: Caller, values: dict[str, Any], why: str
) -> None:
    put(platform, root, "research", guaranteed={"gpu": 3000}, limit={"gpu": 6000})
    put(platform, root, "default", parent="research", guaranteed={"gpu": 1000})
    put(platform, root, "vision", parent="research", guaranteed={"gpu": 2000})
    with pytest.raises(Invalid) as caught:
        put(platform, root, "vision", **values)
    assert why in caught.value.message
    assert caught.value.hint
    assert queues.get_queue(platform, root, "vision").guaranteed == {"gpu": 2000}
    with pytest.raises(Invalid, match="guaranteed gpu=3"):
        put(platform, root, "research", guaranteed={"gpu": 2000})


def test_an_organisation_cannot_move_below_its_own_or_below_nothing(platform: Platform, root: Caller) -> None:
    put(platform, root, "research")
    put(platform, root, "lab", parent="research")
    with pytest.raises(Invalid, match="'lab', which is below it already"):
        put(platform, root, "research", parent="lab")
    with pytest.raises(NotFound, match=r"no queue 'reserch'.*Did you mean 'research'"):
        put(platform, root, "lab", parent="reserch")


def test_the_root_shares_with_nobody_and_bad_names_are_refused(platform: Platform, root: Caller) -> None:
    for values in ({"guaranteed": {"gpu": 1000}}, {"weight": 2}, {"parent": "vision"}):
        with pytest.raises(Invalid):
            put(platform, root, "root", **values)
    with pytest.raises(Invalid, match="cannot name a queue"):
        put(platform, root, "Research Lab")
    with pytest.raises(Invalid, match="is no time"):
        put(platform, root, "vision", policy={"hours": [{**NIGHTS, "until_minute": 60}]})


def test_an_admin_of_a_project_divides_what_it_has_among_its_members(
    platform: Platform, root: Caller, lead: Caller
) -> None:
    put(
        platform,
        root,
        "vision",
        guaranteed={"gpu": 2000},
        limit={"gpu": 3000},
        policy={"max_run_time_s": 600},
    )
    put(
        platform,
        lead,
        "vision/ann",
        guaranteed={"gpu": 1000},
        limit={"gpu": 2000},
        policy={"max_run_time_s": 60},
    )
    queue = queues.get_queue(platform, lead, "vision/ann")
    assert (queue.parent, queue.project, queue.username) == ("vision", "vision", "ann")
    with pytest.raises(Invalid, match="itself is guaranteed gpu=2"):
        put(platform, lead, "vision/ann", guaranteed={"gpu": 3000}, limit={"gpu": 3000})
    with pytest.raises(NotFound, match="'bob' is not a member"):
        put(platform, lead, "vision/bob")
    with pytest.raises(Denied):
        put(platform, lead, "vision", guaranteed={"gpu": 9000})
    with pytest.raises(Denied):
        queues.delete_queue(platform, lead, "vision")
    with pytest.raises(NotFound):
        put(platform, lead, "default/ann")
    queues.delete_queue(platform, lead, "vision/ann")
    assert "vision/ann" not in names(platform, lead)


@pytest.mark.parametrize(
    "rules",
    [
        {"max_run_time_s": 700},
        {"idle_stop_s": 700},
        {"min_run_s": 700},
        {"max_request": {"cpu": 1000}},
        {"max_request": {"gpu": 3000}},
        {"allowed_kinds": ["gpu", "npu"]},
        {"hours": [{**NIGHTS, "from_minute": 1100}]},
    ],
)
def test_an_admin_of_a_project_only_makes_rules_stricter(
    platform: Platform, root: Caller, lead: Caller, rules: dict[str, Any]
) -> None:
    upper = {
        "max_run_time_s": 600, "idle_stop_s": 600, "min_run_s": 600, "max_request": {"gpu": 2000},
        "allowed_kinds": ["gpu"], "hours": [NIGHTS],
    }  # fmt: skip
    put(platform, root, "vision", policy=upper)
    with pytest.raises(Invalid, match="looser than what holds above it"):
        put(platform, lead, "vision/ann", policy=rules)
    put(platform, root, "vision/ann", policy=rules)
    put(platform, root, "vision/ann", policy=dict.fromkeys(upper))
    put(
        platform,
        lead,
        "vision/ann",
        policy={**upper, "max_run_time_s": 60, "max_request": {"gpu": 1000, "cpu": 1}},
    )


def test_developers_and_strangers_set_nothing(platform: Platform, lead: Caller) -> None:
    assert lead.username == "lead"
    developer = add_user(platform, "dev", roles={"vision": Role.DEVELOPER})
    stranger = add_user(platform, "stranger")
    for name in ("vision", "vision/ann", "research"):
        with pytest.raises(Denied):
            put(platform, developer, name)
        with pytest.raises((Denied, NotFound)):
            put(platform, stranger, name)
        with pytest.raises((Denied, NotFound)):
            queues.delete_queue(platform, stranger, name)


def test_members_see_the_queues_of_their_projects_and_those_above(
    platform: Platform, root: Caller, lead: Caller
) -> None:
    put(platform, root, "research")
    put(platform, root, "other")
    put(platform, root, "vision", parent="research")
    put(platform, root, "vision/ann")
    assert names(platform, lead) == ["research", "root", "vision", "vision/ann"]
    assert names(platform, add_user(platform, "stranger")) == []
    with pytest.raises(NotFound, match="no queue 'other' that you may see"):
        queues.get_queue(platform, lead, "other")
    with pytest.raises(NotFound):
        queues.list_queued(platform, lead, "default")


def test_pages_of_queues_follow_each_other(platform: Platform, root: Caller) -> None:
    first = queues.list_queues(platform, root, limit=2)
    assert [queue.name for queue in first.items] == ["default", "root"]
    rest = queues.list_queues(platform, root, limit=2, cursor=first.next_cursor)
    assert ([queue.name for queue in rest.items], rest.next_cursor) == (["vision"], None)


def test_a_queue_shows_what_it_uses_has_borrowed_and_who_waits(
    platform: Platform, root: Caller, lead: Caller
) -> None:
    give_machines(platform)
    ann = Caller(user_id=lead.user_id, username="ann", is_admin=False)
    put(platform, root, "vision", guaranteed={"gpu": 1000}, limit={"gpu": 2000})
    first, second = (
        add_running(platform, ann, 0, project="vision"),
        add_running(platform, lead, 1, project="vision"),
    )
    waiting = add_waiting(platform, lead, "gpu:a100 or cpu", project="vision")
    later = add_waiting(platform, lead, "gpu", project="vision")
    urgent = add_waiting(platform, lead, "gpu", project="vision", priority=5)
    queue = queues.get_queue(platform, lead, "vision")
    assert queue.used == {"tasks": 2, "cpu": 1000, "memory": 512, "gpu": 2000, "gpu:a100": 2000}
    assert queue.borrowed == {"gpu": 1000}
    assert (queue.num_running, queue.num_waiting) == (2, 3)
    shown = queues.list_queued(platform, lead, "vision").items
    assert [task.task_id for task in shown if task.position is None][:2] == [first, second]
    assert {task.task_id for task in shown} == {first, second, waiting, later, urgent}
    stuck = {task.task_id: task for task in shown if task.position is not None}
    places = {task_id: task.position or 0 for task_id, task in stuck.items()}
    assert 0 < places[urgent] < places[later]
    assert stuck[later].obstacle == "limit"
    reason = stuck[later].reason
    assert reason is not None
    assert "2 GPUs of at most 2 GPUs" in reason.en
    assert reason.zh
    assert next(task for task in shown if task.task_id == waiting).devices == "gpu:a100=1 or cpu"
    pages = queues.list_queued(platform, lead, "vision", limit=3)
    rest = queues.list_queued(platform, lead, "vision", limit=3, cursor=pages.next_cursor)
    assert [task.task_id for task in (*pages.items, *rest.items)] == [task.task_id for task in shown]


def test_tasks_of_projects_that_one_does_not_see_have_no_names(
    platform: Platform, root: Caller, lead: Caller
) -> None:
    give_machines(platform)
    put(platform, root, "research")
    put(platform, root, "default", parent="research")
    put(platform, root, "vision", parent="research")
    add_running(platform, root, 0, project="default")
    (task,) = queues.list_queued(platform, lead, "research").items
    assert (task.task_id, task.project, task.name, task.username, task.reason) == (0, "", "", "", None)
    assert task.amounts["gpu"] == 1000


def test_a_queue_that_would_be_gone_is_kept_while_it_is_used(
    platform: Platform, root: Caller, lead: Caller
) -> None:
    give_machines(platform)
    put(platform, root, "research")
    put(platform, root, "vision", parent="research", limit={"gpu": 1000})
    put(platform, root, "vision/lead")
    task = add_waiting(platform, lead, project="vision")
    with pytest.raises(Conflict, match="below it are vision"):
        queues.delete_queue(platform, root, "research")
    with pytest.raises(Conflict, match=f"tasks {task} wait or run in it"):
        queues.delete_queue(platform, root, "vision/lead")
    queues.delete_queue(platform, root, "vision")
    assert queues.get_queue(platform, root, "vision").limit == {}
    with pytest.raises(NotFound, match="No queue 'vision' was set up"):
        queues.delete_queue(platform, root, "vision")


def test_a_project_cannot_be_called_like_a_queue(platform: Platform, root: Caller) -> None:
    put(platform, root, "research")
    for name in ("research", "root"):
        with pytest.raises(Conflict, match="name of a queue"):
            projects.create_project(platform, root, ProjectCreate(name=name))
