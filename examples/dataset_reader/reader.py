"""A second reader of KPL Dataset, version 1: written from docs/reference/format.md alone.

Standard library and NumPy, nothing of KPL. It reads every field of every row and checks header, trailer and structure.
XXH3 is not in the standard library: give a function to check content, as in `Dataset(path, xxh3_64=...)`.

    python reader.py FOLDER
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAGIC, END = b"\x89KPL\r\n\x1a\n", b"KPL.END\n"
SHARD, INDEX, MANIFEST = 1, 2, 3


class Damaged(Exception):
    """Something is not as it was written."""


def unpack(data: bytes, at: int = 0) -> tuple[Any, int]:
    """Decode the msgpack value at a position: nil, booleans, integers, text, lists and maps."""
    code = data[at]
    at += 1
    if code <= 0x7F or code >= 0xE0:
        return (code if code <= 0x7F else code - 256), at
    if 0xC0 <= code <= 0xC3:
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at
    if 0xCC <= code <= 0xD3:
        form = ">" + "BHIQbhiq"[code - 0xCC]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if 0x80 <= code <= 0xBF:
        kind, count = (
            ("map", code & 15) if code < 0x90 else ("list", code & 15) if code < 0xA0 else ("text", code & 31)
        )
    else:
        kind, size = {
            0xD9: ("text", 1), 0xDA: ("text", 2), 0xDB: ("text", 4),
            0xDC: ("list", 2), 0xDD: ("list", 4), 0xDE: ("map", 2), 0xDF: ("map", 4),
        }[code]  # fmt: skip
        count, at = int.from_bytes(data[at : at + size], "big"), at + size
    if kind == "text":
        return data[at : at + count].decode(), at + count
    items = []
    for _ in range(count * (2 if kind == "map" else 1)):
        item, at = unpack(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if kind == "map" else items), at


class File:
    """A shard, an index or a manifest: header, body, directory, trailer."""

    def __init__(self, path: Path, kind: int, check: Callable[[bytes], int] | None) -> None:
        self.path, self.check = path, check
        data = self.data = np.memmap(path, np.uint8, "r")
        if len(data) < 96:
            raise Damaged(f"{path}: cut short")
        magic, version, found, flags = struct.unpack("<8sHHI", bytes(data[:16]))
        self.id, size = bytes(data[16:32]).hex(), int.from_bytes(bytes(data[32:40]), "little")
        if (magic, version, found, flags, size) != (MAGIC, 1, kind, 0, len(data)):
            raise Damaged(f"{path}: not a whole file of kind {kind} and version 1")
        self.verify(data[:56], int.from_bytes(bytes(data[56:64]), "little"), "header")
        self.directory, self.rows = self.directory_of(data)

    def directory_of(self, tail: np.ndarray) -> tuple[dict[str, Any], int]:
        """Directory and number of rows at the end of a file, or of the copy of a shard's tail."""
        _, length, rows, check, magic = struct.unpack("<QIIQ8s", bytes(tail[-32:]))
        if magic != END or length + 32 > len(tail):
            raise Damaged(f"{self.path}: no trailer")
        self.verify(tail[len(tail) - 32 - length : len(tail) - 16], check, "directory")
        return unpack(bytes(tail[len(tail) - 32 - length : len(tail) - 32]))[0], rows

    def verify(self, data: np.ndarray, check: int, what: str) -> None:
        if self.check is not None and self.check(bytes(data)) != check:
            raise Damaged(f"{self.path}: {what} is damaged")

    def buffer(self, buffer: list[Any]) -> np.ndarray:
        role, dtype, position, length, check = buffer
        data = self.data[position : position + length]
        if len(data) != length:
            raise Damaged(f"{self.path}: '{role}' lies outside the file")
        self.verify(data, check, role)
        return np.frombuffer(data, dtype)


def rows_of(field: dict[str, Any], column: dict[str, Any], shard: File) -> Iterator[Any]:
    """The values of one field in one shard."""
    buffers = {buffer[0]: shard.buffer(buffer) for buffer in column["buffers"]}
    stored, n, shape = column["field"], shard.rows, tuple(column["field"].get("shape", ()))
    valid = np.ones(n, bool)
    if "valid" in buffers:
        valid = np.unpackbits(buffers["valid"], count=n, bitorder="little").astype(bool)
    if stored["layout"] != "blob":
        dtype = "u1" if stored["layout"] == "bytes" else stored["dtype"]
        values = buffers["values"].view(dtype).reshape(-1, *shape)
    for row in range(n):
        if not valid[row]:
            yield None
        elif stored["layout"] == "blob":
            begin = int(buffers["position"][row])
            blob = shard.data[begin : begin + int(buffers["length"][row])]
            shard.verify(blob, int(buffers["check"][row]), f"field '{field['name']}' of row {row}")
            yield bytes(blob)
        elif stored["layout"] == "fixed":
            yield values[row] if shape else values[row].item()
        else:
            part = values[int(buffers["offsets"][row]) : int(buffers["offsets"][row + 1])]
            yield part if stored["layout"] == "list" else text(bytes(part), field["type"])


def text(data: bytes, type_name: str) -> Any:
    if type_name in ("string", "text"):
        return data.decode()
    return json.loads(data) if type_name == "json" else data


class Dataset:
    """The newest version in a folder, or one by its number."""

    def __init__(
        self, root: str | Path, version: int = 0, *, xxh3_64: Callable[[bytes], int] | None = None
    ) -> None:
        self.root, self.check = Path(root), xxh3_64
        number = version or max(int(path.stem) for path in self.root.glob("manifest/*.kpm"))
        self.manifest = File(self.root / f"manifest/{number:08d}.kpm", MANIFEST, xxh3_64).directory
        if self.manifest["format"] != "kpl.dataset/v1" or self.manifest.get("features"):
            raise Damaged(f"version {number} needs a newer reader")
        self.rows, self.class_names = self.manifest["rows"], self.manifest["class_names"]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All rows, as dictionaries."""
        columns = {}
        for layer in self.manifest["layers"]:
            for field in layer["fields"]:
                is_plain = layer["name"] in ("samples", "labels")
                columns[field["name"] if is_plain else f"{layer['name']}.{field['name']}"] = self.column(
                    layer, field
                )
        for _ in range(self.rows):
            yield {name: next(column, None) for name, column in columns.items()}

    def column(self, layer: dict[str, Any], field: dict[str, Any]) -> Iterator[Any]:
        """One field of all rows that its layer covers."""
        for ref in layer["shards"]:
            shard = File(self.root / "data" / layer["name"] / f"{ref['id']}.kpl", SHARD, self.check)
            if (shard.id, shard.rows) != (ref["id"], ref["rows"]):
                raise Damaged(f"{shard.path}: not the shard that the manifest names")
            name = field.get("stored_as") or field["name"]
            found = [each for each in shard.directory["columns"] if each["field"]["name"] == name]
            yield from rows_of(field, found[0], shard) if found else [None] * shard.rows

    def splits(self) -> dict[str, list[int]]:
        """Rows of each split."""
        result = {}
        for split in self.manifest["splits"]:
            index = File(self.root / f"index/{split['index']:08d}.kpi", INDEX, self.check)
            numbers = index.buffer(split["buffer"]).tolist()
            if split["buffer"][0] == "runs":
                pairs = zip(numbers[::2], numbers[1::2], strict=True)
                numbers = [row for start, stop in pairs for row in range(start, stop)]
            result[split["name"]] = numbers
        return result


if __name__ == "__main__":
    for number, row in enumerate(Dataset(sys.argv[1])):
        print(number, {name: f"{len(v)} bytes" if isinstance(v, bytes) else v for name, v in row.items()})
