"""Bodies of requests and answers about algorithms."""

from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from kpl.sentence import Sentence


class AlgorithmInstall(BaseModel):
    """Install a folder with a manifest: from an uploaded archive, or from a folder on the server."""

    model_config = ConfigDict(extra="forbid")

    upload_id: int | None = None
    path: str | None = Field(None, description="A folder on the server; for administrators of the platform.")

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        if (self.upload_id is None) == (self.path is None):
            raise ValueError(
                Sentence("give exactly one of upload_id and path", "upload_id 与 path 须且只能填写一个")
            )
        return self


class AlgorithmFetch(BaseModel):
    """Install a folder of a git repository."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        max_length=2000, description="As git takes it: https, http, ssh, git or `user@host:path`."
    )
    ref: str = Field("", max_length=200, description="Branch, tag or commit; empty for the default branch.")
    folder: str = Field("", max_length=500, description="Where `algorithm.yaml` lies; empty for the top.")


class PortOut(BaseModel):
    name: str
    type: str
    kinds: list[str] = Field(description="Accepted kinds; empty means any.")
    is_optional: bool


class PromisedMetricOut(BaseModel):
    name: str
    direction: str
    is_primary: bool


class FunctionOut(BaseModel):
    """What a function takes, gives and can be told; `parameters` is a JSON Schema."""

    name: str
    inputs: list[PortOut]
    outputs: list[PortOut]
    parameters: dict[str, Any]
    metrics: list[PromisedMetricOut]


class AlgorithmOut(BaseModel):
    name: str
    version: str
    origin: Literal["builtin", "project"]
    title: dict[str, str]
    description: dict[str, str]
    task: str
    licence: str
    environment: str
    functions: list[str]
    is_for_pipelines: bool = Field(
        description="Whether pipelines are built from it; else the platform starts it itself."
    )
    tree: str = Field(description="Artifact digest of its folder.")
    installed_at: AwareDatetime
    installed_by: str


class AlgorithmDetail(AlgorithmOut):
    interfaces: list[FunctionOut]
    readme: str
    readme_zh: str = Field("", description="`README.zh-CN.md` of its folder, where there is one.")
    versions: list[str] = Field(description="Newest first.")
