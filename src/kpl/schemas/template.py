"""Bodies about templates: pipelines made to be copied."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kpl.schemas.names import Name
from kpl.schemas.pipeline import Document


class TemplatePut(BaseModel):
    """What a template is made of: a pipeline, texts that explain it, and what is asked of whoever uses it."""

    model_config = ConfigDict(extra="forbid")

    title: dict[str, str] = Field(
        default_factory=dict, description="By language, as in `en` and `zh`; empty: that of the document."
    )
    description: dict[str, str] = Field(
        default_factory=dict, description="By language; empty: that of the document."
    )
    document: Document
    open_parameters: list[str] | None = Field(
        None,
        description="The document's parameters that stay open, all when left out; the others are closed: "
        "their defaults are written where they are bound.",
    )


class TemplateCreate(TemplatePut):
    name: Name


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
