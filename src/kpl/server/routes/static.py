"""The web console: files that were built into the package, or one page that says how to build them."""

import html
import mimetypes
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from kpl.server.routes.dependencies import ThePlatform

router = APIRouter(include_in_schema=False)

_PACKAGED = Path(__file__).parent.parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EVERY_TIME = "no-cache"
_NOT_PAGES = ("api/", "serve/", "assets/")

# Not every system's table knows these, and a module script of another type is refused by browsers.
_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}

_NO_CONSOLE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>KPL</title>
<style>
body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem;
       color-scheme: light dark }
code { font: 14px ui-monospace, monospace }
</style>
<h1>KPL is running</h1>
<p>The web console is not part of this installation. The API works under <code>/api/v1</code>, described by
<a href="/api/v1/openapi.json">openapi.json</a>, and so does the command line: <code>kpl --help</code>.</p>
<p>To build the console, install KPL again from its sources with <code>KPL_WEB=require pip install .</code>, then
restart the server. It looks for the console in <code>FOLDER</code>.</p>
</html>
"""


def get_web_dir(platform: ThePlatform) -> Path:
    return platform.settings.web_dir or _PACKAGED


@router.api_route("/{path:path}", methods=["GET", "HEAD"], operation_id="get_page")
def get_page(request: Request, path: str, folder: Annotated[Path, Depends(get_web_dir)]) -> Response:
    """A file of the console; its first page for every address that the console draws itself."""
    file = _file(folder, path)
    if file is not None:
        return _answer(request, file, _FOR_EVER if path.startswith("assets/") else _ASK_EVERY_TIME)
    if path.startswith(_NOT_PAGES):
        raise HTTPException(404)
    index = folder / "index.html"
    if index.is_file():
        return _answer(request, index, _ASK_EVERY_TIME)
    if path:
        raise HTTPException(404)
    return HTMLResponse(
        _NO_CONSOLE.replace("FOLDER", html.escape(str(folder))), headers={"Cache-Control": _ASK_EVERY_TIME}
    )


def _file(folder: Path, path: str) -> Path | None:
    """The file at that path, if it is one of the folder's; nothing hidden, nothing outside."""
    if not path or "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    root = folder.resolve()
    file = (root / path).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None


def _answer(request: Request, file: Path, caching: str) -> Response:
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    packed = file.with_name(file.name + ".gz")
    if packed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        file = packed
    response = FileResponse(file, media_type=media_type, headers=headers, stat_result=file.stat())
    if request.headers.get("if-none-match") != response.headers["etag"]:
        return response
    kept = {name: response.headers[name] for name in ("etag", "cache-control", "vary")}
    return Response(status_code=304, headers=kept)
