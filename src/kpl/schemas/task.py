"""Bodies of answers about tasks, their attempts and outputs."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.resources import Enforcement
from kpl.task import AttemptState, Operator, Outcome, TaskKind, TaskState
from kpl.task.spec import Direction, SearchMethod

TrialOrder = Literal["trial", "value"]
Priority = Annotated[
    int,
    Field(
        description="Inside its queue, higher goes first. Developers may give -100 to 100, admins of the project up "
        "to 1000.",
    ),
]


Branch = Literal["then", "otherwise"]


class DeviceShareOut(BaseModel):
    kind: str
    index: int
    share_milli: int
    share_mib: int = Field(0, description="The share as memory of the device; 0 where that is unknown.")
    model: str = ""
    enforcement: Enforcement = Field(
        Enforcement.BOOKKEEPING, description="What keeps the task within its share of the device."
    )


class PlacementOut(BaseModel):
    machine: str
    cpu_milli: int
    memory_mib: int
    devices: list[DeviceShareOut]


class AttemptOut(BaseModel):
    """One try of a task; its log, events and end are its own."""

    id: str
    number: int
    state: AttemptState
    outcome: Outcome | None
    exit_code: int | None
    message: str
    message_zh: str = Field("", description="`message` in Chinese, where that is known.")
    placement: PlacementOut
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    duration_s: float | None


class SearchState(BaseModel):
    """How far a search over parameters is; what it tries are its trials, tasks of their own.

    Of a search that was reused, how far the one was whose result stands in.
    """

    metric: str
    direction: Direction
    method: SearchMethod
    trials: int = Field(description="How many there will be at most.")
    done: int = Field(description="Trials that ended with a result.")
    running: int = Field(description="Trials that go on or wait for room.")
    failed: int
    stopped_early: int = Field(description="Trials that were stopped because they fell behind.")
    best_task_id: int | None
    best_trial: int | None
    best_value: float | None
    ends_at: AwareDatetime | None = Field(description="No trial begins after that; null without a budget.")


class TaskOut(BaseModel):
    """Where a task stands."""

    id: int
    run_id: int | None
    project: str
    name: str = Field(
        description="The node's id in the pipeline, or what the task is for when it stands alone."
    )
    kind: TaskKind
    algorithm: str
    version: str
    function: str
    state: TaskState
    reason: str = Field(description="Why it waits, failed or was skipped, in one plain sentence.")
    why: str = Field(description="Why it ran or was reused.")
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    why_zh: str = Field("", description="`why` in Chinese, where that is known.")
    reused_from: int | None
    branch: Branch | None = Field(None, description="The branch that a condition took.")
    digest: str | None
    depends_on: list[int]
    num_attempts: int
    progress: float | None = Field(description="0 to 1, as the algorithm reports it.")
    progress_message: str
    progress_message_zh: str = Field("", description="`progress_message` in Chinese, where that is known.")
    endpoint: str
    queue: str
    priority: Priority
    num_preemptions: int = Field(description="How often it was stopped for the sake of others.")
    parent_id: int | None = Field(description="The search whose trial it is.")
    trial: int | None = Field(description="Number of the trial, from 1.")
    search: SearchState | None = Field(description="How far a search is; null for any other task.")
    created_by: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None


class TrialOut(BaseModel):
    """One trial of a search."""

    task_id: int
    trial: int
    state: TaskState
    parameters: dict[str, Any] = Field(description="The values of the searched parameters.")
    value: float | None = Field(description="The best value that it reported of the metric.")
    is_best: bool
    is_stopped_early: bool = Field(description="It was stopped because it fell behind.")
    reason: str
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    reused_from: int | None
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None


class DeviceRequestOut(BaseModel):
    kind: str
    count: int
    share_milli: int
    share_mib: int = Field(0, description="The share as memory of the device instead; 0 for none.")
    models: list[str]


class ResourcesOut(BaseModel):
    cpu_milli: int
    memory_mib: int
    devices: list[DeviceRequestOut]
    alternatives: list[list[DeviceRequestOut]] = Field(
        description="What will do where `devices` are not free, the best first; an empty list is to run without."
    )


class TaskUpdate(BaseModel):
    """What to change of a task that has not started."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority


class TaskInputOut(BaseModel):
    """An input: an artifact of the store, or the output of another task of the run."""

    name: str
    type: str
    kind: str
    artifact: str | None
    from_task: int | None
    from_output: str | None
    published_as: str = Field(
        "", description="The version of a dataset or model of the project that it is, as in `digits@3`."
    )


class TaskOutputOut(BaseModel):
    """A declared output; `artifact` is None while there is none."""

    name: str
    type: str
    kind: str
    artifact: str | None
    size_bytes: int | None
    num_files: int | None
    published_as: str = Field(
        description="The dataset or model that it became a version of, as in `digits@3`."
    )
    files: list["OutputFileOut"] = Field(description="At most 500; the rest through the artifact's address.")


class OutputFileOut(BaseModel):
    path: str
    size_bytes: int


class ConditionOut(BaseModel):
    """What a condition compares; what was measured is known once it is decided."""

    metric: str
    operator: Operator
    value: float = Field(description="The limit.")
    measured: float | None = Field(
        description="The last value of the metric that the task before it reported."
    )
    branch: Branch | None


class TaskDetail(TaskOut):
    """A task with everything that decided what it did."""

    condition: ConditionOut | None = Field(None, description="For a task of kind `condition`.")
    parameters: dict[str, Any] = Field(
        description="Of a search, what it searches has the values of the best trial up to now."
    )
    inputs: list[TaskInputOut]
    outputs: dict[str, str] = Field(description="Artifact digest of each stored output.")
    resources: ResourcesOut
    environment: str
    tree: str
    command: list[str]
    max_attempts: int
    timeout_s: float | None
    used_by: list[int] = Field(description="Tasks that took an output of this one as input.")
    attempts: list[AttemptOut]
    notes: list[str] = Field(description="What the algorithm noted, oldest first, of the latest attempt.")
    notes_zh: list[str] = Field(
        description="`notes` in Chinese, each as it was noted where no Chinese is known."
    )
    seq: int
