"""How good a place is: what is left of a machine's room for the demands that keep coming.

Room on a machine is *of use* to a demand when the demand fits there and the piece is large enough for it; weighted by
how frequent each demand is, the rest is fragmentation (Weng et al., "Beware of Fragmentation", USENIX ATC 2023). A
place is the better the less useful room it takes away, the fuller the machine is already, and the less others insist
on the model of its devices.

A demand for one device finds each device of use or not, whatever the others are, so that the useful room of a device
is one look into a table by device type, free CPU of the machine and free thousandths of the device. Demands for
several devices add a table by free CPU and number of whole devices. Weights are whole numbers: sums are exact and do
not depend on the order in which machines are looked at.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.resources import Device, DeviceRequest, ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.fit import needed_milli

PACKEDNESS = 30.0
"""What a free machine's worth of devices counts, in thousandths of a device of useful room."""
CPU_PACKEDNESS = 1.0
"""What free CPU counts in packedness, against free devices."""
MODEL_PRICE = 400.0
"""What a device costs whose whole capacity is insisted on by others, in thousandths of a device."""
MAX_PRESSURE = 3.0

NEVER = 2 * WHOLE_DEVICE_MILLI  # thousandths that no device has
UNIT = 1 << 20
"""Weights of demands add up to about this."""
_MAX_CPU_STEPS = 64
_PIECES = WHOLE_DEVICE_MILLI + 1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class DeviceType(NamedTuple):
    """What tells devices apart for scoring; so many of them are in the cluster."""

    device: Device
    num_devices: int


class DeviceKind(NamedTuple):
    """A kind of device and the columns that its devices have in the arrays of pieces."""

    name: str
    columns: slice

    @property
    def width(self) -> int:
        return int(self.columns.stop - self.columns.start)


@dataclass(frozen=True, slots=True)
class Ground:
    """What scores stand on besides the demand: the types of devices and the largest machine.

    Args:
        types: the first stands for "no device".
    """

    types: tuple[DeviceType, ...]
    kinds: tuple[DeviceKind, ...]
    max_cpu_milli: int
    max_devices: int

    def needs(self, wanted: DeviceRequest) -> Ints:
        """[types] thousandths that the request takes of a device of each type; `NEVER` where that will not do."""
        needs = [needed_milli(wanted, one.device) for one in self.types[1:]]
        return np.array([NEVER, *(NEVER if milli is None else milli for milli in needs)])


class Scores:
    """Values rooms by the demand of late."""

    def __init__(self, ground: Ground, settled: Mapping[ResourceRequest, float]) -> None:
        self._ground = ground
        demands = _in_units(settled) or _expected(ground)
        self._cpu_steps = _steps([cpu for cpu, _ in demands])
        shape = (len(ground.types), len(self._cpu_steps) + 1)
        self._num_cpu_steps = shape[1]
        self._by_piece = np.zeros((*shape, _PIECES), np.int64)
        max_width = max((kind.width for kind in ground.kinds), default=0)
        self._by_wholes = np.zeros((*shape, max_width + 1), np.int64)
        self._fill(demands)
        self._has_wholes = bool(self._by_wholes.any())
        self.prices = MODEL_PRICE * _pressure(ground, demands) / WHOLE_DEVICE_MILLI
        self.has_prices = bool(self.prices.any())

    def _fill(self, demands: Mapping["_Demand", int]) -> None:
        for (cpu_milli, devices), weight in demands.items():
            step = int(np.searchsorted(self._cpu_steps, cpu_milli)) + 1
            for wanted in devices:
                needs = self._ground.needs(wanted)
                for type_id in np.flatnonzero(needs < NEVER):
                    if wanted.count == 1:
                        self._by_piece[type_id, step, needs[type_id]] += weight
                    elif wanted.count < self._by_wholes.shape[2]:
                        self._by_wholes[type_id, step, wanted.count] += weight
        for table in (self._by_piece, self._by_wholes):
            table.cumsum(axis=1, out=table)
            table.cumsum(axis=2, out=table)
        self._by_piece *= np.arange(_PIECES)
        self._by_wholes *= WHOLE_DEVICE_MILLI
        self._flat_pieces, self._flat_wholes = self._by_piece.ravel(), self._by_wholes.ravel()

    def _rows(self, cpu: Ints, types: Ints) -> Ints:
        """[R, columns] row of the tables for each device of machines with so much free CPU."""
        steps = self._cpu_steps.searchsorted(cpu, side="right")
        rows: Ints = types * self._num_cpu_steps + steps[:, None]
        return rows

    def useful(self, cpu: Ints, pieces: Ints, types: Ints) -> Ints:
        """[R] useful room of machines.

        Args:
            cpu: [R] free CPU in milli.
            pieces: [R, columns] free thousandths of each device, 0 where there is none.
            types: [R, columns] type of each device.
        """
        rows = self._rows(cpu, types)
        total: Ints = self._flat_pieces.take(rows * _PIECES + pieces).sum(1)
        if self._has_wholes:
            for kind in self._ground.kinds:
                is_whole = pieces[:, kind.columns] == WHOLE_DEVICE_MILLI
                total += self._of_wholes(rows[:, kind.columns], is_whole, is_whole.sum(1))
        return total

    def _of_wholes(self, rows: Ints, is_whole: NDArray[np.bool_], num_whole: Ints) -> Ints:
        width = self._by_wholes.shape[2]
        total: Ints = (self._flat_wholes.take(rows * width + num_whole[:, None]) * is_whole).sum(1)
        return total

    def useful_after_one(self, cpu: Ints, pieces: Ints, types: Ints, kind: DeviceKind, needs: Ints) -> Ints:
        """[R, columns of the kind] useful room of machines after so much was taken of one device of the kind.

        Args:
            needs: [R, columns of the kind] thousandths to be taken, not more than the piece.
        """
        rows = self._rows(cpu, types)
        offsets = rows * _PIECES
        each = self._flat_pieces.take(offsets + pieces)
        mine = kind.columns
        left = pieces[:, mine] - needs
        total: Ints = each.sum(1)[:, None] - each[:, mine] + self._flat_pieces.take(offsets[:, mine] + left)
        if self._has_wholes:
            for other in self._ground.kinds:
                is_whole = pieces[:, other.columns] == WHOLE_DEVICE_MILLI
                num_whole = is_whole.sum(1)
                others = rows[:, other.columns]
                if other is not kind:
                    total += self._of_wholes(others, is_whole, num_whole)[:, None]
                    continue
                width = self._by_wholes.shape[2]
                fewer = self._flat_wholes.take(others * width + np.maximum(num_whole - 1, 0)[:, None])
                fewer *= is_whole
                of_all = self._of_wholes(others, is_whole, num_whole)[:, None]
                total += np.where(is_whole, fewer.sum(1)[:, None] - fewer, of_all)
        return total

    def merit(self, cpu: Ints, pieces: Ints) -> Floats:
        """[R] what speaks for a machine with so much free CPU and such free pieces before anything is placed there."""
        per_milli = PACKEDNESS / (WHOLE_DEVICE_MILLI * max(self._ground.max_devices, 1))
        per_cpu_milli = PACKEDNESS * CPU_PACKEDNESS / max(self._ground.max_cpu_milli, 1)
        merit: Floats = pieces.sum(1) * -per_milli - cpu * per_cpu_milli
        return merit


_Demand = tuple[int, tuple[DeviceRequest, ...]]  # CPU in milli, devices


def _in_units(settled: Mapping[ResourceRequest, float]) -> dict[_Demand, int]:
    """Weights as whole numbers that add up to about `UNIT`, without memory, which seldom decides."""
    total = math.fsum(settled.values())
    demands: dict[_Demand, int] = defaultdict(int)
    for request, weight in settled.items():
        demands[request.cpu_milli, request.devices] += round(weight / total * UNIT)
    return dict(demands)


def _expected(ground: Ground) -> dict[_Demand, int]:
    """What to expect before anything was seen: requests for one whole device of any kind."""
    cpu_milli = ground.max_cpu_milli // max(ground.max_devices, 1)
    return {(cpu_milli, (DeviceRequest(kind.name),)): UNIT // len(ground.kinds) for kind in ground.kinds} or {
        (0, ()): UNIT
    }


def _steps(cpu_milli: Sequence[int]) -> Ints:
    """Ascending amounts of CPU at which tables change; demands count from the next step that is enough."""
    distinct = np.unique(np.array(cpu_milli, np.int64))
    if len(distinct) <= _MAX_CPU_STEPS:
        return distinct
    chosen = np.linspace(0, len(distinct) - 1, _MAX_CPU_STEPS).round().astype(np.int64)
    return distinct[chosen]


def _pressure(ground: Ground, demands: Mapping[_Demand, int]) -> Floats:
    """[types] demand that insists on a model over the model's capacity, if all demand together filled the cluster.

    Demand that does with several models weighs on all of them alike.
    """
    demand: dict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
    for (_, devices), weight in demands.items():
        for wanted in devices:
            demand[wanted.kind, tuple(sorted(set(wanted.models)))] += (
                weight * wanted.count * wanted.share_milli
            )
    pressure = np.zeros(len(ground.types))
    for kind, models in sorted(demand):
        of_kind = np.array([one.device.kind == kind for one in ground.types])
        allowed = of_kind & np.array([one.device.model in models for one in ground.types])
        counts = np.array([one.num_devices for one in ground.types])
        total = sum(amount for (other, _), amount in demand.items() if other == kind)
        if allowed.any() and total:
            pressure[allowed] += demand[kind, models] / total * counts[of_kind].sum() / counts[allowed].sum()
    return pressure.clip(max=MAX_PRESSURE)
