"""Body of the answer about the server's health."""

from typing import Literal

from pydantic import BaseModel


class HealthOut(BaseModel):
    """The server answers and can reach its database."""

    status: Literal["ok"]
    version: str
