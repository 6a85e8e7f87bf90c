"""Where templates are found: in the project, among those that come with KPL, among those that are shared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import Row, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from kpl.errors import NotFound, nearest
from kpl.pipeline.document import Document
from kpl.pipeline.parsing import parse
from kpl.pipeline.template import for_other_project
from kpl.schemas.template import TemplateOrigin
from kpl.sentence import Sentence
from kpl.server.db.tables.pipelines import PipelineRevisionRow, PipelineRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.paging import decode_cursor, encode_cursor, no_cursor

BUILTIN_FOLDER = Path(__file__).parents[2] / "builtin" / "templates"
MOST_REVISIONS = 100
MOST_NAMES = 500

_Columns = Row[int, str, str, bool, int, dict[str, Any]]
_Rows = Select[int, str, str, bool, int, dict[str, Any]]

ORIGINS: tuple[TemplateOrigin, ...] = get_args(TemplateOrigin)
"""In the order of the list."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as one project sees it.

    Args:
        name: as that project names it.
        id: of its pipeline; 0 for one that comes with KPL.
        project: name of the project that keeps it.
    """

    name: str
    origin: TemplateOrigin
    document: Document
    id: int = 0
    project: str | None = None
    is_shared: bool = False
    revision: int | None = None


def find_template(session: Session, project: ProjectRow, name: str, revision: int | None = None) -> Template:
    """The template that a project knows by that name, its own before one that comes with KPL.

    Args:
        revision: one of its saves, the latest when left out.
    Raises:
        NotFound: with the nearest names, or with how many revisions there are.
    """
    found = _find(session, project, name)
    if found is None:
        known = [*session.scalars(_own(project).with_only_columns(PipelineRow.name).limit(MOST_NAMES))]
        known += [*_builtin()]
        known += [f"{each.owner}/{each.name}" for each in session.execute(_shared(project).limit(MOST_NAMES))]
        raise NotFound(
            Sentence(f"There is no template '{name}'.", f"没有模板“{name}”。"), hint=nearest(name, known)
        )
    if revision in (None, found.revision):
        return found
    document = session.scalar(
        select(PipelineRevisionRow.document).where(
            PipelineRevisionRow.pipeline_id == found.id, PipelineRevisionRow.revision == revision
        )
    )
    if document is None:
        raise NotFound(
            Sentence(f"Template '{name}' has no revision {revision}.", f"模板“{name}”没有修订 {revision}。"),
            hint=Sentence(f"It has {found.revision or 'none'}.", f"共有 {found.revision or 0} 个修订。"),
        )
    parsed = parse(document, source=f"template '{name}'")
    return replace(found, document=_as_seen(parsed, found.origin), revision=revision)


def page_of_templates(
    session: Session,
    project: ProjectRow,
    *,
    origin: TemplateOrigin | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Template], str | None]:
    """Templates after `cursor` by origin and name, and the cursor of the next page."""
    first, after = _place(cursor)
    found: list[Template] = []
    for place, each in enumerate(ORIGINS):
        if place >= first and origin in (None, each) and len(found) <= limit:
            part = _section(session, project, each, after if place == first else "", limit + 1 - len(found))
            found += part
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], encode_cursor(f"{ORIGINS.index(last.origin)} {_key(last)}")


def latest_revisions(session: Session, template: Template) -> Sequence[Row[int, float, str]]:
    """Number, time and author of its latest saves, newest first."""
    return session.execute(
        select(PipelineRevisionRow.revision, PipelineRevisionRow.created_at_s, PipelineRevisionRow.created_by)
        .where(PipelineRevisionRow.pipeline_id == template.id)
        .order_by(PipelineRevisionRow.revision.desc())
        .limit(MOST_REVISIONS)
    ).all()


def _find(session: Session, project: ProjectRow, name: str) -> Template | None:
    owner, slash, plain = name.partition("/")
    if slash and owner != project.name:
        row = session.execute(
            _shared(project).where(ProjectRow.name == owner, PipelineRow.name == plain)
        ).first()
        return None if row is None else _template(row, "shared")
    plain = plain if slash else name
    row = session.execute(_own(project).where(PipelineRow.name == plain)).first()
    if row is not None:
        return _template(row, "project")
    document = None if slash else _builtin().get(name)
    return None if document is None else Template(name, "builtin", document)


def _section(
    session: Session, project: ProjectRow, origin: TemplateOrigin, after: str, most: int
) -> list[Template]:
    if origin == "project":
        chosen = _own(project).where(PipelineRow.name > after)
        return [_template(row, origin) for row in session.execute(chosen.limit(most))]
    if origin == "shared":
        name, _, number = after.partition(" ")
        behind = and_(PipelineRow.name == name, PipelineRow.id > int(number or 0))
        chosen = _shared(project).where(or_(PipelineRow.name > name, behind))
        return [_template(row, origin) for row in session.execute(chosen.limit(most))]
    builtin = _builtin()
    own = set(
        session.scalars(
            _own(project).with_only_columns(PipelineRow.name).where(PipelineRow.name.in_(builtin))
        )
    )
    return [
        Template(name, origin, document)
        for name, document in builtin.items()
        if name not in own and name > after
    ][:most]


def _key(template: Template) -> str:
    name = template.name.rpartition("/")[2]
    return f"{name} {template.id}" if template.origin == "shared" else name


def _place(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return 0, ""
    origin, _, after = str(decode_cursor(cursor, str)).partition(" ")
    number = after.partition(" ")[2]
    if not (origin.isdecimal() and int(origin) < len(ORIGINS)) or (number and not number.isdecimal()):
        raise no_cursor(cursor)
    return int(origin), after


def _templates() -> _Rows:
    return (
        select(
            PipelineRow.id,
            PipelineRow.name,
            ProjectRow.name.label("owner"),
            PipelineRow.is_shared,
            PipelineRow.revision,
            PipelineRevisionRow.document,
        )
        .join(ProjectRow, ProjectRow.id == PipelineRow.project_id)
        .join(
            PipelineRevisionRow,
            and_(
                PipelineRevisionRow.pipeline_id == PipelineRow.id,
                PipelineRevisionRow.revision == PipelineRow.revision,
            ),
        )
        .where(PipelineRow.is_template)
        .order_by(PipelineRow.name, PipelineRow.id)
    )


def _own(project: ProjectRow) -> _Rows:
    return _templates().where(PipelineRow.project_id == project.id)


def _shared(project: ProjectRow) -> _Rows:
    return _templates().where(PipelineRow.is_shared == true(), PipelineRow.project_id != project.id)


def _template(row: _Columns, origin: TemplateOrigin) -> Template:
    name = row.name if origin == "project" else f"{row.owner}/{row.name}"
    return Template(
        name=name,
        origin=origin,
        document=_as_seen(parse(row.document, source=f"template '{name}'"), origin),
        id=row.id,
        project=row.owner,
        is_shared=row.is_shared,
        revision=row.revision,
    )


def _as_seen(document: Document, origin: TemplateOrigin) -> Document:
    return for_other_project(document) if origin == "shared" else document


def _builtin() -> dict[str, Document]:
    return {path.stem: _read(path, path.stat().st_mtime_ns) for path in sorted(BUILTIN_FOLDER.glob("*.yaml"))}


@lru_cache(maxsize=64)
def _read(path: Path, _changed_at_ns: int) -> Document:
    return parse(path.read_text(encoding="utf-8"), source=path.name)
