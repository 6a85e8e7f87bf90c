"""Bodies of answers about what the scheduler did: the history of tasks, and who used how much."""

from pydantic import AwareDatetime, BaseModel, Field

from kpl.schemas.task import Priority, ResourcesOut
from kpl.task import TaskKind, TaskState


class HistoryOut(BaseModel):
    """A finished task, as `kpl scheduler simulate` reads it: one JSON object a line. Times are seconds since 1970."""

    task_id: int
    project: str
    user: str
    queue: str
    priority: Priority
    kind: TaskKind
    state: TaskState
    submitted_at_s: float
    started_at_s: float
    ended_at_s: float
    run_time_s: float = Field(description="Of all attempts together.")
    request: ResourcesOut = Field(description="Of each worker.")
    min_workers: int
    max_workers: int
    is_preemptible: bool
    saves_checkpoints: bool
    timeout_s: float | None
    num_preemptions: int


class UsageRow(BaseModel):
    project: str
    username: str
    kind: str = Field(description="Kind of device, or `cpu`.")
    num_tasks: int
    allocated_h: float = Field(description="Device hours, or core hours, that tasks held.")
    used_h: float | None = Field(
        description="Of these, hours in which the devices were busy, as far as that was measured; "
        "of a share, its part. "
        "Null where nothing was measured."
    )


class UsageOut(BaseModel):
    """What was allocated over a time, by project, user and kind of device, the most first."""

    since: AwareDatetime
    until: AwareDatetime
    rows: list[UsageRow]
