"""A stretch of time in steps, as charts ask for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Self

from kpl.errors import Invalid
from kpl.sentence import Sentence

MINUTE_S = 60.0
MAX_POINTS = 11_000
_USUAL_POINTS = 600


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `begin_s` up to before `end_s`."""

    begin_s: float
    end_s: float

    @classmethod
    def of(
        cls,
        since: datetime | None,
        until: datetime | None,
        *,
        now_s: float,
        usual_s: float,
        step_s: float | None = None,
    ) -> Self:
        """The range that was asked for: up to now, and `usual_s` long, where nothing else is said.

        Raises:
            Invalid: it ends before it begins, or has more steps of `step_s` than one answer holds.
        """
        end_s = now_s if until is None else _seconds(until)
        begin_s = end_s - usual_s if since is None else _seconds(since)
        _check(begin_s, end_s, step_s)
        return cls(begin_s, end_s)

    def usual_step_s(self, finest_s: float) -> float:
        """As fine as there are values, but no finer than a chart can show."""
        return finest_s * max(1, ceil((self.end_s - self.begin_s) / _USUAL_POINTS / finest_s))


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _check(begin_s: float, end_s: float, step_s: float | None) -> None:
    if end_s <= begin_s:
        raise Invalid(
            Sentence("since: it is not before `until`.", "since：不早于 `until`。"),
            hint=Sentence(
                "Leave `until` out to see all up to now.", "不填 `until` 即可查看到现在为止的数据。"
            ),
        )
    if step_s is not None and (number := (end_s - begin_s) / step_s) > MAX_POINTS:
        raise Invalid(
            Sentence(
                f"step: {step_s:g} s would give {number:,.0f} points, and {MAX_POINTS:,} is the most.",
                f"step：{step_s:g} 秒会得到 {number:,.0f} 个点，最多 {MAX_POINTS:,} 个。",
            ),
            hint=Sentence(
                f"Ask for {ceil((end_s - begin_s) / MAX_POINTS)} or for a shorter time.",
                f"请用 {ceil((end_s - begin_s) / MAX_POINTS)} 秒，或缩短时间范围。",
            ),
        )
