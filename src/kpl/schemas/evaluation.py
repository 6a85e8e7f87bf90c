"""Bodies of answers about evaluations: figures at a threshold, curves, and the samples behind them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Outcome = Literal["right", "wrong", "unanswered"]
SampleOrder = Literal["row", "certain", "uncertain"]
Share = Annotated[float, Field(ge=0, le=1)]


class EvaluatedDatasetOut(BaseModel):
    """What was measured on; name and version are those of the dataset that was published of it, if one was."""

    artifact: str | None
    name: str | None
    version: int | None
    split: str
    num_samples: int


class EvaluatedModelOut(BaseModel):
    name: str | None
    version: int | None
    artifact: str


class EvaluatedClassOut(BaseModel):
    """Figures of one class at the threshold; areas do not depend on it."""

    class_id: int
    name: str
    support: int = Field(description="Samples that belong to the class.")
    num_predicted: int = Field(description="Samples that were answered with it.")
    num_unanswered: int = Field(description="Samples of the class without an answer at this threshold.")
    precision: float
    recall: float
    f1: float
    average_precision: float | None
    roc_auc: float | None


class ConfusionOut(BaseModel):
    """How many samples of class `label` were answered with class `predicted`; None stands for no answer."""

    label: int
    predicted: int | None
    count: int


class EvaluationReportOut(BaseModel):
    """What a test found, with answers below `threshold` counted as none."""

    task_id: int
    run_id: int | None
    task_name: str
    output: str = Field(description="The output of the task that holds the report.")
    task: str = Field(description="What was evaluated, as in `classification`.")
    dataset: EvaluatedDatasetOut
    model: EvaluatedModelOut | None
    metrics: dict[str, float] = Field(description="As the test reported them, without a threshold.")
    cost: dict[str, float] = Field(description="Speed and size, as the test measured them.")
    hardware: dict[str, str | int | float]
    threshold: float
    num_samples: int
    num_answered: int
    num_right: int
    accuracy: float = Field(description="Share of right ones among the answers given.")
    coverage: float = Field(description="Share of the samples that were answered.")
    macro_f1: float = Field(description="Mean F1 of the classes that have samples.")
    num_classes: int
    classes: list[EvaluatedClassOut] = Field(description="The first 2000 classes, in the order of their ids.")
    confusions: list[ConfusionOut] = Field(
        description="All pairs that occur while there are at most 60 classes; of more, the 500 most frequent mistakes."
    )
    is_matrix_complete: bool


class EvaluationCurveOut(BaseModel):
    """What a threshold does to one class against all others or, without a class, to all answers.

    The lists have one length, at most 200, and go from high to low thresholds.
    """

    class_name: str | None
    thresholds: list[float]
    precision: list[float]
    recall: list[float]
    false_positive_rate: list[float]
    num_positive: int
    num_negative: int
    average_precision: float | None
    roc_auc: float | None


class AnswerOut(BaseModel):
    class_id: int
    label: str
    score: float


class EvaluatedSampleOut(BaseModel):
    """One sample and its answer; its image is at `/artifacts/{digest}/samples/{row}/image`."""

    row: int
    label: str
    predicted: str | None = Field(description="None below the threshold.")
    score: float = Field(description="Of the best class.")
    best: list[AnswerOut] = Field(description="The three best classes.")


class EvaluatedSamplesOut(BaseModel):
    """A page of samples. `num_matches` counts all that the filters let through."""

    items: list[EvaluatedSampleOut]
    next_cursor: str | None
    num_matches: int
