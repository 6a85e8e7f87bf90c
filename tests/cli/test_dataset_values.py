"""The kinds and formats that the layers name are those that datasets have."""

from pathlib import Path
from typing import get_args

import yaml

import kpl.builtin
from kpl.cli.values import DatasetKindName, FormatName
from kpl.dataset import Kind
from kpl.dataset.convert import FORMATS
from kpl.schemas.dataset import DatasetKind, ImportFormat

KINDS = {str(kind) for kind in Kind} - {"custom"}


def test_all_layers_name_the_same_kinds_and_formats() -> None:
    formats = {"auto", *FORMATS}
    assert set(get_args(ImportFormat)) == formats
    assert {str(each) for each in FormatName} == formats
    assert set(get_args(DatasetKind)) == KINDS
    assert {str(each) for each in DatasetKindName} == {"auto", *KINDS}
    folder = Path(next(iter(kpl.builtin.__path__)))
    manifest = yaml.safe_load(
        (folder / "algorithms/dataset_import/algorithm.yaml").read_text(encoding="utf-8")
    )
    parameters = manifest["functions"]["process"]["parameters"]["properties"]
    assert set(parameters["format"]["enum"]) == formats
    assert set(parameters["kind"]["enum"]) == {"auto", *KINDS}
