"""Bodies of requests and answers about pipelines: editing, checking and planning them."""

from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from kpl.schemas.names import Name
from kpl.sentence import Sentence

Document = dict[str, Any]
"""A pipeline document, `kpl.pipeline/v1`; what it may hold is checked by `kpl.pipeline`, not here."""


class PipelineCreate(BaseModel):
    """A new pipeline, kept as it is sent, complete or not: people save while they draw."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: str = Field("", max_length=4000)
    document: Document
    is_template: bool = Field(False, description="List it among the templates of the project.")


class PipelineUpdate(BaseModel):
    """The next revision of a pipeline. Send the `ETag` of the one it is based on as `If-Match`."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = Field(None, max_length=4000, description="None leaves it as it is.")
    is_template: bool | None = Field(None, description="None leaves it as it is.")
    document: Document


class PipelineOut(BaseModel):
    name: str
    description: str
    is_template: bool
    revision: int = Field(description="Counts the saves from 1.")
    num_nodes: int
    num_runs: int
    last_run_id: int | None
    last_run_state: str | None
    created_at: AwareDatetime
    created_by: str
    updated_at: AwareDatetime
    updated_by: str


class PipelineDetail(PipelineOut):
    """One revision of a pipeline with its document and what keeps it from running."""

    document: Document
    problems: list["ProblemOut"]


class PipelineRevisionOut(BaseModel):
    revision: int
    num_nodes: int
    created_at: AwareDatetime
    created_by: str


class ProblemOut(BaseModel):
    """One thing that is wrong with a document: where, why, and how to mend it."""

    path: str = Field(description="Path in the document, as in `nodes.train.parameters.epochs`.")
    node: str
    port: str
    reason: str
    fix: str
    reason_zh: str = Field("", description="`reason` in Chinese, where that is known.")
    fix_zh: str = Field("", description="`fix` in Chinese, where that is known.")
    severity: Literal["error", "warning"] = Field(description="Only errors keep it from running.")


class ValidateRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    document: Document
    parameters: dict[str, Any] = Field(default_factory=dict)


class ValidateOut(BaseModel):
    is_valid: bool
    problems: list[ProblemOut]


class PipelineSource(BaseModel):
    """What to plan or to run: exactly one of a saved pipeline, a template or a document."""

    model_config = ConfigDict(extra="forbid")

    pipeline: str | None = None
    revision: int | None = Field(
        None, ge=1, description="Of the saved pipeline or template; the latest when left out."
    )
    template: str | None = Field(None, description="One that another project shares is `PROJECT/NAME`.")
    document: Document | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        given = [word for word in ("pipeline", "template", "document") if getattr(self, word) is not None]
        if len(given) != 1:
            raise ValueError(
                Sentence(
                    f"give exactly one of pipeline, template, document; got {', '.join(given) or 'none'}",
                    f"pipeline、template、document 须且只能填写一个；现有 {'、'.join(given) or '无'}",
                )
            )
        if self.revision is not None and self.document is not None:
            raise ValueError(
                Sentence(
                    "a revision belongs to a pipeline or template; give its name, not a document",
                    "修订属于流水线或模板，请填写其名称，而不是文档",
                )
            )
        return self


class PlanRequest(PipelineSource):
    """A question: what would run, and what would be reused?"""


class PlanStepOut(BaseModel):
    """One step of a plan.

    `digest` is None for a step whose inputs will only be known when a step before it has run.
    """

    node: str
    algorithm: str = Field(description="Empty for a condition.")
    function: str
    depends_on: list[str]
    digest: str | None
    action: Literal["run", "reuse", "decide", "skip"] = Field(
        description="A condition is decided; what stands behind the branch that is not taken is skipped."
    )
    will_run: bool = Field(description="Whether a process would start.")
    reused_from: int | None = Field(description="The finished task that would stand in.")
    why: str
    why_zh: str = Field("", description="`why` in Chinese.")
    resources: str = Field(description="What it asks for, as in `2 cpu, 4 GiB of memory, 1 gpu`.")
    resources_zh: str = Field(description="`resources` in Chinese.")
    expected_s: float | None = Field(
        description="How long it will probably run, as the latest like it did; null when none has run."
    )
    refusal: str = Field(description="Why it could never start, by machines and quotas; empty when it could.")
    refusal_zh: str = Field(description="`refusal` in Chinese.")


class PlanQuotaOut(BaseModel):
    """A limit that what is run here counts against."""

    queue: str
    resource: str = Field(
        description="`cpu` in thousandths, `memory` and `storage` in MiB, devices in thousandths."
    )
    used: int
    limit: int


class PlanOut(BaseModel):
    steps: list[PlanStepOut]
    num_reused: int
    num_to_run: int
    expected_s: float | None = Field(
        description="How long all of it will probably take once it starts; null when a step has never run."
    )
    queue: str = Field(description="The queue in which it would wait.")
    quota: list[PlanQuotaOut] = Field(description="The limits of that queue and of those above it.")
