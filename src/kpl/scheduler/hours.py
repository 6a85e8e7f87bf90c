"""Parts of the week in which work may start."""

from collections.abc import Iterator, Sequence

from kpl.scheduler.snapshot import Hours

_MINUTE_S, _DAY_MIN, _WEEK_MIN = 60, 1440, 7 * 1440
_FIRST_WEEKDAY = 3  # seconds are counted from a Thursday


def opens_at_s(hours: Sequence[Hours], now_s: float) -> float | None:
    """When work may start: `now_s` inside one of the parts, else when the next begins; None when there is none."""
    return min((start for one in hours for start in _starts(one, now_s)), default=None)


def _starts(one: Hours, now_s: float) -> Iterator[float]:
    shift_min = one.utc_offset_minutes + _FIRST_WEEKDAY * _DAY_MIN
    minute = now_s / _MINUTE_S + shift_min
    week = minute // _WEEK_MIN * _WEEK_MIN
    for day in one.weekdays:
        for base in (week, week + _WEEK_MIN):
            start = base + day * _DAY_MIN + one.from_minute
            end = base + day * _DAY_MIN + one.until_minute
            if start <= minute < end:
                yield now_s
            elif start > minute and end > start:
                yield (start - shift_min) * _MINUTE_S
