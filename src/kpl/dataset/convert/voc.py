"""Pascal VOC: one XML file of boxes an image, lists of splits in ImageSets/Main.

Coordinates are taken as written, in pixels of the image. VOC's own count from 1, but most tools that write
the format count from 0, and nothing in a file tells which.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import IMAGE_SUFFIXES, SPLIT_NAMES, Item, Plan, SourceFolder
from kpl.dataset.convert.xml import Element, XmlError, parse_xml
from kpl.dataset.image import ImageInfo

_EDGE_PIXELS = 1.0  # boxes that count from 1 or end one pixel outside are everywhere, and cut without a word


class BoxObject(NamedTuple):
    """An object of an annotation, as written."""

    line: int
    class_id: int
    box: tuple[float, float, float, float]
    is_difficult: bool
    is_truncated: bool


class Boxes:
    """The objects of an image, checked against its real size when that is known."""

    def __init__(self, file: str, objects: list[BoxObject]) -> None:
        self.file, self.objects = file, objects

    def values(self, image: ImageInfo, log: ProblemLog) -> dict[str, Any]:
        """Boxes inside the image with class and flags."""
        kept: list[BoxObject] = []
        for each in self.objects:
            box = _inside(each.box, image)
            if box is None:
                log.problem(
                    self.file, f"the box {_shown(each.box)} lies outside {_size(image)}; left out", each.line
                )
                continue
            if max(abs(a - b) for a, b in zip(box, each.box, strict=True)) > _EDGE_PIXELS:
                log.problem(
                    self.file, f"the box {_shown(each.box)} reaches out of {_size(image)}; cut", each.line
                )
            kept.append(each._replace(box=box))
        return {
            "boxes": np.array([each.box for each in kept], np.float32).reshape(-1, 4),
            "labels": [each.class_id for each in kept],
            "difficult": [each.is_difficult for each in kept],
            "truncated": [each.is_truncated for each in kept],
        }

    def renumbered(self, new_ids: Sequence[int]) -> "Boxes":
        """The same objects under new class ids."""
        return Boxes(self.file, [each._replace(class_id=new_ids[each.class_id]) for each in self.objects])


def is_voc(source: SourceFolder) -> bool:
    """Whether an XML file of the source is an annotation, judged by the first of them."""
    files = _xml_files(source)
    return bool(files) and b"<annotation" in source.read(files[0])[:4096]


def plan_voc(source: SourceFolder, log: ProblemLog) -> Plan:
    """One sample an annotation that has an image, in the order of the XML files' names."""
    parsed = [(file, root) for file in _xml_files(source) if (root := _parse(source, file, log)) is not None]
    names = tuple(sorted({name for _, root in parsed for name in _class_names(root)}))
    ids = {name: number for number, name in enumerate(names)}
    find_image = _ImageFinder(source)
    splits = _splits(source, {file.stem for file, _ in parsed}, log)
    items: list[Item] = []
    taken: dict[PurePosixPath, PurePosixPath] = {}
    for file, root in parsed:
        image = find_image(file, root, log)
        if image is None:
            continue
        if image in taken:
            log.problem(str(file), f"its image {image} has the annotation {taken[image]} already; left out")
            continue
        taken[image] = file
        items.append(Item(image, _splits_of(file, splits), Boxes(str(file), _objects(file, root, ids, log))))
    _note_the_rest(source, set(taken), log)
    return Plan(names, items)


def _xml_files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.suffix.lower() == ".xml"]


def _parse(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> Element | None:
    try:
        root = parse_xml(source.read(file))
    except XmlError as err:
        log.problem(str(file), f"{err.reason}; left out", err.line)
        return None
    except OSError as err:
        log.problem(str(file), f"cannot be read: {err.strerror}; left out")
        return None
    if root.tag != "annotation":
        log.problem(str(file), f"the root is <{root.tag}>, not <annotation>; left out", root.line)
        return None
    return root


def _class_names(root: Element) -> list[str]:
    return [name for each in root.find_all("object") if (name := each.text_of("name"))]


def _objects(file: PurePosixPath, root: Element, ids: dict[str, int], log: ProblemLog) -> list[BoxObject]:
    objects = []
    for each in root.find_all("object"):
        name = each.text_of("name")
        if not name:
            log.problem(str(file), "the object has no <name>; left out", each.line)
            continue
        box = _box(file, each, log)
        if box is not None:
            flags = (each.text_of("difficult") == "1", each.text_of("truncated") == "1")
            objects.append(BoxObject(each.line, ids[name], box, *flags))
    return objects


def _box(file: PurePosixPath, element: Element, log: ProblemLog) -> tuple[float, float, float, float] | None:
    bounds = element.find("bndbox")
    if bounds is None:
        log.problem(str(file), "the object has no <bndbox>; left out", element.line)
        return None
    numbers = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        text = bounds.text_of(tag)
        number = _number(text)
        if number is None:
            log.problem(str(file), f"<{tag}> is '{text}', not a number; left out", bounds.line)
            return None
        numbers.append(number)
    left, top, right, bottom = numbers
    if right <= left or bottom <= top:
        log.problem(str(file), f"the box {_shown(numbers)} has no area; left out", bounds.line)
        return None
    return left, top, right, bottom


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1 << 24 else None


def _inside(
    box: tuple[float, float, float, float], image: ImageInfo
) -> tuple[float, float, float, float] | None:
    left, right = (min(max(x, 0.0), float(image.width)) for x in box[0::2])
    top, bottom = (min(max(y, 0.0), float(image.height)) for y in box[1::2])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _shown(box: list[float] | tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{number:g}" for number in box) + "]"


def _size(image: ImageInfo) -> str:
    return f"the image of {image.width} x {image.height}"


class _ImageFinder:
    """Finds the image of an annotation among the files of the source, never anywhere else."""

    def __init__(self, source: SourceFolder) -> None:
        self._by_stem: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        for image in source.images():
            self._by_stem[image.stem].append(image)
            self._by_name[image.name].append(image)

    def __call__(self, file: PurePosixPath, root: Element, log: ProblemLog) -> PurePosixPath | None:
        """The image called like the annotation, else the one that it names.

        The nearest where there are several.
        """
        named = root.text_of("filename").replace("\\", "/").rpartition("/")[2]
        found = self._by_stem.get(file.stem) or self._by_name.get(named) or self._by_stem.get(named)
        if not found:
            element = root.find("filename") or root
            log.problem(str(file), f"there is no image '{named or file.stem}'; left out", element.line)
            return None
        return max(found, key=lambda image: (_common(image, file), -len(image.parts)))


def _common(one: PurePosixPath, other: PurePosixPath) -> int:
    """How many leading folders two files share."""
    pairs = zip(one.parts[:-1], other.parts[:-1], strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one.parts), len(other.parts)) - 1)


def _splits(source: SourceFolder, stems: set[str], log: ProblemLog) -> dict[str, tuple[str, ...]]:
    """The splits of each annotation by its stem, from the lists in ImageSets."""
    members: dict[str, list[str]] = {}
    for file in source.files:
        folders = [part.lower() for part in file.parts[:-1]]
        if file.suffix == ".txt" and "imagesets" in folders and not _is_list_of_class(file):
            name = SPLIT_NAMES.get(file.stem.lower(), file.stem)
            members.setdefault(name, []).extend(_read_list(source, file, stems, log))
    both = members.get("trainval")
    if both is not None and set(both) == {*members.get("train", ()), *members.get("val", ())}:
        del members["trainval"]  # says nothing that train and val do not say
    splits: dict[str, list[str]] = defaultdict(list)
    for name, listed in members.items():
        for stem in dict.fromkeys(listed):
            splits[stem].append(name)
    return {stem: tuple(names) for stem, names in splits.items()}


def _is_list_of_class(file: PurePosixPath) -> bool:
    """VOC's lists like `cat_train.txt` say in which images a class occurs, which the boxes say too."""
    _, mark, last = file.stem.rpartition("_")
    return bool(mark) and (last in SPLIT_NAMES or last == "trainval")


def _read_list(source: SourceFolder, file: PurePosixPath, stems: set[str], log: ProblemLog) -> list[str]:
    listed = []
    text = source.read(file).decode("utf-8-sig", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        if not name:
            continue
        candidates = (name, PurePosixPath(name).stem, name.split()[0])
        stem = next((each for each in candidates if each in stems), None)
        if stem is None:
            log.problem(str(file), f"'{name}' has no annotation; left out of the split", number)
        else:
            listed.append(stem)
    return listed


def _splits_of(file: PurePosixPath, splits: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The splits that lists name, else the folder train, val or test that the annotation lies in."""
    listed = splits.get(file.stem)
    if listed is not None or splits:
        return listed or ()
    return next(((SPLIT_NAMES[part.lower()],) for part in file.parts[:-1] if part.lower() in SPLIT_NAMES), ())


def _note_the_rest(source: SourceFolder, taken: set[PurePosixPath], log: ProblemLog) -> None:
    for file in source.files:
        suffix = file.suffix.lower()
        if suffix in IMAGE_SUFFIXES and file not in taken:
            log.problem(str(file), "the image has no annotation; left out")
        elif suffix not in IMAGE_SUFFIXES and suffix != ".xml" and "imagesets" not in str(file).lower():
            log.ignore(str(file))
