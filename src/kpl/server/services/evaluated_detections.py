"""Evaluations of detections: figures of the objects in pictures, and the pictures behind each figure."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kpl.schemas.evaluation import (
    DetectedObjectOut,
    DetectedSampleOut,
    DetectionFiguresOut,
    EvaluatedSampleOut,
    ObjectOutcome,
    Outcome,
    SampleOrder,
)
from kpl.server.services.dataset_reader import open_dataset, sample_at
from kpl.server.services.evaluation_reports import Reported, open_detection
from kpl.server.services.evaluation_slices import find_division, part_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.evaluation import DetectionFigures, DetectionOutcome, DetectionReport
    from kpl.evaluation.report import ClassAreas

MOST_OBJECTS = 200
_KEPT_FIGURES = 4  # of 1,000,000 boxes each holds 80 MB
_KEPT_REPORTS = 8


@lru_cache(maxsize=_KEPT_REPORTS)
def best_threshold(folder: Path) -> float:
    """Where F1 of all objects together is highest."""
    return open_detection(folder).best_threshold()


@lru_cache(maxsize=_KEPT_FIGURES)
def figures_at(folder: Path, threshold: float) -> "DetectionFigures":
    """The figures of a report at a threshold; a look at them is followed by looks at the samples behind."""
    return open_detection(folder).at(threshold)


@lru_cache(maxsize=_KEPT_REPORTS)
def areas_of(folder: Path) -> tuple[dict[str, float], list["ClassAreas"]]:
    """Metrics, and areas of each class: as the report gives them, else computed."""
    from kpl.evaluation.detection_report import class_areas, metrics_of
    from kpl.evaluation.report import ClassAreas

    report = open_detection(folder)
    manifest = report.manifest
    if manifest.metrics and len(manifest.per_class) == len(manifest.classes):
        return manifest.metrics, manifest.per_class
    areas = report.areas()
    return metrics_of(report, areas) | manifest.metrics, [ClassAreas(**each) for each in class_areas(areas)]


def detection_out(folder: Path, threshold: float) -> DetectionFiguresOut:
    """The figures that only detections have."""
    figures = figures_at(folder, threshold)
    overall = figures.overall
    return DetectionFiguresOut(
        iou_threshold=open_detection(folder).manifest.iou_threshold,
        best_threshold=best_threshold(folder),
        num_objects=figures.num_objects,
        num_answers=figures.num_answers,
        num_right=figures.num_right,
        num_wrong=figures.num_wrong,
        num_missed=figures.num_missed,
        num_false_alarms=figures.num_false_alarms,
        precision=overall.precision,
        recall=overall.recall,
        f1=overall.f1,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which samples, or objects, a figure counts: ids of their classes, and how they came out; None for any.

    Args:
        by: with `value` the part of the report that they are in.
    """

    label: int | None
    predicted: int | None
    outcome: Outcome | None
    by: str | None
    value: str | None

    @property
    def is_all(self) -> bool:
        return self.label is None and self.predicted is None and self.outcome is None


def find_samples(
    reported: Reported, threshold: float, wanted: Wanted, order: SampleOrder
) -> tuple["NDArray[np.intp]", "NDArray[np.intp]"]:
    """Indices of the samples that a figure counts something in, in order, and of the events that it counts.

    Raises:
        NotFound: there is no such part.
    """
    import numpy as np

    figures = figures_at(reported.folder, threshold)
    events = figures.find(
        label=wanted.label,
        predicted=wanted.predicted,
        outcome=cast("DetectionOutcome | None", wanted.outcome),
    )
    is_there = np.ones(figures.num_samples, bool)
    if wanted.by is not None:
        division = find_division(reported, wanted.by)
        part = part_of(division, wanted.value)
        events = events[division.of_events(figures)[events] == part]
        if not division.is_of_objects:
            is_there = division.codes == part
    samples = figures.events.samples[events]
    counts = np.bincount(samples, minlength=figures.num_samples)
    is_all = wanted.is_all and (wanted.by is None or not division.is_of_objects)
    matches = np.flatnonzero(is_there) if is_all else np.flatnonzero(counts)
    if order == "most":
        return matches[np.argsort(-counts[matches], kind="stable")], events
    if order == "row":
        return matches, events
    is_certain = order == "certain"
    extreme = np.full(figures.num_samples, -np.inf if is_certain else np.inf)
    (np.maximum if is_certain else np.minimum).at(extreme, samples, figures.events.scores[events])
    key = -extreme[matches] if is_certain else extreme[matches]
    return matches[np.argsort(key, kind="stable")], events


def samples_out(
    reported: Reported, threshold: float, chosen: "NDArray[np.intp]", counted: "NDArray[np.intp]"
) -> list[EvaluatedSampleOut]:
    """Samples with the boxes in them and what became of each; `counted` are the events of the figure."""
    import numpy as np

    figures = figures_at(reported.folder, threshold)
    is_counted = np.zeros(len(figures.events.samples), bool)
    is_counted[counted] = True
    return [_sample_out(reported, figures, index, is_counted) for index in chosen.tolist()]


def _sample_out(
    reported: Reported, figures: "DetectionFigures", index: int, is_event_counted: "NDArray[np.bool_]"
) -> EvaluatedSampleOut:
    import numpy as np

    report, events = open_detection(reported.folder), figures.events
    here = np.flatnonzero(events.samples == index)
    is_counted = is_event_counted[here]
    # What the figure counts comes first, then by score.
    order = np.lexsort((-events.scores[here], ~is_counted))
    here, is_counted = here[order], is_counted[order]
    outcomes = [_outcome(figures, event) for event in here.tolist()]
    scores = events.scores[here[is_counted & (events.answers[here] >= 0)]]
    shown = list(
        zip(
            outcomes,
            events.objects[here].tolist(),
            events.answers[here].tolist(),
            is_counted.tolist(),
            strict=True,
        )
    )
    shown += [("ignored", *each, False) for each in report.ignored_of(index, figures)]
    row = int(report.rows[index])
    width, height = _size_of(reported.dataset, row)
    return EvaluatedSampleOut(
        row=row,
        label=None,
        predicted=None,
        score=float(scores.max()) if len(scores) else None,
        best=[],
        detection=DetectedSampleOut(
            width=width,
            height=height,
            num_counted=int(is_counted.sum()),
            num_right=outcomes.count("right"),
            num_wrong=outcomes.count("wrong"),
            num_missed=outcomes.count("missed"),
            num_false_alarms=outcomes.count("false_alarm"),
            objects=[_object_out(report, *each) for each in shown[:MOST_OBJECTS]],
        ),
    )


def _outcome(figures: "DetectionFigures", event: int) -> ObjectOutcome:
    events = figures.events
    if events.answers[event] < 0:
        return "missed"
    if events.objects[event] < 0:
        return "false_alarm"
    return "right" if events.labels[event] == events.predicted[event] else "wrong"


def _object_out(
    report: "DetectionReport", outcome: ObjectOutcome, thing: int, answer: int, is_counted: bool
) -> DetectedObjectOut:
    """One line of a sample's list; -1 stands for no object, or no answer."""
    objects, answers = report.objects, report.answers
    label_id = int(objects.class_ids[thing]) if thing >= 0 else None
    predicted_id = int(answers.class_ids[answer]) if answer >= 0 else None
    return DetectedObjectOut(
        outcome=outcome,
        label_id=label_id,
        label=None if label_id is None else report.classes[label_id],
        predicted_id=predicted_id,
        predicted=None if predicted_id is None else report.classes[predicted_id],
        score=float(answers.scores[answer]) if answer >= 0 else None,
        overlap=report.overlap(thing, answer) if thing >= 0 and answer >= 0 else None,
        object_box=objects.boxes[thing].tolist() if thing >= 0 else None,
        answer_box=answers.boxes[answer].tolist() if answer >= 0 else None,
        is_counted=is_counted,
    )


def _size_of(dataset: Path | None, row: int) -> tuple[int | None, int | None]:
    """Width and height of a sample's image, where the data is kept and says so."""
    if dataset is None:
        return None, None
    sample = sample_at(open_dataset(dataset), row)
    if "width" not in sample or "height" not in sample:
        return None, None
    return int(sample["width"]), int(sample["height"])
