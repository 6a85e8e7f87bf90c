"""Endpoints: deployed models that answer under `/serve/{project}/{name}`."""

from fastapi import APIRouter

from kpl.schemas.endpoint import EndpointCreate, EndpointOut
from kpl.schemas.page import Page
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, Search, TheCaller, ThePlatform
from kpl.server.services import endpoints

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


@router.post("/{name}/stop", operation_id="stop_endpoint", status_code=202)
def stop_endpoint(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> EndpointOut:
    """Stop an endpoint; it can be deployed anew."""
    return endpoints.stop_endpoint(platform, caller, project, name)


@router.delete("/{name}", operation_id="delete_endpoint", status_code=204)
def delete_endpoint(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Stop an endpoint and take it off the list."""
    endpoints.delete_endpoint(platform, caller, project, name)
