"""Rules of the index of free room, against a plain one that asks every machine."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kpl.resources import (
    Device,
    DeviceRequest,
    Enforcement,
    Machine,
    Placement,
    ResourceRequest,
)
from kpl.scheduler.cluster import Cluster, Filter
from kpl.scheduler.fit import needed_milli
from kpl.scheduler.mix import Mix
from kpl.task.ids import TaskId

from .reference_cluster import ReferenceCluster  # noqa: TID252  tests are no package with a name of its own

MODELS = ("a100", "v100", "a100-1g")


@st.composite
def device_requests(draw: st.DrawFn) -> DeviceRequest:
    kind = draw(st.sampled_from(["gpu", "gpu", "npu", "fpga"]))
    models = draw(st.lists(st.sampled_from(MODELS), max_size=2, unique=True).map(tuple))
    match draw(st.integers(0, 3)):
        case 0:
            return DeviceRequest(kind, draw(st.integers(1, 4)), models=models)
        case 1:
            return DeviceRequest(kind, share_milli=draw(st.integers(1, 999)), models=models)
        case 2:
            return DeviceRequest(kind, share_mib=draw(st.integers(1, 100)), models=models)
        case _:
            return DeviceRequest(kind, draw(st.integers(1, 2)), draw(st.sampled_from([300, 500])), models)


device_sets = st.lists(device_requests(), max_size=2).map(tuple)
requests = st.builds(
    ResourceRequest,
    cpu_milli=st.sampled_from([0, 500, 1000, 3000, 9000]),
    memory_mib=st.sampled_from([0, 100, 1000, 5000]),
    devices=device_sets,
    alternatives=st.lists(device_sets, max_size=1).map(tuple),
)
devices = st.builds(
    Device,
    st.just("gpu"),
    st.just(0),
    model=st.sampled_from(MODELS[:2]),
    memory_mib=st.sampled_from([0, 64, 100]),
    is_healthy=st.sampled_from([True, True, True, False]),
    sharing=st.sampled_from([Enforcement.BOOKKEEPING, Enforcement.MPS]),
)


@st.composite
def machines(draw: st.DrawFn, name: str) -> Machine:
    gpus = draw(st.lists(devices, max_size=4))
    if draw(st.integers(0, 3)) == 0:
        gpus += [Device("gpu", 0, model="a100-1g", memory_mib=40, is_instance=True)] * draw(st.integers(1, 2))
    npus = draw(st.integers(0, 2))
    return Machine(
        name,
        draw(st.sampled_from([0, 2000, 4000, 8000])),
        draw(st.sampled_from([0, 2000, 8000])),
        tuple(
            Device(
                d.kind,
                n,
                model=d.model,
                memory_mib=d.memory_mib,
                is_instance=d.is_instance,
                is_healthy=d.is_healthy,
                sharing=d.sharing,
            )
            for n, d in enumerate(gpus)
        )
        + tuple(Device("npu", index, memory_mib=64) for index in range(npus)),
        is_healthy=draw(st.sampled_from([True, True, True, False])),
        is_cordoned=draw(st.sampled_from([False, False, False, True])),
    )


def check_valid(request: ResourceRequest, placement: Placement, on: Machine) -> None:
    """The placement is what one of the sets of devices asked for, on devices that will do."""
    assert (placement.cpu_milli, placement.memory_mib) == (request.cpu_milli, request.memory_mib)
    assert any(
        _is_what_was_asked(wanted, placement, on) for wanted in (request.devices, *request.alternatives)
    )
    by_key = {(d.kind, d.index): d for d in on.devices}
    for share in placement.devices:
        device = by_key[share.kind, share.index]
        assert device.is_healthy
        assert share.model == device.model
        if device.is_instance:
            assert (share.enforcement, share.share_milli) == (Enforcement.HARDWARE, 1000)
        elif share.share_milli == 1000:
            assert share.enforcement is Enforcement.EXCLUSIVE
        else:
            assert share.enforcement is device.sharing


def _is_what_was_asked(wanted: tuple[DeviceRequest, ...], placement: Placement, on: Machine) -> bool:
    """Every request can be matched with shares of its own."""
    by_key = {(d.kind, d.index): d for d in on.devices}
    if sum(one.count for one in wanted) != len(placement.devices):
        return False

    def match(left: list[DeviceRequest], shares: list[int]) -> bool:
        if not left:
            return not shares
        for number in shares:
            share = placement.devices[number]
            needed = needed_milli(left[0], by_key[share.kind, share.index])
            others = [other for other in shares if other != number]
            if needed == share.share_milli and match(left[1:], others):
                return True
        return False

    return match([one for one in wanted for _ in range(one.count)], list(range(len(placement.devices))))


def check_nothing_is_over_given(all_machines: Mapping[str, Machine], placements: list[Placement]) -> None:
    for name, one in all_machines.items():
        here = [placement for placement in placements if placement.machine == name]
        assert sum(placement.cpu_milli for placement in here) <= one.cpu_milli
        assert sum(placement.memory_mib for placement in here) <= one.memory_mib
        for device in one.devices:
            shares = [s for p in here for s in p.devices if (s.kind, s.index) == (device.kind, device.index)]
            assert sum(share.share_milli for share in shares) <= 1000


# Asked after every step: the rules that are drawn at random would seldom ask for what decides.
PROBES = (
    ResourceRequest(0, 0),
    ResourceRequest(500, 1000),
    ResourceRequest(3000, 0, (DeviceRequest("gpu"),)),
    ResourceRequest(500, 100, (DeviceRequest("gpu", share_milli=300),)),
    ResourceRequest(0, 5000, (DeviceRequest("gpu", share_mib=30), DeviceRequest("npu"))),
    ResourceRequest(0, 0, (DeviceRequest("gpu", models=("a100",)), DeviceRequest("gpu"))),
)


class ClusterMachine(RuleBasedStateMachine):
    """Anything that happens to a cluster, beside a plain one and a new one."""

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.names = ["m0", "m1", "m2", "m3"][: data.draw(st.integers(0, 4))]
        self.machines = {name: data.draw(machines(name)) for name in self.names}
        self.held: dict[TaskId, tuple[Placement, ...]] = {}
        self.fitted = True
        self.mix = Mix()
        self.next = 1
        self.cluster, self.plain = Cluster(), ReferenceCluster()
        self.sync()

    def sync(self) -> None:
        for one in (self.cluster, self.plain):
            one.sync(tuple(self.machines.values()), dict(self.held), self.mix)

    def new(self) -> Cluster:
        fresh = Cluster()
        fresh.sync(tuple(self.machines.values()), dict(reversed(self.held.items())), self.mix)
        return fresh

    @rule(
        request=requests,
        workers=st.sampled_from([1, 1, 1, 2, 4]),
        more=st.sampled_from([0, 0, 0, 1, 3]),
        together=st.booleans(),
        only=st.none() | st.frozensets(st.sampled_from(["m0", "m1", "m2", "gone"])),
        hold=st.booleans(),
    )
    def place(
        self,
        request: ResourceRequest,
        workers: int,
        more: int,
        together: bool,
        only: frozenset[str] | None,
        hold: bool,
    ) -> None:
        def ask(cluster: Cluster | ReferenceCluster) -> tuple[Placement, ...] | None:
            return cluster.place(
                request, min_workers=workers, max_workers=workers + more, on_one_machine=together, only=only
            )

        found = ask(self.cluster)
        assert ask(self.new()) == found == ask(self.cluster)
        expected = ask(self.plain)
        assert (found is None) == (expected is None)
        if found is None or expected is None:
            return
        assert workers <= len(found) <= workers + more
        if not together:
            assert len(found) == len(expected)
        assert len({placement.machine for placement in found}) == 1 or not together
        for placement in found:
            one = self.machines[placement.machine]
            assert one.is_healthy and not one.is_cordoned if only is None else one.name in only
            check_valid(request, placement, one)
        if self.fitted:
            everything = [p for placements in self.held.values() for p in placements]
            check_nothing_is_over_given(self.machines, everything + list(found))
        if hold:
            self.hold(found)

    def hold(self, placements: tuple[Placement, ...]) -> None:
        task = TaskId(self.next)
        self.next += 1
        self.held[task] = placements
        self.cluster.hold(task, placements)
        self.plain.hold(task, placements)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(sorted(self.held)))
        placements = self.held.pop(task)
        assert self.cluster.release(task) == self.plain.release(task) == placements

    @rule(some=st.lists(requests, max_size=3), num_released=st.integers(0, 3))
    def try_and_roll_back(self, some: list[ResourceRequest], num_released: int) -> None:
        mark = self.cluster.mark()
        for task in sorted(self.held)[:num_released]:
            self.cluster.release(task)
        for number, request in enumerate(some):
            found = self.cluster.place(request, max_workers=2)
            if found is not None:
                self.cluster.hold(TaskId(10_000 + number), found)
        self.cluster.rollback(mark)

    @rule(request=requests)
    def account(self, request: ResourceRequest) -> None:
        bare = ResourceRequest(request.cpu_milli, request.memory_mib, request.devices)
        rejections = self.cluster.rejections(bare)
        fitting = [
            name
            for name, one in self.machines.items()
            if one.is_healthy
            and not one.is_cordoned
            and self.plain.place(bare, only=frozenset([name])) is not None
        ]
        assert sum(rejections.values()) + len(fitting) == len(self.machines)
        assert (self.cluster.count(bare) > 0) == bool(fitting)
        if fitting:
            assert self.cluster.could_ever_fit(bare)

    @precondition(lambda self: self.machines)
    @rule(data=st.data())
    def change_machine(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.machines)))
        self.machines[name] = data.draw(machines(name))
        self.fitted = not self.held
        self.sync()

    @precondition(lambda self: self.machines)
    @rule(data=st.data())
    def remove_machine(self, data: st.DataObject) -> None:
        del self.machines[data.draw(st.sampled_from(sorted(self.machines)))]
        self.sync()

    @rule(data=st.data(), name=st.sampled_from(["m0", "m4"]))
    def add_machine(self, data: st.DataObject, name: str) -> None:
        self.machines[name] = data.draw(machines(name))
        self.fitted = not self.held
        self.sync()

    @rule(some=st.lists(requests, min_size=1, max_size=3))
    def observe(self, some: list[ResourceRequest]) -> None:
        self.mix = Mix.of(some * 20)
        self.sync()

    @invariant()
    def answers_as_a_plain_and_a_new_one_would(self) -> None:
        if not hasattr(self, "cluster"):
            return
        fresh = self.new()
        for request in PROBES:
            for workers in (1, 2):
                found = self.cluster.place(request, min_workers=workers, max_workers=workers)
                assert found == fresh.place(request, min_workers=workers, max_workers=workers)
                expected = self.plain.place(request, min_workers=workers, max_workers=workers)
                assert (found is None) == (expected is None)
                for placement in found or ():
                    check_valid(request, placement, self.machines[placement.machine])


ClusterMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
test_a_cluster_answers_as_a_plain_and_a_new_one_would = ClusterMachine.TestCase


def gpu_machine(
    name: str, *, gpus: int = 8, cpu: int = 96, model: str = "a100", memory: int = 80_000
) -> Machine:
    all_gpus = tuple(Device("gpu", index, model=model, memory_mib=memory) for index in range(gpus))
    return Machine(name, cpu * 1000, 1 << 20, all_gpus)


def cluster_of(*machines: Machine, mix: Mix = Mix()) -> Cluster:  # noqa: B008  a value
    cluster = Cluster()
    cluster.sync(machines, {}, mix)
    return cluster


def asking(
    count: int = 1, share: int = 1000, *, cpu: int = 1, models: tuple[str, ...] = ()
) -> ResourceRequest:
    return ResourceRequest(cpu * 1000, 512, (DeviceRequest("gpu", count, share, models),))


def machines_of(placements: tuple[Placement, ...] | None) -> list[str]:
    assert placements is not None
    return [placement.machine for placement in placements]


def test_a_gang_sits_on_the_machine_that_it_fills_best() -> None:
    cluster = cluster_of(gpu_machine("a"), gpu_machine("b", gpus=4), gpu_machine("c", gpus=2))
    assert machines_of(cluster.place(asking(), min_workers=4, max_workers=4)) == ["b"] * 4
    assert machines_of(cluster.place(asking(), min_workers=9, max_workers=10)) == ["a"] * 8 + ["c"] * 2


def test_a_gang_gets_as_many_workers_as_there_is_room_for_or_none() -> None:
    cluster = cluster_of(gpu_machine("a", gpus=3), gpu_machine("b", gpus=2))
    assert len(machines_of(cluster.place(asking(), min_workers=2, max_workers=9))) == 5
    assert cluster.place(asking(), min_workers=6, max_workers=9) is None
    assert (
        machines_of(cluster.place(asking(), min_workers=2, max_workers=9, on_one_machine=True)) == ["a"] * 3
    )
    assert cluster.place(asking(), min_workers=4, max_workers=9, on_one_machine=True) is None


def test_cpu_only_tasks_keep_away_from_idle_devices() -> None:
    cluster = cluster_of(gpu_machine("idle"), gpu_machine("busy"))
    cluster.hold(TaskId(1), (replace_machine(cluster.place(asking(6)), "busy"),))
    assert machines_of(cluster.place(ResourceRequest(4000, 512))) == ["busy"]


def replace_machine(placements: tuple[Placement, ...] | None, name: str) -> Placement:
    assert placements is not None
    return replace(placements[0], machine=name)


def test_who_accepts_any_model_leaves_the_one_that_others_insist_on() -> None:
    mix = Mix.of([asking(models=("a100",)), asking(models=("a100",)), asking()] * 20)
    machines = (gpu_machine("new", gpus=4), gpu_machine("old", gpus=8, model="v100"))
    assert machines_of(cluster_of(*machines, mix=mix).place(asking())) == ["old"]


def test_memory_of_a_device_is_turned_into_thousandths_of_it() -> None:
    cluster = cluster_of(gpu_machine("a", gpus=1))
    request = ResourceRequest(1000, 512, (DeviceRequest("gpu", share_mib=20_001),))
    placements = cluster.place(request)
    assert placements is not None
    (share,) = placements[0].devices
    assert (share.share_milli, share.share_mib, share.model) == (251, 20_001, "a100")
    assert share.enforcement is Enforcement.BOOKKEEPING
    assert cluster.count(request) == 3


def test_an_instance_is_given_whole_and_only_to_those_it_is_meant_for() -> None:
    instance = Device("gpu", 0, model="a100-1g", memory_mib=10_000, is_instance=True)
    cluster = cluster_of(Machine("a", 8000, 8192, (instance,)))
    assert cluster.place(asking()) is None
    assert cluster.place(asking(share=100)) is None
    assert cluster.place(asking(models=("a100-1g",))) is not None
    placements = cluster.place(ResourceRequest(0, 0, (DeviceRequest("gpu", share_mib=4000),)))
    assert placements is not None
    (share,) = placements[0].devices
    assert (share.share_milli, share.share_mib, share.enforcement) == (1000, 10_000, Enforcement.HARDWARE)


def test_alternatives_are_tried_in_their_order() -> None:
    request = ResourceRequest(
        1000, 512, (DeviceRequest("gpu", models=("h100",)),), ((DeviceRequest("npu"),), ())
    )
    cluster = cluster_of(gpu_machine("a"))
    placements = cluster.place(request)
    assert placements is not None
    assert placements[0].devices == ()


def test_rejections_count_each_machine_once() -> None:
    machines = (
        replace(gpu_machine("ill"), is_healthy=False),
        replace(gpu_machine("closed"), is_cordoned=True),
        gpu_machine("small", gpus=1),
        gpu_machine("full", gpus=2),
        gpu_machine("free", gpus=2),
    )
    cluster = cluster_of(*machines)
    cluster.hold(TaskId(1), (replace_machine(cluster.place(asking()), "full"),))
    assert cluster.rejections(asking(2)) == {
        Filter.UNHEALTHY: 1,
        Filter.CORDONED: 1,
        Filter.TOO_SMALL: 1,
        Filter.DEVICES: 1,
    }
    assert cluster.could_ever_fit(asking(8))
    assert not cluster.could_ever_fit(asking(9))
    assert not cluster.could_ever_fit(asking(8), min_workers=3)


@pytest.mark.parametrize("num_placed", [0, 300])
def test_states_that_are_gone_are_forgotten_without_a_trace(num_placed: int) -> None:
    cluster = cluster_of(*(gpu_machine(f"m{number}") for number in range(3)))
    for number in range(num_placed * 20):
        cluster.hold(TaskId(1), (Placement("m1", number % 9000, 0),))
        assert cluster.place(asking()) is not None
        cluster.release(TaskId(1))
    fresh = cluster_of(*cluster.machines)
    for request in (asking(), asking(3), asking(share=300), ResourceRequest(0, 0)):
        assert cluster.place(request) == fresh.place(request)


def test_memory_of_the_machine_is_kept_to() -> None:
    small = replace(gpu_machine("small"), memory_mib=400)
    assert cluster_of(small).place(asking()) is None
    assert machines_of(cluster_of(small, gpu_machine("large")).place(asking())) == ["large"]
