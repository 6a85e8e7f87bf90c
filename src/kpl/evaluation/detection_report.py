"""Reports of detections: boxes of objects and of answers, and what became of each at a threshold on scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpl.evaluation.classification import Curve, class_figures
from kpl.evaluation.detection import (
    MOST_ANSWERS,
    OVERLAPS,
    SIZES,
    Answers,
    AveragePrecisions,
    Objects,
    average_precisions,
    detection_curve,
    interpolated,
    match_classes,
    pairs_of,
)
from kpl.evaluation.matching import NO_PARTNER, Pairs, match, overlaps, rank_within, samples_of
from kpl.evaluation.outcomes import DetectionFigures, Events, Fate
from kpl.evaluation.report import (
    HINT,
    MOST_MATRIX_CLASSES,
    SCHEMA,
    EvaluatedOn,
    ReportInvalid,
    ReportManifest,
    answer_files,
    load_array,
    read_manifest,
    write_report,
)

_THRESHOLDS = (np.arange(101) / 100).astype(np.float32)


class Truth(NamedTuple):
    """What is there: of each sample boxes [K,4] xyxy in pixels, ids of classes [K] and, in part, flags [K].

    Args:
        ignored: objects that count neither when found nor when missed, as COCO's crowds.
        difficult: more of these, which are single objects, as VOC's difficult ones.
    """

    boxes: Sequence[ArrayLike]
    class_ids: Sequence[ArrayLike]
    ignored: Sequence[ArrayLike] | None = None
    difficult: Sequence[ArrayLike] | None = None


class Detections(NamedTuple):
    """What a model found: of each sample boxes [K,4] xyxy in pixels, ids of classes [K] and scores [K]."""

    boxes: Sequence[ArrayLike]
    class_ids: Sequence[ArrayLike]
    scores: Sequence[ArrayLike]


class BoxFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files of objects and answers, inside the report's folder; that of a flag is empty when no object has it."""

    rows: str = "rows.npy"
    object_offsets: str = "object_offsets.npy"
    object_boxes: str = "object_boxes.npy"
    object_classes: str = "object_classes.npy"
    object_ignored: str = ""
    object_difficult: str = ""
    answer_offsets: str = "answer_offsets.npy"
    answer_boxes: str = "answer_boxes.npy"
    answer_classes: str = "answer_classes.npy"
    answer_scores: str = "answer_scores.npy"


@dataclass(frozen=True, slots=True)
class DetectionReport:
    """An opened report: objects, answers, and which answer was given to which object of its class.

    Args:
        rows: [N] of the samples in the dataset.
        partners: [D] objects given to the answers of their class, whatever the threshold; an answer below it is left
            out, which changes nothing for those above.
        other_pairs: answers and objects of two classes in one place.
    """

    manifest: ReportManifest
    rows: NDArray[np.int64]
    objects: Objects
    answers: Answers
    partners: NDArray[np.int64]
    other_pairs: Pairs

    @property
    def classes(self) -> list[str]:
        return self.manifest.classes

    def at(self, threshold: float = 0.0) -> DetectionFigures:
        """The figures when answers below the threshold count as none.

        First answers are given to objects of their class. Answers that got none are then given to objects that are
        still free, whatever their class: those were taken for something else.
        """
        objects, answers = self.objects, self.answers
        answer_fates = np.full(len(answers.scores), Fate.BELOW, np.int8)
        is_above = answers.scores >= np.float32(threshold)
        answer_fates[is_above] = Fate.ALONE
        object_fates = np.where(objects.is_ignored, Fate.IGNORED, Fate.ALONE).astype(np.int8)
        is_given = is_above & (self.partners != NO_PARTNER)
        answer_fates[is_given] = np.where(
            objects.is_ignored[self.partners[is_given]], Fate.IGNORED, Fate.RIGHT
        )
        is_right = answer_fates == Fate.RIGHT
        object_fates[self.partners[is_right]] = Fate.RIGHT
        partners = np.where(is_given, self.partners, NO_PARTNER)
        taken_for = self._match_others(object_fates == Fate.ALONE, answer_fates == Fate.ALONE)
        is_wrong = taken_for != NO_PARTNER
        partners[is_wrong] = taken_for[is_wrong]
        answer_fates[is_wrong] = Fate.WRONG
        object_fates[taken_for[is_wrong]] = Fate.WRONG
        events = self._events(object_fates, answer_fates, partners)
        side = len(self.classes) + 1
        pairs = np.bincount(events.labels * side + events.predicted, minlength=side * side)
        pairs = pairs.reshape(side, side).astype(np.int64)
        return DetectionFigures(
            threshold=threshold,
            num_samples=len(self.rows),
            object_fates=object_fates,
            answer_fates=answer_fates,
            partners=partners,
            events=events,
            pairs=pairs,
            per_class=class_figures(
                np.diagonal(pairs)[:-1], pairs[:-1].sum(axis=1), pairs[:, :-1].sum(axis=0)
            ),
        )

    def curve(self, class_id: int | None = None) -> Curve:
        """Precision over recall of one class; without one, of all answers together, with the mean of the areas."""
        is_counted, is_hit = self._counted()
        is_object = ~self.objects.is_ignored
        if class_id is None:
            areas = [self._area(number) for number in range(len(self.classes))]
            known = [area for area in areas if area is not None]
            area = float(np.mean(known)) if known else None
        else:
            is_counted = is_counted & (self.answers.class_ids == class_id)
            is_object &= self.objects.class_ids == class_id
            area = self._area(class_id)
        return detection_curve(
            self.answers.scores[is_counted], is_hit[is_counted], int(is_object.sum()), area
        )

    def best_threshold(self) -> float:
        """The threshold, in hundredths, at which F1 of all objects together is highest; of equal ones the lowest."""
        is_counted, is_hit = self._counted()
        scores = np.sort(self.answers.scores[is_counted])
        right = np.sort(self.answers.scores[is_counted & is_hit])
        num_answers = len(scores) - np.searchsorted(scores, _THRESHOLDS, side="left")
        num_right = len(right) - np.searchsorted(right, _THRESHOLDS, side="left")
        f1 = 2 * num_right / np.maximum(num_answers + int((~self.objects.is_ignored).sum()), 1)
        return int(f1.argmax()) / 100

    def ignored_of(self, index: int, figures: DetectionFigures) -> list[tuple[int, int]]:
        """Numbers of objects and answers of one sample that do not count: (object, answer), NO_PARTNER for none."""
        objects = slice(*self.objects.offsets[index : index + 2].tolist())
        answers = slice(*self.answers.offsets[index : index + 2].tolist())
        things = objects.start + np.flatnonzero(figures.object_fates[objects] == Fate.IGNORED)
        given = answers.start + np.flatnonzero(figures.answer_fates[answers] == Fate.IGNORED)
        return [(number, NO_PARTNER) for number in things.tolist()] + [
            (NO_PARTNER, number) for number in given.tolist()
        ]

    def overlap(self, number: int, answer: int) -> float:
        """Of one object and one answer."""
        crowd = self.objects.is_crowd[number : number + 1]
        return float(overlaps(self.objects.boxes[[number]], crowd, self.answers.boxes[[answer]])[0])

    def areas(self) -> AveragePrecisions:
        """COCO's average precision and recall of each class, at each overlap."""
        pairs = pairs_of(self.objects, self.answers, least=float(OVERLAPS[0]))
        return average_precisions(self.objects, self.answers, pairs, len(self.classes))

    def _counted(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which answers [D] count, and which of them are right, at any threshold they reach."""
        is_given = self.partners != NO_PARTNER
        is_absorbed = is_given & np.append(self.objects.is_ignored, False)[self.partners]
        return ~is_absorbed, is_given & ~is_absorbed

    def _area(self, class_id: int) -> float | None:
        """COCO's area of one class at the report's overlap."""
        is_counted, is_hit = self._counted()
        num_objects = int(((self.objects.class_ids == class_id) & ~self.objects.is_ignored).sum())
        if not num_objects:
            return None
        chosen = np.flatnonzero(self.answers.class_ids == class_id)
        ranks = rank_within(samples_of(self.answers.offsets)[chosen], self.answers.scores[chosen])
        chosen = chosen[(ranks < MOST_ANSWERS) & is_counted[chosen]]
        ranked = chosen[np.argsort(-self.answers.scores[chosen], kind="stable")]
        hits = np.cumsum(is_hit[ranked])
        return interpolated(hits / num_objects, hits / np.arange(1, len(ranked) + 1))

    def _match_others(self, is_free: NDArray[np.bool_], is_asking: NDArray[np.bool_]) -> NDArray[np.int64]:
        pairs = self.other_pairs
        pairs = pairs.where(is_free[pairs.objects] & is_asking[pairs.answers])
        found = match(
            pairs,
            groups=samples_of(self.answers.offsets),
            scores=self.answers.scores,
            is_ignored=self.objects.is_ignored,
            is_shared=self.objects.is_ignored,
            thresholds=np.array([self.manifest.iou_threshold]),
        )
        return found[:, 0].astype(np.int64)

    def _events(
        self, object_fates: NDArray[np.int8], answer_fates: NDArray[np.int8], partners: NDArray[np.int64]
    ) -> Events:
        objects, answers, background = self.objects, self.answers, len(self.classes)
        counted = np.flatnonzero(answer_fates <= Fate.ALONE)
        missed = np.flatnonzero(object_fates == Fate.ALONE)
        labels = np.append(objects.class_ids, background)[partners[counted]]
        return Events(
            objects=np.concatenate((partners[counted], missed)),
            answers=np.concatenate((counted, np.full(len(missed), NO_PARTNER))),
            samples=np.concatenate(
                (samples_of(answers.offsets)[counted], samples_of(objects.offsets)[missed])
            ),
            labels=np.concatenate((labels, objects.class_ids[missed])),
            predicted=np.concatenate((answers.class_ids[counted], np.full(len(missed), background))),
            fates=np.concatenate((answer_fates[counted], object_fates[missed])),
            scores=np.concatenate((answers.scores[counted], np.zeros(len(missed), np.float32))),
        )


def write_detection(
    folder: Path,
    *,
    rows: NDArray[np.integer],
    truth: Truth,
    answers: Detections,
    classes: Sequence[str],
    iou_threshold: float = 0.5,
    dataset: str = "",
    split: str = "",
    cost: Mapping[str, float] | None = None,
    hardware: Mapping[str, str | int | float] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a report of a detection, of faces too, and give back what stands in its `report.json`.

    Args:
        rows: [N] of the samples in the dataset.
        truth: of each of these samples.
        answers: of each of these samples.
        iou_threshold: overlap from which an answer may be right; the areas of COCO have their own.
        dataset: its digest.
        more: further members for `report.json`.
    Raises:
        ReportInvalid: the arrays do not belong together, or hold values that are none.
    """
    checked = np.asarray(rows, np.int64)
    objects = _objects(folder, Truth(*truth), len(checked))
    given = _answers(folder, Detections(*answers), len(checked))
    manifest = ReportManifest(
        schema="kpl.report/v1",
        task="detection",
        dataset=EvaluatedOn(num_samples=len(checked)),
        classes=list(classes),
        iou_threshold=iou_threshold,
    )
    opened = _open(folder, manifest, checked, objects, given)
    threshold = opened.best_threshold()
    figures = opened.at(threshold)
    areas = opened.areas()
    is_difficult = objects.is_difficult if objects.is_difficult is not None else np.zeros(0, bool)
    files = BoxFiles(
        object_ignored="object_ignored.npy" if objects.is_ignored.any() else "",
        object_difficult="object_difficult.npy" if is_difficult.any() else "",
    )
    report = {
        "schema": SCHEMA,
        "task": "detection",
        "dataset": {"digest": dataset, "split": split, "num_samples": len(checked)},
        "classes": list(classes),
        "iou_threshold": iou_threshold,
        "metrics": metrics_of(opened, areas)
        | {
            "score_threshold": threshold,
            "precision": figures.overall.precision,
            "recall": figures.overall.recall,
            "f1": figures.overall.f1,
        },
        "cost": dict(cost or {}),
        "hardware": dict(hardware or {}),
        "answers": msgspec.to_builtins(files),
        "per_class": [
            {"class": name} | asdict(one) | area
            for name, one, area in zip(classes, figures.per_class, class_areas(areas), strict=True)
        ],
    }
    if len(classes) <= MOST_MATRIX_CLASSES:
        report["confusion"] = {"classes": [*classes, "background"], "matrix": figures.pairs.tolist()}
    report |= dict(more or {})
    arrays: dict[str, NDArray[Any]] = {
        files.rows: checked,
        files.object_offsets: objects.offsets,
        files.object_boxes: objects.boxes,
        files.object_classes: objects.class_ids.astype(np.int32),
        files.object_ignored: objects.is_ignored,
        files.object_difficult: is_difficult,
        files.answer_offsets: given.offsets,
        files.answer_boxes: given.boxes,
        files.answer_classes: given.class_ids.astype(np.int32),
        files.answer_scores: given.scores,
    }
    write_report(folder, report, {name: array for name, array in arrays.items() if name})
    return report


def open_detection(folder: Path) -> DetectionReport:
    """Open a report of a detection with the boxes behind it.

    Raises:
        NotFound: there is no report in the folder.
        ReportInvalid: it is of another task, holds no answers, or its arrays do not belong together.
    """
    manifest = read_manifest(folder)
    files = answer_files(folder, manifest, "detection", BoxFiles)
    class_ids = load_array(folder, files.object_classes).astype(np.int64)
    objects = Objects(
        offsets=load_array(folder, files.object_offsets).astype(np.int64),
        boxes=np.asarray(load_array(folder, files.object_boxes)),
        class_ids=class_ids,
        is_ignored=(
            load_array(folder, files.object_ignored).astype(bool)
            if files.object_ignored
            else np.zeros(class_ids.shape, bool)
        ),
        is_difficult=(
            load_array(folder, files.object_difficult).astype(bool) if files.object_difficult else None
        ),
    )
    answers = Answers(
        offsets=load_array(folder, files.answer_offsets).astype(np.int64),
        boxes=np.asarray(load_array(folder, files.answer_boxes)),
        class_ids=load_array(folder, files.answer_classes).astype(np.int64),
        scores=load_array(folder, files.answer_scores).astype(np.float32),
    )
    rows = load_array(folder, files.rows).astype(np.int64)
    return _open(folder, manifest, rows, objects, answers)


def metrics_of(report: DetectionReport, areas: AveragePrecisions) -> dict[str, float]:
    """COCO's summary by the names of `report.json`; what nothing was measured for is left out."""
    pairs = pairs_of(report.objects, report.answers, least=float(OVERLAPS[0]))
    num_classes = len(report.classes)
    values = {
        "map": areas.precision,
        "map50": areas.precision[:, 0],
        "map75": areas.precision[:, 5],
        "mar": areas.recall,
    }
    for size in SIZES:
        found = average_precisions(report.objects, report.answers, pairs, num_classes, size=size)
        values |= {f"map_{size}": found.precision, f"mar_{size}": found.recall}
    return {name: float(np.nanmean(value)) for name, value in values.items() if not np.isnan(value).all()}


def class_areas(areas: AveragePrecisions) -> list[dict[str, float | None]]:
    """What `per_class` of `report.json` says of each class."""
    return [
        {
            "average_precision": None if np.isnan(one).any() else float(one.mean()),
            "average_precision_50": None if np.isnan(one).any() else float(one[0]),
        }
        for one in areas.precision
    ]


def _open(
    folder: Path, manifest: ReportManifest, rows: NDArray[np.int64], objects: Objects, answers: Answers
) -> DetectionReport:
    if not 0 < manifest.iou_threshold <= 1:
        raise ReportInvalid(f"{folder}: iou_threshold is {manifest.iou_threshold}; it lies above 0, up to 1.")
    if rows.ndim != 1 or not len(rows) or not manifest.classes:
        raise ReportInvalid(
            f"{folder}: a report needs samples and classes; there are rows {list(rows.shape)} and "
            f"{len(manifest.classes)} classes.",
            hint=HINT,
        )
    num_classes = len(manifest.classes)
    _check(folder, "object", objects, len(rows), num_classes)
    _check(folder, "answer", answers, len(rows), num_classes)
    for name, flags in (("ignored", objects.is_ignored), ("difficult", objects.is_difficult)):
        if flags is not None and flags.shape != objects.class_ids.shape:
            raise ReportInvalid(
                f"{folder}: object_{name} {list(flags.shape)} has not one flag an object.", hint=HINT
            )
    if answers.scores.shape != answers.class_ids.shape or not np.isfinite(answers.scores).all():
        raise ReportInvalid(f"{folder}: answer_scores are not one number an answer.", hint=HINT)
    pairs = pairs_of(objects, answers, least=manifest.iou_threshold)
    thresholds = np.array([manifest.iou_threshold])
    partners = match_classes(objects, answers, pairs, thresholds=thresholds)[:, 0].astype(np.int64)
    is_other = objects.class_ids[pairs.objects] != answers.class_ids[pairs.answers]
    return DetectionReport(manifest, rows, objects, answers, partners, pairs.where(is_other))


def _check(folder: Path, what: str, given: Objects | Answers, num_samples: int, num_classes: int) -> None:
    offsets, boxes, class_ids = given.offsets, given.boxes, given.class_ids
    if (
        offsets.shape != (num_samples + 1,)
        or class_ids.ndim != 1
        or boxes.shape != (len(class_ids), 4)
        or offsets[0] != 0
        or offsets[-1] != len(class_ids)
        or (np.diff(offsets) < 0).any()
    ):
        raise ReportInvalid(
            f"{folder}: {what}_offsets {list(offsets.shape)}, {what}_boxes {list(boxes.shape)} and {what}_classes "
            f"{list(class_ids.shape)} do not belong together; they are [N+1] from 0 to K, [K,4] and [K], with N "
            f"= {num_samples}.",
            hint=HINT,
        )
    if boxes.dtype.kind != "f":
        raise ReportInvalid(f"{folder}: {what}_boxes are {boxes.dtype}; they must be floats.", hint=HINT)
    bad = np.flatnonzero(
        ~(np.isfinite(boxes).all(axis=1) & (boxes[:, 2] >= boxes[:, 0]) & (boxes[:, 3] >= boxes[:, 1]))
    )
    if len(bad):
        raise ReportInvalid(
            f"{folder}: {what}_boxes[{bad[0]}] is {boxes[bad[0]].tolist()}; a box is xyxy in pixels.",
            hint=HINT,
        )
    wrong = np.flatnonzero((class_ids < 0) | (class_ids >= num_classes))
    if len(wrong):
        raise ReportInvalid(
            f"{folder}: {what}_classes[{wrong[0]}] is {class_ids[wrong[0]]}; classes are 0 to {num_classes - 1}.",
            hint="Leave out objects that have no class.",
        )


def _objects(folder: Path, truth: Truth, num_samples: int) -> Objects:
    offsets, boxes = _joined_boxes(folder, "truth", truth.boxes, num_samples)
    class_ids = _joined(folder, "truth.class_ids", truth.class_ids, offsets)
    ignored, difficult = (
        np.zeros(len(boxes), bool) if given is None else _joined(folder, name, given, offsets).astype(bool)
        for name, given in (("truth.ignored", truth.ignored), ("truth.difficult", truth.difficult))
    )
    # a crowd that is difficult too is a crowd
    return Objects(offsets, boxes, class_ids.astype(np.int64), ignored | difficult, difficult & ~ignored)


def _answers(folder: Path, answers: Detections, num_samples: int) -> Answers:
    offsets, boxes = _joined_boxes(folder, "answers", answers.boxes, num_samples)
    class_ids = _joined(folder, "answers.class_ids", answers.class_ids, offsets)
    scores = _joined(folder, "answers.scores", answers.scores, offsets)
    return Answers(offsets, boxes, class_ids.astype(np.int64), scores.astype(np.float32))


def _joined_boxes(
    folder: Path, name: str, parts: Sequence[ArrayLike], num_samples: int
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    if len(parts) != num_samples:
        raise ReportInvalid(f"{folder}: {name} holds {len(parts)} samples, rows holds {num_samples}.")
    arrays = [np.asarray(part) for part in parts]
    for number, array in enumerate(arrays):
        if array.size and (array.ndim != 2 or array.shape[1] != 4):
            raise ReportInvalid(f"{folder}: {name}.boxes[{number}] is {list(array.shape)}; boxes are [K,4].")
    boxes = np.concatenate([array.reshape(-1, 4) for array in arrays] or [np.empty((0, 4))])
    boxes = boxes if boxes.dtype == np.float32 else boxes.astype(np.float64)
    counts = [len(array) for array in arrays]
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), boxes


def _joined(folder: Path, name: str, parts: Sequence[ArrayLike], offsets: NDArray[np.int64]) -> NDArray[Any]:
    arrays = [np.asarray(part).reshape(-1) for part in parts]
    expected = np.diff(offsets).tolist()
    for number, (array, count) in enumerate(zip(arrays, expected, strict=False)):
        if len(array) != count:
            raise ReportInvalid(f"{folder}: {name}[{number}] has {len(array)} entries for {count} boxes.")
    if len(arrays) != len(expected):
        raise ReportInvalid(f"{folder}: {name} holds {len(arrays)} samples, boxes holds {len(expected)}.")
    return np.concatenate(arrays or [np.empty(0)])
