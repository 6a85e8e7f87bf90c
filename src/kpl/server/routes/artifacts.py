"""Artifacts: stored folders by their digest."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from kpl.schemas.artifact import ArtifactOut
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.routes.files import file_response
from kpl.server.services import artifacts

router = APIRouter(prefix=f"{PROJECT}/artifacts", tags=["artifacts"])


@router.get("/{digest}", operation_id="get_artifact")
def get_artifact(platform: ThePlatform, caller: TheCaller, project: str, digest: str) -> ArtifactOut:
    """List the files of an artifact."""
    return artifacts.get_artifact(platform, caller, project, digest)


@router.get("/{digest}/files/{path:path}", operation_id="get_artifact_file", response_class=FileResponse)
def get_artifact_file(
    platform: ThePlatform, caller: TheCaller, project: str, digest: str, path: str
) -> FileResponse:
    """Download one file of an artifact."""
    return file_response(artifacts.get_artifact_file(platform, caller, project, digest, path))
