"""Machines: what is shown to whom, cordoning and draining."""

import pytest

from kpl.errors import Denied, NotFound
from kpl.orchestrator.state import MoveOn
from kpl.resources import Device, Machine
from kpl.runtime.samples import DeviceSample, MachineSample
from kpl.schemas.machine import DrainRequest, MachineState, MachineUpdate
from kpl.server.services import audit, machines
from kpl.server.services.access import Caller, Role
from kpl.server.services.machines import MachineFilter
from kpl.server.services.platform import Platform
from kpl.task.ids import TaskId
from kpl.testing.queued_tasks import add_running, give_machines, store_of
from kpl.testing.server import FakeClock, add_project, add_user


@pytest.fixture
def root(platform: Platform) -> Caller:
    give_machines(platform)
    add_project(platform, "vision")
    return add_user(platform, "root", is_admin=True)


def test_a_machine_shows_who_holds_which_share_to_those_who_may_see_it(
    platform: Platform, root: Caller
) -> None:
    ann = add_user(platform, "ann", roles={"vision": Role.DEVELOPER})
    mine = add_running(platform, ann, 1, project="vision", share_milli=250)
    add_running(platform, root, 1, 2, share_milli=500)
    machine = machines.get_machine(platform, ann, "one")
    shared = machine.devices[1]
    assert (shared.held_milli, [holder.task_id for holder in shared.holders]) == (750, [mine, 0])
    assert [(h.task_id, h.project, h.username) for h in machine.holders] == [
        (mine, "vision", "ann"),
        (0, "", ""),
    ]
    assert (machine.held_cpu_milli, machine.is_cordoned, machine.cluster) == (1000, False, "local")
    assert [each.name for each in machines.list_machines(platform, ann).machines] == ["one", "two"]
    with pytest.raises(NotFound, match=r"no machine 'on'.*Did you mean 'one'"):
        machines.get_machine(platform, ann, "on")


def test_a_list_of_machines_is_narrowed_paged_and_added_up(platform: Platform, root: Caller) -> None:
    add_running(platform, root, 1, 2)
    machines.update_machine(platform, root, "two", MachineUpdate(is_cordoned=True))
    everything = machines.list_machines(platform, root)
    assert (everything.num_machines, everything.clusters, everything.kinds) == (2, ["local"], ["gpu", "npu"])
    assert everything.total == {"cpu": 12000, "memory": 24576, "gpu": 4000, "gpu:a100": 4000, "npu": 1000}
    assert (everything.held["gpu"], everything.held["cpu"]) == (2000, 500)
    assert everything.states == {MachineState.OPEN: 1, MachineState.CORDONED: 1}
    second = machines.list_machines(platform, root, offset=1, limit=1)
    assert ([each.name for each in second.machines], second.num_machines) == (["two"], 2)
    assert machines.list_machines(platform, root, limit=0).machines == []
    for wanted in (
        MachineFilter(name="TW"),
        MachineFilter(kind="npu"),
        MachineFilter(state=MachineState.CORDONED),
    ):
        narrowed = machines.list_machines(platform, root, wanted)
        assert [each.name for each in narrowed.machines] == ["two"], wanted
        assert (narrowed.total["cpu"], narrowed.held["cpu"]) == (4000, 0)
        assert narrowed.kinds == ["gpu", "npu"]
    assert machines.list_machines(platform, root, MachineFilter(cluster="elsewhere")).num_machines == 0


def test_a_device_tells_what_it_measured_within_a_minute(
    platform: Platform, root: Caller, clock: FakeClock
) -> None:
    device = DeviceSample("gpu", 1, utilisation=0.75, memory_used_mib=2048, temperature_c=61.0)
    platform.samples.add(MachineSample("one", clock.now_s(), 0.5, 100, 1000, 5, 10, (device,)))
    first, second, *_ = machines.get_machine(platform, root, "one").devices
    assert (first.utilisation, first.memory_used_mib, first.temperature_c) == (None, None, None)
    assert (second.utilisation, second.memory_used_mib, second.temperature_c) == (0.75, 2048, 61.0)
    clock.advance(61)
    assert machines.list_machines(platform, root).machines[0].devices[1].utilisation is None


def test_ten_thousand_machines_are_listed_a_page_at_a_time(platform: Platform, root: Caller) -> None:
    devices = tuple(Device("gpu", index, model="a100") for index in range(8))
    give_machines(platform, *(Machine(f"n{number:05}", 64000, 262144, devices) for number in range(10_000)))
    page = machines.list_machines(platform, root, offset=9_950, limit=100)
    assert ([each.name for each in page.machines][::49], page.num_machines) == (["n09950", "n09999"], 10_000)
    assert page.total["gpu"] == 80_000_000


def test_a_cordoned_machine_says_who_closed_it_and_why(platform: Platform, root: Caller) -> None:
    machines.update_machine(platform, root, "one", MachineUpdate(is_cordoned=True, reason="fan is loud"))
    machine = machines.get_machine(platform, root, "one")
    assert (machine.is_cordoned, machine.reason, machine.changed_by) == (True, "fan is loud", "root")
    machines.update_machine(platform, root, "one", MachineUpdate(is_cordoned=False))
    assert not machines.get_machine(platform, root, "one").is_cordoned
    found = audit.list_audit(
        platform, root, project=None, username="root", action=None, cursor=None, limit=9
    ).items
    assert [entry.action for entry in found] == ["machine.uncordon", "machine.cordon"]


def test_draining_asks_what_can_be_resumed_to_move_on_and_lists_what_stays(
    platform: Platform, root: Caller
) -> None:
    moves, stays = add_running(platform, root, 0, is_preemptible=True), add_running(platform, root, 1)
    elsewhere = add_running(platform, root, machine="two", is_preemptible=True)
    assert machines.get_machine(platform, root, "one").num_movable == 1
    drained = machines.drain_machine(platform, root, "one", DrainRequest(reason="new memory"))
    assert [holder.task_id for holder in drained.moving] == [moves]
    assert [holder.task_id for holder in drained.staying] == [stays]
    assert drained.machine.is_draining
    asked = [event for event in store_of(platform).inbox(0).events if isinstance(event, MoveOn)]
    assert asked == [MoveOn(TaskId(moves), "machine 'one' is drained: new memory")]
    assert elsewhere not in {event.task_id for event in asked}
    opened = machines.stop_drain(platform, root, "one")
    assert (opened.is_draining, opened.is_cordoned) == (False, False)


def test_only_administrators_of_the_platform_close_machines(platform: Platform, root: Caller) -> None:
    assert root.is_admin
    lead = add_user(platform, "lead", roles={"default": Role.ADMIN})
    for attempt in (
        lambda: machines.update_machine(platform, lead, "one", MachineUpdate(is_cordoned=True)),
        lambda: machines.drain_machine(platform, lead, "one", DrainRequest()),
        lambda: machines.stop_drain(platform, lead, "one"),
    ):
        with pytest.raises(Denied):
            attempt()
