"""States that machines are in, and scores of demands by state.

Machines of one build with the same free CPU and the same free pieces of devices are in one state, in whatever order the
devices are. Whether a demand fits and how good that would be depends on the state alone, apart from memory, so that
every kind of demand keeps its scores by state, and only states that are new since are scored when it comes again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.score import UNIT, DeviceKind, DeviceType, Floats, Ground, Ints, Scores

_MAX_DEMANDS = 2000
"""Scores of 2,000 kinds of demand on 10,000 machines take some 300 MB; those that come again are scored anew."""

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
    devices: tuple[Device | None, ...]
    types: tuple[int, ...]


class Entry(NamedTuple):
    """One device request of a demand, with the thousandths that it needs by type of device, if not `same_need`."""

    wanted: DeviceRequest
    kind: DeviceKind
    needs: Ints
    same_need: int | None

    def need_of(self, types: Ints) -> Ints | int:
        """Needs of devices of these types; one number where it is the same for all."""
        return self.needs.take(types) if self.same_need is None else self.same_need


@dataclass(slots=True)
class Demand:
    """What one kind of request needs besides memory, and its scores by state so far.

    Args:
        is_entangled: several of its devices may come from one pool, so that passing each filter alone is not enough.
        is_choice: it asks for one device, and it matters which of those that will do is taken.
        scores: [states] -inf where it does not fit; the first `num_scored` are valid.
        columns: [states] where there is a choice, the column of the best one.
    """

    cpu_milli: int
    entries: tuple[Entry, ...]
    can_exist: bool
    is_entangled: bool
    is_choice: bool
    num_scored: int = 0
    scores: Floats = field(default_factory=lambda: np.empty(0))
    columns: Ints = field(default_factory=lambda: np.empty(0, np.int64))


class States:
    """Made for a set of machines; another set needs another one unless `columns_of` knows every machine in it."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        machines = tuple(machines)
        self.ground, self._is_mixed = _survey(machines)
        self._type_ids = {_make(one.device): number for number, one in enumerate(self.ground.types)}
        self._kinds = {kind.name: kind for kind in self.ground.kinds}
        num_columns = sum(kind.width for kind in self.ground.kinds)
        self._builds: dict[tuple[int, ...], Build] = {}
        self._build_types: list[tuple[int, ...]] = []
        self._ids: dict[tuple[int, ...], int] = {}
        self._new: list[tuple[int, ...]] = []
        # By state, with room to grow; the first is that of machines that are closed, where nothing fits.
        self._num_states = 0
        self._table = np.zeros((64, 2 + num_columns), np.int64)  # build, free CPU, pieces
        self._types = np.zeros((64, num_columns), np.int64)
        self._useful = np.zeros(64, np.int64)
        self._num_useful = 0
        self._demands: dict[tuple[int, tuple[DeviceRequest, ...]], Demand] = {}
        self._settled: Mapping[ResourceRequest, float] = {}
        self._scores = Scores(self.ground, {})
        self.id_of(self._build((0,) * num_columns), -(1 << 50), [0] * num_columns)

    def __len__(self) -> int:
        return len(self._ids)

    def learn(self, settled: Mapping[ResourceRequest, float]) -> None:
        """Score by this mix from now on."""
        if settled is self._settled:
            return
        if settled != self._settled:
            self._scores = Scores(self.ground, settled)
            self._num_useful = 0
            self._demands.clear()
        self._settled = settled

    def columns_of(self, machine: Machine) -> Columns:
        """Where the devices of a machine are; it must have a build that was there when this was made."""
        slots: list[tuple[int, Device | None]] = []
        for kind in self.ground.kinds:
            mine = [device for device in machine.devices if device.kind == kind.name]
            numbered = [(self._type_ids[_make(device)], device) for device in mine]
            numbered.sort(key=lambda slot: (slot[0], slot[1].index))
            slots += numbered
            slots += [(0, None)] * (kind.width - len(mine))
        types = tuple(type_id for type_id, _ in slots)
        return Columns(self._build(types), tuple(device for _, device in slots), types)

    def _build(self, types: tuple[int, ...]) -> Build:
        if types not in self._builds:
            starts = [c for c, one in enumerate(types) if one and (c == 0 or types[c - 1] != one)]
            runs = [
                slice(c, next((e for e in range(c, len(types)) if types[e] != types[c]), len(types)))
                for c in starts
            ]
            runs = [run for run in runs if run.stop - run.start > 1]
            self._builds[types] = Build(len(self._builds), tuple(runs))
            self._build_types.append(types)
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
        """Free thousandths in one column of a state."""
        return int(self._table[state, 2 + column])

    def forget_all_but(self, live: Ints) -> Ints:
        """Keep the states with these ascending ids and the first, and return new ids by old id."""
        self._take_in()
        live = np.union1d(live, np.zeros(1, np.int64))
        renumbered = np.full(self._num_states, -1)
        renumbered[live] = np.arange(len(live))
        self._num_states = len(live)
        self._ids = {tuple(row): number for number, row in enumerate(self._table[live].tolist())}
        self._num_useful = _keep(live, self._num_useful, self._table, self._types, self._useful)
        for demand in self._demands.values():
            demand.num_scored = _keep(live, demand.num_scored, demand.scores, demand.columns)
        return renumbered

    def demand(self, cpu_milli: int, devices: tuple[DeviceRequest, ...]) -> Demand:
        """The demand for these, with its scores so far."""
        key = (cpu_milli, devices)
        demand = self._demands.get(key)
        if demand is None:
            if len(self._demands) >= _MAX_DEMANDS:
                self._demands.clear()
            demand = self._demands[key] = self._compile(cpu_milli, devices)
        return demand

    def _compile(self, cpu_milli: int, devices: tuple[DeviceRequest, ...]) -> Demand:
        devices = tuple(wanted for wanted in devices if wanted.count > 0)
        known = [wanted for wanted in devices if wanted.kind in self._kinds]
        entries = tuple(self._entry(one) for one in known)
        is_entangled = len({one.kind for one in known}) < len(known) or any(
            one.wanted.count > 1 and (one.needs < WHOLE_DEVICE_MILLI).any() for one in entries
        )
        is_choice = len(entries) == 1 and entries[0].wanted.count == 1
        if is_choice and entries[0].same_need == WHOLE_DEVICE_MILLI:
            is_choice = self._is_mixed
        return Demand(cpu_milli, entries, len(known) == len(devices), is_entangled, is_choice)

    def _entry(self, wanted: DeviceRequest) -> Entry:
        kind, needs = self._kinds[wanted.kind], self.ground.needs(wanted)
        of_kind = [one.device.kind == wanted.kind for one in self.ground.types]
        distinct = set(needs[of_kind].tolist())
        # Columns without a device have no room, so that they never meet a need that is the same for all.
        return Entry(wanted, kind, needs, distinct.pop() if len(distinct) == 1 else None)

    def _take_in(self) -> None:
        if not self._new:
            return
        start, self._num_states = self._num_states, self._num_states + len(self._new)
        self._table, self._types = (
            _grown(self._table, self._num_states),
            _grown(self._types, self._num_states),
        )
        self._useful = _grown(self._useful, self._num_states)
        self._table[start : self._num_states] = self._new
        self._types[start : self._num_states] = [self._build_types[state[0]] for state in self._new]
        self._new = []

    def scores(self, demand: Demand) -> Floats:
        """[states] how good each state is for a demand, -inf where it does not fit."""
        self._take_in()
        start, end = demand.num_scored, self._num_states
        if start < end:
            demand.scores, demand.columns = _grown(demand.scores, end), _grown(demand.columns, end)
            demand.scores[start:end] = -np.inf
            demand.num_scored = end
            if demand.can_exist:
                self._score(demand, start, end)
        return demand.scores

    def _score(self, demand: Demand, start: int, end: int) -> None:
        fits = self._table[start:end, 1] >= demand.cpu_milli
        for entry in demand.entries:
            mine = entry.kind.columns
            needs = entry.need_of(self._types[start:end, mine])
            fitting = self._table[start:end, 2 + mine.start : 2 + mine.stop] >= needs
            fits &= fitting.any(1) if entry.wanted.count == 1 else fitting.sum(1) >= entry.wanted.count
        rows = fits.nonzero()[0]
        if len(rows):
            self._value(demand, rows + start)

    def _value(self, demand: Demand, states: Ints) -> None:
        """Score states where the demand fits, and find the column to take a single device from."""
        table, types = self._table.take(states, axis=0), self._types.take(states, axis=0)
        cpu, pieces = table[:, 1], table[:, 2:]
        merit = self._scores.merit(cpu, pieces) - self._useful_of(states) / UNIT
        cpu_left = cpu - demand.cpu_milli
        if demand.is_choice:
            (entry,) = demand.entries
            mine = entry.kind.columns
            pieces_of_kind, types_of_kind = pieces[:, mine], types[:, mine]
            needs = entry.need_of(types_of_kind)
            fitting = pieces_of_kind >= needs
            useful = self._scores.useful_after_one(cpu_left, pieces, types, entry.kind, fitting * needs)
            gain = useful / UNIT
            if self._scores.has_prices:
                gain -= needs * self._scores.prices.take(types_of_kind)
            gain[~fitting] = -np.inf
            best = gain.argmax(1)
            demand.columns[states] = best + mine.start
            demand.scores[states] = merit + gain.max(1)
            return
        left = pieces
        for entry in demand.entries:
            mine = entry.kind.columns
            needs = entry.need_of(types[:, mine])
            fitting = pieces[:, mine] >= needs
            taken = (fitting & (fitting.cumsum(1) <= entry.wanted.count)) * needs
            left = left.copy()
            left[:, mine] -= taken
            merit -= (taken * self._scores.prices.take(types[:, mine])).sum(1)
        # Only entangled demands can seem to take more than there is.
        useful = self._scores.useful(cpu_left, left.clip(min=0) if demand.is_entangled else left, types)
        demand.scores[states] = merit + useful / UNIT

    def _useful_of(self, states: Ints) -> Ints:
        start, end = self._num_useful, self._num_states
        if start < end:
            table = self._table[start:end]
            self._useful[start:end] = self._scores.useful(table[:, 1], table[:, 2:], self._types[start:end])
            self._num_useful = end
        return self._useful.take(states)

    def capacity(self, demand: Demand, states: Ints, most: int) -> Ints:
        """[states] how many times a demand that is not entangled fits at once, up to `most`."""
        self._take_in()
        table = self._table[states]
        types = self._types[states]
        capacity = np.full(len(states), most)
        if demand.cpu_milli > 0:
            capacity = np.minimum(capacity, table[:, 1] // demand.cpu_milli)
        for entry in demand.entries:
            mine = entry.kind.columns
            times = table[:, 2:][:, mine] // entry.needs.take(types[:, mine])
            capacity = np.minimum(capacity, times.sum(1) // entry.wanted.count)
        return np.maximum(capacity, 0) if demand.can_exist else np.zeros_like(capacity)


_Array = TypeVar("_Array", Ints, Floats)


def _grown(array: _Array, size: int) -> _Array:
    """An array with room for so many rows, twice as long when it has to grow."""
    if size <= len(array):
        return array
    grown = np.zeros((2 * size, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown


def _keep(live: Ints, num_filled: int, *arrays: Ints | Floats) -> int:
    """Move live rows to the front, and return how many of the rows that were filled are left."""
    for array in arrays:
        rows = live[: live.searchsorted(len(array))]
        array[: len(rows)] = array[rows]
    return int(live.searchsorted(num_filled))


_Make = tuple[str, str, int, bool]  # what tells types of devices apart


def _make(device: Device) -> _Make:
    return (device.kind, device.model, device.memory_mib, device.is_instance)


def _survey(machines: Sequence[Machine]) -> tuple[Ground, bool]:
    """The ground for scores, and whether a machine has devices of one kind that are not alike."""
    counts: dict[_Make, int] = {}
    widths: dict[str, int] = {}
    is_mixed = False
    for machine in machines:
        makes = [_make(device) for device in machine.devices]
        here: dict[str, int] = {}
        for make in makes:
            counts[make] = counts.get(make, 0) + 1
            here[make[0]] = here.get(make[0], 0) + 1
        for kind, width in here.items():
            widths[kind] = max(widths.get(kind, 0), width)
        is_mixed = is_mixed or len(set(makes)) > len(here)
    kinds, start = [], 0
    for kind in sorted(widths):
        kinds.append(DeviceKind(kind, slice(start, start + widths[kind])))
        start += widths[kind]
    types = [DeviceType(Device("", 0), 0)]
    for kind, model, memory_mib, is_instance in sorted(counts):
        device = Device(kind, 0, model=model, memory_mib=memory_mib, is_instance=is_instance)
        types.append(DeviceType(device, counts[kind, model, memory_mib, is_instance]))
    max_cpu_milli = max((machine.cpu_milli for machine in machines), default=0)
    max_devices = max((len(machine.devices) for machine in machines), default=0)
    return Ground(tuple(types), tuple(kinds), max_cpu_milli, max_devices), is_mixed
