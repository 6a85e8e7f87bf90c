"""The specification and the golden files hold what today's code writes and reads."""

import re
import shutil
from pathlib import Path

import numpy as np

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.verify import verify

_ROOT = Path(__file__).parents[2]


def _hex_example() -> bytes:
    text = (_ROOT / "docs" / "reference" / "format.md").read_text(encoding="utf-8")
    block = re.search(r"```hex\n(.*?)```", text, re.DOTALL)
    assert block is not None
    data = bytearray()
    for line in block[1].splitlines():
        position, _, content = line.partition("  ")
        data = data.ljust(int(position, 16), b"\0") + bytes.fromhex(content)
    return bytes(data)


def test_the_example_of_the_specification_is_what_is_written(tmp_path: Path) -> None:
    fields = [field("data", "blob"), field("n", "int16")]
    with DatasetWriter(tmp_path / "set", kind="custom", fields=fields) as writer:
        writer.add("a", data=b"KPL", n=7)
        writer.add("bc", data=b"dataset", n=-1)
    [shard] = (tmp_path / "set" / "data" / "samples").iterdir()
    assert shard.read_bytes() == _hex_example()
    assert f"data/samples/{shard.name}" in (_ROOT / "docs" / "reference" / "format.md").read_text(
        encoding="utf-8"
    )


def test_the_golden_dataset_of_version_1_is_read(tmp_path: Path) -> None:
    golden = _ROOT / "tests" / "golden" / "dataset-v1"
    shutil.copytree(golden, tmp_path / "set")
    assert verify(tmp_path / "set").is_whole
    dataset = Dataset.open(tmp_path / "set")
    assert dataset.digest == "4f96d2812ad833dd1d432682afe08abc6c67737bcc5cc440110ffab17d01bf39"
    assert dataset.splits == {"odd": 3, "small": 2}
    assert dict(dataset.attributes) == {"licence": "CC0-1.0"}
    assert dataset.columns("key").tolist() == [f"key {i}" for i in range(7)]
    for i, sample in enumerate(dataset):
        assert bytes(sample["data"]) == bytes(range(i * 5))
        assert sample["n"] == i - 3
        assert sample["vector"].tolist() == [i, i / 2, -i]
        assert sample["boxes"].tolist() == [[k, 0, k + 1.5, 2] for k in range(i % 3)]
        assert sample["words"] == "中文" * (i % 2)
        assert sample["tree"] == {"i": i}
        assert sample["maybe"] == (None if i == 5 else i / 4)
    assert np.array_equal(dataset.split("small").rows, [1, 3])
