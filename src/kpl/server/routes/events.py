"""The stream of live events."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from kpl.schemas.event import EventOut
from kpl.server.routes.dependencies import TheCaller, TheCredentials, ThePlatform
from kpl.server.services import listening, sessions
from kpl.server.services.live import Message, View

router = APIRouter(prefix="/api/v1/events", tags=["events"])

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_RETRY = b"retry: 1000\n\n"


def get_topics(
    platform: ThePlatform,
    caller: TheCaller,
    topics: Annotated[
        str, Query(description="Comma-separated, as in `run:12,task:41,project:default`.", max_length=8000)
    ],
) -> frozenset[str]:
    return listening.check_topics(platform, caller, topics)


@router.get(
    "",
    operation_id="follow_events",
    response_class=StreamingResponse,
    responses={200: {"model": EventOut, "content": {"text/event-stream": {}}}},
)
async def follow_events(
    platform: ThePlatform,
    credentials: TheCredentials,
    topics: Annotated[frozenset[str], Depends(get_topics)],
    after: Annotated[int | None, Query(ge=0, description="`seq` of a snapshot to go on from.")] = None,
    last_event_id: Annotated[str | None, Header(description="The id of the last event that came.")] = None,
) -> StreamingResponse:
    """Follow what happens, as server-sent events."""

    def look() -> View:
        return listening.look(platform, lambda: sessions.identify(platform, credentials))

    start = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
    stream = platform.live.follow(topics, look, after=start)
    return StreamingResponse(_lines(stream), media_type="text/event-stream", headers=_HEADERS)


async def _lines(stream: AsyncGenerator[Message, None]) -> AsyncGenerator[bytes, None]:
    yield _RETRY
    async with aclosing(stream) as messages:
        async for message in messages:
            yield _encode(message)


def _encode(message: Message) -> bytes:
    """One message in the form of https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    if message.kind == "alive":
        # An id without data reaches no handler, but moves on where the browser resumes.
        return f": alive\nid: {message.seq}\n\n".encode()
    event = message.event
    if event is None:
        return _event(message.seq, message.kind, {"seq": message.seq, "type": message.kind})
    body = {"seq": event.seq, "type": event.type, "topics": event.topics, "data": event.data}
    return _event(event.seq, event.type, body)


def _event(seq: int | None, name: str, body: dict[str, Any]) -> bytes:
    number = "" if seq is None else f"id: {seq}\n"
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"{number}event: {name}\ndata: {data}\n\n".encode()
