"""Installed algorithms: those that come with KPL, and those that a project installs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from kpl import __version__
from kpl.algorithm.manifest import FUNCTION_NAMES, AlgorithmManifest, Function, FunctionName, Port
from kpl.algorithm.registry import InstalledAlgorithm, install
from kpl.errors import Conflict, Invalid, NotFound, nearest
from kpl.schemas.algorithm import (
    AlgorithmDetail,
    AlgorithmInstall,
    AlgorithmOut,
    FunctionOut,
    PortOut,
    PromisedMetricOut,
)
from kpl.schemas.page import Page
from kpl.sentence import Sentence
from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.services import audit, uploads
from kpl.server.services.access import SERVER, Caller, Role, project_for, require_platform_admin
from kpl.server.services.clock import utc
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform
from kpl.server.services.searching import has_word, words_of
from kpl.server.services.workspaces import workspace
from kpl.storage.archive import extract
from kpl.storage.artifacts import ArtifactStore
from kpl.storage.atomic import write_atomic

MAX_ALGORITHM_BYTES = 2 << 30
MAX_ALGORITHM_FILES = 20_000
_LANGUAGES = ("en", "zh")
BUILTIN_FOLDER = Path(__file__).parents[2] / "builtin" / "algorithms"


def list_algorithms(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    task: str | None = None,
    function: FunctionName | None = None,
    search: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AlgorithmOut]:
    """The newest version of each algorithm that a project can use, newest first.

    A search looks at name, task, and title and description in both languages; the name of a function finds
    those that offer it.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        newest = (
            select(func.max(AlgorithmVersionRow.id))
            .where(_visible(owner.id))
            .group_by(AlgorithmVersionRow.name)
        )
        chosen = select(AlgorithmVersionRow).where(AlgorithmVersionRow.id.in_(newest))
        manifest = AlgorithmVersionRow.manifest
        if task is not None:
            chosen = chosen.where(manifest["task"].as_string() == task)
        if function is not None:
            chosen = chosen.where(_offers(function))
        if search is not None:
            chosen = chosen.where(*(_is_called(word) for word in words_of(search)))
        rows, next_cursor = page_of(session, chosen, AlgorithmVersionRow.id, cursor=cursor, limit=limit)
        return Page(items=[_algorithm_out(row) for row in rows], next_cursor=next_cursor)


def _is_called(word: str) -> ColumnElement[bool]:
    manifest = AlgorithmVersionRow.manifest
    texts = [
        manifest[part][language].as_string() for part in ("title", "description") for language in _LANGUAGES
    ]
    named = has_word(word, AlgorithmVersionRow.name, manifest["task"].as_string(), *texts)
    return or_(_offers(word.lower()), named) if word.lower() in FUNCTION_NAMES else named


def _offers(function: str) -> ColumnElement[bool]:
    offered: ColumnElement[Any] = AlgorithmVersionRow.manifest["functions"][function].as_string()
    return offered.is_not(None)


def get_algorithm(
    platform: Platform, caller: Caller, project: str, name: str, *, version: str | None = None
) -> AlgorithmDetail:
    """One version, the newest by default, with its interfaces and README."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        rows = _versions(session, owner.id, name)
        row = next((each for each in rows if version in (None, each.version)), None)
        if row is None:
            raise NotFound(
                Sentence(
                    f"Algorithm '{name}' has no version '{version}'.", f"算法“{name}”没有版本“{version}”。"
                ),
                hint=nearest(version or "", [each.version for each in rows]),
            )
        return _detail(platform, row, [each.version for each in rows])


def install_algorithm(
    platform: Platform, caller: Caller, project: str, request: AlgorithmInstall
) -> AlgorithmDetail:
    """Install a folder with a manifest as a version of an algorithm of the project.

    Raises:
        Invalid: the manifest has problems; each is named with its line and fix.
        Conflict: the version is installed with other content.
        Denied: a folder on the server was named by somebody who is not an administrator of the platform.
    """
    if request.path is not None:
        require_platform_admin(caller)
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
    with _source_folder(platform, caller, project, request) as folder:
        installed = install(folder, platform.artifacts)
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = _record(platform, session, caller, owner.id, installed)
        audit.record(
            platform,
            session,
            caller,
            "algorithm.install",
            f"algorithm:{row.name}@{row.version}",
            project=project,
            details={"tree": row.tree},
        )
        versions = [each.version for each in _versions(session, owner.id, row.name)]
        return _detail(platform, row, versions)


def delete_algorithm(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Uninstall all versions that the project installed. Runs that used one keep its frozen tree."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        rows = [row for row in _versions(session, owner.id, name) if row.project_id == owner.id]
        if not rows:
            raise Conflict(
                Sentence(f"Algorithm '{name}' comes with KPL.", f"算法“{name}”随 KPL 提供。"),
                hint=Sentence("Built-in algorithms cannot be deleted.", "内置算法不能删除。"),
            )
        for row in rows:
            session.delete(row)
        audit.record(platform, session, caller, "algorithm.delete", f"algorithm:{name}", project=project)


def install_builtin(platform: Platform, folder: Path = BUILTIN_FOLDER) -> None:
    """Install what comes with KPL, by the same code as anyone's; for the start of the server.

    A built-in version whose files differ from the installed ones replaces them: while KPL is developed its version
    stays the same, and the tree's digest is what reuse goes by. Nothing is read when no file has changed since.
    """
    stamp = platform.settings.cache_dir / "builtin.stamp"
    current = _stamp_of(folder)
    with platform.db.read() as session:
        is_known = session.scalar(select(func.count()).where(AlgorithmVersionRow.project_id.is_(None))) or 0
    if is_known and stamp.exists() and stamp.read_text() == current:
        return
    for path in sorted(each.parent for each in folder.glob("*/algorithm.yaml")):
        installed = install(path, platform.artifacts)
        with platform.db.write() as session:
            row = session.scalar(
                select(AlgorithmVersionRow).where(
                    AlgorithmVersionRow.project_id.is_(None),
                    AlgorithmVersionRow.name == installed.manifest.name,
                    AlgorithmVersionRow.version == installed.manifest.version,
                )
            )
            if row is not None and row.tree == installed.tree:
                continue
            if row is not None:
                session.delete(row)
                session.flush()
            _record(platform, session, SERVER, None, installed)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(stamp, current.encode())


def _stamp_of(folder: Path) -> str:
    """Names, sizes and times of all files: what changes when any of them does."""
    lines = [
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return "\n".join([__version__, *lines])


def builtin_algorithm(session: Session, name: str) -> AlgorithmVersionRow:
    """The newest version of an algorithm that KPL brings; none of a project takes its place."""
    chosen = select(AlgorithmVersionRow).where(
        AlgorithmVersionRow.project_id.is_(None), AlgorithmVersionRow.name == name
    )
    return session.scalars(chosen.order_by(AlgorithmVersionRow.id.desc()).limit(1)).one()


@contextmanager
def _source_folder(
    platform: Platform, caller: Caller, project: str, request: AlgorithmInstall
) -> Iterator[Path]:
    if request.path is not None:
        folder = Path(request.path)
        if not folder.is_absolute() or not folder.is_dir():
            raise Invalid(
                Sentence(
                    f"path: '{request.path}' is not an absolute path of a folder on the server.",
                    f"path：“{request.path}”不是服务器上某个文件夹的绝对路径。",
                )
            )
        yield folder
        return
    assert request.upload_id is not None
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        archive = uploads.take(platform, session, caller, owner, request.upload_id)
    with workspace(platform) as temporary:
        folder = temporary / "algorithm"
        extract(archive.path, folder, max_bytes=MAX_ALGORITHM_BYTES, max_files=MAX_ALGORITHM_FILES)
        inner = list(folder.iterdir())
        # An archive of a folder, as people make them, holds that folder alone.
        is_wrapped = len(inner) == 1 and inner[0].is_dir()
        yield inner[0] if is_wrapped else folder
        uploads.discard(platform, archive.id)


def _record(
    platform: Platform,
    session: Session,
    caller: Caller,
    project_id: int | None,
    installed: InstalledAlgorithm,
) -> AlgorithmVersionRow:
    return record_version(
        platform.artifacts,
        session,
        installed,
        project_id=project_id,
        created_by=caller.username,
        created_at_s=platform.now_s(),
    )


def record_version(
    artifacts: ArtifactStore,
    session: Session,
    installed: InstalledAlgorithm,
    *,
    project_id: int | None,
    created_by: str,
    created_at_s: float,
) -> AlgorithmVersionRow:
    """Note a version of a project, or one that comes with KPL; the same files again are the version that is there.

    Raises:
        Conflict: the version is there with other files.
    """
    manifest = installed.manifest
    same = select(AlgorithmVersionRow).where(
        AlgorithmVersionRow.name == manifest.name,
        AlgorithmVersionRow.version == manifest.version,
        AlgorithmVersionRow.project_id.is_(None)
        if project_id is None
        else AlgorithmVersionRow.project_id == project_id,
    )
    known = session.scalar(same)
    if known is not None:
        if known.tree == installed.tree:
            return known
        raise Conflict(
            Sentence(
                f"Algorithm '{manifest.name}' {manifest.version} is installed already, with other files.",
                f"算法“{manifest.name}”{manifest.version} 已安装，但文件不同。",
            ),
            hint=Sentence(
                "Raise `version` in algorithm.yaml, then install again.",
                "请提高 algorithm.yaml 中的 `version` 后再安装。",
            ),
        )
    row = AlgorithmVersionRow(
        project_id=project_id,
        name=manifest.name,
        version=manifest.version,
        tree=installed.tree,
        manifest=manifest.model_dump(mode="json", by_alias=True),
        description=manifest.description.en,
        size_bytes=artifacts.get_tree(installed.tree).size_bytes,
        created_at_s=created_at_s,
        created_by=created_by,
    )
    session.add(row)
    session.flush()
    return row


def _visible(project_id: int) -> ColumnElement[bool]:
    return or_(AlgorithmVersionRow.project_id == project_id, AlgorithmVersionRow.project_id.is_(None))


def _versions(session: Session, project_id: int, name: str) -> list[AlgorithmVersionRow]:
    """All versions that the project sees under a name: its own newest first, then the built-in ones."""
    rows = session.scalars(
        select(AlgorithmVersionRow)
        .where(_visible(project_id), AlgorithmVersionRow.name == name)
        .order_by(AlgorithmVersionRow.project_id.is_(None), AlgorithmVersionRow.id.desc())
    ).all()
    if not rows:
        known = session.scalars(select(AlgorithmVersionRow.name).where(_visible(project_id)).distinct())
        raise NotFound(
            Sentence(f"There is no algorithm '{name}'.", f"没有算法“{name}”。"), hint=nearest(name, known)
        )
    return list(rows)


def _algorithm_out(row: AlgorithmVersionRow) -> AlgorithmOut:
    manifest = AlgorithmManifest.model_validate(row.manifest)
    return AlgorithmOut(
        name=row.name,
        version=row.version,
        origin="builtin" if row.project_id is None else "project",
        title=manifest.title.model_dump(),
        description=manifest.description.model_dump(),
        task=manifest.task,
        licence=manifest.licence,
        environment=manifest.environment.type,
        functions=list(manifest.functions),
        is_for_pipelines=manifest.is_for_pipelines,
        tree=row.tree,
        installed_at=utc(row.created_at_s),
        installed_by=row.created_by,
    )


def _detail(platform: Platform, row: AlgorithmVersionRow, versions: list[str]) -> AlgorithmDetail:
    manifest = AlgorithmManifest.model_validate(row.manifest)
    return AlgorithmDetail(
        **_algorithm_out(row).model_dump(),
        interfaces=[_function_out(name, function) for name, function in manifest.functions.items()],
        readme=_text_file(platform, row.tree, "README.md"),
        readme_zh=_text_file(platform, row.tree, "README.zh-CN.md"),
        versions=versions,
    )


def _function_out(name: str, function: Function) -> FunctionOut:
    return FunctionOut(
        name=name,
        inputs=[_port_out(port) for port in function.inputs],
        outputs=[_port_out(port) for port in function.outputs],
        parameters=dict(function.parameters),
        metrics=[
            PromisedMetricOut(name=metric.name, direction=metric.direction, is_primary=metric.is_primary)
            for metric in function.metrics
        ],
    )


def _port_out(port: Port) -> PortOut:
    return PortOut(name=port.name, type=port.type, kinds=list(port.kinds), is_optional=port.is_optional)


def _text_file(platform: Platform, tree: str, path: str) -> str:
    """A file at the top of an algorithm's folder; empty where there is none."""
    names = {entry.path for entry in platform.artifacts.get_tree(tree).entries}
    if path not in names:
        return ""
    return platform.artifacts.read_file(tree, path, 0, 1 << 18).decode("utf-8", "replace")
