"""`/serve/{project}/{endpoint}/...`: passes requests on to the service behind an endpoint, and its answers back.

The address always comes from the executor's own report of a running attempt; nothing in a request can change
where it goes, only the path behind the endpoint's name.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict, cast

import anyio
import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, StreamingResponse

from kpl.errors import Invalid, Unavailable
from kpl.sentence import Sentence
from kpl.server.proxy.headers import is_same_origin, to_caller, to_service
from kpl.server.services import sessions
from kpl.server.services.endpoints import Target, find_target
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import SAFE_METHODS, SESSION_COOKIE, Credentials, bearer_token

MAX_BODY_BYTES = 256 << 20
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_TIMEOUT = httpx.Timeout(connect=5.0, read=300.0, write=60.0, pool=10.0)
_KEEP_ALIVE_S = (
    2.0  # shorter than the 5 s after which uvicorn closes: a reused connection is never half-closed
)
_MAX_CONNECTIONS = 256


class ProxyState(TypedDict):
    """What the proxy keeps while the application runs."""

    proxy_client: httpx.AsyncClient


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[ProxyState]:
    limits = httpx.Limits(max_connections=_MAX_CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_S)
    # trust_env: a proxy of the environment must never come between the server and its own services.
    async with httpx.AsyncClient(limits=limits, follow_redirects=False, trust_env=False) as client:
        yield {"proxy_client": client}


router = APIRouter(lifespan=_lifespan)


@router.api_route("/serve/{project}/{endpoint}", methods=METHODS, include_in_schema=False)
def add_slash(request: Request) -> RedirectResponse:
    """Send callers of an endpoint's address to its first page, below which relative links work."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=307)


@router.api_route(
    "/serve/{project}/{endpoint}/{path:path}",
    methods=METHODS,
    include_in_schema=False,
    max_body_size=MAX_BODY_BYTES,
)
async def call_endpoint(request: Request, project: str, endpoint: str) -> StreamingResponse:
    """Pass a request on to the service behind an endpoint."""
    platform = cast(Platform, request.app.state.platform)
    credentials = _credentials(request)

    def permit() -> Target:
        caller = sessions.identify(platform, credentials)
        request.state.username = caller.username
        return find_target(platform, caller, project, endpoint)

    target = await anyio.to_thread.run_sync(permit)
    return await _forward(platform, request, target)


@dataclass(slots=True)
class _Watch:
    """Takes the time of one request and counts it once it is answered."""

    platform: Platform
    target: Target
    started_s: float

    def count(self, status: int) -> None:
        self.platform.traffic.count(
            self.target.project,
            self.target.endpoint,
            status=status,
            duration_s=time.perf_counter() - self.started_s,
            now_s=self.platform.now_s(),
        )


async def _forward(platform: Platform, request: Request, target: Target) -> StreamingResponse:
    watch = _Watch(platform, target, time.perf_counter())
    client: httpx.AsyncClient = request.state.proxy_client
    try:
        answer = await client.send(_outgoing(request, target), stream=True)
    except httpx.HTTPError as err:
        watch.count(503)
        raise Unavailable(
            Sentence(
                f"Endpoint '{target.endpoint}' of project '{target.project}' did not answer: "
                f"{type(err).__name__} at its service (task {target.task_id}).",
                f"项目“{target.project}”的端点“{target.endpoint}”没有应答："
                f"其服务（任务 {target.task_id}）出现 {type(err).__name__}。",
            ),
            hint=Sentence(
                "Try again in a moment; if it stays so, look at the task's log.",
                "请稍后再试；若仍如此，请查看任务日志。",
            ),
        ) from err

    async def body() -> AsyncIterator[bytes]:
        status = 502
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
            status = answer.status_code
        finally:
            watch.count(status)
            with anyio.CancelScope(shield=True):
                await answer.aclose()

    response = StreamingResponse(body(), status_code=answer.status_code)
    headers = to_caller(answer.headers.multi_items())
    response.raw_headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
    ]
    return response


def _outgoing(request: Request, target: Target) -> httpx.Request:
    prefix = f"/serve/{target.project}/{target.endpoint}"
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    client = request.client.host if request.client is not None else ""
    return httpx.Request(
        request.method,
        _url(request, target),
        headers=to_service(request.headers.items(), prefix=prefix, client=client),
        content=request.stream() if has_body else None,
        extensions={"timeout": _TIMEOUT.as_dict()},
    )


def _url(request: Request, target: Target) -> httpx.URL:
    """The service's address with what the caller wrote behind the endpoint's name, byte for byte."""
    host, _, port = target.address.rpartition(":")
    raw_path = cast(bytes, request.scope.get("raw_path") or request.url.path.encode())
    parts = raw_path.split(b"/", 4)  # "", "serve", project, endpoint, rest
    if len(parts) != 5 or b"\\" in parts[4]:
        raise Invalid(
            Sentence(
                "The path behind the endpoint's name cannot be passed on.", "端点名称后面的路径无法转发。"
            ),
            hint=Sentence("Use plain paths.", "请使用普通路径。"),
        )
    query = cast(bytes, request.scope.get("query_string") or b"")
    rest = b"/" + parts[4] + (b"?" + query if query else b"")
    return httpx.URL(scheme="http", host=host.strip("[]"), port=int(port), raw_path=rest)


def _credentials(request: Request) -> Credentials:
    """Who asks. A change by cookie must come from a page of this server, or carry the session's CSRF token."""
    is_safe = request.method in SAFE_METHODS or is_same_origin(request.headers)
    return Credentials(
        session=request.cookies.get(SESSION_COOKIE),
        bearer=bearer_token(request.headers.get("authorization")),
        csrf=request.headers.get("x-csrf-token"),
        is_unsafe=not is_safe,
        address=request.client.host if request.client is not None else "",
        request_id=str(getattr(request.state, "request_id", "")),
    )
