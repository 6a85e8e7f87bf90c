"""WIDER FACE: one text file a split, with a path, a count and one line a face; RetinaFace's with landmarks too."""

import math
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape, Shapes, parse_numbers, shown
from kpl.dataset.convert.source import (
    SPLIT_NAMES,
    ImageIndex,
    Item,
    Options,
    Plan,
    SourceFolder,
    note_unused,
    read_text,
)
from kpl.dataset.convert.target import TargetFolder, check_name
from kpl.dataset.kinds import Kind
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence

KINDS = (Kind.FACE_DETECTION, Kind.DETECTION)
_NAMES = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_NUM_LANDMARK_VALUES = 15


def is_wider(source: SourceFolder) -> bool:
    """Whether there is a list of faces under its usual name."""
    return bool(_lists(source))


def _lists(source: SourceFolder) -> list[PurePosixPath]:
    return [
        file
        for file in source.files
        if file.suffix == ".txt" and (file.stem.endswith("_bbx_gt") or file.name == "label.txt")
    ]


def plan_wider(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample an image that a list names, sorted by path."""
    images = ImageIndex(source)
    items: dict[PurePosixPath, Item] = {}
    lists = _lists(source)
    for file in lists:
        split = _split_of(file)
        for line, name, faces in _entries(source, file, log):
            image = images.find(name, file, split=split)
            if image is None:
                log.problem(
                    str(file),
                    Sentence(f"there is no image '{name}'; left out", f"没有图像“{name}”，已跳过"),
                    line,
                )
                continue
            shapes = [shape for at, text in faces if (shape := _face(file, at, text, log)) is not None]
            before = items.get(image)
            splits = (split,) if split else ()
            if before is None:
                items[image] = Item(image, splits, Shapes(str(file), shapes, options.kind))
            else:
                items[image] = before._replace(splits=(*before.splits, *set(splits) - set(before.splits)))
    note_unused(source, {*items, *lists}, log)
    return Plan(("face",), [items[image] for image in sorted(items)])


def _split_of(file: PurePosixPath) -> str:
    """The split in a name like wider_face_train_bbx_gt.txt, or that of the folder."""
    if file.name == "label.txt":
        return next(
            (SPLIT_NAMES[part.lower()] for part in file.parts[:-1] if part.lower() in SPLIT_NAMES), ""
        )
    name = file.stem.removeprefix("wider_face_").removesuffix("bbx_gt").rstrip("_")
    return SPLIT_NAMES.get(name.lower(), name)


def _entries(
    source: SourceFolder, file: PurePosixPath, log: ProblemLog
) -> list[tuple[int, str, list[tuple[int, str]]]]:
    """(line, name, faces) of each image, a face with its line."""
    lines = [
        (number, text.strip()) for number, text in enumerate(read_text(source, file, log).splitlines(), 1)
    ]
    lines = [each for each in lines if each[1]]
    entries: list[tuple[int, str, list[tuple[int, str]]]] = []
    position = 0
    while position < len(lines):
        line, text = lines[position]
        position += 1
        if text.startswith("#"):
            entries.append((line, text.lstrip("# "), []))
            while position < len(lines) and not lines[position][1].startswith("#"):
                entries[-1][2].append(lines[position])
                position += 1
            continue
        count = lines[position][1] if position < len(lines) else ""
        if not count.isdigit():
            log.problem(
                str(file),
                Sentence(
                    f"'{text[:60]}' is not followed by the number of its faces; left out",
                    f"“{text[:60]}”之后没有人脸数量，已跳过",
                ),
                line,
            )
            continue
        position += 1
        # where there are no faces, the list has a line of zeros nevertheless
        faces = lines[position : position + int(count)]
        position += len(faces)
        if int(count) == 0 and position < len(lines) and set(lines[position][1].split()) == {"0"}:
            position += 1
        entries.append((line, text, faces))
    return entries


def _face(file: PurePosixPath, line: int, text: str, log: ProblemLog) -> Shape | None:
    numbers = parse_numbers(text.split())
    if numbers is None or len(numbers) < 4:
        log.problem(
            str(file),
            Sentence(
                f"'{text[:60]}' is not a face: x, y, width, height, ...; left out",
                f"“{text[:60]}”不是人脸（应为 x、y、宽、高……），已跳过",
            ),
            line,
        )
        return None
    left, top, width, height = numbers[:4]
    if width <= 0 or height <= 0:
        log.problem(
            str(file),
            Sentence(
                f"the box {shown(numbers[:4])} has no area; left out",
                f"边框 {shown(numbers[:4])} 面积为零，已跳过",
            ),
            line,
        )
        return None
    box = (left, top, left + width, top + height)
    rest = numbers[4:]
    if len(rest) >= _NUM_LANDMARK_VALUES:
        return Shape(0, box, line, landmarks=_landmarks(rest))
    attributes = {name: int(value) for name, value in zip(_NAMES, rest, strict=False) if value}
    return Shape(0, box, line, attributes=attributes or None)


def _landmarks(numbers: list[float]) -> NDArray[np.float32] | None:
    """[5, 2] from five times x, y, flag; -1 where a point is not known."""
    points = np.array(numbers[:_NUM_LANDMARK_VALUES], np.float32).reshape(5, 3)[:, :2]
    is_known = np.repeat((points >= 0).all(axis=1, keepdims=True), 2, axis=1)
    return np.where(is_known, points, np.float32(np.nan)) if is_known.any() else None


def export_wider(target: TargetFolder) -> None:
    """Write images under their keys and one list a split; lists with landmarks where there are some."""
    dataset = target.dataset
    target.drop("classes other than the first", max(len(dataset.class_names) - 1, 0))
    for sample, name in zip(dataset, target.names, strict=True):
        target.write(name, sample["image"])
    splits = target.split_positions()
    listed = {position for positions in splits.values() for position in positions}
    rest = [position for position in range(len(dataset)) if position not in listed]
    has_landmarks = (
        any(sample["landmarks"] is not None for sample in dataset) if "landmarks" in dataset.fields else False
    )
    for split, positions in {**splits, **({"": rest} if rest else {})}.items():
        if split:
            check_name(split, "split")
        lines: list[str] = []
        for position in positions:
            faces = _lines(dataset[position], target, has_landmarks=has_landmarks)
            path = str(target.names[position])
            head = [f"# {path}"] if has_landmarks else [path, str(len(faces))]
            lines += [*head, *(faces or ([] if has_landmarks else ["0 0 0 0 0 0 0 0 0 0"]))]
        text = "".join(f"{line}\n" for line in lines)
        if has_landmarks:
            target.drop("splits", bool(split) and split not in SPLIT_NAMES.values())
            target.write(f"{split}/label.txt" if split else "label.txt", text)
        else:
            target.write(f"wider_face_split/wider_face_{split + '_' if split else ''}bbx_gt.txt", text)


def _lines(sample: Sample, target: TargetFolder, *, has_landmarks: bool) -> list[str]:
    lines = []
    for number, box in enumerate(sample["boxes"].tolist()):
        left, top, right, bottom = box
        numbers = [_short(each) for each in (left, top, right - left, bottom - top)]
        attributes = dict((sample["attributes"] or {})[number] or {}) if sample["attributes"] else {}
        if has_landmarks:
            points = (
                sample["landmarks"][number].tolist()
                if sample["landmarks"] is not None
                else [[float("nan")] * 2] * 5
            )
            for x, y in points:
                numbers += [_short(x), _short(y), "0.0"] if math.isfinite(x) else ["-1.0", "-1.0", "-1.0"]
            numbers.append("1.0")
        else:
            values = [attributes.pop(name, 0) for name in _NAMES]
            numbers += [str(int(each)) for each in values]
        target.drop("attributes of faces", bool(attributes))
        lines.append(" ".join(numbers))
    for name in ("difficult", "truncated"):
        target.drop(f"the flag '{name}'", int(sample[name].sum()))
    return lines


def _short(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)
