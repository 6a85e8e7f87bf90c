"""Folders of images: one folder a class, below folders train, val and test or not; or no classes at all."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import IMAGE_SUFFIXES, SPLIT_NAMES, Item, Plan, SourceFolder
from kpl.dataset.image import ImageInfo


class Label:
    """The class of an image."""

    def __init__(self, class_id: int) -> None:
        self.class_id = class_id

    def values(self, image: ImageInfo, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """The class, whatever the image is like."""
        return {"label": self.class_id}

    def renumbered(self, new_ids: Sequence[int]) -> "Label":
        """The class under its new id."""
        return Label(new_ids[self.class_id])


class Nothing:
    """Nothing is said about an image."""

    def values(self, image: ImageInfo, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """No field."""
        return {}

    def renumbered(self, new_ids: Sequence[int]) -> "Nothing":  # noqa: ARG002
        """Still nothing."""
        return self


def is_imagefolder(source: SourceFolder) -> bool:
    """Whether some image lies in a folder below the source, which could be a class."""
    return any(len(file.parts) > 1 for file in source.images())


def plan_imagefolder(source: SourceFolder, log: ProblemLog) -> Plan:
    """One class a folder, sorted by name; images may lie deeper inside it."""
    images = source.images()
    depth = _depth_above(images)
    has_splits = _has_splits(images, depth)
    class_at = depth + has_splits
    classed: list[tuple[PurePosixPath, str]] = []
    for file in images:
        if len(file.parts) < class_at + 2:
            log.problem(str(file), "the image lies in no class folder; left out")
        else:
            classed.append((file, file.parts[class_at]))
    class_names = tuple(sorted({name for _, name in classed}))
    ids = {name: number for number, name in enumerate(class_names)}
    _ignore_the_rest(source, log)
    return Plan(
        class_names,
        [
            Item(file, (SPLIT_NAMES[file.parts[depth].lower()],) if has_splits else (), Label(ids[name]))
            for file, name in classed
        ],
    )


def plan_images(source: SourceFolder, log: ProblemLog) -> Plan:
    """Every image below the folder, without labels; folders train, val and test on top are splits."""
    images = source.images()
    has_splits = bool(images) and all(
        len(file.parts) > 1 and file.parts[0].lower() in SPLIT_NAMES for file in images
    )
    _ignore_the_rest(source, log)
    nothing = Nothing()
    return Plan(
        (),
        [Item(file, (SPLIT_NAMES[file.parts[0].lower()],) if has_splits else (), nothing) for file in images],
    )


def _depth_above(images: list[PurePosixPath]) -> int:
    """How many folders, such as an archive's own, stand around all images without telling them apart."""
    depth = 0
    while (
        len({file.parts[depth] for file in images}) == 1
        and all(len(file.parts) > depth + 2 for file in images)
        and images[0].parts[depth].lower() not in SPLIT_NAMES
    ):
        depth += 1
    return depth


def _has_splits(images: list[PurePosixPath], depth: int) -> bool:
    tops = {file.parts[depth].lower() for file in images if len(file.parts) > depth + 1}
    return bool(tops) and tops <= set(SPLIT_NAMES) and any(len(file.parts) > depth + 2 for file in images)


def _ignore_the_rest(source: SourceFolder, log: ProblemLog) -> None:
    for file in source.files:
        if file.suffix.lower() not in IMAGE_SUFFIXES:
            log.ignore(str(file))
