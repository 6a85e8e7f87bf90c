"""Bodies of answers about evaluations: figures at a threshold, curves, and the samples behind them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Outcome = Literal["right", "wrong", "unanswered", "missed", "false_alarm", "error"]
ObjectOutcome = Literal["right", "wrong", "missed", "false_alarm", "ignored"]
SampleOrder = Literal["row", "certain", "uncertain", "most"]
Box = Annotated[list[float], Field(min_length=4, max_length=4)]
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
    support: int = Field(description="Samples, or objects, that belong to the class.")
    num_predicted: int = Field(
        description="Samples that were answered with it; of a detection, answers with it."
    )
    num_unanswered: int = Field(
        description="Samples of the class without an answer at this threshold; of a detection, missed objects."
    )
    precision: float
    recall: float
    f1: float
    average_precision: float | None = Field(
        description="Of a detection, the mean of overlaps from 0.50 to 0.95."
    )
    average_precision_50: float | None = Field(description="Of a detection, at overlap 0.50.")
    roc_auc: float | None


class ConfusionOut(BaseModel):
    """How many samples, or objects, of class `label` were answered with class `predicted`.

    `predicted` is None where there is no answer, `label` where there is no object: a false alarm.
    """

    label: int | None
    predicted: int | None
    count: int


class DetectionFiguresOut(BaseModel):
    """What became of objects and answers at the threshold; precision, recall and F1 are of all objects together."""

    iou_threshold: float = Field(description="The overlap from which an answer may be right.")
    best_threshold: float = Field(description="The threshold at which F1 is highest, in hundredths.")
    num_objects: int = Field(description="Objects that count.")
    num_answers: int = Field(description="Answers that count.")
    num_right: int
    num_wrong: int = Field(description="Objects that were taken for another class.")
    num_missed: int
    num_false_alarms: int
    precision: float
    recall: float
    f1: float


class EvaluationReportOut(BaseModel):
    """What a test found, with answers below `threshold` counted as none."""

    task_id: int
    run_id: int | None
    task_name: str
    output: str = Field(description="The output of the task that holds the report.")
    task: str = Field(description="What was evaluated: `classification` or `detection`.")
    dataset: EvaluatedDatasetOut
    model: EvaluatedModelOut | None
    metrics: dict[str, float] = Field(description="As the test reported them, without a threshold.")
    cost: dict[str, float] = Field(description="Speed and size, as the test measured them.")
    hardware: dict[str, str | int | float]
    threshold: float
    num_samples: int
    num_answered: int = Field(description="Samples that were answered; of a detection, answers given.")
    num_right: int
    accuracy: float = Field(description="Share of right ones among the answers given.")
    coverage: float = Field(description="Share of the samples, or objects, that were answered.")
    macro_f1: float = Field(description="Mean F1 of the classes that have samples.")
    detection: DetectionFiguresOut | None = Field(description="None of a classification.")
    num_classes: int
    classes: list[EvaluatedClassOut] = Field(description="The first 2000 classes, in the order of their ids.")
    confusions: list[ConfusionOut] = Field(
        description="All pairs that occur while there are at most 60 classes; of more, the 500 most frequent mistakes."
    )
    is_matrix_complete: bool


class EvaluationCurveOut(BaseModel):
    """What a threshold does to one class against all others or, without a class, to all answers.

    The lists have one length, at most 200, and go from high to low thresholds. Detections know no negatives: their
    `false_positive_rate` is empty.
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


class EvaluationSliceOut(BaseModel):
    """Figures of one part of a report: of samples, or of a detection of objects and answers."""

    value: str | None = Field(description="Name of the part; None for what has no value.")
    support: int = Field(description="Samples, or objects, of the part.")
    num_right: int
    num_wrong: int
    num_unanswered: int = Field(description="Samples without an answer, or missed objects.")
    num_false_alarms: int
    precision: float = Field(description="Share of right ones among the answers given.")
    recall: float = Field(description="Share of the samples, or objects, that were answered right.")
    f1: float


class EvaluationSlicesOut(BaseModel):
    """Parts of a report, the worst F1 first."""

    divisions: list[str] = Field(
        description="By what it can be divided: `split`, `image_size`, `num_objects` in a sample, `object_size`, "
        "and `field:NAME` for further fields of the dataset."
    )
    by: str | None = Field(description="By what it is divided here; None where there is no way to.")
    threshold: float
    slices: list[EvaluationSliceOut]


class AnswerOut(BaseModel):
    class_id: int
    label: str
    score: float


class DetectedObjectOut(BaseModel):
    """An object, an answer, or the two where one was given to the other. Boxes are left, top, right, bottom in pixels.

    An object without an answer was missed, an answer without an object is a false alarm. What is ignored counts
    neither way.
    """

    outcome: ObjectOutcome
    label_id: int | None
    label: str | None = Field(description="Class of the object.")
    predicted_id: int | None
    predicted: str | None = Field(description="Class answered.")
    score: float | None
    overlap: float | None = Field(description="Intersection over union of the two boxes.")
    object_box: Box | None
    answer_box: Box | None
    is_counted: bool = Field(description="Whether the figure asked for counts it.")


class DetectedSampleOut(BaseModel):
    """What is in a picture and what was found in it, at the threshold. Sizes are None when the data is not there."""

    width: int | None
    height: int | None
    num_counted: int = Field(description="Objects and answers of this sample that the figure counts.")
    num_right: int
    num_wrong: int
    num_missed: int
    num_false_alarms: int
    objects: list[DetectedObjectOut] = Field(description="At most 200, those that are counted first.")


class EvaluatedSampleOut(BaseModel):
    """One sample and its answer; its image is at `/artifacts/{digest}/samples/{row}/image`."""

    row: int
    label: str | None = Field(description="None of a detection.")
    predicted: str | None = Field(description="None below the threshold, and of a detection.")
    score: float | None = Field(
        description="Of the best class; of a detection, of the surest answer counted."
    )
    best: list[AnswerOut] = Field(description="The three best classes; none of a detection.")
    detection: DetectedSampleOut | None = Field(description="None of a classification.")


class EvaluatedSamplesOut(BaseModel):
    """A page of samples. `num_matches` counts all that the filters let through."""

    items: list[EvaluatedSampleOut]
    next_cursor: str | None
    num_matches: int
    num_counted: int = Field(
        description="What the figure counts: these samples, or objects and answers in them."
    )
