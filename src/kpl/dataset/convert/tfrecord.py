"""TFRecord files of tf.train.Example, plain or compressed, split over files or not.

Usual names (`image/encoded`, `image/class/label`, `image/object/bbox/xmin`, ...) say what an image, a class and a box
is; every other feature becomes a field. An export writes each field under its own name, and the usual names beside.
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.dataset.convert.extracts import Extracts
from kpl.dataset.convert.records import (
    KINDS,
    ClassKey,
    Found,
    RecordFormat,
    Schema,
    Values,
    has_records,
    looks_like_image,
    plan_records,
    positions_by_split,
    records_kind,
    split_of_name,
    write_schema,
)
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape
from kpl.dataset.convert.source import Extract, SourceFolder, read_text
from kpl.dataset.convert.streams import open_stream
from kpl.dataset.convert.tables import COLUMNS, LABEL_NAMES, TEXT_NAMES
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.convert.tfexample import Feature, decode_example, encode_example, frame, read_frames
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, BYTES, Field
from kpl.dataset.image import ImageInfo, image_info
from kpl.dataset.kinds import TEMPLATES, Kind
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence, in_chinese

__all__ = ["KINDS", "export_tfrecord", "is_tfrecord", "plan_tfrecord", "tfrecord_kind"]

_IMAGES = (
    "image/encoded",
    "image",
    "image/data",
    "image_bytes",
    "image_encoded",
    "jpeg",
    "jpg",
    "png",
    "img",
)
_LABELS = ("image/class/label", "image/label", *LABEL_NAMES)
_CLASS_TEXT = "image/class/text"
_KEYS = ("key", "image/filename", "image/source_id", "image/key/sha256", "filename", "id")
_BOX = tuple(f"image/object/bbox/{side}" for side in ("xmin", "ymin", "xmax", "ymax"))
_OBJECT_LABEL, _OBJECT_TEXT = "image/object/class/label", "image/object/class/text"
_OBJECT_FLAGS = ("image/object/difficult", "image/object/truncated", "image/object/is_crowd")
_DERIVED = ("image/height", "image/width", "image/channels")  # follow from the image
_SPLITS = "splits"
_LABEL_MAP = "label_map.pbtxt"
_RESERVED = {
    "image/encoded", "image/format", "image/filename", "image/class/label", _CLASS_TEXT, _SPLITS,
    *_DERIVED, *_BOX, _OBJECT_LABEL, _OBJECT_TEXT, *_OBJECT_FLAGS,
}  # fmt: skip
# a text may hold anything, braces and escaped quotes too
_TEXT_IN_MAP = r'(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\')'
_ITEM = re.compile(r"item\s*\{((?:" + _TEXT_IN_MAP.replace("((?", "(?:(?") + r"|[^}\"'])*)\}")
_NAME_IN_MAP = re.compile(r"\bname\s*:\s*" + _TEXT_IN_MAP)
_ESCAPED = re.compile(r"\\(.)")
_NAME = re.compile(r"\.tfrecords?\b|\.tfrec\b|tfrecords?(?:[-.]|$)|-\d{5}-of-\d{5}$", re.IGNORECASE)


def _files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if _NAME.search(file.name) and file.suffix != ".json"]


def _own_image(raw: Values) -> Extract | None:
    feature = raw.get("image/encoded")
    return feature[0][0] if isinstance(feature, list) and len(feature) == 1 else None


def _records(
    extracts: Extracts, log: ProblemLog, is_exact: bool
) -> Generator[tuple[Found, Values], None, None]:
    for file in _files(extracts.source):
        try:
            stream = open_stream(extracts.source.root / file)
        except OSError as err:
            log.problem(
                str(file),
                Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
            )
            continue
        number = 0
        try:
            for number, position, data, reason in read_frames(stream):
                if reason:
                    log.problem(
                        str(file), Sentence(f"{reason}; left out", f"{in_chinese(reason)}，已跳过"), number
                    )
                    continue
                where = Extract(file, position, len(data))
                try:
                    record = _own_record if is_exact else _usual_record
                    yield record(extracts, where, number, data)
                except BadSample as err:
                    log.problem(
                        str(file),
                        Sentence(f"{err.message}; left out", f"{in_chinese(err.message)}，已跳过"),
                        number,
                    )
        except BadSample as err:
            log.problem(
                str(file),
                Sentence(
                    f"{err.message}; the rest is left out", f"{in_chinese(err.message)}，其余内容已跳过"
                ),
                number + 1,
            )
        finally:
            stream.close()


def _usual_record(extracts: Extracts, where: Extract, number: int, data: bytes) -> tuple[Found, Values]:
    file = where.file
    values = _values(data, file, where.position)
    splits = split_of_name(file.name) or split_of_name(file.parent.name)
    return Found(file, number, _key(values, file, number), splits, _Again(extracts, where, _values)), values


def _own_record(extracts: Extracts, where: Extract, number: int, data: bytes) -> tuple[Found, Values]:
    raw = _raw(data, where.file, where.position)
    [key] = _texts(raw, "key") or [""]
    if not key:
        raise BadSample("it has no feature 'key'")
    return Found(where.file, number, key, tuple(_texts(raw, _SPLITS)), _Again(extracts, where, _raw)), raw


def _texts(raw: Values, name: str) -> list[str]:
    found = raw.get(name)
    try:
        return [str(data, "utf-8") for _, data in found] if isinstance(found, list) else []
    except UnicodeDecodeError as err:
        raise BadSample(f"feature '{name}' is not in UTF-8") from err


_Make = Callable[[bytes, PurePosixPath, int], Values]


class _Again:
    """Reads a record once more."""

    def __init__(self, extracts: Extracts, where: Extract, make: _Make) -> None:
        self._extracts, self._where, self._make = extracts, where, make

    def __call__(self) -> Values:
        return self._make(self._extracts.read(self._where), self._where.file, self._where.position)


def _raw(data: bytes, file: PurePosixPath, position: int) -> Values:
    """The features of a record as they are: arrays, or lists of (where, bytes)."""
    return {
        name: [(Extract(file, position + span.begin, len(span.data)), bytes(span.data)) for span in feature]
        if isinstance(feature, list)
        else feature
        for name, feature in decode_example(data).items()
    }


def _values(data: bytes, file: PurePosixPath, position: int) -> Values:
    """The features of a record: lists of one as that one, texts as such, other bytes by their place."""
    return {name: _value(each, file, position) for name, each in decode_example(data).items()}


def _value(feature: Feature, file: PurePosixPath, position: int) -> Any:
    if feature is None or len(feature) == 0:
        return feature
    if isinstance(feature, np.ndarray):
        if len(feature) > 1:
            return feature
        return int(feature[0]) if feature.dtype.kind == "i" else feature[0]
    texts = [_text(span.data) for span in feature]
    if len(feature) == 1 and texts[0] is None:
        [(begin, content)] = feature
        return Extract(file, position + begin, len(content), looks_like_image(bytes(content)))
    if len(feature) == 1:
        return texts[0]
    return [bytes(span.data) if text is None else text for span, text in zip(feature, texts, strict=True)]


def _text(data: memoryview) -> str | None:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return None


def _key(values: Values, file: PurePosixPath, number: int) -> str:
    for name in _KEYS:
        value = values.get(name)
        if isinstance(value, str) and value:
            return value
    return f"{file}#{number}"


def _label_map(source: SourceFolder, log: ProblemLog) -> dict[int, str]:
    """Names of class numbers from a label map of the TF Object Detection API."""
    names = {}
    for file in source.files:
        if file.name.endswith(".pbtxt"):
            for item in _ITEM.findall(read_text(source, file, log)):
                number = re.search(r"\bid\s*:\s*(\d+)", item)
                name = _NAME_IN_MAP.search(item)
                if number and name:
                    names[int(number[1])] = _ESCAPED.sub(r"\1", name[1] or name[2])
    return names


class _Roles:
    """The usual names of features."""

    def __init__(self, label_map: dict[int, str]) -> None:
        self._label_map = label_map

    def known_classes(self, kind: Kind) -> dict[ClassKey, str]:
        is_boxed = kind in (Kind.DETECTION, Kind.FACE_DETECTION)
        return {number: name for number, name in self._label_map.items() if is_boxed}

    def image(self, values: Values) -> str:
        for name in _IMAGES:
            value = values.get(name)
            if isinstance(value, Extract) and value.is_image:
                return name
        return ""

    def text(self, values: Values) -> str:
        return next((name for name in TEXT_NAMES if isinstance(values.get(name), str)), "")

    def used(self, values: Values, kind: Kind) -> set[str]:
        names: set[str] = set()
        if any(each.name == "width" for each in TEMPLATES[kind].samples):
            names |= {*_DERIVED, "image/format", "key"}
        if kind in (Kind.DETECTION, Kind.FACE_DETECTION):
            return names | {*_BOX, _OBJECT_LABEL, _OBJECT_TEXT, *_OBJECT_FLAGS}
        return names if kind == Kind.UNLABELLED else names | {self._label(values), _CLASS_TEXT}

    def _label(self, values: Values) -> str:
        return next((name for name in _LABELS if isinstance(values.get(name), int | str)), "")

    def classes(self, values: Values) -> list[tuple[ClassKey, str]]:
        if _BOX[0] in values:
            return self._object_classes(values)
        text = values.get(_CLASS_TEXT)
        name = text if isinstance(text, str) else ""
        value = values.get(self._label(values))
        if isinstance(value, int):
            return [(value, name or self._label_map.get(value, ""))]
        value = value or name
        return [(value, value)] if value else []

    def _object_classes(self, values: Values) -> list[tuple[ClassKey, str]]:
        numbers = _listed(values.get(_OBJECT_LABEL))
        texts = [str(each) for each in _listed(values.get(_OBJECT_TEXT))]
        if not numbers:
            return [(text, text) for text in texts]
        if len(texts) != len(numbers):
            texts = [""] * len(numbers)
        return [(n, text or self._label_map.get(n, "")) for n, text in zip(numbers, texts, strict=True)]

    def shapes(self, values: Values, ids: dict[ClassKey, int], image: ImageInfo) -> list[Shape]:
        sides = [_listed(values.get(name)) for name in _BOX]
        classes = self._object_classes(values)
        if {len(side) for side in sides} != {len(classes)}:
            counts = ", ".join(str(len(side)) for side in sides)
            raise BadSample(f"{counts} sides of boxes for {len(classes)} classes")
        flags = [_listed(values.get(name)) for name in _OBJECT_FLAGS]
        # sides are parts of the image's; the product is rounded once, when it is stored
        scale = (image.width, image.height, image.width, image.height)
        shapes = []
        for number, (key, _) in enumerate(classes):
            x1, y1, x2, y2 = (float(side[number]) * size for side, size in zip(sides, scale, strict=True))
            difficult, truncated, crowd = (
                bool(each[number]) if number < len(each) else False for each in flags
            )
            shapes.append(
                Shape(
                    ids[key],
                    (x1, y1, x2, y2),
                    is_difficult=difficult,
                    is_truncated=truncated,
                    is_crowd=crowd,
                )
            )
        return shapes


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    listed: Any = value.tolist() if isinstance(value, np.ndarray) else value
    return list(listed) if isinstance(listed, list) else [listed]


def _feature_names(fields: Sequence[Field], attributes: Mapping[str, str]) -> dict[str, str]:
    """The feature that holds each field: the one that it came from where its name is free, else its own name."""
    try:
        original = msgspec.json.decode(attributes.get(COLUMNS, "{}"), type=dict[str, str])
    except msgspec.DecodeError:
        original = {}
    taken = {each.name for each in fields} | _RESERVED
    names = {}
    for each in fields:
        name = original.get(each.name, each.name)
        names[each.name] = each.name if name in taken else name
        taken.add(name)
    return names


def _decoded(schema: Schema, raw: Values) -> Values:
    """The values of fields that an export of KPL wrote."""
    names = _feature_names(schema.fields, schema.attributes)
    values: Values = {}
    for each in schema.fields:
        feature = raw.get(names[each.name])
        try:
            values[each.name] = None if feature is None else _from_feature(each, feature)
        except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as err:
            raise BadSample(f"feature '{names[each.name]}' is not a value of '{each.name}': {err}") from err
        if feature is None and not each.is_optional:
            raise BadSample(f"it has no feature '{names[each.name]}'")
    return values


def _from_feature(described: Field, feature: Any) -> Any:
    if isinstance(feature, list):
        [(where, data)] = feature
        if described.layout == BLOB:
            return where
        if described.layout == BYTES:
            if described.type == "json":
                return msgspec.json.decode(data)
            return data.decode() if described.type in ("string", "text") else data
        if described.dtype != "<f8":
            raise ValueError("bytes in place of numbers")
        items = np.frombuffer(data, described.dtype)
    else:
        items = feature.astype(described.dtype)  # whole numbers above 2**63 come back from below 0
    if described.layout == "list":
        return items.reshape(-1, *described.shape)
    return items.reshape(described.shape) if described.shape else items.reshape(()).item()


def export_tfrecord(target: TargetFolder) -> None:
    """Write `<split>-00000-of-00001.tfrecord`, a label map and `kpl.json`."""
    dataset = target.dataset
    fields = write_schema(target)
    names = _feature_names(fields, dataset.attributes)
    left_out = ("image", "width", "height", "channels") if "width" in dataset.fields else ()
    written = [each for each in fields if each.name not in left_out]
    splits = target.splits_by_position()
    for split, positions in positions_by_split(target).items():
        with (target.root / f"{split}-00000-of-00001.tfrecord").open("wb") as file:
            for position in positions:
                sample = dataset[position]
                features = {
                    names[f.name]: v for f in written if (v := _feature(f, sample[f.name])) is not None
                }
                features |= _usual(sample, dataset.class_names)
                features[_SPLITS] = [name.encode() for name in splits[position]]
                file.write(frame(encode_example(features)))
    target.write(_LABEL_MAP, "".join(_label_map_item(*each) for each in enumerate(dataset.class_names, 1)))


def _label_map_item(number: int, name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'item {{\n  id: {number}\n  name: "{quoted}"\n}}\n'


def _feature(described: Field, value: Any) -> list[bytes] | NDArray[Any] | None:
    """A value as a list of bytes, or as an array of float32 or int64; what is neither as its bytes."""
    if value is None:
        return None
    if described.layout == BLOB:
        return [bytes(value)]
    if described.layout == BYTES:
        if described.type == "json":
            return [msgspec.json.encode(value)]
        return [value if described.type == "bytes" else value.encode()]
    items = np.asarray(value, described.dtype).reshape(-1)
    if items.dtype.kind != "f":
        return items.astype(np.int64)
    return [items.tobytes()] if items.dtype.itemsize == 8 else items.astype(np.float32)


def _usual(sample: Sample, class_names: Sequence[str]) -> dict[str, list[bytes] | NDArray[Any]]:
    """What other tools look for, beside the fields themselves."""
    if "width" not in sample:
        return {}
    width, height = sample["width"], sample["height"]
    features: dict[str, list[bytes] | NDArray[Any]] = {
        "image/encoded": [bytes(sample["image"])],
        "image/format": [image_info(sample["image"]).format.encode()],
        "image/filename": [sample.key.encode()],
        "image/height": np.array([height]),
        "image/width": np.array([width]),
        "image/channels": np.array([sample["channels"]], np.int64),
    }
    if "label" in sample and (sample["label"] or 0) >= 0 and sample["label"] is not None:
        features["image/class/label"] = np.array([sample["label"]])
        features["image/class/text"] = [class_names[sample["label"]].encode()]
    if "boxes" in sample and sample["boxes"] is not None:
        sides = sample["boxes"] / np.array([width, height, width, height], np.float64)
        labels = sample["labels"].tolist()
        features |= {name: sides[:, side].astype(np.float32) for side, name in enumerate(_BOX)}
        features[_OBJECT_LABEL] = np.array(labels, np.int64) + 1  # as the label map counts
        features[_OBJECT_TEXT] = [class_names[each].encode() if each >= 0 else b"" for each in labels]
        for name in _OBJECT_FLAGS:
            field_name = name.rpartition("/")[2].removeprefix("is_")
            if field_name in sample:
                features[name] = sample[field_name].astype(np.int64)
    return features


_FORMAT = RecordFormat(
    files=_files,
    records=_records,
    roles=lambda source, log: _Roles(_label_map(source, log)),
    decode=_decoded,
    image_of=_own_image,
    has_objects=lambda values: _BOX[0] in values,
)
is_tfrecord = partial(has_records, _FORMAT)
tfrecord_kind = partial(records_kind, _FORMAT)
plan_tfrecord = partial(plan_records, _FORMAT)
