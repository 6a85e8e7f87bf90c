"""What the schema of a Parquet file says: Arrow types, the features of Hugging Face beside them, and our own fields.

The features stand as JSON in the schema's metadata under `huggingface`, what KPL adds for itself under `kpl`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from kpl.dataset.fields import BLOB, BYTES, LIST, Field, field
from kpl.dataset.kinds import Kind
from kpl.errors import Invalid

FEATURES, OWN = b"huggingface", b"kpl"
_MAX_DIMENSIONS = 8
IMAGE_NAMES = ("image", "img", "picture", "photo")
_CATEGORY_NAMES = ("category", "categories", "category_id", "label", "labels", "class", "class_id", "name")

# how the fields of objects are called in the columns that people expect
OBJECT_NAMES = {"boxes": "bbox", "labels": "category"}


class Own(msgspec.Struct, omit_defaults=True):
    """What KPL notes about a dataset that it writes as Parquet.

    Attributes:
        fields: beside those of the kind.
        has_splits: files are called after splits; else after `train`, which the Hub expects.
    """

    kind: Kind
    class_names: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    attributes: dict[str, str] = {}
    has_splits: bool = True


class Objects(NamedTuple):
    """The column with the boxes of an image, a structure of lists or a list of structures.

    Attributes:
        category: name of the class or its number; empty where there is none.
        class_names: of the numbers; empty where they are not told.
        others: further names of an object.
    """

    column: str
    category: str
    class_names: tuple[str, ...]
    others: tuple[str, ...]


def free_name(name: str, fields: Iterable[Field]) -> str:
    """The name of a column beside those of the fields."""
    taken = {each.name for each in fields}
    while name in taken:
        name += "_"
    return name


def own_notes(schema: pa.Schema) -> Own | None:
    """What KPL has noted; None for files that are not from here.

    Raises:
        Invalid: it is not as KPL writes it.
    """
    data = (schema.metadata or {}).get(OWN)
    if data is None:
        return None
    try:
        own = msgspec.json.decode(data, type=Own)
    except (msgspec.DecodeError, RecursionError) as err:
        raise Invalid(f"The metadata 'kpl' are not as KPL writes them: {err}.") from err
    for each in own.fields:
        each.check()
    return own


def features(schema: pa.Schema) -> Mapping[str, Any]:
    """The features of the columns by Hugging Face; none where there are none that can be read."""
    try:
        info = msgspec.json.decode((schema.metadata or {}).get(FEATURES, b"{}"))
        found = info["info"]["features"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def class_names(feature: Any) -> tuple[str, ...]:
    """The names of a `ClassLabel`, also of one in a list; none for other features."""
    while isinstance(feature, dict) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        feature = feature.get("feature")
    if isinstance(feature, list) and len(feature) == 1:
        return class_names(feature[0])
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return ()
    names = feature.get("names")
    if not isinstance(names, list) or not all(isinstance(each, str) and each for each in names):
        return ()
    return tuple(names) if len(set(names)) == len(names) else ()


def is_image(column: pa.Field, feature: Any) -> bool:
    """Whether a column has images: by its feature, or by its name and type."""
    if isinstance(feature, dict) and feature.get("_type") == "Image":
        return is_file(column.type) or is_binary(column.type)
    return column.name.lower() in IMAGE_NAMES and (is_file(column.type) or is_binary(column.type))


def is_file(each: pa.DataType) -> bool:
    """Whether it is a structure of bytes and path, as Hugging Face has images and sounds."""
    return (
        pa.types.is_struct(each)
        and {each.field(number).name for number in range(each.num_fields)} == {"bytes", "path"}
        and is_binary(each.field("bytes").type)
        and is_text(each.field("path").type)
    )


def is_binary(each: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(each)
        or pa.types.is_large_binary(each)
        or pa.types.is_fixed_size_binary(each)
        or pa.types.is_binary_view(each)
    )


def is_text(each: pa.DataType) -> bool:
    if pa.types.is_dictionary(each):
        return is_text(each.value_type)
    return bool(pa.types.is_string(each) or pa.types.is_large_string(each) or pa.types.is_string_view(each))


def is_list(each: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(each)
        or pa.types.is_large_list(each)
        or pa.types.is_fixed_size_list(each)
        or pa.types.is_list_view(each)
        or pa.types.is_large_list_view(each)
    )


def find_objects(column: pa.Field, feature: Any) -> Objects | None:
    """What a column says about objects; None where it has no boxes of four numbers."""
    inner = column.type.value_type if is_list(column.type) else column.type
    if not pa.types.is_struct(inner):
        return None
    depth = 0 if inner is not column.type else 1
    types = {inner.field(number).name: inner.field(number).type for number in range(inner.num_fields)}
    if not _is_boxes(types.get("bbox"), depth):
        return None
    category = next((name for name in _CATEGORY_NAMES if name in types), "")
    while isinstance(feature, dict) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        feature = feature.get("feature")
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    names = class_names(feature.get(category)) if isinstance(feature, dict) else ()
    others = tuple(name for name in types if name not in ("bbox", category))
    return Objects(column.name, category, names, others)


def _is_boxes(each: pa.DataType | None, depth: int) -> bool:
    """Whether it is a list of numbers in so many lists."""
    for _ in range(depth + 1):
        if each is None or not is_list(each):
            return False
        each = each.value_type
    return each is not None and is_number(each)


def is_number(each: pa.DataType) -> bool:
    return bool(pa.types.is_integer(each) or pa.types.is_floating(each) or pa.types.is_boolean(each))


def is_dated(each: pa.DataType) -> bool:
    """Whether it is a time or a decimal number, which are kept as text."""
    return bool(pa.types.is_temporal(each) or pa.types.is_decimal(each))


def field_for(name: str, each: pa.DataType) -> Field:
    """The field that a column of this type becomes."""
    if is_number(each):
        return field(name, _dtype(each), is_optional=True)
    if is_text(each) or is_dated(each):
        return field(name, "string", is_optional=True)
    if is_binary(each) or is_file(each):
        return field(name, "blob", is_optional=True)
    shape: tuple[int, ...] = ()
    inner = each
    while pa.types.is_fixed_size_list(inner) and inner.list_size:
        shape, inner = (*shape, inner.list_size), inner.value_type
    if shape and is_number(inner) and len(shape) <= _MAX_DIMENSIONS:
        return field(name, "tensor", dtype=_dtype(inner), shape=shape, is_optional=True)
    if is_list(each) and is_number(each.value_type):
        return field(name, "numbers", dtype=_dtype(each.value_type), is_optional=True)
    return field(name, "json", is_optional=True)


def _dtype(number: pa.DataType) -> str:
    """NumPy's name of a type of numbers."""
    return str(np.dtype(number.to_pandas_dtype()).name)


def arrow_type(each: Field) -> pa.DataType:
    """The type of the column that a field is written as."""
    if each.layout == BLOB:
        is_shown = each.type in ("image", "mask")
        return pa.struct({"bytes": pa.binary(), "path": pa.string()}) if is_shown else pa.binary()
    if each.layout == BYTES:
        return pa.binary() if each.type == "bytes" else pa.string()
    is_class = each.type in ("category", "categories")
    found = pa.int64() if is_class else pa.from_numpy_dtype(np.dtype(each.dtype))
    for size in reversed(each.shape):
        found = pa.list_(found, size)
    return pa.list_(found) if each.layout == LIST else found


def feature_for(each: Field, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """The feature by Hugging Face for a field; categories have the names of the classes."""
    if each.layout == BLOB and each.type in ("image", "mask"):
        return {"_type": "Image"}
    feature: dict[str, Any] = {"dtype": "string", "_type": "Value"}
    if each.layout in (BLOB, BYTES):
        feature["dtype"] = "binary" if each.layout == BLOB or each.type == "bytes" else "string"
        return feature
    feature["dtype"] = np.dtype(each.dtype).name
    if each.type in ("category", "categories") and names:
        feature = {"names": list(names), "_type": "ClassLabel"}
    for size in reversed(each.shape):
        feature = {"feature": feature, "length": size, "_type": "Sequence"}
    return {"feature": feature, "_type": "Sequence"} if each.layout == LIST else feature
