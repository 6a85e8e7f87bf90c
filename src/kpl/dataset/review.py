"""A model's answers that people accept as labels, or reject.

Accepted answers stand in the labels; the layer of answers stays as it is, so that both can be seen beside each other.
What was decided of each sample, and by whom, stands in a layer of its own, `predictions-review` for `predictions`:
an answer that was rejected is not offered again, nothing is taken out of the model's layer, and whoever trains can tell
samples that a person has looked at from those that nobody has. The latter matters where a dataset had no labels: a
sample without a verdict has no class, or no objects, because nobody has said yet what it shows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpl.dataset import versions
from kpl.dataset.kinds import LABELS, NO_LABEL, SAMPLES, TEMPLATES, Kind
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample
from kpl.errors import Invalid, NotFound, nearest
from kpl.sentence import Sentence

ACCEPTED, REJECTED = "accepted", "rejected"
REVIEW_SUFFIX = "-review"

# What a layer of answers must have to be the labels of each kind; an unlabelled dataset becomes the first that fits.
_ANSWERS: dict[Kind, tuple[str, ...]] = {
    Kind.INSTANCE_SEGMENTATION: ("masks", "labels"),
    Kind.DETECTION: ("boxes", "labels"),
    Kind.FACE_DETECTION: ("boxes", "labels"),
    Kind.SEMANTIC_SEGMENTATION: ("mask",),
    Kind.CLASSIFICATION: ("label",),
    Kind.FACE_RECOGNITION: ("label",),
    Kind.TABULAR: ("label",),
    Kind.TEXT: ("label",),
}


class Verdicts(NamedTuple):
    """What a person decided, by the keys of samples.

    Attributes:
        by: who it was.
        min_score: objects of accepted answers that are less sure are left out; a class is taken whatever its score.
    """

    accept: Sequence[str]
    reject: Sequence[str]
    by: str
    min_score: float = 0.0


def review(source: Dataset, dest: Path, verdicts: Verdicts, *, layer: str, message: str = "") -> Dataset:
    """Make a dataset in `dest` in which answers are labels, or rejected; the images are shared with `source`.

    A sample whose accepted answer is rejected later loses the label that it got by it.

    Args:
        layer: of the answers.
    Raises:
        NotFound: there is no such sample or layer.
        Invalid: the layer does not answer what datasets of this kind have labels for, or a sample has no answer.
        BadSample: an answer cannot be a label, as with a class that has no name.
    """
    kind = kind_of_labels(source, layer)
    by_key = dict.fromkeys(verdicts.accept, ACCEPTED) | dict.fromkeys(verdicts.reject, REJECTED)
    if len(by_key) < len(set(verdicts.accept)) + len(set(verdicts.reject)):
        both = next(key for key in verdicts.reject if key in set(verdicts.accept))
        raise Invalid(
            Sentence(f"Sample '{both}' is both accepted and rejected.", f"样本“{both}”既被接受又被拒绝。"),
            hint=Sentence("Decide for one.", "请选择其一。"),
        )
    labels = _accepted_labels(source, layer, kind, verdicts)
    before = verdict_of(source, layer)
    if before is not None:
        taken_back = [key for key in verdicts.reject if before[_place(source, key)] == ACCEPTED]
        labels |= {key: _nothing(kind) for key in taken_back}
    reviews = {key: {"verdict": verdict, "by": verdicts.by} for key, verdict in by_key.items()}
    name = f"{layer}{REVIEW_SUFFIX}"
    made: dict[str, Mapping[str, Any]] = {}
    if kind is not source.kind:
        made[LABELS] = {field: [value] * len(source) for field, value in _nothing(kind).items()}
    if before is None:
        made[name] = _column_by_column(source, reviews)
    result = source.derive(dest, kind=kind, layers=made)
    if labels:
        result = versions.correct(dest, labels, message=message)
    if before is not None:
        result = versions.correct(dest, reviews, layer=name, message=message)
    return result


def kind_of_labels(source: Dataset, layer: str) -> Kind:
    """The kind that the dataset has when such answers are its labels: its own, or for an unlabelled one what fits.

    Raises:
        NotFound: there is no such layer.
        Invalid: the layer does not answer what such a dataset has labels for.
    """
    if layer not in source.layers or layer in (SAMPLES, LABELS):
        known = [each for each in source.layers if each not in (SAMPLES, LABELS)]
        raise NotFound(
            Sentence(f"There is no layer '{layer}' of answers.", f"没有预测图层“{layer}”。"),
            hint=nearest(layer, known),
        )
    answered = _fields_of(source, layer)
    fitting = [kind for kind, fields in _ANSWERS.items() if answered.issuperset(fields)]
    if source.kind is Kind.UNLABELLED and fitting:
        if not source.class_names:
            raise Invalid(
                Sentence(
                    f"The classes that layer '{layer}' answers have no names in {source.path}.",
                    f"图层“{layer}”预测的类别在 {source.path} 中没有名称。",
                ),
                hint=Sentence("Derive the dataset with `class_names`.", "请用 `class_names` 派生数据集。"),
            )
        return fitting[0]
    if source.kind not in fitting:
        needed = _ANSWERS.get(source.kind, ())
        raise Invalid(
            Sentence(
                f"Answers of layer '{layer}' cannot be labels of a dataset for {source.kind}: "
                f"it has the fields {', '.join(sorted(answered))}.",
                f"图层“{layer}”的预测不能作为 {source.kind} 类数据集的标注：其字段为 {'、'.join(sorted(answered))}。",
            ),
            hint=Sentence(f"Needed are {', '.join(needed)}.", f"需要 {'、'.join(needed)}。")
            if needed
            else Sentence(
                "Review datasets for classification, detection or segmentation.",
                "请审核分类、检测或分割数据集。",
            ),
        )
    return source.kind


def verdict_of(source: Dataset, layer: str) -> NDArray[Any] | None:
    """[len] what was decided of each sample's answer: `accepted`, `rejected` or None; None if nobody has reviewed."""
    name = f"{layer}{REVIEW_SUFFIX}"
    return np.asarray(source.columns(f"{name}.verdict"), object) if name in source.layers else None


def _fields_of(source: Dataset, layer: str) -> set[str]:
    return next(
        {field.name for field in each.fields}
        for each in source.snapshot.manifest.layers
        if each.name == layer
    )


def _accepted_labels(
    source: Dataset, layer: str, kind: Kind, verdicts: Verdicts
) -> dict[str, Mapping[str, Any]]:
    """Labels by the key of each sample that is accepted."""
    found: dict[str, Mapping[str, Any]] = {}
    unanswered = []
    for key in verdicts.accept:
        answer = _answer(source.find(key), layer, kind, verdicts.min_score)
        if answer is None:
            unanswered.append(key)
        else:
            found[key] = answer
    if number := len(unanswered):
        raise Invalid(
            Sentence(
                f"Layer '{layer}' has no answer for {number} of the accepted samples, as for '{unanswered[0]}'.",
                f"图层“{layer}”对 {number} 个已接受的样本没有预测，例如“{unanswered[0]}”。",
            ),
            hint=Sentence("Leave them out.", "请不要选择它们。"),
        )
    return found


def _answer(sample: Sample, layer: str, kind: Kind, min_score: float) -> Mapping[str, Any] | None:
    """The values of the label fields that a model's answer is; None where it gave none."""
    needed = _ANSWERS[kind]
    answers = {name: sample[f"{layer}.{name}"] for name in needed}
    if needed == ("label",):
        return answers if answers["label"] is not None and answers["label"] >= 0 else None
    if needed == ("mask",):
        return None if answers["mask"] is None else {"mask": bytes(answers["mask"])}
    objects = answers["labels"]
    if objects is None or answers[needed[0]] is None:
        return None
    kept = _kept_objects(sample, layer, len(objects), min_score)
    more = ("boxes",) if "boxes" not in needed and f"{layer}.boxes" in sample else ()
    values = {name: sample[f"{layer}.{name}"] for name in (*needed, *more)}
    # What was said about the objects that were there before is not true of these.
    blank: dict[str, Any] = dict.fromkeys(TEMPLATES[kind].objects)
    return blank | {name: [value[index] for index in kept] for name, value in values.items()}


def _kept_objects(sample: Sample, layer: str, num_objects: int, min_score: float) -> list[int]:
    """Numbers of the objects that are sure enough and have an area, which labels must."""
    is_kept = np.ones(num_objects, np.bool_)
    if f"{layer}.boxes" in sample:
        boxes = np.asarray(sample[f"{layer}.boxes"], np.float32).reshape(-1, 4)
        is_kept &= (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if min_score > 0 and f"{layer}.scores" in sample:
        is_kept &= np.asarray(sample[f"{layer}.scores"]) >= min_score
    return np.flatnonzero(is_kept).tolist()


def _nothing(kind: Kind) -> dict[str, Any]:
    """Values of the label fields of a sample of which nothing is known."""
    if _ANSWERS[kind] == ("label",):
        return {"label": NO_LABEL}
    if _ANSWERS[kind] == ("mask",):
        return {"mask": None, "classes": np.zeros(0, np.int32), "pixels": np.zeros(0, np.int64)}
    return _no_objects(kind)


def _no_objects(kind: Kind) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "boxes": np.zeros((0, 4), np.float32),
        "labels": np.zeros(0, np.int32),
        "masks": [],
        "attributes": None,
        "landmarks": None,
    }
    return {name: empty.get(name, np.zeros(0, np.bool_)) for name in TEMPLATES[kind].objects}


def _column_by_column(
    source: Dataset, reviews: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str | None]]:
    """Reviews of all samples, of which most have none."""
    columns: dict[str, list[str | None]] = {"verdict": [None] * len(source), "by": [None] * len(source)}
    for key, review_ in reviews.items():
        place = _place(source, key)
        for name, value in review_.items():
            columns[name][place] = value
    return columns


def _place(source: Dataset, key: str) -> int:
    row = source.find(key).row
    return int(np.searchsorted(source.rows, row)) if source.is_view else row
