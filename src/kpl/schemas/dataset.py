"""Bodies of requests and answers about datasets, their versions and samples."""

from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from kpl.schemas.names import Name
from kpl.schemas.page import Page
from kpl.sentence import Sentence

ImportFormat = Literal[
    "auto",
    "imagefolder",
    "voc",
    "coco",
    "yolo",
    "labelme",
    "cvat",
    "wider_face",
    "masks",
    "object_masks",
    "identities",
    "images",
    "csv",
    "jsonl",
    "parquet",
    "kpl_original",
    "tfrecord",
    "webdataset",
]
DatasetKind = Literal[
    "unlabelled",
    "classification",
    "detection",
    "semantic_segmentation",
    "instance_segmentation",
    "face_detection",
    "face_recognition",
    "tabular",
    "text",
]

MOST_CHOSEN = 10_000
"""Samples that one request may name."""


class DatasetImport(BaseModel):
    """Make a dataset, or its next version, from files in a layout that people have them in."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: DatasetKind | Literal["auto"] = Field(
        "auto", description="`auto` follows from the format that is found."
    )
    format: ImportFormat = "auto"
    upload_id: int | None = Field(None, description="A completed upload: a zip or tar of the folder.")
    path: str | None = Field(None, description="A folder on the server; for administrators of the platform.")
    url: str | None = Field(
        None,
        max_length=4096,
        description="Web address of an archive of the folder, or of a table, that the server fetches; for "
        "administrators of the platform also a folder or object of an object store, as in `s3://bucket/folder`. It "
        "is kept with the task, where members of the project read it.",
    )
    on_error: Literal["skip", "stop"] = Field("skip", description="What a sample that cannot be read does.")

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        if [self.upload_id, self.path, self.url].count(None) != 2:
            raise ValueError(
                Sentence(
                    "give exactly one of upload_id, path and url", "upload_id、path 与 url 须且只能填写一个"
                )
            )
        return self


class Review(BaseModel):
    """What a person decided about a model's answers, by the keys of samples."""

    model_config = ConfigDict(extra="forbid")

    accept: list[str] = Field([], max_length=MOST_CHOSEN, description="Samples whose answers become labels.")
    reject: list[str] = Field(
        [], max_length=MOST_CHOSEN, description="Samples whose answers are wrong and not to be offered again."
    )
    layer: str = Field("predictions", description="The layer of answers.")
    min_score: float = Field(
        0.0, ge=0, le=1, description="Objects less sure than this are left out of accepted answers."
    )
    message: str = Field("", max_length=500, description="Why; stands with the new version.")

    @model_validator(mode="after")
    def _decides_something(self) -> Self:
        if not self.accept and not self.reject:
            raise ValueError(
                Sentence(
                    "name at least one sample to accept or to reject", "请至少选择一个要接受或拒绝的样本"
                )
            )
        if len(self.accept) + len(self.reject) > MOST_CHOSEN:
            raise ValueError(
                Sentence(
                    f"name at most {MOST_CHOSEN:,} samples in one review",
                    f"一次审核最多 {MOST_CHOSEN:,} 个样本",
                )
            )
        return self


Verdict = Literal["accepted", "rejected"]


class DatasetVersionOut(BaseModel):
    """One immutable version; `digest` is the address of its files in the artifact store."""

    name: str
    version: int
    kind: str
    digest: str
    num_samples: int
    size_bytes: int
    class_names: list[str] = Field(
        description="The first 1,000 of them; `list_sample_groups` pages through all."
    )
    num_classes: int
    splits: dict[str, int] = Field(description="Number of samples of each split.")
    source_task_id: int | None = Field(description="The task that made it; null when a person did.")
    message: str = Field(description="What the person who made it said about it.")
    created_at: AwareDatetime
    created_by: str


class DatasetOut(BaseModel):
    name: str
    description: str
    num_versions: int
    latest: DatasetVersionOut
    created_at: AwareDatetime


class DatasetDetail(DatasetOut):
    versions: list[DatasetVersionOut] = Field(description="The newest 100, newest first.")
    used_by: list[int] = Field(description="The newest 100 tasks that read any version.")


class BoxOut(BaseModel):
    """An object: its box in pixels of the image, from the left and the top, and what else is known of it."""

    x0: float
    y0: float
    x1: float
    y1: float
    class_id: int
    label: str
    score: float | None = None
    landmarks: list[list[float] | None] | None = Field(
        None,
        description="x, y of eyes, nose and corners of the mouth of a face; None for one that was not marked.",
    )
    outline: list[list[float]] | None = Field(
        None,
        description="Polygons x1, y1, x2, y2, ... of its mask, filled by the even-odd rule; of single samples.",
    )


class PredictionOut(BaseModel):
    class_id: int
    label: str
    score: float


class PredictedOut(BaseModel):
    """What a layer of predictions says about a sample; each part None where the layer does not answer that."""

    layer: str
    boxes: list[BoxOut] | None
    num_boxes: int
    has_mask: bool


class SampleOut(BaseModel):
    """One sample without its image and masks, which have addresses of their own.

    In lists it is short: of many boxes only the largest, of a long text only its beginning.
    """

    row: int
    key: str
    split: str
    has_image: bool
    width: int | None
    height: int | None
    class_id: int | None
    label: str | None
    boxes: list[BoxOut]
    num_boxes: int = Field(description="Of all boxes, also those that a list leaves out.")
    has_mask: bool = Field(description="Whether there are masks, of objects or of classes.")
    text: str | None
    values: dict[str, str | float | bool | None] = Field(description="Columns of a table.")
    verdict: Verdict | None = Field(None, description="What a person decided about the layer's answer.")
    verdict_by: str | None = Field(None, description="Who that was.")
    prediction: PredictionOut | None = Field(description="Class that a layer of predictions answers.")
    predicted: PredictedOut | None = Field(
        description="Objects and masks that a layer of predictions answers."
    )


class SamplesOut(BaseModel):
    """A page of samples. `num_matches` counts all that the filters let through."""

    items: list[SampleOut]
    next_cursor: str | None
    num_matches: int


class SampleKeysOut(Page[str]):
    """A page of keys of samples. `num_matches` counts all that the filters let through."""

    num_matches: int


SampleOrder = Literal["row", "-row", "key", "-key", "size", "-size", "objects", "-objects", "score", "-score"]
"""By what samples are sorted; after `-` the highest comes first."""


class FacetOut(BaseModel):
    id: str = Field(description="What to filter by: `640x480`, a range of the longer side, or of objects.")
    count: int = Field(description="Samples.")


class FacetsOut(BaseModel):
    """How samples divide, each facet counted as if it were not filtered by itself."""

    sizes: list[FacetOut] = Field(
        description="Most frequent first; of more than 8 sizes, ranges as `257-512` of the longer side."
    )
    objects: list[FacetOut] = Field(description="By the number of objects in a sample, as `3-5`; rising.")


class SectionOut(BaseModel):
    id: str | None = Field(description="The split or class, to filter by; null for samples without one.")
    class_id: int | None = Field(description="Null where it is no class.")
    count: int = Field(description="Samples.")


class SectionsOut(BaseModel):
    """The splits or classes that a list of samples is arranged by, one after another."""

    items: list[SectionOut]
    num_samples: int


SampleChange = Literal["added", "removed", "changed"]


class DifferenceOut(BaseModel):
    """What tells a version from another one of the dataset, by the keys of samples."""

    name: str
    before: int
    after: int
    num_added: int
    num_removed: int
    num_changed: int
    num_same: int
    fields: dict[str, int] = Field(description="In how many samples each field changed.")


class ChangedSampleOut(BaseModel):
    """A sample that differs: its rows in the two versions, null where it is not there."""

    change: SampleChange
    key: str
    row_before: int | None
    row_after: int | None
    fields: list[str] = Field(description="The fields that changed.")
    label_before: str | None = Field(description="Its class then, where samples have one.")
    label_after: str | None


class ChangedSamplesOut(BaseModel):
    """A page of samples that differ. `num_matches` counts all that the filters let through."""

    items: list[ChangedSampleOut]
    next_cursor: str | None
    num_matches: int


class LayerOut(BaseModel):
    """Columns of a version that stand together: of the samples, of people's labels, of a model's answers."""

    name: str
    role: Literal["samples", "labels", "predictions", "other"]
    fields: dict[str, str] = Field(description="Type of each field, as `image` or `boxes`.")
    answers: list[Literal["class", "boxes", "mask"]] = Field(description="What a layer of predictions says.")
    verdicts: dict[Verdict, int] | None = Field(
        None, description="Of how many samples people accepted its answer, and rejected it; of predictions."
    )
    not_reviewable: str | None = Field(
        None, description="Why its answers cannot become labels of this dataset; null where they can."
    )
    not_reviewable_zh: str | None = Field(None, description="`not_reviewable` in Chinese.")


class LayersOut(BaseModel):
    items: list[LayerOut]


class GroupOut(BaseModel):
    """Samples of one class, as of one person."""

    class_id: int
    label: str
    num_samples: int
    rows: list[int] = Field(description="The first few of them.")


class GroupsOut(Page[GroupOut]):
    """A page of groups, largest first. `num_groups` counts all that the filters let through."""

    num_groups: int
    num_samples: int = Field(description="Samples in all these groups.")


class StatisticsOut(BaseModel):
    """Counts, ranges and health of one version, as `kpl dataset info` prints them."""

    name: str
    version: int
    statistics: dict[str, Any]
