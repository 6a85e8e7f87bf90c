"""Bodies of requests and answers about machines and what is held on them."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.resources import Enforcement


class HolderOut(BaseModel):
    """A task that holds something; id 0 and no names when the caller may not see its project."""

    task_id: int
    run_id: int | None = None
    project: str
    name: str
    username: str = ""
    cpu_milli: int
    memory_mib: int


class DeviceHolderOut(BaseModel):
    task_id: int
    share_milli: int
    share_mib: int = Field(0, description="The share as memory of the device; 0 where that is unknown.")
    enforcement: Enforcement = Field(
        Enforcement.BOOKKEEPING, description="What keeps the task within its share."
    )


class DeviceOut(BaseModel):
    kind: str
    index: int
    vendor: str
    model: str
    memory_mib: int
    is_instance: bool = Field(False, description="A fixed instance of a device (MIG, vNPU), given whole.")
    is_healthy: bool = True
    sharing: Enforcement = Field(
        Enforcement.BOOKKEEPING, description="What keeps tasks that share it within their shares."
    )
    held_milli: int = Field(description="Thousandths of the device that tasks hold.")
    utilisation: float | None = Field(
        None, description="From 0 to 1, as measured last within a minute; null where it does not tell."
    )
    memory_used_mib: int | None = None
    temperature_c: float | None = None
    holders: list[DeviceHolderOut]


class MachineOut(BaseModel):
    name: str
    cluster: str = "local"
    labels: dict[str, str] = Field(default_factory=dict)
    is_simulated: bool
    is_healthy: bool = True
    is_cordoned: bool = Field(False, description="New tasks are kept away from it.")
    is_draining: bool = Field(False, description="What ran on it was asked to move on.")
    reason: str = Field("", description="Why it was cordoned.")
    changed_at: AwareDatetime | None = None
    changed_by: str = ""
    cpu_milli: int
    memory_mib: int
    held_cpu_milli: int
    held_memory_mib: int
    devices: list[DeviceOut]
    holders: list[HolderOut]
    num_movable: int | None = Field(
        None,
        description="How many of its tasks a drain would ask to move on; told of one machine, not in lists.",
    )


class MachineState(StrEnum):
    """What a machine does with new tasks."""

    OPEN = "open"
    CORDONED = "cordoned"
    DRAINING = "draining"
    LOST = "lost"


class MachinesOut(BaseModel):
    """Machines, and what all that match have together, those of other pages too."""

    machines: list[MachineOut]
    num_machines: int = Field(description="How many match.")
    total: dict[str, int] = Field(description="What those that match have, by resource, as quotas count it.")
    held: dict[str, int] = Field(description="What tasks hold of it.")
    states: dict[MachineState, int] = Field(description="How many are in each state, of those that match.")
    clusters: list[str] = Field(description="The pools that there are.")
    kinds: list[str] = Field(description="The kinds of devices that there are.")


class MachineUpdate(BaseModel):
    """Keep new tasks away from a machine, or open it again."""

    model_config = ConfigDict(extra="forbid")

    is_cordoned: bool
    reason: str = Field("", max_length=500, description="For those who wonder.")


class DrainRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500, description="For those who wonder.")


class DrainOut(BaseModel):
    """A machine that is being drained: what moves on, and what stays until it ends or somebody stops it."""

    machine: MachineOut
    moving: list[HolderOut]
    staying: list[HolderOut]
