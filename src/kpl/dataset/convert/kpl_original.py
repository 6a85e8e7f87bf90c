"""Datasets of the original KPL, `kpl-dataset` 0.0.9: records in protocol buffers, with a schema beside them.

Records of the schemas for classification and detection become those kinds, all others a dataset of a kind of its own
with one field for each key. The original keeps no checks, so only damage that breaks a record can be noticed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec

from kpl.dataset.convert.kpl_files import RecordFile, open_records, read_properties, stems
from kpl.dataset.convert.kpl_record import StoredFile, decode_record
from kpl.dataset.convert.kpl_schema import RecordType, format_meta
from kpl.dataset.convert.kpl_values import EXTRAS, SCHEMA, Extras, Schema, field_for, fits, to_field, to_json
from kpl.dataset.convert.report import PlaceLog, ProblemLog, reason_in_chinese
from kpl.dataset.convert.shapes import Shape, Shapes, parse_numbers, shown
from kpl.dataset.convert.source import SPLIT_NAMES, Item, Options, Plan, SourceFolder, renumber
from kpl.dataset.convert.tables import field_names
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import Field
from kpl.dataset.image import ImageInfo, image_info
from kpl.dataset.kinds import NO_LABEL, TEMPLATES, Kind
from kpl.errors import Invalid
from kpl.sentence import Sentence, in_chinese

KINDS = (Kind.CUSTOM, Kind.CLASSIFICATION, Kind.DETECTION)
SIDES = ("xmin", "ymin", "xmax", "ymax")
_OWN_KEYS = {
    Kind.CUSTOM: frozenset[str](),
    Kind.CLASSIFICATION: frozenset({"content", "class_name", "class_id"}),
    Kind.DETECTION: frozenset({"content", "object"}),
}
_TO_READ_FIRST = {
    Kind.CUSTOM: ("path",),
    Kind.CLASSIFICATION: ("path", "class_name", "class_id"),
    Kind.DETECTION: ("path", "object"),
}
_OF_OBJECTS = frozenset({"name", "difficult", "truncated", "attributes", *SIDES})
_MAX_CLASSES = 100_000
_MAX_SPLITS = 1000


def is_kpl_original(source: SourceFolder) -> bool:
    """Whether there are a schema and an index of the same name."""
    return bool(stems(source))


def kpl_original_kind(source: SourceFolder) -> Kind:
    """What the schema is for, if the first record has an image."""
    log = ProblemLog("skip")
    for stem in stems(source):
        records = open_records(source, stem, log)
        if records is None:
            continue
        extras = _extras(read_properties(source, stem, log)[0].get(EXTRAS), records, log)
        if extras is not None and extras.kind in KINDS:
            return Kind(extras.kind)
        for number in records.usable:
            try:
                values = decode_record(records[number], records.record_type)
                image_info(_content(values, records))
            except (BadSample, OSError):
                return Kind.CUSTOM
            return _kind_of(records.record_type)
    return Kind.CUSTOM


def _kind_of(record_type: RecordType) -> Kind:
    if _has(record_type, "content", "bytes", "file"):
        objects = record_type.get("object")
        item = objects.item if objects is not None else None
        if item is not None and _has(item, "name", "string", "int64"):
            if all(_has(item, side, "float64", "int64") for side in SIDES):
                return Kind.DETECTION
        elif _has(record_type, "class_id", "int64") or _has(record_type, "class_name", "string"):
            return Kind.CLASSIFICATION
    return Kind.CUSTOM


def _has(record_type: RecordType, key: str, *types: str) -> bool:
    found = record_type.get(key)
    return found is not None and found.basic in types


def _content(values: Mapping[str, Any], records: RecordFile) -> memoryview | bytes:
    content = values.get("content")
    if isinstance(content, StoredFile):
        return records.content(content)
    return content if isinstance(content, memoryview) else b""


class _Reading(NamedTuple):
    """How records become samples.

    Attributes:
        fields: that keys of a record become, beside those of the kind.
        key: that says the key of a sample; empty for none.
    """

    kind: Kind
    fields: dict[str, Field]
    ids: dict[str, int]
    is_ours: bool

    def values(self, records: RecordFile, number: int, log: ProblemLog) -> dict[str, Any]:
        """All fields of a sample but its key."""
        values = decode_record(records[number], records.record_type)
        types = dict(records.record_type.properties)
        found = {
            each.name: to_field(values.get(key), types[key], each, records.content)
            for key, each in self.fields.items()
        }
        if self.kind == Kind.CUSTOM:
            return found
        found["image"] = _content(values, records)
        info = image_info(found["image"])
        found |= {"width": info.width, "height": info.height, "channels": info.channels}
        if self.kind == Kind.CLASSIFICATION:
            name = _class_of(values)
            return found | {"label": NO_LABEL if name is None else self.ids[name]}
        shapes = self._shapes(values, records, log)
        return found | Shapes(str(records.file), shapes, self.kind).values(info, log)

    def _shapes(self, values: dict[str, Any], records: RecordFile, log: ProblemLog) -> list[Shape]:
        objects = records.record_type.get("object")
        assert objects is not None
        assert objects.item is not None
        shapes = []
        for position, each in enumerate(values.get("object", ())):
            name, box = _name_of(each), parse_numbers([each.get(side, 0) for side in SIDES])
            if name is None:
                log.problem(
                    str(records.file),
                    Sentence(
                        f"object[{position}] has no name; left out", f"object[{position}] 没有 name，已跳过"
                    ),
                )
            elif box is None or box[2] <= box[0] or box[3] <= box[1]:
                given = shown([each.get(side, 0) for side in SIDES])
                log.problem(
                    str(records.file),
                    Sentence(
                        f"object[{position}]: the box {given} has no area; left out",
                        f"object[{position}]：边框 {given} 面积为零，已跳过",
                    ),
                )
            else:
                shapes.append(
                    Shape(
                        self.ids[name],
                        (box[0], box[1], box[2], box[3]),
                        is_difficult=each.get("difficult") == 1,
                        is_truncated=self.is_ours and each.get("truncated") == 1,
                        attributes=self._attributes(each, objects.item, records),
                    )
                )
        return shapes

    def _attributes(
        self, each: dict[str, Any], record_type: RecordType, records: RecordFile
    ) -> dict[str, Any] | None:
        """What is said about an object beside its class and box."""
        known = _OF_OBJECTS if self.is_ours else _OF_OBJECTS - {"attributes", "truncated"}
        if each.get("difficult", 0) not in (0, 1):
            known -= {"difficult"}
        rest = {key: value for key, value in each.items() if key not in known}
        attributes: dict[str, Any] = to_json(rest, record_type, records.content)
        if self.is_ours and each.get("attributes"):
            try:
                attributes |= msgspec.json.decode(each["attributes"], type=dict[str, Any])
            except (msgspec.DecodeError, RecursionError) as err:
                raise BadSample(f"the attributes of an object are not JSON: {err}") from err
        return attributes or None


class _Record:
    """A record to be read when its turn comes."""

    def __init__(
        self, reading: _Reading, records: RecordFile, number: int, new_ids: Sequence[int] | None = None
    ) -> None:
        self._reading, self._records, self._number, self._new_ids = reading, records, number, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """The fields of the sample."""
        try:
            values = self._reading.values(self._records, self._number, PlaceLog(log, _place(self._number)))
        except BadSample as err:
            raise BadSample(f"record {self._number}: {err.message}") from err
        if self._new_ids is not None:
            renumber(values, self._new_ids)
        return values

    def renumbered(self, new_ids: Sequence[int]) -> "_Record":
        """The same record with other class ids."""
        return _Record(self._reading, self._records, self._number, new_ids)


def plan_kpl_original(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a record, of all datasets in the folder that have the same schema."""
    opened = [found for stem in stems(source) if (found := open_records(source, stem, log)) is not None]
    files = _alike(opened, log)
    if not files:
        return Plan((), [])
    record_type, texts, others = files[0].record_type, *read_properties(source, files[0].stem, log)
    extras = _extras(texts.pop(EXTRAS, None), files[0], log)
    if options.kind not in (Kind.CUSTOM, _kind_of(record_type)):
        raise Invalid(
            f"{files[0].file}: the schema is not one for {options.kind}.", hint="Try kind 'custom'."
        )
    survey = _survey(files, options.kind, log)
    key = "path" if survey.has_paths else ""
    class_names = _class_names(survey, extras, files[0], log)
    names = {name: number for number, name in enumerate(class_names)}
    fields = _fields(record_type, options.kind, key, extras.fields if extras else {})
    reading = _Reading(options.kind, fields, names, extras is not None)
    schema = Schema(
        files[0].stem.name,
        format_meta(files[0].stem.name, record_type),
        {key: each.name for key, each in fields.items()},
        key,
        {name: number for name, number in survey.class_ids.items() if number is not None},
        others,
    )
    attributes = {**texts, SCHEMA: msgspec.json.encode(schema).decode()}
    return Plan(class_names, _items(survey, reading, extras), tuple(fields.values()), attributes)


def _alike(opened: list[RecordFile], log: ProblemLog) -> list[RecordFile]:
    files = [each for each in opened if each.record_type == opened[0].record_type]
    for each in opened:
        if each not in files:
            log.problem(
                str(each.file),
                Sentence(
                    f"its schema is not that of {opened[0].file}; left out",
                    f"结构与 {opened[0].file} 不同，已跳过",
                ),
            )
    return files


def _extras(text: str | None, records: RecordFile, log: ProblemLog) -> Extras | None:
    """What our exporter has noted; None for datasets that are not from here."""
    if text is None:
        return None
    try:
        extras = msgspec.json.decode(text, type=Extras)
        for key, each in extras.fields.items():
            record_type = records.record_type.get(key)
            each.check()
            if record_type is None or not fits(each, record_type):
                raise BadSample(f"the field '{each.name}' does not fit the schema")
    except (msgspec.DecodeError, RecursionError, Invalid) as err:
        log.problem(
            f"{records.stem}.prop",
            Sentence(
                f"the property '{EXTRAS}' is not as KPL writes it: {err}; passed over",
                f"属性“{EXTRAS}”与 KPL 写出的不符（{reason_in_chinese(err)}），已忽略",
            ),
        )
        return None
    return extras


class _Survey(NamedTuple):
    """What a first look at all records has shown.

    Attributes:
        found: (records, number, path) of each that can be read.
        class_ids: number of each class; None where records do not say it.
    """

    found: list[tuple[RecordFile, int, str]]
    class_ids: dict[str, int | None]
    has_paths: bool


def _survey(files: list[RecordFile], kind: Kind, log: ProblemLog) -> _Survey:
    found: list[tuple[RecordFile, int, str]] = []
    class_ids: dict[str, int | None] = {}
    for records in files:
        for number in records.usable:
            try:
                values = decode_record(records[number], records.record_type, _TO_READ_FIRST[kind])
            except BadSample as err:
                log.problem(
                    str(records.file),
                    Sentence(
                        f"record {number}: {err.message}; left out",
                        f"第 {number} 条记录：{in_chinese(err.message)}，已跳过",
                    ),
                )
                continue
            path = values.get("path", "")
            found.append((records, number, path if isinstance(path, str) else ""))
            _note_classes(values, kind, class_ids, PlaceLog(log, _place(number)), str(records.file))
    paths = {path for _, _, path in found}
    return _Survey(found, class_ids, bool(found) and "" not in paths and len(paths) == len(found))


def _note_classes(
    values: dict[str, Any], kind: Kind, class_ids: dict[str, int | None], log: ProblemLog, file: str
) -> None:
    if kind == Kind.DETECTION:
        class_ids.update(dict.fromkeys(map(_name_of, values.get("object", ()))))  # type: ignore[arg-type]
        class_ids.pop(None, None)  # type: ignore[call-overload]
    elif kind == Kind.CLASSIFICATION and (name := _class_of(values)) is not None:
        known = class_ids.setdefault(name, values.get("class_id"))
        if known != values.get("class_id"):
            log.problem(
                file,
                Sentence(
                    f"the class '{name}' has the id {values.get('class_id')}, and {known} before",
                    f"类别“{name}”的 id 为 {values.get('class_id')}，之前为 {known}",
                ),
            )
    if len(class_ids) > _MAX_CLASSES:
        raise Invalid(f"{file}: more than {_MAX_CLASSES} classes are too many.", hint="Try kind 'custom'.")


def _class_of(values: Mapping[str, Any]) -> str | None:
    """The name of the class of a record, its number where it has no name."""
    number = values.get("class_id")
    return values.get("class_name") or (None if number is None else str(number))


def _name_of(each: Mapping[str, Any]) -> str | None:
    name = each.get("name")
    return str(name) if isinstance(name, int) else name or None


def _class_names(
    survey: _Survey, extras: Extras | None, records: RecordFile, log: ProblemLog
) -> tuple[str, ...]:
    """By their numbers where each has one of its own, else by name."""
    ids = survey.class_ids
    if extras is not None:
        listed = extras.class_names
        if set(ids) <= set(listed) and max(Counter(listed).values(), default=0) <= 1 and all(listed):
            return tuple(listed)
        log.problem(
            f"{records.stem}.prop",
            Sentence("it does not list all classes; passed over", "没有列出全部类别，已忽略"),
        )
    numbers = [number for number in ids.values() if number is not None]
    if len(set(numbers)) == len(ids):
        return tuple(sorted(ids, key=lambda name: ids[name] or 0))
    if all(name.isdecimal() for name in ids):
        return tuple(sorted(ids, key=lambda name: (int(name), name)))
    return tuple(sorted(ids))


def _fields(record_type: RecordType, kind: Kind, key: str, noted: Mapping[str, Field]) -> dict[str, Field]:
    """The field for each key of a record that is not told by the kind."""
    told = _OWN_KEYS[kind] | ({key} if key else frozenset())
    types = {name: each for name, each in record_type.properties if name not in told}
    template = TEMPLATES[kind]
    taken = [each.name for each in (*template.samples, *template.labels, *noted.values())]
    names = field_names([name for name in types if name not in noted], reserved=taken)
    return {
        name: noted[name] if name in noted else field_for(names[name], each) for name, each in types.items()
    }


def _items(survey: _Survey, reading: _Reading, extras: Extras | None) -> list[Item]:
    splits = _splits(extras, len(survey.found[0][0])) if extras is not None and survey.found else {}
    files = {id(records) for records, _, _ in survey.found}
    items = []
    for records, number, path in survey.found:
        split = SPLIT_NAMES.get(records.stem.name.lower())
        name = records.stem if len(files) > 1 else records.stem.name
        items.append(
            Item(
                records.file,
                tuple(splits.get(number, ())) if extras is not None else (split,) if split else (),
                _Record(reading, records, number),
                key=path if survey.has_paths else default_key(name, number),
                has_image=False,
            )
        )
    return items


def _splits(extras: Extras, num_records: int) -> dict[int, list[str]]:
    """The splits of each position, from rising runs."""
    splits: dict[int, list[str]] = {}
    for name, runs in list(extras.splits.items())[:_MAX_SPLITS]:
        stop = 0
        for given_start, given_stop in runs:
            start, stop = max(stop, given_start), min(given_stop, num_records)
            for position in range(start, stop):
                splits.setdefault(position, []).append(name)
    return splits


def default_key(stem: PurePosixPath | str, number: int) -> str:
    """The key of a sample whose record has no path of its own."""
    return f"{stem}#{number}"


def _place(number: int) -> Sentence:
    return Sentence(f"record {number}", f"第 {number} 条记录")
