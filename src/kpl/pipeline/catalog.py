"""What a pipeline can be made of: the algorithms, datasets and models that a project sees.

Who may see what, and where the bytes lie, is decided by whoever makes a `Catalog`; names and versions
are only looked up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kpl.algorithm.manifest import AlgorithmManifest, Resources
from kpl.algorithm.manifest import Function as ManifestFunction
from kpl.algorithm.manifest import Port as ManifestPort
from kpl.errors import NotFound, nearest
from kpl.pipeline.ports import Port
from kpl.sentence import Sentence
from kpl.task import EnvironmentSpec, Objective, Program
from kpl.task.ids import Digest


@dataclass(frozen=True, slots=True)
class Function:
    """What a pipeline needs to know of a function; `parameters` is the JSON Schema of an object.

    `objectives` says of each of the metrics which way is better; `primary_metric` is empty where none is.
    """

    name: str
    command: tuple[str, ...]
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    parameters: Mapping[str, Any]
    resources: Resources
    metrics: tuple[str, ...]
    saves_checkpoints: bool = False
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    primary_metric: str = ""


@dataclass(frozen=True, slots=True)
class AlgorithmVersion:
    """An installed algorithm: its manifest, the artifact digest of its folder, and its locked environment."""

    manifest: AlgorithmManifest
    tree: Digest
    environment: EnvironmentSpec = field(default_factory=EnvironmentSpec)

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"

    def program(self, function: str) -> Program:
        """One of its functions as a task is told to run it."""
        return Program(
            algorithm=self.manifest.name,
            version=self.manifest.version,
            function=function,
            tree=self.tree,
            command=self.manifest.function(function).command,
            environment=self.environment,
        )

    def function(self, name: str) -> Function:
        """Raises NotFound with the functions that there are."""
        functions: Mapping[str, ManifestFunction] = dict(self.manifest.functions.items())
        if name not in functions:
            raise NotFound(
                Sentence(
                    f"Algorithm '{self.manifest.name}' has no function '{name}'.",
                    f"算法“{self.manifest.name}”没有功能“{name}”。",
                ),
                hint=nearest(name, functions),
            )
        manifest = functions[name]
        return Function(
            name=name,
            command=manifest.command,
            inputs={port.name: _port(port) for port in manifest.inputs},
            outputs={port.name: _port(port) for port in manifest.outputs},
            parameters=manifest.parameters,
            resources=manifest.resources,
            metrics=tuple(
                metric.name for metric in sorted(manifest.metrics, key=lambda metric: not metric.is_primary)
            ),
            saves_checkpoints=manifest.saves_checkpoints,
            objectives={
                metric.name: Objective(metric.name, "maximize" if metric.direction == "max" else "minimize")
                for metric in manifest.metrics
            },
            primary_metric="" if manifest.primary_metric is None else manifest.primary_metric.name,
        )


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    name: str
    version: int
    kind: str
    digest: Digest
    class_names: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """`task` is the kind of a model, as in `classification`; empty when its manifest does not say."""

    name: str
    version: int
    task: str
    digest: Digest
    class_names: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """Versions by name, each sequence from the oldest to the latest."""

    algorithms: Mapping[str, Sequence[AlgorithmVersion]] = field(default_factory=dict)
    datasets: Mapping[str, Sequence[DatasetVersion]] = field(default_factory=dict)
    models: Mapping[str, Sequence[ModelVersion]] = field(default_factory=dict)

    def algorithm(self, reference: str) -> AlgorithmVersion:
        """Find `name` (the latest) or `name@1.2.0`. Raises NotFound with the nearest known."""
        name, _, version = reference.partition("@")
        versions = _versions(self.algorithms, name, "algorithm")
        if not version:
            return versions[-1]
        for each in reversed(versions):
            if each.manifest.version == version:
                return each
        known = ", ".join(each.manifest.version for each in versions)
        raise NotFound(_no_version("algorithm", name, version), hint=_has(known))

    def dataset(self, reference: str) -> DatasetVersion:
        """Find `name` (the latest) or `name@3`. Raises NotFound with the nearest known."""
        name, _, version = reference.partition("@")
        return _numbered(_versions(self.datasets, name, "dataset"), name, version, "dataset")

    def model(self, reference: str) -> ModelVersion:
        """Find `name` (the latest) or `name@3`. Raises NotFound with the nearest known."""
        name, _, version = reference.partition("@")
        return _numbered(_versions(self.models, name, "model"), name, version, "model")


V = TypeVar("V")
N = TypeVar("N", DatasetVersion, ModelVersion)


def _versions(known: Mapping[str, Sequence[V]], name: str, noun: str) -> Sequence[V]:
    versions = known.get(name)
    if versions:
        return versions
    if not name:
        what = Sentence(f"No {noun} is named.", f"没有指定{_NOUNS[noun]}。")
        raise NotFound(what, hint=nearest("", known) or _none(noun))
    what = Sentence(f"There is no {noun} '{name}'.", f"{_NOUNS[noun]}“{name}”不存在。")
    raise NotFound(what, hint=nearest(name, known) or _none(noun))


_NOUNS = {"algorithm": "算法", "dataset": "数据集", "model": "模型"}


def _none(noun: str) -> Sentence:
    return Sentence(f"There is no {noun} yet.", f"还没有{_NOUNS[noun]}。")


def _no_version(noun: str, name: str, version: str) -> Sentence:
    return Sentence(
        f"{noun.capitalize()} '{name}' has no version '{version}'.",
        f"{_NOUNS[noun]}“{name}”没有版本“{version}”。",
    )


def _has(known: str) -> Sentence:
    return Sentence(f"It has {known}.", f"已有 {known}。")


def _numbered(versions: Sequence[N], name: str, version: str, noun: str) -> N:
    if not version:
        return versions[-1]
    for each in versions:
        if version == str(each.version):
            return each
    known = ", ".join(str(each.version) for each in versions[-10:])
    raise NotFound(_no_version(noun, name, version), hint=_has(known))


def _port(port: ManifestPort) -> Port:
    return Port(port.name, port.type, tuple(port.kinds), port.is_optional)
