"""Numbers about the running server, for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Samples = Callable[[], list[tuple[dict[str, str], float]]]


class Telemetry:
    """Counters of one server, and gauges that are read when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "kpl_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._latency = Histogram(
            "kpl_http_request_seconds",
            "Time to the end of the answer, streams aside.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def count_request(self, method: str, route: str, status: int, duration_s: float | None) -> None:
        """Count an answered request; `duration_s` is None for a stream, whose length says nothing."""
        self._requests.labels(method, route, str(status)).inc()
        if duration_s is not None:
            self._latency.labels(method, route).observe(duration_s)

    def add_gauge(self, name: str, description: str, labels: list[str], read: Samples) -> None:
        """Show a number that `read` looks up whenever it is asked for, as in `kpl_tasks{state="running"} 3`.

        Args:
            read: gives the values with their labels; called from any thread.
        """
        self.registry.register(_Gauge(name, description, labels, read))

    def page(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)


class _Gauge(Collector):
    def __init__(self, name: str, description: str, labels: list[str], read: Samples) -> None:
        self._name, self._description, self._labels, self._read = name, description, labels, read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._description, labels=self._labels)
        for labels, value in self._read():
            family.add_metric([labels[label] for label in self._labels], value)
        yield family

    def describe(self) -> list[Metric]:
        return [GaugeMetricFamily(self._name, self._description, labels=self._labels)]
