"""Folders of masks for semantic segmentation: a PNG of class ids or of colours beside each image.

A mask belongs to the image of the same name in the folder beside its own (`images` and `masks`, `JPEGImages` and
`SegmentationClass`, ...). Colours are named by `classes.json`; the masks decide, not the list.
"""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.dataset.convert.json import read_json
from kpl.dataset.convert.parallel import in_order, num_cores
from kpl.dataset.convert.report import ProblemLog, reason_in_chinese
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
from kpl.dataset.masks import VOID, check_mask_size, decode_class_mask, encode_class_mask
from kpl.dataset.validators import count_classes
from kpl.sentence import Sentence

KINDS = (Kind.SEMANTIC_SEGMENTATION,)
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentationclass", "gt", "groundtruth")
IMAGE_FOLDERS = ("images", "image", "jpegimages", "img", "imgs")
_VOID_NAMES = ("unlabeled", "unlabelled", "void", "ignore", "unknown")
_SUFFIXES = ("_mask", "_label", "_gt", "_labelids")
_CLASSES = "classes.json"
_COLOURS = "mask_colours"  # attribute of the dataset: the colour that each class had
_RARE_SHARE = 0.001  # of all pixels: less is a slip of the brush, not a class
_MAX_COLOURS = 256
_BLACK = 0
_GREY = ("L", "1", "I;16", "I", "")


def is_masks(source: SourceFolder) -> bool:
    """Whether an image has a mask of its name."""
    masks, images = _pairs(source)
    return any(name in masks for name in images)


def _pairs(source: SourceFolder) -> tuple[dict[str, PurePosixPath], dict[str, PurePosixPath]]:
    """Masks and images by what both have in common: the path without the folder and the suffix."""
    masks: dict[str, PurePosixPath] = {}
    images: dict[str, PurePosixPath] = {}
    for file in source.images():
        folders = [part.lower() for part in file.parts[:-1]]
        at = next((i for i in reversed(range(len(folders))) if folders[i] in MASK_FOLDERS), None)
        if at is not None:
            stem = next(
                (file.stem[: -len(end)] for end in _SUFFIXES if file.stem.lower().endswith(end)), file.stem
            )
            masks.setdefault(str(PurePosixPath(*file.parts[:at], *file.parts[at + 1 : -1], stem)), file)
            masks.setdefault(str(PurePosixPath(*file.parts[:at], *file.parts[at + 1 : -1], file.stem)), file)
        else:
            at = next((i for i in reversed(range(len(folders))) if folders[i] in IMAGE_FOLDERS), None)
            parts = file.parts[:-1] if at is None else (*file.parts[:at], *file.parts[at + 1 : -1])
            images[str(PurePosixPath(*parts, file.stem))] = file
    return masks, images


class Palette(NamedTuple):
    """What the values of masks mean.

    Attributes:
        class_names: of the ids.
        class_of_colour: class id of each colour 0xRRGGBB, all others are void; None where masks hold ids.
        is_binary: everything but 0 is class 1.
    """

    class_names: tuple[str, ...]
    class_of_colour: Mapping[int, int] | None = None
    is_binary: bool = False


class _Mask:
    """The mask of an image, brought to class ids when the image is read."""

    def __init__(
        self, source: SourceFolder, file: PurePosixPath, palette: Palette, new_ids: Sequence[int] = ()
    ) -> None:
        self.source, self.file, self.palette, self.new_ids = source, file, palette, new_ids

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:
        """The mask and what is in it; nothing, and a problem, where it does not fit."""
        assert image is not None
        try:
            mask = self._class_ids()
            if mask.shape != (image.height, image.width):
                raise BadSample(
                    Sentence(
                        f"{mask.shape[1]} x {mask.shape[0]} pixels for an image of {image.width} x {image.height}",
                        f"掩码为 {mask.shape[1]} × {mask.shape[0]} 像素，图像为 {image.width} × {image.height}",
                    )
                )
            classes, pixels = count_classes(mask)
            if classes and classes[-1] >= len(self.palette.class_names):
                raise BadSample(
                    Sentence(
                        f"it has the class {classes[-1]}, but there are {len(self.palette.class_names)} classes",
                        f"含有类别 {classes[-1]}，但只有 {len(self.palette.class_names)} 个类别",
                    )
                )
        except (BadSample, OSError) as err:
            log.problem(
                str(self.file),
                Sentence(
                    f"{err}; the image is imported without a mask",
                    f"{reason_in_chinese(err)}，该图像导入时不含掩码",
                ),
            )
            return {}
        return {"mask": encode_class_mask(mask), "classes": classes, "pixels": pixels}

    def _class_ids(self) -> NDArray[Any]:
        data = self.source.read(self.file)
        if self.palette.class_of_colour is None:
            ids: NDArray[Any] = decode_class_mask(data)
            if self.palette.is_binary:
                ids = (ids > 0).astype(np.uint8)
        else:
            ids = _colours_to_ids(_colours(data), self.palette.class_of_colour)
        if len(self.new_ids):
            table = np.full(1 << 16, VOID)
            table[: len(self.new_ids)] = self.new_ids
            ids = table[ids].astype(np.uint8 if max(self.new_ids) < VOID else np.uint16)
        return ids

    def renumbered(self, new_ids: Sequence[int]) -> "_Mask":
        """The same mask under new class ids."""
        return _Mask(self.source, self.file, self.palette, new_ids)


def _colours(data: bytes) -> NDArray[np.uint32]:
    """[height, width] colours as 0xRRGGBB.

    Raises:
        BadSample: it cannot be decoded, or JPEG has blurred its colours.
    """
    from PIL import Image, UnidentifiedImageError

    check_mask_size(data)
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format == "JPEG":
                raise BadSample(
                    Sentence(
                        "a mask in JPEG has lost its colours; save masks as PNG",
                        "JPEG 掩码的颜色已失真，请将掩码存为 PNG",
                    )
                )
            pixels = np.asarray(image.convert("RGB")).astype(np.uint32)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as err:
        raise BadSample(Sentence(f"the mask cannot be decoded: {err}", f"无法解码掩码（{err}）")) from err
    packed: NDArray[np.uint32] = (
        (pixels[..., 0] << np.uint32(16)) | (pixels[..., 1] << np.uint32(8)) | pixels[..., 2]
    )
    return packed


def _runs(colours: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Colour and length of each run of equal pixels: a hundredth of the pixels, as a rule."""
    pixels = colours.ravel()
    starts = np.concatenate(([0], np.flatnonzero(pixels[1:] != pixels[:-1]) + 1))
    return pixels[starts], np.diff(np.append(starts, len(pixels)))


def _count_colours(colours: NDArray[np.uint32]) -> dict[int, int]:
    values, lengths = _runs(colours)
    unique, places = np.unique(values, return_inverse=True)
    counts = np.bincount(places, weights=lengths)
    return {int(colour): int(count) for colour, count in zip(unique, counts, strict=True)}


def _colours_to_ids(colours: NDArray[np.uint32], class_of_colour: Mapping[int, int]) -> NDArray[Any]:
    values, lengths = _runs(colours)
    unique, places = np.unique(values, return_inverse=True)
    table = np.array([class_of_colour.get(int(colour), VOID) for colour in unique])
    dtype = np.uint8 if len(class_of_colour) <= VOID else np.uint16
    return np.repeat(table[places].astype(dtype), lengths).reshape(colours.shape)


def plan_masks(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:  # noqa: ARG001
    """One sample an image that has a mask, sorted by path."""
    masks, images = _pairs(source)
    pairs = {image: masks[name] for name, image in sorted(images.items()) if name in masks}
    listed = _listed_classes(source, log)
    palette, colours = _palette(source, list(pairs.values()), listed, log)
    lists = read_split_lists(source, log)
    items = [
        Item(image, splits_of(image, lists), _Mask(source, pairs[image], palette)) for image in sorted(pairs)
    ]
    lists_of_classes = (file for file in source.files if file.name == _CLASSES)
    note_unused(
        source,
        {*pairs, *pairs.values(), *lists_of_classes},
        log,
        reason=Sentence("the image has no mask, or the mask no image", "图像没有掩码，或掩码没有图像"),
    )
    attributes = {_COLOURS: msgspec.json.encode(colours).decode()} if colours else {}
    return Plan(palette.class_names, items, attributes=attributes)


class _Listed(NamedTuple):
    """A class of classes.json; `colour` is None where masks hold ids."""

    name: str
    colour: int | None


def _listed_classes(source: SourceFolder, log: ProblemLog) -> list[_Listed]:
    file = next((file for file in source.files if file.name == _CLASSES), None)
    content = read_json(source, file, log) if file is not None else None
    entries = content.get("classes") if isinstance(content, dict) else content
    listed: list[_Listed] = []
    for number, each in enumerate(entries if isinstance(entries, list) else ()):
        name = (each.get("title") or each.get("name")) if isinstance(each, dict) else each
        colour = each.get("color", each.get("colour")) if isinstance(each, dict) else None
        if not isinstance(name, str) or not name or name in (other.name for other in listed):
            log.problem(
                str(file),
                Sentence(
                    f"classes[{number}] has no name of its own; left out",
                    f"classes[{number}] 没有单独的名称，已跳过",
                ),
            )
            continue
        listed.append(_Listed(name, _parse_colour(colour)))
    return listed


def _parse_colour(value: Any) -> int | None:
    try:
        return int(value.removeprefix("#"), 16) & 0xFFFFFF
    except (AttributeError, ValueError):
        return None


def _palette(
    source: SourceFolder, masks: list[PurePosixPath], listed: list[_Listed], log: ProblemLog
) -> tuple[Palette, dict[str, str]]:
    """What the values of the masks mean, found by looking at all of them; and the colour of each class."""
    has_colours = any(each.colour is not None for each in listed)
    modes = {_mode(source, file) for file in masks}
    if not modes - {*_GREY, *(() if has_colours else ("P",))}:
        return _palette_of_ids(source, masks, listed), {}
    counts: Counter[int] = Counter()
    all_found = in_order(partial(_colours_of, source), masks, num_threads=num_cores())
    for file, found in zip(masks, all_found, strict=True):
        if len(found) > _MAX_COLOURS:
            log.problem(
                str(file),
                Sentence(
                    f"{len(found)} colours are too many for classes; all but the usual ones are void",
                    f"{len(found)} 种颜色过多，不像是类别；少见的颜色视为空白",
                ),
            )
        counts.update(found)
    return _palette_of_colours(counts, listed, log)


def _colours_of(source: SourceFolder, file: PurePosixPath) -> dict[int, int]:
    """How many pixels a mask has of each colour; none where it cannot be read, which is reported with its sample."""
    try:
        return _count_colours(_colours(source.read(file)))
    except (BadSample, OSError):
        return {}


def _mode(source: SourceFolder, file: PurePosixPath) -> str:
    from PIL import Image

    try:
        with Image.open(source.root / file) as image:
            return str(image.mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""


def _palette_of_ids(source: SourceFolder, masks: list[PurePosixPath], listed: list[_Listed]) -> Palette:
    if listed:
        return Palette(tuple(each.name for each in listed))
    values: set[int] = set()
    for file in masks:
        try:
            values |= set(np.unique(decode_class_mask(source.read(file))).tolist())
        except (BadSample, OSError):
            continue  # reported when the sample is read
    if values == {0, VOID}:  # the usual way to draw one thing on a background
        return Palette(("background", "foreground"), is_binary=True)
    highest = max(values - {VOID}, default=0)
    return Palette(tuple(f"class {number}" for number in range(highest + 1)))


def _palette_of_colours(
    counts: Counter[int], listed: list[_Listed], log: ProblemLog
) -> tuple[Palette, dict[str, str]]:
    """Classes of the colours that occur.

    A list of which less than half occurs is not a list of these masks: then what does not occur is left out.
    """
    named = {each.colour: each.name for each in listed if each.colour is not None}
    occurring = {colour: name for colour, name in named.items() if colour in counts}
    is_trusted = 2 * len(occurring) >= len(named)
    for colour, name in named.items():
        if colour not in counts:
            log.problem(
                _CLASSES,
                Sentence(
                    f"the colour {_hex(colour)} of '{name}' is in no mask"
                    + ("" if is_trusted else "; left out"),
                    f"没有掩码含有“{name}”的颜色 {_hex(colour)}" + ("" if is_trusted else "，已跳过"),
                ),
            )
    total = sum(counts.values()) or 1
    void = {colour for colour, count in counts.items() if count / total < _RARE_SHARE and colour not in named}
    if named and _BLACK not in named and _BLACK in counts:
        void.add(_BLACK)  # what lies outside of a photo is black, and where classes are listed, black is none
    for colour in sorted(set(counts) - set(named)):
        share = f"{counts[colour] / total:.2%}"
        en, zh = ("void", "视为空白") if colour in void else ("a class of its own", "作为单独的类别")
        log.problem(
            _CLASSES,
            Sentence(
                f"the colour {_hex(colour)} is not listed ({share} of the pixels); {en}",
                f"颜色 {_hex(colour)} 未列出（占像素的 {share}），{zh}",
            ),
        )
    names = named if is_trusted else occurring
    unlisted = {c: _hex(c) for c in sorted(counts) if c not in named and c not in void}
    classes = {
        colour: name for colour, name in {**names, **unlisted}.items() if name.lower() not in _VOID_NAMES
    }
    ids = {colour: number for number, colour in enumerate(classes)}
    return Palette(tuple(classes.values()), ids), {name: _hex(colour) for colour, name in classes.items()}


def _hex(colour: int) -> str:
    return f"#{colour:06X}"


def export_masks(target: TargetFolder) -> None:
    """Write images and masks of class ids in folders beside each other, names and splits."""
    paths = [_paths(name) for name in target.names_with_own_stems()]
    for sample, (image, mask) in zip(target.dataset, paths, strict=True):
        target.write(image, sample["image"])
        if sample["mask"] is not None:
            target.write(mask, sample["mask"])
        else:
            target.drop("samples without a mask")
    classes = [{"id": number, "title": name} for number, name in enumerate(target.dataset.class_names)]
    target.write(_CLASSES, msgspec.json.format(msgspec.json.encode({"classes": classes}), indent=1))
    target.write_split_lists([image for image, _ in paths])


def _paths(name: PurePosixPath) -> tuple[PurePosixPath, PurePosixPath]:
    """Where an image goes, in its own folder `images` if it has one, and where its mask."""
    folders = [f"{part}_" if part.lower() in MASK_FOLDERS else part for part in name.parts[:-1]]
    at = next((i for i in reversed(range(len(folders))) if folders[i].lower() in IMAGE_FOLDERS), None)
    if at is None:
        folders, at = ["images", *folders], 0
    mask = PurePosixPath(*folders[:at], "masks", *folders[at + 1 :], name.name).with_suffix(".png")
    return PurePosixPath(*folders, name.name), mask
