"""What compressing each text or JSON value by itself would save, and what reading it would cost then.

    pip install 'zstandard>=0.25,<0.26'
    python benchmarks/formats/compression.py DATASET FIELD

Values are compressed with zstd, level 3: each alone, each with a dictionary of a thousand of them (counted too),
and neighbours together in blocks, which are decompressed anew for each value. Reading is at random, from memory; the
best of five.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
import zstandard

from kpl.dataset import Dataset

_LEVEL, _DICTIONARY_BYTES, _NUM_TRAINED, _ROUNDS = 3, 64 << 10, 1000, 5


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", help="folder of a dataset")
    parser.add_argument("field", help="a field of text or JSON")
    options = parser.parse_args()
    dataset = Dataset.open(options.dataset)
    is_json = dataset.fields[options.field].type == "json"
    values = [
        msgspec.json.encode(sample[options.field]) if is_json else sample[options.field].encode()
        for sample in dataset
    ]
    files = sum(path.stat().st_size for path in dataset.snapshot.root.glob("data/*/*.kpl"))
    raw = sum(map(len, values))
    print(f"{len(values):,} values of {raw / len(values):,.0f} bytes, {raw / files:.0%} of the shards")
    order = np.random.default_rng(0).permutation(len(values)).tolist()
    read = _best(lambda: [sample[options.field] for sample in dataset[order]]) / len(values)
    print(f"reading: {read * 1e6:.2f} us a value, at random")
    step = max(1, len(values) // _NUM_TRAINED)
    dictionary = zstandard.train_dictionary(_DICTIONARY_BYTES, values[::step])
    _report("each alone", values, order, None, read)
    _report("each, dictionary", values, order, dictionary, read)
    for block_bytes in (4 << 10, 16 << 10, 64 << 10):
        blocks, numbers = _blocks(values, block_bytes)
        _report(f"{block_bytes >> 10} KiB at once", blocks, [numbers[row] for row in order], None, read)
    _report("all at once", [b"".join(values)], [], None, read)


def _blocks(values: list[bytes], num_bytes: int) -> tuple[list[bytes], list[int]]:
    """Neighbours joined until they have so many bytes, and the number of the block of each value."""
    blocks, numbers = [b""], []
    for value in values:
        if blocks[-1] and len(blocks[-1]) + len(value) > num_bytes:
            blocks.append(b"")
        blocks[-1] += value
        numbers.append(len(blocks) - 1)
    return blocks, numbers


def _report(name: str, parts: list[bytes], order: list[int], dictionary: Any, read: float) -> None:
    """Print the size, and what is added to reading a value when the part that it is in is decompressed for it."""
    compress = zstandard.ZstdCompressor(_LEVEL, dict_data=dictionary).compress
    decompress = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
    frames = list(map(compress, parts))
    stored = sum(map(len, frames)) + (len(dictionary.as_bytes()) if dictionary else 0)
    line = f"{name:18}{stored / sum(map(len, parts)):6.2f} of the size"
    if order:
        added = _best(lambda: [decompress(frames[number]) for number in order]) / len(order)
        line += f", {added * 1e6:8.2f} us more a value: {1 + added / read:6.1f} times as long"
    print(line)


def _best(work: Callable[[], Iterable[Any]]) -> float:
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
