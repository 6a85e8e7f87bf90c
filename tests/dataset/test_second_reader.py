"""The example's reader, which knows nothing but the specification, reads what KPL writes."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from xxhash import xxh3_64_intdigest

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.references import Reference

_ROOT = Path(__file__).parents[2]
_FILE = _ROOT / "examples" / "dataset_reader" / "reader.py"
_GOLDEN = _ROOT / "tests" / "golden" / "dataset-v1"


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("second_reader", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _assert_same(found: Any, dataset: Dataset) -> None:
    rows = list(found)
    assert len(rows) == len(dataset)
    for row, sample in zip(rows, dataset, strict=True):
        assert set(row) == set(sample)
        for name, value in row.items():
            expected = sample[name]
            if isinstance(expected, np.ndarray):
                assert np.array_equal(value, expected)
            else:
                assert value == expected
    assert found.splits() == {name: each.tolist() for name, each in dataset.split_rows().items()}


def test_it_reads_the_golden_dataset(reader: ModuleType) -> None:
    _assert_same(reader.Dataset(_GOLDEN, xxh3_64=xxh3_64_intdigest), Dataset.open(_GOLDEN))


def test_it_reads_what_is_written_today(reader: ModuleType, detection: Dataset) -> None:
    _assert_same(reader.Dataset(detection.path, xxh3_64=xxh3_64_intdigest), detection)


def test_it_reads_layers_gaps_and_versions(reader: ModuleType, tmp_path: Path) -> None:
    fields = [field("maybe", "float64", is_optional=True), field("n", "int16"), field("tree", "json")]
    for number in range(2):
        with DatasetWriter(tmp_path / "set", kind="custom", fields=fields, append=number > 0) as writer:
            for i in range(20):
                writer.add(f"{number}-{i}", n=i, tree={"i": [i]}, maybe=None if i % 3 else i / 7)
    dataset = Dataset.open(tmp_path / "set")
    _assert_same(reader.Dataset(tmp_path / "set"), dataset)
    assert reader.Dataset(tmp_path / "set", 1).rows == 20
    derived = dataset.derive(tmp_path / "derived", layers={"predictions": {"score": np.arange(40.0)}})
    _assert_same(reader.Dataset(tmp_path / "derived", xxh3_64=xxh3_64_intdigest), derived)


def test_it_notices_damage(reader: ModuleType, detection: Dataset) -> None:
    file = next((detection.path / "data" / "samples").iterdir())
    data = file.read_bytes()
    file.write_bytes(data[:-40])
    with pytest.raises(reader.Damaged):
        list(reader.Dataset(detection.path))
    file.write_bytes(data[:70] + bytes([data[70] ^ 1]) + data[71:])
    with pytest.raises(reader.Damaged, match="field 'image'"):
        list(reader.Dataset(detection.path, xxh3_64=xxh3_64_intdigest))


def test_it_refuses_what_needs_a_newer_reader(reader: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with DatasetWriter(tmp_path / "set", kind="custom", fields=[field("data", "blob")]) as writer:
        writer.add("a", data=Reference("../x", 3, 0, 3, xxh3_64_intdigest(b"abc")))
    with pytest.raises(reader.Damaged, match="version 1 needs a newer reader"):
        reader.Dataset(tmp_path / "set")


def test_it_is_short_and_stands_alone() -> None:
    source = _FILE.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 200
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"numpy"}


def test_it_prints_rows_as_a_program() -> None:
    command = [sys.executable, str(_FILE), str(_GOLDEN)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output.count("'key': 'key ") == 7
