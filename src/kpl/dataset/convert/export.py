"""A dataset written out as folders.

ImageFolder or Pascal VOC, so that importing it again gives the same samples.
"""

import os
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from kpl.dataset.image import image_info
from kpl.dataset.kinds import Kind
from kpl.dataset.reader import Dataset
from kpl.dataset.sample import Sample
from kpl.errors import Conflict, Invalid, nearest

_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "gif": ".gif", "bmp": ".bmp"}
_FORMATS = {
    "imagefolder": (Kind.CLASSIFICATION, Kind.FACE_RECOGNITION),
    "voc": (Kind.DETECTION, Kind.FACE_DETECTION),
}


def export(dataset: Dataset, dest: str | os.PathLike[str], *, format: str) -> int:
    """Write the samples of a dataset or view as files.

    Args:
        dest: folder to be made.
        format: `imagefolder` or `voc`.
    Returns:
        How many samples were written.
    Raises:
        Invalid: the format cannot hold this kind.
        Conflict: `dest` is there already and not empty.
    """
    if format not in _FORMATS:
        raise Invalid(f"The format '{format}' is unknown.", hint=nearest(format, _FORMATS))
    if dataset.kind not in _FORMATS[format]:
        raise Invalid(f"{dataset!r}: the format '{format}' cannot hold a dataset for {dataset.kind}.")
    root = Path(dest)
    if root.exists() and any(root.iterdir()):
        raise Conflict(f"{root} is not empty.", hint="Export to a new folder.")
    root.mkdir(parents=True, exist_ok=True)
    if format == "voc":
        _export_voc(dataset, root)
    else:
        _export_imagefolder(dataset, root)
    return len(dataset)


def _export_imagefolder(dataset: Dataset, root: Path) -> None:
    for name in dataset.class_names:
        _check_name(name)
    names = _file_names(dataset)
    has_splits = bool(dataset.splits)
    for sample, name in zip(dataset, names, strict=True):
        if sample["label"] < 0:
            raise Invalid(
                f"Sample '{sample.key}' has no class, so there is no folder for it.", hint="Label it first."
            )
        folder = root / (sample.split or "unassigned") if has_splits else root
        folder = folder / dataset.class_names[sample["label"]]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(sample["image"])


def _check_name(name: str) -> None:
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise Invalid(f"The class name '{name}' cannot be the name of a folder.", hint="Rename the class.")


def _export_voc(dataset: Dataset, root: Path) -> None:
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    names = _file_names(dataset)
    for sample, name in zip(dataset, names, strict=True):
        (root / "JPEGImages" / name).write_bytes(sample["image"])
        text = _annotation(sample, name, dataset.class_names)
        (root / "Annotations" / f"{PurePosixPath(name).stem}.xml").write_text(text, encoding="utf-8")
    stem_of_row = {int(row): PurePosixPath(name).stem for row, name in zip(dataset.rows, names, strict=True)}
    for split, rows in dataset.split_rows().items():
        _check_name(split)
        stems = [stem_of_row[row] for row in rows.tolist() if row in stem_of_row]
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text(
            "".join(f"{stem}\n" for stem in stems), encoding="utf-8"
        )


def _file_names(dataset: Dataset) -> list[str]:
    """A file name for each sample: the last part of its key where that is unique, else with its position."""
    names: list[str] = []
    stems: set[str] = set()
    for position, sample in enumerate(dataset):
        key = PurePosixPath(sample.key)
        suffix = key.suffix.lower() or _SUFFIXES.get(image_info(sample["image"]).format, ".img")
        stem = key.stem.replace("\\", "_").replace("\0", "_") or "sample"
        if stem in stems:
            stem = f"{stem}-{position}"
        stems.add(stem)
        names.append(stem + suffix)
    return names


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
