"""Masks as small pictures that a client tints: of each pixel the class, and the number of the object.

Red + 256 * green is the class id. Blue is 0 where there is nothing; elsewhere it is 1 for classes of pixels, and
for objects a number from 1 to 255 that goes round, so that neighbours can be told apart.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpl.dataset.errors import BadSample
from kpl.errors import Invalid, NotFound
from kpl.sentence import Sentence
from kpl.server.services.sample_answers import LABELS, mask_source, predictions_layer
from kpl.storage.atomic import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset, Sample

MAP_SIZES = (160, 400, 1200)
_VOID_IDS = (255, 65535)


def label_map(dataset: "Dataset", sample: "Sample", layer: str, size: int, cache: Path) -> bytes:
    """The masks of a sample within `size` x `size` pixels, as a PNG; never enlarged; kept in `cache`.

    Raises:
        Invalid: the size is not offered, or the mask cannot be read.
        NotFound: the layer has no masks, or none for this sample.
    """
    if size not in MAP_SIZES:
        raise Invalid(
            Sentence(f"size: {size} is not offered.", f"size：不提供 {size}。"),
            hint=Sentence(
                f"Ask for one of {', '.join(map(str, MAP_SIZES))}.",
                f"可选：{'、'.join(map(str, MAP_SIZES))}。",
            ),
        )
    if layer != LABELS:
        predictions_layer(dataset, layer)
    row = sample.row
    kept = cache / f"{row // 1000}" / f"{row}-{layer}-{size}.png"
    if kept.exists():
        return kept.read_bytes()
    try:
        data = _encoded(_painted(sample, layer, size, num_classes=len(dataset.class_names)))
    except BadSample as err:
        raise Invalid(
            Sentence(
                f"The mask of sample {row} cannot be read: {err}.", f"样本 {row} 的掩码无法读取：{err}。"
            )
        ) from err
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(kept, data)
    return data


def _painted(sample: "Sample", layer: str, size: int, *, num_classes: int) -> "NDArray[np.uint8]":
    """[height, width, 3] the picture."""
    from kpl.dataset.masks import decode_class_mask

    source = mask_source(sample, "" if layer == LABELS else f"{layer}.")
    if source["mask"] is not None:
        return _of_classes(decode_class_mask(source["mask"]), size, num_classes)
    if source["masks"] is not None and source["labels"] is not None:
        shape = (int(sample["height"]), int(sample["width"]))
        return _of_objects(source["masks"], source["labels"].tolist(), shape, size)
    raise NotFound(
        Sentence(
            f"Sample {sample.row} has no mask in the layer '{layer}'.",
            f"样本 {sample.row} 在图层“{layer}”中没有掩码。",
        )
    )


def _of_classes(ids: "NDArray[Any]", size: int, num_classes: int) -> "NDArray[np.uint8]":
    import numpy as np

    small = ids[np.ix_(*_places(ids.shape, size))].astype(np.int64)
    picture = np.zeros((*small.shape, 3), np.uint8)
    is_class = small < num_classes if num_classes else ~np.isin(small, _VOID_IDS)
    picture[..., 0] = small % 256 * is_class
    picture[..., 1] = small // 256 * is_class
    picture[..., 2] = is_class
    return picture


def _places(shape: Sequence[int], size: int) -> list["NDArray[np.int64]"]:
    """Rows and columns to keep, so that the picture fits; the nearest to each centre, since classes do not mix."""
    import numpy as np

    scale = min(1.0, size / max(shape))
    smaller = [max(1, round(side * scale)) for side in shape]
    return [
        ((np.arange(after) + 0.5) * (before / after)).astype(np.int64)
        for before, after in zip(shape, smaller, strict=True)
    ]


def _of_objects(
    masks: Sequence[Any], labels: Sequence[int], shape: tuple[int, int], size: int
) -> "NDArray[np.uint8]":
    """Objects over each other, smaller ones on top."""
    import numpy as np

    from kpl.dataset.masks import decode_segmentation, fill_polygons, is_runs, segmentation_area

    rows, columns = _places(shape, size)
    scales = (len(columns) / shape[1], len(rows) / shape[0])
    picture = np.zeros((len(rows), len(columns), 3), np.uint8)
    areas = [segmentation_area(mask) for mask in masks]
    for index in sorted(range(len(masks)), key=lambda each: -areas[each]):
        mask = masks[index]
        if mask is None:
            continue
        if is_runs(mask):
            pixels = decode_segmentation(mask, *shape)[np.ix_(rows, columns)]
        else:
            scaled = [
                [number * scales[place % 2] for place, number in enumerate(polygon)] for polygon in mask
            ]
            pixels = fill_polygons(scaled, len(rows), len(columns))
        picture[pixels] = (labels[index] % 256, labels[index] // 256 % 256, index % 255 + 1)
    return picture


def _encoded(picture: "NDArray[np.uint8]") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
