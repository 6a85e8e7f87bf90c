"""Batches of a dataset as a `tf.data.Dataset`.

The only file that needs tensorflow.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kpl.dataset.batch import Batch, BatchBuilder, Fields
from kpl.dataset.columns import Ragged
from kpl.dataset.loader import Loader
from kpl.dataset.reader import Dataset


def tf_dataset(dataset: Dataset, fields: Fields, *, batch_size: int, **options: Any) -> Any:
    """A `tf.data.Dataset` whose every pass is an epoch of `Loader`; lists come as ragged tensors."""
    loader = Loader(dataset, fields=fields, batch_size=batch_size, **options)
    builder = BatchBuilder(dataset, fields)
    positions = np.arange(min(1, len(dataset)), dtype=np.int64)
    example = _tensors(builder.begin(positions))
    signature = {name: _signature(value) for name, value in example.items()}

    def batches() -> Iterator[dict[str, Any]]:
        yield from map(_tensors, loader)

    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def _tensors(batch: Batch) -> dict[str, Any]:
    return {name: _tensor(value) for name, value in batch.items()}


def _tensor(value: Any) -> Any:
    if isinstance(value, Ragged):
        return tf.RaggedTensor.from_row_splits(value.values, value.offsets)
    if isinstance(value, list):
        return tf.constant([bytes(each) if isinstance(each, memoryview) else each for each in value])
    return tf.convert_to_tensor(value)


def _signature(value: Any) -> Any:
    if isinstance(value, tf.RaggedTensor):
        return tf.RaggedTensorSpec([None, None, *value.shape[2:]], value.dtype, ragged_rank=1)
    return tf.TensorSpec([None, *value.shape[1:]], value.dtype)
