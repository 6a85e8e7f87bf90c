"""An index in place beside the files that it is over: JPEGs in tar files, in TFRecord files and in folders.

    python benchmarks/formats/in_place.py [--images 2000] [--rounds 3] [--json FILE]

Every image is hashed, at random and one after another, in turn within a round; the best round counts. Compared are
the same images packed, the index over each kind of files, files opened by path, and the `webdataset` package where it
is installed, which reads one after another only. The row "first pass" includes the check of every image. Ratios are
multiples of the time that the packed dataset takes; only they travel from one machine to another.
"""

import argparse
import importlib.util
import json
import random
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from run import images
from xxhash import xxh3_64_intdigest

from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.convert import pack
from kpl.dataset.convert.tfexample import encode_example, frame

SHARD_IMAGES = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    blobs = [sample[0] for sample in images(options.images)]
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), blobs, options.rounds)
    baseline = results["packed"]
    print(f"{len(blobs)} images; packed: " + ", ".join(f"{k} {v:.2f} us" for k, v in baseline.items()))
    for name, found in results.items():
        cells = [f"{way} {found[way] / baseline[way]:.2f}x" for way in baseline if way in found]
        made = f"   made in {found['made']:.2f} s" if "made" in found else ""
        print(f"{name:22}" + "".join(f"{cell:>26}" for cell in cells) + made)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def measure(root: Path, blobs: list[bytes], rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds an image by way of reading, for each kind of files."""
    expected = sum(map(xxh3_64_intdigest, blobs)) % 2**64
    order = random.Random(1).sample(range(len(blobs)), len(blobs))
    made = write_sources(root, blobs)
    readers: dict[str, dict[str, Callable[[], Iterable[Any]]]] = {}
    paths = sorted((root / "folders").rglob("*.jpg"))
    for name in ("packed", "tars", "records", "folders"):
        opened = Dataset.open(root / f"{name}.kpl")
        readers[name if name == "packed" else f"in place: {name}"] = {
            "first pass": lambda name=name: (s["image"] for s in Dataset.open(root / f"{name}.kpl")),  # type: ignore[misc]
            "sequential": lambda opened=opened: (sample["image"] for sample in opened),  # type: ignore[misc]
            "random": lambda opened=opened: (opened[i]["image"] for i in order),  # type: ignore[misc]
        }
    readers["files by path"] = {
        "first pass": lambda: (path.read_bytes() for path in paths),
        "sequential": lambda: (path.read_bytes() for path in paths),
        "random": lambda: (paths[i].read_bytes() for i in order),
    }
    if importlib.util.find_spec("webdataset"):
        import webdataset

        shards = sorted(map(str, (root / "tars").glob("*.tar")))
        readers["webdataset"] = {
            "sequential": lambda: (
                each["jpg"] for each in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
            )
        }
    results: dict[str, dict[str, float]] = {name: {} for name in readers}
    for _ in range(rounds):
        for name, ways in readers.items():
            for way, read in ways.items():
                took = timed(read, expected) / len(blobs) * 1e6
                results[name][way] = min(took, results[name].get(way, took))
    for name, seconds in made.items():
        results[name]["made"] = seconds
    return results


def write_sources(root: Path, blobs: list[bytes]) -> dict[str, float]:
    """Write the images as each kind of files, and the datasets; seconds that each index took."""
    for folder in ("tars", "records", "folders"):
        (root / folder).mkdir()
    for start in range(0, len(blobs), SHARD_IMAGES):
        part = list(enumerate(blobs[start : start + SHARD_IMAGES], start))
        with tarfile.open(root / "tars" / f"{start:06d}.tar", "w") as tar:
            for number, blob in part:
                info = tarfile.TarInfo(f"{number:08d}.jpg")
                info.size = len(blob)
                tar.addfile(info, BytesIO(blob))
        with (root / "records" / f"{start:06d}.tfrecord").open("wb") as file:
            for _, blob in part:
                file.write(frame(encode_example({"image/encoded": [blob]})))
        for number, blob in part:
            path = root / "folders" / f"{start:06d}" / f"{number:08d}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(blob)
    with DatasetWriter(root / "packed.kpl") as writer:
        for number, blob in enumerate(blobs):
            writer.add(str(number), image=blob)
    made = {}
    for name in ("tars", "records", "folders"):
        began_s = time.perf_counter()
        pack(root / name, root / f"{name}.kpl", kind="unlabelled", in_place=True)
        made[f"in place: {name}"] = time.perf_counter() - began_s
    return made


def timed(read: Callable[[], Iterable[Any]], expected: int) -> float:
    """Seconds to read and hash all images."""
    began_s = time.perf_counter()
    found = sum(map(xxh3_64_intdigest, read())) % 2**64
    took_s = time.perf_counter() - began_s
    if found != expected:
        raise SystemExit("other bytes were read than were written")
    return took_s


if __name__ == "__main__":
    main()
