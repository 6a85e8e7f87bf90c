"""Uploads in pieces."""

from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Request, Response

from kpl.schemas.upload import UploadCreate, UploadOut
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.services import uploads
from kpl.server.services.uploads import UploadWriter

_BLOCK_BYTES = 1 << 20  # one visit to another thread for this many bytes, not for each 64 KiB that arrive
_ANY_SIZE = 1 << 50  # the announced size is the limit

router = APIRouter(prefix=f"{PROJECT}/uploads", tags=["uploads"])


@router.post("", operation_id="create_upload", status_code=201)
def create_upload(platform: ThePlatform, caller: TheCaller, project: str, body: UploadCreate) -> UploadOut:
    """Announce a file; send its bytes with PATCH, then complete it."""
    return uploads.create_upload(platform, caller, project, body)


@router.get("/{upload_id}", operation_id="get_upload")
def get_upload(platform: ThePlatform, caller: TheCaller, project: str, upload_id: int) -> UploadOut:
    """Tell how far an upload is, to go on after an interruption."""
    return uploads.get_upload(platform, caller, project, upload_id)


@router.patch(
    "/{upload_id}",
    operation_id="append_upload",
    status_code=204,
    max_body_size=_ANY_SIZE,
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
    responses={204: {"headers": {"Upload-Offset": {"schema": {"type": "integer"}}}}},
)
async def append_upload(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    upload_id: int,
    *,
    upload_offset: Annotated[int, Header(ge=0, description="Byte at which this piece begins.")],
    request: Request,
) -> Response:
    """Append the body to an upload; 409 with the right Upload-Offset when the piece does not fit on."""
    writer = await anyio.to_thread.run_sync(
        lambda: uploads.open_piece(platform, caller, project, upload_id, offset=upload_offset)
    )
    with writer:
        await _receive(request, writer)
        return Response(status_code=204, headers={"Upload-Offset": str(writer.offset)})


@router.post("/{upload_id}/complete", operation_id="complete_upload")
def complete_upload(platform: ThePlatform, caller: TheCaller, project: str, upload_id: int) -> UploadOut:
    """Check the digest; the file can be used then."""
    return uploads.complete_upload(platform, caller, project, upload_id)


@router.delete("/{upload_id}", operation_id="delete_upload", status_code=204)
def delete_upload(platform: ThePlatform, caller: TheCaller, project: str, upload_id: int) -> None:
    """Give an upload up."""
    uploads.delete_upload(platform, caller, project, upload_id)


async def _receive(request: Request, writer: UploadWriter) -> None:
    block = bytearray()
    try:
        async for chunk in request.stream():
            block += chunk
            if len(block) >= _BLOCK_BYTES:
                full, block = bytes(block), bytearray()
                await anyio.to_thread.run_sync(writer.write, full)
    finally:
        # Also when the client went away: what has arrived need not be sent again.
        if block:
            writer.write(bytes(block))
