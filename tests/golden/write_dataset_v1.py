"""Wrote `dataset-v1`, once, with the first released version of the format. It is never regenerated.

Run it with a folder to compare what today's writer makes: `python tests/golden/write_dataset_v1.py FOLDER`.
"""

import sys
from pathlib import Path

from kpl.dataset import Dataset, DatasetWriter, field

FIELDS = (
    field("data", "blob"),
    field("n", "int16"),
    field("vector", "embedding", shape=(3,)),
    field("boxes", "boxes"),
    field("words", "text"),
    field("tree", "json"),
    field("maybe", "float64", is_optional=True),
)


def write(folder: Path) -> Dataset:
    """Write the dataset of the golden folder."""
    with DatasetWriter(
        folder, kind="custom", fields=FIELDS, attributes={"licence": "CC0-1.0"}, shard_bytes=1, block_bytes=40
    ) as writer:
        for i in range(7):
            writer.add(
                f"key {i}",
                split=("odd", "small") if i % 2 and i < 4 else "odd" if i % 2 else None,
                data=bytes(range(i * 5)),
                n=i - 3,
                vector=[i, i / 2, -i],
                boxes=[[k, 0, k + 1.5, 2] for k in range(i % 3)],
                words="中文" * (i % 2),
                tree={"i": i},
                maybe=None if i == 5 else i / 4,
            )
    return Dataset.open(folder)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])).digest)
