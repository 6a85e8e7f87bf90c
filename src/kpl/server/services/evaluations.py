"""Evaluations: the report a test left behind, at any threshold, down to the samples behind each figure."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, NotFound, nearest
from kpl.schemas.evaluation import (
    AnswerOut,
    ConfusionOut,
    EvaluatedClassOut,
    EvaluatedDatasetOut,
    EvaluatedModelOut,
    EvaluatedSampleOut,
    EvaluatedSamplesOut,
    EvaluationCurveOut,
    EvaluationReportOut,
    Outcome,
    SampleOrder,
)
from kpl.sentence import Sentence
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.paging import decode_cursor, encode_cursor
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.state_words import state_in_chinese
from kpl.server.services.tasks import task_row
from kpl.task import TaskSpec, TaskState

if TYPE_CHECKING:
    from kpl.evaluation import ClassificationReport, ReportManifest
    from kpl.evaluation.report import FiguresAt

MOST_CLASSES = 2000
MOST_MATRIX_CLASSES = 60
MOST_MISTAKES = 500
_BEST = 3
_OPEN_REPORTS = 8
# The kind that algorithms declare for an output that holds a report.
REPORT_KIND = "metrics"


@dataclass(frozen=True, slots=True)
class _Found:
    """The task whose report is asked for, what it took, and the report itself."""

    task: TaskRow
    output: str
    dataset: EvaluatedDatasetOut
    model: EvaluatedModelOut | None
    report: "ClassificationReport"


def get_evaluation(
    platform: Platform, caller: Caller, project: str, task_id: int, *, threshold: float
) -> EvaluationReportOut:
    """Show the figures of a test when answers below the threshold count as none.

    Raises:
        NotFound: the task has no report.
        Conflict: the task is not over.
    """
    found = _find(platform, caller, project, task_id)
    manifest = found.report.manifest
    figures = found.report.at(threshold)
    num_classes = len(manifest.classes)
    present = [one.f1 for one in figures.per_class if one.support]
    areas = manifest.per_class if len(manifest.per_class) == num_classes else [None] * num_classes
    return EvaluationReportOut(
        task_id=task_id,
        run_id=found.task.run_id,
        task_name=found.task.name,
        output=found.output,
        task=manifest.task,
        dataset=found.dataset,
        model=found.model,
        metrics=manifest.metrics,
        cost=manifest.cost,
        hardware=manifest.hardware,
        threshold=threshold,
        num_samples=figures.num_samples,
        num_answered=figures.num_answered,
        num_right=figures.num_right,
        accuracy=figures.accuracy,
        coverage=figures.coverage,
        macro_f1=sum(present) / len(present),
        num_classes=num_classes,
        classes=[
            EvaluatedClassOut(
                class_id=class_id,
                name=name,
                support=one.support,
                num_predicted=one.num_predicted,
                num_unanswered=int(figures.pairs[class_id, num_classes]),
                precision=one.precision,
                recall=one.recall,
                f1=one.f1,
                average_precision=area.average_precision if area else None,
                roc_auc=area.roc_auc if area else None,
            )
            for class_id, (name, one, area) in enumerate(
                zip(manifest.classes[:MOST_CLASSES], figures.per_class, areas, strict=False)
            )
        ],
        confusions=_confusions(figures),
        is_matrix_complete=num_classes <= MOST_MATRIX_CLASSES,
    )


def get_curve(
    platform: Platform, caller: Caller, project: str, task_id: int, *, class_name: str | None
) -> EvaluationCurveOut:
    """Show how precision, recall and false alarms change with the threshold."""
    report = _find(platform, caller, project, task_id).report
    curve = report.curve(_class_id(report, class_name))
    return EvaluationCurveOut(
        class_name=class_name,
        thresholds=curve.thresholds.tolist(),
        precision=curve.precision.tolist(),
        recall=curve.recall.tolist(),
        false_positive_rate=curve.false_positive_rate.tolist(),
        num_positive=curve.num_positive,
        num_negative=curve.num_negative,
        average_precision=curve.average_precision,
        roc_auc=curve.roc_auc,
    )


def list_evaluated_samples(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    threshold: float,
    label: str | None,
    predicted: str | None,
    outcome: Outcome | None,
    order: SampleOrder,
    cursor: str | None,
    limit: int,
) -> EvaluatedSamplesOut:
    """List the samples that a figure counts, with their answers."""
    report = _find(platform, caller, project, task_id).report
    matches = report.find(
        threshold=threshold,
        label=_class_id(report, label),
        predicted=_class_id(report, predicted),
        outcome=outcome,
    )
    if order != "row":
        certainty = report.certainty[matches]
        matches = matches[(-certainty if order == "certain" else certainty).argsort(kind="stable")]
    start = 0 if cursor is None else max(0, int(decode_cursor(cursor, int)))
    chosen = matches[start : start + limit]
    end = start + len(chosen)
    return EvaluatedSamplesOut(
        items=[_sample_out(report, int(index), threshold) for index in chosen],
        next_cursor=encode_cursor(end) if end < len(matches) else None,
        num_matches=len(matches),
    )


@lru_cache(maxsize=_OPEN_REPORTS)
def _open(folder: Path) -> "ClassificationReport":
    """The report in a materialised artifact; its files never change, so it is opened once."""
    from kpl.evaluation import open_classification  # NumPy is not loaded before somebody looks at a report

    return open_classification(folder)


def _find(platform: Platform, caller: Caller, project: str, task_id: int) -> _Found:
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task = task_row(session, owner, task_id)
        spec = decode_spec(
            session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one()
        )
        output, artifact = _report_of(session, task, spec)
        report = _open(platform.artifacts.materialize(artifact))
        taken = dict(
            session.execute(
                select(TaskInputRow.name, TaskInputRow.artifact).where(TaskInputRow.task_id == task_id)
            ).all()
        )
        digests = {each.type: taken[each.name] for each in reversed(spec.inputs) if taken.get(each.name)}
        return _Found(
            task=task,
            output=output,
            dataset=_dataset_of(session, owner.id, digests.get("dataset"), report.manifest),
            model=_model_of(session, owner.id, digests.get("model")),
            report=report,
        )


def _report_of(session: Session, task: TaskRow, spec: TaskSpec) -> tuple[str, str]:
    """Name and digest of the output that holds the task's report."""
    names = [each.name for each in spec.outputs if each.type == "files" and each.kind == REPORT_KIND]
    if not names:
        raise NotFound(
            Sentence(
                f"Task {task.id} '{task.name}' makes no evaluation report.",
                f"任务 {task.id}“{task.name}”不生成评测报告。",
            ),
            hint=Sentence(
                "Tests do: their algorithms declare an output of type files and kind metrics.",
                "测试任务才生成：其算法声明类型为 files、种类为 metrics 的输出。",
            ),
        )
    stored = select(TaskOutputRow.artifact).where(
        TaskOutputRow.task_id == task.id, TaskOutputRow.name == names[0]
    )
    artifact = session.scalar(stored)
    if artifact is None:
        state = TaskState(task.state)
        if not state.is_final:
            raise Conflict(
                Sentence(
                    f"Task {task.id} '{task.name}' is {state}.",
                    f"任务 {task.id}“{task.name}”状态为{state_in_chinese(state)}。",
                ),
                hint=Sentence("Its report comes at its end.", "任务结束时才有报告。"),
            )
        raise NotFound(
            Sentence(
                f"Task {task.id} '{task.name}' ({state}) left no report.",
                f"任务 {task.id}“{task.name}”（{state_in_chinese(state)}）没有留下报告。",
            ),
            hint=Sentence("Look at its log.", "请查看其日志。"),
        )
    return names[0], artifact


def _dataset_of(
    session: Session, project_id: int, digest: str | None, manifest: "ReportManifest"
) -> EvaluatedDatasetOut:
    published = (
        session.execute(
            select(DatasetRow.name, DatasetVersionRow.version)
            .join(DatasetVersionRow, DatasetVersionRow.dataset_id == DatasetRow.id)
            .where(DatasetVersionRow.digest == digest, DatasetVersionRow.project_id == project_id)
            .order_by(DatasetVersionRow.id.desc())
            .limit(1)
        ).first()
        or _UNPUBLISHED
    )
    return EvaluatedDatasetOut(
        artifact=digest,
        name=published[0],
        version=published[1],
        split=manifest.dataset.split,
        num_samples=manifest.dataset.num_samples,
    )


def _model_of(session: Session, project_id: int, digest: str | None) -> EvaluatedModelOut | None:
    if digest is None:
        return None
    published = (
        session.execute(
            select(ModelRow.name, ModelVersionRow.version)
            .join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
            .where(ModelVersionRow.digest == digest, ModelVersionRow.project_id == project_id)
            .order_by(ModelVersionRow.id.desc())
            .limit(1)
        ).first()
        or _UNPUBLISHED
    )
    return EvaluatedModelOut(artifact=digest, name=published[0], version=published[1])


def _class_id(report: "ClassificationReport", name: str | None) -> int | None:
    if name is None:
        return None
    if name not in report.classes:
        raise NotFound(
            Sentence(f"There is no class '{name}' in this report.", f"此报告中没有类别“{name}”。"),
            hint=nearest(name, report.classes),
        )
    return report.classes.index(name)


def _confusions(figures: "FiguresAt") -> list[ConfusionOut]:
    """All pairs that occur, or the most frequent mistakes where a matrix would be too large to look at."""
    import numpy as np

    pairs = figures.pairs
    num_classes = len(pairs)
    is_shown = pairs > 0
    if num_classes > MOST_MATRIX_CLASSES:
        is_shown = is_shown.copy()
        np.fill_diagonal(is_shown, False)
        is_shown[:, num_classes] = False
    labels, columns = np.nonzero(is_shown)
    counts = pairs[labels, columns]
    if num_classes > MOST_MATRIX_CLASSES:
        most = np.argsort(-counts, kind="stable")[:MOST_MISTAKES]
        labels, columns, counts = labels[most], columns[most], counts[most]
    return [
        ConfusionOut(label=label, predicted=None if column == num_classes else column, count=count)
        for label, column, count in zip(labels.tolist(), columns.tolist(), counts.tolist(), strict=True)
    ]


def _sample_out(report: "ClassificationReport", index: int, threshold: float) -> EvaluatedSampleOut:
    scores = report.scores[index]
    best = (-scores).argsort(kind="stable")[:_BEST].tolist()
    certainty = float(report.certainty[index])
    return EvaluatedSampleOut(
        row=int(report.rows[index]),
        label=report.classes[report.labels[index]],
        predicted=report.classes[report.predicted[index]] if report.is_answered(index, threshold) else None,
        score=certainty,
        best=[
            AnswerOut(class_id=class_id, label=report.classes[class_id], score=float(scores[class_id]))
            for class_id in best
        ],
    )


_UNPUBLISHED = (None, None)
