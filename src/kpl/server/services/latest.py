"""A value that is costly to make, kept for those who ask again soon."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

Value = TypeVar("Value")

COSTLY_S = 0.25
"""A value that took longer than this to make also serves those who would need a newer one, for twice that time: else
those who look at a large platform, which changes all the time, would keep a processor busy with nothing else."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    """`until`, by the stopwatch, it serves whoever asks."""

    key: Hashable
    generation: int
    made_at_s: float
    until: float
    value: Value


class Latest(Generic[Value]):
    """One value that is made anew when what it depends on changed, or when it became too old. For any threads."""

    def __init__(self, *, lifetime_s: float, stopwatch: Callable[[], float] = monotonic) -> None:
        self._lifetime_s = lifetime_s
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._generation = 0
        self._kept: _Kept[Value] | None = None

    def get(self, key: Hashable, now_s: float, make: Callable[[], Value]) -> Value:
        """The value of that key; several who ask at once wait for one that makes it."""
        with self._lock:
            kept = self._kept
            if kept is None or not self._serves(kept, key, now_s):
                generation, began = self._generation, self._stopwatch()
                value = make()
                done = self._stopwatch()
                until = done + (2 * (done - began) if done - began > COSTLY_S else 0.0)
                kept = self._kept = _Kept(key, generation, now_s, until, value)
            return kept.value

    def forget(self) -> None:
        """Let nobody who asks from now on have what was made, or is being made, of an earlier state."""
        self._generation += 1

    def _serves(self, kept: _Kept[Value], key: Hashable, now_s: float) -> bool:
        if kept.generation != self._generation:
            return False
        is_current = kept.key == key and 0 <= now_s - kept.made_at_s < self._lifetime_s
        return is_current or self._stopwatch() < kept.until
