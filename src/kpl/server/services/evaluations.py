"""Evaluations: the report a test left behind, at any threshold, down to the samples behind each figure."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Invalid, NotFound, nearest
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
    EvaluationSliceOut,
    EvaluationSlicesOut,
    Outcome,
    SampleOrder,
)
from kpl.sentence import Sentence
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services import evaluated_detections
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.evaluated_detections import Wanted
from kpl.server.services.evaluation_reports import (
    DETECTION,
    Reported,
    manifest_of,
    open_classification,
    open_detection,
)
from kpl.server.services.evaluation_slices import division_names, find_division, part_of
from kpl.server.services.paging import decode_cursor, encode_cursor
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.state_words import state_in_chinese
from kpl.server.services.tasks import task_row
from kpl.task import TaskSpec, TaskState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.evaluation import ClassificationReport, DetectionFigures, ReportManifest
    from kpl.evaluation.report import ClassAreas, FiguresAt
    from kpl.evaluation.report import Outcome as ClassificationOutcome

MOST_CLASSES = 2000
MOST_MATRIX_CLASSES = 60
MOST_MISTAKES = 500
_BEST = 3
# The kind that algorithms declare for an output that holds a report.
REPORT_KIND = "metrics"
_OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    "classification": ("right", "wrong", "unanswered", "error"),
    DETECTION: ("right", "wrong", "missed", "false_alarm", "error"),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """The task whose report is asked for, what it took, and the report itself."""

    task: TaskRow
    output: str
    dataset: EvaluatedDatasetOut
    model: EvaluatedModelOut | None
    manifest: "ReportManifest"
    folder: Path

    @property
    def is_detection(self) -> bool:
        return self.manifest.task == DETECTION

    def reported(self, platform: Platform) -> Reported:
        """The report with its dataset, which is laid out on the disk for it."""
        digest = self.dataset.artifact
        dataset = None if digest is None else platform.artifacts.materialize(digest)
        return Reported(self.folder, self.is_detection, dataset)

    def threshold(self, asked: float | None) -> float:
        """The threshold asked for; left out, where F1 of a detection is highest, and 0 of a classification."""
        if asked is not None:
            return asked
        return evaluated_detections.best_threshold(self.folder) if self.is_detection else 0.0

    def class_id(self, name: str | None) -> int | None:
        classes = self.manifest.classes
        if name is None:
            return None
        if name not in classes:
            raise NotFound(
                Sentence(f"There is no class '{name}' in this report.", f"此报告中没有类别“{name}”。"),
                hint=nearest(name, classes),
            )
        return classes.index(name)


def get_evaluation(
    platform: Platform, caller: Caller, project: str, task_id: int, *, threshold: float | None
) -> EvaluationReportOut:
    """Show the figures of a test when answers below the threshold count as none.

    Raises:
        NotFound: the task has no report.
        Conflict: the task is not over.
    """
    found = _find(platform, caller, project, task_id)
    manifest, at = found.manifest, found.threshold(threshold)
    figures: FiguresAt | DetectionFigures
    if found.is_detection:
        figures = evaluated_detections.figures_at(found.folder, at)
        detection = evaluated_detections.detection_out(found.folder, at)
        metrics, areas = evaluated_detections.areas_of(found.folder)
    else:
        figures = open_classification(found.folder).at(at)
        detection = None
        metrics, areas = manifest.metrics, manifest.per_class
    num_classes = len(manifest.classes)
    present = [one.f1 for one in figures.per_class if one.support]
    known = areas if len(areas) == num_classes else [None] * num_classes
    return EvaluationReportOut(
        task_id=task_id,
        run_id=found.task.run_id,
        task_name=found.task.name,
        output=found.output,
        task=manifest.task,
        dataset=found.dataset,
        model=found.model,
        metrics=metrics,
        cost=manifest.cost,
        hardware=manifest.hardware,
        threshold=at,
        num_samples=figures.num_samples,
        num_answered=figures.num_answered,
        num_right=figures.num_right,
        accuracy=figures.accuracy,
        coverage=figures.coverage,
        macro_f1=sum(present) / len(present) if present else 0.0,
        detection=detection,
        num_classes=num_classes,
        classes=[
            _class_out(class_id, name, figures, area)
            for class_id, (name, area) in enumerate(zip(manifest.classes[:MOST_CLASSES], known, strict=False))
        ],
        confusions=_confusions(figures.pairs, num_classes),
        is_matrix_complete=num_classes <= MOST_MATRIX_CLASSES,
    )


def get_curve(
    platform: Platform, caller: Caller, project: str, task_id: int, *, class_name: str | None
) -> EvaluationCurveOut:
    """Show how precision, recall and false alarms change with the threshold."""
    found = _find(platform, caller, project, task_id)
    report = open_detection(found.folder) if found.is_detection else open_classification(found.folder)
    curve = report.curve(found.class_id(class_name))
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


def get_slices(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    threshold: float | None,
    by: str | None,
) -> EvaluationSlicesOut:
    """Show the figures of parts of a report, the worst first.

    Raises:
        NotFound: the report cannot be divided so.
    """
    from kpl.evaluation import slice_figures

    found = _find(platform, caller, project, task_id)
    at = found.threshold(threshold)
    reported = found.reported(platform)
    names = division_names(reported)
    if by is None and not names:
        return EvaluationSlicesOut(divisions=[], by=None, threshold=at, slices=[])
    division = find_division(reported, names[0] if by is None else by)
    if found.is_detection:
        figures = evaluated_detections.figures_at(found.folder, at)
        parts, tallies = division.of_events(figures), figures.tallies()
    else:
        parts, tallies = division.codes, open_classification(found.folder).tallies(at)
    slices = [
        EvaluationSliceOut(
            value=value,
            support=one.overall.support,
            num_right=one.num_right,
            num_wrong=one.num_wrong,
            num_unanswered=one.num_missed,
            num_false_alarms=one.num_false_alarms,
            precision=one.overall.precision,
            recall=one.overall.recall,
            f1=one.overall.f1,
        )
        for value, one in zip(
            division.values, slice_figures(parts, tallies, len(division.values)), strict=True
        )
        if one.overall.support or one.num_false_alarms
    ]
    slices.sort(key=lambda one: one.f1)
    return EvaluationSlicesOut(divisions=names, by=by or names[0], threshold=at, slices=slices)


def list_evaluated_samples(
    platform: Platform,
    caller: Caller,
    project: str,
    task_id: int,
    *,
    threshold: float | None,
    label: str | None,
    predicted: str | None,
    outcome: Outcome | None,
    by: str | None,
    value: str | None,
    order: SampleOrder,
    cursor: str | None,
    limit: int,
) -> EvaluatedSamplesOut:
    """List the samples that a figure counts, with their answers.

    Raises:
        Invalid: nothing in a report of this task has such an outcome.
    """
    found = _find(platform, caller, project, task_id)
    at = found.threshold(threshold)
    known = _OUTCOMES.get(found.manifest.task, ())
    if outcome is not None and known and outcome not in known:
        task = found.manifest.task
        raise Invalid(
            Sentence(
                f"outcome: there is no '{outcome}' in the report of a {task}.",
                f"outcome：{task} 的报告中没有“{outcome}”。",
            ),
            hint=Sentence(f"One of {', '.join(known)}.", f"可选：{'、'.join(known)}。"),
        )
    wanted = Wanted(found.class_id(label), found.class_id(predicted), outcome, by, value)
    reported = found.reported(platform)
    if found.is_detection:
        matches, counted = evaluated_detections.find_samples(reported, at, wanted, order)
    else:
        matches = counted = _find_samples(reported, at, wanted, order)
    start = 0 if cursor is None else max(0, int(decode_cursor(cursor, int)))
    chosen = matches[start : start + limit]
    end = start + len(chosen)
    if found.is_detection:
        items = evaluated_detections.samples_out(reported, at, chosen, counted)
    else:
        items = [_sample_out(open_classification(found.folder), index, at) for index in chosen.tolist()]
    return EvaluatedSamplesOut(
        items=items,
        next_cursor=encode_cursor(end) if end < len(matches) else None,
        num_matches=len(matches),
        num_counted=len(counted),
    )


def _find_samples(
    reported: Reported, threshold: float, wanted: Wanted, order: SampleOrder
) -> "NDArray[np.intp]":
    """Indices of the samples that a figure counts, in order."""
    report = open_classification(reported.folder)
    matches = report.find(
        threshold=threshold,
        label=wanted.label,
        predicted=wanted.predicted,
        outcome=cast("ClassificationOutcome | None", wanted.outcome),
    )
    if wanted.by is not None:
        division = find_division(reported, wanted.by)
        matches = matches[division.codes[matches] == part_of(division, wanted.value)]
    if order in ("row", "most"):  # a sample is one answer
        return matches
    certainty = report.certainty[matches]
    return matches[(-certainty if order == "certain" else certainty).argsort(kind="stable")]


def _find(platform: Platform, caller: Caller, project: str, task_id: int) -> _Found:
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        task = task_row(session, owner, task_id)
        spec = decode_spec(
            session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task_id)).one()
        )
        output, artifact = _report_of(session, task, spec)
        taken = dict(
            session.execute(
                select(TaskInputRow.name, TaskInputRow.artifact).where(TaskInputRow.task_id == task_id)
            ).all()
        )
        digests = {each.type: taken[each.name] for each in reversed(spec.inputs) if taken.get(each.name)}
        folder = platform.artifacts.materialize(artifact)
        manifest = manifest_of(folder)
        return _Found(
            task=task,
            output=output,
            dataset=_dataset_of(session, owner.id, digests.get("dataset"), manifest),
            model=_model_of(session, owner.id, digests.get("model")),
            manifest=manifest,
            folder=folder,
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


def _class_out(
    class_id: int, name: str, figures: "FiguresAt | DetectionFigures", area: "ClassAreas | None"
) -> EvaluatedClassOut:
    one = figures.per_class[class_id]
    return EvaluatedClassOut(
        class_id=class_id,
        name=name,
        support=one.support,
        num_predicted=one.num_predicted,
        num_unanswered=int(figures.pairs[class_id, len(figures.per_class)]),
        precision=one.precision,
        recall=one.recall,
        f1=one.f1,
        average_precision=area.average_precision if area else None,
        average_precision_50=area.average_precision_50 if area else None,
        roc_auc=area.roc_auc if area else None,
    )


def _confusions(pairs: "NDArray[np.int64]", num_classes: int) -> list[ConfusionOut]:
    """All pairs that occur, or the most frequent mistakes where a matrix would be too large to look at.

    Args:
        pairs: [C,C+1], or [C+1,C+1] with a row for false alarms.
    """
    import numpy as np

    is_shown = pairs > 0
    if num_classes > MOST_MATRIX_CLASSES:
        is_shown = is_shown.copy()
        np.fill_diagonal(is_shown, False)
        is_shown[num_classes:] = False
        is_shown[:, num_classes] = False
    labels, columns = np.nonzero(is_shown)
    counts = pairs[labels, columns]
    if num_classes > MOST_MATRIX_CLASSES:
        most = np.argsort(-counts, kind="stable")[:MOST_MISTAKES]
        labels, columns, counts = labels[most], columns[most], counts[most]
    return [
        ConfusionOut(
            label=None if label == num_classes else label,
            predicted=None if column == num_classes else column,
            count=count,
        )
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
        detection=None,
    )


_UNPUBLISHED = (None, None)
