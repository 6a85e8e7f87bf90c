"""CVAT for images 1.1: one XML file for all images, with boxes, polygons, masks and attributes."""

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from kpl.dataset.convert.report import ProblemLog, reason_in_chinese
from kpl.dataset.convert.shapes import PartialMask, Shape, Shapes, parse_number, parse_numbers, shown
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
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.convert.xml import Element, XmlError, parse_xml
from kpl.dataset.errors import BadSample
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import decode_mask, is_runs
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence

KINDS = (Kind.DETECTION, Kind.INSTANCE_SEGMENTATION, Kind.FACE_DETECTION)
_MAX_BYTES = 256 << 20
_ROOT = re.compile(rb"<annotations[\s>]")
_OWN_FLAGS = ("crowd", "difficult", "truncated")
_SHAPES = ("box", "polygon", "mask")
_OTHERS = ("polyline", "points", "ellipse", "cuboid", "skeleton", "tag")
_PART = "kpl_part_of"  # attribute of the second and further polygons of one object


def is_cvat(source: SourceFolder) -> bool:
    """Whether an XML file of the source has annotations of many images."""
    return any(_is_annotations(source, file) for file in _xml_files(source)[:3])


def cvat_kind(source: SourceFolder) -> Kind:
    """Instance segmentation where there are polygons or masks, else detection."""
    for file in _xml_files(source):
        if _is_annotations(source, file) and re.search(rb"<(polygon|mask)\s", source.read(file)):
            return Kind.INSTANCE_SEGMENTATION
    return Kind.DETECTION


def _xml_files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.suffix.lower() == ".xml"]


def _is_annotations(source: SourceFolder, file: PurePosixPath) -> bool:
    return _ROOT.search(source.read(file)[:4096]) is not None


def plan_cvat(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample an image that a file lists, sorted by path."""
    roots: list[tuple[PurePosixPath, Element]] = []
    for file in _xml_files(source):
        try:
            root = parse_xml(source.read(file), max_bytes=_MAX_BYTES)
        except (XmlError, OSError) as err:
            log.problem(
                str(file),
                Sentence(f"{err}; left out", f"{reason_in_chinese(err)}，已跳过"),
                getattr(err, "line", 0),
            )
            continue
        if root.tag == "annotations":
            roots.append((file, root))
    names = _class_names([root for _, root in roots])
    ids = {name: number for number, name in enumerate(names)}
    images = ImageIndex(source)
    items: dict[PurePosixPath, Item] = {}
    for file, root in roots:
        for element in root.find_all("image"):
            name = element.attributes.get("name", "")
            image = images.find(name, file)
            if image is None:
                log.problem(
                    str(file),
                    Sentence(f"there is no image '{name}'; left out", f"没有图像“{name}”，已跳过"),
                    element.line,
                )
            elif image in items:
                log.problem(
                    str(file),
                    Sentence(
                        f"the image '{image}' has annotations already; left out",
                        f"图像“{image}”已有标注，已跳过",
                    ),
                    element.line,
                )
            else:
                shapes = Shapes(str(file), _shapes(file, element, ids, log), options.kind)
                items[image] = Item(image, _splits_of(element, image), shapes)
    note_unused(source, {*items, *(file for file, _ in roots)}, log)
    return Plan(names, [items[image] for image in sorted(items)])


def _class_names(roots: list[Element]) -> tuple[str, ...]:
    """Labels in the order that the task declares them, then those that it does not."""
    declared: dict[str, None] = {}
    for root in roots:
        for element in _below(root, "labels"):
            declared |= {name: None for label in element.find_all("label") if (name := label.text_of("name"))}
    used = {
        shape.attributes["label"]
        for root in roots
        for image in root.find_all("image")
        for shape in image.children
        if shape.tag in _SHAPES and shape.attributes.get("label")
    }
    return (*declared, *sorted(used - set(declared)))


def _below(root: Element, tag: str) -> list[Element]:
    """Elements of a tag in the description of the task."""
    found, waiting = [], root.find_all("meta")
    while waiting:
        element = waiting.pop()
        found += element.find_all(tag)
        waiting += element.children
    return found


def _splits_of(element: Element, image: PurePosixPath) -> tuple[str, ...]:
    subset = element.attributes.get("subset", "")
    if not subset:
        return splits_of_folder(image)
    return tuple(
        SPLIT_NAMES.get(name.lower(), name) for name in subset.split(";") if name and name != "default"
    )


def _shapes(file: PurePosixPath, image: Element, ids: dict[str, int], log: ProblemLog) -> list[Shape]:
    shapes: list[Shape] = []
    numbers: dict[str, int] = defaultdict(int)  # of an object, to its place in `shapes`
    for number, element in enumerate(each for each in image.children if each.tag in (*_SHAPES, *_OTHERS)):
        if element.tag in _OTHERS:
            log.problem(
                str(file),
                Sentence(
                    f"<{element.tag}> has no place in a dataset of boxes or masks; left out",
                    f"边框或掩码数据集不支持 <{element.tag}>，已跳过",
                ),
                element.line,
            )
            continue
        label = element.attributes.get("label", "")
        if not label:
            log.problem(
                str(file),
                Sentence(f"<{element.tag}> has no label; left out", f"<{element.tag}> 没有 label，已跳过"),
                element.line,
            )
            continue
        attributes = {
            name: each.text for each in element.find_all("attribute") if (name := each.attributes.get("name"))
        }
        part_of = attributes.pop(_PART, "")
        shape = _shape(file, element, ids[label], attributes, log)
        if shape is not None and part_of in numbers:
            whole = shapes[numbers[part_of]]
            shapes[numbers[part_of]] = whole._replace(segmentation=[*whole.segmentation, *shape.segmentation])
        elif shape is not None:
            numbers[str(number)] = len(shapes)
            shapes.append(shape)
    return shapes


def _shape(
    file: PurePosixPath, element: Element, class_id: int, attributes: dict[str, str], log: ProblemLog
) -> Shape | None:
    box, segmentation = None, None
    if element.tag == "box":
        numbers = [parse_number(element.attributes.get(name)) for name in ("xtl", "ytl", "xbr", "ybr")]
        left, top, right, bottom = (number if number is not None else float("nan") for number in numbers)
        if not (left < right and top < bottom):
            log.problem(
                str(file),
                Sentence(
                    f"the box {shown((left, top, right, bottom))} has no area; left out",
                    f"边框 {shown((left, top, right, bottom))} 面积为零，已跳过",
                ),
                element.line,
            )
            return None
        box = (left, top, right, bottom)
    elif element.tag == "polygon":
        texts = re.split(r"[;,]", element.attributes.get("points", ""))
        polygon = parse_numbers(texts)
        if polygon is None:
            log.problem(
                str(file),
                Sentence("the points of the polygon are not numbers; left out", "多边形的点不是数字，已跳过"),
                element.line,
            )
            return None
        segmentation: Any = [polygon]  # type: ignore[no-redef]
    else:
        segmentation = _mask(file, element, log)
        if segmentation is None:
            return None
    flags = {name: attributes.pop(name, "") == "true" for name in _OWN_FLAGS}
    kept: dict[str, Any] = dict(attributes)
    if element.attributes.get("occluded") == "1":
        kept["occluded"] = True
    return Shape(
        class_id,
        box,
        element.line,
        segmentation=segmentation,
        is_crowd=flags["crowd"],
        is_difficult=flags["difficult"],
        is_truncated=flags["truncated"],
        attributes=kept or None,
    )


def _mask(file: PurePosixPath, element: Element, log: ProblemLog) -> PartialMask | None:
    """A mask: runs row by row inside a box of the image."""
    try:
        left, top, width, height = (
            int(element.attributes.get(name, "")) for name in ("left", "top", "width", "height")
        )
        runs = [int(run) for run in element.attributes.get("rle", "").split(",")]
        # CVAT's runs go along the rows, ours down the columns
        return PartialMask(left, top, decode_mask(runs, width, height).T)
    except (ValueError, BadSample) as err:
        log.problem(
            str(file),
            Sentence(
                f"the mask cannot be read: {err}; left out", f"无法读取掩码：{reason_in_chinese(err)}，已跳过"
            ),
            element.line,
        )
        return None


def export_cvat(target: TargetFolder) -> None:
    """Write images under their keys and one annotations.xml."""
    labels = "".join(f"<label><name>{escape(name)}</name></label>" for name in target.dataset.class_names)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n',
        f"<meta><task><labels>{labels}</labels></task></meta>\n",
    ]
    splits = target.splits_by_position()
    for position, (sample, name) in enumerate(zip(target.dataset, target.names, strict=True)):
        target.write(name, sample["image"])
        subset = quoteattr(";".join(splits[position]) or "default")
        size = f'width="{sample["width"]}" height="{sample["height"]}"'
        lines.append(f'<image id="{position}" name={quoteattr(str(name))} subset={subset} {size}>\n')
        lines += _written_shapes(sample, target)
        lines.append("</image>\n")
    target.write("annotations.xml", "".join((*lines, "</annotations>\n")))


def _written_shapes(sample: Sample, target: TargetFolder) -> list[str]:
    target.drop("landmarks", "landmarks" in sample and sample["landmarks"] is not None)
    lines: list[str] = []
    objects = zip(sample["boxes"].tolist(), sample["labels"], target.masks_without_boxes(sample), strict=True)
    for number, (box, label, mask) in enumerate(objects):
        attributes = dict((sample["attributes"] or {})[number] or {}) if sample["attributes"] else {}
        is_occluded = int(attributes.pop("occluded", False) is True)
        flags = {name: "true" for name in _OWN_FLAGS if name in sample and sample[name][number]}
        target.drop(
            "attributes that are not text", sum(not isinstance(each, str) for each in attributes.values())
        )
        texts = {name: value for name, value in attributes.items() if isinstance(value, str)} | flags
        common = f'label={quoteattr(target.dataset.class_names[label])} occluded="{is_occluded}" z_order="0"'
        first = len(lines)
        if mask is None:
            corners = " ".join(f'{n}="{v!r}"' for n, v in zip(("xtl", "ytl", "xbr", "ybr"), box, strict=True))
            lines.append(_element("box", f"{common} {corners}", texts))
        elif is_runs(mask):
            lines.append(_element("mask", f"{common} {_written_mask(mask)}", texts))
        else:
            for polygon in mask:
                points = ";".join(f"{polygon[i]!r},{polygon[i + 1]!r}" for i in range(0, len(polygon), 2))
                more = texts if len(lines) == first else {_PART: str(first)}
                lines.append(_element("polygon", f'{common} points="{points}"', more))
    return lines


def _element(tag: str, attributes: str, texts: dict[str, str]) -> str:
    inner = "".join(
        f"<attribute name={quoteattr(name)}>{escape(text)}</attribute>" for name, text in texts.items()
    )
    return f"<{tag} {attributes}>{inner}</{tag}>\n"


def _written_mask(mask: dict[str, Any]) -> str:
    height, width = mask["size"]
    pixels = decode_mask(mask["counts"], height, width).ravel()
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate(([0], changes, [len(pixels)]))).tolist()
    rle = ",".join(map(str, [0, *runs] if pixels[0] else runs))
    return f'rle="{rle}" left="0" top="0" width="{width}" height="{height}"'
