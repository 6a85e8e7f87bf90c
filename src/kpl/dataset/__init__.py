"""KPL Dataset: samples in immutable shards, labels in layers over them, versions by manifest.

Usable alone. What reads or writes is loaded, and NumPy with it, when it is first asked for: a server knows the kinds
of datasets long before anybody opens one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kpl.dataset.errors import BadSample, DatasetDamaged, NotADataset, UnsupportedFormat
from kpl.dataset.fields import Field, field
from kpl.dataset.kinds import Kind

if TYPE_CHECKING:
    from kpl.dataset.columns import Ragged
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

_LOADED_WHEN_ASKED = {
    "Dataset": "kpl.dataset.reader",
    "DatasetWriter": "kpl.dataset.writer",
    "Ragged": "kpl.dataset.columns",
    "Sample": "kpl.dataset.sample",
    "TupleView": "kpl.dataset.reader",
}


def __getattr__(name: str) -> Any:
    if name not in _LOADED_WHEN_ASKED:
        raise AttributeError(f"module 'kpl.dataset' has no attribute '{name}'")
    return getattr(import_module(_LOADED_WHEN_ASKED[name]), name)
