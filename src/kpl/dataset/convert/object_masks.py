"""One PNG an object: a folder for each image, with the image in `images` and its objects in `masks`."""

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np

from kpl.dataset.convert.json import read_json
from kpl.dataset.convert.report import ProblemLog, reason_in_chinese
from kpl.dataset.convert.shapes import Shape, Shapes
from kpl.dataset.convert.source import (
    Item,
    Options,
    Plan,
    SourceFolder,
    note_unused,
    read_split_lists,
    splits_of,
)
from kpl.dataset.convert.target import TargetFolder
from kpl.dataset.errors import BadSample
from kpl.dataset.image import ImageInfo
from kpl.dataset.kinds import Kind
from kpl.dataset.masks import (
    check_mask_size,
    decode_segmentation,
    encode_class_mask,
    is_runs,
    mask_box,
    runs_segmentation,
)
from kpl.dataset.sample import Sample
from kpl.sentence import Sentence

KINDS = (Kind.INSTANCE_SEGMENTATION,)
_CLASSES = "classes.json"


def is_object_masks(source: SourceFolder) -> bool:
    """Whether a folder has one image in `images` and masks of other names beside it."""
    return any(
        len(images) == 1 and masks and (len(masks) > 1 or masks[0].stem != images[0].stem)
        for images, masks in _folders(source).values()
    )


def _folders(source: SourceFolder) -> dict[PurePosixPath, tuple[list[PurePosixPath], list[PurePosixPath]]]:
    """Images and masks of each folder that has both below it."""
    found: dict[PurePosixPath, tuple[list[PurePosixPath], list[PurePosixPath]]] = defaultdict(
        lambda: ([], [])
    )
    for file in source.images():
        if file.parent.name in ("images", "masks"):
            found[file.parent.parent][file.parent.name == "masks"].append(file)
    return {folder: files for folder, files in found.items() if files[0]}


class _Objects:
    """The masks of an image, decoded when the image is read."""

    def __init__(self, source: SourceFolder, files: list[PurePosixPath], class_id: int = 0) -> None:
        self.source, self.files, self.class_id = source, files, class_id

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:
        """An object a mask; masks that do not fit are left out and noted."""
        assert image is not None
        shapes = []
        for file in self.files:
            try:
                shapes.append(Shape(self.class_id, None, segmentation=self._read(file, image)))
            except (BadSample, OSError) as err:
                log.problem(str(file), Sentence(f"{err}; left out", f"{reason_in_chinese(err)}，已跳过"))
        folder = str(self.files[0].parent) if self.files else ""
        return Shapes(folder, shapes, Kind.INSTANCE_SEGMENTATION).values(image, log)

    def _read(self, file: PurePosixPath, image: ImageInfo) -> dict[str, Any]:
        from PIL import Image, UnidentifiedImageError

        data = self.source.read(file)
        if check_mask_size(data) != (image.height, image.width):
            raise BadSample(
                Sentence(
                    f"the mask has another size than the image of {image.width} x {image.height}",
                    f"掩码与图像（{image.width} × {image.height}）尺寸不同",
                )
            )
        try:
            with Image.open(io.BytesIO(data)) as mask:
                pixels = np.asarray(mask.convert("L")) > 0
        except (
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
        ) as err:
            raise BadSample(Sentence(f"the mask cannot be decoded: {err}", f"无法解码掩码（{err}）")) from err
        if not pixels.any():
            raise BadSample(Sentence("the mask is empty", "掩码为空"))
        return runs_segmentation(pixels)

    def renumbered(self, new_ids: Sequence[int]) -> "_Objects":
        """The same masks under the class's new id."""
        return _Objects(self.source, self.files, new_ids[self.class_id])


def plan_object_masks(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:  # noqa: ARG001
    """One sample a folder; an image without masks shows no object."""
    lists = read_split_lists(source, log)
    items = []
    used: set[PurePosixPath] = set()
    for folder, (images, masks) in sorted(_folders(source).items()):
        used |= {*images, *masks}
        if len(images) > 1:
            log.problem(
                str(folder),
                Sentence(
                    f"{len(images)} images share one folder of masks; left out",
                    f"{len(images)} 张图像共用一个掩码文件夹，已跳过",
                ),
            )
            continue
        items.append(Item(images[0], splits_of(images[0], lists), _Objects(source, sorted(masks))))
    note_unused(source, used, log)
    return Plan((_class_name(source, log),), items)


def _class_name(source: SourceFolder, log: ProblemLog) -> str:
    """The only class: as classes.json says, else `object`."""
    file = PurePosixPath(_CLASSES)
    content = read_json(source, file, log) if file in source.files else None
    classes = content.get("classes") if isinstance(content, dict) else None
    first = classes[0] if isinstance(classes, list) and classes else None
    name = first.get("title") if isinstance(first, dict) else None
    return name if isinstance(name, str) and name else "object"


def export_object_masks(target: TargetFolder) -> None:
    """Write a folder an image, the name of the class and the splits."""
    dataset = target.dataset
    target.drop("classes other than the first", max(len(dataset.class_names) - 1, 0))
    names = _names(target)
    for sample, name in zip(dataset, names, strict=True):
        target.write(name, sample["image"])
        for number, pixels in enumerate(_pixels(sample, target)):
            target.write(name.parent.parent / "masks" / f"{number:05d}.png", pixels)
    classes = [{"id": 0, "title": name} for name in dataset.class_names[:1]]
    target.write(_CLASSES, msgspec.json.encode({"classes": classes}))
    target.write_split_lists(names)


def _names(target: TargetFolder) -> list[PurePosixPath]:
    """Where each image goes: to its key if that is a folder `images` of its own, else to a folder of its name."""
    taken: set[PurePosixPath] = set()
    names = []
    for name in target.names:
        path = name
        if name.parent.name != "images" or name.parent in taken or len(name.parts) < 3:
            path = name.with_suffix("") / "images" / name.name
        while path.parent in taken:
            path = path.parent.parent.with_name(f"{path.parent.parent.name}_") / "images" / name.name
        taken.add(path.parent)
        names.append(path)
    return names


def _pixels(sample: Sample, target: TargetFolder) -> list[bytes]:
    pngs = []
    for box, mask in zip(sample["boxes"].tolist(), sample["masks"], strict=True):
        target.drop("polygons (their pixels are kept)", mask is not None and not is_runs(mask))
        pixels = decode_segmentation(mask, sample["height"], sample["width"])
        around = mask_box(pixels)
        if around is not None:
            target.drop_box(box, around)
            pngs.append(encode_class_mask(pixels.astype(np.uint8) * 255))
        else:
            target.drop("objects without pixels")
    target.drop("attributes of objects", sum(map(bool, sample["attributes"] or ())))
    target.drop("the flag 'crowd'", int(sample["crowd"].sum()))
    return pngs
