"""Drafts of pipelines: what the caller has drawn since the last revision."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from kpl.schemas.draft import PipelineDraftOut, PipelineDraftPut, PipelineDraftSaved
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.services import drafts

router = APIRouter(prefix=f"{PROJECT}/pipelines/{{name}}/draft", tags=["pipelines"])

IfMatch = Annotated[
    str | None, Header(description='The ETag of the draft that this follows, "0" for none; else 412.')
]


@router.get("", operation_id="get_pipeline_draft")
def get_pipeline_draft(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, response: Response
) -> PipelineDraftOut | None:
    """Show the caller's own draft, null when there is none; nobody else sees it."""
    found = drafts.get_draft(platform, caller, project, name)
    response.headers["ETag"] = f'"{found.tag if found else drafts.NO_DRAFT}"'
    return found


@router.put("", operation_id="put_pipeline_draft")
def put_pipeline_draft(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    body: PipelineDraftPut,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> PipelineDraftSaved:
    """Save what is drawn so far over the caller's draft; this makes no revision."""
    saved = drafts.put_draft(platform, caller, project, name, body, expected_tag=_tag(if_match))
    response.headers["ETag"] = f'"{saved.tag}"'
    return saved


@router.delete("", operation_id="delete_pipeline_draft", status_code=204)
def delete_pipeline_draft(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, if_match: IfMatch = None
) -> None:
    """Throw the caller's draft away; the pipeline stays at its latest revision."""
    drafts.delete_draft(platform, caller, project, name, expected_tag=_tag(if_match))


def _tag(if_match: str | None) -> str | None:
    if if_match is None or if_match.strip() == "*":
        return None
    return if_match.strip().removeprefix("W/").strip('"')
