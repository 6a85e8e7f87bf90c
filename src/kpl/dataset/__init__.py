"""KPL Dataset: samples in immutable shards, labels in layers over them, versions by manifest.

Usable alone.
"""

from kpl.dataset.columns import Ragged
from kpl.dataset.errors import BadSample, DatasetDamaged, NotADataset, UnsupportedFormat
from kpl.dataset.fields import Field, field
from kpl.dataset.kinds import Kind
from kpl.dataset.reader import Dataset, TupleView
from kpl.dataset.sample import Sample
from kpl.dataset.writer import DatasetWriter

__all__ = [
    "BadSample",
    "Dataset",
    "DatasetDamaged",
    "DatasetWriter",
    "Field",
    "Kind",
    "NotADataset",
    "Ragged",
    "Sample",
    "TupleView",
    "UnsupportedFormat",
    "field",
]
