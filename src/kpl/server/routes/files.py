"""Stored files as downloads: by range, and never interpreted by a browser."""

from fastapi.responses import FileResponse

from kpl.server.services.artifacts import StoredFile

FOREVER = "private, max-age=31536000, immutable"


def file_response(file: StoredFile) -> FileResponse:
    """Answer with a file whose bytes never change."""
    return FileResponse(
        file.path,
        filename=file.name,
        media_type="application/octet-stream",
        headers={
            "ETag": f'"{file.sha256}"',
            "Cache-Control": FOREVER,
            "X-Content-Type-Options": "nosniff",
        },
    )
