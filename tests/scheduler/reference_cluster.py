"""A cluster that asks every machine in turn, to compare the real one with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kpl.resources import Machine, Placement, ResourceRequest
from kpl.scheduler.fit import Free, fit
from kpl.scheduler.mix import Mix
from kpl.task.ids import TaskId

Mark = int


class ReferenceCluster:
    """Machines and what is held on them. Not for several threads."""

    def __init__(self) -> None:
        self._machines: dict[str, Machine] = {}
        self._free: dict[str, Free] = {}
        self._held: dict[TaskId, tuple[Placement, ...]] = {}
        self._log: list[tuple[TaskId, tuple[Placement, ...], int]] = []

    @property
    def machines(self) -> Sequence[Machine]:
        return tuple(self._machines.values())

    def sync(
        self, machines: Sequence[Machine], held: Mapping[TaskId, tuple[Placement, ...]], mix: Mix
    ) -> None:
        """Become what the machines are with these placements held; marks lose their meaning."""
        del mix
        self._machines = {machine.name: machine for machine in machines}
        self._free = {machine.name: Free(machine) for machine in machines}
        self._held = {}
        for task, placements in held.items():
            self.hold(task, placements)
        self._log.clear()

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

        The preferred devices are tried on all machines before an alternative is.

        Args:
            only: names of the machines that may be used; by default all that are healthy and not cordoned.
        """
        open_machines = [
            name
            for name, machine in self._machines.items()
            if (machine.is_healthy and not machine.is_cordoned if only is None else name in only)
        ]
        for devices in (request.devices, *request.alternatives):
            wanted = replace(request, devices=devices, alternatives=())
            groups = [[name] for name in open_machines] if on_one_machine else [open_machines]
            for group in groups:
                found = self._fill(wanted, group, max_workers)
                if len(found) >= min_workers:
                    return found
        return None

    def _fill(self, request: ResourceRequest, names: Sequence[str], most: int) -> tuple[Placement, ...]:
        mark = self.mark()
        found: list[Placement] = []
        for name in names:
            while len(found) < most:
                placement = fit(request, self._free[name])
                if placement is None:
                    break
                found.append(placement)
                self.hold(TaskId(-1 - len(found)), (placement,))
        self.rollback(mark)
        return tuple(found)

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
            if placement.machine in self._free:
                self._free[placement.machine].take(placement, sign)
