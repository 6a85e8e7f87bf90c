"""Bodies of answers about templates: pipelines made to be copied."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from kpl.schemas.pipeline import Document


class TemplateOut(BaseModel):
    name: str
    origin: Literal["builtin", "project"] = Field(
        description="Shipped with KPL, or a pipeline saved as a template."
    )
    title: dict[str, str] = Field(description="By language, as in `en` and `zh`.")
    description: dict[str, str]
    task: str = Field(description="What it is for, as in `classification`.")
    parameters: dict[str, Any] = Field(description="The document's parameters, by name.")
    num_nodes: int


class TemplateDetail(TemplateOut):
    document: Document
