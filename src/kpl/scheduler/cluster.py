"""What is free on all machines while decisions are made, and the best place for a request.

This is the one object of the scheduler that lives on from one decision to the next. It remembers nothing that could
change an answer: `sync` brings it to any snapshot, taking in only what differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kpl.resources import DeviceShare, Machine, Placement, ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.fit import Free, choose_devices, fit, share_of
from kpl.scheduler.mix import Mix
from kpl.scheduler.states import Columns, Demand, DeviceKey, States
from kpl.task.ids import TaskId

Mark = int
_Mask = NDArray[np.bool_]
_LESS_CPU_THAN_ANY = -(1 << 40)


class Filter(StrEnum):
    """Why a machine is passed over; the first that applies counts.

    unhealthy   it does not answer
    cordoned    an administrator keeps new tasks away
    excluded    it is not among those that may be used
    too_small   not even when it is empty would the request fit
    devices     not enough of its devices are free
    cpu         not enough CPU is free
    memory      not enough memory is free
    """

    UNHEALTHY = "unhealthy"
    CORDONED = "cordoned"
    EXCLUDED = "excluded"
    TOO_SMALL = "too_small"
    DEVICES = "devices"
    CPU = "cpu"
    MEMORY = "memory"


class _Used:
    """What is held on a machine, known or not."""

    __slots__ = ("cpu_milli", "memory_mib", "milli")

    def __init__(self) -> None:
        self.cpu_milli = 0
        self.memory_mib = 0
        self.milli: dict[DeviceKey, int] = {}

    def take(self, placement: Placement, sign: int) -> None:
        self.cpu_milli += sign * placement.cpu_milli
        self.memory_mib += sign * placement.memory_mib
        for share in placement.devices:
            key = (share.kind, share.index)
            self.milli[key] = self.milli.get(key, 0) + sign * share.share_milli


_NOTHING = _Used()


class Cluster:
    """Machines and what is held on them. Not for several threads."""

    def __init__(self) -> None:
        self._held: dict[TaskId, tuple[Placement, ...]] = {}
        self._used: dict[str, _Used] = {}
        self._log: list[tuple[TaskId, tuple[Placement, ...], int]] = []
        self._settled: Mapping[ResourceRequest, float] = {}
        self._machines: tuple[Machine, ...] = ()
        self._empty: Cluster | None = None
        self._is_open: _Mask = np.zeros(0, np.bool_)
        self._dirty: set[int] = set()
        self._lay_out(())

    @property
    def machines(self) -> Sequence[Machine]:
        return self._machines

    # What is there and what is held. ------------------------------------------------------------------------

    def sync(
        self, machines: Sequence[Machine], held: Mapping[TaskId, tuple[Placement, ...]], mix: Mix
    ) -> None:
        """Become what the machines are with these placements held; marks lose their meaning."""
        for task in [task for task in self._held if task not in held]:
            self._move(task, self._held[task], -1)
        for task, placements in held.items():
            present = self._held.get(task)
            if present is placements or present == placements:
                continue
            if present is not None:
                self._move(task, present, -1)
            self._move(task, placements, 1)
        self._log.clear()
        self._take_in(tuple(machines))
        self.learn(mix)

    def learn(self, mix: Mix) -> None:
        """Score by this mix of demands from now on; `sync` does so, too."""
        if mix.settled is not self._settled:
            self._settle()
            self._forget()  # What is left will be scored anew.
            self._settled = mix.settled
            self._states.learn(mix.settled)

    def _take_in(self, machines: tuple[Machine, ...]) -> None:
        if machines is self._machines:
            return
        if len(machines) != len(self._machines):
            self._lay_out(machines)
            return
        changed = [row for row, one in enumerate(machines) if one is not self._machines[row]]
        for row in changed:
            if _build(machines[row]) != _build(self._machines[row]):
                self._lay_out(machines)
                return
        self._machines = machines
        self._empty = None
        for row in changed:
            self._columns[row] = self._states.columns_of(machines[row])
            self._is_open[row] = machines[row].is_healthy and not machines[row].is_cordoned
            self._dirty.add(row)

    def _lay_out(self, machines: tuple[Machine, ...]) -> None:
        """Start anew with other machines."""
        self._machines = machines
        self._empty = None
        self._rows = {machine.name: row for row, machine in enumerate(machines)}
        self._states = States(machines)
        self._states.learn(self._settled)
        self._columns = [self._states.columns_of(machine) for machine in machines]
        self._state_ids = np.zeros(len(machines), np.int64)
        self._open_ids = np.zeros(
            len(machines), np.int64
        )  # of those that are open, the others have the closed one
        self._cpu = np.zeros(len(machines), np.int64)
        self._memory = np.zeros(len(machines), np.int64)
        self._is_open = np.array([m.is_healthy and not m.is_cordoned for m in machines], np.bool_)
        self._dirty = set(range(len(machines)))

    def hold(self, task: TaskId, placements: tuple[Placement, ...]) -> None:
        """Take what a task was given; more than there is, as after a machine became smaller, is taken all the same."""
        self._move(task, placements, 1)
        self._log.append((task, placements, 1))

    def release(self, task: TaskId) -> tuple[Placement, ...]:
        """Give back what a task holds."""
        placements = self._held[task]
        self._move(task, placements, -1)
        self._log.append((task, placements, -1))
        return placements

    def mark(self) -> Mark:
        """A point to come back to."""
        return len(self._log)

    def rollback(self, mark: Mark) -> None:
        """Undo every hold and release since the mark."""
        while len(self._log) > mark:
            task, placements, sign = self._log.pop()
            self._move(task, placements, -sign)

    def _move(self, task: TaskId, placements: tuple[Placement, ...], sign: int) -> None:
        if sign > 0:
            self._held[task] = placements
        else:
            del self._held[task]
        for placement in placements:
            name = placement.machine
            used = self._used.get(name)
            if used is None:
                used = self._used[name] = _Used()
            used.take(placement, sign)
            row = self._rows.get(name)
            if row is not None:
                self._dirty.add(row)

    def _settle(self) -> None:
        """Find the states of machines that changed."""
        if not self._dirty:
            return
        for row in self._dirty:
            machine, columns = self._machines[row], self._columns[row]
            used = self._used.get(machine.name, _NOTHING)
            self._memory[row] = machine.memory_mib - used.memory_mib
            pieces = _pieces(columns, used)
            self._cpu[row] = cpu_milli = machine.cpu_milli - used.cpu_milli
            self._state_ids[row] = state = self._states.id_of(columns.build, cpu_milli, pieces)
            self._open_ids[row] = state if self._is_open[row] else 0
        self._dirty.clear()
        if len(self._states) > 4 * len(self._machines) + 4096:
            self._forget()

    def _forget(self) -> None:
        """Drop states that no machine is in any more."""
        renumbered = self._states.forget_all_but(np.unique(self._state_ids))
        self._state_ids, self._open_ids = renumbered[self._state_ids], renumbered[self._open_ids]

    # Where a request fits. ----------------------------------------------------------------------------------

    def place(
        self,
        request: ResourceRequest,
        *,
        min_workers: int = 1,
        max_workers: int = 1,
        on_one_machine: bool = False,
        only: frozenset[str] | None = None,
    ) -> tuple[Placement, ...] | None:
        """The best room for a request now, one placement a worker; None when there is none. Nothing is held.

        The preferred devices are tried on all machines before an alternative is. A gang gets as many workers as
        there is room for and sits on as few machines as may be, among those on the ones that it fills best.

        Args:
            only: names of the machines that may be used; by default all that are healthy and not cordoned.
        """
        self._settle()
        if not self._machines:
            return None
        allowed = self._is_open if only is None else self._named(only)
        for devices in (request.devices, *request.alternatives):
            demand = self._states.demand(request.cpu_milli, devices)
            wanted = (
                request if not request.alternatives else replace(request, devices=devices, alternatives=())
            )
            if max_workers == 1:
                placement = self._place_one(wanted, demand, allowed)
                if placement is not None:
                    return (placement,)
                continue
            found = self._place_gang(wanted, demand, allowed, max_workers, on_one_machine)
            if len(found) >= max(min_workers, 1):
                return found
        return None

    def _named(self, names: frozenset[str]) -> _Mask:
        mask = np.zeros(len(self._machines), np.bool_)
        mask[[self._rows[name] for name in names if name in self._rows]] = True
        return mask

    def _scores(self, demand: Demand, memory_mib: int, allowed: _Mask) -> NDArray[np.float64]:
        """[machines] how good each is for a demand; -inf where it does not fit or is not allowed."""
        by_state = self._states.scores(demand)
        if allowed is self._is_open:
            scores = by_state.take(self._open_ids)
        else:
            scores = by_state.take(self._state_ids)
            scores[~allowed] = -np.inf
        scores[self._memory < memory_mib] = -np.inf
        return scores

    def _place_one(self, request: ResourceRequest, demand: Demand, allowed: _Mask) -> Placement | None:
        scores = self._scores(demand, request.memory_mib, allowed)
        if not demand.is_entangled:
            row = int(scores.argmax())
            return None if scores[row] == -np.inf else self._give(request, demand, row)
        for row in np.argsort(-scores, kind="stable").tolist():
            if scores[row] == -np.inf:
                return None
            placement = fit(request, self._free(row))
            if placement is not None:
                return placement
        return None

    def _give(self, request: ResourceRequest, demand: Demand, row: int) -> Placement:
        """The placement of a demand on a machine where it fits."""
        machine, columns = self._machines[row], self._columns[row]
        real = _pieces(columns, self._used.get(machine.name, _NOTHING))
        shares: list[DeviceShare] = []
        for entry in demand.entries:
            mine = range(entry.kind.columns.start, entry.kind.columns.stop)
            if demand.is_choice:
                # The columns of a state are sorted, those of the machine are not: find the same type and piece.
                column = demand.columns[self._state_ids[row]]
                chosen = (columns.types[column], self._states.piece(self._state_ids[row], column))
                fitting = [c for c in mine if (columns.types[c], real[c]) == chosen][:1]
            else:
                fitting = [c for c in mine if real[c] >= entry.needs[columns.types[c]]]
                fitting.sort(key=lambda c: (columns.types[c], real[c], c))
            for column in fitting[: entry.wanted.count]:
                device = columns.devices[column]
                assert device is not None
                shares.append(share_of(device, int(entry.needs[columns.types[column]]), entry.wanted))
        if len(shares) > 1:
            shares.sort(key=lambda share: (share.kind, share.index))
        return Placement(machine.name, request.cpu_milli, request.memory_mib, tuple(shares))

    def _free(self, row: int) -> Free:
        machine = self._machines[row]
        free = Free(machine)
        used = self._used.get(machine.name, _NOTHING)
        free.cpu_milli -= used.cpu_milli
        free.memory_mib -= used.memory_mib
        for key in free.share_milli:
            free.share_milli[key] -= used.milli.get(key, 0)
        return free

    def _place_gang(
        self, request: ResourceRequest, demand: Demand, allowed: _Mask, most: int, on_one_machine: bool
    ) -> tuple[Placement, ...]:
        rows, capacity = self._capacity(request, demand, allowed, most)
        if not len(rows):
            return ()
        wanted = min(most, int(capacity.max() if on_one_machine else capacity.sum()))
        scores = self._states.scores(demand).take(self._state_ids[rows])
        found: list[Placement] = []
        mark = self.mark()
        while len(found) < wanted:
            missing = wanted - len(found)
            enough = capacity >= missing
            size = capacity[enough].min() if enough.any() else capacity.max()
            candidates = np.flatnonzero(capacity == size)
            best = int(candidates[scores[candidates].argmax()])
            capacity[best] = 0
            found += self._fill(request, demand, int(rows[best]), min(int(size), missing))
        self.rollback(mark)
        return tuple(found)

    def _fill(self, request: ResourceRequest, demand: Demand, row: int, times: int) -> list[Placement]:
        placements = []
        for _ in range(times):
            self._settle()
            self._states.scores(demand)
            placement = (
                fit(request, self._free(row)) if demand.is_entangled else self._give(request, demand, row)
            )
            assert placement is not None
            placements.append(placement)
            self.hold(TaskId(-1 - len(self._log)), (placement,))
        return placements

    def _capacity(
        self, request: ResourceRequest, demand: Demand, allowed: _Mask, most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of machines where the demand fits, and how many times."""
        rows = np.flatnonzero(self._scores(demand, request.memory_mib, allowed) > -np.inf)
        if demand.is_entangled:
            capacity = np.array([self._times(request, int(row), most) for row in rows], np.int64)
        else:
            capacity = self._states.capacity(demand, self._state_ids[rows], most)
            if request.memory_mib > 0:
                capacity = np.minimum(capacity, self._memory[rows] // request.memory_mib)
        fits = capacity > 0
        return rows[fits], capacity[fits]

    def _times(self, request: ResourceRequest, row: int, most: int) -> int:
        free = self._free(row)
        for times in range(most):
            placement = fit(request, free)
            if placement is None:
                return times
            free.take(placement)
        return most

    # Accounts. ----------------------------------------------------------------------------------------------

    def count(
        self, request: ResourceRequest, *, most: int = 1 << 30, only: frozenset[str] | None = None
    ) -> int:
        """How many workers with the preferred devices of a request there is room for now, up to `most`."""
        self._settle()
        if not self._machines:
            return 0
        allowed = self._is_open if only is None else self._named(only)
        demand = self._states.demand(request.cpu_milli, request.devices)
        _, capacity = self._capacity(request, demand, allowed, most)
        return min(int(capacity.sum()), most)

    def could_ever_fit(
        self, request: ResourceRequest, *, min_workers: int = 1, on_one_machine: bool = False
    ) -> bool:
        """Whether there would be room on the machines of now if they were empty, healthy and open."""
        empty = self._emptied()
        return (
            empty.place(
                request, min_workers=min_workers, max_workers=min_workers, on_one_machine=on_one_machine
            )
            is not None
        )

    def rejections(
        self, request: ResourceRequest, *, only: frozenset[str] | None = None
    ) -> dict[Filter, int]:
        """How many machines which filter rejects for the preferred devices of a request; those it fits are not in."""
        self._settle()
        left = np.ones(len(self._machines), np.bool_)
        counts: dict[Filter, int] = {}

        def reject(why: Filter, mask: _Mask) -> None:
            nonlocal left
            if num_rejected := int((left & mask).sum()):
                counts[why] = num_rejected
            left = left & ~mask

        if only is None:
            is_healthy = np.array([machine.is_healthy for machine in self._machines], np.bool_)
            reject(Filter.UNHEALTHY, ~is_healthy)
            reject(Filter.CORDONED, ~self._is_open)
        else:
            reject(Filter.EXCLUDED, ~self._named(only))
        reject(Filter.TOO_SMALL, ~self._emptied()._fits(request))
        reject(Filter.DEVICES, ~self._has_devices(request))
        reject(Filter.CPU, self._cpu < request.cpu_milli)
        reject(Filter.MEMORY, self._memory < request.memory_mib)
        return counts

    def _fits(self, request: ResourceRequest) -> _Mask:
        """[machines] whether the preferred devices, CPU and memory of a request are free, wherever it is allowed."""
        self._settle()
        return (
            self._has_devices(request)
            & (self._cpu >= request.cpu_milli)
            & (self._memory >= request.memory_mib)
        )

    def _has_devices(self, request: ResourceRequest) -> _Mask:
        demand = self._states.demand(_LESS_CPU_THAN_ANY, request.devices)
        has: _Mask = self._states.scores(demand).take(self._state_ids) > -np.inf
        if demand.is_entangled:
            for row in np.flatnonzero(has).tolist():
                has[row] = choose_devices(request.devices, self._free(row)) is not None
        return has

    def _emptied(self) -> "Cluster":
        """The machines of now if they were empty, healthy and open."""
        if self._empty is None:
            self._empty = Cluster()
            self._empty.sync([_healed(machine) for machine in self._machines], {}, Mix())
        return self._empty


def _healed(machine: Machine) -> Machine:
    devices = tuple(replace(device, is_healthy=True) for device in machine.devices)
    return replace(machine, is_healthy=True, is_cordoned=False, devices=devices)


def _pieces(columns: Columns, used: _Used) -> list[int]:
    """Free thousandths by column, 0 where there is no device or an unhealthy one."""
    taken = used.milli
    return [
        max(0, WHOLE_DEVICE_MILLI - taken.get((device.kind, device.index), 0))
        if device is not None and device.is_healthy
        else 0
        for device in columns.devices
    ]


def _build(machine: Machine) -> tuple[object, ...]:
    return (
        machine.name,
        machine.cpu_milli,
        [(d.kind, d.index, d.model, d.memory_mib, d.is_instance) for d in machine.devices],
    )
