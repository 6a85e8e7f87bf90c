"""COCO: one JSON file a split, with images, categories and annotations that name each other by id.

Ids are only names: they may begin at 0 and have gaps. Class ids follow the order of the category ids.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np

from kpl.dataset.convert.json import has_keys, json_files, read_json
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Box, Shape, Shapes, parse_numbers, shown
from kpl.dataset.convert.source import (
    SPLIT_NAMES,
    ImageIndex,
    Item,
    Options,
    Plan,
    SourceFolder,
    note_unused,
    splits_of_folder,
)
from kpl.dataset.convert.target import TargetFolder, check_name
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import segmentation_area
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence, in_chinese

KINDS = (Kind.DETECTION, Kind.INSTANCE_SEGMENTATION, Kind.FACE_DETECTION)
_CATEGORIES = (
    "coco_categories"  # attribute of the dataset: what an export needs to give back ids and skeletons
)
_NAME = re.compile(r"(?:instances|person_keypoints|keypoints|annotations|captions)_(.+?)(?:20\d\d)?")
_FLAGS = ("crowd", "difficult", "truncated")


class _File(NamedTuple):
    path: PurePosixPath
    split: tuple[str, ...]
    content: dict[str, Any]


def is_coco(source: SourceFolder) -> bool:
    """Whether a JSON file of the source has images and annotations."""
    return any(has_keys(source, file, "images", "annotations") for file in json_files(source))


def coco_kind(source: SourceFolder) -> Kind:
    """Instance segmentation where any object has a mask, else detection."""
    for file in json_files(source):
        if has_keys(source, file, "images", "annotations"):
            content = read_json(source, file, ProblemLog("skip"))
            if any(_is_object(each) and each.get("segmentation") for each in _list(content, "annotations")):
                return Kind.INSTANCE_SEGMENTATION
    return Kind.DETECTION


def plan_coco(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample an image that an annotation file lists, sorted by path."""
    files = _read_files(source, log)
    categories = _categories(files, log)
    images = ImageIndex(source)
    items: dict[PurePosixPath, Item] = {}
    for file in files:
        for image, shapes in _images(file, images, categories, options, log):
            before = items.get(image)
            if before is None:
                items[image] = Item(image, file.split, Shapes(str(file.path), shapes, options.kind))
            elif _are_alike(before.annotation, shapes):
                items[image] = before._replace(splits=(*before.splits, *set(file.split) - set(before.splits)))
            else:
                log.problem(
                    str(file.path),
                    Sentence(
                        f"'{image}' has other annotations in another file; left out",
                        f"“{image}”在另一个文件中有不同的标注，已跳过",
                    ),
                )
    note_unused(source, {*items, *(file.path for file in files)}, log)
    names = tuple(category["name"] for category in categories.values())
    attributes = {_CATEGORIES: msgspec.json.encode(list(categories.values())).decode()}
    return Plan(names, [items[path] for path in sorted(items)], attributes=attributes)


def _read_files(source: SourceFolder, log: ProblemLog) -> list[_File]:
    files = []
    for path in json_files(source):
        content = read_json(source, path, log)
        if not isinstance(content, dict) or not isinstance(content.get("images"), list):
            continue
        files.append(_File(path, _split_of(path), content))
    return files


def _split_of(path: PurePosixPath) -> tuple[str, ...]:
    """The split that the name of a file or its folder says."""
    named = _NAME.fullmatch(path.stem)
    if named is not None:
        return (SPLIT_NAMES.get(named[1].lower(), named[1]),)
    stem = path.stem.lower()
    return (SPLIT_NAMES[stem],) if stem in SPLIT_NAMES else splits_of_folder(path)


def _list(content: Any, name: str) -> list[Any]:
    value = content.get(name) if isinstance(content, dict) else None
    return value if isinstance(value, list) else []


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _categories(files: list[_File], log: ProblemLog) -> dict[Any, dict[str, Any]]:
    """The categories by id, in the order of their ids, with names that differ."""
    found: dict[Any, dict[str, Any]] = {}
    for file in files:
        for number, category in enumerate(_list(file.content, "categories")):
            where = f"categories[{number}]"
            if (
                not _is_object(category)
                or not _is_id(category.get("id"))
                or not _is_name(category.get("name"))
            ):
                log.problem(
                    str(file.path),
                    Sentence(f"{where} has no id or no name; left out", f"{where} 缺少 id 或 name，已跳过"),
                )
                continue
            before = found.setdefault(category["id"], category)
            if before["name"] != category["name"]:
                log.problem(
                    str(file.path),
                    Sentence(
                        f"{where} is called '{before['name']}' in another file; that name is kept",
                        f"{where} 在另一个文件中名为“{before['name']}”，沿用该名称",
                    ),
                )
    ordered = dict(sorted(found.items(), key=lambda each: (isinstance(each[0], str), each[0])))
    taken: set[str] = set()
    for category_id, category in ordered.items():
        if category["name"] in taken:
            ordered[category_id] = {**category, "name": f"{category['name']} {category_id}"}
        taken.add(ordered[category_id]["name"])
    return ordered


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _images(
    file: _File, images: ImageIndex, categories: dict[Any, dict[str, Any]], options: Options, log: ProblemLog
) -> list[tuple[PurePosixPath, list[Shape]]]:
    class_ids = {category_id: number for number, category_id in enumerate(categories)}
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    listed: dict[Any, PurePosixPath] = {}
    where = str(file.path)
    for number, image in enumerate(_list(file.content, "images")):
        name = image.get("file_name") if _is_object(image) else None
        if not isinstance(name, str) or not _is_id(image.get("id")):
            log.problem(
                where,
                Sentence(
                    f"images[{number}] has no id or no file_name; left out",
                    f"images[{number}] 缺少 id 或 file_name，已跳过",
                ),
            )
            continue
        found = images.find(name, file.path, split=file.split[0] if file.split else "")
        if found is None:
            log.problem(
                where,
                Sentence(
                    f"images[{number}]: there is no image '{name}'; left out",
                    f"images[{number}]：没有图像“{name}”，已跳过",
                ),
            )
        elif image["id"] in listed:
            log.problem(
                where,
                Sentence(
                    f"images[{number}]: the id {image['id']} is taken; left out",
                    f"images[{number}]：id {image['id']} 已被使用，已跳过",
                ),
            )
        else:
            listed[image["id"]] = found
    known = {
        image.get("id")
        for image in _list(file.content, "images")
        if _is_object(image) and _is_id(image.get("id"))
    }
    for number, annotation in enumerate(_list(file.content, "annotations")):
        reason = _wrong_reference(annotation, known, class_ids)
        if reason:
            log.problem(
                where,
                Sentence(
                    f"annotations[{number}]: {reason}; left out",
                    f"annotations[{number}]：{in_chinese(reason)}，已跳过",
                ),
            )
        elif annotation["image_id"] in listed:
            shape = _shape(
                annotation, class_ids, options.kind, where=f"annotations[{number}]", file=where, log=log
            )
            if shape is not None:
                shapes[annotation["image_id"]].append(shape)
    return [(image, shapes[image_id]) for image_id, image in listed.items()]


def _wrong_reference(annotation: Any, images: set[Any], class_ids: Mapping[Any, int]) -> str:
    if not _is_object(annotation):
        return Sentence("not an object", "不是 JSON 对象")
    if not _is_id(annotation.get("image_id")) or annotation["image_id"] not in images:
        return Sentence(
            f"there is no image of the id {annotation.get('image_id')}",
            f"没有 id 为 {annotation.get('image_id')} 的图像",
        )
    if not _is_id(annotation.get("category_id")) or annotation["category_id"] not in class_ids:
        return Sentence(
            f"there is no category of the id {annotation.get('category_id')}",
            f"没有 id 为 {annotation.get('category_id')} 的类别",
        )
    return ""


def _shape(
    annotation: dict[str, Any],
    class_ids: Mapping[Any, int],
    kind: Kind,
    *,
    where: str,
    file: str,
    log: ProblemLog,
) -> Shape | None:
    segmentation = annotation.get("segmentation") or None
    box: Box | None = None
    numbers = parse_numbers(annotation.get("bbox")) or None
    if numbers is not None and len(numbers) == 4:
        left, top, width, height = numbers
        if width > 0 and height > 0:
            box = (left, top, left + width, top + height)
        elif segmentation is None:
            log.problem(
                file,
                Sentence(
                    f"{where}: the box {shown(numbers)} has no area; left out",
                    f"{where}：边框 {shown(numbers)} 面积为零，已跳过",
                ),
            )
            return None
    elif annotation.get("bbox"):
        log.problem(
            file,
            Sentence(
                f"{where}: bbox is {str(annotation['bbox'])[:80]}, not x, y, width, height; left out",
                f"{where}：bbox 为 {str(annotation['bbox'])[:80]}，应为 x、y、宽、高，已跳过",
            ),
        )
        return None
    given = annotation.get("attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    flags = {name: attributes.pop(name, False) in (True, 1) for name in _FLAGS}
    keypoints = parse_numbers(annotation.get("keypoints")) or None
    landmarks = None
    if keypoints is not None and kind == Kind.FACE_DETECTION and len(keypoints) == 15:
        points = np.array(keypoints, np.float32).reshape(5, 3)
        landmarks = np.where(points[:, 2:] > 0, points[:, :2], np.float32(np.nan))
    elif keypoints is not None:
        attributes["keypoints"] = keypoints
    return Shape(
        class_ids[annotation["category_id"]],
        box,
        segmentation=segmentation,
        is_crowd=bool(annotation.get("iscrowd")) or flags["crowd"],
        is_difficult=flags["difficult"],
        is_truncated=flags["truncated"],
        landmarks=landmarks,
        attributes=attributes or None,
    )


def _are_alike(annotation: Any, shapes: list[Shape]) -> bool:
    assert isinstance(annotation, Shapes)
    plain = [[each._replace(landmarks=None) for each in some] for some in (annotation.shapes, shapes)]
    return plain[0] == plain[1]


def export_coco(target: TargetFolder) -> None:
    """Write images under their keys and one file of annotations a split."""
    dataset = target.dataset
    categories = _known_categories(target)
    for sample, name in zip(dataset, target.names, strict=True):
        target.write(name, sample["image"])
    splits = target.split_positions()
    for split in splits:
        check_name(split, "split")
    in_splits = {position for positions in splits.values() for position in positions}
    rest = [position for position in range(len(dataset)) if position not in in_splits]
    files = {f"instances_{split}": positions for split, positions in splits.items()}
    if rest:
        files["instances"] = rest
    for file, positions in files.items():
        content = _content(target, positions, categories)
        target.write(f"annotations/{file}.json", msgspec.json.encode(content))


def _known_categories(target: TargetFolder) -> list[dict[str, Any]]:
    """The categories that the dataset came from, or numbers from 1 on."""
    names = target.dataset.class_names
    try:
        listed = msgspec.json.decode(
            target.dataset.attributes.get(_CATEGORIES, "[]"), type=list[dict[str, Any]]
        )
    except msgspec.DecodeError:
        listed = []
    known = {category.get("name"): category for category in listed}
    ids = [known[name]["id"] for name in names if name in known and "id" in known[name]]
    is_usable = (
        len(ids) == len(names) and all(isinstance(each, int) for each in ids) and ids == sorted(set(ids))
    )
    if is_usable:
        return [known[name] for name in names]
    return [{"id": number, "name": name} for number, name in enumerate(names, 1)]


def _content(target: TargetFolder, positions: list[int], categories: list[dict[str, Any]]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, position in enumerate(positions, 1):
        sample = target.dataset[position]
        size = {"width": sample["width"], "height": sample["height"]}
        images.append({"id": image_id, "file_name": str(target.names[position]), **size})
        for number in range(len(sample["boxes"])):
            annotation = _annotation(sample, number, categories)
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **annotation})
    return {"images": images, "annotations": annotations, "categories": categories}


def _annotation(sample: Sample, number: int, categories: list[dict[str, Any]]) -> dict[str, Any]:
    left, top, right, bottom = sample["boxes"][number].tolist()
    result: dict[str, Any] = {
        "category_id": categories[sample["labels"][number]]["id"],
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "iscrowd": 0,
    }
    attributes = dict((sample["attributes"] or {})[number] or {}) if sample["attributes"] else {}
    if "masks" in sample:
        mask = sample["masks"][number]
        result["segmentation"] = mask if mask is not None else []
        result["area"] = segmentation_area(mask) or result["area"]
        result["iscrowd"] = int(sample["crowd"][number])
    else:
        result["iscrowd"] = int(attributes.pop("crowd", False))
        flags = {name: True for name in ("difficult", "truncated") if sample[name][number]}
        attributes |= flags
    if (
        "landmarks" in sample
        and sample["landmarks"] is not None
        and np.isfinite(sample["landmarks"][number]).any()
    ):
        points = sample["landmarks"][number].tolist()
        result["keypoints"] = [
            value for x, y in points for value in ((x, y, 2) if math.isfinite(x) else (0, 0, 0))
        ]
    elif "keypoints" in attributes:
        result["keypoints"] = attributes.pop("keypoints")
    if attributes:
        result["attributes"] = attributes
    return result
