"""Hours of the week as people write them: `mon-fri 20:00-08:00, sat,sun 00:00-24:00`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpl.errors import Invalid
from kpl.scheduler.snapshot import Hours
from kpl.sentence import Sentence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

_FORM = Sentence(
    "Write DAYS FROM-UNTIL, as in 'mon-fri 20:00-08:00' or 'sat,sun 00:00-24:00'; several are parted by ';'.",
    "请写“星期 起-止”，如 'mon-fri 20:00-08:00' 或 'sat,sun 00:00-24:00'；多个时段以 ';' 分隔。",
)


def parse_hours(text: str, *, utc_offset_minutes: int = 0) -> tuple[Hours, ...]:
    """Read windows of the week in which work may start; one that ends before it begins goes on past midnight.

    A window may end with the offset of the clock it is meant on, as in `mon-fri 20:00-08:00 +02:00`.

    Args:
        utc_offset_minutes: of the clock where a window names none.
    """
    windows: list[Hours] = []
    for part in filter(None, (piece.strip() for piece in text.lower().split(";"))):
        match = re.fullmatch(
            r"(?:([a-z,\s-]+?)\s+)?(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)(?:\s+([+-])(\d\d):(\d\d))?", part
        )
        if match is None:
            raise Invalid(Sentence(f"'{part}' names no hours.", f"“{part}”不是时段。"), hint=_FORM)
        first, last = _minute(part, match[2], match[3]), _minute(part, match[4], match[5])
        if first == last:
            raise Invalid(
                Sentence(f"'{part}' begins when it ends.", f"“{part}”的开始与结束相同。"), hint=_FORM
            )
        offset = utc_offset_minutes
        if match[6]:
            offset = (int(match[7]) * 60 + int(match[8])) * (-1 if match[6] == "-" else 1)
        windows += _windows(_weekdays(part, match[1] or "mon-sun"), first, last, offset)
    if not windows:
        raise Invalid(Sentence("No hours are given.", "没有给出时段。"), hint=_FORM)
    return tuple(windows)


def format_hours(hours: Sequence[Hours]) -> str:
    """Write hours so that reading them gives the same; each names its clock unless that is UTC."""
    left, parts = list(hours), []
    while left:
        window = left.pop(0)
        rest = next((other for other in left if _goes_on(window, other)), None)
        until = window.until_minute
        if rest is not None:
            left.remove(rest)
            until = rest.until_minute
        parts.append(
            f"{_days(window.weekdays)} {_clock(window.from_minute)}-{_clock(until)}{_offset(window)}"
        )
    return "; ".join(parts)


def minutes_of(hours: Iterable[Hours]) -> frozenset[int]:
    """The minutes of the week, from Monday 00:00 UTC, that lie within the hours."""
    return frozenset(
        (day * DAY_MINUTES + minute - window.utc_offset_minutes) % WEEK_MINUTES
        for window in hours
        for day in window.weekdays
        for minute in range(window.from_minute, window.until_minute)
    )


def _windows(weekdays: frozenset[int], first: int, last: int, offset: int) -> list[Hours]:
    if first < last:
        return [Hours(weekdays, first, last, offset)]
    evening = Hours(weekdays, first, DAY_MINUTES, offset)
    morning = Hours(_next_days(weekdays), 0, last, offset)
    return [evening, morning] if last else [evening]


def _goes_on(window: Hours, other: Hours) -> bool:
    """Whether the other is the part after midnight of the same night."""
    after = replace(other, weekdays=_next_days(window.weekdays), from_minute=0)
    is_short = other.until_minute < window.from_minute
    return (
        window.until_minute == DAY_MINUTES
        and is_short
        and other == replace(after, utc_offset_minutes=window.utc_offset_minutes)
    )


def _next_days(weekdays: frozenset[int]) -> frozenset[int]:
    return frozenset((day + 1) % 7 for day in weekdays)


def _minute(part: str, hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if total > DAY_MINUTES or int(minute) > 59:
        raise Invalid(
            Sentence(
                f"'{part}': there is no {hour}:{minute} on a clock.",
                f"“{part}”：没有 {hour}:{minute} 这个时刻。",
            ),
            hint=_FORM,
        )
    return total


def _weekdays(part: str, text: str) -> frozenset[int]:
    days: set[int] = set()
    for piece in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", text))):
        first, dash, last = piece.partition("-")
        for name in (first, last if dash else first):
            if name not in DAYS:
                raise Invalid(
                    Sentence(f"'{part}': '{name}' is no day of the week.", f"“{part}”：“{name}”不是星期几。"),
                    hint=Sentence(f"Known: {', '.join(DAYS)}.", f"已知：{'、'.join(DAYS)}。"),
                )
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        days |= {day % 7 for day in range(start, (end if end >= start else end + 7) + 1)}
    return frozenset(days)


def _days(weekdays: frozenset[int]) -> str:
    runs: list[list[int]] = []
    for day in sorted(weekdays):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _offset(window: Hours) -> str:
    minutes = abs(window.utc_offset_minutes)
    sign = "-" if window.utc_offset_minutes < 0 else "+"
    return f" {sign}{minutes // 60:02d}:{minutes % 60:02d}" if minutes else ""
