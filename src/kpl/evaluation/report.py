"""Reports of evaluations: a folder with `report.json` and the answers behind its figures as NumPy arrays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

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
from kpl.sentence import Sentence

REPORT_NAME = "report.json"
SCHEMA = "kpl.report/v1"
NO_ANSWER = -1
Outcome = Literal["right", "wrong", "unanswered"]
_CHUNK_BYTES = 64 << 20
_MOST_MATRIX_CLASSES = 200


class ReportInvalid(Invalid):
    """A report that cannot be read, with the file and what is wrong in it."""

    code = "report_invalid"


class EvaluatedOn(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on; `digest` is that of the dataset, `split` the name of its part."""

    num_samples: int
    digest: str = ""
    split: str = ""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the answers, inside the report's folder."""

    rows: str = "rows.npy"
    labels: str = "labels.npy"
    scores: str = "scores.npy"


class ClassAreas(msgspec.Struct, frozen=True, kw_only=True):
    """What `report.json` says of a class and does not depend on a threshold."""

    average_precision: float | None = None
    roc_auc: float | None = None


class ReportManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `report.json` says; members not named here are kept for people who read the file.

    Args:
        task: what was evaluated, as in `classification`.
        classes: names, in the order of class ids.
        cost: speed and size of the model: `latency_p50_ms`, `size_bytes` ...
        hardware: on what `cost` was measured.
        answers: left out by tasks whose answers are no scores of classes.
    """

    schema: Literal["kpl.report/v1"]
    task: str
    dataset: EvaluatedOn
    classes: list[str] = []
    metrics: dict[str, float] = {}
    cost: dict[str, float] = {}
    hardware: dict[str, str | int | float] = {}
    per_class: list[ClassAreas] = []
    answers: Answers | None = None


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
            outcome: whether that is right; `unanswered` are those below the threshold.
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
    answers = Answers()
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
        "answers": msgspec.to_builtins(answers),
        "per_class": [
            {"class": name} | asdict(one) | _areas(scores[:, number], labels == number)
            for number, (name, one) in enumerate(zip(classes, figures, strict=True))
        ],
    }
    if len(classes) <= _MOST_MATRIX_CLASSES:  # a larger one is quicker counted from the answers than read
        report["confusion"] = {"classes": list(classes), "matrix": confusion.tolist()}
    report |= dict(more or {})
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / answers.rows, rows)
    np.save(folder / answers.labels, labels.astype(np.int32))
    np.save(folder / answers.scores, scores)
    (folder / REPORT_NAME).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return report


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
        raise ReportInvalid(f"{path}: {err}", hint=_HINT) from err


def open_classification(folder: Path) -> ClassificationReport:
    """Open a report of a classification with the answers behind it; scores stay on disk.

    Raises:
        NotFound: there is no report in the folder.
        ReportInvalid: it is of another task, holds no answers, or its arrays do not belong together.
    """
    manifest = read_manifest(folder)
    if manifest.task != "classification":
        raise ReportInvalid(
            f"{folder / REPORT_NAME}: the report is of {manifest.task}, not of a classification."
        )
    if manifest.answers is None:
        raise ReportInvalid(
            f"{folder / REPORT_NAME}: the report holds no answers, only figures.",
            hint="Run the test again; reports that name their `answers` lead to the samples.",
        )
    rows = _load(folder, manifest.answers.rows).astype(np.int64)
    labels = _load(folder, manifest.answers.labels).astype(np.int64)
    scores = _load(folder, manifest.answers.scores)
    predicted, certainty = _check(folder, rows, labels, scores, len(manifest.classes))
    return ClassificationReport(manifest, rows, labels, scores, predicted, certainty)


def _load(folder: Path, name: str) -> NDArray[Any]:
    path = folder / name
    if Path(name).name != name:
        raise ReportInvalid(f"{folder / REPORT_NAME}: answers: '{name}' is no file of this folder.")
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as err:
        raise ReportInvalid(f"{path}: {err}", hint=_HINT) from err
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
            hint=_HINT,
        )
    if scores.dtype.kind != "f":
        raise ReportInvalid(f"{folder}: scores are {scores.dtype}; they must be floats.", hint=_HINT)
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
            raise ReportInvalid(f"{folder}: scores[{row}] holds a value that is no number.", hint=_HINT)
        best = part.argmax(axis=1)
        predicted[start : start + step] = best
        certainty[start : start + step] = part[np.arange(len(part)), best]
    return predicted, certainty


def _areas(scores: NDArray[Any], is_positive: NDArray[np.bool_]) -> dict[str, float | None]:
    curve = curve_of(scores, is_positive)
    return {"average_precision": curve.average_precision, "roc_auc": curve.roc_auc}


_HINT = "docs/reference/evaluation-report.md says what a report consists of."
