"""HTTP to one server: authentication, errors as exceptions of ours, pages as iterators, live events."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import httpx
from httpx_sse import EventSource
from pydantic import BaseModel

from kpl import __version__
from kpl.errors import Conflict, Denied, Invalid, KPLError, NotFound, Unavailable

Body = TypeVar("Body", bound=BaseModel)

_FAMILIES: dict[str, type[KPLError]] = {
    family.code: family for family in (NotFound, Conflict, Invalid, Denied, Unavailable)
}
_BY_STATUS: dict[int, type[KPLError]] = {
    400: Invalid, 401: Denied, 403: Denied, 404: NotFound, 409: Conflict, 412: Conflict, 413: Invalid, 422: Invalid,
    429: Unavailable, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip
RESTART_S = 60.0
"""How long whoever follows something waits for a server that is being restarted."""

_RECONNECT_S = 0.5
# Then the caller gets to look at the clock, and a connection that died unnoticed is replaced.
_PATIENCE_S = 5.0
IDLE: dict[str, Any] = {"type": "idle"}


class Transport:
    """Requests to one server with one token. Not to be shared between threads that close it."""

    def __init__(self, url: str, *, token: str | None = None, timeout_s: float = 30.0) -> None:
        headers = {"User-Agent": f"kpl/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout_s)

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | Mapping[str, Any] | None = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float = 0.0,
    ) -> httpx.Response:
        """Send one request; `None` values of the query are left out.

        Args:
            patience_s: try again for this long while the server cannot be reached; for requests that only read.
        Raises:
            KPLError: of the family that the server's problem names; Unavailable when it cannot be reached.
        """
        payload = body.model_dump(mode="json", exclude_unset=True) if isinstance(body, BaseModel) else body
        sent = dict(headers or {})
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        params = {key: value for key, value in (query or {}).items() if value is not None}
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                answer = self._http.request(
                    method, path, params=params, json=payload, content=content, headers=sent
                )
                break
            except httpx.TransportError as err:
                if time.monotonic() < give_up_at:
                    time.sleep(_RECONNECT_S)
                    continue
                raise Unavailable(
                    f"The server at {self.url} does not answer: {err}.",
                    hint="Is it running? Try `kpl doctor`.",
                ) from err
        if answer.is_error:
            raise problem_of(answer)
        return answer

    def get(
        self,
        model: type[Body],
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        patience_s: float = 0.0,
    ) -> Body:
        return model.model_validate(self.request("GET", path, query=query, patience_s=patience_s).json())

    def post(self, model: type[Body], path: str, body: BaseModel | Mapping[str, Any] | None = None) -> Body:
        return model.model_validate(self.request("POST", path, body=body).json())

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def pages(
        self,
        model: type[Body],
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Iterator[Body]:
        """All items of a list, page by page, newest first; at most `limit`."""
        cursor: str | None = None
        given = 0
        while True:
            size = 100 if limit is None else min(100, limit - given)
            if size <= 0:
                return
            page = self.request("GET", path, query={**(query or {}), "cursor": cursor, "limit": size}).json()
            for item in page["items"]:
                yield model.model_validate(item)
            given += len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def stream(self, path: str) -> AbstractContextManager[httpx.Response]:
        """A GET whose body is read piece by piece."""
        return self._http.stream("GET", path)

    def download(self, path: str, write: Callable[[bytes], object]) -> None:
        with self.stream(path) as answer:
            if answer.is_error:
                answer.read()
                raise problem_of(answer)
            for piece in answer.iter_bytes(1 << 20):
                write(piece)

    def events(self, topics: list[str], *, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Live events of the topics, from `after` on without gap or repetition; reconnects until it is closed.

        Yields:
            {seq, topic, type, data}; `{"type": "idle"}` when nothing came for a while or the line was lost, so that the
            caller can look at the clock.
        """
        last = after
        while True:
            headers = {"Last-Event-ID": str(last)} if last is not None else {}
            try:
                with self._http.stream(
                    "GET",
                    "/api/v1/events",
                    params={"topics": ",".join(topics)},
                    headers=headers,
                    timeout=httpx.Timeout(10.0, read=_PATIENCE_S),
                ) as answer:
                    if answer.is_error:
                        answer.read()
                        raise problem_of(answer)
                    for sent in EventSource(answer).iter_sse():
                        last = int(sent.id) if sent.id else last
                        yield json.loads(sent.data) if sent.data else IDLE
            except httpx.ReadTimeout:
                pass
            except httpx.TransportError:
                time.sleep(_RECONNECT_S)
            yield IDLE


def problem_of(answer: httpx.Response) -> KPLError:
    """The error that a problem+json answer describes."""
    try:
        problem = answer.json()
        family = _FAMILIES.get(problem.get("code", ""), _BY_STATUS.get(answer.status_code, KPLError))
        return family(str(problem["detail"]), hint=str(problem.get("hint") or ""))
    except (ValueError, KeyError, AttributeError):
        family = _BY_STATUS.get(answer.status_code, KPLError)
        return family(
            f"The server answered {answer.status_code} to {answer.request.method} {answer.request.url.path}."
        )
