"""What each column of a Parquet file is for, by its name, its type and what Hugging Face says of it."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

import pyarrow as pa

from kpl.dataset.convert import parquet_schema as schemas
from kpl.dataset.convert.parquet_schema import Objects
from kpl.dataset.convert.report import ProblemLog
from kpl.dataset.convert.source import Options
from kpl.dataset.convert.tables import LABEL_NAMES, TEXT_NAMES, field_names
from kpl.dataset.fields import Field
from kpl.dataset.kinds import TEMPLATES, Kind
from kpl.errors import Invalid, nearest
from kpl.sentence import Sentence


class Columns(NamedTuple):
    """What the columns are for.

    Attributes:
        schema: that all files have.
        label_names: of the classes, where the features tell them.
        fields: that the remaining columns become.
    """

    kind: Kind
    schema: pa.Schema
    image: str = ""
    text: str = ""
    label: str = ""
    label_names: tuple[str, ...] = ()
    objects: Objects | None = None
    fields: Mapping[str, Field] = {}

    @property
    def has_paths(self) -> bool:
        """Whether images come with a path."""
        return bool(self.image) and schemas.is_file(self.schema.field(self.image).type)


def kind_of_columns(schema: pa.Schema) -> Kind:
    """The kind of dataset that such columns make."""
    features = schemas.features(schema)
    if any(schemas.is_image(each, features.get(each.name)) for each in schema):
        if any(schemas.find_objects(each, features.get(each.name)) for each in schema):
            return Kind.DETECTION
        return Kind.CLASSIFICATION if _guess_label(schema, "") else Kind.UNLABELLED
    if _guess(schema, TEXT_NAMES, schemas.is_text):
        return Kind.TEXT
    types = [each.type for each in schema]
    is_table = all(
        schemas.is_number(each) or schemas.is_text(each) or schemas.is_dated(each) for each in types
    )
    return Kind.TABULAR if is_table else Kind.CUSTOM


def find_columns(schema: pa.Schema, options: Options, file: PurePosixPath, log: ProblemLog) -> Columns:
    """What each column is for in a dataset of this kind."""
    kind, features = options.kind, schemas.features(schema)
    found = Columns(kind, schema)
    own = {each.name for each in (*TEMPLATES[kind].samples, *TEMPLATES[kind].labels)}
    if "image" in own:
        images = [each.name for each in schema if schemas.is_image(each, features.get(each.name))]
        if not images:
            raise Invalid(f"{file}: no column has images.", hint="Try kind 'tabular' or 'custom'.")
        found = found._replace(image=images[0])
    if kind == Kind.TEXT:
        text = _guess(schema, TEXT_NAMES, schemas.is_text) or _guess(
            schema, map(str.lower, schema.names), schemas.is_text
        )
        if not text:
            raise Invalid(f"{file}: no column has text.", hint="Try kind 'tabular' or 'custom'.")
        found = found._replace(text=text)
    if "label" in own:
        found = found._replace(label=_label_column(schema, options, found.text))
        found = found._replace(label_names=schemas.class_names(features.get(found.label)))
    if "boxes" in own:
        boxes = (schemas.find_objects(each, features.get(each.name)) for each in schema)
        found = found._replace(objects=next((each for each in boxes if each is not None), None))
        if kind != Kind.DETECTION or found.objects is None:
            raise Invalid(
                f"{file}: no column has boxes for {kind}.", hint="Try kind 'unlabelled' or 'custom'."
            )
    told = {found.image, found.text, found.label, "key", found.objects.column if found.objects else ""}
    kept = [each for each in schema if each.name not in told and _is_known(each, file, log)]
    names = field_names((each.name for each in kept), own)
    return found._replace(fields={each.name: schemas.field_for(names[each.name], each.type) for each in kept})


def _is_known(column: pa.Field, file: PurePosixPath, log: ProblemLog) -> bool:
    if pa.types.is_union(column.type) or pa.types.is_interval(column.type):
        log.problem(
            str(file),
            Sentence(
                f"column '{column.name}' is of the type {column.type}; left out",
                f"列“{column.name}”的类型为 {column.type}，不受支持，已跳过",
            ),
        )
        return False
    return True


def _label_column(schema: pa.Schema, options: Options, text: str) -> str:
    given = options.label_column
    if given and given not in schema.names:
        raise Invalid(f"There is no column '{given}'.", hint=nearest(given, schema.names))
    if given and not (
        pa.types.is_integer(schema.field(given).type) or schemas.is_text(schema.field(given).type)
    ):
        raise Invalid(f"The column '{given}' is {schema.field(given).type}, not text or whole numbers.")
    return given or _guess_label(schema, text)


def _guess_label(schema: pa.Schema, besides: str) -> str:
    features = schemas.features(schema)
    told = [
        each.name
        for each in schema
        if schemas.class_names(features.get(each.name)) and pa.types.is_integer(each.type)
    ]
    if told:
        return str(told[0])
    others = pa.schema([each for each in schema if each.name != besides])
    return _guess(others, LABEL_NAMES, lambda each: pa.types.is_integer(each) or schemas.is_text(each))


def _guess(schema: pa.Schema, names: Iterable[str], fits: Callable[[pa.DataType], bool]) -> str:
    """The first column of one of these names that has a fitting type."""
    lowered = {each.name.lower(): each.name for each in schema if fits(each.type)}
    return str(next((lowered[name] for name in names if name in lowered), ""))
