"""Ways to divide an evaluation: by what the dataset says of its samples, and by the size of objects."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kpl.errors import NotFound, nearest
from kpl.sentence import Sentence
from kpl.server.services.dataset_reader import open_dataset
from kpl.server.services.evaluation_reports import Reported, open_classification, open_detection
from kpl.server.services.sample_filters import places_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kpl.dataset import Dataset
    from kpl.evaluation import DetectionFigures

SPLIT, OBJECT_SIZE, NUM_OBJECTS, IMAGE_SIZE, FIELD = (
    "split",
    "object_size",
    "num_objects",
    "image_size",
    "field:",
)
MOST_VALUES = 40
_MOST_NUMBERS = 12
_NUM_RANGES = 4
_KEPT = 16


@dataclass(frozen=True, slots=True)
class Division:
    """Parts of a report.

    Args:
        values: names of the parts; None for what has no value.
        codes: numbers of parts: [N] of the samples, or [T+D] of the objects and then the answers.
    """

    values: list[str | None]
    codes: "NDArray[np.int64]"
    is_of_objects: bool = False

    def of_events(self, figures: "DetectionFigures") -> "NDArray[np.int64]":
        """[E] parts of events: by their sample, or by their object and for false alarms by their answer."""
        import numpy as np

        events = figures.events
        if not self.is_of_objects:
            return self.codes[events.samples]
        numbers = np.where(events.objects >= 0, events.objects, len(figures.object_fates) + events.answers)
        return self.codes[numbers]


def find_division(reported: Reported, name: str) -> Division:
    """A way to divide a report.

    Raises:
        NotFound: it cannot be divided so, or all of it is one part.
    """
    names = division_names(reported)
    found = _division(reported, name) if name in names else None
    if found is None:
        raise NotFound(
            Sentence(f"by: the report is not divided by '{name}'.", f"by：该报告不能按“{name}”划分。"),
            hint=nearest(name, names),
        )
    return found


def part_of(found: Division, value: str | None) -> int:
    """The number of a part by its name. Raises NotFound."""
    if value not in found.values:
        raise NotFound(
            Sentence(f"value: there is no part '{value}'.", f"value：没有“{value}”这一部分。"),
            hint=nearest(value or "", [each for each in found.values if each is not None]),
        )
    return found.values.index(value)


@lru_cache(maxsize=_KEPT)
def division_names(reported: Reported) -> list[str]:
    """By what a report can be divided; what is the same for all of it is left out."""
    names = [OBJECT_SIZE, NUM_OBJECTS] if reported.is_detection else []
    if reported.dataset is not None:
        further = further_fields(open_dataset(reported.dataset))
        names = [SPLIT, *names, IMAGE_SIZE, *(FIELD + name for name in further)]
    found = [(name, _division(reported, name)) for name in names]
    return [name for name, one in found if one is not None and len(set(one.codes.tolist())) > 1]


def further_fields(dataset: "Dataset") -> list[str]:
    """Fields of one value a sample that datasets of its kind do not have anyway."""
    from kpl.dataset.fields import FIXED
    from kpl.dataset.kinds import TEMPLATES

    template = TEMPLATES[dataset.kind]
    usual = {field.name for field in (*template.samples, *template.labels)}
    return [
        name
        for name, field in dataset.fields.items()
        if name not in usual
        and "." not in name
        and (field.type == "string" or (field.layout == FIXED and field.shape == ()))
    ]


@lru_cache(maxsize=_KEPT)
def _division(reported: Reported, name: str) -> Division | None:
    import numpy as np

    if name == OBJECT_SIZE:
        return _by_object_size(reported)
    if name == NUM_OBJECTS:
        return _by_num_objects(reported)
    assert reported.dataset is not None
    dataset = open_dataset(reported.dataset)
    rows = (open_detection if reported.is_detection else open_classification)(reported.folder).rows
    places = places_of(dataset, rows)
    if name == SPLIT:
        return _by_split(dataset, rows)
    if name == IMAGE_SIZE:
        if not {"width", "height"} <= set(dataset.fields):
            return None
        sides = [np.asarray(dataset.columns(side))[places] for side in ("width", "height")]
        return division_of(np.maximum(*sides).tolist())
    column = name.removeprefix(FIELD)
    values = np.asarray(dataset.columns(column))[places].tolist()
    if dataset.fields[column].type == "category":
        classes = dataset.class_names
        values = [classes[each] if each is not None and 0 <= each < len(classes) else None for each in values]
    return division_of(values)


def division_of(values: list[Any]) -> Division | None:
    """The parts of samples by a value of each; many numbers are put in ranges of about as many samples.

    None where there are too many values that are no numbers.
    """
    import numpy as np

    keys: list[Any] = [None if _is_gap(each) else each for each in values]
    distinct = {each for each in keys if each is not None}
    are_numbers = not any(isinstance(each, (str, bool)) for each in distinct)
    if len(distinct) > (_MOST_NUMBERS if are_numbers else MOST_VALUES):
        if not are_numbers:
            return None
        keys = _ranges(keys)
        distinct = {each for each in keys if each is not None}
    order = {key: number for number, key in enumerate(sorted(distinct))}
    return Division(
        values=[*map(_name, order), *([None] if None in keys else [])],
        codes=np.array([order.get(key, len(order)) for key in keys], np.int64),
    )


def _is_gap(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _ranges(keys: list[Any]) -> list[tuple[float, float] | None]:
    """For each number the lowest and highest of its range."""
    import numpy as np

    known = np.array([each for each in keys if each is not None], float)
    inner = np.quantile(known, np.linspace(0, 1, _NUM_RANGES + 1)[1:-1], method="higher")
    codes = np.searchsorted(np.unique(inner), known, side="right")
    bounds = {code: (known[codes == code].min(), known[codes == code].max()) for code in set(codes.tolist())}
    found = iter(codes.tolist())
    return [None if each is None else bounds[next(found)] for each in keys]


def _name(value: Any) -> str:
    if isinstance(value, tuple):
        low, high = map(_name, value)
        return low if low == high else f"{low} – {high}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if value % 1 else str(int(value))


def _by_split(dataset: "Dataset", rows: "NDArray[np.int64]") -> Division:
    import numpy as np

    splits = {name: part for name, part in dataset.split_rows().items() if np.isin(rows, part).any()}
    codes = np.full(len(rows), len(splits), np.int64)
    for number, part in enumerate(splits.values()):
        codes[np.isin(rows, part)] = number
    has_gaps = bool((codes == len(splits)).any())
    return Division(values=[*splits, *([None] if has_gaps else [])], codes=codes)


def _by_num_objects(reported: Reported) -> Division | None:
    import numpy as np

    from kpl.evaluation.matching import samples_of

    objects = open_detection(reported.folder).objects
    counted = samples_of(objects.offsets)[~objects.is_ignored]
    return division_of(np.bincount(counted, minlength=len(objects.offsets) - 1).tolist())


def _by_object_size(reported: Reported) -> Division:
    import numpy as np

    from kpl.evaluation.detection import SIZES
    from kpl.evaluation.matching import areas_of

    report = open_detection(reported.folder)
    areas = np.concatenate([areas_of(boxes) for boxes in (report.objects.boxes, report.answers.boxes)])
    codes = np.searchsorted([most for _, most in SIZES.values()], areas, side="left").clip(max=len(SIZES) - 1)
    return Division(values=[*SIZES], codes=codes.astype(np.int64), is_of_objects=True)
