"""Bodies of answers about how accurate and how fast algorithms have proved to be."""

from pydantic import BaseModel, Field


class BestOut(BaseModel):
    """The best that was measured, and where."""

    value: float
    metric: str = Field(description="What was measured, as in `accuracy` or `latency_p50_ms`.")
    target: str = Field(description="What the model was compiled for; empty for the model as it was trained.")
    task_id: int


class DeviceBenchmarkOut(BaseModel):
    """What was measured on one device. The most accurate and the fastest need not be the same model or target."""

    device: str = Field(description="As the algorithm names it, as in `AMD EPYC`.")
    device_kind: str = Field(description="`cpu`, `gpu`, ...; empty where the report does not say.")
    accuracy: BestOut | None
    latency_ms: BestOut | None = Field(description="Median time for one sample.")


class BenchmarkOut(BaseModel):
    """What reports of tests and compilations in the project say of an algorithm."""

    algorithm: str
    devices: list[DeviceBenchmarkOut] = Field(description="The fastest first.")
