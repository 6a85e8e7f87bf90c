"""Bodies about drafts: what somebody has drawn since the last revision of a pipeline."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kpl.schemas.pipeline import Document


class PipelineDraftPut(BaseModel):
    """The whole draft. Send the `ETag` of the one it follows as `If-Match`, `"0"` when there was none."""

    model_config = ConfigDict(extra="forbid")

    base_revision: int = Field(ge=1, description="The revision that the drawing began from.")
    document: Document


class PipelineDraftSaved(BaseModel):
    tag: str = Field(description="Names this save of the draft for ever; what its `ETag` holds.")
    base_revision: int
    saved_at: AwareDatetime


class PipelineDraftOut(PipelineDraftSaved):
    document: Document
