"""Reports of evaluations in materialised artifacts, whose files never change: each is opened once."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpl.evaluation import ClassificationReport, DetectionReport, ReportManifest

DETECTION = "detection"
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Reported:
    """Where a report lies, and the dataset that it is of where that is kept."""

    folder: Path
    is_detection: bool
    dataset: Path | None


@lru_cache(maxsize=_KEPT)
def manifest_of(folder: Path) -> "ReportManifest":
    """What a report says of itself; its answers are opened once somebody asks for them."""
    from kpl.evaluation import read_manifest  # NumPy is not loaded before somebody looks at a report

    return read_manifest(folder)


@lru_cache(maxsize=_KEPT)
def open_classification(folder: Path) -> "ClassificationReport":
    """A report of a classification."""
    from kpl import evaluation

    return evaluation.open_classification(folder)


@lru_cache(maxsize=_KEPT)
def open_detection(folder: Path) -> "DetectionReport":
    """A report of a detection, matched."""
    from kpl import evaluation

    return evaluation.open_detection(folder)
