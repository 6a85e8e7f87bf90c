"""Bodies of answers about what machines and devices measure."""

from datetime import datetime

from pydantic import BaseModel, Field

from kpl.schemas.machine import DeviceHolderOut


class DeviceSeriesOut(BaseModel):
    """What one device measured, a value for each of the answer's times; null where it did not tell."""

    kind: str
    index: int
    model: str
    memory_mib: int
    is_healthy: bool
    sharing: str = Field(
        description="What keeps tasks that share the device within their shares: `bookkeeping`, `watched`, `mps` or "
        "`hardware`."
    )
    holders: list[DeviceHolderOut] = Field(description="Who holds the device now.")
    utilisation: list[float | None] = Field(description="From 0 to 1; the mean of each step.")
    memory_used_mib: list[int | None] = Field(description="The most in each step.")
    temperature_c: list[float | None]
    power_w: list[float | None]


class MachineMetricsOut(BaseModel):
    """What a machine measured. Steps in which it measured nothing are left out."""

    machine: str
    step_s: float
    times: list[datetime] = Field(description="When each step begins.")
    cpu: list[float | None] = Field(
        description="The busy part of all cores, from 0 to 1; the mean of each step."
    )
    memory_used_mib: list[int] = Field(description="The most in each step.")
    disk_used_mib: list[int] = Field(
        description="Of the disk that holds the tasks' files; the most in each step."
    )
    memory_mib: int
    disk_mib: int
    devices: list[DeviceSeriesOut]
