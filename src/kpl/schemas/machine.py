"""Bodies of answers about machines and what is held on them."""

from pydantic import BaseModel, Field


class HolderOut(BaseModel):
    """A task that holds something; id 0 and no names when the caller may not see its project."""

    task_id: int
    project: str
    name: str
    cpu_milli: int
    memory_mib: int


class DeviceHolderOut(BaseModel):
    task_id: int
    share_milli: int


class DeviceOut(BaseModel):
    kind: str
    index: int
    vendor: str
    model: str
    memory_mib: int
    held_milli: int = Field(description="Thousandths of the device that tasks hold.")
    holders: list[DeviceHolderOut]


class MachineOut(BaseModel):
    name: str
    is_simulated: bool
    cpu_milli: int
    memory_mib: int
    held_cpu_milli: int
    held_memory_mib: int
    devices: list[DeviceOut]
    holders: list[HolderOut]


class MachinesOut(BaseModel):
    machines: list[MachineOut]
