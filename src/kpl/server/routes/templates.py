"""Templates: pipelines made to be copied."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.page import Page
from kpl.schemas.template import (
    TemplateCreate,
    TemplateDetail,
    TemplateOrigin,
    TemplateOut,
    TemplatePut,
    TemplateUpdate,
)
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import templates

router = APIRouter(prefix=f"{PROJECT}/templates", tags=["templates"])


@router.get("", operation_id="list_templates")
def list_templates(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    origin: TemplateOrigin | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TemplateOut]:
    """List what the project saved as a template, what comes with KPL and what other projects share."""
    return templates.list_templates(platform, caller, project, origin=origin, cursor=cursor, limit=limit)


@router.get("/{name:path}", operation_id="get_template")
def get_template(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    revision: Annotated[int | None, Query(ge=1, description="The latest when left out.")] = None,
) -> TemplateDetail:
    """Show a template with its document. One that another project shares is `PROJECT/NAME`."""
    return templates.get_template(platform, caller, project, name, revision=revision)


@router.post("", operation_id="create_template", status_code=201)
def create_template(
    platform: ThePlatform, caller: TheCaller, project: str, body: TemplateCreate
) -> TemplateDetail:
    """Save a pipeline as a template of the project."""
    return templates.create_template(platform, caller, project, body)


@router.put("/{name}", operation_id="put_template")
def put_template(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, body: TemplatePut
) -> TemplateDetail:
    """Save a template of the project anew; its earlier revisions stay in the history of its pipeline."""
    return templates.put_template(platform, caller, project, name, body)


@router.patch("/{name}", operation_id="update_template")
def update_template(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, body: TemplateUpdate
) -> TemplateDetail:
    """Share a template of the project with all projects, or stop; for admins of the project."""
    return templates.update_template(platform, caller, project, name, body)


@router.delete("/{name}", operation_id="delete_template", status_code=204)
def delete_template(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    templates.delete_template(platform, caller, project, name)
