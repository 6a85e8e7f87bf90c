"""A small world for pipelines: two algorithms, three datasets, two versions of a model."""

from typing import Any

import pytest

from kpl.algorithm.manifest import parse_manifest
from kpl.pipeline import AlgorithmVersion, Catalog, DatasetVersion, Document, ModelVersion, parse, to_plain
from kpl.task import EnvironmentSpec
from kpl.task.ids import Digest

SPLIT = """
name: split
version: "1.0.0"
title: {en: Split, zh: 划分}
description: {en: Divide a dataset., zh: 划分数据集。}
task: processing
licence: Apache-2.0
functions:
  process:
    command: [python, "{algorithm}/process.py"]
    inputs: [{name: dataset, type: dataset}]
    outputs: [{name: dataset, type: dataset}]
    parameters:
      type: object
      properties: {share: {type: number, minimum: 0, maximum: 1, default: 0.5}}
"""

CLASSIFIER = """
name: classifier
version: "VERSION"
title: {en: Classifier, zh: 分类}
description: {en: Tell classes apart., zh: 区分类别。}
task: classification
licence: Apache-2.0
functions:
  train:
    command: [python, "{algorithm}/train.py"]
    inputs:
      - {name: dataset, type: dataset, kind: classification}
      - {name: model, type: model, kind: classification, optional: true}
    outputs: [{name: model, type: model, kind: classification}]
    resources: {cpu: 2, memory: 1Gi}
    metrics: [{name: accuracy, direction: max}]
    parameters:
      type: object
      required: [epochs]
      properties:
        epochs: {type: integer, minimum: 1, maximum: 100}
        rate: {type: number, exclusiveMinimum: 0, default: 0.1}
        mode: {enum: [fast, exact], default: fast}
        augment:
          type: object
          additionalProperties: false
          properties: {flip: {type: boolean, default: false}, angle: {type: number, default: 5}}
          default: {}
  test:
    command: [python, "{algorithm}/test.py"]
    inputs: [{name: model, type: model, kind: classification}, {name: dataset, type: dataset, kind: classification}]
    outputs: [{name: report, type: files, kind: metrics}]
  serve:
    command: [python, "{algorithm}/serve.py"]
    inputs: [{name: model, type: model, kind: classification}]
    outputs: [{name: endpoint, type: endpoint}]
"""

PIPELINE = """
schema: kpl.pipeline/v1
name: digits
parameters:
  dataset: {type: string, x-kpl: dataset, default: digits}
  epochs: {type: integer, default: 8, minimum: 1, maximum: 50}
nodes:
  - {id: data, type: dataset, dataset: "${parameters.dataset}"}
  - {id: split, type: algorithm, algorithm: split, function: process}
  - id: train
    type: algorithm
    algorithm: classifier
    function: train
    parameters: {epochs: "${parameters.epochs}"}
    resources: {memory: 2Gi}
    retries: 1
    timeout_s: 60
    publish: {model: digits-model}
  - {id: test, type: algorithm, algorithm: classifier, function: test}
  - {id: deploy, type: algorithm, algorithm: classifier, function: serve, endpoint: digits}
edges:
  - {from: data.dataset, to: split.dataset}
  - {from: split.dataset, to: train.dataset}
  - {from: train.model, to: test.model}
  - {from: split.dataset, to: test.dataset}
  - {from: train.model, to: deploy.model}
  - {from: test, to: deploy}
layout:
  train: {x: 480, y: 120}
"""


def _algorithm(text: str, tree: str) -> AlgorithmVersion:
    return AlgorithmVersion(parse_manifest(text), Digest(tree * 64), EnvironmentSpec(lock=f"lock-{tree}"))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog(
        algorithms={
            "split": [_algorithm(SPLIT, "1")],
            "classifier": [
                _algorithm(CLASSIFIER.replace("VERSION", "1.0.0"), "2"),
                _algorithm(CLASSIFIER.replace("VERSION", "1.1.0"), "3"),
            ],
            "importer": [_algorithm(f"{SPLIT.replace('split', 'importer')}for_pipelines: false\n", "4")],
        },
        datasets={
            "digits": [
                DatasetVersion("digits", 1, "classification", Digest("a" * 64)),
                DatasetVersion("digits", 2, "classification", Digest("b" * 64)),
            ],
            "masks": [DatasetVersion("masks", 1, "semantic_segmentation", Digest("c" * 64))],
            "letters": [DatasetVersion("letters", 1, "classification", Digest("f" * 64))],
        },
        models={
            "resnet": [
                ModelVersion("resnet", 1, "classification", Digest("d" * 64)),
                ModelVersion("resnet", 2, "detection", Digest("e" * 64)),
            ]
        },
    )


@pytest.fixture
def plain() -> dict[str, Any]:
    """The pipeline as plain values, to be changed by a test."""
    return to_plain(parse(PIPELINE))


@pytest.fixture
def document() -> Document:
    return parse(PIPELINE)
