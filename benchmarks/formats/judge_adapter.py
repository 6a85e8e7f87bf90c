"""KPL Dataset in the shape that format benchmarks ask for: write, open, one after another, one by one, in batches.

Workload A is (bytes, int) in records of about 1 KB, workload B is (JPEG bytes, boxes float32[k, 4], class ids
int64[k]). Every adapter gives samples back in just that shape; `peers.py` has the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kpl.dataset import Dataset, DatasetWriter, TupleView, field
from kpl.dataset.batch import Head, Pixels

_FIELDS = {
    "A": [field("data", "blob"), field("label", "int64")],
    "B": [field("data", "image"), field("boxes", "boxes"), field("cls", "numbers", dtype="int64")],
}
_BATCH_ROWS = 4096


class KplDataset:
    """Checks each record the first time that it is handed out: the default."""

    name = "kpl_dataset"
    loader_kind = "map"
    rand_cap = None
    use_take = True
    verify = "once"
    num_threads = 1

    def __init__(self, wl: str) -> None:
        self.wl = wl

    def write(self, d: str, samples: Sequence[tuple[Any, ...]]) -> None:
        fields = _FIELDS[self.wl]
        with DatasetWriter(f"{d}/set", kind="custom", fields=fields) as writer:
            for start in range(0, len(samples), _BATCH_ROWS):
                part = samples[start : start + _BATCH_ROWS]
                keys = list(map(str, range(start, start + len(part))))
                columns = {each.name: [sample[place] for sample in part] for place, each in enumerate(fields)}
                writer.extend(keys, **columns)

    def open(self, d: str) -> TupleView:
        names = [each.name for each in _FIELDS[self.wl]]
        dataset = Dataset.open(f"{d}/set", verify=self.verify)
        self._in_order = dataset.tuples(*names)
        # small records are better copied than viewed where they lie scattered
        return dataset.tuples(*names, as_bytes=True) if self.wl == "A" else self._in_order

    def close(self, h: TupleView) -> None:
        """Maps are let go of when nothing refers to them."""

    def seq(self, h: TupleView) -> Iterator[tuple[Any, ...]]:
        del h
        return iter(self._in_order)

    def get(self, h: TupleView, i: int) -> tuple[Any, ...]:
        return h[i]

    def take(self, h: TupleView, idx: Sequence[int]) -> list[tuple[Any, ...]]:
        return h.take(idx)

    def tensor_loader(self, d: str, workers: int, bs: int) -> Iterator[tuple[Any, Any]]:
        """Shuffled batches: 896 bytes and the label, or images of 224 x 224 and the number of boxes."""
        del workers  # threads of this process do the work
        dataset = Dataset.open(f"{d}/set", verify=self.verify)
        if self.wl == "A":
            loader = dataset.loader({"data": Head(896), "label": None}, batch_size=bs, num_threads=0)
            return ((batch["data"], batch["label"]) for batch in loader)
        loader = dataset.loader(
            {"data": Pixels(224, 224), "cls": None}, batch_size=bs, num_threads=self.num_threads
        )
        return ((batch["data"], batch["cls"].lengths) for batch in loader)


class KplDatasetStrict(KplDataset):
    """Checks each record at every hand-out, as TFRecord and ArrayRecord do."""

    name = "kpl_dataset_strict"
    verify = "always"


ADAPTERS = (KplDataset, KplDatasetStrict)
