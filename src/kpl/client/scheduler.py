"""What the scheduler did: the history of tasks, and who used how much."""

from collections.abc import Iterator
from datetime import datetime

from kpl.client.transport import Transport
from kpl.schemas.scheduler import HistoryOut, UsageOut


class Scheduler:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/scheduler"

    def history(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Iterator[HistoryOut]:
        """Tasks that ran and ended within a time, the oldest first; by default, of the last seven days."""
        query = {"since": _iso(since), "until": _iso(until)}
        return self._transport.pages(HistoryOut, f"{self._base}/history", query=query, limit=limit)

    def usage(
        self, *, project: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> UsageOut:
        """What tasks held over a time, by project, user and kind of device."""
        query = {"project": project, "since": _iso(since), "until": _iso(until)}
        return self._transport.get(UsageOut, f"{self._base}/usage", query=query)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
