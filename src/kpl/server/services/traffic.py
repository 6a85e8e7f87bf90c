"""What passes through the proxy, counted in memory for each endpoint: requests, errors, latencies."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

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
class _Counts:
    num_requests: int = 0
    num_errors: int = 0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=_NUM_LATENCIES))
    seconds: deque[list[int]] = field(default_factory=deque)  # [second, requests], the last minute
    last_request_at_s: float | None = None


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
