"""Bodies of requests and answers about endpoints: deployed models that answer requests."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.schemas.names import Name
from kpl.schemas.task import Priority

EndpointState = Literal["starting", "ready", "restarting", "stopping", "stopped", "failed"]


class EndpointCreate(BaseModel):
    """A model version to deploy, served by the algorithm that made it unless another is named."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    model: str
    version: int | None = Field(None, ge=1, description="The latest when left out.")
    algorithm: str | None = Field(None, description="Needed only when no task of KPL made the model.")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Of the algorithm's function `serve`."
    )
    priority: Priority = 0


class TrafficOut(BaseModel):
    """What passed through the proxy since the server started; latencies of the last 1,024 requests."""

    num_requests: int
    num_errors: int = Field(description="Answers with a status of 500 and above.")
    requests_per_s: float = Field(description="Over the last 60 seconds.")
    p50_ms: float | None
    p99_ms: float | None
    last_request_at: AwareDatetime | None


class EndpointModelOut(BaseModel):
    """The model behind an endpoint; `name` and `version` are None for a model that was never published."""

    name: str | None
    version: int | None
    digest: str


class EndpointOut(BaseModel):
    name: str
    project: str
    state: EndpointState
    reason: str
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    url: str = Field(description="Path on this server, as in `/serve/default/digits`.")
    model: EndpointModelOut | None
    algorithm: str
    algorithm_version: str
    task_id: int
    run_id: int | None
    num_restarts: int
    created_at: AwareDatetime
    ready_at: AwareDatetime | None
    traffic: TrafficOut


class EndpointTrafficOut(BaseModel):
    """What an endpoint answered over a time, in equal steps without a gap; of minutes, for a week."""

    step_s: float
    last_step_s: float = Field(description="How much of the last step is over.")
    times: list[AwareDatetime] = Field(description="When each step begins.")
    num_requests: list[int]
    num_errors: list[int] = Field(description="Answers with a status of 500 and above.")
    p50_ms: list[float | None] = Field(description="Null in steps without a request; within five per cent.")
    p95_ms: list[float | None]
    p99_ms: list[float | None]


class DeploymentOut(BaseModel):
    """A model that an endpoint was given at some time."""

    task_id: int
    state: EndpointState
    reason: str
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    model: EndpointModelOut | None
    algorithm: str
    algorithm_version: str
    parameters: dict[str, Any]
    created_at: AwareDatetime
    created_by: str
    ready_at: AwareDatetime | None = Field(description="When it answered first; null for one that never did.")
    ended_at: AwareDatetime | None
    is_current: bool = Field(
        description="Whether it is the one that answers, or that the state of the endpoint tells of."
    )
