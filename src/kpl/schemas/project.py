"""Bodies of requests and answers about projects and their members."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.schemas.names import Name

RoleName = Literal["viewer", "developer", "admin"]
"""`viewer` sees everything, `developer` also changes and runs things, `admin` also manages members."""


class ProjectCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="Stands in addresses and cannot be changed.")
    title: str = Field(default="", max_length=100)
    description: str = Field(default="", max_length=4000)


class ProjectUpdate(BaseModel):
    """What to change; whatever is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=100)
    description: str | None = Field(default=None, max_length=4000)


class ProjectOut(BaseModel):
    name: str
    title: str
    description: str
    role: RoleName = Field(description="Of whoever asks; administrators of the platform are `admin`.")
    num_members: int
    created_at: AwareDatetime
    created_by: str


class MemberUpdate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: RoleName


class MemberOut(BaseModel):
    username: str
    display_name: str
    role: RoleName
    added_at: AwareDatetime
