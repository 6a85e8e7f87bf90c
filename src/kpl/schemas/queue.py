"""Bodies of requests and answers about queues: quotas, policies, who runs and who waits."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.scheduler.snapshot import Obstacle
from kpl.schemas.task import Priority
from kpl.task import TaskState

_Resource = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(:[A-Za-z0-9][\w.-]*)?$")]
AmountsBody = Annotated[
    dict[_Resource, Annotated[int, Field(ge=0, le=1 << 50)]],
    Field(
        max_length=64,
        description="Amounts by resource: `cpu` in thousandths of a core, `memory` and `storage` in MiB, `tasks` in "
        "tasks, and devices of a kind or of one model of it, as in `gpu` and `gpu:a100`, in thousandths of a device.",
    ),
]


class TextOut(BaseModel):
    """A sentence in the languages of KPL."""

    en: str
    zh: str


class HoursBody(BaseModel):
    """A part of the week in which work may start; a window over midnight is two of these."""

    model_config = ConfigDict(extra="forbid")

    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, description="0 is Monday.")
    from_minute: int = Field(ge=0, le=1439, description="Minute of the day.")
    until_minute: int = Field(ge=1, le=1440, description="Minute of the day, exclusive.")
    utc_offset_minutes: int = Field(
        0, ge=-900, le=900, description="Of the clock that the minutes are read from."
    )


class PolicyBody(BaseModel):
    """Rules for each task of a queue; one that is not set is taken from the queue above."""

    model_config = ConfigDict(extra="forbid")

    max_run_time_s: float | None = Field(None, gt=0, description="A task that runs longer is stopped.")
    max_request: AmountsBody | None = Field(None, description="The most that one task may ask for.")
    idle_stop_s: float | None = Field(
        None, gt=0, description="A notebook or service whose devices were idle for this long is stopped."
    )
    allowed_kinds: list[str] | None = Field(
        None, max_length=32, description="Kinds of devices that may be asked for."
    )
    hours: list[HoursBody] | None = Field(None, max_length=64, description="When tasks may start.")
    min_run_s: float | None = Field(
        None, ge=0, description="How long a task runs at least before it makes room for others."
    )


class QueuePut(BaseModel):
    """A queue as it shall be. What is left out stays as it is, or gets its default in a new queue.

    Of the policy, each rule that is named replaces what was there; null takes it away.
    """

    model_config = ConfigDict(extra="forbid")

    parent: str | None = Field(None, description="The queue above; `root` for those at the top.")
    weight: float | None = Field(
        None, gt=0, le=1000, description="What lies idle is lent in proportion to this."
    )
    guaranteed: AmountsBody | None = Field(None, description="What its tasks get before anybody borrows.")
    limit: AmountsBody | None = Field(None, description="What its tasks never hold more of.")
    user_limit: AmountsBody | None = Field(None, description="The same for each user.")
    policy: PolicyBody | None = None


class QueueOut(BaseModel):
    """A queue with what it has and what it is promised."""

    name: str
    parent: str = Field(description="Empty for the root.")
    project: str = Field(description="The project whose queue it is, or whose member's; empty for others.")
    username: str
    is_set_up: bool = Field(description="False for the queue that a project has when nobody set one up.")
    weight: float
    guaranteed: AmountsBody
    limit: AmountsBody
    user_limit: AmountsBody
    policy: PolicyBody = Field(description="Its own rules.")
    effective_policy: PolicyBody = Field(description="The rules that hold, with those from above.")
    used: AmountsBody = Field(description="What tasks hold in it and in the queues below.")
    borrowed: AmountsBody = Field(
        description="Of this, devices beyond its guarantee, and CPU and memory where the guarantee names them."
    )
    num_running: int
    num_waiting: int
    changed_at: AwareDatetime | None
    changed_by: str


class QueuedTaskOut(BaseModel):
    """A task that runs or waits in a queue; id 0 and no names when the caller may not see its project."""

    task_id: int
    run_id: int | None
    project: str
    name: str
    username: str
    queue: str
    state: TaskState
    priority: Priority
    amounts: AmountsBody = Field(description="What it holds, or asks for of CPU and memory.")
    devices: str = Field(description="The devices that it asks for, as in `gpu:a100=2 or cpu`.")
    position: int | None = Field(description="Its place in its queue, from 1; null for one that runs.")
    reason: TextOut | None = Field(description="Why it waits.")
    obstacle: Obstacle | None
    expected_start_at: AwareDatetime | None
    created_at: AwareDatetime
    started_at: AwareDatetime | None = Field(description="Since when it runs; null while it waits.")


class RejectionOut(BaseModel):
    """So many machines were passed over for this reason."""

    why: TextOut
    num_machines: int


class WhyOut(BaseModel):
    """Why a task waits, or where it stands if it does not."""

    task_id: int
    name: str
    state: TaskState
    queue: str
    priority: Priority
    reason: TextOut
    obstacle: Obstacle | None = Field(description="What it waits for first of all.")
    position: int | None = Field(description="Its place in its queue, from 1.")
    num_waiting: int = Field(description="How many wait in its queue.")
    expected_start_at: AwareDatetime | None
    rejections: list[RejectionOut] | None = Field(
        description="Which filter passed over how many machines; for administrators of the platform."
    )
