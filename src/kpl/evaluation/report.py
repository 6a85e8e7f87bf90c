"""Reports of evaluations: a folder with `report.json` and the answers behind its figures as NumPy arrays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.errors import Invalid, NotFound
from kpl.evaluation.classification import (
    ClassFigures,
    Curve,
    class_figures,
    confusion_matrix,
    curve_of,
    top_k_accuracy,
)
from kpl.evaluation.slices import Tally
from kpl.sentence import Sentence

REPORT_NAME = "report.json"
SCHEMA = "kpl.report/v1"
NO_ANSWER = -1
HINT = "docs/reference/evaluation-report.md says what a report consists of."
Outcome = Literal["right", "wrong", "unanswered", "error"]
_CHUNK_BYTES = 64 << 20
MOST_MATRIX_CLASSES = 200


class ReportInvalid(Invalid):
    """A report that cannot be read, with the file and what is wrong in it."""

    code = "report_invalid"


class EvaluatedOn(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on; `digest` is that of the dataset, `split` the name of its part."""

    num_samples: int
    digest: str = ""
    split: str = ""


class ScoreFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the answers of a classification, inside the report's folder."""

    rows: str = "rows.npy"
    labels: str = "labels.npy"
    scores: str = "scores.npy"


class ClassAreas(msgspec.Struct, frozen=True, kw_only=True):
    """What `report.json` says of a class and does not depend on a threshold; `average_precision_50` of detections."""

    average_precision: float | None = None
    average_precision_50: float | None = None
    roc_auc: float | None = None


class ReportManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `report.json` says; members not named here are kept for people who read the file.

    Args:
        task: what was evaluated: `classification` or `detection`, or something KPL draws no figures of.
        classes: names, in the order of class ids.
        iou_threshold: of a detection, the overlap from which an answer may be right.
        cost: speed and size of the model: `latency_p50_ms`, `size_bytes` ...
        hardware: on what `cost` was measured.
        answers: names of the files of the answers, which each task calls in its own way.
    """

    schema: Literal["kpl.report/v1"]
    task: str
    dataset: EvaluatedOn
    classes: list[str] = []
    metrics: dict[str, float] = {}
    cost: dict[str, float] = {}
    hardware: dict[str, str | int | float] = {}
    per_class: list[ClassAreas] = []
    answers: dict[str, str] | None = None
    iou_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class FiguresAt:
    """Everything that follows from the answers once those below a threshold count as none.

    Args:
        pairs: [C,C+1] counts: row = true class, column = answer, the last one for no answer.
        accuracy: share of right ones among the answers given; 0 when none was.
        coverage: share of the samples that were answered.
    """

    threshold: float
    pairs: NDArray[np.int64]
    per_class: list[ClassFigures]
    num_samples: int
    num_answered: int
    num_right: int

    @property
    def accuracy(self) -> float:
        return self.num_right / self.num_answered if self.num_answered else 0.0

    @property
    def coverage(self) -> float:
        return self.num_answered / self.num_samples if self.num_samples else 0.0


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """An opened report: which sample got which answer with which certainty; all arrays are [N], in one order.

    Args:
        scores: [N,C], mapped from the file.
        predicted: the class with the highest score; of equal ones the first.
        certainty: that score.
    """

    manifest: ReportManifest
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: NDArray[np.floating]
    predicted: NDArray[np.int64]
    certainty: NDArray[np.float32]

    @property
    def classes(self) -> list[str]:
        return self.manifest.classes

    def answers_at(self, threshold: float) -> NDArray[np.int64]:
        """[N] classes answered; NO_ANSWER where the best score does not reach the threshold."""
        return np.where(self.certainty >= np.float32(threshold), self.predicted, NO_ANSWER)

    def is_answered(self, index: int, threshold: float) -> bool:
        """Whether the best score of one sample reaches the threshold."""
        return bool(self.certainty[index] >= np.float32(threshold))

    def at(self, threshold: float = 0.0) -> FiguresAt:
        """The figures when answers below the threshold count as none."""
        count = len(self.classes)
        answers = self.answers_at(threshold)
        # No answer is column C.
        columns = np.where(answers == NO_ANSWER, count, answers)
        pairs = np.bincount(self.labels * (count + 1) + columns, minlength=count * (count + 1))
        pairs = pairs.reshape(count, count + 1).astype(np.int64)
        hits = np.diagonal(pairs)
        return FiguresAt(
            threshold=threshold,
            pairs=pairs,
            per_class=class_figures(hits, pairs.sum(axis=1), pairs[:, :count].sum(axis=0)),
            num_samples=len(self.rows),
            num_answered=int(pairs[:, :count].sum()),
            num_right=int(hits.sum()),
        )

    def tallies(self, threshold: float) -> NDArray[np.int64]:
        """[N] how each sample came out, as in `Tally`."""
        answers = self.answers_at(threshold)
        is_right = np.where(answers == self.labels, Tally.RIGHT, Tally.WRONG)
        return np.where(answers == NO_ANSWER, Tally.MISSED, is_right).astype(np.int64)

    def curve(self, class_id: int | None = None) -> Curve:
        """The curve of one class against all others; without one, of "is the answer right?" over its certainty."""
        if class_id is None:
            return curve_of(self.certainty, self.predicted == self.labels)
        return curve_of(np.asarray(self.scores[:, class_id]), self.labels == class_id)

    def find(
        self,
        *,
        threshold: float = 0.0,
        label: int | None = None,
        predicted: int | None = None,
        outcome: Outcome | None = None,
    ) -> NDArray[np.intp]:
        """Indices of the samples that a figure counts, ascending.

        Args:
            label: the class they belong to.
            predicted: the class they were answered with.
            outcome: whether that is right; `unanswered` are those below the threshold, `error` all but right.
        """
        answers = self.answers_at(threshold)
        chosen = np.ones(len(answers), dtype=bool)
        if label is not None:
            chosen &= self.labels == label
        if predicted is not None:
            chosen &= answers == predicted
        if outcome == "right":
            chosen &= answers == self.labels
        elif outcome == "wrong":
            chosen &= (answers != self.labels) & (answers != NO_ANSWER)
        elif outcome == "error":
            chosen &= answers != self.labels
        elif outcome == "unanswered":
            chosen &= answers == NO_ANSWER
        return np.flatnonzero(chosen)


def write_classification(
    folder: Path,
    *,
    rows: NDArray[np.integer],
    labels: NDArray[np.integer],
    scores: NDArray[np.floating],
    classes: Sequence[str],
    dataset: str = "",
    split: str = "",
    cost: Mapping[str, float] | None = None,
    hardware: Mapping[str, str | int | float] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a report of a classification and give back what stands in its `report.json`.

    Args:
        rows: [N] of the samples in the dataset.
        labels: [N] ids of their true classes.
        scores: [N,C], the higher the more certain.
        dataset: its digest.
        more: further members for `report.json`.
    Raises:
        ReportInvalid: the arrays do not belong together, or hold values that are none.
    """
    rows, labels = np.asarray(rows, np.int64), np.asarray(labels, np.int64)
    scores = np.asarray(scores)
    scores = scores if scores.dtype == np.float16 else scores.astype(np.float32, copy=False)
    predicted, _ = _check(folder, rows, labels, scores, len(classes))
    confusion = confusion_matrix(labels, predicted, len(classes))
    figures = class_figures(np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
    present = [one for one in figures if one.support]
    files = ScoreFiles()
    report = {
        "schema": SCHEMA,
        "task": "classification",
        "dataset": {"digest": dataset, "split": split, "num_samples": len(rows)},
        "classes": list(classes),
        "metrics": {
            "accuracy": top_k_accuracy(scores, labels, 1),
            "top5_accuracy": top_k_accuracy(scores, labels, 5),
            "macro_precision": float(np.mean([one.precision for one in present])),
            "macro_recall": float(np.mean([one.recall for one in present])),
            "macro_f1": float(np.mean([one.f1 for one in present])),
        },
        "cost": dict(cost or {}),
        "hardware": dict(hardware or {}),
        "answers": msgspec.to_builtins(files),
        "per_class": [
            {"class": name} | asdict(one) | _areas(scores[:, number], labels == number)
            for number, (name, one) in enumerate(zip(classes, figures, strict=True))
        ],
    }
    if len(classes) <= MOST_MATRIX_CLASSES:  # a larger one is quicker counted from the answers than read
        report["confusion"] = {"classes": list(classes), "matrix": confusion.tolist()}
    report |= dict(more or {})
    arrays = {files.rows: rows, files.labels: labels.astype(np.int32), files.scores: scores}
    write_report(folder, report, arrays)
    return report


def write_report(folder: Path, report: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `report.json` and arrays by their file names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / name, array)
    (folder / REPORT_NAME).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_manifest(folder: Path) -> ReportManifest:
    """What `report.json` in the folder says.

    Raises:
        NotFound: there is no such file.
        ReportInvalid: it is no report of this schema.
    """
    path = folder / REPORT_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=ReportManifest)
    except FileNotFoundError as err:
        raise NotFound(
            Sentence(f"{folder} has no {REPORT_NAME}.", f"{folder} 中没有 {REPORT_NAME}。"),
            hint=Sentence("The folder is no evaluation report.", "该文件夹不是评测报告。"),
        ) from err
    except msgspec.DecodeError as err:  # ValidationError, with the path of the member, is one
        raise ReportInvalid(f"{path}: {err}", hint=HINT) from err


def open_classification(folder: Path) -> ClassificationReport:
    """Open a report of a classification with the answers behind it; scores stay on disk.

    Raises:
        NotFound: there is no report in the folder.
        ReportInvalid: it is of another task, holds no answers, or its arrays do not belong together.
    """
    manifest = read_manifest(folder)
    files = answer_files(folder, manifest, "classification", ScoreFiles)
    rows = load_array(folder, files.rows).astype(np.int64)
    labels = load_array(folder, files.labels).astype(np.int64)
    scores = load_array(folder, files.scores)
    predicted, certainty = _check(folder, rows, labels, scores, len(manifest.classes))
    return ClassificationReport(manifest, rows, labels, scores, predicted, certainty)


Files = TypeVar("Files", bound=msgspec.Struct)


def answer_files(folder: Path, manifest: ReportManifest, task: str, files: type[Files]) -> Files:
    """The names of the files of a task's answers.

    Raises:
        ReportInvalid: the report is of another task, or holds no answers.
    """
    path = folder / REPORT_NAME
    if manifest.task != task:
        raise ReportInvalid(f"{path}: the report is of {manifest.task}, not of a {task}.")
    if manifest.answers is None:
        raise ReportInvalid(
            f"{path}: the report holds no answers, only figures.",
            hint="Run the test again; reports that name their `answers` lead to the samples.",
        )
    return msgspec.convert(manifest.answers, files)


def load_array(folder: Path, name: str) -> NDArray[Any]:
    """An array of the report, mapped from its file.

    Raises:
        ReportInvalid: the name is no file of the folder, or the file no array.
    """
    path = folder / name
    if Path(name).name != name:
        raise ReportInvalid(f"{folder / REPORT_NAME}: answers: '{name}' is no file of this folder.")
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as err:
        raise ReportInvalid(f"{path}: {err}", hint=HINT) from err
    return array


def _check(
    folder: Path, rows: NDArray[Any], labels: NDArray[Any], scores: NDArray[Any], num_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Refuse arrays that do not belong together; the best class and its score for each sample, in passing."""
    expected = (len(rows), num_classes)
    if rows.ndim != 1 or labels.shape != rows.shape or scores.shape != expected or 0 in expected:
        raise ReportInvalid(
            f"{folder}: rows {list(rows.shape)}, labels {list(labels.shape)} and scores {list(scores.shape)} do not "
            f"belong together; with {num_classes} classes they are [N], [N] and [N,{num_classes}], N at least 1.",
            hint=HINT,
        )
    if scores.dtype.kind != "f":
        raise ReportInvalid(f"{folder}: scores are {scores.dtype}; they must be floats.", hint=HINT)
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(wrong):
        raise ReportInvalid(
            f"{folder}: labels[{wrong[0]}] is {labels[wrong[0]]}; classes are 0 to {num_classes - 1}.",
            hint="Leave out samples that have no label.",
        )
    predicted = np.empty(len(rows), dtype=np.int64)
    certainty = np.empty(len(rows), dtype=np.float32)
    step = max(1, _CHUNK_BYTES // (num_classes * scores.dtype.itemsize))
    for start in range(0, len(rows), step):
        part = np.asarray(scores[start : start + step])
        if not np.isfinite(part).all():
            row = start + int(np.flatnonzero(~np.isfinite(part).all(axis=1))[0])
            raise ReportInvalid(f"{folder}: scores[{row}] holds a value that is no number.", hint=HINT)
        best = part.argmax(axis=1)
        predicted[start : start + step] = best
        certainty[start : start + step] = part[np.arange(len(part)), best]
    return predicted, certainty


def _areas(scores: NDArray[Any], is_positive: NDArray[np.bool_]) -> dict[str, float | None]:
    curve = curve_of(scores, is_positive)
    return {"average_precision": curve.average_precision, "roc_auc": curve.roc_auc}
