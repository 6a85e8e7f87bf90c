"""Datasets from the layouts that people have, and back."""

from kpl.dataset.convert.append import append
from kpl.dataset.convert.export import export
from kpl.dataset.convert.formats import FORMATS
from kpl.dataset.convert.pack import detect_format, pack
from kpl.dataset.convert.report import ImportReport, ImportStopped, Problem
from kpl.dataset.convert.target import ExportReport

__all__ = [
    "FORMATS",
    "ExportReport",
    "ImportReport",
    "ImportStopped",
    "Problem",
    "append",
    "detect_format",
    "export",
    "pack",
]
