"""Errors of datasets.

Invalid
├── DatasetDamaged     bytes on disk are not what was written
├── UnsupportedFormat  written by a newer KPL, or not by KPL at all
└── BadSample          a value that cannot be stored as the field it is meant for
NotFound
└── NotADataset        no committed version in this folder
"""

from kpl.errors import Invalid, NotFound
from kpl.sentence import Sentence

RESTORE_HINT = Sentence(
    "Restore the file from a copy, then run `kpl dataset verify`.",
    "请从副本恢复该文件，再运行 `kpl dataset verify`。",
)


class DatasetDamaged(Invalid):
    """Bytes on disk are not what was written; the message names file, row and field as far as known."""

    code = "dataset_damaged"


class UnsupportedFormat(Invalid):
    """The file is whole, but this version of KPL cannot read it."""

    code = "unsupported_format"


class BadSample(Invalid):
    """A value cannot be stored as the field it was given for."""

    code = "bad_sample"


class NotADataset(NotFound):
    """The folder holds no committed version of a dataset."""

    code = "not_a_dataset"
