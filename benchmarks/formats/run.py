"""KPL Dataset beside others: writing, reading one after another, at random, in batches, and shuffled batches.

    make bench-formats                                       # with lmdb and bagz in an environment of their own
    python benchmarks/formats/run.py [--records 20000] [--images 1000] [--rounds 3] [--json FILE]

Small records are random bytes of about 1 KB with a label, images are noisy JPEGs of 50 to 110 KB with boxes. Every
measurement runs in a fresh process, all formats in turn within a round, and the best of all rounds counts. Every
byte is hashed and compared with what was written. Ratios above 1 mean that KPL Dataset is the faster; only ratios
travel from one machine to another.
"""

import argparse
import importlib.util
import io
import json
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import judge_adapter
import numpy as np
import peers
from xxhash import xxh3_64_intdigest

FORMATS = {each.name: each for each in (*judge_adapter.ADAPTERS, *peers.PEERS)}
OURS = judge_adapter.KplDataset.name
STRICT = judge_adapter.KplDatasetStrict.name
LABELS = {
    "write_cpu": "write, CPU",
    "sequential": "one after another",
    "random": "one by one, at random",
    "batch": "64 at random at once",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", default="")
    parser.add_argument(
        "--measure", nargs=3, metavar=("FORMAT", "WORKLOAD", "FOLDER"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    names = [
        name
        for name, each in FORMATS.items()
        if not getattr(each, "module", "") or importlib.util.find_spec(each.module)
    ]
    results: dict[str, dict[str, dict[str, float]]] = {"A": {}, "B": {}}
    with tempfile.TemporaryDirectory(prefix="kpl-bench-formats-") as folder:
        for workload, samples in (("A", records(arguments.records)), ("B", images(arguments.images))):
            samples_file = Path(folder, f"{workload}.pickle")
            samples_file.write_bytes(pickle.dumps(samples, 5))
            for _ in range(arguments.rounds):
                for name in names:
                    found = run_alone(name, workload, folder)
                    best = results[workload].setdefault(name, found)
                    best.update({key: min(value, best[key]) for key, value in found.items()})
    for workload, title in (("A", "small records"), ("B", "images")):
        print_table(title, results[workload])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))


def records(count: int) -> list[tuple[Any, ...]]:
    """(bytes of about 1 KB, label)"""
    generator = np.random.default_rng(0)
    sizes = generator.integers(900, 1150, count).tolist()
    return [(generator.bytes(size), int(generator.integers(0, 1000))) for size in sizes]


def images(count: int) -> list[tuple[Any, ...]]:
    """(JPEG, boxes float32[k, 4], class ids int64[k]): smooth colours under noise."""
    from PIL import Image

    generator = np.random.default_rng(0)
    encoded = []
    for _ in range(min(count, 40)):  # encoding is slow: the rest are these with other last bytes
        coarse = generator.integers(0, 256, (15, 20, 3), np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)).astype(
            np.int16
        )
        noisy = np.clip(smooth + generator.normal(0, 9, smooth.shape), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG", quality=int(generator.integers(70, 85)))
        encoded.append(buffer.getvalue())
    samples = []
    for i in range(count):
        k = int(generator.integers(1, 12))
        corners = generator.uniform(0, 400, (k, 2)).astype(np.float32)
        sides = generator.uniform(8, 200, (k, 2)).astype(np.float32)
        boxes = np.concatenate([corners, corners + sides], axis=1)
        samples.append(
            (encoded[i % len(encoded)] + i.to_bytes(8, "little"), boxes, generator.integers(0, 80, k))
        )
    return samples


def run_alone(name: str, workload: str, folder: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", name, workload, folder]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def measure(name: str, workload: str, folder: str) -> dict[str, float]:
    """Write the samples, then read them in every way; microseconds a record."""
    samples = pickle.loads(Path(folder, f"{workload}.pickle").read_bytes())
    expected = sum(map(consume, samples)) % 2**64
    adapter = FORMATS[name](workload)
    with tempfile.TemporaryDirectory(dir=folder) as first:
        cost = written(adapter, first, samples)  # what is imported at first use counts once only
    with tempfile.TemporaryDirectory(dir=folder) as place:
        result = {"write_cpu": min(cost, written(adapter, place, samples)) / len(samples) * 1e6}
        handle = adapter.open(place)
        found = sum(map(consume, adapter.seq(handle))) % 2**64
        if found != expected:
            raise SystemExit(f"{name} gives back other bytes than were written.")
        order = random.Random(1).sample(range(len(samples)), len(samples))
        batches = [order[start : start + 64] for start in range(0, len(order), 64)]
        ways: dict[str, Callable[[], Iterable[Any]]] = {
            "sequential": lambda: adapter.seq(handle),
            "random": lambda: one_by_one(adapter, handle, order),
            "batch": lambda: (sample for batch in batches for sample in adapter.take(handle, batch)),
        }
        for way, read in ways.items():
            result[way] = min(timed(read) for _ in range(3)) / len(samples) * 1e6
    return result


def written(adapter: Any, folder: str, samples: list[tuple[Any, ...]]) -> float:
    """Seconds of the processor that writing takes."""
    began = resource.getrusage(resource.RUSAGE_SELF)
    adapter.write(folder, samples)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def one_by_one(adapter: Any, handle: Any, order: list[int]) -> Iterator[Any]:
    get = adapter.get
    return (get(handle, i) for i in order)


def consume(sample: tuple[Any, ...]) -> int:
    """Touch every byte of the payload and look at the labels."""
    return xxh3_64_intdigest(sample[0]) + (
        sample[1] if len(sample) == 2 else len(sample[1]) * 7 + len(sample[2])
    )


def timed(read: Callable[[], Iterable[Any]]) -> float:
    began_s = time.perf_counter()
    for sample in read():
        consume(sample)
    return time.perf_counter() - began_s


def print_table(title: str, results: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}: times of others as multiples of KPL Dataset's (in microseconds a record)")
    print(f"{'':26}" + "".join(f"{label:>24}" for label in LABELS.values()))
    ours = results[OURS]
    for name, found in results.items():
        cells = [
            f"{ours[key]:.2f} us" if name == OURS else f"{found[key] / ours[key]:.2f}x" for key in LABELS
        ]
        print(f"{name:26}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
