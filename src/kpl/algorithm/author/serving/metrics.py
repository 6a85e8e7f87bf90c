"""Numbers of one endpoint for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# From the fastest models on a CPU to slow ones, in seconds.
_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts and times. `route` is the kind of request (`predict`, `infer`), not a path from a client."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "kpl_endpoint_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.errors = Counter(
            "kpl_endpoint_errors", "Requests refused or failed.", ["route", "code"], registry=self.registry
        )
        self.latency = Histogram(
            "kpl_endpoint_request_seconds", "Time from request to answer.", ["route"],
            buckets=_LATENCY_S, registry=self.registry,
        )  # fmt: skip
        self.batch = Histogram(
            "kpl_endpoint_batch_size", "Samples in one call of the model.",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "kpl_endpoint_waiting", "Samples that wait for the model.", registry=self.registry
        )

    def text(self) -> bytes:
        return generate_latest(self.registry)
