"""What happens around every request: its number, the safety headers, the count, the log line."""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpl.sentence import Sentence
from kpl.server.services.telemetry import Telemetry

log = structlog.get_logger("kpl.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_QUIET = ("/api/v1/health", "/metrics")


# What a page of the console may load: nothing but what this server gives it.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # canvas, charts and code editor set styles themselves
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)


class Frame:
    """The outermost middleware. Plain ASGI, so that streams pass through untouched.

    Args:
        uses_tls: tell browsers to come back by HTTPS only.
    """

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry, uses_tls: bool) -> None:
        self._app = app
        self._telemetry = telemetry
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        }
        if uses_tls:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status, is_stream = 500, False
        started_s = time.perf_counter()

        async def send_framed(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                is_stream = headers.get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        finally:
            self._note(scope, status, None if is_stream else time.perf_counter() - started_s)

    def _note(self, scope: Scope, status: int, duration_s: float | None) -> None:
        self._telemetry.count_request(scope["method"], _route_of(scope), status, duration_s)
        if scope["path"] in _QUIET and status < 400:
            return
        # The query is left out: it may hold what people searched for, and says little.
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            duration_ms=None if duration_s is None else round(duration_s * 1000, 1),
            request_id=scope["state"]["request_id"],
            user=scope["state"].get("username"),
            address=scope["client"][0] if scope.get("client") else None,
        )


class BodyLimit:
    """Refuses bodies over the limit as they are read. A route takes more by its own `max_body_size`.

    The framework's limit for a whole app answers outside of all middleware, as plain text and without the
    safety headers.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        size_bytes = 0

        async def receive_limited() -> Message:
            nonlocal size_bytes
            message = await receive()
            if message["type"] == "http.request":
                limit = scope.get(MAX_BODY_SIZE_SCOPE_KEY, self._max_bytes)
                size_bytes += len(message.get("body", b""))
                if size_bytes > limit or (announced.isdecimal() and int(announced) > limit):
                    # Of this class because the framework would turn any other into "cannot parse the body".
                    raise HTTPException(
                        413,
                        Sentence(
                            f"The body of the request has more than {limit} bytes.",
                            f"请求内容超过 {limit} 字节。",
                        ),
                    )
            return message

        await self._app(scope, receive_limited if scope["type"] == "http" else receive, send)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if _REQUEST_ID.fullmatch(text) else None
    return None


def _route_of(scope: Scope) -> str:
    """The template of the route, as in `/api/v1/users/{username}`: few, whatever is asked for."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "none"
