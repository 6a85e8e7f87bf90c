"""Endpoints: deployed models that answer under `/serve/{project}/{name}`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.endpoint import DeploymentOut, EndpointCreate, EndpointOut, EndpointTrafficOut
from kpl.schemas.page import Page
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, Search, TheCaller, ThePlatform
from kpl.server.services import endpoint_traffic, endpoints

router = APIRouter(prefix=f"{PROJECT}/endpoints", tags=["endpoints"])


@router.get("", operation_id="list_endpoints")
def list_endpoints(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    search: Search = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EndpointOut]:
    """List endpoints by name."""
    return endpoints.list_endpoints(platform, caller, project, search=search, cursor=cursor, limit=limit)


@router.post("", operation_id="create_endpoint", status_code=201)
def create_endpoint(
    platform: ThePlatform, caller: TheCaller, project: str, body: EndpointCreate
) -> EndpointOut:
    """Deploy a model version, or put another one behind an endpoint that exists."""
    return endpoints.create_endpoint(platform, caller, project, body)


@router.get("/{name}", operation_id="get_endpoint")
def get_endpoint(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> EndpointOut:
    """Show an endpoint with its model and traffic."""
    return endpoints.get_endpoint(platform, caller, project, name)


@router.get("/{name}/traffic", operation_id="get_endpoint_traffic")
def get_endpoint_traffic(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    *,
    since: Annotated[datetime | None, Query(description="Left out, an hour before `until`.")] = None,
    until: Annotated[datetime | None, Query(description="Left out, now.")] = None,
    step: Annotated[
        float | None,
        Query(ge=60, le=86400, description="Seconds of each step; left out, as fine as a chart can show."),
    ] = None,
) -> EndpointTrafficOut:
    """Show what an endpoint answered, and how fast: by the minute, for a week."""
    return endpoint_traffic.get_endpoint_traffic(
        platform, caller, project, name, since=since, until=until, step_s=step
    )


@router.get("/{name}/deployments", operation_id="list_deployments")
def list_deployments(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeploymentOut]:
    """List the models that an endpoint was given, the newest first; to go back to one, deploy it again."""
    return endpoints.list_deployments(platform, caller, project, name, cursor=cursor, limit=limit)


@router.post("/{name}/stop", operation_id="stop_endpoint", status_code=202)
def stop_endpoint(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> EndpointOut:
    """Stop an endpoint; it can be deployed anew."""
    return endpoints.stop_endpoint(platform, caller, project, name)


@router.delete("/{name}", operation_id="delete_endpoint", status_code=204)
def delete_endpoint(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Stop an endpoint and take it off the list."""
    endpoints.delete_endpoint(platform, caller, project, name)
