"""Pipelines: saving, checking and planning."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from kpl.errors import Invalid
from kpl.schemas.page import Page
from kpl.schemas.pipeline import (
    PipelineCreate,
    PipelineDetail,
    PipelineOut,
    PipelineRevisionOut,
    PipelineUpdate,
    PlanOut,
    PlanRequest,
    ValidateOut,
    ValidateRequest,
)
from kpl.sentence import Sentence
from kpl.server.routes.dependencies import (
    PROJECT,
    Cursor,
    Limit,
    OrderOf,
    Search,
    SortBy,
    TheCaller,
    ThePlatform,
)
from kpl.server.services import pipelines, plans

router = APIRouter(prefix=f"{PROJECT}/pipelines", tags=["pipelines"])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the revision that the change is based on; else 412.")
]


@router.get("", operation_id="list_pipelines")
def list_pipelines(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    search: Search = None,
    sort: SortBy = "created",
    order: OrderOf = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PipelineOut]:
    """List pipelines, newest first unless sorted otherwise."""
    return pipelines.list_pipelines(
        platform, caller, project, search=search, sort=sort, order=order, cursor=cursor, limit=limit
    )


@router.post("", operation_id="create_pipeline", status_code=201)
def create_pipeline(
    platform: ThePlatform, caller: TheCaller, project: str, body: PipelineCreate, response: Response
) -> PipelineDetail:
    """Save a new pipeline."""
    return _tagged(response, pipelines.create_pipeline(platform, caller, project, body))


@router.post("/validate", operation_id="validate_pipeline")
def validate_pipeline(
    platform: ThePlatform, caller: TheCaller, project: str, body: ValidateRequest
) -> ValidateOut:
    """Say what keeps a document from running: node, port, reason and fix of each problem."""
    return pipelines.validate_document(platform, caller, project, body)


@router.post("/plan", operation_id="plan_pipeline")
def plan_pipeline(platform: ThePlatform, caller: TheCaller, project: str, body: PlanRequest) -> PlanOut:
    """Say what a run would execute and what it would reuse, and why, without running anything."""
    return plans.plan_run(platform, caller, project, body)


@router.get("/{name}", operation_id="get_pipeline")
def get_pipeline(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    response: Response,
    *,
    revision: Annotated[int | None, Query(ge=1, description="The latest when left out.")] = None,
) -> PipelineDetail:
    """Show a pipeline with its document; the ETag names the revision that is shown."""
    found = pipelines.get_pipeline(platform, caller, project, name, revision=revision)
    return _tagged(response, found)


@router.get("/{name}/revisions", operation_id="list_pipeline_revisions")
def list_pipeline_revisions(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PipelineRevisionOut]:
    """List the saves of a pipeline, newest first."""
    return pipelines.list_pipeline_revisions(platform, caller, project, name, cursor=cursor, limit=limit)


@router.put("/{name}", operation_id="update_pipeline")
def update_pipeline(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    body: PipelineUpdate,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> PipelineDetail:
    """Save the next revision."""
    saved = pipelines.update_pipeline(
        platform, caller, project, name, body, expected_revision=_revision(if_match)
    )
    return _tagged(response, saved)


@router.delete("/{name}", operation_id="delete_pipeline", status_code=204)
def delete_pipeline(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, if_match: IfMatch = None
) -> None:
    """Delete a pipeline; its runs stay."""
    pipelines.delete_pipeline(platform, caller, project, name, expected_revision=_revision(if_match))


def _tagged(response: Response, pipeline: PipelineDetail) -> PipelineDetail:
    response.headers["ETag"] = f'"{pipeline.revision}"'
    return pipeline


def _revision(if_match: str | None) -> int | None:
    """The revision in an ETag; None when any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not tag.isdecimal():
        raise Invalid(
            Sentence(
                f"If-Match: {if_match[:80]} is not an ETag of a pipeline.",
                f"If-Match：{if_match[:80]} 不是流水线的 ETag。",
            ),
            hint=Sentence('Send it as in "3".', '请写成 "3" 的形式。'),
        )
    return int(tag)
