"""How long devices were busy, from what machines measured minute by minute."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from kpl.server.db.tables.samples import SampleRow

DeviceId = tuple[str, str, int]
"""Machine, kind and index."""

_MINUTE_S = 60.0
_MAX_ROWS = (
    20_000  # 20,000 minutes are read in about a second; of more, evenly spread ones stand for the others
)


@dataclass(frozen=True, slots=True)
class _Series:
    """Moments at which a device was measured, and for how many seconds it had been busy until then.

    Args:
        at_s: [N] beginning of each measured part, ascending.
        busy_s: [N + 1] sums before each part and after the last.
    """

    at_s: NDArray[np.float64]
    busy_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """The busy times of devices; `step_s` is how long one measured part stands for."""

    series: Mapping[DeviceId, _Series]
    step_s: float

    def within(self, device: DeviceId, begin_s: float, end_s: float) -> float | None:
        """Seconds for which a device was busy, as far as it was measured; None where it was not."""
        series = self.series.get(device)
        if series is None:
            return None
        if end_s <= series.at_s[0] or begin_s >= series.at_s[-1] + self.step_s:
            return None
        return self._until(series, end_s) - self._until(series, begin_s)

    def _until(self, series: _Series, moment_s: float) -> float:
        part = int(np.searchsorted(series.at_s, moment_s, side="right")) - 1
        if part < 0:
            return 0.0
        covered = min(1.0, (moment_s - series.at_s[part]) / self.step_s)
        return float(series.busy_s[part] + (series.busy_s[part + 1] - series.busy_s[part]) * covered)


def busy_times(session: Session, machines: Collection[str], window: tuple[float, float]) -> BusyTimes:
    """How long the devices of these machines were busy within a time."""
    chosen = (
        SampleRow.machine.in_(machines),
        SampleRow.at_s > window[0] - _MINUTE_S,
        SampleRow.at_s < window[1],
    )
    number = session.scalar(select(func.count()).select_from(SampleRow).where(*chosen)) or 0
    every = max(1, -(-number // _MAX_ROWS))
    spread = cast(SampleRow.at_s / _MINUTE_S, Integer) % every == 0
    rows = select(SampleRow.machine, SampleRow.at_s, SampleRow.values).where(*chosen, spread)
    step_s = _MINUTE_S * every
    parts: dict[DeviceId, list[tuple[float, float]]] = {}
    for machine, at_s, values in session.execute(rows.order_by(SampleRow.machine, SampleRow.at_s)):
        for device in values["devices"]:
            if device["utilisation"] is not None:
                key = (machine, device["kind"], device["index"])
                parts.setdefault(key, []).append((at_s, device["utilisation"] * step_s))
    return BusyTimes({key: _series(each) for key, each in parts.items()}, step_s)


def _series(parts: list[tuple[float, float]]) -> _Series:
    values = np.array(parts, dtype=np.float64)
    return _Series(values[:, 0], np.concatenate([[0.0], np.cumsum(values[:, 1])]))
