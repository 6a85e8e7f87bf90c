"""The stream of live events over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from kpl.server.services.platform import Platform
from kpl.testing.server import RunningServer, SignedIn

STREAM = "/api/v1/events?topics=project:default"


def publish(platform: Platform, number: int) -> None:
    with platform.db.write() as session:
        platform.live.publish(
            session, "count", topics=["project:default"], data={"number": number}, project_id=1, at_s=0.0
        )


def events_of(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream: id, event and data."""
    event: dict[str, Any] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value
        elif "data" in event:
            yield event
            event = {}


def test_what_happens_comes_through(server: RunningServer, viewer: SignedIn) -> None:
    with viewer.client.stream("GET", STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        events = events_of(answer)
        hello = next(events)
        assert (hello["event"], hello["data"]["seq"]) == ("hello", 0)
        publish(server.platform, 7)
        event = next(events)
    assert (event["id"], event["event"]) == ("1", "count")
    assert event["data"] == {
        "seq": 1,
        "type": "count",
        "topics": ["project:default"],
        "data": {"number": 7},
    }


def test_a_browser_that_comes_back_goes_on_where_it_was(server: RunningServer, viewer: SignedIn) -> None:
    for number in range(1, 6):
        publish(server.platform, number)
    with viewer.client.stream("GET", STREAM, headers={"Last-Event-ID": "3"}) as answer:
        events = events_of(answer)
        assert [next(events)["id"] for _ in range(3)] == ["3", "4", "5"]


def test_a_snapshot_is_followed_from_its_place(server: RunningServer, viewer: SignedIn) -> None:
    for number in range(1, 4):
        publish(server.platform, number)
    with viewer.client.stream("GET", f"{STREAM}&after=2") as answer:
        events = events_of(answer)
        assert [next(events)["id"] for _ in range(2)] == ["2", "3"]


def test_strangers_hear_nothing(stranger: SignedIn, anonymous: httpx.Client) -> None:
    assert stranger.client.get(STREAM).status_code == 404
    assert anonymous.get(STREAM).status_code == 401


def test_signing_out_ends_the_stream(viewer: SignedIn) -> None:
    with viewer.client.stream("GET", STREAM) as answer:
        events = events_of(answer)
        next(events)
        assert viewer.client.delete("/api/v1/session").status_code == 204
        assert list(events) == []
