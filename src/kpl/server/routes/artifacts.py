"""Artifacts: stored folders by their digest."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from kpl.schemas.artifact import ArtifactOut, ArtifactStatisticsOut
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.routes.files import FOREVER, file_response
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


@router.get(
    "/{digest}/samples/{row}/image",
    operation_id="get_artifact_sample_image",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}, "description": "The encoded image."}},
)
def get_artifact_sample_image(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    digest: str,
    row: int,
    size: Annotated[int | None, Query(description="160 or 400: scaled down to fit, as WebP.")] = None,
) -> Response:
    """The image of one sample of a stored dataset, be it published or an output between two steps."""
    data, media_type = artifacts.get_artifact_sample_image(platform, caller, project, digest, row, size=size)
    return Response(data, media_type=media_type, headers={"Cache-Control": FOREVER})


@router.get("/{digest}/statistics", operation_id="get_artifact_statistics")
def get_artifact_statistics(
    platform: ThePlatform, caller: TheCaller, project: str, digest: str
) -> ArtifactStatisticsOut:
    """Counts, ranges and health of a stored dataset, be it published or an output between two steps."""
    return artifacts.get_artifact_statistics(platform, caller, project, digest)
