"""Bodies of answers about the audit log."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field


class AuditOut(BaseModel):
    """One change that somebody made."""

    id: int
    at: AwareDatetime
    username: str = Field(description="Empty when nobody was signed in; `kpl` for the server itself.")
    origin: str = Field(description="`session`, `token:NAME` or `server`.")
    address: str
    request_id: str
    action: str = Field(description="As in `project.create`.")
    target: str = Field(description="As in `project:default`.")
    project: str | None
    details: dict[str, Any]
