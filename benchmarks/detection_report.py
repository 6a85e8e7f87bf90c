"""Report of a detection of 5,000 samples with 60,000 objects and 100,000 answers, beside pycocotools on the same boxes.

    python benchmarks/detection_report.py [SAMPLES]

Needs pycocotools, whose figures it also compares. All of it runs on one core.
"""

import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from kpl import evaluation

NUM_CLASSES = 20


def main() -> None:
    num_samples = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    truth, answers = make_boxes(np.random.default_rng(1), num_samples)
    print(f"{num_samples} samples, {count(truth.boxes)} objects, {count(answers.boxes)} answers")
    with tempfile.TemporaryDirectory(prefix="kpl-bench-") as name:
        folder = Path(name)
        report = timed(
            "write the report, all figures",
            lambda: evaluation.write_detection(
                folder, rows=np.arange(num_samples), truth=truth, answers=answers, classes=CLASSES
            ),
        )
        opened = timed("open it", lambda: evaluation.open_detection(folder))
    timed("figures at a threshold", lambda: opened.at(0.5))
    timed("curve of all", opened.curve)
    stats = timed("pycocotools: evaluate, accumulate", lambda: reference(truth, answers))
    names = ("map", "map50", "map75", "map_small", "map_medium", "map_large")
    worst = max(abs(report["metrics"][each] - found) for each, found in zip(names, stats[:6], strict=True))
    print(f"largest difference of {', '.join(names)}: {worst:.1e}")


CLASSES = [str(number) for number in range(NUM_CLASSES)]


def timed(what: str, action: Callable[[], Any]) -> Any:
    began_s = time.perf_counter()
    result = action()
    print(f"{what:36}{time.perf_counter() - began_s:9.3f} s")
    return result


def count(boxes: Any) -> int:
    return sum(map(len, boxes))


def make_boxes(
    generator: np.random.Generator, num_samples: int
) -> tuple[evaluation.Truth, evaluation.Detections]:
    """Twelve objects a sample on average, each with up to three shaken answers, some of another class."""
    columns: list[list[Any]] = [[], [], [], [], []]
    for _ in range(num_samples):
        corners = generator.integers(0, 1000, (generator.integers(0, 25), 2)).astype(float)
        sizes = generator.integers(4, 600, corners.shape) * generator.choice(
            [0.25, 0.5, 1], (len(corners), 1)
        )
        boxes = np.concatenate((corners, corners + sizes), axis=1)
        class_ids = generator.integers(0, NUM_CLASSES, len(boxes))
        again = np.repeat(np.arange(len(boxes)), generator.integers(0, 4, len(boxes)))
        sides = np.tile(sizes[again], 2)
        found = boxes[again] + np.round(generator.normal(0, 0.08, sides.shape) * sides * 4) / 4
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        is_other = generator.random(len(again)) < 0.15
        said = np.where(is_other, generator.integers(0, NUM_CLASSES, len(again)), class_ids[again])
        row = (boxes, class_ids, found, said, generator.random(len(again)).astype(np.float32))
        for column, values in zip(columns, row, strict=True):
            column.append(values)
    return evaluation.Truth(*columns[:2]), evaluation.Detections(*columns[2:])


def reference(truth: evaluation.Truth, answers: evaluation.Detections) -> Any:
    objects = list(_annotations(truth.boxes, truth.class_ids))
    found = list(_annotations(answers.boxes, answers.class_ids))
    scores = np.concatenate([np.asarray(each) for each in answers.scores])
    for number, (each, score) in enumerate(zip(found, scores.tolist(), strict=True), 1):
        each |= {"id": number, "score": score}
    with contextlib.redirect_stdout(io.StringIO()):
        known, said = COCO(), COCO()
        base = {
            "images": [{"id": number} for number in range(len(truth.boxes))],
            "categories": [{"id": number} for number in range(NUM_CLASSES)],
        }
        known.dataset = base | {"annotations": [each | {"id": n} for n, each in enumerate(objects, 1)]}
        said.dataset = base | {"annotations": found}
        known.createIndex()
        said.createIndex()
        judged = COCOeval(known, said, "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return judged.stats


def _annotations(boxes: Any, class_ids: Any) -> Any:
    for image_id, (part, classes) in enumerate(zip(boxes, class_ids, strict=True)):
        for (left, top, right, bottom), class_id in zip(part.tolist(), classes.tolist(), strict=True):
            box = [left, top, right - left, bottom - top]
            yield {
                "image_id": image_id,
                "category_id": class_id,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
            }


if __name__ == "__main__":
    main()
