"""Bodies of answers about the artifact store."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

ArtifactKind = Literal["dataset", "model", "algorithm", "step", "none"]
Place = Literal["uploads", "logs", "checkpoints", "environments", "work", "cache", "database"]


class GarbageOut(BaseModel):
    """What a collection removed."""

    num_artifacts: int
    num_files: int
    freed_bytes: int
    missing: list[str] = Field(
        description="Digests that something refers to, but that are not stored; at most 100."
    )


class StoredKindOut(BaseModel):
    """What of the store's bytes belongs to one kind; a file that several share is counted with the first of them."""

    kind: ArtifactKind = Field(
        description="What refers to the artifacts: a version of a dataset, a model or an algorithm, a step that made "
        "or took them (`step`), or nothing (`none`)."
    )
    num_artifacts: int
    size_bytes: int


class PlaceOut(BaseModel):
    """What lies beside the store, in the server's data folder."""

    place: Place
    num_files: int
    size_bytes: int


class DiskOut(BaseModel):
    """The disk that the store is on."""

    size_bytes: int
    free_bytes: int


class RemovableOut(BaseModel):
    """Artifacts that nothing refers to, as of the last count."""

    num_artifacts: int = Field(description="Old enough to be removed.")
    num_files: int
    freed_bytes: int = Field(description="What removing them frees; files that others share stay.")
    num_waiting: int = Field(description="Too young to be removed: something may be about to refer to them.")
    waiting_bytes: int
    after_s: float = Field(description="They are removed this long after they were stored last.")


class ReferenceOut(BaseModel):
    """Something that refers to an artifact."""

    type: Literal["dataset", "model", "algorithm", "made", "took"] = Field(
        description="A version, or a task that made or took the artifact."
    )
    project: str | None = Field(description="Null for a built-in algorithm.")
    name: str = Field(description="Of the dataset, model, algorithm or task.")
    version: str | None
    task_id: int | None
    run_id: int | None
    algorithm: str | None = Field(None, description="Of the task.")


class MissingArtifactOut(BaseModel):
    """An artifact that something refers to, but that is not stored."""

    digest: str
    references: list[ReferenceOut]


class StoredArtifactOut(BaseModel):
    """An artifact in the store, and what refers to it now."""

    digest: str
    kind: ArtifactKind = Field(description="As of the last count.")
    size_bytes: int
    num_files: int
    stored_at: AwareDatetime
    references: list[ReferenceOut] = Field(description="Versions first, then tasks; at most six.")
    has_more: bool = Field(description="Whether more refers to it.")


class GarbageItemOut(BaseModel):
    """An artifact that nothing refers to."""

    digest: str
    size_bytes: int
    num_files: int
    holds: Literal["dataset", "model", "algorithm", "files"] = Field(description="What its files are.")
    files: list[str] = Field(description="Names of its first three files.")
    stored_at: AwareDatetime
    removable_at: AwareDatetime
    is_removable: bool


class ProjectStorageOut(BaseModel):
    """What a project refers to, each artifact once; what several projects share is counted in each."""

    project: str
    title: str
    num_artifacts: int
    size_bytes: int
    kinds: dict[ArtifactKind, int] = Field(description="Bytes by kind.")


class StorageOut(BaseModel):
    """What the store held when it was counted last; all zero before the first count."""

    counted_at: AwareDatetime | None
    took_s: float
    is_counting: bool = Field(description="Whether a count is on its way.")
    problem: str = Field(description="Why the last try to count failed; empty when it did not.")
    problem_zh: str = Field(description="`problem` in Chinese.")
    num_artifacts: int
    num_files: int
    size_bytes: int
    kinds: list[StoredKindOut]
    places: list[PlaceOut]
    disk: DiskOut | None = Field(description="Null where the store is on no disk of the server.")
    removable: RemovableOut
    missing: list[MissingArtifactOut] = Field(description="At most 100.")
    num_missing: int
