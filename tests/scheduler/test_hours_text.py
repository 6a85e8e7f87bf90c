"""Hours of the week as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.errors import Invalid
from kpl.scheduler.hours_text import format_hours, minutes_of, parse_hours
from kpl.scheduler.snapshot import Hours

WORKDAYS = frozenset(range(5))


def test_a_window_past_midnight_is_two_and_is_written_as_one() -> None:
    night = parse_hours("Mon-Fri 20:00-08:00")
    assert night == (Hours(WORKDAYS, 1200, 1440), Hours(frozenset({1, 2, 3, 4, 5}), 0, 480))
    assert format_hours(night) == "mon-fri 20:00-08:00"


def test_days_may_be_listed_wrap_around_the_week_or_be_left_out() -> None:
    assert parse_hours("sat,sun 00:00-24:00") == (Hours(frozenset({5, 6}), 0, 1440),)
    assert parse_hours("sat-mon 9:00-17:30")[0].weekdays == {5, 6, 0}
    assert parse_hours("12:00-13:00")[0].weekdays == set(range(7))
    assert len(parse_hours("mon 20:00-00:00; tue, thu 08:00-09:00")) == 2


def test_hours_are_of_the_clock_that_is_named() -> None:
    assert parse_hours("mon 00:00-01:00 +08:00")[0].utc_offset_minutes == 480
    assert parse_hours("mon 00:00-01:00", utc_offset_minutes=-90)[0].utc_offset_minutes == -90
    sunday_evening = minutes_of(parse_hours("mon 00:00-01:00 +08:00"))
    assert sunday_evening == minutes_of(parse_hours("sun 16:00-17:00"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "No hours"),
        ("always", "names no hours"),
        ("mon-fri 25:00-26:00", "no 25:00"),
        ("mon-fri 08:75-09:00", "no 08:75"),
        ("mon-fry 08:00-09:00", "'fry' is no day"),
        ("mon 08:00-08:00", "begins when it ends"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_the_form(text: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_hours(text)
    assert why in caught.value.message
    assert caught.value.hint


MINUTES = st.integers(0, 1440)
WINDOWS = st.builds(
    lambda days, minutes, offset: Hours(frozenset(days), min(minutes), max(minutes), offset),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(MINUTES, min_size=2, max_size=2),
    st.integers(-56, 56).map(lambda quarter: quarter * 15),
)


@given(st.lists(WINDOWS, min_size=1, max_size=3))
def test_hours_that_are_written_mean_the_same_when_read(windows: list[Hours]) -> None:
    assert minutes_of(parse_hours(format_hours(windows))) == minutes_of(windows)
