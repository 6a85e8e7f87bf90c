"""Stored files as downloads: by range, and never interpreted by a browser."""

import secrets
from collections.abc import Mapping

from fastapi import Response
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


def many_files_response(files: Mapping[str, bytes], media_type: str) -> Response:
    """Answer with many small files whose bytes never change, as the form that browsers take apart by themselves."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, data in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        parts += (f"{head}Content-Type: {media_type}\r\n\r\n".encode(), data, b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return Response(
        b"".join(parts),
        media_type=f"multipart/form-data; boundary={boundary}",
        headers={"Cache-Control": FOREVER},
    )
