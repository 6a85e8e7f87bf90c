"""Bodies of answers about artifacts."""

from typing import Any

from pydantic import BaseModel, Field


class ArtifactFileOut(BaseModel):
    path: str
    size_bytes: int
    sha256: str


class ArtifactOut(BaseModel):
    """A stored folder: its address and the listing of its files."""

    digest: str
    size_bytes: int
    num_files: int
    files: list[ArtifactFileOut] = Field(description="The first 1000, in order of path.")


class ArtifactStatisticsOut(BaseModel):
    """Counts, ranges and health of a stored dataset, published or not."""

    digest: str
    statistics: dict[str, Any]
