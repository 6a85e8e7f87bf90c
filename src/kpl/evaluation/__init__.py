"""What a model did on a dataset, sample by sample, and the figures that follow from it.

    from kpl import evaluation

    report = evaluation.write_classification(
        author.output("report"), rows=rows, labels=labels, scores=scores, classes=model.classes,
        dataset=dataset.digest, split="test",
    )
    evaluation.open_classification(folder).at(threshold=0.8).accuracy
    evaluation.open_detection(folder).at(threshold=0.5).num_missed

A report is a folder with `report.json` and arrays of answers, so any language can write one
(docs/reference/evaluation-report.md). Whoever looks at it can set a threshold and go from any figure to its samples.
"""

from kpl.evaluation.classification import (
    ClassFigures,
    Curve,
    class_figures,
    confusion_matrix,
    curve_of,
    top_k_accuracy,
)
from kpl.evaluation.detection import AveragePrecisions
from kpl.evaluation.detection_report import (
    DetectionReport,
    Detections,
    Truth,
    open_detection,
    write_detection,
)
from kpl.evaluation.outcomes import DetectionFigures, DetectionOutcome, Fate
from kpl.evaluation.report import (
    NO_ANSWER,
    REPORT_NAME,
    SCHEMA,
    ClassificationReport,
    Outcome,
    ReportInvalid,
    ReportManifest,
    open_classification,
    read_manifest,
    write_classification,
)
from kpl.evaluation.slices import SliceFigures, Tally, slice_figures

__all__ = [
    "NO_ANSWER",
    "REPORT_NAME",
    "SCHEMA",
    "AveragePrecisions",
    "ClassFigures",
    "ClassificationReport",
    "Curve",
    "DetectionFigures",
    "DetectionOutcome",
    "DetectionReport",
    "Detections",
    "Fate",
    "Outcome",
    "ReportInvalid",
    "ReportManifest",
    "SliceFigures",
    "Tally",
    "Truth",
    "class_figures",
    "confusion_matrix",
    "curve_of",
    "open_classification",
    "open_detection",
    "read_manifest",
    "slice_figures",
    "top_k_accuracy",
    "write_classification",
    "write_detection",
]
