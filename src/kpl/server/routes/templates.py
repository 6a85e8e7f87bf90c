"""Templates: pipelines made to be copied."""

from fastapi import APIRouter

from kpl.schemas.page import Page
from kpl.schemas.template import TemplateCreate, TemplateDetail, TemplateOut, TemplatePut
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.services import templates

router = APIRouter(prefix=f"{PROJECT}/templates", tags=["templates"])


@router.get("", operation_id="list_templates")
def list_templates(platform: ThePlatform, caller: TheCaller, project: str) -> Page[TemplateOut]:
    """List what comes with KPL and what the project saved as a template; there is one page."""
    return templates.list_templates(platform, caller, project)


@router.get("/{name}", operation_id="get_template")
def get_template(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> TemplateDetail:
    """Show a template with its document."""
    return templates.get_template(platform, caller, project, name)


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


@router.delete("/{name}", operation_id="delete_template", status_code=204)
def delete_template(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Delete a template of the project; pipelines and runs made from it stay."""
    templates.delete_template(platform, caller, project, name)
