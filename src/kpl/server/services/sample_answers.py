"""What is known of a sample as answers show it: labels, boxes, landmarks, texts, and what a model said."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from kpl.errors import NotFound, nearest
from kpl.schemas.dataset import BoxOut, LayerOut, PredictedOut, PredictionOut, SampleOut, Verdict
from kpl.sentence import Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset, Sample

LABELS, SAMPLES, PREDICTIONS = "labels", "samples", "predictions"
MOST_BOXES = 50
"""Boxes of a sample in a list: more cannot be told apart in a picture of the grid."""
MOST_TEXT, MOST_VALUES = 400, 40
_SHORT_VALUE = 200
_DECIMALS = 2
_OUTLINE_TOLERANCE = 0.7

Answers = Literal["class", "boxes", "mask"]


def layers_of(dataset: "Dataset") -> list[LayerOut]:
    """The layers of a version, and what those of predictions say."""
    found = []
    for layer in dataset.snapshot.manifest.layers:
        if layer.name not in dataset.layers:
            continue
        fields = {field.name: field.type for field in layer.fields}
        answers = [] if layer.name in (SAMPLES, LABELS) else _answers(set(fields))
        role = layer.name if layer.name in (SAMPLES, LABELS) else PREDICTIONS if answers else "other"
        found.append(LayerOut(name=layer.name, role=role, fields=fields, answers=answers))
    return found


def _answers(fields: set[str]) -> list[Answers]:
    """What a model says by such fields, named as a dataset's own labels are."""
    said: list[tuple[Answers, bool]] = [
        ("class", "label" in fields),
        ("boxes", {"boxes", "labels"} <= fields),
        ("mask", "mask" in fields or {"masks", "labels"} <= fields),
    ]
    return [answer for answer, is_there in said if is_there]


def predictions_layer(dataset: "Dataset", name: str | None) -> LayerOut | None:
    """The layer of predictions of that name; without a name, that called `predictions` if there is one.

    Raises:
        NotFound: the dataset has no such layer of predictions.
    """
    layers = {layer.name: layer for layer in layers_of(dataset) if layer.role == PREDICTIONS}
    if name is not None and name not in layers:
        raise NotFound(
            Sentence(f"There is no layer '{name}' of predictions.", f"没有预测图层“{name}”。"),
            hint=nearest(name, layers),
        )
    return layers.get(name or PREDICTIONS)


def sample_out(
    dataset: "Dataset", sample: "Sample", predictions: LayerOut | None, *, is_whole: bool
) -> SampleOut:
    """One sample.

    Args:
        predictions: the layer whose answers go with it.
        is_whole: with all boxes and their outlines, and all of a long text; otherwise short, for a list.
    """
    class_id = class_id_of(sample, "label")
    boxes = _objects(dataset, sample, "", is_whole=is_whole)
    text = _value(sample, "text")
    verdict, verdict_by = _verdict(sample, predictions)
    return SampleOut(
        row=sample.row,
        key=sample.key,
        split=sample.split or "",
        has_image="image" in sample,
        width=_number(sample, "width"),
        height=_number(sample, "height"),
        class_id=class_id,
        label=class_name_of(dataset, class_id),
        boxes=boxes or [],
        num_boxes=_num_objects(sample, ""),
        has_mask=_has_mask(sample, ""),
        text=text if text is None or is_whole else text[:MOST_TEXT],
        values=_values(dataset, sample, is_whole=is_whole),
        verdict=verdict,
        verdict_by=verdict_by,
        prediction=_prediction(dataset, sample, predictions),
        predicted=_predicted(dataset, sample, predictions, is_whole=is_whole),
    )


def _value(sample: "Sample", name: str) -> Any:
    """A field of the sample; None when datasets of its kind have none of that name, or it has no value."""
    return sample[name] if name in sample else None  # noqa: SIM401  absent fields raise NotFound


def _number(sample: "Sample", name: str) -> int | None:
    value = _value(sample, name)
    return None if value is None else int(value)


def class_id_of(sample: "Sample", name: str) -> int | None:
    """The class in a field of a sample; None where it has none."""
    label = _value(sample, name)
    return None if label is None or int(label) < 0 else int(label)


def class_name_of(dataset: "Dataset", class_id: int | None) -> str | None:
    """The name of a class; None for one that the dataset does not know."""
    names = dataset.class_names
    return names[class_id] if class_id is not None and class_id < len(names) else None


def _num_objects(sample: "Sample", prefix: str) -> int:
    boxes = _value(sample, f"{prefix}boxes")
    return 0 if boxes is None else len(boxes)


def _has_mask(sample: "Sample", prefix: str) -> bool:
    """Whether there is something to tint; no mask is read for it."""
    if f"{prefix}mask" in sample:
        classes = _value(sample, f"{prefix}classes")
        return len(classes) > 0 if classes is not None else sample[f"{prefix}mask"] is not None
    return f"{prefix}masks" in sample and _num_objects(sample, prefix) > 0


def _objects(dataset: "Dataset", sample: "Sample", prefix: str, *, is_whole: bool) -> list[BoxOut] | None:
    """Boxes in their order with what goes with each; of a list the largest. None where there is no such field."""
    boxes, labels = _value(sample, f"{prefix}boxes"), _value(sample, f"{prefix}labels")
    if boxes is None or labels is None:
        return None
    scores, landmarks = _value(sample, f"{prefix}scores"), _value(sample, f"{prefix}landmarks")
    chosen = range(len(boxes)) if is_whole else _largest(boxes)
    outlines = _outlines(sample, prefix) if is_whole else {}
    return [
        BoxOut(
            **dict(zip(("x0", "y0", "x1", "y1"), _rounded(boxes[index]), strict=True)),
            class_id=int(labels[index]),
            label=class_name_of(dataset, int(labels[index])) or "",
            score=None if scores is None else round(float(scores[index]), 4),
            landmarks=None if landmarks is None else _points(landmarks[index]),
            outline=outlines.get(index),
        )
        for index in chosen
    ]


def _largest(boxes: "NDArray[np.float32]") -> list[int]:
    """Numbers of the boxes that a list shows, rising."""
    if len(boxes) <= MOST_BOXES:
        return list(range(len(boxes)))
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return sorted((-areas).argsort(kind="stable")[:MOST_BOXES].tolist())


def _rounded(numbers: Any) -> list[float]:
    return [round(float(number), _DECIMALS) for number in numbers]


def _points(landmarks: "NDArray[np.float32]") -> list[list[float] | None] | None:
    points = [_rounded(point) for point in landmarks]
    marked = [point if all(map(math.isfinite, point)) else None for point in points]
    return marked if any(point is not None for point in marked) else None


def _outlines(sample: "Sample", prefix: str) -> dict[int, list[list[float]]]:
    """Polygons of each object that has a mask, by its number."""
    from kpl.dataset.masks import decode_segmentation, is_runs
    from kpl.dataset.outlines import outlines

    masks = _value(sample, f"{prefix}masks") or []
    height, width = _number(sample, "height") or 0, _number(sample, "width") or 0
    found = {}
    for index, mask in enumerate(masks):
        if mask is None:
            continue
        polygons = (
            outlines(decode_segmentation(mask, height, width), tolerance=_OUTLINE_TOLERANCE)
            if is_runs(mask)
            else mask
        )
        found[index] = [_rounded(polygon) for polygon in polygons]
    return found


def _values(dataset: "Dataset", sample: "Sample", *, is_whole: bool) -> dict[str, str | float | bool | None]:
    """Columns of a table, and of what has neither image nor text."""
    if "image" in sample or "text" in sample:
        return {}
    layer = next(each for each in dataset.snapshot.manifest.layers if each.name == SAMPLES)
    names = [field.name for field in layer.fields if field.name != "key" and field.layout != "blob"]
    return {
        name: _shown(sample[name], is_whole=is_whole) for name in (names if is_whole else names[:MOST_VALUES])
    }


def _shown(value: Any, *, is_whole: bool) -> str | float | bool | None:
    """A value of a column as JSON can have it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = str(value.tolist() if hasattr(value, "tolist") else value)
    return text if is_whole else text[:_SHORT_VALUE]


def _verdict(sample: "Sample", predictions: LayerOut | None) -> tuple[Verdict | None, str | None]:
    """What a person decided about a model's answer, and who that was."""
    from kpl.dataset.review import REVIEW_SUFFIX

    if predictions is None:
        return None, None
    review = f"{predictions.name}{REVIEW_SUFFIX}"
    return _value(sample, f"{review}.verdict"), _value(sample, f"{review}.by")


def _prediction(dataset: "Dataset", sample: "Sample", predictions: LayerOut | None) -> PredictionOut | None:
    if predictions is None or "class" not in predictions.answers:
        return None
    class_id = class_id_of(sample, f"{predictions.name}.label")
    score = _value(sample, f"{predictions.name}.score")
    if class_id is None or score is None:
        return None
    return PredictionOut(class_id=class_id, label=class_name_of(dataset, class_id) or "", score=float(score))


def _predicted(
    dataset: "Dataset", sample: "Sample", predictions: LayerOut | None, *, is_whole: bool
) -> PredictedOut | None:
    if predictions is None or set(predictions.answers) <= {"class"}:
        return None
    prefix = f"{predictions.name}."
    return PredictedOut(
        layer=predictions.name,
        boxes=_objects(dataset, sample, prefix, is_whole=is_whole),
        num_boxes=_num_objects(sample, prefix),
        has_mask=_has_mask(sample, prefix),
    )


def mask_source(sample: "Sample", prefix: str) -> Mapping[str, Any]:
    """The fields of a layer that masks are painted from, as far as they are there."""
    return {name: _value(sample, f"{prefix}{name}") for name in ("mask", "masks", "labels")}
