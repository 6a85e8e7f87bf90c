"""Bodies of answers about models and their versions."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field


class ModelFileOut(BaseModel):
    path: str
    size_bytes: int
    sha256: str


class EvaluationOut(BaseModel):
    """The metrics that a test of this model reported, and the data it was tested on."""

    task_id: int
    run_id: int | None
    function: str
    dataset_digest: str | None
    metrics: dict[str, float]
    finished_at: AwareDatetime | None


class ModelVersionOut(BaseModel):
    """One immutable version; `digest` is the address of its files in the artifact store."""

    name: str
    version: int
    task: str = Field(description="What it solves, as in `classification`.")
    digest: str
    size_bytes: int
    class_names: list[str]
    metrics: dict[str, float] = Field(description="Reported by the task that trained it.")
    algorithm: str
    source_task_id: int | None
    source_run_id: int | None
    created_at: AwareDatetime
    created_by: str


class ModelVersionDetail(ModelVersionOut):
    manifest: dict[str, Any] = Field(
        description="`model.json`: task, classes, signature, preprocessing, digests."
    )
    files: list[ModelFileOut]
    evaluations: list[EvaluationOut]
    datasets: list[str] = Field(description="Published datasets it was trained on, as in `digits@1`.")
    endpoints: list[str] = Field(description="Endpoints that serve it now.")


class ModelOut(BaseModel):
    name: str
    description: str
    num_versions: int
    latest: ModelVersionOut
    created_at: AwareDatetime


class ModelDetail(ModelOut):
    versions: list[ModelVersionOut] = Field(description="The newest 100, newest first.")


class ModelCardOut(BaseModel):
    """A card for people, in Markdown with front matter, written from what is recorded."""

    language: str
    markdown: str
