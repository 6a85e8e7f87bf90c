"""Batches of a dataset as a `tf.data.Dataset`.

The only file that needs tensorflow.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import tensorflow as tf

from kpl.dataset.batch import Batch, BatchBuilder, Fields
from kpl.dataset.columns import Ragged
from kpl.dataset.fields import Field
from kpl.dataset.loader import Loader
from kpl.dataset.reader import Dataset
from kpl.errors import Invalid


def tf_dataset(dataset: Dataset, fields: Fields, *, batch_size: int, **options: Any) -> Any:
    """A `tf.data.Dataset` whose every pass is an epoch of `Loader`.

    Lists come as ragged tensors, text, blobs and JSON (its text) as strings.

    Raises:
        Invalid: a sample has no value in one of the fields, which no tensor can say; while iterating, TensorFlow
            raises an error of its own with that text.
    """
    loader = Loader(dataset, fields=fields, batch_size=batch_size, **options)
    builder = BatchBuilder(dataset, fields)
    types = dataset.fields

    def tensors(batch: Batch) -> dict[str, Any]:
        return {name: _tensor(types[name], value) for name, value in batch.items()}

    example = tensors(builder.begin(np.arange(min(1, len(dataset)), dtype=np.int64)))
    signature = {name: _signature(value) for name, value in example.items()}

    def batches() -> Iterator[dict[str, Any]]:
        yield from map(tensors, loader)

    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def _tensor(field: Field, value: Any) -> Any:
    if isinstance(value, Ragged):
        return tf.RaggedTensor.from_row_splits(value.values, value.offsets)
    if isinstance(value, list) and field.type == "json":
        return tf.constant(list(map(msgspec.json.encode, value)), tf.string)
    is_list = isinstance(value, list)
    if (is_list or value.dtype == object) and any(each is None for each in value):
        raise _gap(field.name)
    if is_list:
        texts = [bytes(each) if isinstance(each, memoryview) else each for each in value]
        return tf.constant(texts, tf.string)
    # a column with gaps elsewhere comes as objects
    return tf.convert_to_tensor(np.array(value.tolist(), field.dtype) if value.dtype == object else value)


def _gap(name: str) -> Invalid:
    return Invalid(
        f"Field '{name}' has no value in some samples, which a tensor cannot say.",
        hint="Leave the field out, or take `.loader()` and fill the gaps.",
    )


def _signature(value: Any) -> Any:
    if isinstance(value, tf.RaggedTensor):
        return tf.RaggedTensorSpec([None, None, *value.shape[2:]], value.dtype, ragged_rank=1)
    return tf.TensorSpec([None, *value.shape[1:]], value.dtype)
