"""Folders of images: one folder a class, below folders train, val and test or not; or no classes at all."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import (
    IMAGE_SUFFIXES,
    SPLIT_NAMES,
    Item,
    Options,
    Plan,
    SourceFolder,
    read_split_lists,
)
from kpl.dataset.convert.target import TargetFolder, check_name, file_names
from kpl.dataset.image import ImageInfo
from kpl.errors import Invalid
from kpl.sentence import Sentence


class Label:
    """The class of an image."""

    def __init__(self, class_id: int) -> None:
        self.class_id = class_id

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """The class, whatever the image is like."""
        return {"label": self.class_id}

    def renumbered(self, new_ids: Sequence[int]) -> "Label":
        """The class under its new id."""
        return Label(new_ids[self.class_id])


class Nothing:
    """Nothing is said about an image."""

    def values(self, image: ImageInfo | None, log: ProblemLog) -> dict[str, Any]:  # noqa: ARG002
        """No field."""
        return {}

    def renumbered(self, new_ids: Sequence[int]) -> "Nothing":  # noqa: ARG002
        """Still nothing."""
        return self


def is_imagefolder(source: SourceFolder) -> bool:
    """Whether some image lies in a folder below the source, which could be a class."""
    return any(len(file.parts) > 1 for file in source.images())


def plan_imagefolder(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:  # noqa: ARG001
    """One class a folder, sorted by name; images may lie deeper inside it."""
    images = source.images()
    depth = _depth_above(images)
    has_splits = _has_splits(images, depth)
    class_at = depth + has_splits
    classed: list[tuple[PurePosixPath, str]] = []
    for file in images:
        if len(file.parts) < class_at + 2:
            log.problem(
                str(file),
                Sentence("the image lies in no class folder; left out", "图像不在任何类别文件夹中，已跳过"),
            )
        else:
            classed.append((file, file.parts[class_at]))
    class_names = tuple(sorted({name for _, name in classed}))
    lists = None if has_splits else read_split_lists(source, log)
    ids = {name: number for number, name in enumerate(class_names)}
    _ignore_the_rest(source, log)
    return Plan(
        class_names,
        [
            Item(
                file,
                (SPLIT_NAMES[file.parts[depth].lower()],) if has_splits else (lists or {}).get(file, ()),
                Label(ids[name]),
            )
            for file, name in classed
        ],
    )


def plan_images(source: SourceFolder, log: ProblemLog, options: Options) -> Plan:  # noqa: ARG001
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


def export_imagefolder(target: TargetFolder) -> None:
    """Write each image to the folder of its class, below a folder of its split where there are splits."""
    dataset = target.dataset
    for name in dataset.class_names:
        check_name(name, "class")
    for sample in dataset:
        if sample["label"] < 0:
            raise Invalid(
                f"Sample '{sample.key}' has no class, so there is no folder for it.", hint="Label it first."
            )
    splits = target.splits_by_position()
    has_folders = any(splits) and all(len(each) == 1 and each[0] in SPLIT_NAMES.values() for each in splits)
    paths = _paths(target, [each[0] for each in splits] if has_folders else [])
    for sample, path in zip(dataset, paths, strict=True):
        target.write(path, sample["image"])
    if not has_folders:
        target.write_split_lists(paths)
    used = {sample["label"] for sample in dataset}
    target.drop("classes without samples", len(set(range(len(dataset.class_names))) - used))


def _paths(target: TargetFolder, splits: list[str]) -> list[PurePosixPath]:
    """Where images go: to their keys where the folders in these say split and class already.

    Args:
        splits: of each sample; empty where they are not told by folders.
    """
    names = target.names
    classes = [target.dataset.class_names[sample["label"]] for sample in target.dataset]
    folders = (
        [(split, name) for split, name in zip(splits, classes, strict=True)]
        if splits
        else [(c,) for c in classes]
    )
    depth = _depth_above(names) if names else 0
    if bool(splits) == (bool(names) and _has_splits(names, depth)) and all(
        len(name.parts) > depth + len(folder) and _normal(name.parts[depth : depth + len(folder)]) == folder
        for name, folder in zip(names, folders, strict=True)
    ):
        return names
    return [
        PurePosixPath(*each, name) for each, name in zip(folders, file_names(target.dataset), strict=True)
    ]


def _normal(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Folders of split and class, or of the class alone, with the split under its usual name."""
    return (SPLIT_NAMES.get(folders[0].lower(), folders[0]), *folders[1:]) if len(folders) == 2 else folders


def export_images(target: TargetFolder) -> None:
    """Write images under their keys, and nothing else."""
    for sample, name in zip(target.dataset, target.names, strict=True):
        target.write(name, sample["image"])
    names = target.dataset.fields
    target.drop(
        "labels", len(target.dataset) if any(each in names for each in ("label", "labels", "mask")) else 0
    )
    target.drop("splits", len(target.dataset.splits))
