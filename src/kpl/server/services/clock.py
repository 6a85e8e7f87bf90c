"""Time: handed in as a value everywhere, turned into calendar dates only in answers."""

import time
from datetime import UTC, datetime
from typing import Protocol, overload


class Clock(Protocol):
    def now_s(self) -> float:
        """Seconds since 1970."""


class SystemClock:
    def now_s(self) -> float:
        return time.time()


@overload
def utc(at_s: float) -> datetime: ...
@overload
def utc(at_s: None) -> None: ...
def utc(at_s: float | None) -> datetime | None:
    """The moment as a date in UTC, as answers show it."""
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC)
