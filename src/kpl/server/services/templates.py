"""Templates: pipelines made to be copied.

A project uses its own, those that come with KPL, and those that other projects share with the installation. One of
another project is named `PROJECT/NAME`; it is that project's latest revision, or the one asked for. Runs and pipelines
made from a template hold a copy and stay as they are whatever becomes of it.
"""

from sqlalchemy import update
from sqlalchemy.orm import Session

from kpl.errors import Conflict, Invalid
from kpl.pipeline.document import Document, to_plain
from kpl.pipeline.parsing import parse
from kpl.pipeline.template import fixed_references, make_template
from kpl.schemas.page import Page
from kpl.schemas.pipeline import PipelineCreate, PipelineUpdate
from kpl.schemas.template import (
    TemplateCreate,
    TemplateDetail,
    TemplateOrigin,
    TemplateOut,
    TemplatePut,
    TemplateRevisionOut,
    TemplateUpdate,
)
from kpl.sentence import Sentence
from kpl.server.db.tables.pipelines import PipelineRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.pipelines import create_pipeline, delete_pipeline, require_developer, update_pipeline
from kpl.server.services.platform import Platform
from kpl.server.services.template_store import Template, find_template, latest_revisions, page_of_templates


def list_templates(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    origin: TemplateOrigin | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TemplateOut]:
    """List the templates that a project can use: its own, those that come with KPL, those that others share."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        found, next_cursor = page_of_templates(session, owner, origin=origin, cursor=cursor, limit=limit)
    return Page(items=[_answer(each) for each in found], next_cursor=next_cursor)


def get_template(
    platform: Platform, caller: Caller, project: str, name: str, *, revision: int | None = None
) -> TemplateDetail:
    """Show a template with its document, as the project sees it."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        return _detail(session, find_template(session, owner, name, revision))


def create_template(
    platform: Platform, caller: Caller, project: str, asked: TemplateCreate
) -> TemplateDetail:
    """Save a pipeline as a template of the project. It is a pipeline too, with a history of its own."""
    require_developer(platform, caller, project)
    document = _document(asked, asked.name)
    plain = PipelineCreate(name=asked.name, description="", document=to_plain(document), is_template=True)
    create_pipeline(platform, caller, project, plain)
    return get_template(platform, caller, project, asked.name)


def put_template(
    platform: Platform, caller: Caller, project: str, name: str, asked: TemplatePut
) -> TemplateDetail:
    """Save a template of the project anew; what it was stays in its history, and earlier runs stay as they are.

    Raises:
        Invalid: the template is shared, and names a dataset or model of its project for good.
    """
    require_developer(platform, caller, project)
    with platform.db.read() as session:
        is_shared = _own(session, caller, project, name, Role.DEVELOPER).is_shared
    document = _document(asked, name)
    if is_shared:
        _require_shareable(document)
    plain = PipelineUpdate(description=None, document=to_plain(document), is_template=True)
    update_pipeline(platform, caller, project, name, plain)
    return get_template(platform, caller, project, name)


def update_template(
    platform: Platform, caller: Caller, project: str, name: str, asked: TemplateUpdate
) -> TemplateDetail:
    """Let all projects of the installation use a template of the project, or no longer; for admins of the project.

    Raises:
        Invalid: it names a dataset or model of the project for good, which no other project has.
    """
    with platform.db.write() as session:
        own = _own(session, caller, project, name, Role.ADMIN)
        if asked.is_shared:
            _require_shareable(own.document)
        if asked.is_shared != own.is_shared:
            session.execute(
                update(PipelineRow).where(PipelineRow.id == own.id).values(is_shared=asked.is_shared)
            )
            deed = "template.share" if asked.is_shared else "template.unshare"
            audit.record(platform, session, caller, deed, f"template:{name}", project=project)
        owner = project_for(session, caller, project, Role.ADMIN)
        return _detail(session, find_template(session, owner, name))


def delete_template(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    with platform.db.read() as session:
        _own(session, caller, project, name, Role.DEVELOPER)
    delete_pipeline(platform, caller, project, name)


def _document(asked: TemplatePut, name: str) -> Document:
    document = parse({**asked.document, "name": name}, source=f"template '{name}'")
    return make_template(
        document, title=asked.title, description=asked.description, open_parameters=asked.open_parameters
    )


def _own(session: Session, caller: Caller, project: str, name: str, role: Role) -> Template:
    """A template of the project itself. Raises Conflict for any other, NotFound where there is none."""
    owner = project_for(session, caller, project, role)
    found = find_template(session, owner, name)
    if found.origin == "builtin":
        raise Conflict(
            Sentence(
                f"Template '{name}' comes with KPL and stays as it is.",
                f"模板“{name}”随 KPL 提供，不能修改。",
            ),
            hint=Sentence(
                "Save a changed one under a name of your own.", "请将修改后的模板以自己的名称保存。"
            ),
        )
    if found.origin == "shared":
        raise Conflict(
            Sentence(
                f"Template '{name}' belongs to project '{found.project}'.",
                f"模板“{name}”属于项目“{found.project}”。",
            ),
            hint=Sentence(
                "Change it there, or save a copy under a name of your own.",
                "请在该项目中修改，或以自己的名称另存一份。",
            ),
        )
    return found


def _require_shareable(document: Document) -> None:
    fixed = fixed_references(document)
    if fixed:
        english = ", ".join(f"'{node}' names '{asked}'" for node, asked in fixed.items())
        chinese = "，".join(f"“{node}”指定了“{asked}”" for node, asked in fixed.items())
        raise Invalid(
            Sentence(
                f"The template cannot be shared: step {english}, which only this project has.",
                f"模板不能共享：步骤{chinese}，只有本项目才有。",
            ),
            hint=Sentence(
                "Save it anew with a parameter there, so that whoever uses it is asked.",
                "请将其改为参数后重新保存模板，由使用者填写。",
            ),
        )


def _answer(found: Template) -> TemplateOut:
    document = found.document
    return TemplateOut(
        name=found.name,
        origin=found.origin,
        project=found.project,
        is_shared=found.is_shared,
        revision=found.revision,
        title=dict(document.title),
        description=dict(document.description),
        task=document.task,
        parameters={each.name: dict(each.schema) for each in document.parameters},
        num_nodes=len(document.nodes),
    )


def _detail(session: Session, found: Template) -> TemplateDetail:
    return TemplateDetail(
        **_answer(found).model_dump(),
        document=to_plain(found.document),
        revisions=[
            TemplateRevisionOut(
                revision=row.revision, created_at=utc(row.created_at_s), created_by=row.created_by
            )
            for row in latest_revisions(session, found)
        ],
    )
