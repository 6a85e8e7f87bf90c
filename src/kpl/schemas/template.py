"""Bodies about templates: pipelines made to be copied."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

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


class TemplateUpdate(BaseModel):
    """Share a template with all projects of the installation, or stop sharing it."""

    model_config = ConfigDict(extra="forbid")

    is_shared: bool


TemplateOrigin = Literal["project", "builtin", "shared"]


class TemplateOut(BaseModel):
    name: str = Field(description="As runs name it; one that another project shares is `PROJECT/NAME`.")
    origin: TemplateOrigin = Field(
        description="A pipeline of the project saved as a template, shipped with KPL, or shared by another project."
    )
    project: str | None = Field(description="The project that keeps it; null for one shipped with KPL.")
    is_shared: bool = Field(description="Whether all projects of the installation may use it.")
    revision: int | None = Field(description="Counts its saves from 1; null for one shipped with KPL.")
    title: dict[str, str] = Field(description="By language, as in `en` and `zh`.")
    description: dict[str, str]
    task: str = Field(description="What it is for, as in `classification`.")
    parameters: dict[str, Any] = Field(description="The document's parameters, by name.")
    num_nodes: int


class TemplateRevisionOut(BaseModel):
    revision: int
    created_at: AwareDatetime
    created_by: str


class TemplateDetail(TemplateOut):
    """One revision of a template with its document.

    As another project sees it, parameters that name datasets or models have no default.
    """

    document: Document
    revisions: list[TemplateRevisionOut] = Field(description="Its latest saves, newest first.")
