"""Lets an independent placement judge drive KPL's scheduler as it is.

The judge hands over one pod at a time and keeps books of its own. This file only says the same things in KPL's words:
nodes are machines, pods are requests, and what the judge committed is held. Nothing is known in advance: the list of
pods that `start` is given is not looked at, the mix of demands is learned from what has arrived.
"""

from typing import Any

from kpl.resources import Device, DeviceRequest, DeviceShare, Machine, Placement, ResourceRequest
from kpl.scheduler.cluster import Cluster
from kpl.scheduler.mix import Mix
from kpl.task.ids import TaskId

WHOLE = 1000


class Policy:
    """KPL's placement, as the judge calls it."""

    def start(self, cluster: Any, pods: Any, rng: Any) -> None:
        del pods, rng
        self._machines = [_machine(cluster, node) for node in range(cluster.n)]
        self._nodes = {machine.name: node for node, machine in enumerate(self._machines)}
        self._placed = Cluster()
        self._mix = Mix()
        self._placed.sync(self._machines, {}, self._mix)
        self._requests: dict[Any, ResourceRequest] = {}
        self._num_seen = 0
        self._task = 0
        self._given: tuple[int, tuple[Placement, ...]] | None = None
        self._cpu = [machine.cpu_milli for machine in self._machines]
        self._mem = [machine.memory_mib for machine in self._machines]
        self._gpu = [[WHOLE] * len(machine.devices) for machine in self._machines]

    def place(self, pod: Any, cluster: Any) -> tuple[int, list[int]] | None:
        self._catch_up(cluster)
        request = self._requests.get(pod.kind)
        if request is None:
            request = self._requests[pod.kind] = _request(pod)
        self._mix = self._mix.observed(request)
        self._placed.learn(self._mix)
        placements = self._placed.place(request)
        if placements is None:
            self._given = None
            return None
        node = self._nodes[placements[0].machine]
        self._given = (node, placements)
        return node, [share.index for share in placements[0].devices]

    def _catch_up(self, cluster: Any) -> None:
        """Hold what was committed since the last call, by this policy or by another."""
        changed = cluster.changed[self._num_seen :]
        self._num_seen += len(changed)
        if len(changed) == 1 and self._given is not None and self._given[0] == changed[0]:
            self._hold(self._given[1])
            return
        for node in dict.fromkeys(changed):
            self._hold((self._difference(cluster, node),))

    def _hold(self, placements: tuple[Placement, ...]) -> None:
        self._task += 1
        self._placed.hold(TaskId(self._task), placements)
        for placement in placements:
            node = self._nodes[placement.machine]
            self._cpu[node] -= placement.cpu_milli
            self._mem[node] -= placement.memory_mib
            for share in placement.devices:
                self._gpu[node][share.index] -= share.share_milli

    def _difference(self, cluster: Any, node: int) -> Placement:
        gpu = cluster.gpu_free[node].tolist()
        shares = [
            DeviceShare("gpu", index, held - gpu[index])
            for index, held in enumerate(self._gpu[node])
            if held != gpu[index]
        ]
        return Placement(
            self._machines[node].name,
            self._cpu[node] - int(cluster.cpu_free[node]),
            self._mem[node] - int(cluster.mem_free[node]),
            tuple(shares),
        )


def _machine(cluster: Any, node: int) -> Machine:
    model = cluster.models[cluster.model[node]]
    devices = tuple(Device("gpu", index, model=model) for index in range(int(cluster.gpu_count[node])))
    return Machine(cluster.names[node], int(cluster.cpu_cap[node]), int(cluster.mem_cap[node]), devices)


def _request(pod: Any) -> ResourceRequest:
    devices = (DeviceRequest("gpu", pod.num_gpu, pod.milli, pod.spec),) if pod.num_gpu else ()
    return ResourceRequest(pod.cpu, pod.mem, devices)


def make() -> Policy:
    """A policy that has seen nothing yet."""
    return Policy()
