"""The floors and the peers that KPL Dataset is compared with, in the shape of `judge_adapter.KplDataset`.

The floors need nothing; lmdb and bagz take part where they are installed. As formats of bare records they carry the
label and the boxes in msgpack.
"""

import json
import mmap
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

Sample = tuple[Any, ...]


class Peer:
    """What all of them have."""

    name = ""
    module = ""

    def __init__(self, wl: str) -> None:
        self.wl = wl

    def take(self, h: Any, idx: Sequence[int]) -> list[Sample]:
        return [self.get(h, i) for i in idx]

    def get(self, h: Any, i: int) -> Sample:
        raise NotImplementedError


class MmapFloor(Peer):
    """One file, a list of offsets, a slice of a map: the least that Python can do for a record."""

    name = "floor: mmap slice"

    def write(self, d: str, samples: Sequence[Sample]) -> None:
        self.labels = [sample[1:] for sample in samples]
        with Path(d, "flat").open("wb", buffering=1 << 20) as file:
            for sample in samples:
                file.write(sample[0])
        ends = np.cumsum([len(sample[0]) for sample in samples])
        np.save(Path(d, "ends.npy"), ends)
        Path(d, "labels").write_bytes(msgspec.msgpack.encode([_plain(label) for label in self.labels]))

    def open(self, d: str) -> Any:
        with Path(d, "flat").open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        offsets = [0, *np.load(Path(d, "ends.npy")).tolist()]
        labels = [_fancy(label) for label in msgspec.msgpack.decode(Path(d, "labels").read_bytes())]
        return data, offsets, labels

    def seq(self, h: Any) -> Iterator[Sample]:
        data, offsets, labels = h
        begin = 0
        for end, label in zip(offsets[1:], labels, strict=True):
            yield (data[begin:end], *label)
            begin = end

    def get(self, h: Any, i: int) -> Sample:
        data, offsets, labels = h
        return (data[offsets[i] : offsets[i + 1]], *labels[i])


class RawFiles(Peer):
    """A file a record in folders of a thousand, and the labels in one JSON file."""

    name = "raw files"

    def write(self, d: str, samples: Sequence[Sample]) -> None:
        for i, sample in enumerate(samples):
            folder = Path(d, f"{i // 1000:05d}")
            folder.mkdir(exist_ok=True)
            (folder / f"{i:08d}").write_bytes(sample[0])
        Path(d, "labels.json").write_text(json.dumps([_plain(sample[1:]) for sample in samples]))

    def open(self, d: str) -> Any:
        paths = sorted(str(path) for path in Path(d).glob("*/*"))
        return paths, json.loads(Path(d, "labels.json").read_text())

    def seq(self, h: Any) -> Iterator[Sample]:
        return (self.get(h, i) for i in range(len(h[0])))

    def get(self, h: Any, i: int) -> Sample:
        with open(h[0][i], "rb", buffering=0) as file:  # noqa: PTH123  a Path would cost as much as the read
            return (file.read(), *_fancy(h[1][i]))


class Packed(Peer):
    """Records of msgpack, the fastest encoding found for formats that have none."""

    def __init__(self, wl: str) -> None:
        super().__init__(wl)
        shape = tuple[memoryview, int] if wl == "A" else tuple[memoryview, memoryview, memoryview]
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(shape).decode

    def pack(self, sample: Sample) -> bytes:
        return self._encode(
            sample if self.wl == "A" else (sample[0], sample[1].tobytes(), sample[2].tobytes())
        )

    def unpack(self, record: Any) -> Sample:
        found = self._decode(record)
        if self.wl == "A":
            return found
        return found[0], np.frombuffer(found[1], np.float32).reshape(-1, 4), np.frombuffer(found[2], np.int64)


class Lmdb(Packed):
    name = "lmdb"
    module = "lmdb"

    def write(self, d: str, samples: Sequence[Sample]) -> None:
        import lmdb

        database = lmdb.open(f"{d}/db", map_size=8 << 30, sync=False)
        with database.begin(write=True) as transaction:
            for i, sample in enumerate(samples):
                transaction.put(struct.pack(">I", i), self.pack(sample), append=True)
        database.sync(True)
        database.close()

    def open(self, d: str) -> Any:
        import lmdb

        self._database = lmdb.open(f"{d}/db", readonly=True, lock=False)
        return self._database.begin(buffers=True)

    def seq(self, h: Any) -> Iterator[Sample]:
        return map(self.unpack, h.cursor().iternext(keys=False, values=True))

    def get(self, h: Any, i: int) -> Sample:
        return self.unpack(h.get(struct.pack(">I", i)))


class Bagz(Packed):
    name = "bagz"
    module = "bagz"

    def write(self, d: str, samples: Sequence[Sample]) -> None:
        import bagz

        with bagz.Writer(f"{d}/data.bag") as writer:
            for sample in samples:
                writer.write(self.pack(sample))

    def open(self, d: str) -> Any:
        import bagz

        return bagz.Reader(f"{d}/data.bag")

    def seq(self, h: Any) -> Iterator[Sample]:
        return map(self.unpack, iter(h))

    def get(self, h: Any, i: int) -> Sample:
        return self.unpack(h[i])


def _plain(label: Sample) -> list[Any]:
    return [each.tolist() if isinstance(each, np.ndarray) else each for each in label]


def _fancy(label: list[Any]) -> Sample:
    if len(label) == 1:
        return tuple(label)
    return np.array(label[0], np.float32).reshape(-1, 4), np.array(label[1], np.int64)


PEERS = (MmapFloor, RawFiles, Lmdb, Bagz)
