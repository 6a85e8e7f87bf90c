"""The folder that an export writes: a safe file name for every sample, and what the format could not hold."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from kpl.dataset.convert.shapes import inside
from kpl.dataset.convert.source import IMAGE_SUFFIXES, SPLIT_LISTS
from kpl.dataset.fields import Field
from kpl.dataset.image import image_info
from kpl.dataset.kinds import LABELS, SAMPLES
from kpl.dataset.masks import segmentation_box
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample
from kpl.errors import Invalid

SUFFIXES = {
    "jpeg": ".jpg",
    "png": ".png",
    "gif": ".gif",
    "bmp": ".bmp",
    "ppm": ".ppm",
    "webp": ".webp",
    "tiff": ".tif",
}
_MAX_NAME_BYTES = 200


class ExportReport(NamedTuple):
    """What an export wrote.

    Attributes:
        dropped: what the format cannot hold, with the number of samples or objects that had it.
        max_box_change: the most pixels by which an edge of a box moves, where the format has no place for boxes
            beside masks and the box around the mask is another one.
    """

    num_samples: int
    dropped: dict[str, int]
    max_box_change: float = 0.0


class TargetFolder:
    """Where samples are written as files.

    Attributes:
        names: path of the image of each sample below the folder: its key where that can be one.
        dropped: what could not be written.
    """

    def __init__(self, dataset: Dataset, root: Path) -> None:
        self.dataset, self.root = dataset, root
        self.dropped: Counter[str] = Counter()
        self.max_box_change = 0.0
        self._names: list[PurePosixPath] | None = None

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of samples and labels by name; no format has a place for those of other layers.

        The names that fields had in shards before they were renamed mean nothing elsewhere.
        """
        layers = {layer.name: layer for layer in self.dataset.snapshot.manifest.layers}
        both = [each for name in (SAMPLES, LABELS) if name in layers for each in layers[name].fields]
        return {each.name: msgspec.structs.replace(each, stored_as="") for each in both}

    @property
    def names(self) -> list[PurePosixPath]:
        if self._names is None:
            self._names = _safe_names(self.dataset)
        return self._names

    def names_with_own_stems(self) -> list[PurePosixPath]:
        """The names, changed where two differ in their suffix alone, for formats with one more file an image."""
        taken: set[PurePosixPath] = set()
        names = []
        for name in self.names:
            while name.with_suffix("") in taken:
                name = name.with_stem(f"{name.stem}_")  # noqa: PLW2901
            taken.add(name.with_suffix(""))
            names.append(name)
        return names

    def write(self, path: PurePosixPath | str, data: bytes | memoryview | str) -> None:
        """Write a file below the folder."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, str):
            target.write_text(data, encoding="utf-8", newline="")
        else:
            target.write_bytes(data)

    def split_positions(self) -> dict[str, list[int]]:
        """Positions in the dataset or view of the samples of each split."""
        position_of = {int(row): position for position, row in enumerate(self.dataset.rows)}
        return {
            name: [position_of[row] for row in rows.tolist() if row in position_of]
            for name, rows in self.dataset.split_rows().items()
        }

    def splits_by_position(self) -> list[list[str]]:
        """The splits of each sample."""
        splits: list[list[str]] = [[] for _ in range(len(self.dataset))]
        for name, positions in self.split_positions().items():
            for position in positions:
                splits[position].append(name)
        return splits

    def write_split_lists(self, names: list[PurePosixPath]) -> None:
        """Write `splits/<name>.txt`, which the importers read; nothing where there are no splits."""
        for split, positions in self.split_positions().items():
            check_name(split, "split")
            self.write(
                f"{SPLIT_LISTS}/{split}.txt", "".join(f"{names[position]}\n" for position in positions)
            )

    def drop(self, what: str, count: int = 1) -> None:
        """Remember that the format cannot hold something."""
        if count:
            self.dropped[what] += count

    def masks_without_boxes(self, sample: Sample) -> list[Any]:
        """The mask of each object as `mask_without_box` has it."""
        boxes = sample["boxes"].tolist()
        masks = sample["masks"] if "masks" in sample else [None] * len(boxes)
        return [self.mask_without_box(sample, *each) for each in zip(boxes, masks, strict=True)]

    def mask_without_box(self, sample: Sample, box: Sequence[float], mask: Any) -> Any:
        """The mask of an object, for formats in which an object has a box or a mask.

        Their importers put boxes around masks; a box that is another one is counted.

        Returns:
            Polygons or runs; None where the box is to be written, since there is no mask, or no pixel in it.
        """
        if mask is None:
            return None
        around = segmentation_box(mask)
        kept = inside(around, sample["width"], sample["height"]) if around is not None else None
        if kept is None:
            self.drop("masks without pixels (their boxes are kept)")
            return None
        self.drop_box(box, kept)
        return mask

    def drop_box(self, box: Sequence[float], around: Sequence[float]) -> None:
        """Remember by how much the box of an object differs from the one around its mask, if it does."""
        change = max(abs(one - other) for one, other in zip(box, around, strict=True))
        self.drop("boxes that are not those around the masks", change > 0)
        self.max_box_change = max(self.max_box_change, change)


def check_name(name: str, what: str) -> None:
    """Refuse a name that cannot be one of a file or folder.

    Raises:
        Invalid: it has slashes, or means another folder.
    """
    if "/" in name or "\0" in name or "\n" in name or name.startswith(".") or not name:
        raise Invalid(f"The {what} name '{name}' cannot be the name of a folder.", hint=f"Rename the {what}.")


def file_names(dataset: Dataset) -> list[str]:
    """A file name for each sample: the last part of its key where that is unique, else with its position."""
    names: list[str] = []
    stems: set[str] = set()
    for position, sample in enumerate(dataset):
        key = PurePosixPath(sample.key)
        suffix = key.suffix.lower() or SUFFIXES.get(image_info(sample["image"]).format, ".img")
        stem = key.stem.replace("\\", "_").replace("\0", "_") or "sample"
        if stem in stems:
            stem = f"{stem}-{position}"
        stems.add(stem)
        names.append(stem + suffix)
    return names


def _safe_names(dataset: Dataset) -> list[PurePosixPath]:
    names = []
    taken: set[str] = set()
    for position, sample in enumerate(dataset):
        path = PurePosixPath(sample.key)
        if not _is_safe(sample.key, path) or str(path) in taken:
            suffix = SUFFIXES.get(image_info(sample["image"]).format, ".png")
            path = PurePosixPath(f"{position:08d}{suffix}")
            while str(path) in taken:
                path = path.with_stem(f"{path.stem}_")
        taken.add(str(path))
        names.append(path)
    folders = {str(parent) for path in names for parent in path.parents}
    return [path.with_stem(f"{path.stem}_") if str(path) in folders else path for path in names]


def _is_safe(key: str, path: PurePosixPath) -> bool:
    return (
        str(path) == key
        and not path.is_absolute()
        and path.suffix.lower() in IMAGE_SUFFIXES
        and key.isprintable()
        and not any(letter in key for letter in '\\:*?"<>|')
        and not any(part.startswith(".") or len(part.encode()) > _MAX_NAME_BYTES for part in path.parts)
    )
