"""Live events, as they come through the stream of `GET /api/v1/events`."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class EventOut(BaseModel):
    """The `data` of one server-sent event.

    Event `hello` begins the stream and `resync` says that events were left out (read the state anew); both
    carry `seq` alone. The id of each event is its `seq`; send the last one as Last-Event-ID to go on after
    it.
    """

    seq: int | None = Field(description="Number of the event; None for a signal, which is not kept.")
    type: Literal["hello", "resync"] | str = Field(description="As in `task` or `run`.")
    topics: list[str] = Field(default_factory=list)
    data: dict[str, Any] = Field(default_factory=dict)
