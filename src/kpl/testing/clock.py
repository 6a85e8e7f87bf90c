"""A clock that moves when it is told to."""

from threading import Lock


class FakeClock:
    """Stands in wherever a clock with `now_s` is asked for."""

    def __init__(self, now_s: float = 1_000_000.0) -> None:
        self._now_s = now_s
        self._lock = Lock()

    def now_s(self) -> float:
        with self._lock:
            return self._now_s

    def advance(self, by_s: float) -> None:
        """Let time pass; it never goes back."""
        assert by_s >= 0
        with self._lock:
            self._now_s += by_s
