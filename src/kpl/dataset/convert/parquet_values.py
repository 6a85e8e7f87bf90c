"""Values of Parquet columns as fields of a dataset have them.

Boxes in a column of Hugging Face are x, y, width and height, as its guides have them.
"""

import base64
from typing import Any

import numpy as np

from kpl.dataset.convert.parquet_sample import Values
from kpl.dataset.convert.parquet_schema import Objects
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.shapes import Shape, parse_numbers, shown
from kpl.dataset.errors import BadSample
from kpl.dataset.fields import BLOB, FIXED, LIST, Field
from kpl.sentence import Sentence


def present(value: Any, where: str) -> Any:
    """The value, which must be there.

    Raises:
        BadSample: there is none.
    """
    if value is None:
        raise BadSample(f"{where}: there is nothing")
    return value


def converted(value: Any, each: Field, where: str) -> Any:
    """The value of a column as its field has it."""
    if value is None:
        return None
    if each.layout == BLOB and isinstance(value, dict):
        return value["bytes"]
    if each.type == "json":
        return _jsonable(value)
    if each.layout in (LIST, FIXED) and isinstance(value, list):
        try:
            return np.array(value, each.dtype).reshape(each.shape if each.layout == FIXED else (-1,))
        except (TypeError, ValueError) as err:
            raise BadSample(f"{where}: a number is missing in the list") from err
    return value


def _jsonable(value: Any) -> Any:
    """A nested value as JSON has it: bytes in base64, times as text, maps as lists of pairs."""
    if isinstance(value, dict):
        return {str(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)
    return value if isinstance(value, (str, int, float)) or value is None else str(value)


def shapes_of(value: Any, objects: Objects, ids: dict[Any, int], file: str, log: ProblemLog) -> list[Shape]:
    """The objects of an image that have a box with an area and a known class; each other one is a problem."""
    shapes = []
    for number, each in enumerate(_each_object(value, objects)):
        box = parse_numbers(each["bbox"])
        category = each.get(objects.category) if objects.category else 0
        if box is None or len(box) != 4 or box[2] <= 0 or box[3] <= 0:
            given = each["bbox"]
            text = shown(given) if isinstance(given, list) and parse_numbers(given) else f"{given!r:.80}"
            log.problem(
                file,
                Sentence(
                    f"object {number}: the box {text} has no area; left out",
                    f"第 {number} 个目标：边框 {text} 面积为零，已跳过",
                ),
            )
        elif category not in ids:
            log.problem(
                file,
                Sentence(
                    f"object {number}: there is no class {category!r:.80}; left out",
                    f"第 {number} 个目标：没有类别 {category!r:.80}，已跳过",
                ),
            )
        else:
            others = {name: _jsonable(each[name]) for name in objects.others if each.get(name) is not None}
            corners = (box[0], box[1], box[0] + box[2], box[1] + box[3])
            shapes.append(Shape(ids[category], corners, attributes=others or None))
    return shapes


def _each_object(value: Any, objects: Objects) -> list[Values]:
    """The objects of a list of structures, or of a structure of lists.

    Raises:
        BadSample: the lists have different lengths.
    """
    if value is None:
        return []
    if isinstance(value, list):
        return [each for each in value if each is not None]
    names = ["bbox", *filter(None, [objects.category]), *objects.others]
    lists = {name: value.get(name) for name in names if isinstance(value.get(name), list)}
    lengths = {len(each) for each in lists.values()}
    if len(lengths) > 1:
        raise BadSample(f"column '{objects.column}': lists of {sorted(lengths)} entries for one image")
    return [{name: each[number] for name, each in lists.items()} for number in range(max(lengths, default=0))]
