"""What may be wrong with a dataset as data: leaks between splits, wrong boxes, empty masks, too few of a class.

Whether its bytes are as they were written is the matter of `kpl.dataset.verify`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from kpl.dataset.columns import Ragged
from kpl.dataset.errors import BadSample, DatasetDamaged
from kpl.dataset.kinds import NO_LABEL, Kind
from kpl.dataset.masks import segmentation_area
from kpl.dataset.reader import Dataset

Severity = Literal["error", "warning", "note"]

_MAX_KEPT = 100  # samples named for each finding; all are counted
_EDGE_PIXELS = 0.5
_TINY_AREA_PIXELS = 64.0  # 8 x 8: less than one cell of the feature map of usual detectors
_IMBALANCE_RATIO = 20.0
_MISSING_SHARE = 0.5


class Finding(NamedTuple):
    """Something that may be wrong.

    Attributes:
        code: stable name of the check.
        severity: `error` is wrong for sure, `warning` as a rule, `note` is worth knowing.
        message: what it is, in one sentence.
        num_found: how many samples, objects, classes or columns it concerns.
        keys: of the samples, the first hundred.
    """

    code: str
    severity: Severity
    message: str
    num_found: int
    keys: tuple[str, ...] = ()


class HealthReport(NamedTuple):
    """What was looked at and what was found, worst first."""

    num_samples: int
    num_decoded: int
    findings: tuple[Finding, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing but notes was found."""
        return all(finding.severity == "note" for finding in self.findings)

    def finding(self, code: str) -> Finding | None:
        """The finding of a check, if it has one."""
        return next((each for each in self.findings if each.code == code), None)

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        findings = [each._asdict() | {"keys": list(each.keys)} for each in self.findings]
        return self._asdict() | {"findings": findings, "is_healthy": self.is_healthy}


def report(
    dataset: Dataset, *, max_decoded: int = 2000, progress: Callable[[int, int], None] | None = None
) -> HealthReport:
    """Look for what is usually wrong with datasets of this kind.

    Args:
        max_decoded: how many images are decoded, evenly spread over the dataset; checks that need no pixels look
            at all samples.
        progress: called with (images decoded, images to decode).
    """
    fields = dataset.fields
    found: list[Finding | None] = [_empty_splits(dataset)]
    content = _content(dataset)
    if content is not None:
        found += _duplicates(dataset, content)
    if "boxes" in fields and "width" in fields:
        found += _boxes(dataset)
    if "masks" in fields:
        found.append(_empty_masks(dataset))
    if "classes" in fields and "pixels" in fields:
        found.append(_empty_class_masks(dataset))
    found += _labels(dataset)
    if dataset.kind == Kind.TABULAR:
        found.append(_missing_values(dataset))
    if "text" in fields:
        found.append(_empty_texts(dataset))
    num_decoded, unreadable = _unreadable(dataset, max_decoded, progress)
    found.append(unreadable)
    ranks = ("error", "warning", "note")
    findings = sorted(
        (each for each in found if each is not None), key=lambda each: ranks.index(each.severity)
    )
    return HealthReport(len(dataset), num_decoded, tuple(findings))


def _finding(
    dataset: Dataset,
    code: str,
    severity: Severity,
    message: str,
    positions: Iterable[int],
    *,
    num_found: int | None = None,
) -> Finding | None:
    """A finding about the samples at these positions; None where there are none."""
    numbers = list(dict.fromkeys(int(each) for each in positions))
    if not numbers:
        return None
    keys = tuple(dataset[position].key for position in numbers[:_MAX_KEPT])
    number = len(numbers) if num_found is None else num_found
    return Finding(code, severity, message.format(count=number), number, keys)


def _empty_splits(dataset: Dataset) -> Finding | None:
    empty = [name for name, rows in dataset.split_rows().items() if not np.isin(dataset.rows, rows).any()]
    if not empty:
        return None
    return Finding("empty_split", "warning", f"These splits have no samples: {', '.join(empty)}.", len(empty))


def _content(dataset: Dataset) -> NDArray[np.uint64] | None:
    """[len] a number for each sample that is equal for equal content, labels left out."""
    fields = dataset.fields
    if "image" in fields and not fields["image"].is_optional:
        return dataset.snapshot.blob_checks("image")[dataset.rows]
    if "text" in fields:
        return np.array([xxh3_64_intdigest(text.encode()) for text in dataset.columns("text")], np.uint64)
    if dataset.kind == Kind.TABULAR:
        names = [name for name in fields if name not in ("key", "label") and "." not in name]
        columns = [dataset.columns(name).tolist() for name in names]
        rows = zip(*columns, strict=True) if columns else ()
        return np.array([xxh3_64_intdigest(msgspec.msgpack.encode(row)) for row in rows], np.uint64)
    return None


def _duplicates(dataset: Dataset, content: NDArray[np.uint64]) -> Iterator[Finding | None]:
    _, group_of, sizes = np.unique(content, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(sizes[group_of] > 1)
    repeated = repeated[np.argsort(group_of[repeated], kind="stable")]
    groups = np.split(repeated, np.flatnonzero(np.diff(group_of[repeated])) + 1) if len(repeated) else []
    splits = [np.isin(dataset.rows, rows) for rows in dataset.split_rows().values()]
    leaks: list[int] = []
    again: list[int] = []
    contradicting: list[int] = []
    labels = dataset.columns("label") if "label" in dataset.fields else None
    for group in groups:
        splits_of = {frozenset(i for i, mask in enumerate(splits) if mask[each]) for each in group} - {
            frozenset()
        }
        is_leak = any(one.isdisjoint(other) for one in splits_of for other in splits_of)
        (leaks if is_leak else again).extend(group)
        if labels is not None and len(np.unique(labels[group])) > 1:
            contradicting.extend(group)
    is_table = "image" not in dataset.fields
    yield _finding(
        dataset, "duplicates_across_splits", "warning" if is_table else "error",
        "{count} samples occur with the same content in several splits, so that scores on them are too good.", leaks,
    )  # fmt: skip
    yield _finding(
        dataset, "duplicates", "note" if is_table else "warning",
        "{count} samples have the same content as another one.", again,
    )  # fmt: skip
    yield _finding(
        dataset, "contradicting_labels", "warning",
        "{count} samples have the same content as another one, but another label.", contradicting,
    )  # fmt: skip


def _boxes(dataset: Dataset) -> Iterator[Finding | None]:
    boxes = dataset.columns("boxes")
    if not isinstance(boxes, Ragged):
        return
    sample = np.repeat(np.arange(len(dataset)), boxes.lengths)
    limits = np.stack((dataset.columns("width"), dataset.columns("height")), axis=1)[sample]
    corners = boxes.values.astype(np.float64)
    is_outside = ((corners[:, :2] < -_EDGE_PIXELS) | (corners[:, 2:] > limits + _EDGE_PIXELS)).any(axis=1)
    yield _finding(
        dataset, "boxes_outside", "error", "{count} boxes reach out of their image.",
        sample[is_outside], num_found=int(is_outside.sum()),
    )  # fmt: skip
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    is_tiny = areas < _TINY_AREA_PIXELS
    yield _finding(
        dataset, "tiny_objects", "warning", f"{{count}} objects have less than {_TINY_AREA_PIXELS:g} pixels.",
        sample[is_tiny], num_found=int(is_tiny.sum()),
    )  # fmt: skip
    yield _finding(
        dataset, "repeated_objects", "warning", "{count} samples have the same box of the same class twice.",
        _with_repeated_boxes(boxes, dataset.columns("labels").values),
    )  # fmt: skip
    yield _finding(
        dataset, "no_objects", "note", "{count} samples have no objects: background, or not labelled yet.",
        np.flatnonzero(boxes.lengths == 0),
    )  # fmt: skip


def _with_repeated_boxes(boxes: Ragged, labels: NDArray[np.int32]) -> NDArray[np.int64]:
    sample = np.repeat(np.arange(len(boxes.lengths)), boxes.lengths)
    rows = np.column_stack((sample, labels, boxes.values.astype(np.float64)))
    unique, counts = np.unique(rows, axis=0, return_counts=True)
    return np.unique(unique[counts > 1, 0]).astype(np.int64)


def _empty_masks(dataset: Dataset) -> Finding | None:
    empty = [
        position
        for position, masks in enumerate(dataset.columns("masks"))
        for mask in masks or ()
        if segmentation_area(mask) == 0
    ]
    return _finding(
        dataset,
        "empty_masks",
        "error",
        "{count} objects have a mask without pixels.",
        empty,
        num_found=len(empty),
    )


def _empty_class_masks(dataset: Dataset) -> Finding | None:
    empty = np.flatnonzero(dataset.columns("pixels").lengths == 0)
    return _finding(
        dataset, "empty_masks", "error", "{count} samples have no mask, or one that is void all over.", empty
    )


def _labels(dataset: Dataset) -> Iterator[Finding | None]:
    """Missing labels, and how unevenly the classes are filled."""
    fields = dataset.fields
    if "label" in fields:
        labels = dataset.columns("label")
        positions = [i for i, label in enumerate(labels.tolist()) if label is None or label == NO_LABEL]
        if len(positions) < len(dataset) or dataset.class_names:
            yield _finding(dataset, "missing_labels", "warning", "{count} samples have no label.", positions)
        counted = np.array([label for label in labels.tolist() if label is not None and label >= 0], np.int64)
    elif "labels" in fields:
        counted = dataset.columns("labels").values
    elif "classes" in fields:
        counted = dataset.columns("classes").values
    else:
        return
    yield from _imbalance(dataset, np.bincount(counted, minlength=len(dataset.class_names)))


def _imbalance(dataset: Dataset, counts: NDArray[np.int64]) -> Iterator[Finding | None]:
    names = [dataset.class_names[i] if i < len(dataset.class_names) else str(i) for i in range(len(counts))]
    unused = [name for name, count in zip(names, counts, strict=True) if not count]
    if unused and len(dataset):
        shown = ", ".join(unused[:10])
        yield Finding(
            "unused_classes", "warning", f"{len(unused)} classes never occur: {shown}.", len(unused)
        )
    if dataset.kind == Kind.FACE_RECOGNITION:
        few = np.flatnonzero(counts == 1)
        if len(few):
            yield Finding(
                "single_images",
                "warning",
                f"{len(few)} identities have one image only: no pair to compare.",
                len(few),
            )
        return
    used = counts[counts > 0]
    if len(used) > 1 and used.max() / used.min() > _IMBALANCE_RATIO:
        often, rare = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max()).argmin())
        yield Finding(
            "imbalance",
            "warning",
            f"'{names[often]}' occurs {counts[often]} times, '{names[rare]}' only {counts[rare]} times.",
            int((used * _IMBALANCE_RATIO < used.max()).sum()),
        )


def _missing_values(dataset: Dataset) -> Finding | None:
    missing = {}
    for name, field in dataset.fields.items():
        if field.is_optional and len(dataset):
            column = dataset.columns(name)
            missing[name] = sum(value is None for value in column.tolist()) / len(dataset)
    sparse = [f"{name} ({share:.0%})" for name, share in missing.items() if share > _MISSING_SHARE]
    if not sparse:
        return None
    return Finding(
        "sparse_columns", "warning", f"Columns mostly empty: {', '.join(sparse[:10])}.", len(sparse)
    )


def _empty_texts(dataset: Dataset) -> Finding | None:
    empty = [position for position, text in enumerate(dataset.columns("text")) if not text.strip()]
    return _finding(dataset, "empty_texts", "error", "{count} texts are empty.", empty)


def _unreadable(
    dataset: Dataset, max_decoded: int, progress: Callable[[int, int], None] | None
) -> tuple[int, Finding | None]:
    """Decode images to see that they can be; those left out count as read if their header can be."""
    if "image" not in dataset.fields:
        return 0, None
    from kpl.dataset.pixels import decode_image

    count = min(max_decoded, len(dataset))
    positions = np.unique(np.linspace(0, len(dataset) - 1, count).astype(np.int64)).tolist() if count else []
    bad = []
    for done, position in enumerate(positions, 1):
        sample = dataset[position]
        try:
            pixels = decode_image(sample["image"])
            if pixels.shape[:2] != (sample["height"], sample["width"]):
                bad.append(position)
        except (BadSample, DatasetDamaged):
            bad.append(position)
        if progress is not None:
            progress(done, len(positions))
    return len(positions), _finding(
        dataset, "unreadable_images", "error",
        "{count} images cannot be decoded, or have another size than their header says.", bad,
    )  # fmt: skip
