"""Answers a repeated POST that carries an Idempotency-Key as the first one was answered."""

import hashlib
from typing import cast

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpl.errors import Conflict, KPLError
from kpl.sentence import Sentence
from kpl.server.problems import MEDIA_TYPE, problem_of, problem_response
from kpl.server.routes.dependencies import get_credentials
from kpl.server.services import idempotency, sessions
from kpl.server.services.access import Caller
from kpl.server.services.errors import TooLarge
from kpl.server.services.idempotency import Answer
from kpl.server.services.platform import Platform

_MAX_BODY_BYTES = 4 << 20
_KEPT_HEADERS = ("content-type", "location", "etag")


class Idempotency:
    """Middleware for `/api/v1`. Requests without the header pass through untouched."""

    def __init__(self, app: ASGIApp, *, platform: Platform) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        if (
            key is None or scope["path"] == "/api/v1/session"
        ):  # a sign-in sets a cookie, which is not to be kept
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            caller = await anyio.to_thread.run_sync(
                lambda: sessions.identify(self._platform, get_credentials(request))
            )
            body = await _body(request)
            stored = await anyio.to_thread.run_sync(
                idempotency.begin, self._platform, caller, key, _fingerprint(scope, body)
            )
        except KPLError as error:
            problem, headers = problem_of(request, error)
            await problem_response(problem, headers)(scope, receive, send)
            return
        if stored is not None:
            await _send_again(stored, send)
            return
        await self._carry_out(scope, body, send, caller=caller, key=key)

    async def _carry_out(self, scope: Scope, body: bytes, send: Send, *, caller: Caller, key: str) -> None:
        recorder = _Recorder(send)
        try:
            await self._app(scope, _replay(body), recorder)
        finally:
            answer = recorder.answer()
            # Whoever waits for the answer may be gone and this task cancelled: the key is settled all the same.
            with anyio.CancelScope(shield=True):
                if answer is not None and answer.status < 400:
                    kept = _withheld(scope, key) if scope["state"].get("is_answer_secret") else answer
                    await anyio.to_thread.run_sync(idempotency.finish, self._platform, caller, key, kept)
                elif answer is not None and answer.status < 500:
                    await anyio.to_thread.run_sync(idempotency.release, self._platform, caller, key)


class _Recorder:
    """Passes an answer on and keeps it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._is_complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            self._headers = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            self._is_complete = not message.get("more_body", False)
        await self._send(message)

    def answer(self) -> Answer | None:
        """The whole answer; None when it was cut short."""
        if self._status is None or not self._is_complete:
            return None
        return Answer(self._status, self._headers, bytes(self._body))


def _key(scope: Scope) -> str | None:
    is_ours = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith("/api/v1/")
    return Headers(scope=scope).get("idempotency-key") if is_ours else None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise TooLarge(
                Sentence(
                    f"A request with an Idempotency-Key can have at most {_MAX_BODY_BYTES} bytes.",
                    f"带 Idempotency-Key 的请求最多 {_MAX_BODY_BYTES} 字节。",
                ),
                hint=Sentence("Send it without the key.", "请去掉该请求头再发送。"),
            )
    return bytes(body)


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        # Asked again only by those who watch for a client that goes away; ours is let finish.
        await anyio.sleep_forever()
        return cast(Message, None)

    return receive


def _fingerprint(scope: Scope, body: bytes) -> str:
    digest = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode())
    digest.update(scope["query_string"])
    digest.update(b"\0")
    digest.update(body)
    return digest.hexdigest()


def _withheld(scope: Scope, key: str) -> Answer:
    """What is kept instead of an answer that held a secret: the database has secrets as digests alone."""
    error = Conflict(
        Sentence(
            f"The request with Idempotency-Key '{key}' was carried out, but its answer held a secret and is not kept.",
            f"Idempotency-Key 为“{key}”的请求已执行，但应答含机密，未保留。",
        ),
        hint=Sentence(
            "Look for what it made, delete that and begin anew.", "请找到它创建的内容，删除后重新开始。"
        ),
    )
    problem, _ = problem_of(Request(scope), error)
    return Answer(problem.status, {"content-type": MEDIA_TYPE}, problem.model_dump_json().encode())


async def _send_again(answer: Answer, send: Send) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body)), "idempotency-replayed": "true"}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})
