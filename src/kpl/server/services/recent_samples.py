"""The last ten minutes of every machine, second by second, in memory; and how several samples become one."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from kpl.runtime.samples import DeviceSample, MachineSample

KEPT = 600
_KEPT_OF_ALL = 60_000  # a sample with eight devices takes 2 KiB
_LEAST_KEPT = 120  # a minute is stored from what is kept
STALE_S = 60.0

T = TypeVar("T", MachineSample, DeviceSample)

# Of memory the most is told, since a short peak is what ends a task; of everything else the mean.
_PEAKS = frozenset({"memory_used_mib", "disk_used_mib"})
_MEANS = frozenset({"cpu", "utilisation", "temperature_c", "power_w"})


class RecentSamples:
    """The newest samples of each machine, at most `KEPT`. Threads: any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: dict[str, deque[MachineSample]] = {}

    def add(self, sample: MachineSample) -> None:
        with self._lock:
            samples = self._samples.setdefault(sample.machine, deque())
            samples.append(sample)
            most = max(_LEAST_KEPT, min(KEPT, _KEPT_OF_ALL // len(self._samples)))
            while len(samples) > most:
                samples.popleft()

    def machines(self) -> list[str]:
        with self._lock:
            return list(self._samples)

    def of(self, machine: str) -> list[MachineSample]:
        """What is known of a machine, oldest first."""
        with self._lock:
            return list(self._samples.get(machine, ()))

    def newest(self, *, now_s: float) -> list[MachineSample]:
        """The newest sample of each machine that has measured something within a minute."""
        with self._lock:
            newest = [samples[-1] for samples in self._samples.values()]
        return [sample for sample in newest if sample.at_s > now_s - STALE_S]


def condense(samples: Sequence[MachineSample], *, at_s: float) -> MachineSample:
    """What several samples of one machine say together: the most of memory and disk, the mean of all else.

    What is no measure is as in the newest sample. A device counts as well if it was well all the time.
    """
    devices: dict[tuple[str, int], list[DeviceSample]] = {}
    for sample in samples:
        for device in sample.devices:
            devices.setdefault((device.kind, device.index), []).append(device)
    condensed = tuple(
        replace(_condense(members), is_healthy=all(each.is_healthy for each in members))
        for members in devices.values()
    )
    return replace(_condense(samples), at_s=at_s, devices=condensed)


def _condense(samples: Sequence[T]) -> T:
    found: dict[str, Any] = {}
    for field in fields(samples[-1]):
        known = [value for each in samples if (value := getattr(each, field.name)) is not None]
        if known and field.name in _PEAKS:
            found[field.name] = max(known)
        elif known and field.name in _MEANS:
            found[field.name] = round(sum(known) / len(known), 3)
    return replace(samples[-1], **found)


def in_steps(samples: Iterable[MachineSample], step_s: float) -> list[MachineSample]:
    """One sample for each step of time in which there are any, at the step's beginning.

    Args:
        samples: of one machine, oldest first.
    """
    steps: dict[float, list[MachineSample]] = {}
    for sample in samples:
        steps.setdefault(sample.at_s // step_s * step_s, []).append(sample)
    return [condense(members, at_s=at_s) for at_s, members in steps.items()]
