"""States that machines are in, and scores of demands by state.

Machines of one build with the same free CPU and the same free pieces of devices are in one state, in whatever order the
devices are. Whether a demand fits and how good that would be depends on the state alone, apart from memory, so that
every kind of demand keeps its scores by state, and only states that are new since are scored when it comes again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.score import DeviceKind, DeviceType, Floats, Ground, Ints, Scores

DeviceKey = tuple[str, int]  # kind and index


class Build(NamedTuple):
    """What machines of one make have in common.

    Args:
        id: row of its types in the table of builds.
        runs: columns of devices that are alike; pieces are sorted within them.
    """

    id: int
    runs: tuple[slice, ...]


class Columns(NamedTuple):
    """Where the devices of one machine are in the arrays of pieces."""

    build: Build
    keys: tuple[DeviceKey | None, ...]
    types: tuple[int, ...]


class Entry(NamedTuple):
    """One device request of a demand, with the thousandths that it needs by type of device."""

    wanted: DeviceRequest
    kind: DeviceKind
    needs: Ints


@dataclass(slots=True)
class Demand:
    """What one kind of request needs besides memory, and its scores by state so far.

    Args:
        is_entangled: several of its devices may come from one pool, so that passing each filter alone is not enough.
        scores: [states] -inf where it does not fit.
        columns: [states] for one device, the column that it is best taken from.
    """

    cpu_milli: int
    entries: tuple[Entry, ...]
    can_exist: bool
    is_entangled: bool
    scores: Floats = field(default_factory=lambda: np.empty(0))
    columns: Ints = field(default_factory=lambda: np.empty(0, np.int64))


class States:
    """Made for a set of machines; another set needs another one unless `columns_of` knows every machine in it."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        machines = tuple(machines)
        counts: dict[Device, int] = {}
        widths: dict[str, int] = {}
        for machine in machines:
            here: dict[str, int] = {}
            for device in machine.devices:
                alike = _alike(device)
                counts[alike] = counts.get(alike, 0) + 1
                here[device.kind] = here.get(device.kind, 0) + 1
            for kind, width in here.items():
                widths[kind] = max(widths.get(kind, 0), width)
        ordered = sorted(counts, key=lambda d: (d.kind, d.model, d.memory_mib, d.is_instance))
        kinds, start = [], 0
        for kind in sorted(widths):
            kinds.append(DeviceKind(kind, slice(start, start + widths[kind])))
            start += widths[kind]
        nothing = DeviceType(Device("", -1), 0)
        self.ground = Ground(
            (nothing, *(DeviceType(device, counts[device]) for device in ordered)),
            tuple(kinds),
            max((machine.cpu_milli for machine in machines), default=0),
            max((len(machine.devices) for machine in machines), default=0),
        )
        self._type_ids = {device: number for number, device in enumerate(ordered, start=1)}
        self._kinds = {kind.name: kind for kind in kinds}
        self._num_columns = start
        self._builds: dict[tuple[int, ...], Build] = {}
        self._build_types = np.zeros((0, start), np.int64)
        self._ids: dict[tuple[int, ...], int] = {}
        self._new: list[tuple[int, ...]] = []
        self._table = np.zeros((0, 2 + start), np.int64)  # build, free CPU, pieces
        self._useful = np.zeros(0, np.int64)
        self._demands: dict[tuple[int, tuple[DeviceRequest, ...]], Demand] = {}
        self._settled: Mapping[ResourceRequest, float] = {}
        self._scores = Scores(self.ground, {})

    def __len__(self) -> int:
        return len(self._ids)

    def learn(self, settled: Mapping[ResourceRequest, float]) -> None:
        """Score by this mix from now on."""
        if settled is self._settled:
            return
        if settled != self._settled:
            self._scores = Scores(self.ground, settled)
            self._useful = np.zeros(0, np.int64)
            for demand in self._demands.values():
                demand.scores, demand.columns = np.empty(0), np.empty(0, np.int64)
        self._settled = settled

    def columns_of(self, machine: Machine) -> Columns:
        by_kind: dict[str, list[tuple[int, DeviceKey]]] = {kind.name: [] for kind in self.ground.kinds}
        for device in machine.devices:
            by_kind[device.kind].append((self._type_ids[_alike(device)], (device.kind, device.index)))
        slots: list[tuple[int, DeviceKey | None]] = []
        for kind in self.ground.kinds:
            mine = sorted(by_kind[kind.name])
            slots += mine
            slots += [(0, None)] * (kind.width - len(mine))
        types = tuple(type_id for type_id, _ in slots)
        return Columns(self._build(types), tuple(key for _, key in slots), types)

    def _build(self, types: tuple[int, ...]) -> Build:
        if types not in self._builds:
            starts = [c for c, one in enumerate(types) if one and (c == 0 or types[c - 1] != one)]
            runs = [
                slice(c, next((e for e in range(c, len(types)) if types[e] != types[c]), len(types)))
                for c in starts
            ]
            runs = [run for run in runs if run.stop - run.start > 1]
            self._builds[types] = Build(len(self._builds), tuple(runs))
            self._build_types = np.vstack([self._build_types, np.array([types], np.int64).reshape(1, -1)])
        return self._builds[types]

    def id_of(self, build: Build, cpu_milli: int, pieces: list[int]) -> int:
        """The state of a machine; `pieces` are sorted in passing."""
        for run in build.runs:
            pieces[run] = sorted(pieces[run])
        key = (build.id, cpu_milli, *pieces)
        number = self._ids.get(key)
        if number is None:
            number = self._ids[key] = len(self._ids)
            self._new.append(key)
        return number

    def piece(self, state: int, column: int) -> int:
        return int(self._table[state, 2 + column])

    def forget_all_but(self, live: Ints) -> Ints:
        """Keep the states with these ascending ids, and return new ids by old id."""
        self._take_in()
        self._table = self._table[live]
        self._ids = {tuple(row): number for number, row in enumerate(self._table.tolist())}
        self._useful = self._useful[live[: np.searchsorted(live, len(self._useful))]]
        for demand in self._demands.values():
            kept = live[: np.searchsorted(live, len(demand.scores))]
            demand.scores, demand.columns = demand.scores[kept], demand.columns[kept]
        renumbered = np.full(live[-1] + 1 if len(live) else 0, -1)
        renumbered[live] = np.arange(len(live))
        return renumbered

    def demand(self, cpu_milli: int, devices: tuple[DeviceRequest, ...]) -> Demand:
        key = (cpu_milli, devices)
        demand = self._demands.get(key)
        if demand is None:
            demand = self._demands[key] = self._compile(cpu_milli, devices)
        return demand

    def _compile(self, cpu_milli: int, devices: tuple[DeviceRequest, ...]) -> Demand:
        devices = tuple(wanted for wanted in devices if wanted.count > 0)
        known = [wanted for wanted in devices if wanted.kind in self._kinds]
        entries = tuple(Entry(one, self._kinds[one.kind], self.ground.needs(one)) for one in known)
        is_entangled = len({one.kind for one in known}) < len(known) or any(
            one.wanted.count > 1 and (one.needs < WHOLE_DEVICE_MILLI).any() for one in entries
        )
        return Demand(cpu_milli, entries, len(known) == len(devices), is_entangled)

    def _take_in(self) -> None:
        if self._new:
            self._table = np.vstack([self._table, np.array(self._new, np.int64)])
            self._new = []

    def scores(self, demand: Demand) -> Floats:
        """[states] how good each state is for a demand, -inf where it does not fit."""
        self._take_in()
        num_scored = len(demand.scores)
        if num_scored < len(self._table):
            scores, columns = self._score(demand, num_scored)
            demand.scores = np.concatenate([demand.scores, scores])
            demand.columns = np.concatenate([demand.columns, columns])
        return demand.scores

    def _score(self, demand: Demand, start: int) -> tuple[Floats, Ints]:
        table = self._table[start:]
        scores = np.full(len(table), -np.inf)
        columns = np.zeros(len(table), np.int64)
        fits = table[:, 1] >= demand.cpu_milli
        if not demand.can_exist:
            return scores, columns
        for entry in demand.entries:
            mine = entry.kind.columns
            needs = entry.needs.take(self._build_types[:, mine].take(table[:, 0], axis=0))
            fits &= (table[:, 2:][:, mine] >= needs).sum(1) >= entry.wanted.count
        rows = np.flatnonzero(fits)
        if len(rows):
            scores[rows], columns[rows] = self._value(demand, start + rows)
        return scores, columns

    def _value(self, demand: Demand, states: Ints) -> tuple[Floats, Ints]:
        """Scores of states where the demand fits, and the column to take one device from."""
        table = self._table.take(states, axis=0)
        cpu, pieces = table[:, 1], table[:, 2:]
        types = self._build_types.take(table[:, 0], axis=0)
        cpu_left = cpu - demand.cpu_milli
        before = self._useful_of(states)
        merit = self._scores.merit(np.zeros(len(states), np.int64), cpu, pieces)
        left, price = pieces, 0.0
        choosing: Entry | None = None
        for entry in demand.entries:
            mine = entry.kind.columns
            needs = entry.needs.take(types[:, mine])
            if entry.wanted.count == 1 and len(demand.entries) == 1:
                choosing = entry
                continue
            fitting = pieces[:, mine] >= needs
            taken = np.where(fitting & (fitting.cumsum(1) <= entry.wanted.count), needs, 0)
            left = left.copy()
            left[:, mine] -= taken
            price = price + (taken * self._scores.prices.take(types[:, mine])).sum(1)
        if choosing is None:
            useful = self._scores.useful(cpu_left, np.maximum(left, 0), types)
            return merit + (useful - before) / (1 << 20) - price, np.zeros(len(states), np.int64)
        mine = choosing.kind.columns
        needs = choosing.needs.take(types[:, mine])
        fitting = pieces[:, mine] >= needs
        needs = np.where(fitting, needs, 0)
        useful = self._scores.useful_after_one(cpu_left, pieces, types, choosing.kind, needs)
        gain = (useful - before[:, None]) / (1 << 20) - needs * self._scores.prices.take(types[:, mine])
        gain[~fitting] = -np.inf
        best = gain.argmax(1)
        return merit + gain[np.arange(len(states)), best], best + mine.start

    def _useful_of(self, states: Ints) -> Ints:
        if len(self._useful) < len(self._table):
            table = self._table[len(self._useful) :]
            types = self._build_types[table[:, 0]]
            self._useful = np.concatenate(
                [self._useful, self._scores.useful(table[:, 1], table[:, 2:], types)]
            )
        return self._useful.take(states)

    def capacity(self, demand: Demand, states: Ints, most: int) -> Ints:
        """[states] how many times a demand that is not entangled fits at once, up to `most`."""
        table = self._table[states]
        types = self._build_types[table[:, 0]]
        capacity = np.full(len(states), most)
        if demand.cpu_milli > 0:
            capacity = np.minimum(capacity, table[:, 1] // demand.cpu_milli)
        for entry in demand.entries:
            mine = entry.kind.columns
            times = table[:, 2:][:, mine] // entry.needs.take(types[:, mine])
            capacity = np.minimum(capacity, times.sum(1) // entry.wanted.count)
        return np.maximum(capacity, 0) if demand.can_exist else np.zeros_like(capacity)


def _alike(device: Device) -> Device:
    return Device(
        device.kind, 0, model=device.model, memory_mib=device.memory_mib, is_instance=device.is_instance
    )
