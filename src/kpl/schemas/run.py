"""Bodies of requests and answers about runs."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.orchestrator.state import RunState
from kpl.schemas.metric import CurveOut
from kpl.schemas.pipeline import Document, PipelineSource
from kpl.schemas.task import Priority, TaskOut

Origin = Literal["ui", "cli", "sdk", "api"]


class RunCreate(PipelineSource):
    """A new run of a saved pipeline, a template or a document."""

    name: str = Field("", max_length=200, description="For people; the pipeline's name when left out.")
    origin: Origin = "api"
    priority: Priority = 0


class RerunRequest(BaseModel):
    """Run again what a run ran, as it was frozen then.

    With `from_node`, the steps before that node are taken from the old run, and the node and all after it run
    anew. Without, everything is planned again, and steps are reused where nothing changed.
    """

    model_config = ConfigDict(extra="forbid")

    from_node: str | None = None
    origin: Origin = "api"
    priority: Priority = 0


class RunUpdate(BaseModel):
    """What to change of a run: the priority of its tasks that have not started."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority


class RunOut(BaseModel):
    id: int
    project: str
    name: str
    state: RunState
    reason: str = Field(description="Why it failed, waits or was stopped, in plain words.")
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    pipeline: str | None
    revision: int | None
    template: str | None
    origin: Origin
    rerun_of: int | None
    parameters: dict[str, Any]
    num_tasks: int = Field(description="One for each node that runs; trials of a search do not count.")
    num_done: int = Field(
        description="Tasks that succeeded, were reused, or are ready; in a run that succeeded also those that were not "
        "to run by a condition."
    )
    created_by: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None = Field(description="Until now for a run that goes on.")


class RunDetail(RunOut):
    """A run with the tasks of its nodes, in the order of the pipeline, and the frozen document.

    `seq` is the number of the last live event that this answer takes into account: follow `/api/v1/events`
    from there.
    """

    document: Document
    tasks: list[TaskOut]
    seq: int


class GoingRunOut(BaseModel):
    """A run that goes on, and how far it is."""

    run: RunOut
    progress: float = Field(description="0 to 1: each task counts the same, a running one in part.")
    step: TaskOut | None = Field(description="What it is at: a task that runs, else one that waits.")
    curve: CurveOut | None = Field(description="How the main metric of `step` goes.")


class GoingRunsOut(BaseModel):
    items: list[GoingRunOut] = Field(description="The caller's own first, then the newest.")
    num_runs: int = Field(description="How many go on in all.")
