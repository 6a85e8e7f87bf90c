"""WebDataset: tar files, plain or gzipped, in which files that differ only after the first dot are one sample.

An image with `cls` is classified, one with `json` that has boxes is for detection; every other file becomes a field.
An export writes the image, `cls`, and one `json` with all fields.
"""

import base64
import io
import math
import tarfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np

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
from kpl.dataset.convert.shapes import Shape, parse_numbers
from kpl.dataset.convert.source import IMAGE_SUFFIXES, Extract, SourceFolder
from kpl.dataset.convert.streams import Stream, open_stream
from kpl.dataset.convert.target import SUFFIXES, TargetFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, BYTES, Field
from kpl.dataset.image import ImageInfo, image_info
from kpl.dataset.kinds import Kind
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence, in_chinese

__all__ = [
    "KINDS",
    "export_webdataset",
    "holds_samples",
    "is_webdataset",
    "plan_webdataset",
    "webdataset_kind",
]

_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_TEXTS = ("txt", "text", "transcript", "caption")
_CLASSES = ("cls", "cls2", "label", "id")
_MAX_HEADER_BYTES = 1 << 20  # a name or its like; more is an attack
_MAX_MEMBER_BYTES = 1 << 30
_MAX_TEXT_BYTES = 64 << 20
_SHARD_BYTES = 1 << 30
_EPOCH_S = 0  # of members: equal datasets make equal files


class _Member(NamedTuple):
    """A file in a tar: what its sample calls it, and where it is."""

    name: str
    where: Extract


def holds_samples(source: SourceFolder) -> bool:
    """Whether the first files of a lone tar are a sample, not part of some other layout that was packed as a folder.

    Annotations of other layouts that lie beside their images share their names too: they are told by what they say.
    """
    log = ProblemLog("skip")
    with Extracts(source, None) as extracts, closing(_records(extracts, log, False)) as records:
        values = next((values for _, values in records), {})
    content = values.get("json")
    is_own = len(values) == 1 and isinstance(content, dict) and {"key", "splits"} <= content.keys()
    is_labelme = isinstance(content, dict) and {"shapes", "imagePath"} <= content.keys()
    lines = str(values.get("txt", "x")).splitlines()
    is_yolo = all(parse_numbers(line.split()) for line in lines)
    return is_own or (len(values) > 1 and not is_labelme and not is_yolo and "xml" not in values)


def _files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.name.lower().endswith(_SUFFIXES)]


def _records(
    extracts: Extracts, log: ProblemLog, is_exact: bool
) -> Generator[tuple[Found, Values], None, None]:
    for file in _files(extracts.source):
        splits = split_of_name(file.name) or split_of_name(file.parent.name)
        for number, (key, members) in enumerate(_samples(extracts.source, file, log), 1):
            again = _Again(extracts, members)
            try:
                values = again()
                if is_exact:
                    key, splits = _own_key(values)  # noqa: PLW2901
                yield Found(file, number, key, splits, again), values
            except BadSample as err:
                log.problem(
                    str(file),
                    Sentence(f"{err.message}; left out", f"{in_chinese(err.message)}，已跳过"),
                    number,
                )


def _samples(
    source: SourceFolder, file: PurePosixPath, log: ProblemLog
) -> Iterator[tuple[str, list[_Member]]]:
    """The samples of a tar: neighbours with the same name up to the first dot."""
    try:
        stream = open_stream(source.root / file)
    except OSError as err:
        log.problem(
            str(file),
            Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
        )
        return
    key, members = "", list[_Member]()
    try:
        for info in _headers(stream):
            reason = _unusable(info)
            if reason:
                log.problem(
                    str(file),
                    Sentence(
                        f"'{_printable(info.name)}' {reason}; left out",
                        f"“{_printable(info.name)}”{in_chinese(reason)}，已跳过",
                    ),
                )
                continue
            path = PurePosixPath(info.name)
            stem, dot, suffix = path.name.partition(".")
            if not info.isfile() or not dot or not stem or stem.startswith("__"):
                continue  # folders, and what is about the tar itself
            name = str(path.parent / stem)
            if name != key and members:
                yield key, members
                members = []
            key = name
            is_image = f".{suffix.lower().rpartition('.')[2]}" in IMAGE_SUFFIXES
            members.append(_Member(suffix, Extract(file, info.offset_data, info.size, is_image)))
    except (tarfile.TarError, BadSample, OSError, EOFError, ValueError) as err:
        reason = err.message if isinstance(err, BadSample) else str(err)
        log.problem(
            str(file),
            Sentence(
                f"not a whole tar file: {reason}; the rest is left out",
                f"tar 文件不完整（{in_chinese(reason)}），其余内容已跳过",
            ),
        )
        members = []  # of the last sample some may be missing
    finally:
        stream.close()
    if members:
        yield key, members


class _HeadersOnly:
    """A file of which `tarfile` reads no more at a time than a header can be."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER_BYTES:
            raise BadSample(f"a header of {size} bytes is more than names need")
        return self._stream.read(size)


def _headers(stream: Stream) -> Iterator[tarfile.TarInfo]:
    """The members of a tar, one at a time.

    Raises:
        BadSample, tarfile.TarError: it is none, or was cut short.
    """
    # the stream has the three methods that tarfile uses
    with tarfile.open(fileobj=_HeadersOnly(stream), mode="r:", encoding="utf-8") as tar:  # type: ignore[call-overload]
        while (info := tar.next()) is not None:
            end = info.offset_data + info.size
            stream.seek(max(end - 1, 0))
            if info.size and info.isreg() and not stream.read(1):
                raise BadSample(f"'{_printable(info.name)}' was cut short")
            yield info
            tar.members = []  # which it would keep for ever
        stream.seek(tar.offset)
        if not stream.read(1):  # where blocks of zeros should be
            raise BadSample("it was cut short between two files")


def _unusable(info: tarfile.TarInfo) -> str:
    """Why a member cannot be part of a sample; empty where it can."""
    try:
        info.name.encode()
    except UnicodeEncodeError:
        return Sentence("is not called so in UTF-8", "的名称不是 UTF-8 编码")
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts:
        return Sentence("leads out of the folder", "指向文件夹之外")
    if info.issym() or info.islnk():
        return Sentence("is a link", "是链接")
    if not (info.isreg() or info.isdir()) or info.issparse():
        return Sentence("is not a regular file", "不是普通文件")
    return (
        Sentence(f"has {info.size} bytes, which are too many", f"过大，有 {info.size} 字节")
        if info.size > _MAX_MEMBER_BYTES
        else ""
    )


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


class _Again:
    """Reads the small files of a sample, and says where the others are."""

    def __init__(self, extracts: Extracts, members: list[_Member]) -> None:
        self._extracts, self._members = extracts, members

    def __call__(self) -> Values:
        values: Values = {}
        for name, where in self._members:
            if name in values:
                raise BadSample(f"it has two files '{name}'")
            values[name] = self._value(name, where)
        return values

    def _value(self, name: str, where: Extract) -> Any:
        last = name.lower().rpartition(".")[2]
        if last not in ("json", *_TEXTS, *_CLASSES) or where.length > _MAX_TEXT_BYTES:
            return where
        data = self._extracts.read(where)
        if last == "json":
            try:
                return msgspec.json.decode(data)
            except (msgspec.DecodeError, RecursionError) as err:
                raise BadSample(f"its '{name}' is not JSON: {err}") from err
        try:
            text = data.decode()
        except UnicodeDecodeError as err:
            raise BadSample(f"its '{name}' is not in UTF-8") from err
        if last in _CLASSES and text.strip().isdecimal() and len(text.strip()) < 10 and text.isascii():
            return int(text)
        return text


class _Roles:
    """The usual names of files in a sample."""

    def known_classes(self, kind: Kind) -> dict[ClassKey, str]:  # noqa: ARG002
        return {}

    def image(self, values: Values) -> str:
        return next((n for n, each in values.items() if isinstance(each, Extract) and each.is_image), "")

    def text(self, values: Values) -> str:
        return next((name for name in _TEXTS if isinstance(values.get(name), str)), "")

    def used(self, values: Values, kind: Kind) -> set[str]:
        if kind in (Kind.DETECTION, Kind.FACE_DETECTION):
            return {"json"} if _objects(values.get("json")) is not None else set()
        label = self._label(values)
        return {label} if kind != Kind.UNLABELLED and label != "json" else set()

    def _label(self, values: Values) -> str:
        for name in _CLASSES[:3]:
            if isinstance(values.get(name), int | str):
                return name
        return (
            "json" if isinstance(values.get("json"), dict) and _json_label(values["json"]) is not None else ""
        )

    def classes(self, values: Values) -> list[tuple[ClassKey, str]]:
        objects = _objects(values.get("json"))
        if objects is not None:
            return [(each.key, each.name) for each in objects]
        label = self._label(values)
        if not label:
            return []
        value: ClassKey = (_json_label(values["json"]) or 0) if label == "json" else values[label]
        if isinstance(value, str):
            value = value.strip()
            return [(value, value)] if value else []
        return [(value, "")]

    def shapes(self, values: Values, ids: dict[ClassKey, int], image: ImageInfo) -> list[Shape]:  # noqa: ARG002
        objects = _objects(values.get("json"))
        if objects is None:
            raise BadSample("it has no 'json' with boxes")
        return [Shape(ids[each.key], each.box, attributes=each.attributes) for each in objects]


def _json_label(content: dict[str, Any]) -> int | str | None:
    for name in ("label", "cls", "class", "class_id", "category"):
        value = content.get(name)
        if isinstance(value, int | str) and not isinstance(value, bool):
            return value
    return None


class _Object(NamedTuple):
    key: ClassKey
    name: str
    box: tuple[float, float, float, float]
    attributes: dict[str, Any] | None


def _objects(content: Any) -> list[_Object] | None:
    """Objects as COCO has them, or as two lists `boxes` (x1, y1, x2, y2) and `labels`; None where it is neither.

    Raises:
        BadSample: one of them is not what it should be.
    """
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if isinstance(annotations, list) and all(
        isinstance(each, dict) and "bbox" in each for each in annotations
    ):
        return (
            [_coco_object(each) for each in annotations] if annotations or isinstance(content, dict) else None
        )
    boxes = content.get("boxes", content.get("bboxes")) if isinstance(content, dict) else None
    if not isinstance(boxes, list):
        return None
    labels = content.get("labels", content.get("classes"))
    if not isinstance(labels, list) or len(labels) != len(boxes):
        raise BadSample("its 'json' has boxes without as many labels")
    return [_Object(_key(label), "", _box(box), None) for label, box in zip(labels, boxes, strict=True)]


def _coco_object(annotation: dict[str, Any]) -> _Object:
    left, top, width, height = _box(annotation["bbox"])
    named = annotation.get("category", annotation.get("category_name", ""))
    key = _key(annotation.get("category_id", named))
    told = ("bbox", "category_id", "category", "category_name")
    rest = {name: value for name, value in annotation.items() if name not in told}
    box = (left, top, left + width, top + height)
    return _Object(key, named if isinstance(named, str) else "", box, rest or None)


def _box(value: Any) -> tuple[float, float, float, float]:
    numbers = parse_numbers(value)
    if numbers is None or len(numbers) != 4:
        raise BadSample(f"the box {str(value)[:80]} is not four numbers")
    one, two, three, four = numbers
    return one, two, three, four


def _key(value: Any) -> ClassKey:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise BadSample(f"the class {str(value)[:80]!r} is neither a number nor a name")
    return value


def _own_key(values: Values) -> tuple[str, tuple[str, ...]]:
    """Key and splits."""
    try:
        known = msgspec.convert(values.get("json"), _Known)
    except msgspec.ValidationError as err:
        raise BadSample(f"its 'json' is not what KPL writes: {err}") from err
    return known.key, known.splits


class _Known(msgspec.Struct):
    key: str
    splits: tuple[str, ...] = ()
    fields: dict[str, Any] = {}


def _own_image(values: Values) -> Extract | None:
    for suffix in SUFFIXES.values():
        found = values.get(suffix[1:])
        if isinstance(found, Extract):
            return found
    return None


def _decoded(schema: Schema, raw: Values) -> Values:
    """The values of fields that an export of KPL wrote."""
    content = msgspec.convert(raw["json"], _Known).fields
    blobs = {name.partition(".")[0]: value for name, value in raw.items()}
    values: Values = {}
    for each in schema.fields:
        value = blobs.get(each.name) if each.layout == BLOB else content.get(each.name)
        is_there = each.name in (blobs if each.layout == BLOB else content)
        if not is_there and not each.is_optional:
            raise BadSample(f"it has no '{each.name}'")
        try:
            values[each.name] = _from_json(each, value) if is_there and each.layout != BLOB else value
        except (ValueError, TypeError, OverflowError) as err:
            raise BadSample(f"its 'json' has no value of '{each.name}': {err}") from err
    return values


def _from_json(described: Field, value: Any) -> Any:
    if described.type == "bytes":
        return base64.b64decode(value)
    if described.layout == BYTES:
        return value
    items = np.array(value, np.float64 if described.dtype[1] == "f" else object)
    items = items.astype(described.dtype)
    if described.layout == "list":
        return items.reshape(-1, *described.shape)
    return items.reshape(described.shape) if described.shape else items.reshape(()).item()


def export_webdataset(target: TargetFolder) -> None:
    """Write `<split>-000000.tar`, ..., and `kpl.json`."""
    dataset = target.dataset
    fields = write_schema(target)
    has_image = "width" in dataset.fields
    left_out = ("image", "width", "height", "channels", "key") if has_image else ("key",)
    written = [each for each in fields if each.name not in left_out]
    splits = target.splits_by_position()
    taken: set[str] = set()
    for split, positions in positions_by_split(target).items():
        with _Shards(target, split) as shards:
            for position in positions:
                sample = dataset[position]
                stem = _stem(sample.key, position, taken)
                for suffix, data in _members(sample, written, splits[position], has_image=has_image):
                    shards.add(f"{stem}.{suffix}", data)
                shards.end_sample()


def _stem(key: str, position: int, taken: set[str]) -> str:
    """What the files of a sample are called up to the first dot: its key where that can be."""
    path = PurePosixPath(key)
    name = (
        path.stem.replace(".", "_") if path.suffix.lower() in IMAGE_SUFFIXES else path.name.replace(".", "_")
    )
    stem = str(path.parent / name) if name else ""
    is_usable = (
        str(path) == key and not path.is_absolute() and ".." not in path.parts and key.isprintable()
        and stem and not name.startswith("__") and len(stem.encode()) <= 200 and "\\" not in stem
    )  # fmt: skip
    if not is_usable or stem in taken:
        stem = f"{position:09d}"
        while stem in taken:
            stem += "_"
    taken.add(stem)
    return stem


def _members(
    sample: Sample, fields: Sequence[Field], splits: list[str], *, has_image: bool
) -> Iterator[tuple[str, bytes]]:
    content: Values = {}
    if has_image:
        yield SUFFIXES.get(image_info(sample["image"]).format, ".img")[1:], bytes(sample["image"])
        content = {"width": sample["width"], "height": sample["height"]}
    label = sample["label"] if "label" in sample else None  # noqa: SIM401
    if label is not None and label >= 0:
        yield "cls", str(label).encode()
    for each in fields:
        value = sample[each.name]
        if value is None:
            continue
        if each.layout == BLOB:
            is_image = each.type in ("image", "mask") and looks_like_image(bytes(value))
            suffix = SUFFIXES.get(image_info(value).format, "") if is_image else ""
            yield each.name + suffix, bytes(value)
        else:
            content.setdefault("fields", {})[each.name] = _json_value(value)
    if "boxes" in content.get("fields", {}):  # where other tools look for them
        content |= {name: content["fields"][name] for name in ("boxes", "labels")}
    yield "json", msgspec.json.encode({"key": sample.key, "splits": splits, **content})


def _json_value(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are none as text, bytes in base64."""
    if isinstance(value, np.ndarray):
        return _json_value(value.tolist())
    if isinstance(value, list) and value and isinstance(value[0], float | list):
        return [_json_value(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


class _Shards:
    """Tar files of about a GB each."""

    def __init__(self, target: TargetFolder, split: str) -> None:
        self._target, self._split, self._number = target, split, 0
        self._tar = self._next()

    def _next(self) -> tarfile.TarFile:
        path = self._target.root / f"{self._split}-{self._number:06d}.tar"
        self._number += 1
        return tarfile.open(path, "w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, data: bytes) -> None:
        """Append a file."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(data), _EPOCH_S, 0o644
        self._tar.addfile(info, io.BytesIO(data))
        self._tar.members = []  # type: ignore[attr-defined]  # which it would keep for ever

    def end_sample(self) -> None:
        """Begin another file where this one is full."""
        if self._tar.offset >= _SHARD_BYTES:
            self._tar.close()
            self._tar = self._next()

    def __enter__(self) -> "_Shards":
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()


_FORMAT = RecordFormat(
    files=_files,
    records=_records,
    roles=lambda source, log: _Roles(),  # noqa: ARG005
    decode=_decoded,
    image_of=_own_image,
    has_objects=lambda values: _objects(values.get("json")) is not None,
)
is_webdataset = partial(has_records, _FORMAT)
webdataset_kind = partial(records_kind, _FORMAT)
plan_webdataset = partial(plan_records, _FORMAT)
