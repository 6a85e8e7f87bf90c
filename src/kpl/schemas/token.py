"""Bodies of requests and answers about API tokens."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

ScopeName = Literal["read", "write", "admin"]
"""`write` includes `read`, `admin` includes both; a token never can more than its user."""


class TokenCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="To tell it from others.")
    scopes: list[ScopeName] = Field(min_length=1, max_length=3)
    project: str | None = Field(default=None, description="Limit the token to this project.")
    expires_in_s: float | None = Field(
        default=None, gt=0, description="Life in seconds; the longest that the server allows when left out."
    )


class TokenOut(BaseModel):
    id: int
    name: str
    prefix: str = Field(description="The token's first letters.")
    scopes: list[ScopeName]
    project: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class TokenCreated(TokenOut):
    """A new token; `token` is shown this once."""

    token: str
