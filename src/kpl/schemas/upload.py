"""Bodies of requests and answers about uploads."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class UploadCreate(BaseModel):
    """A file to be sent in pieces."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(min_length=1, max_length=255, description="Its ending tells the format.")
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Checked when the upload is completed.")


class UploadOut(BaseModel):
    """An upload. The next piece has to begin at `offset`."""

    id: int
    filename: str
    size_bytes: int
    sha256: str
    offset: int = Field(description="Bytes that have arrived.")
    is_complete: bool
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime = Field(description="It is removed then, unless it is continued or used.")
