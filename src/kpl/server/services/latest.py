"""The last decision that a view asked for, kept for as long as nothing changed."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    key: Hashable
    made_at_s: float
    value: Value


class Latest(Generic[Value]):
    """One value that is made anew when what it depends on changed, or when it became too old. For any threads."""

    def __init__(self, *, lifetime_s: float) -> None:
        self._lifetime_s = lifetime_s
        self._lock = threading.Lock()
        self._kept: _Kept[Value] | None = None

    def get(self, key: Hashable, now_s: float, make: Callable[[], Value]) -> Value:
        """The value of that key; several who ask at once wait for one that makes it."""
        with self._lock:
            kept = self._kept
            if kept is None or kept.key != key or not 0 <= now_s - kept.made_at_s < self._lifetime_s:
                kept = self._kept = _Kept(key, now_s, make())
            return kept.value
