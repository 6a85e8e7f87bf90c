"""What a field of a sample is: its type (the meaning) and its layout (the bytes).

A reader needs the layout alone, so a field of a type it has never heard of can still be read.
"""

import math
import re
from typing import NamedTuple

import msgspec

from kpl.dataset.errors import BadSample, UnsupportedFormat
from kpl.errors import nearest
from kpl.sentence import Sentence

BLOB, FIXED, LIST, BYTES = "blob", "fixed", "list", "bytes"
LAYOUTS = frozenset({BLOB, FIXED, LIST, BYTES})

DTYPES = {
    "bool": "|b1", "int8": "|i1", "uint8": "|u1", "int16": "<i2", "uint16": "<u2",
    "int32": "<i4", "uint32": "<u4", "int64": "<i8", "uint64": "<u8",
    "float16": "<f2", "float32": "<f4", "float64": "<f8",
}  # fmt: skip
_ITEM_BYTES = {dtype: int(dtype[2:]) for dtype in DTYPES.values()}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_ITEM_BYTES = 1 << 30


class _Type(NamedTuple):
    layout: str
    dtype: str = ""
    shape: tuple[int, ...] = ()


TYPES: dict[str, _Type] = {
    "image": _Type(BLOB),
    "mask": _Type(BLOB),
    "audio": _Type(BLOB),
    "video": _Type(BLOB),
    "blob": _Type(BLOB),
    "string": _Type(BYTES),
    "text": _Type(BYTES),
    "json": _Type(BYTES),
    "bytes": _Type(BYTES),
    "category": _Type(FIXED, "<i4"),
    "embedding": _Type(FIXED, "<f4"),
    "tensor": _Type(FIXED, "<f4"),
    "categories": _Type(LIST, "<i4"),
    "flags": _Type(LIST, "|b1"),
    "scores": _Type(LIST, "<f4"),
    "numbers": _Type(LIST, "<f8"),
    "boxes": _Type(LIST, "<f4", (4,)),
    "landmarks": _Type(LIST, "<f4", (5, 2)),
    **{name: _Type(FIXED, dtype) for name, dtype in DTYPES.items()},
}


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named field of every sample of a layer.

    Attributes:
        name: small letters, digits and underscores.
        type: the meaning, one of `TYPES`; unknown types are read by their layout.
        layout: `blob` (bytes in the heap), `fixed` (one item of `dtype` and `shape`), `list` (any number of
            such items) or `bytes` (short bytes or text inside the column).
        dtype: NumPy's little-endian name, as in `<f4`; empty for `blob` and `bytes`.
        shape: shape of one item; `()` is a scalar.
        is_optional: a sample may have no value, which reads as None.
        stored_as: its name in shards, where a later version has renamed it; empty if the same.
    """

    name: str
    type: str
    layout: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    is_optional: bool = False
    stored_as: str = ""

    @property
    def as_stored(self) -> "Field":
        """The field under the name that it has in shards."""
        return msgspec.structs.replace(self, name=self.stored_as, stored_as="") if self.stored_as else self

    @property
    def item_bytes(self) -> int:
        """Size of one item of a fixed or list field."""
        return _ITEM_BYTES[self.dtype] * math.prod(self.shape)

    def check(self) -> None:
        """Refuse a field that cannot be read or written.

        Raises:
            UnsupportedFormat: name, layout, dtype or shape is outside the format.
        """
        if _NAME.fullmatch(self.name) is None:
            raise UnsupportedFormat(f"'{self.name}' is not a field name: small letters, digits and _ only.")
        if self.layout not in LAYOUTS:
            raise UnsupportedFormat(
                f"Field '{self.name}' has the layout '{self.layout}', unknown here.",
                hint=Sentence("Update KPL.", "请更新 KPL。"),
            )
        if self.layout in (FIXED, LIST):
            if self.dtype not in _ITEM_BYTES:
                raise UnsupportedFormat(f"Field '{self.name}' has the dtype '{self.dtype}', unknown here.")
            if (
                len(self.shape) > 8
                or any(size < 1 for size in self.shape)
                or self.item_bytes > _MAX_ITEM_BYTES
            ):
                raise UnsupportedFormat(
                    f"Field '{self.name}' has the shape {self.shape}: 1 to 2**30 bytes an item."
                )


def field(
    name: str,
    type_name: str,
    *,
    dtype: str = "",
    shape: tuple[int, ...] | None = None,
    is_optional: bool = False,
) -> Field:
    """Describe a field by its type; `dtype` ("float16") and `shape` replace the type's own."""
    known = TYPES.get(type_name)
    if known is None:
        raise BadSample(f"Field '{name}' has the unknown type '{type_name}'.", hint=nearest(type_name, TYPES))
    if dtype and dtype not in DTYPES:
        raise BadSample(f"Field '{name}' has the unknown dtype '{dtype}'.", hint=nearest(dtype, DTYPES))
    made = Field(
        name=name,
        type=type_name,
        layout=known.layout,
        dtype=DTYPES[dtype] if dtype else known.dtype,
        shape=known.shape if shape is None else shape,
        is_optional=is_optional,
    )
    made.check()
    return made
