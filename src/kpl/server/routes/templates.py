"""Templates: pipelines made to be copied."""

from fastapi import APIRouter

from kpl.schemas.page import Page
from kpl.schemas.template import TemplateDetail, TemplateOut
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
