"""Bodies of answers about the metrics that tasks report."""

from typing import Any

from pydantic import BaseModel, Field


class MetricOut(BaseModel):
    """One metric of one attempt in short."""

    name: str
    last: float
    min: float
    max: float
    num_points: int
    first_step: float
    last_step: float


class FigureOut(BaseModel):
    """Something to draw that the algorithm reported: its data, or a file of an output."""

    name: str
    path: str | None
    data: Any


class MetricsOut(BaseModel):
    """All that an attempt reported so far; `missing` names promised metrics that had not come by its end."""

    attempt: int
    metrics: list[MetricOut]
    figures: list[FigureOut]
    missing: list[str]
    problems: list[str] = Field(description="Lines of the events file that could not be read, at most 20.")


class MetricSeriesOut(BaseModel):
    """Points of one metric in order of step.

    With more points in the range than asked for, each bucket of steps keeps its smallest and its largest
    value, so that no spike is lost.
    """

    attempt: int
    name: str
    steps: list[float]
    values: list[float]
    num_points: int = Field(description="Points in the range before any were left out.")
    is_sampled: bool


class CurveOut(BaseModel):
    """The course of the one metric that tells most of how a task goes, few points in order of step."""

    task_id: int
    name: str
    values: list[float]
