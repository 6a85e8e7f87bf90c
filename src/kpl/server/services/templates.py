"""Templates: pipelines made to be copied, those that come with KPL and those that a project saved as such."""

from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, NotFound, nearest
from kpl.pipeline.document import Document, to_plain
from kpl.pipeline.parsing import parse
from kpl.pipeline.template import make_template
from kpl.schemas.page import Page
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate
from kpl.schemas.template import TemplateCreate, TemplateDetail, TemplateOut, TemplatePut
from kpl.sentence import Sentence
from kpl.server.db.tables.pipelines import PipelineRevisionRow, PipelineRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.pipelines import create_pipeline, delete_pipeline, require_developer, update_pipeline
from kpl.server.services.platform import Platform

BUILTIN_FOLDER = Path(__file__).parents[2] / "builtin" / "templates"


def list_templates(platform: Platform, caller: Caller, project: str) -> Page[TemplateOut]:
    """List the templates that a project can use, its own first; they are few, so there is one page."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        own = _own_templates(session, owner)
    builtin = {name: each for name, each in _builtin_templates().items() if name not in own}
    answers = [_answer(name, document, is_builtin=False) for name, document in own.items()]
    answers += [_answer(name, document, is_builtin=True) for name, document in builtin.items()]
    return Page(items=[TemplateOut(**each.model_dump(exclude={"document"})) for each in answers])


def get_template(platform: Platform, caller: Caller, project: str, name: str) -> TemplateDetail:
    """Show a template with its document."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        is_builtin = name not in _own_templates(session, owner)
        return _answer(name, template_document(session, owner, name), is_builtin=is_builtin)


def create_template(
    platform: Platform, caller: Caller, project: str, asked: TemplateCreate
) -> TemplateDetail:
    """Save a pipeline as a template of the project. It is a pipeline too, with a history of its own."""
    require_developer(platform, caller, project)
    document = _document(asked, asked.name)
    plain = PipelineCreate(name=asked.name, description="", document=to_plain(document), is_template=True)
    create_pipeline(platform, caller, project, plain)
    return _answer(asked.name, document, is_builtin=False)


def put_template(
    platform: Platform, caller: Caller, project: str, name: str, asked: TemplatePut
) -> TemplateDetail:
    """Save a template of the project anew; what it was stays in its history, and earlier runs stay as they are."""
    require_developer(platform, caller, project)
    _require_own(platform, caller, project, name)
    document = _document(asked, name)
    plain = PipelineUpdate(description=None, document=to_plain(document), is_template=True)
    update_pipeline(platform, caller, project, name, plain)
    return _answer(name, document, is_builtin=False)


def delete_template(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    require_developer(platform, caller, project)
    _require_own(platform, caller, project, name)
    delete_pipeline(platform, caller, project, name)


def template_document(session: Session, project: ProjectRow, name: str) -> Document:
    """The document of a template, the project's own before a built-in one. Raises NotFound with the nearest."""
    known = {**_builtin_templates(), **_own_templates(session, project)}
    if name not in known:
        raise NotFound(
            Sentence(f"There is no template '{name}'.", f"没有模板“{name}”。"), hint=nearest(name, known)
        )
    return known[name]


def _document(asked: TemplatePut, name: str) -> Document:
    document = parse({**asked.document, "name": name}, source=f"template '{name}'")
    return make_template(
        document, title=asked.title, description=asked.description, open_parameters=asked.open_parameters
    )


def _require_own(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Raises Conflict for a template that comes with KPL, NotFound where there is none."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        template_document(session, owner, name)
        if name not in _own_templates(session, owner):
            raise Conflict(
                Sentence(
                    f"Template '{name}' comes with KPL and stays as it is.",
                    f"模板“{name}”随 KPL 提供，不能修改。",
                ),
                hint=Sentence(
                    "Save a changed one under a name of your own.", "请将修改后的模板以自己的名称保存。"
                ),
            )


def _own_templates(session: Session, project: ProjectRow) -> dict[str, Document]:
    found = session.execute(
        select(PipelineRow.name, PipelineRevisionRow.document)
        .join(PipelineRevisionRow, PipelineRevisionRow.pipeline_id == PipelineRow.id)
        .where(
            PipelineRow.project_id == project.id,
            PipelineRow.is_template,
            PipelineRevisionRow.revision == PipelineRow.revision,
        )
        .order_by(PipelineRow.name)
    )
    return {name: parse(document, source=f"pipeline '{name}'") for name, document in found}


def _builtin_templates() -> dict[str, Document]:
    return {path.stem: _read(path, path.stat().st_mtime_ns) for path in sorted(BUILTIN_FOLDER.glob("*.yaml"))}


@lru_cache(maxsize=64)
def _read(path: Path, _changed_at_ns: int) -> Document:
    return parse(path.read_text(encoding="utf-8"), source=path.name)


def _answer(name: str, document: Document, *, is_builtin: bool) -> TemplateDetail:
    return TemplateDetail(
        name=name,
        origin="builtin" if is_builtin else "project",
        title=dict(document.title),
        description=dict(document.description),
        task=document.task,
        parameters={each.name: dict(each.schema) for each in document.parameters},
        num_nodes=len(document.nodes),
        document=to_plain(document),
    )
