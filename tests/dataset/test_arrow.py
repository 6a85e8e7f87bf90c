"""`Dataset.arrow` hands out the same values as the samples, whatever the type of the field."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kpl.dataset import Dataset, DatasetWriter, field
from kpl.dataset.fields import DTYPES

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

_VALUES: dict[str, list[Any]] = {
    "string": ["", "鸟", "x"],
    "text": ["a\0b", "", "c"],
    "json": [{"a": [1, None]}, [], "x"],
    "bytes": [b"", b"\xff", b"ab"],
    "flags": [[True, False], [], [True]],
    "numbers": [[1.5, -0.0], [], [2.0**60]],
    "boxes": [[[1, 2, 3, 4]], [], [[0, 0, 1, 1], [5, 6, 7, 8]]],
    "landmarks": [np.ones((1, 5, 2)).tolist(), [], np.zeros((2, 5, 2)).tolist()],
    "embedding": [[0.5, 1.0], [2.0, 3.0], [4.0, 5.0]],
    **{name: [1, 0, 1] for name in DTYPES},
}


def _plain(value: Any, type_name: str) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if type_name == "json" and value is not None:
        import msgspec

        return msgspec.json.encode(value).decode()
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("shard_bytes", [1, 1 << 20])
@pytest.mark.parametrize("is_optional", [False, True])
@pytest.mark.parametrize("type_name", _VALUES)
def test_every_type_of_field(type_name: str, is_optional: bool, shard_bytes: int, tmp_path: Path) -> None:
    each = field("f", type_name, shape=(2,) if type_name == "embedding" else None, is_optional=is_optional)
    values = _VALUES[type_name] + ([None] if is_optional else [])
    with DatasetWriter(
        tmp_path, kind="custom", fields=[each], shard_bytes=shard_bytes, block_bytes=1
    ) as writer:
        for number, value in enumerate(values):
            writer.add(str(number), f=value)
    dataset = Dataset.open(tmp_path)
    expected = [_plain(sample["f"], type_name) for sample in dataset]
    found = dataset.arrow("key", "f")
    assert found["f"].to_pylist() == expected
    assert found["key"].to_pylist() == [str(number) for number in range(len(values))]
    assert dataset.select([1, 0]).arrow("f")["f"].to_pylist() == [expected[1], expected[0]]
