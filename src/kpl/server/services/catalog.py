"""What a project can build pipelines from, looked up in the database only where a document asks for it.

A project sees its own algorithms and the built-in ones; its own come first where both have a name.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from kpl.algorithm.manifest import AlgorithmManifest
from kpl.pipeline.catalog import AlgorithmVersion, Catalog, DatasetVersion, ModelVersion
from kpl.runtime.environments import environment_lock
from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.services.platform import Platform
from kpl.storage.artifacts import ArtifactStore
from kpl.task import EnvironmentSpec
from kpl.task.ids import Digest

V = TypeVar("V")


def catalog_of(platform: Platform, session: Session, project_id: int) -> Catalog:
    """The catalog of a project; usable as long as the session is open."""
    algorithms = AlgorithmVersionRow
    visible = or_(algorithms.project_id == project_id, algorithms.project_id.is_(None))
    return Catalog(
        algorithms=_Versions(
            names=lambda: session.scalars(select(algorithms.name).where(visible).distinct()).all(),
            find=lambda name: _algorithms(
                platform, session.scalars(select(algorithms).where(visible, algorithms.name == name)).all()
            ),
        ),
        datasets=_Versions(
            names=lambda: session.scalars(
                select(DatasetRow.name).where(DatasetRow.project_id == project_id)
            ).all(),
            find=lambda name: [
                DatasetVersion(name, row.version, row.kind, Digest(row.digest), tuple(row.class_names))
                for row in session.scalars(_datasets(project_id, name))
            ],
        ),
        models=_Versions(
            names=lambda: session.scalars(
                select(ModelRow.name).where(ModelRow.project_id == project_id)
            ).all(),
            find=lambda name: [
                ModelVersion(name, row.version, row.task, Digest(row.digest), _classes(row.manifest))
                for row in session.scalars(_models(project_id, name))
            ],
        ),
    )


def algorithm_version(platform: Platform, row: AlgorithmVersionRow) -> AlgorithmVersion:
    """An installed algorithm as pipelines see it, with its environment locked."""
    manifest = _manifest(json.dumps(row.manifest, sort_keys=True))
    environment = _environment(platform.artifacts, row.tree, manifest)
    return AlgorithmVersion(manifest=manifest, tree=Digest(row.tree), environment=environment)


class _Versions(Mapping[str, Sequence[V]]):
    """Versions by name, each looked up once when it is asked for."""

    def __init__(self, names: Callable[[], Sequence[str]], find: Callable[[str], Sequence[V]]) -> None:
        self._names = names
        self._find = find
        self._found: dict[str, Sequence[V]] = {}

    def __getitem__(self, name: str) -> Sequence[V]:
        if name not in self._found:
            self._found[name] = self._find(name)
        if not self._found[name]:
            raise KeyError(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


def _algorithms(platform: Platform, rows: Sequence[AlgorithmVersionRow]) -> list[AlgorithmVersion]:
    own = [row for row in rows if row.project_id is not None]
    oldest_first = sorted(own or rows, key=lambda row: row.id)
    return [algorithm_version(platform, row) for row in oldest_first]


def _datasets(project_id: int, name: str) -> Select[DatasetVersionRow]:
    chosen = select(DatasetVersionRow).join(DatasetRow, DatasetRow.id == DatasetVersionRow.dataset_id)
    chosen = chosen.where(DatasetRow.project_id == project_id, DatasetRow.name == name)
    return chosen.order_by(DatasetVersionRow.version)


def _models(project_id: int, name: str) -> Select[ModelVersionRow]:
    chosen = select(ModelVersionRow).join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
    chosen = chosen.where(ModelRow.project_id == project_id, ModelRow.name == name)
    return chosen.order_by(ModelVersionRow.version)


def _classes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(manifest.get("classes") or ())


@lru_cache(maxsize=256)
def _manifest(text: str) -> AlgorithmManifest:
    return AlgorithmManifest.model_validate_json(text)


def _environment(artifacts: ArtifactStore, tree: str, manifest: AlgorithmManifest) -> EnvironmentSpec:
    wanted = manifest.environment
    requirements = _requirements(artifacts, tree, wanted.requirements) if wanted.type == "venv" else ""
    spec = EnvironmentSpec(type=wanted.type, requirements=requirements, image=wanted.image)
    return replace(spec, lock=environment_lock(spec))


@lru_cache(maxsize=256)
def _requirements(artifacts: ArtifactStore, tree: str, path: str) -> str:
    return artifacts.read_file(tree, path).decode()
