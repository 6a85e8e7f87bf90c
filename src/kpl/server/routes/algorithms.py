"""Installed algorithms."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.algorithm.manifest import FunctionName
from kpl.schemas.algorithm import AlgorithmDetail, AlgorithmFetch, AlgorithmInstall, AlgorithmOut
from kpl.schemas.page import Page
from kpl.schemas.task import TaskOut
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, Search, TheCaller, ThePlatform
from kpl.server.services import algorithms, fetches

router = APIRouter(prefix=f"{PROJECT}/algorithms", tags=["algorithms"])


@router.get("", operation_id="list_algorithms")
def list_algorithms(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    *,
    task: Annotated[
        str | None, Query(max_length=100, description="What it is for, as in `detection`.")
    ] = None,
    function: FunctionName | None = None,
    search: Search = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AlgorithmOut]:
    """List the algorithms that the project can use."""
    return algorithms.list_algorithms(
        platform,
        caller,
        project,
        task=task,
        function=function,
        search=search,
        cursor=cursor,
        limit=limit,
    )


@router.post("", operation_id="install_algorithm", status_code=201)
def install_algorithm(
    platform: ThePlatform, caller: TheCaller, project: str, body: AlgorithmInstall
) -> AlgorithmDetail:
    """Install a folder with a manifest."""
    return algorithms.install_algorithm(platform, caller, project, body)


@router.post("/fetch", operation_id="fetch_algorithm", status_code=202)
def fetch_algorithm(platform: ThePlatform, caller: TheCaller, project: str, body: AlgorithmFetch) -> TaskOut:
    """Start a task that installs a folder of a git repository; its output says which version it became."""
    return fetches.fetch_algorithm(platform, caller, project, body)


@router.get("/{name}", operation_id="get_algorithm")
def get_algorithm(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: str | None = None
) -> AlgorithmDetail:
    """Show one version, the newest by default."""
    return algorithms.get_algorithm(platform, caller, project, name, version=version)


@router.delete("/{name}", operation_id="delete_algorithm", status_code=204)
def delete_algorithm(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Uninstall all versions that the project installed."""
    algorithms.delete_algorithm(platform, caller, project, name)
