"""Rules of the index of free room, against a plain one that asks every machine."""

from collections.abc import Mapping

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
from kpl.scheduler.cluster import Cluster
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
        workers=st.integers(1, 4),
        more=st.integers(0, 3),
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
    def is_what_a_new_one_would_be(self) -> None:
        if hasattr(self, "cluster"):
            for request in (ResourceRequest(0, 0), ResourceRequest(500, 100, (DeviceRequest("gpu"),))):
                assert self.cluster.place(request) == self.new().place(request)


ClusterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_a_cluster_answers_as_a_plain_and_a_new_one_would = ClusterMachine.TestCase
