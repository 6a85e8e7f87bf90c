"""Answer with labels that are shaken, overlooked, misnamed and made up."""

import numpy as np

from kpl.algorithm import author
from kpl.dataset import Dataset

SMALL = 30  # pixels; what is narrower or lower is overlooked more often
MISNAMED = 0.15
GHOSTS = 2  # a sample

parameters = author.parameters()
chance = np.random.default_rng(parameters.seed)
dataset = Dataset.open(author.input("dataset"))
columns = dataset.columns("boxes", "labels", "width", "height")
boxes, labels = (np.split(columns[name].values, columns[name].offsets[1:-1]) for name in ("boxes", "labels"))
num_classes = len(dataset.class_names)

found = {"boxes": [], "labels": [], "scores": []}
for truth, named, width, height in zip(boxes, labels, columns["width"], columns["height"], strict=True):
    sides = np.tile(truth[:, 2:] - truth[:, :2], 2)
    is_small = sides.min(axis=1, initial=np.inf) < SMALL
    seen = chance.random(len(truth)) > parameters.overlooked + 0.35 * is_small
    near = truth[seen] + chance.normal(0, 0.06, (seen.sum(), 4)) * sides[seen]

    is_misnamed = chance.random(len(near)) < MISNAMED
    said = np.where(is_misnamed, (named[seen] + 1) % num_classes, named[seen])
    scores = np.where(is_misnamed, chance.uniform(0.3, 0.8, len(said)), chance.uniform(0.4, 1, len(said)))

    corners = chance.uniform(0, 0.8, (GHOSTS, 2)) * (width, height)
    ghosts = np.concatenate(
        (corners, corners + chance.uniform(0.03, 0.2, (GHOSTS, 2)) * (width, height)), axis=1
    )
    found["boxes"].append(np.concatenate((near, ghosts)).astype(np.float32))
    found["labels"].append(np.append(said, chance.integers(0, num_classes, GHOSTS)))
    found["scores"].append(np.append(scores, chance.uniform(0.05, 0.6, GHOSTS)).astype(np.float32))
dataset.derive(author.output("dataset"), layers={"predictions": found})
author.metric("boxes", sum(map(len, found["boxes"])))
author.progress(1)
