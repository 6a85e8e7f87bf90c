"""Pascal VOC: one XML file of boxes an image, lists of splits in ImageSets/Main.

Coordinates are taken as written, in pixels of the image. VOC's own count from 1, but most tools that write
the format count from 0, and nothing in a file tells which.
"""

import re
from collections import defaultdict
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape, Shapes, parse_number, shown
from kpl.dataset.convert.source import (
    IMAGE_SUFFIXES,
    SPLIT_NAMES,
    ImageIndex,
    Item,
    Options,
    Plan,
    SourceFolder,
    splits_of_folder,
)
from kpl.dataset.convert.target import TargetFolder, check_name, file_names
from kpl.dataset.convert.xml import Element, XmlError, parse_xml
from kpl.dataset.kinds import Kind
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence, in_chinese

KINDS = (Kind.DETECTION, Kind.FACE_DETECTION)
_ROOT = re.compile(rb"<annotation[\s>]")  # CVAT's is <annotations>


def is_voc(source: SourceFolder) -> bool:
    """Whether an XML file of the source is an annotation, judged by the first of them."""
    files = _xml_files(source)
    return bool(files) and _ROOT.search(source.read(files[0])[:4096]) is not None


def plan_voc(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample an annotation that has an image, in the order of the XML files' names."""
    parsed = [(file, root) for file in _xml_files(source) if (root := _parse(source, file, log)) is not None]
    names = tuple(sorted({name for _, root in parsed for name in _class_names(root)}))
    ids = {name: number for number, name in enumerate(names)}
    images = ImageIndex(source)
    splits = _splits(source, {file.stem for file, _ in parsed}, log)
    items: list[Item] = []
    taken: dict[PurePosixPath, PurePosixPath] = {}
    for file, root in parsed:
        image = _find_image(images, file, root, log)
        if image is None:
            continue
        if image in taken:
            log.problem(
                str(file),
                Sentence(
                    f"its image {image} has the annotation {taken[image]} already; left out",
                    f"图像 {image} 已有标注 {taken[image]}，已跳过",
                ),
            )
            continue
        taken[image] = file
        shapes = Shapes(str(file), _objects(file, root, ids, log), options.kind)
        items.append(Item(image, _splits_of(file, splits), shapes))
    _note_the_rest(source, set(taken), log)
    return Plan(names, items)


def _xml_files(source: SourceFolder) -> list[PurePosixPath]:
    return [file for file in source.files if file.suffix.lower() == ".xml"]


def _parse(source: SourceFolder, file: PurePosixPath, log: ProblemLog) -> Element | None:
    try:
        root = parse_xml(source.read(file))
    except XmlError as err:
        log.problem(
            str(file), Sentence(f"{err.reason}; left out", f"{in_chinese(err.reason)}，已跳过"), err.line
        )
        return None
    except OSError as err:
        log.problem(
            str(file),
            Sentence(f"cannot be read: {err.strerror}; left out", f"无法读取（{err.strerror}），已跳过"),
        )
        return None
    if root.tag != "annotation":
        log.problem(
            str(file),
            Sentence(
                f"the root is <{root.tag}>, not <annotation>; left out",
                f"根元素为 <{root.tag}>，应为 <annotation>，已跳过",
            ),
            root.line,
        )
        return None
    return root


def _class_names(root: Element) -> list[str]:
    return [name for each in root.find_all("object") if (name := each.text_of("name"))]


def _objects(file: PurePosixPath, root: Element, ids: dict[str, int], log: ProblemLog) -> list[Shape]:
    objects = []
    for each in root.find_all("object"):
        name = each.text_of("name")
        if not name:
            log.problem(
                str(file),
                Sentence("the object has no <name>; left out", "目标没有 <name>，已跳过"),
                each.line,
            )
            continue
        box = _box(file, each, log)
        if box is not None:
            is_difficult, is_truncated = (each.text_of(tag) == "1" for tag in ("difficult", "truncated"))
            objects.append(
                Shape(ids[name], box, each.line, is_difficult=is_difficult, is_truncated=is_truncated)
            )
    return objects


def _box(file: PurePosixPath, element: Element, log: ProblemLog) -> tuple[float, float, float, float] | None:
    bounds = element.find("bndbox")
    if bounds is None:
        log.problem(
            str(file),
            Sentence("the object has no <bndbox>; left out", "目标没有 <bndbox>，已跳过"),
            element.line,
        )
        return None
    numbers = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        text = bounds.text_of(tag)
        number = parse_number(text)
        if number is None:
            log.problem(
                str(file),
                Sentence(
                    f"<{tag}> is '{text}', not a number; left out", f"<{tag}> 为“{text}”，不是数字，已跳过"
                ),
                bounds.line,
            )
            return None
        numbers.append(number)
    left, top, right, bottom = numbers
    if right <= left or bottom <= top:
        log.problem(
            str(file),
            Sentence(
                f"the box {shown(numbers)} has no area; left out", f"边框 {shown(numbers)} 面积为零，已跳过"
            ),
            bounds.line,
        )
        return None
    return left, top, right, bottom


def _find_image(
    images: ImageIndex, file: PurePosixPath, root: Element, log: ProblemLog
) -> PurePosixPath | None:
    """The image called like the annotation, else the one that it names."""
    named = root.text_of("filename").replace("\\", "/").rpartition("/")[2]
    found = images.of_stem(file.stem, file) or images.find(named, file)
    if found is None:
        element = root.find("filename") or root
        log.problem(
            str(file),
            Sentence(
                f"there is no image '{named or file.stem}'; left out",
                f"没有图像“{named or file.stem}”，已跳过",
            ),
            element.line,
        )
    return found


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
            log.problem(
                str(file),
                Sentence(
                    f"'{name}' has no annotation; left out of the split", f"“{name}”没有标注，未列入划分"
                ),
                number,
            )
        else:
            listed.append(stem)
    return listed


def _splits_of(file: PurePosixPath, splits: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The splits that lists name, else the folder train, val or test that the annotation lies in."""
    listed = splits.get(file.stem)
    if listed is not None or splits:
        return listed or ()
    return splits_of_folder(file)


def _note_the_rest(source: SourceFolder, taken: set[PurePosixPath], log: ProblemLog) -> None:
    for file in source.files:
        suffix = file.suffix.lower()
        if suffix in IMAGE_SUFFIXES and file not in taken:
            log.problem(str(file), Sentence("the image has no annotation; left out", "图像没有标注，已跳过"))
        elif suffix not in IMAGE_SUFFIXES and suffix != ".xml" and "imagesets" not in str(file).lower():
            log.ignore(str(file))


def export_voc(target: TargetFolder) -> None:
    """Write images, one XML file an image, and one list a split."""
    names = file_names(target.dataset)
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (target.root / folder).mkdir(parents=True)
    for sample, name in zip(target.dataset, names, strict=True):
        target.write(f"JPEGImages/{name}", sample["image"])
        text = _annotation(sample, name, target.dataset.class_names)
        target.write(f"Annotations/{PurePosixPath(name).stem}.xml", text)
        target.drop("attributes of objects", sum(map(bool, sample["attributes"] or ())))
        target.drop("landmarks", "landmarks" in sample and sample["landmarks"] is not None)
    for split, positions in target.split_positions().items():
        check_name(split, "split")
        stems = [PurePosixPath(names[position]).stem for position in positions]
        target.write(f"ImageSets/Main/{split}.txt", "".join(f"{stem}\n" for stem in stems))


def _annotation(sample: Sample, name: str, class_names: tuple[str, ...]) -> str:
    objects = "".join(
        "  <object>\n"
        f"    <name>{escape(class_names[label])}</name>\n"
        f"    <truncated>{int(truncated)}</truncated>\n"
        f"    <difficult>{int(difficult)}</difficult>\n"
        f"    <bndbox><xmin>{box[0]:.9g}</xmin><ymin>{box[1]:.9g}</ymin>"
        f"<xmax>{box[2]:.9g}</xmax><ymax>{box[3]:.9g}</ymax></bndbox>\n"
        "  </object>\n"
        for box, label, difficult, truncated in zip(
            sample["boxes"].tolist(), sample["labels"], sample["difficult"], sample["truncated"], strict=True
        )
    )
    return (
        f"<annotation>\n  <filename>{escape(name)}</filename>\n"
        f"  <size><width>{sample['width']}</width><height>{sample['height']}</height>"
        f"<depth>{sample['channels']}</depth></size>\n{objects}</annotation>\n"
    )
