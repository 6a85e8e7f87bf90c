"""Run by the Python of an environment that has the original `kpl-dataset`: writes and reads with it.

Bytes stand in JSON as {"bytes": base64}, files as {"file": base64}; those read as {"file": base64, "size": n}.
"""

import base64
import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from kpl_dataset import BasicType, ReadOnlyDataset, WriteOnlyDataset, define_pb2, set_size_threshold


def write(folder: str, name: str, spec: dict[str, Any]) -> None:
    """Write the records of a specification."""
    if "threshold" in spec:
        set_size_threshold(spec["threshold"])
    writer = WriteOnlyDataset(folder, name, spec["type"])
    for key, value in spec.get("properties", {}).items():
        writer.get_meta_db().put(key, value)
    with tempfile.TemporaryDirectory() as files:
        for record in spec["records"]:
            writer.write(from_json(record, files))
        writer.close()
    for number, (key, data) in spec.get("raw", {}).items():
        replace_text(folder, name, int(number), key, base64.b64decode(data))


def from_json(value: Any, files: str) -> Any:
    if isinstance(value, dict) and set(value) == {"bytes"}:
        return base64.b64decode(value["bytes"])
    if isinstance(value, dict) and set(value) == {"file"}:
        path = Path(files) / str(len(list(Path(files).iterdir())))
        path.write_bytes(base64.b64decode(value["file"]))
        return str(path)
    if isinstance(value, dict):
        return {key: from_json(each, files) for key, each in value.items()}
    return [from_json(each, files) for each in value] if isinstance(value, list) else value


def replace_text(folder: str, name: str, number: int, key: str, data: bytes) -> None:
    """Put other bytes in the place of a text, as writers of other versions did."""
    index, data_file = (Path(folder, f"{name}.{suffix}") for suffix in ("index", "data"))
    offsets = list(define_pb2.Index.FromString(index.read_bytes()).index)
    whole = data_file.read_bytes()
    records = [whole[start:stop] for start, stop in pairwise(offsets)]
    record = define_pb2.FeatureMap.FromString(records[number])
    record.map[key].bytes_field = data
    records[number] = record.SerializeToString()
    offsets = [sum(map(len, records[:count])) for count in range(len(records) + 1)]
    index.write_bytes(define_pb2.Index(index=offsets).SerializeToString())
    data_file.write_bytes(b"".join(records))


def read(folder: str, name: str) -> dict[str, Any]:
    """All records and properties."""
    reader = ReadOnlyDataset(folder, name)
    records = [to_json(reader[number], folder) for number in range(len(reader))]
    properties = reader.get_meta_db()
    return {"records": records, "properties": {key: properties.get(key) for key in list(properties.keys())}}


def to_json(value: Any, folder: str) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict) and set(value) == {"type", "content", "file_path", "size"}:
        content = value["content"]
        if value["type"]:
            content = Path(folder, value["file_path"]).read_bytes()
        return {"file": base64.b64encode(content).decode(), "size": value["size"]}
    if isinstance(value, dict):
        return {key: to_json(each, folder) for key, each in value.items()}
    return [to_json(each, folder) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    assert BasicType.String == "String"
    what, folder, name = sys.argv[1:]
    if what == "write":
        write(folder, name, json.load(sys.stdin))
    else:
        json.dump(read(folder, name), sys.stdout)
