"""LabelMe: one JSON file an image, with rectangles, polygons and masks; objects of several polygons share a group."""

import base64
import binascii
import io
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np

from kpl.dataset.convert.json import has_keys, json_files, read_json
from kpl.dataset.convert.report import ProblemLog, reason_in_chinese
from kpl.dataset.convert.shapes import Box, PartialMask, Shape, Shapes, parse_numbers, shown
from kpl.dataset.convert.source import (
    ImageIndex,
    Item,
    Options,
    Plan,
    SourceFolder,
    note_unused,
    read_split_lists,
    read_text,
    splits_of,
)
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import check_mask_size, decode_segmentation, encode_class_mask, is_runs
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence

KINDS = (Kind.DETECTION, Kind.INSTANCE_SEGMENTATION, Kind.FACE_DETECTION)
_OWN_FLAGS = ("crowd", "difficult", "truncated")
_LABELS = "labels.txt"
_NOT_CLASSES = ("__ignore__", "_background_")
_MAX_MASK_TEXT = 64 << 20


def is_labelme(source: SourceFolder) -> bool:
    """Whether the first JSON file that is an object has shapes and the path of an image."""
    return any(has_keys(source, file, "shapes", "imagePath") for file in json_files(source)[:3])


def labelme_kind(source: SourceFolder) -> Kind:
    """Instance segmentation where the first file with shapes has other ones than rectangles."""
    for file in json_files(source):
        content = read_json(source, file, ProblemLog("skip"))
        shapes = content.get("shapes") if isinstance(content, dict) else None
        if isinstance(shapes, list) and shapes:
            types = {each.get("shape_type") for each in shapes if isinstance(each, dict)}
            return Kind.INSTANCE_SEGMENTATION if types & {"polygon", "mask", None} else Kind.DETECTION
    return Kind.DETECTION


def plan_labelme(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample a JSON file that has an image, sorted by the path of the image."""
    images = ImageIndex(source)
    lists = read_split_lists(source, log)
    found: dict[PurePosixPath, tuple[PurePosixPath, list[dict[str, Any]]]] = {}
    used: set[PurePosixPath] = set()
    for file in json_files(source):
        content = read_json(source, file, log)
        if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
            continue
        used.add(file)
        named = str(content.get("imagePath") or "")
        image = images.find(named, file) or images.of_stem(file.stem, file)
        if image is None:
            log.problem(
                str(file),
                Sentence(
                    f"there is no image '{named or file.stem}'; left out",
                    f"没有图像“{named or file.stem}”，已跳过",
                ),
            )
        elif image in found:
            log.problem(
                str(file),
                Sentence(
                    f"its image {image} has the annotation {found[image][0]} already; left out",
                    f"图像 {image} 已有标注 {found[image][0]}，已跳过",
                ),
            )
        else:
            found[image] = (file, _checked_shapes(file, content["shapes"], log))
    names = _class_names(source, [each["label"] for _, shapes in found.values() for each in shapes], log)
    ids = {name: number for number, name in enumerate(names)}
    items = [
        Item(image, splits_of(image, lists), Shapes(str(file), _shapes(file, shapes, ids, log), options.kind))
        for image, (file, shapes) in sorted(found.items())
    ]
    note_unused(source, used | set(found), log)
    return Plan(names, items)


def _checked_shapes(file: PurePosixPath, shapes: list[Any], log: ProblemLog) -> list[dict[str, Any]]:
    kept = []
    for number, each in enumerate(shapes):
        if isinstance(each, dict) and isinstance(each.get("label"), str) and each["label"]:
            kept.append({**each, "number": number})
        else:
            log.problem(
                str(file),
                Sentence(f"shapes[{number}] has no label; left out", f"shapes[{number}] 没有 label，已跳过"),
            )
    return kept


def _class_names(source: SourceFolder, labels: list[str], log: ProblemLog) -> tuple[str, ...]:
    """The classes of labels.txt in its order, then those that it lacks."""
    file = next((file for file in source.files if file.name == _LABELS and len(file.parts) == 1), None)
    lines = [line.strip() for line in read_text(source, file, log).splitlines()] if file is not None else []
    listed = [line for line in lines if line and line not in _NOT_CLASSES]
    return tuple(dict.fromkeys((*listed, *sorted(set(labels)))))


def _shapes(
    file: PurePosixPath, shapes: list[dict[str, Any]], ids: dict[str, int], log: ProblemLog
) -> list[Shape]:
    """Objects in the order of their first part; polygons of one group and label are one object."""
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for each in shapes:
        group = each.get("group_id")
        is_part = group is not None and each.get("shape_type", "polygon") == "polygon"
        groups[(str(group), each["label"]) if is_part else each["number"]].append(each)
    found = [_shape(file, parts, ids, log) for parts in groups.values()]
    return [each for each in found if each is not None]


def _shape(
    file: PurePosixPath, parts: list[dict[str, Any]], ids: dict[str, int], log: ProblemLog
) -> Shape | None:
    first = parts[0]
    where = f"shapes[{first['number']}]"
    shape_type = first.get("shape_type") or "polygon"
    numbers = [parse_numbers(_flat(each.get("points"))) for each in parts]
    polygons = [each for each in numbers if each is not None]
    if len(polygons) != len(numbers):
        log.problem(
            str(file),
            Sentence(
                f"{where}: its points are not pairs of numbers; left out",
                f"{where}：点不是成对的数字，已跳过",
            ),
        )
        return None
    box: Box | None = None
    segmentation: Any = polygons
    if shape_type in ("rectangle", "mask"):
        corners = polygons[0]
        if len(corners) != 4:
            log.problem(
                str(file),
                Sentence(
                    f"{where}: a {shape_type} has two corners; left out",
                    f"{where}：{shape_type} 应有两个角点，已跳过",
                ),
            )
            return None
        (left, right), (top, bottom) = sorted(corners[0::2]), sorted(corners[1::2])
        segmentation = None
        if shape_type == "mask":
            segmentation = _mask(file, first, (left, top), where, log)
            if segmentation is None:
                return None
        elif left >= right or top >= bottom:
            log.problem(
                str(file),
                Sentence(
                    f"{where}: the box {shown(corners)} has no area; left out",
                    f"{where}：边框 {shown(corners)} 面积为零，已跳过",
                ),
            )
            return None
        box = (left, top, right, bottom) if shape_type == "rectangle" else None
    elif shape_type != "polygon":
        log.problem(
            str(file),
            Sentence(
                f"{where}: a {shape_type} has no place in a dataset of boxes or masks; left out",
                f"{where}：边框或掩码数据集不支持 {shape_type}，已跳过",
            ),
        )
        return None
    flags = first.get("flags") if isinstance(first.get("flags"), dict) else {}
    assert isinstance(flags, dict)
    attributes = {name: value for name, value in flags.items() if name not in _OWN_FLAGS}
    if first.get("description"):
        attributes["description"] = str(first["description"])
    return Shape(
        ids[first["label"]],
        box,
        segmentation=segmentation,
        is_crowd=bool(flags.get("crowd")),
        is_difficult=bool(flags.get("difficult")),
        is_truncated=bool(flags.get("truncated")),
        attributes=attributes or None,
    )


def _flat(points: Any) -> Any:
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        return None
    return [number for point in points for number in point]


def _mask(
    file: PurePosixPath, shape: dict[str, Any], corner: tuple[float, float], where: str, log: ProblemLog
) -> PartialMask | None:
    """The pixels of a mask and where in the image they lie; None and a problem if they cannot be read."""
    from PIL import Image

    text = shape.get("mask")
    try:
        if not isinstance(text, str) or len(text) > _MAX_MASK_TEXT:
            raise BadSample(Sentence("there is no PNG in 'mask'", "“mask”中没有 PNG"))
        data = base64.b64decode(text, validate=True)
        check_mask_size(data)
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("L")) > 0
    except (BadSample, binascii.Error, OSError, ValueError, SyntaxError) as err:
        log.problem(
            str(file), Sentence(f"{where}: {err}; left out", f"{where}：{reason_in_chinese(err)}，已跳过")
        )
        return None
    return PartialMask(int(corner[0]), int(corner[1]), pixels)


def export_labelme(target: TargetFolder) -> None:
    """Write images under their keys, a JSON file beside each, the classes and the splits."""
    names = target.names_with_own_stems()
    for sample, name in zip(target.dataset, names, strict=True):
        target.write(name, sample["image"])
        content = {
            "version": "5.5.0",
            "flags": {},
            "shapes": _written_shapes(sample, target),
            "imagePath": name.name,
            "imageData": None,
            "imageHeight": sample["height"],
            "imageWidth": sample["width"],
        }
        target.write(name.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(content), indent=1))
    target.write(_LABELS, "".join(f"{name}\n" for name in target.dataset.class_names))
    target.write_split_lists(names)


def _written_shapes(sample: Sample, target: TargetFolder) -> list[dict[str, Any]]:
    target.drop("landmarks", "landmarks" in sample and sample["landmarks"] is not None)
    shapes = []
    objects = zip(sample["boxes"].tolist(), sample["labels"], target.masks_without_boxes(sample), strict=True)
    for number, (box, label, mask) in enumerate(objects):
        given = dict((sample["attributes"] or {})[number] or {}) if sample["attributes"] else {}
        flags: dict[str, Any] = {name: True for name in _OWN_FLAGS if name in sample and sample[name][number]}
        description = given.pop("description", "")
        flags |= {name: value for name, value in given.items() if isinstance(value, bool)}
        target.drop(
            "attributes that are not true or false",
            sum(not isinstance(each, bool) for each in given.values()),
        )
        common = {"label": target.dataset.class_names[label], "flags": flags, "description": str(description)}
        if mask is None:
            corners = [box[:2], box[2:]]
            shapes.append({**common, "points": corners, "group_id": None, "shape_type": "rectangle"})
        elif is_runs(mask):
            shapes.append({**common, **_written_mask(mask), "group_id": None, "shape_type": "mask"})
        else:
            group = number if len(mask) > 1 else None
            for polygon in mask:
                points = [polygon[i : i + 2] for i in range(0, len(polygon), 2)]
                shapes.append({**common, "points": points, "group_id": group, "shape_type": "polygon"})
    return shapes


def _written_mask(mask: dict[str, Any]) -> dict[str, Any]:
    height, width = mask["size"]
    pixels = decode_segmentation(mask, height, width).astype(np.uint8)
    png = base64.b64encode(encode_class_mask(pixels)).decode()
    return {"points": [[0, 0], [width - 1, height - 1]], "mask": png}
