"""Models and their versions."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from kpl.schemas.model import ModelCardOut, ModelDetail, ModelOut, ModelVersionDetail
from kpl.schemas.page import Page
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
from kpl.server.routes.files import file_response
from kpl.server.services import models
from kpl.server.services.model_card import Language

router = APIRouter(prefix=f"{PROJECT}/models", tags=["models"])


@router.get("", operation_id="list_models")
def list_models(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    search: Search = None,
    sort: SortBy = "created",
    order: OrderOf = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ModelOut]:
    """List models, newest first unless sorted otherwise."""
    return models.list_models(
        platform, caller, project, search=search, sort=sort, order=order, cursor=cursor, limit=limit
    )


@router.get("/{name}", operation_id="get_model")
def get_model(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> ModelDetail:
    """Show a model with its versions."""
    return models.get_model(platform, caller, project, name)


@router.delete("/{name}", operation_id="delete_model", status_code=204)
def delete_model(platform: ThePlatform, caller: TheCaller, project: str, name: str) -> None:
    """Delete a model with all its versions."""
    models.delete_model(platform, caller, project, name)


@router.get("/{name}/versions/{version}", operation_id="get_model_version")
def get_model_version(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int
) -> ModelVersionDetail:
    """Show one version: where it comes from, how good it is, who serves it."""
    return models.get_model_version(platform, caller, project, name, version)


@router.delete("/{name}/versions/{version}", operation_id="delete_model_version", status_code=204)
def delete_model_version(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int
) -> None:
    """Delete one version."""
    models.delete_model_version(platform, caller, project, name, version)


@router.get("/{name}/versions/{version}/card", operation_id="get_model_card")
def get_model_card(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    name: str,
    version: int,
    language: Language = "en",
) -> ModelCardOut:
    """The model card in Markdown."""
    return models.get_model_card(platform, caller, project, name, version, language=language)


@router.get(
    "/{name}/versions/{version}/files/{path:path}",
    operation_id="get_model_file",
    response_class=FileResponse,
)
def get_model_file(
    platform: ThePlatform, caller: TheCaller, project: str, name: str, version: int, path: str
) -> FileResponse:
    """Download one file of a version."""
    return file_response(models.get_model_file(platform, caller, project, name, version, path))
