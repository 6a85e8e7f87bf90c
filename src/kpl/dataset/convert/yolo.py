"""YOLO: one text file an image, a line an object: class, then centre and size of a box or the corners of a polygon.

Numbers are shares of the image's sides. They are brought back to pixels with four decimals, finer than the tools
that write the format and coarse enough that writing and reading again changes nothing.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape, Shapes, parse_numbers
from kpl.dataset.convert.source import Item, Options, Plan, SourceFolder, read_text, splits_of_folder
from kpl.dataset.convert.target import TargetFolder, check_name
from kpl.dataset.image import ImageInfo
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import is_runs
from kpl.dataset.sample import Sample
from kpl.errors import Invalid
from kpl.sentence import Sentence

KINDS = (Kind.DETECTION, Kind.INSTANCE_SEGMENTATION, Kind.FACE_DETECTION)
_DECIMALS = 4
_SPLIT_KEYS = ("train", "val", "test")
_NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels")


def is_yolo(source: SourceFolder) -> bool:
    """Whether some image has a text file of numbers where YOLO looks for it."""
    files = frozenset(source.files)
    found = (each for image in source.images() for each in _label_files(image) if each in files)
    first = next(found, None)
    if first is None:
        return False
    line = read_text(source, first, ProblemLog("skip")).partition("\n")[0].split()
    return not line or (len(line) >= 5 and line[0].isdigit() and parse_numbers(line) is not None)


def yolo_kind(source: SourceFolder) -> Kind:
    """Instance segmentation where the first line with an object is of a polygon, else detection."""
    files = frozenset(source.files)
    for image in source.images():
        for file in _label_files(image):
            line = (
                read_text(source, file, ProblemLog("skip")).partition("\n")[0].split()
                if file in files
                else []
            )
            if line:
                return Kind.INSTANCE_SEGMENTATION if len(line) > 5 else Kind.DETECTION
    return Kind.DETECTION


class _Lines:
    """The objects of an image, in shares of its size."""

    def __init__(self, file: str, objects: list[tuple[int, int, list[float]]], kind: Kind) -> None:
        self.file, self.objects, self.kind = file, objects, kind

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:
        """Objects in pixels, checked as all objects are."""
        assert image is not None
        shapes = [_shape(line, class_id, numbers, image) for line, class_id, numbers in self.objects]
        return Shapes(self.file, shapes, self.kind).values(image, log)

    def renumbered(self, new_ids: Any) -> "_Lines":
        """The same objects under new class ids."""
        return _Lines(
            self.file, [(line, new_ids[old], numbers) for line, old, numbers in self.objects], self.kind
        )


def _shape(line: int, class_id: int, numbers: list[float], image: ImageInfo) -> Shape:
    sides = (image.width, image.height)
    if len(numbers) == 4:
        x, y, width, height = numbers
        edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        left, top, right, bottom = (round(edge * sides[i % 2], _DECIMALS) for i, edge in enumerate(edges))
        return Shape(class_id, (left, top, right, bottom), line)
    polygon = [round(number * sides[i % 2], _DECIMALS) for i, number in enumerate(numbers)]
    return Shape(class_id, None, line, segmentation=[polygon])


def plan_yolo(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:
    """One sample an image; an image without a text file shows no object."""
    config, config_file = _config(source, log)
    names = _class_names(source, config, log)
    lists = _split_lists(source, config, config_file, log)
    files = frozenset(source.files)
    used: set[PurePosixPath] = set()
    objects: dict[PurePosixPath, tuple[str, list[tuple[int, int, list[float]]]]] = {}
    for image in source.images():
        label = next((each for each in _label_files(image) if each in files), None)
        used.add(image)
        if label is None:
            objects[image] = (str(image), [])
        else:
            used.add(label)
            objects[image] = (str(label), _read(source, label, len(names) if names else 0, log))
    highest = max((class_id for _, lines in objects.values() for _, class_id, _ in lines), default=-1)
    names = names or tuple(f"class {number}" for number in range(highest + 1))
    for file in source.files:
        if file not in used and file != config_file:
            log.ignore(str(file))
    items = [
        Item(
            image,
            splits_of_folder(image) if lists is None else lists.get(image, ()),
            _Lines(*each, options.kind),
        )
        for image, each in objects.items()
    ]
    return Plan(names, items)


def _label_files(image: PurePosixPath) -> list[PurePosixPath]:
    """Where the text file of an image may lie: beside it, or in `labels` where it is in `images`."""
    parts = list(image.parts)
    found = []
    for position in reversed(range(len(parts) - 1)):
        if parts[position].lower() == "images":
            found.append(
                PurePosixPath(*parts[:position], "labels", *parts[position + 1 :]).with_suffix(".txt")
            )
            break
    return [*found, image.with_suffix(".txt")]


def _config(source: SourceFolder, log: ProblemLog) -> tuple[Mapping[str, Any], PurePosixPath | None]:
    """What data.yaml says, and which file that is."""
    for file in source.files:
        if file.suffix.lower() in (".yaml", ".yml") and len(file.parts) <= 2:
            import yaml

            try:
                value = yaml.safe_load(read_text(source, file, log))
            except (yaml.YAMLError, RecursionError, ValueError) as err:
                line = getattr(getattr(err, "problem_mark", None), "line", -1) + 1
                log.problem(str(file), Sentence("not YAML; left out", "不是有效的 YAML，已跳过"), line)
                continue
            if isinstance(value, dict) and "names" in value:
                if "kpt_shape" in value:
                    raise Invalid(
                        Sentence(f"{file}: this YOLO set is of poses.", f"{file}：这是姿态的 YOLO 数据集。"),
                        hint=Sentence("Convert it to COCO keypoints first.", "请先转换为 COCO 关键点格式。"),
                    )
                return value, file
    return {}, None


def _class_names(source: SourceFolder, config: Mapping[str, Any], log: ProblemLog) -> tuple[str, ...]:
    names = config.get("names")
    if isinstance(names, dict) and all(isinstance(key, int) and 0 <= key < 1 << 16 for key in names):
        names = [names.get(number, f"class {number}") for number in range(max(names, default=-1) + 1)]
    if not isinstance(names, list):
        file = next((file for file in source.files if file.name in _NAME_FILES), None)
        names = (
            [line.strip() for line in read_text(source, file, log).splitlines() if line.strip()]
            if file
            else []
        )
    names = [str(name) for name in names]
    return tuple(name if names.index(name) == i and name else f"{name} {i}" for i, name in enumerate(names))


def _split_lists(
    source: SourceFolder, config: Mapping[str, Any], config_file: PurePosixPath | None, log: ProblemLog
) -> dict[PurePosixPath, tuple[str, ...]] | None:
    """Splits from the lists of images or the folders that data.yaml names; None where it names neither."""
    images = frozenset(source.images())
    base = config_file.parent if config_file is not None else PurePosixPath()
    splits: dict[PurePosixPath, tuple[str, ...]] = {}
    has_lists = False
    names = {
        name: value for name, value in config.items() if isinstance(value, str) and value.endswith(".txt")
    }
    for split, value in names.items():
        file = base / value
        if file not in source.files:
            continue
        has_lists = True
        for number, line in enumerate(read_text(source, file, log).splitlines(), 1):
            image = base / line.strip()
            if line.strip() and image in images:
                splits[image] = (*splits.get(image, ()), str(split))
            elif line.strip():
                log.not_in_split(str(file), line.strip(), number)
    return splits if has_lists else None


def _read(
    source: SourceFolder, file: PurePosixPath, num_classes: int, log: ProblemLog
) -> list[tuple[int, int, list[float]]]:
    """(line, class id, numbers) of each object."""
    objects = []
    for line, text in enumerate(read_text(source, file, log).splitlines(), 1):
        words = text.split()
        if not words:
            continue
        numbers = parse_numbers(words[1:])
        if not words[0].isdigit() or len(words[0]) > 9 or numbers is None:
            log.problem(
                str(file),
                Sentence(
                    f"'{text[:60]}' is not a class id and numbers; left out",
                    f"“{text[:60]}”不是类别编号和数字，已跳过",
                ),
                line,
            )
        elif num_classes and int(words[0]) >= num_classes:
            log.problem(
                str(file),
                Sentence(
                    f"class {words[0]} is not one of 0 to {num_classes - 1}; left out",
                    f"类别 {words[0]} 不在 0 到 {num_classes - 1} 之间，已跳过",
                ),
                line,
            )
        elif len(numbers) != 4 and (len(numbers) < 6 or len(numbers) % 2):
            log.problem(
                str(file),
                Sentence(
                    f"{len(numbers)} numbers are neither a box nor a polygon; left out",
                    f"{len(numbers)} 个数字既不是边框也不是多边形，已跳过",
                ),
                line,
            )
        elif len(numbers) == 4 and (numbers[2] <= 0 or numbers[3] <= 0):
            log.problem(str(file), Sentence("the box has no area; left out", "边框面积为零，已跳过"), line)
        else:
            objects.append((line, int(words[0]), numbers))
    return objects


def export_yolo(target: TargetFolder) -> None:
    """Write images below `images`, lines below `labels`, names and splits in data.yaml."""
    names = [
        name if "images" in map(str.lower, name.parts[:-1]) else "images" / name
        for name in target.names_with_own_stems()
    ]
    for sample, name in zip(target.dataset, names, strict=True):
        target.write(name, sample["image"])
        target.write(_label_files(name)[0], "".join(_lines(sample, target)))
    config = ["path: .\n"]
    for split, positions in target.split_positions().items():
        check_name(split, "split")
        target.write(f"{split}.txt", "".join(f"./{names[position]}\n" for position in positions))
        config.append(f"{_quoted(split)}: {_quoted(split + '.txt')}\n")
    config.append("names:\n")
    config += [f"  {number}: {_quoted(name)}\n" for number, name in enumerate(target.dataset.class_names)]
    target.write("data.yaml", "".join(config))


def _quoted(text: str) -> str:
    """A YAML scalar; JSON's strings are some."""
    import json

    return json.dumps(text)


def _lines(sample: Sample, target: TargetFolder) -> list[str]:
    size = (sample["width"], sample["height"])
    masks = sample["masks"] if "masks" in sample else [None] * len(sample["boxes"])
    lines = []
    for box, label, mask in zip(sample["boxes"].tolist(), sample["labels"].tolist(), masks, strict=True):
        left, top, right, bottom = box
        numbers = [(left + right) / 2 / size[0], (top + bottom) / 2 / size[1],
                   (right - left) / size[0], (bottom - top) / size[1]]  # fmt: skip
        if mask is not None and (is_runs(mask) or len(mask) != 1):
            target.drop("masks of several polygons or of runs (their boxes are kept)")
        elif target.mask_without_box(sample, box, mask) is not None:
            numbers = [number / size[i % 2] for i, number in enumerate(mask[0])]
        lines.append(" ".join((str(label), *map(repr, numbers))) + "\n")
    target.drop("attributes of objects", sum(map(bool, sample["attributes"] or ())))
    for name in ("crowd", "difficult", "truncated"):
        target.drop(f"the flag '{name}'", int(sample[name].sum()) if name in sample else 0)
    target.drop("landmarks", "landmarks" in sample and sample["landmarks"] is not None)
    return lines
