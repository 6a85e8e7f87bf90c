"""What passes through the proxy, counted in memory for each endpoint, and the minutes of it not stored yet."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kpl.server.services.latencies import step_of

WINDOW_S = 60
_NUM_LATENCIES = 1024


@dataclass(frozen=True, slots=True)
class TrafficSummary:
    """Latencies are those of the last 1,024 requests, None before the first."""

    num_requests: int = 0
    num_errors: int = 0
    requests_per_s: float = 0.0
    p50_s: float | None = None
    p99_s: float | None = None
    last_request_at_s: float | None = None


@dataclass(slots=True)
class TrafficMinute:
    """What one endpoint answered in a minute; `latencies` as in `kpl.server.services.latencies`."""

    at_s: float
    num_requests: int = 0
    num_errors: int = 0
    latencies: dict[int, int] = field(default_factory=dict)

    def add(self, duration_s: float, *, is_error: bool) -> None:
        self.num_requests += 1
        self.num_errors += is_error
        step = step_of(duration_s)
        self.latencies[step] = self.latencies.get(step, 0) + 1


@dataclass(slots=True)
class _Counts:
    num_requests: int = 0
    num_errors: int = 0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=_NUM_LATENCIES))
    seconds: deque[list[int]] = field(default_factory=deque)  # [second, requests], the last minute
    last_request_at_s: float | None = None
    minutes: dict[float, TrafficMinute] = field(default_factory=dict)


class Traffic:
    """Counts of all endpoints since the server started.

    Threads: any.

    Args:
        since_s: when counting began.
    """

    def __init__(self, since_s: float = 0.0) -> None:
        self.since_s = since_s
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], _Counts] = {}

    def count(self, project: str, endpoint: str, *, status: int, duration_s: float, now_s: float) -> None:
        """Count one answered request."""
        with self._lock:
            counts = self._counts.setdefault((project, endpoint), _Counts())
            counts.num_requests += 1
            counts.num_errors += status >= 500
            counts.latencies_s.append(duration_s)
            counts.last_request_at_s = now_s
            second = int(now_s)
            if counts.seconds and counts.seconds[-1][0] == second:
                counts.seconds[-1][1] += 1
            else:
                counts.seconds.append([second, 1])
            _forget(counts.seconds, now_s)
            at_s = now_s // WINDOW_S * WINDOW_S
            minute = counts.minutes.setdefault(at_s, TrafficMinute(at_s))
            minute.add(duration_s, is_error=status >= 500)

    def minutes(self, project: str, endpoint: str) -> list[TrafficMinute]:
        """What is not stored yet of one endpoint."""
        with self._lock:
            counts = self._counts.get((project, endpoint))
            minutes = [] if counts is None else counts.minutes.values()
            return [replace(minute, latencies=minute.latencies.copy()) for minute in minutes]

    def take_minutes(self, before_s: float) -> dict[tuple[str, str], list[TrafficMinute]]:
        """The minutes that began before a moment, by project and endpoint; whoever takes them stores them."""
        taken: dict[tuple[str, str], list[TrafficMinute]] = {}
        with self._lock:
            for key, counts in self._counts.items():
                for at_s in [each for each in counts.minutes if each < before_s]:
                    taken.setdefault(key, []).append(counts.minutes.pop(at_s))
        return taken

    def forget(self, project: str, endpoint: str) -> None:
        """Begin anew with an endpoint."""
        with self._lock:
            self._counts.pop((project, endpoint), None)

    def summary(self, project: str, endpoint: str, now_s: float) -> TrafficSummary:
        """What one endpoint answered so far."""
        with self._lock:
            counts = self._counts.get((project, endpoint))
            if counts is None:
                return TrafficSummary()
            _forget(counts.seconds, now_s)
            latencies = sorted(counts.latencies_s)
            return TrafficSummary(
                num_requests=counts.num_requests,
                num_errors=counts.num_errors,
                requests_per_s=round(sum(number for _, number in counts.seconds) / WINDOW_S, 3),
                p50_s=_quantile(latencies, 0.5),
                p99_s=_quantile(latencies, 0.99),
                last_request_at_s=counts.last_request_at_s,
            )

    def samples(self) -> Iterator[tuple[dict[str, str], int, int]]:
        """Labels, requests and errors of each endpoint, for Prometheus."""
        with self._lock:
            items = [(key, counts.num_requests, counts.num_errors) for key, counts in self._counts.items()]
        for (project, endpoint), num_requests, num_errors in items:
            yield {"project": project, "endpoint": endpoint}, num_requests, num_errors


def _forget(seconds: deque[list[int]], now_s: float) -> None:
    while seconds and seconds[0][0] <= now_s - WINDOW_S:
        seconds.popleft()


def _quantile(ordered: list[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
