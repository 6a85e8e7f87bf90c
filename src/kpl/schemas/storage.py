"""Bodies of answers about the artifact store."""

from pydantic import BaseModel, Field


class GarbageOut(BaseModel):
    """What a collection removed."""

    num_artifacts: int
    num_files: int
    freed_bytes: int
    missing: list[str] = Field(
        description="Digests that something refers to, but that are not stored; at most 100."
    )
