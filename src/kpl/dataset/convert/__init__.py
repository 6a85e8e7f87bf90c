"""Datasets from the layouts that people have, and back."""

from kpl.dataset.convert.export import export
from kpl.dataset.convert.pack import FORMATS, detect_format, pack
from kpl.dataset.convert.report import ImportReport, ImportStopped, Problem

__all__ = ["FORMATS", "ImportReport", "ImportStopped", "Problem", "detect_format", "export", "pack"]
